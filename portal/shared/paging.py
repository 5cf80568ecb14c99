"""Lists of the API: filters, orders and pages that lose nobody.

A cursor names the last row shown by the key of its order and its primary key: rows that arrive meanwhile shift nothing,
so that none is skipped or shown twice. Only keys that never change, and that an index has in order, are offered.
"""

import base64
import binascii
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import DateTimeField, Model, Q, QuerySet
from django.utils.dateparse import parse_date
from rest_framework.filters import BaseFilterBackend
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

from portal.shared.errors import InvalidInput

NEWEST_FIRST = "-id"
FILE_ROWS = 10_000
"""Rows of one CSV file: a few seconds and megabytes. It is made whole before it is sent, so that a slow reader holds no
thread and what fails halfway never looks like a short file."""
ROWS_AT_ONCE = 500


class OpaqueCursor(BasePagination):
    """Pages by `?sort=`, `?limit=` and `?cursor=`: newest first unless another order is asked for."""

    default_limit, max_limit = 50, 200

    def paginate_queryset(self, queryset: QuerySet, request: Request, view=None) -> list[Model]:
        limit = page_size(request, self.default_limit, self.max_limit)
        sort, key, place = _asked(request, view)
        rows = _following(queryset, key, place, limit + 1)
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
                {
                    "type": "integer", "default": self.default_limit,
                    "oneOf": [
                        {"title": "of a page", "minimum": 1, "maximum": self.max_limit},
                        {"title": "of a CSV file alone", "minimum": self.max_limit + 1, "maximum": FILE_ROWS},
                    ],
                },
                f"Rows of a page, at most {self.max_limit}: more is `LIMIT_INVALID`. Of a CSV file as many as "
                f"{FILE_ROWS:,}, which is its default",
            ),
        ]  # fmt: skip


class Batches:
    """The rows of a file in the order that is asked for, some at a time, each batch read from where the last one ended.

    Once they are read, `next` is the cursor that goes on after them; None where these were all.
    """

    def __init__(self, queryset: QuerySet, request: Request, view):
        self._queryset = queryset
        self._sort, self._key, self._place = _asked(request, view)
        self._left = page_size(request, FILE_ROWS, FILE_ROWS)
        self.next: str | None = None

    def __iter__(self) -> Iterator[list[Model]]:
        goes_on = True
        while goes_on and self._left:
            most = min(ROWS_AT_ONCE, self._left)
            found = _following(self._queryset, self._key, self._place, most + 1)
            rows, goes_on = found[:most], len(found) > most
            yield rows
            if goes_on:
                self._place, self._left = [_place(self._key, rows[-1]), rows[-1].id], self._left - most
                self.next = _encoded(self._sort, self._key, rows[-1])
            else:
                self.next = None


def _asked(request: Request, view) -> tuple[str, str, list]:
    """The order by its name, its key, and the place from which to read on; from the beginning it is empty."""
    given = request.query_params.get("cursor")
    sort, *place = _decoded(given) if given else [request.query_params.get("sort") or NEWEST_FIRST]
    if request.query_params.get("sort") not in (None, "", sort):
        raise CursorInvalid()
    return sort, _key(view, sort), place


def _following(queryset: QuerySet, key: str, place: list, most: int) -> list[Model]:
    """Rows after a place, so many at most; from the beginning where there is none."""
    if place:
        queryset = queryset.filter(_beyond(queryset.model, key, *place))
    down = "-" if key.startswith("-") else ""
    return list(queryset.order_by(*dict.fromkeys((key, f"{down}id")))[:most])


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
    if value is None:
        raise CursorInvalid()
    try:
        value = model._meta.get_field(column).to_python(value)
    except ValidationError:
        raise CursorInvalid() from None
    # The first condition says nothing new, and lets the database read on from there in the index.
    return Q(**{f"{column}__{compare}e": value}) & (
        Q(**{f"{column}__{compare}": value}) | Q(**{column: value, f"pk__{compare}": pk})
    )


def _encoded(sort: str, key: str, row: Model) -> str:
    return base64.urlsafe_b64encode(json.dumps([sort, _place(key, row), row.id]).encode()).decode().rstrip("=")


def _place(key: str, row: Model) -> str | None:
    """The row's key as text; None where that is the primary key."""
    return None if key.removeprefix("-") == "id" else str(getattr(row, key.removeprefix("-")))


