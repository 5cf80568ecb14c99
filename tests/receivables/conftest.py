"""The cast, what was ordered and received, and invoices made from a few words."""

import json
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

import pytest

from accounts.parties.models import Party
from financing.banking.services import register_account
from financing.credit.models import Facility, Programme
from financing.receivables import services
from financing.receivables.models import Receivable
from logistics.orders.models import OrderLine, PurchaseOrder, ReceiptLine
from portal.shared.access import SYSTEM_ACTOR, Actor
from tests import world
from tests.world import CURRENCY, NOW, Cast, as_member, cast

IBANS = {
    "meridian": "DE89370400440532013000",
    "harbour": "GB29NWBK60161331926819",
    "crown": "FR1420041010050500013M02606",
    "amphora": "NL91ABNA0417164300",
    "bellows": "BE68539007547034",
}


@dataclass
class Scene:
    """Who plays, and short ways to say what they do."""

    cast: Cast
    counter: int = field(default=0)

    def __post_init__(self):
        self.ana, self.ben = as_member("ana@amphora.example"), as_member("ben@bellows.example")
        self.maya, self.marc = as_member("maya@meridian.example"), as_member("marc@meridian.example")
        self.hana, self.wim = as_member("hana@harbour.example"), as_member("wim@watch.example")
        self.aldo = as_member("aldo@amphora.example")

    def invoice(self, number: str = "", **changed) -> dict:
        """An invoice of Amphora's on Meridian about 100.00 EUR, of no order; `changed`: fields, None leaves out."""
        self.counter += 1
        made = {
            "type": "INVOICE",
            "number": number or f"A-{self.counter}",
            "issue_date": "2026-03-01",
            "due_date": "2026-04-30",
            "currency": CURRENCY,
            "supplier": "amphora",
            "debtor": {"registration_number": self.cast.meridian.registration_number},
            "lines": [{"quantity": "10", "unit_price": "10.00", "amount": "100.00"}],
            "payable": "100.00",
        } | changed
        return {name: value for name, value in made.items() if value is not None}

    def credit_note(self, invoice: str, payable: str, number: str = "", **changed) -> dict:
        self.counter += 1
        return {
            "type": "CREDIT_NOTE",
            "number": number or f"C-{self.counter}",
            "issue_date": "2026-03-02",
            "currency": CURRENCY,
            "supplier": "amphora",
            "debtor": {"registration_number": self.cast.meridian.registration_number},
            "invoice": invoice,
            "payable": payable,
        } | changed

    def submit(self, *documents: dict, actor: Actor | None = None, now=NOW) -> list[services.ItemResult]:
        content = json.dumps(list(documents)).encode()
        return services.submit(actor=actor or self.ana, content=content, media_type="application/json", now=now)

    def submit_bytes(self, content: bytes, media_type: str = "application/json", actor: Actor | None = None):
        return services.submit(actor=actor or self.ana, content=content, media_type=media_type, now=NOW)

    def order(
        self, number: str, *, ordered="10", received=("10",), price="10.00", line="1", sku="KETTLE", supplier=None,
        cancelled=False, currency=CURRENCY,
    ) -> OrderLine:  # fmt: skip
        """One order line of Amphora's, and a receipt for each quantity in `received`, a day apart."""
        supplier = supplier or self.cast.amphora
        order, _ = PurchaseOrder.objects.get_or_create(
            platform=self.cast.meridian, supplier=supplier, number=number,
            defaults={"ordered_at": NOW - timedelta(days=20), "recorded_at": NOW},
        )  # fmt: skip
        row = OrderLine.objects.create(
            order=order, line_number=line, sku=sku, quantity=Decimal(ordered), unit_price=Decimal(price),
            amount_minor=int(Decimal(ordered) * Decimal(price) * 100), currency=currency,
            cancelled_at=NOW if cancelled else None, recorded_at=NOW,
        )  # fmt: skip
        for position, quantity in enumerate(received, 1):
            ReceiptLine.objects.create(
                order_line=row, number=str(position), quantity=Decimal(quantity),
                received_at=NOW - timedelta(days=10 - position), recorded_at=NOW,
            )  # fmt: skip
        return row

    def ordered_invoice(self, order: str, quantity="10", price="10.00", number="", line="1", **changed) -> dict:
        amount = f"{Decimal(quantity) * Decimal(price):.2f}"
        lines = [{"order": order, "order_line": line, "quantity": quantity, "unit_price": price, "amount": amount}]
        return self.invoice(number, lines=lines, payable=amount, **changed)

    def accepted(
        self, count: int = 1, actor: Actor | None = None, amount: str = "100.00", **changed
    ) -> list[Receivable]:
        """So many receivables of Amphora's that Meridian has accepted by hand."""
        lines = [{"quantity": "1", "amount": amount}]
        documents = [self.invoice(lines=lines, payable=amount, **changed) for _ in range(count)]
        ids = [each.receivable_id for each in self.submit(*documents, actor=actor)]
        services.accept(actor=self.maya, receivable_ids=ids, now=NOW)
        return list(Receivable.objects.filter(id__in=ids).order_by("id"))

    def assigned(self, count: int = 1, facility: int = 7) -> list[Receivable]:
        return self.assign([row.id for row in self.accepted(count)], facility=facility)

    def assign(self, ids, facility: int = 7, funder: Party | None = None) -> list[Receivable]:
        funder = funder or self.cast.harbour
        return services.assign(
            actor=SYSTEM_ACTOR,
            receivable_ids=ids,
            facility_id=facility,
            funder_id=funder.id,
            agreement="AGR-1",
            now=NOW,
        )

    def accounts(self) -> None:
        """An account for everybody; Meridian and Harbour are connected to their bank."""
        for name, iban in IBANS.items():
            register_account(
                actor=SYSTEM_ACTOR, party_id=getattr(self.cast, name).id, holder=name.capitalize(), iban=iban,
                currency=CURRENCY, connected=name in ("meridian", "harbour"), now=NOW,
            )  # fmt: skip

    def settle(self, *lines, key: str = "day-1"):
        return world.settle(lines, key=key)


def open_facilities(cast: Cast, count: int = 20) -> None:
    """Facilities 1, 2, ... of Amphora's with Harbour, for receivables to be assigned to: one programme each."""
    parties = {"funder": cast.harbour, "debtor": cast.meridian, "currency": CURRENCY}
    numbers = range(1, count + 1)
    programmes = Programme.objects.bulk_create(Programme(name=f"P-{number}", **parties) for number in numbers)
    Facility.objects.bulk_create(
        Facility(id=number, programme=programme, supplier=cast.amphora, joined_at=NOW, joined_by="system", **parties)
        for number, programme in zip(numbers, programmes, strict=True)
    )


@pytest.fixture
def scene(db) -> Scene:
    scene = Scene(cast())
    open_facilities(scene.cast)
    return scene


@pytest.fixture
def committed(committed_db) -> Scene:
    scene = Scene(cast())
    open_facilities(scene.cast)
    return scene
