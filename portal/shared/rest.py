"""What every resource of the API shares: who sees it, repeated and conditional requests, bodies as they came.

A viewset names its `model`, the permission to `view` it and the `group` of scopes that a machine needs. It validates
the shape of a request, makes one domain call and serialises what that returns; what may be done is decided by the
services. Filters, orders and pages stand in paging.py, ETags in conditional.py, lists as CSV in sheets.py.
"""

from collections.abc import Callable, Sequence
from functools import partial

from django.conf import settings
from django.db.models import Model, QuerySet
from django.http import HttpResponse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.module_loading import import_string
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import mixins, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from portal.shared import conditional, parameters, sheets, wall
from portal.shared.access import Actor, require
from portal.shared.bodies import Nothing, refuse_unknown
from portal.shared.database import acting, lock_name
from portal.shared.errors import NotFound
from portal.shared.paging import Batches, ByParameter, OpaqueCursor, page_size
from portal.shared.parsers import RawParser, canonical
from portal.shared.renderers import Csv, Json, Negotiated
from portal.shared.rows import Row

__all__ = [
    "KEY_PARAMETER", "Listed", "OfActor", "Reading", "Resource", "Shown", "Unknown", "body_of", "page_size",
]  # fmt: skip

IDEMPOTENCY_HEADER = "Idempotency-Key"
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


KEY_PARAMETER = OpenApiParameter(
    IDEMPOTENCY_HEADER,
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="1 to 120 characters of printable ASCII, of your choice: sent again with the same body it is done "
    "once, and answered again with `Idempotency-Replayed: true`.",
)


class Resource(APIView):
    """Base of all views: a POST under an idempotency key is done once, a change under If-Match to what was seen only.

    `group` names the scopes that a machine needs ("receivables": receivables:read, receivables:write); without one any
    token will do.
    """

    group = ""
    content_negotiation_class = Negotiated

    def initial(self, request: Request, *args, **kwargs):
        with wall.inside():  # who asks is not known before
            super().initial(request, *args, **kwargs)
        wall.face(request.actor)
        method = request.method.lower()
        handler = getattr(self, method, None)
        if handler is None:
            return
        self.check_parameters(request)
        if request.method in SAFE_METHODS:
            return
        if parameters.takes_nothing(self, request.method):
            self.checked(Nothing)
        if "pk" in kwargs and hasattr(self, "retrieve"):
            handler = partial(self._if_match, handler)
        key = request.headers.get(IDEMPOTENCY_HEADER)
        if request.method == "POST" and key is not None:
            handler = partial(self._once, key, handler)
        setattr(self, method, handler)

    def check_parameters(self, request: Request) -> None:
        if request.method != "OPTIONS":
            parameters.check(request, self)

    def finalize_response(self, request: Request, response: Response, *args, **kwargs) -> Response:
        if response.status_code >= 400:  # a refusal is a problem document, whatever the answer would have been
            request.accepted_renderer, request.accepted_media_type = Json(), Json.media_type
        response = super().finalize_response(request, response, *args, **kwargs)
        patch_vary_headers(response, ["Authorization"])
        for name, value in getattr(request, "rate_headers", {}).items():
            response[name] = value
        if response.status_code >= 400 and isinstance(response.data, dict) and "code" in response.data:
            response.data["request_id"] = getattr(request, "request_id", "")
        told = request.method in ("GET", "HEAD") and response.status_code == 200
        if told and isinstance(response, Response):
            response.add_post_render_callback(conditional.tagged)
        # A machine may keep what it read and ask whether it still holds; a browser on a shared desk keeps nothing.
        by_machine = told and getattr(request, "auth", None) is not None
        response.headers.setdefault("Cache-Control", "private, no-cache" if by_machine else "no-store")
        return response

    def _if_match(self, handler: Callable, request: Request, pk: str, **kwargs) -> Response:
        """Under a lock of this address, so that of two who saw the same the second is refused."""
        required = request.method == "PATCH"
        if not required and "If-Match" not in request.headers:
            return handler(request, pk=pk, **kwargs)
        with acting(self.actor):
            lock_name("if-match", self.basename, pk)
            with wall.facing(self.actor):
                conditional.check(request, self._tag_of(request, pk), required)
                return handler(request, pk=pk, **kwargs)

    def _tag_of(self, request: Request, pk: str) -> str:
        """The tag with which a GET would answer now. Raises NotFound, Forbidden."""
        reading = type(self)(basename=self.basename, detail=True)
        reading.request, reading.action, reading.kwargs, reading.format_kwarg = request, "retrieve", {"pk": pk}, None
        return conditional.tag(Json().render(reading.retrieve(request, pk).data))

    def _once(self, key: str, handler: Callable, request: Request, *args, **kwargs) -> Response:
        # A name, so that the foundation imports nothing above it.
        once = import_string(settings.IDEMPOTENCY)
        said = (request.actor.identity, request.get_full_path(), request.content_type, self._body(request))
        return once(
            actor=request.actor, key=key, said=said, now=timezone.now(),
            work=partial(self._facing, handler, request, *args, **kwargs),
        )  # fmt: skip

    def _facing(self, handler: Callable, *args, **kwargs) -> Response:
        with wall.facing(self.actor):
            return handler(*args, **kwargs)

    def _body(self, request: Request) -> bytes:
        raw = any(issubclass(parser, RawParser) for parser in self.parser_classes)
        return canonical(body_of(request) if raw else request._request.body)

    def checked(self, serializer: type[serializers.Serializer]) -> dict:
        """The request's body in the shape that the serializer names. Raises ValidationError, FieldUnknown."""
        given = serializer(data=self.request.data)
        refuse_unknown(given, self.request.data)
        given.is_valid(raise_exception=True)
        return given.validated_data

    @property
    def actor(self) -> Actor:
        return self.request.actor