def _decoded(cursor: str) -> list:
    try:
        sort, value, pk = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        known = isinstance(sort, str) and isinstance(value, str | None) and type(pk) is int and 0 <= pk < 2**63
        if not known or b"\x00" in (value or "").encode():  # which half of a character does not survive
            raise ValueError
        return [sort, value, pk]
    except (ValueError, TypeError, RecursionError, binascii.Error):
        raise CursorInvalid() from None


class ByParameter(BaseFilterBackend):
    """Query parameters that a viewset names: a state by its name, a span of days, anything else by its number."""

    def filter_queryset(self, request: Request, queryset: QuerySet, view) -> QuerySet:
        for parameter in (*view.filters, *view.texts, *(name for *both, _ in _spans(view) for name in both)):
            if request.query_params.get(parameter) == "":  # a variable of theirs that holds nothing
                raise InvalidInput(
                    "'{parameter}' is empty. Leave it out for all.", code="FILTER_INVALID", parameter=parameter
                )
        for parameter, path in view.filters.items():
            if given := request.query_params.get(parameter):
                queryset = queryset.filter(**{path: self._value(view, parameter, given)})
        for parameter, path in view.texts.items():
            if given := request.query_params.get(parameter):
                queryset = queryset.filter(**{path: _text(parameter, given)})
        for since, until, path in _spans(view):
            first, last = request.query_params.get(since), request.query_params.get(until)
            if first or last:
                queryset = queryset.filter(_within(view, path, first, last))
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
        if parameter in view.choices:
            return list(view.choices[parameter])
        field = view.model._meta.get_field(view.filters[parameter])
        return [value for value, _ in field.choices or ()]

    def get_schema_operation_parameters(self, view) -> list[dict]:
        found = []
        for parameter in view.filters:
            known = self._known(view, parameter)
            schema = {"type": "string", "enum": known} if known else {"type": "integer"}
            found.append(_query(parameter, schema, f"Only those of this {parameter}"))
        found += [_query(each, {"type": "string"}, f"Only those of this {each}, as it is kept") for each in view.texts]
        for since, until, path in _spans(view):
            for parameter, bound in ((since, "this day or after it"), (until, "this day or before it")):
                told = f"Only those whose `{path.rpartition('__')[2]}` is on {bound}"
                found.append(_query(parameter, {"type": "string", "format": "date"}, told))
        return found


def _text(parameter: str, given: str) -> str:
    if "\x00" in given:
        raise InvalidInput("'{parameter}' is no text.", code="FILTER_INVALID", parameter=parameter)
    return given


def _spans(view) -> list[tuple[str, str, str]]:
    """Parameters of the first and of the last day, and the path that they bound."""
    own = [("from", "until", view.dated)] if view.dated else []
    return own + [(f"{name}_from", f"{name}_until", path) for name, path in view.spans.items()]


def _within(view, path: str, first: str | None, last: str | None) -> Q:
    """Days are of UTC where the field is an instant."""
    field = view.model
    for name in path.split("__"):
        field = (field._meta if isinstance(field, type) else field.related_model._meta).get_field(name)
    is_instant, found = isinstance(field, DateTimeField), Q()
    if since := day(first or ""):
        found &= Q(**{f"{path}__gte": _midnight(since) if is_instant else since})
    if until := day(last or ""):
        if since and since > until:
            raise InvalidInput("The first day is after the last one.", code="DATE_INVALID")
        bound = {"lt": _midnight(until + timedelta(days=1))} if is_instant and until < date.max else {"lte": until}
        found &= Q(**{f"{path}__{compare}": value for compare, value in bound.items()})
    return found


def _midnight(on: date) -> datetime:
    return datetime.combine(on, time(), UTC)


def day(given: str) -> date | None:
    """A day as in 2026-03-31; None where none is given. Raises InvalidInput (DATE_INVALID)."""
    try:
        found = parse_date(given) if given else None
    except ValueError:
        found = None
    if given and found is None:
        raise InvalidInput("Give a day as in 2026-03-31.", code="DATE_INVALID")
    return found


def _query(name: str, schema: dict, description: str) -> dict:
    return {"name": name, "in": "query", "schema": schema, "description": description}
