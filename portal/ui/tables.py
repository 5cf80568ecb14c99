"""Tables that sort, filter, search, page and export, from a queryset or a list and a few columns.

    table = Table(request, Receivable.objects.visible_to(actor), COLUMNS, name="receivables",
                  search=("number",), filters=(Filter("status", _("State"), Receivable.Status.choices),))
    if table.export_wanted:
        return table.as_file()
    return render(request, "receivables/list.html", {"table": table})     # {% table table %}

The state of the table lives in the address (`?receivables-sort=-due_date`), so that a view can be sent to a colleague.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from contextvars import copy_context
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet
from django.http import FileResponse, HttpRequest, StreamingHttpResponse
from django.utils import timezone
from django.utils.functional import Promise

from portal.shared import wall
from portal.ui import exports, paging
from portal.ui.paging import BoundedPaginator, Merged

KINDS = (
    "text",
    "money",
    "number",
    "percent",
    "status",
    "instant",
    "day",
    "id",
    "file",
    "iban",
    "reasons",
    "choose",
    "waiting",
)
NUMERIC = ("money", "number", "percent")
ON_A_PHONE = 10
"""Rows that a phone shows to begin with: there each is a card. The number stands in components.css too."""
EXPORT_LIMIT = 50_000
"""Rows of one export; beyond it a report is the right tool, not a page."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `key` is an attribute path (`facility.supplier.name`) or mapping key, or `value` computes it.

    `sort`: ORM field to order by (True: the key with __ for dots); lists are ordered by the value itself.
    `then`: ORM field that orders those of a queryset that are equal in it, where there are not too many to be sorted.
    `currency`: attribute path or ISO code of a money column. `url`: row -> address of the cell's link.
    `term`: the label's key in the glossary (`{% term %}`).
    `of`: kind of thing that a `kind="status"` is a state of, where it has a word of its own (portal/ui/states.py).
    `kind="waiting"`: an instant, shown as the time since then, coloured where that is long.
    `kind="choose"`: a check box named "chosen" of the form `<table name>-chosen`; none where the value is None.
    `sums`: attribute path to the minor units that are added up of the rows chosen (js/choose.js).
    """

    key: str
    label: str | Promise
    kind: str = "text"
    sort: bool | str = False
    value: Callable[[Any], Any] | None = None
    currency: str = "currency"
    url: Callable[[Any], str] | None = None
    term: str = ""
    of: str = ""
    sums: str = ""
    then: str = ""

    @property
    def numeric(self) -> bool:
        return self.kind in NUMERIC

    @property
    def order_field(self) -> str:
        return self.sort if isinstance(self.sort, str) else self.key.replace(".", "__")

    def read(self, row: Any) -> Any:
        return self.value(row) if self.value else look_up(row, self.key)


@dataclass(frozen=True, slots=True)
class Filter:
    """A choice above the table. `field` is the ORM lookup (or row key) that must equal the chosen value.

    `condition` says instead what a chosen value asks of a queryset's rows: for what no field holds.
    """

    name: str
    label: str | Promise
    choices: Sequence[tuple[str, str | Promise]]
    field: str = ""
    condition: Callable[[str], Q] | None = None

    def asks(self, value: str) -> Q:
        return self.condition(value) if self.condition else Q(**{self.field or self.name: value})


@dataclass(frozen=True, slots=True)
class Cell:
    column: Column
    value: Any
    currency: str = ""
    url: str = ""
    minor: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    cells: list[Cell] = field(default_factory=list)
    record: Any = None


@dataclass(frozen=True, slots=True)
class Heading:
    """A column's head: the address that sorts by it, and how it is sorted now (`ascending`, `descending`, empty)."""

    column: Column
    url: str
    sorted: str


def look_up(row: Any, path: str) -> Any:
    """Follows a dotted path through attributes and mappings; a missing link on the way gives None."""
    for name in path.split("."):
        if row is None:
            return None
        row = row[name] if isinstance(row, dict) else getattr(row, name)
        if callable(row) and not isinstance(row, type):
            row = row()
    return row


