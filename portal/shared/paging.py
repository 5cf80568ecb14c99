"""Lists of the API: filters, orders and pages that lose nobody.

A cursor names the last row shown by the key of its order and its primary key: rows that arrive meanwhile shift nothing,
so that none is skipped or shown twice. Only keys that never change, and that an index has in order, are offered.
"""

import base64
import binascii
import json
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from rest_framework.filters import BaseFilterBackend
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

from portal.shared.errors import InvalidInput

NEWEST_FIRST = "-id"


class OpaqueCursor(BasePagination):
    """Pages by `?sort=`, `?limit=` and `?cursor=`: newest first unless another order is asked for."""

    default_limit, max_limit = 50, 200

    def paginate_queryset(self, queryset: QuerySet, request: Request, view=None) -> list[Model]:
        limit = page_size(request, self.default_limit, self.max_limit)
        given = request.query_params.get("cursor")
        sort, *place = _decoded(given) if given else [request.query_params.get("sort") or NEWEST_FIRST]
        if request.query_params.get("sort") not in (None, "", sort):
            raise CursorInvalid()
        key = _key(view, sort)
        if place:
            queryset = queryset.filter(_beyond(queryset.model, key, *place))
        down = "-" if key.startswith("-") else ""
        rows = list(queryset.order_by(*dict.fromkeys((key, f"{down}id")))[: limit + 1])
        self._next = _encoded(sort, key, rows[limit - 1]) if len(rows) > limit else None
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
            _query("sort", {"type": "string", "enum": list(orders(view))}, "Order; without it newest first"),
            _query("cursor", {"type": "string"}, "`next` of the page before, under the same filters"),
            _query(
                "limit",
                {"type": "integer", "minimum": 1, "maximum": self.max_limit, "default": self.default_limit},
                "Rows of a page",
            ),
        ]


class CursorInvalid(InvalidInput):
    code = "CURSOR_INVALID"
    sentence = "This cursor is none of ours, or of another order. Begin without one."


def orders(view) -> dict[str, str]:
    """Names of the orders that a view offers, ascending and descending, and the column of each."""
    named = {"id": "id"} | getattr(view, "sorts", {})
    return {f"{down}{name}": f"{down}{column}" for name, column in named.items() for down in ("", "-")}


def page_size(request: Request, default: int, most: int) -> int:
    given = request.query_params.get("limit", str(default))
    if not given.isascii() or not given.isdigit() or not 0 < int(given[:10]) <= most:
        raise InvalidInput("`limit` is a number from 1 to {most}.", code="LIMIT_INVALID", most=most)
    return int(given)


def _key(view, sort: str) -> str:
    offered = orders(view)
    if sort not in offered:
        raise InvalidInput("`sort` is one of {offered}.", code="SORT_INVALID", offered=", ".join(offered))
    return offered[sort]


def _beyond(model: type[Model], key: str, value: Any, pk: int) -> Q:
    """Rows after this place: of a later key, or of the same key and a later primary key."""
    column, compare = key.removeprefix("-"), "lt" if key.startswith("-") else "gt"
    if column == "id":
        return Q(**{f"pk__{compare}": pk})
    try:
        value = model._meta.get_field(column).to_python(value)
    except ValidationError:
        raise CursorInvalid() from None
    # The first condition says nothing new, and lets the database read on from there in the index.
    return Q(**{f"{column}__{compare}e": value}) & (
        Q(**{f"{column}__{compare}": value}) | Q(**{column: value, f"pk__{compare}": pk})
    )


def _encoded(sort: str, key: str, row: Model) -> str:
    value = None if sort in ("id", "-id") else str(getattr(row, key.removeprefix("-")))
    return base64.urlsafe_b64encode(json.dumps([sort, value, row.pk]).encode()).decode().rstrip("=")


def _decoded(cursor: str) -> list:
    try:
        sort, value, pk = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        known = isinstance(sort, str) and isinstance(value, str | None) and type(pk) is int and 0 <= pk < 2**63
        if not known or "\x00" in (value or ""):
            raise ValueError
        return [sort, value, pk]
    except (ValueError, TypeError, RecursionError, binascii.Error):
        raise CursorInvalid() from None


class ByParameter(BaseFilterBackend):
    """Query parameters that a viewset names in `filters`: a state by its name, anything else by its number."""

    def filter_queryset(self, request: Request, queryset: QuerySet, view) -> QuerySet:
        for parameter, path in view.filters.items():
            if given := request.query_params.get(parameter):
                queryset = queryset.filter(**{path: self._value(view, parameter, given)})
        return queryset

    def _value(self, view, parameter: str, given: str) -> str:
        known = self._known(view, parameter)
        if known and given not in known:
            raise InvalidInput(
                "'{given}' is no {parameter}: {known}.",
                code="FILTER_INVALID",
                given=given[:40],
                parameter=parameter,
                known=", ".join(known),
            )
        if not known and not (given.isascii() and given.isdigit() and len(given) <= 18):
            raise InvalidInput("'{parameter}' is the number of one.", code="FILTER_INVALID", parameter=parameter)
        return given

    def _known(self, view, parameter: str) -> list[str]:
        field = view.model._meta.get_field(view.filters[parameter].removesuffix("_id"))
        return [value for value, _ in field.choices or ()]

    def get_schema_operation_parameters(self, view) -> list[dict]:
        found = []
        for parameter in view.filters:
            known = self._known(view, parameter)
            schema = {"type": "string", "enum": known} if known else {"type": "integer"}
            found.append(_query(parameter, schema, f"Only those of this {parameter}"))
        return found


def _query(name: str, schema: dict, description: str) -> dict:
    return {"name": name, "in": "query", "schema": schema, "description": description}