class OfActor(Resource, GenericViewSet):
    """A collection of `model`, as far as the actor may see it; filters by the query parameters in `filters`.

    `choices` names what a filter by an annotation takes; `dated` the day or instant that `?from=` and `?until=` bound,
    `spans` other days, as in `?issued_from=`; `texts` filters by a text as it is kept. `in_pages` are the actions that
    answer in pages.
    """

    model: type[Model]
    view: str
    related: tuple[str, ...] = ()
    filters: dict[str, str] = {}
    choices: dict[str, tuple[str, ...]] = {}
    dated = ""
    spans: dict[str, str] = {}
    texts: dict[str, str] = {}
    in_pages: tuple[str, ...] = ("list",)
    pagination_class = OpaqueCursor
    filter_backends = [ByParameter]
    lookup_value_regex = r"[0-9]{1,18}"

    def get_queryset(self) -> QuerySet:
        """Where the view is only described, for the schema, nobody acts and there is nothing to see."""
        return self.model.objects.none() if getattr(self, "swagger_fake_view", False) else self.rows()

    def rows(self) -> QuerySet:
        """What the actor may see, with what its serializer needs."""
        shown = self.get_serializer_class() if self.action == "list" else None
        if isinstance(shown, type) and issubclass(shown, Row) and shown.reads is not None:
            return shown.in_columns("id", *getattr(self, "sorts", {}).values()).visible_to(self.actor)
        found = self.model.objects.visible_to(self.actor)
        return found.select_related(*self.related) if self.related else found

    def seen(self, pk: str) -> Model:
        """The row that the actor may see, and may see by its role. Raises NotFound, Forbidden."""
        found = self.get_queryset().filter(pk=pk).first()
        if found is None:
            raise NotFound()
        require(self.actor, self.view)
        return found

    def answer(self, row: Model, status: int = 200) -> Response:
        """A row as the collection shows it, read anew with what its serializer needs."""
        return Response(self.get_serializer(self.get_queryset().get(pk=row.pk)).data, status=status)


class Listed(mixins.ListModelMixin):
    """A list in pages, or as a CSV file where that is asked for."""

    def get_renderers(self):
        found = super().get_renderers()
        return [*found, Csv()] if self.action == "list" else found

    def list(self, request, *args, **kwargs):
        require(self.actor, self.view)
        if not isinstance(request.accepted_renderer, Csv):
            return super().list(request, *args, **kwargs)
        sheet = sheets.Sheet(self.get_serializer())
        found = Batches(self.filter_queryset(self.get_queryset()), request, self)
        for rows in found:
            sheet.add(self.completed(rows))
        response = HttpResponse(sheet.text, content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="{self.basename.removeprefix("api-")}.csv"'
        if found.next:
            rest = replace_query_param(request.get_full_path(), "cursor", found.next)
            response["Link"] = f'<{rest}>; rel="next"'
        return response

    def paginate_queryset(self, queryset):
        found = super().paginate_queryset(queryset)
        return found if found is None or self.action != "list" else self.completed(found)

    def completed(self, rows: Sequence[Model]) -> Sequence[Model]:
        """The rows of a page with what is known of them only together."""
        return rows


class Shown:
    def retrieve(self, request, pk: str) -> Response:
        return Response(self.get_serializer(self.seen(pk)).data)


class Reading(Listed, Shown, OfActor):
    """A collection to be read: list and detail."""


def body_of(request: Request) -> bytes:
    """What a RawParser read; an empty request has no body to parse."""
    return request.data if isinstance(request.data, bytes) else b""


class NoAddress(NotFound):
    sentence = "There is no such address. Addresses end in a slash: {path}/."


class Unknown(Resource):
    """Any address that is none of the API's."""

    schema = None

    def check_parameters(self, request: Request) -> None:
        """There is nothing here that could take any."""

    def initial(self, request: Request, *args, **kwargs):
        super().initial(request, *args, **kwargs)
        raise NotFound() if request.path.endswith("/") else NoAddress(path=request.path[:200])