class Table:
    """See the module's text. Rows are fetched only for the page that is shown.

    `search`: fields that hold what is searched for; or what it asks of a queryset's rows, where these are too many to
    look for a part of a text in each. `indexed`: columns in whose order an index has the rows; where there are more
    rows than are counted, these alone sort.
    """

    def __init__(
        self,
        request: HttpRequest,
        rows: QuerySet | Merged | Iterable,
        columns: Sequence[Column],
        *,
        name: str = "table",
        caption: str | Promise = "",
        search: Sequence[str] | Callable[[str], Q] = (),
        filters: Sequence[Filter] = (),
        order: str = "",
        indexed: Collection[str] = (),
        page_size: int = 25,
        live: str = "",
        export: bool = True,
        empty: dict | None = None,
    ):
        self.request, self.source, self.columns = request, rows, columns
        self.name, self.caption, self.live, self.export = name, caption, live, export
        self.search, self.filters, self.page_size = search, filters, page_size
        self.empty = empty or {}
        self.indexed, self._usual, self._wanted = indexed, order, request.GET.get(f"{name}-sort", order)
        self.query = request.GET.get(f"{name}-q", "").strip()[:200]
        self.chosen = {f.name: request.GET.get(f"{name}-{f.name}", "") for f in filters}

    # ── what the template asks ──────────────────────────────────────────────────────────────────────────────────────
    @property
    def headings(self) -> list[Heading]:
        now = self.order.lstrip("-")
        headings = []
        for column in self.columns:
            current = bool(column.sort) and column.key == now
            turned = f"-{column.key}" if current and not self.order.startswith("-") else column.key
            direction = ("descending" if self.order.startswith("-") else "ascending") if current else ""
            headings.append(
                Heading(column, self.address(sort=turned, page="") if self._sorts(column) else "", direction)
            )
        return headings

    @property
    def choices(self) -> list[tuple[Filter, str, list[tuple[str, Any, bool]]]]:
        return [
            (f, f"{self.name}-{f.name}", [(v, word, v == self.chosen[f.name]) for v, word in f.choices])
            for f in self.filters
        ]

    @property
    def is_searched(self) -> bool:
        """For templates: these call what can be called, and a search can be."""
        return bool(self.search)

    @property
    def has_tools(self) -> bool:
        """Whether search and filters stand above the rows: not above a table that has none to be found."""
        return bool(self.is_searched or self.filters) and bool(self.page.object_list or self.narrowed)

    @property
    def narrowed(self) -> bool:
        """Whether a search or filter is in force (an empty table then means: nothing matches)."""
        return bool(self.query or any(self.chosen.values()))

    @cached_property
    def page(self) -> Page:
        paginator = (Paginator if isinstance(self._found, list) else BoundedPaginator)(self.selected, self.page_size)
        paginator.reached = self._reached
        page = paginator.get_page(self.request.GET.get(f"{self.name}-page"))
        with self._search():
            page.object_list = list(page.object_list)
        return page

    @cached_property
    def _reached(self) -> int:
        if isinstance(self._found, list):
            return len(self._found)
        with self._search():
            return paging.reached(self._found)

    def _search(self) -> AbstractContextManager:
        """A context to look for a text in, among rows that `source` has from `visible_to`: before the wall no index is
        used to compare a part of a text, since what compares might tell of rows that are not shown."""
        return wall.inside() if self.query else nullcontext()

    @property
    def is_cut(self) -> bool:
        """Whether there are more rows than pages are turned to."""
        return self._reached > paging.MOST_COUNTED and not isinstance(self._found, list)

    @property
    def order(self) -> str:
        """The column that the rows are ordered by, after a minus where it is turned round."""
        column = self._column(self._wanted)
        return self._usual if column and not self._sorts(column) else self._wanted

    @property
    def rows(self) -> list[Row]:
        return [self._row(record) for record in self.page.object_list]

    @property
    def beyond_phone(self) -> int:
        """How many rows of this page a phone leaves out until it is asked for them; a few more are shown at once."""
        beyond = len(self.page.object_list) - ON_A_PHONE
        return beyond if beyond > ON_A_PHONE // 4 else 0

    @property
    def previous_url(self) -> str:
        return self.address(page=self.page.number - 1) if self.page.has_previous() else ""

    @property
    def next_url(self) -> str:
        return self.address(page=self.page.number + 1) if self.page.has_next() else ""

    @property
    def export_urls(self) -> list[tuple[str, str]]:
        """Name of each form of file and where it is."""
        return [(form.upper(), self.address(export=form, page="")) for form in ("csv", "xlsx")]

    @property
    def reset_url(self) -> str:
        return self.address(q="", page="", **{f.name: "" for f in self.filters})

    def address(self, **changes) -> str:
        """The page's address with some of this table's parameters changed; an empty value removes one."""
        parameters = self.request.GET.copy()
        for key, value in changes.items():
            parameters.pop(f"{self.name}-{key}", None)
            if value not in ("", None):
                parameters[f"{self.name}-{key}"] = str(value)
        return f"{self.request.path}?{parameters.urlencode()}" if parameters else self.request.path

    # ── selection ───────────────────────────────────────────────────────────────────────────────────────────────────
    @cached_property
    def selected(self) -> QuerySet | Merged | list:
        """Every row that search and filters leave, in order."""
        if isinstance(self._found, list):
            return self._ordered_list(self._found)
        return self._found.each(self._ordered) if isinstance(self._found, Merged) else self._ordered(self._found)

    @cached_property
    def _found(self) -> QuerySet | Merged | list:
        """Every row that search and filters leave."""
        if isinstance(self.source, Merged):
            return self.source.each(lambda side: side.filter(self._asked))
        return self.source.filter(self._asked) if isinstance(self.source, QuerySet) else self._from_list()

    def _column(self, order: str) -> Column | None:
        return next((c for c in self.columns if c.sort and c.key == order.lstrip("-")), None)

    def _sorts(self, column: Column) -> bool:
        return bool(column.sort) and (not self.indexed or column.key in self.indexed or not self.is_cut)

    @cached_property
    def _asked(self) -> Q:
        """What search and filters ask of a queryset's rows."""
        asked = Q()
        if self.query and callable(self.search):
            asked &= self.search(self.query)
        elif self.query and self.search:
            asked &= Q.create([(f"{f}__icontains", self.query) for f in self.search], Q.OR)
        for choice in self.filters:
            if self.chosen[choice.name] in {value for value, _ in choice.choices}:
                asked &= choice.asks(self.chosen[choice.name])
        return asked

    def _ordered(self, rows: QuerySet) -> QuerySet:
        order = self.order
        if column := self._column(order):
            # The primary key last: pages must not overlap where many rows are equal. In the same direction, so that an
            # index of both is read as it is, forwards or backwards.
            turned = "-" * order.startswith("-")
            then = (column.then,) if column.then and not self.is_cut else ()
            rows = rows.order_by(f"{turned}{column.order_field}", *then, f"{turned}pk")
        return rows

    def _from_list(self) -> list:
        rows = list(self.source)
        if self.query and self.search:
            wanted = self.query.casefold()
            rows = [r for r in rows if any(wanted in str(look_up(r, f)).casefold() for f in self.search)]
        for choice in self.filters:
            if self.chosen[choice.name]:
                rows = [r for r in rows if str(look_up(r, choice.field or choice.name)) == self.chosen[choice.name]]
        return rows

    def _ordered_list(self, rows: list) -> list:
        if column := self._column(self.order):
            # Nothing sorts before something, whatever its type.
            rows.sort(
                key=lambda r: ((v := column.read(r)) is not None, v if v is not None else 0),
                reverse=self.order.startswith("-"),
            )
        return rows

    def _row(self, record: Any) -> Row:
        return Row(cells=[self._cell(column, record) for column in self.columns], record=record)

    def _cell(self, column: Column, record: Any) -> Cell:
        currency = ""
        if column.kind == "money" or column.sums:
            is_code = len(column.currency) == 3 and column.currency.isupper()
            currency = column.currency if is_code else look_up(record, column.currency)
        minor = look_up(record, column.sums) if column.sums else None
        return Cell(column, column.read(record), currency, column.url(record) if column.url else "", minor)

    # ── export ──────────────────────────────────────────────────────────────────────────────────────────────────────
    @property
    def exported_columns(self) -> list[Column]:
        return [column for column in self.columns if column.kind != "choose"]

    @property
    def export_wanted(self) -> bool:
        return self.export and self.request.GET.get(f"{self.name}-export") in ("csv", "xlsx")

    def as_file(self) -> StreamingHttpResponse | FileResponse:
        """All selected rows (not just the page) in the form that was asked for."""
        name = f"{self.name}-{timezone.localdate().isoformat()}"
        columns = self.exported_columns
        if self.request.GET.get(f"{self.name}-export") == "xlsx":
            file = exports.xlsx_file(columns, self._exported_rows(), str(self.caption) or self.name)
            return FileResponse(file, as_attachment=True, filename=f"{name}.xlsx", content_type=exports.XLSX)
        lines = exports.csv_lines(columns, self._exported_rows())
        response = StreamingHttpResponse(_as_whoever_asked(lines), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
        return response

    def _exported_rows(self) -> Iterator[list[Cell]]:
        rows = self.selected[:EXPORT_LIMIT]
        for record in rows.iterator(chunk_size=1000) if isinstance(rows, QuerySet) else rows:
            yield [self._cell(column, record) for column in self.exported_columns]


def _as_whoever_asked(lines: Iterator[str]) -> Iterator[str]:
    """What is streamed is made after the request has been answered: before the wall and in the time zone of now."""
    context = copy_context()
    return iter(lambda: context.run(next, lines, ""), "")
