"""How a computed figure came about: what `{% figure ... why=... %}` and `{% why ... %}` open."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.functional import Promise

Text = str | Promise


@dataclass(frozen=True, slots=True)
class Part:
    """One of the facts behind a figure: an amount with its currency, or a ready `value`; `url`: where it is from.

    `total` marks the line that the ones before it add up to.
    """

    label: Text
    amount_minor: int | None = None
    currency: str = ""
    value: Text = ""
    note: Text = ""
    url: str = ""
    total: bool = False


@dataclass(frozen=True, slots=True)
class Why:
    """`how`: a sentence or two on how it is reckoned. `parts`: what it is made of, in order.

    `as_of`: the instant or day of the facts. `basis`: by whose rule, as "Policy 3, in force since 2 Mar 2026", with its
    page as `basis_url`. `url` with `link`: the page that tells more.
    """

    how: Text
    parts: Sequence[Part] = ()
    as_of: datetime | date | None = None
    basis: Text = ""
    basis_url: str = ""
    url: str = ""
    link: Text = ""

    @property
    def at(self) -> datetime | None:
        return self.as_of if isinstance(self.as_of, datetime) else None

    @property
    def on(self) -> date | None:
        return self.as_of if self.as_of and not isinstance(self.as_of, datetime) else None
