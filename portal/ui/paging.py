"""Pages of large tables: rows are counted only as far as anybody turns pages, and two sides of a list read as one."""

from collections.abc import Callable

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.utils.functional import cached_property

MOST_COUNTED = 10_000


class Merged:
    """Querysets of one model, no row in two of them, in one order as one list.

    Where a row concerns somebody for one of two reasons, "either" has no index that is in order; each reason alone
    has. So each side is read in order as far as the page reaches, and what was read is merged.
    """

    def __init__(self, *sides: QuerySet):
        self.sides = sides

    def each(self, change: Callable[[QuerySet], QuerySet]) -> "Merged":
        """The same change (filter, order) made on every side."""
        return Merged(*(change(side) for side in self.sides))

    def __getitem__(self, span: slice) -> QuerySet:
        if not span.stop:
            return self.sides[0].none()  # the one page of a list without rows
        first, *others = (side[: span.stop] for side in self.sides)
        return first.union(*others, all=True).order_by(*self.sides[0].query.order_by)[span]

    def reached(self, most: int) -> int:
        first, *others = (side.order_by().values("pk")[:most] for side in self.sides)
        return first.union(*others, all=True)[:most].count()


def reached(rows: QuerySet | Merged) -> int:
    """How many rows there are, as far as they are counted: one more than that means more."""
    most = MOST_COUNTED + 1
    return rows.reached(most) if isinstance(rows, Merged) else rows.order_by()[:most].count()


class BoundedPaginator(Paginator):
    """Counts at most MOST_COUNTED rows, whatever a table holds; what lies beyond is found by search and filters."""

    template_name = "backoffice/pagination.html"

    @cached_property
    def reached(self) -> int:
        return reached(self.object_list)

    @property
    def count(self) -> int:
        return min(self.reached, MOST_COUNTED)

    @property
    def is_cut(self) -> bool:
        return self.reached > MOST_COUNTED
