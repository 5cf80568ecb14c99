"""What every resource of the API shares: who sees it, pages by cursor, repeated requests, bodies as they came.

A viewset names its `model` and the permission to `view` it. It validates the shape of a request, makes one domain call
and serialises what that returns; what may be done is decided by the services.
"""

import base64
import binascii
from collections.abc import Callable
from functools import partial

from django.conf import settings
from django.db.models import Model, QuerySet
from django.utils import timezone
from django.utils.module_loading import import_string
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import mixins, serializers
from rest_framework.filters import BaseFilterBackend
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from portal.shared.access import Actor, require
from portal.shared.errors import InvalidInput, NotFound
from portal.shared.parsers import RawParser

IDEMPOTENCY_HEADER = "Idempotency-Key"


KEY_PARAMETER = OpenApiParameter(
    IDEMPOTENCY_HEADER,
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="Up to 120 characters of your choice: sent again with the same body it is done once, and answered "
    "again with `Idempotency-Replayed: true`.",
)


class Resource(APIView):
    """Base of all views. A POST that carries an idempotency key is done once, whichever view it reaches."""

    def initial(self, request: Request, *args, **kwargs):
        super().initial(request, *args, **kwargs)
        key = request.headers.get(IDEMPOTENCY_HEADER, "")
        handler = getattr(self, "post", None)
        if request.method == "POST" and key and handler:
            self.post = partial(self._once, key, handler)

    def finalize_response(self, request: Request, response: Response, *args, **kwargs) -> Response:
        response = super().finalize_response(request, response, *args, **kwargs)
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    def _once(self, key: str, handler: Callable, request: Request, *args, **kwargs) -> Response:
        # A name, so that the foundation imports nothing above it.
        once = import_string(settings.IDEMPOTENCY)
        said = (request.actor.identity, request.get_full_path(), request.content_type, self._body(request))
        return once(
            actor=request.actor, key=key, said=said, now=timezone.now(),
            work=partial(handler, request, *args, **kwargs),
        )  # fmt: skip

    def _body(self, request: Request) -> bytes:
        if any(issubclass(parser, RawParser) for parser in self.parser_classes):
            return body_of(request)
        return request._request.body

    @property
    def actor(self) -> Actor:
        return self.request.actor


class OpaqueCursor(BasePagination):
    """Pages by primary key, newest first: rows that arrive meanwhile shift nothing, so none is skipped or repeated."""

    default_limit, max_limit = 50, 200

    def paginate_queryset(self, queryset: QuerySet, request: Request, view=None) -> list[Model]:
        limit = page_size(request, self.default_limit, self.max_limit)
        if given := request.query_params.get("cursor"):
            queryset = queryset.filter(pk__lt=_decoded(given))
        rows = list(queryset.order_by("-pk")[: limit + 1])
        self._next = _encoded(rows[limit - 1].pk) if len(rows) > limit else None
        return rows[:limit]

    def get_paginated_response(self, data: list) -> Response:
        return Response({"results": data, "next": self._next})

    def get_paginated_response_schema(self, schema: dict) -> dict:
        described = {"type": ["string", "null"], "description": "Give it as `cursor`; null on the last page."}
        return {
            "type": "object",
            "required": ["results", "next"],
            "properties": {"results": schema, "next": described},
        }

    def get_schema_operation_parameters(self, view) -> list[dict]:
        return [
            {"name": "cursor", "in": "query", "schema": {"type": "string"}, "description": "`next` of an earlier page"},
            {"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": self.max_limit}},
        ]


def page_size(request: Request, default: int, most: int) -> int:
    given = request.query_params.get("limit", str(default))
    if not given.isascii() or not given.isdigit() or not 0 < int(given) <= most:
        raise InvalidInput(f"`limit` is a number from 1 to {most}.", code="LIMIT_INVALID")
    return int(given)


def _encoded(key: int) -> str:
    return base64.urlsafe_b64encode(f"id:{key}".encode()).decode().rstrip("=")


