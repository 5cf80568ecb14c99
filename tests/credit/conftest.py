"""A funder with its book, a policy in force and a programme; and trade, line by line."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

import pytest

from accounts.parties.models import Party
from financing.credit import services
from financing.credit.models import Facility, PolicyVersion, Programme
from financing.credit.rules import DEFAULT_BODY
from financing.ledger.services import open_book
from logistics.orders.models import OrderLine, PurchaseOrder, ReceiptLine, ReturnLine
from portal.shared.access import SYSTEM_ACTOR
from tests.world import CURRENCY, NOW, TODAY, Cast, as_member, cast


@dataclass
class Scene:
    """Who plays; Hana proposes and Hugo approves for Harbour, Ana acts for Amphora."""

    cast: Cast

    def __post_init__(self):
        self.hana, self.hugo, self.vera = (as_member(f"{name}@harbour.example") for name in ("hana", "hugo", "vera"))
        self.cleo, self.carl = as_member("cleo@crown.example"), as_member("carl@crown.example")
        self.ana, self.aldo = as_member("ana@amphora.example"), as_member("aldo@amphora.example")
        self.ben, self.maya = as_member("ben@bellows.example"), as_member("maya@meridian.example")
        self.wim = as_member("wim@watch.example")

    def open_book(self) -> None:
        open_book(actor=SYSTEM_ACTOR, funder_id=self.cast.harbour.id, business_date=TODAY, now=NOW)

    def propose(self, body: dict = DEFAULT_BODY, effective_from=TODAY) -> PolicyVersion:
        return services.propose_policy(
            actor=self.hana, funder_id=self.cast.harbour.id, body=body, effective_from=effective_from, now=NOW
        )

    def policy(self, body: dict = DEFAULT_BODY, effective_from=TODAY) -> PolicyVersion:
        """Proposed by Hana, approved by Hugo."""
        proposed = self.propose(body, effective_from)
        return services.approve_policy(actor=self.hugo, policy_id=proposed.id, seen_hash=proposed.body_hash, now=NOW)

    def programme(self, name: str = "Early money") -> Programme:
        terms = services.ProgrammeTerms(name, self.cast.meridian.id, CURRENCY, agreement="AGR-1")
        return services.open_programme(actor=self.hugo, funder_id=self.cast.harbour.id, terms=terms, now=NOW)

    def facility(self) -> Facility:
        return services.join_programme(actor=self.ana, programme_id=self.programme().id, now=NOW)


@pytest.fixture
def scene(db) -> Scene:
    scene = Scene(cast())
    scene.open_book()
    return scene


@pytest.fixture
def committed(committed_db) -> Scene:
    scene = Scene(cast())
    scene.open_book()
    return scene


def days_ago(days: int) -> datetime:
    """Noon, so many days before TODAY."""
    return datetime.combine(TODAY - timedelta(days), time(12), UTC)


def sell(
    supplier: Party, platform: Party, ordered: int, amount_minor: int = 10_000, *, received: int | None = None,
    returned: int | None = None, cancelled: int | None = None, late: bool = False, category: str = "kitchen",
    currency: str = CURRENCY, quantity: int = 1, arrived: int | None = None,
) -> OrderLine:  # fmt: skip
    """One order line, `ordered` days ago, to be despatched within two days; other events by days ago, None for never.

    `arrived`: pieces received of `quantity`.
    """
    number = f"O-{PurchaseOrder.objects.count() + 1}"
    order = PurchaseOrder.objects.create(
        platform=platform, supplier=supplier, number=number, ordered_at=days_ago(ordered), recorded_at=NOW
    )
    line = OrderLine.objects.create(
        order=order, line_number="1", sku="S", category=category, quantity=quantity, unit_price="100",
        amount_minor=amount_minor, currency=currency, despatch_by=days_ago(ordered - 2),
        despatched_at=None if cancelled else days_ago(ordered - (3 if late else 1)),
        cancelled_at=None if cancelled is None else days_ago(cancelled), recorded_at=NOW,
    )  # fmt: skip
    if received is not None:
        ReceiptLine.objects.create(
            order_line=line, number="R", quantity=arrived or quantity, received_at=days_ago(received), recorded_at=NOW
        )
    if returned is not None:
        ReturnLine.objects.create(
            order_line=line, number="B", quantity=1, amount_minor=amount_minor, returned_at=days_ago(returned),
            recorded_at=NOW,
        )  # fmt: skip
    return line
