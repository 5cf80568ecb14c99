"""Pages of large tables: rows are counted only as far as anybody turns pages."""

from django.core.paginator import Paginator
from django.utils.functional import cached_property

MOST_COUNTED = 10_000


class BoundedPaginator(Paginator):
    """Counts at most MOST_COUNTED rows, whatever a table holds; what lies beyond is found by search and filters."""

    template_name = "backoffice/pagination.html"

    @cached_property
    def reached(self) -> int:
        return self.object_list.order_by()[: MOST_COUNTED + 1].count()

    @property
    def count(self) -> int:
        return min(self.reached, MOST_COUNTED)

    @property
    def is_cut(self) -> bool:
        return self.reached > MOST_COUNTED