def _decoded(cursor: str) -> int:
    try:
        kind, _, key = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().partition(":")
        if kind != "id" or not 0 <= int(key) < 2**63:
            raise ValueError
        return int(key)
    except (ValueError, binascii.Error):
        raise InvalidInput("This cursor is none of ours. Begin without one.", code="CURSOR_INVALID") from None


class ByParameter(BaseFilterBackend):
    """Query parameters that a viewset names in `filters`: a state by its name, anything else by its number."""

    def filter_queryset(self, request: Request, queryset: QuerySet, view: "OfActor") -> QuerySet:
        for parameter, path in view.filters.items():
            if given := request.query_params.get(parameter):
                queryset = queryset.filter(**{path: self._value(view, parameter, given)})
        return queryset

    def _value(self, view: "OfActor", parameter: str, given: str) -> str:
        known = self._known(view, parameter)
        if known and given not in known:
            raise InvalidInput(f"{given[:40]!r} is no {parameter}: {', '.join(known)}.", code="FILTER_INVALID")
        if not known and not (given.isascii() and given.isdigit() and len(given) <= 18):
            raise InvalidInput(f"{parameter!r} is the number of one.", code="FILTER_INVALID")
        return given

    def _known(self, view: "OfActor", parameter: str) -> list[str]:
        field = view.model._meta.get_field(view.filters[parameter].removesuffix("_id"))
        return [value for value, _ in field.choices or ()]

    def get_schema_operation_parameters(self, view: "OfActor") -> list[dict]:
        found = []
        for parameter in view.filters:
            known = self._known(view, parameter)
            schema = {"type": "string", "enum": known} if known else {"type": "integer"}
            found.append({"name": parameter, "in": "query", "schema": schema})
        return found


class OfActor(Resource, GenericViewSet):
    """A collection of `model`, as far as the actor may see it; filters by the query parameters in `filters`."""

    model: type[Model]
    view: str
    related: tuple[str, ...] = ()
    filters: dict[str, str] = {}
    pagination_class = OpaqueCursor
    filter_backends = [ByParameter]
    lookup_value_regex = r"[0-9]{1,18}"

    def get_queryset(self) -> QuerySet:
        if getattr(self, "swagger_fake_view", False):
            return self.model.objects.none()
        found = self.model.objects.visible_to(self.actor)
        return found.select_related(*self.related) if self.related else found

    def seen(self, pk: str) -> Model:
        """The row that the actor may see, and may see by its role. Raises NotFound, Forbidden."""
        found = self.get_queryset().filter(pk=pk).first()
        if found is None:
            raise NotFound()
        require(self.actor, self.view)
        return found

    def checked(self, serializer: type[serializers.Serializer]) -> dict:
        """The request's body in the shape that the serializer names. Raises ValidationError."""
        given = serializer(data=self.request.data)
        given.is_valid(raise_exception=True)
        return given.validated_data

    def answer(self, row: Model, status: int = 200) -> Response:
        """A row as the collection shows it, read anew with what its serializer needs."""
        return Response(self.get_serializer(self.get_queryset().get(pk=row.pk)).data, status=status)


class Listed(mixins.ListModelMixin):
    def list(self, request, *args, **kwargs):
        require(self.actor, self.view)
        return super().list(request, *args, **kwargs)


class Shown:
    def retrieve(self, request, pk: str) -> Response:
        return Response(self.get_serializer(self.seen(pk)).data)


class Reading(Listed, Shown, OfActor):
    """A collection to be read: list and detail."""


def body_of(request: Request) -> bytes:
    """What a RawParser read; an empty request has no body to parse."""
    return request.data if isinstance(request.data, bytes) else b""


class Unknown(Resource):
    """Any address that is none of the API's."""

    schema = None

    def initial(self, request: Request, *args, **kwargs):
        super().initial(request, *args, **kwargs)
        raise NotFound()
