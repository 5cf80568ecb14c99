"""The business of a round: each life is one supplier's, whatever is done to the processes meanwhile.

A life acts over HTTP alone and waits for what it did to have come about, so that its end depends on nobody's speed.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import count

from financing.receivables.models import Receivable
from portal.shared.access import CHECKER, MAKER
from tests.stories.house import House, Supplier

AUTHORITY_MINOR = 2_000_00
"""Above it persons decide."""

rounds = count(1)


@dataclass
class Life:
    """One supplier and what it does. `receivables` are its invoices' ids, in order."""

    name: str
    supplier: Supplier
    house: House
    receivables: list[int]
    live: Callable[["Life"], None]

    # ── what it does ─────────────────────────────────────────────────────────────────────────────────────────────────
    def quote(self, amount_minor: int) -> int:
        return self.supplier.quote(amount_minor)["id"]

    def apply(self, quote_id: int) -> int:
        return self.supplier.api.post("applications/", {"quote": quote_id})["id"]

    def decided(self, application_id: int) -> dict:
        return self.supplier.api.wait(
            f"applications/{application_id}/", lambda each: each["status"] not in ("SUBMITTED", "REFERRED")
        )

    def financed(self, amount_minor: int, *ends: str) -> int:
        """Apply, and wait until its advance is ACTIVE (or came to one of the `ends`); the advance's number."""
        found = self.decided(self.apply(self.quote(amount_minor)))
        assert found["status"] == "APPROVED", found
        self.comes_to(found["advance"], *(ends or ("ACTIVE",)))
        return found["advance"]

    def comes_to(self, advance_id: int, *states: str) -> None:
        self.supplier.api.wait(f"advances/{advance_id}/", lambda each: each["status"] in states)

    def repays(self, advance_id: int, times: int) -> None:
        """The funder has heard of its money: of two payments it may hear of the later one first."""
        self.supplier.api.wait(f"advances/{advance_id}/", lambda each: len(each["repayments"]) == times)

    def settled(self, key: str, receivable: int, amount_minor: int | None = None) -> None:
        """The platform pays, and the bank has booked it."""
        platform = self.house.machine(self.house.cast.meridian, MAKER)
        lines = [{"receivable": self.receivables[receivable], "amount_minor": amount_minor}]
        made = platform.post("settlements/", {"key": f"{self.supplier.party.name}-{key}", "lines": lines})
        platform.wait(
            f"settlements/{made['id']}/", lambda each: {one["status"] for one in each["payments"]} == {"BOOKED"}
        )


def ordinary(life: Life) -> None:
    life.financed(900_00)


def to_the_limit(life: Life) -> None:
    """Three offers, of which two are within the limit: which two is left to chance, that they are two is not."""
    asked = [life.apply(quote) for quote in [life.quote(1_200_00) for _ in range(3)]]
    assert sorted(life.decided(each)["status"] for each in asked) == ["APPROVED", "APPROVED", "DECLINED"]


def in_a_rush(life: Life) -> None:
    """As many applications at once as it has invoices."""
    asked = [life.apply(quote) for quote in [life.quote(100_00) for _ in life.receivables]]
    for each in asked:
        found = life.decided(each)
        assert found["status"] == "APPROVED", found
        life.comes_to(found["advance"], "ACTIVE")


def repaid(life: Life) -> None:
    advance = life.financed(900_00)
    life.settled("1", 0)
    life.comes_to(advance, "REPAID")
    life.financed(500_00)


def in_parts(life: Life) -> None:
    advance = life.financed(900_00)
    life.settled("1", 0, 400_00)
    life.repays(advance, 1)
    life.settled("2", 0)
    life.comes_to(advance, "REPAID")


def diluted(life: Life) -> None:
    """Of the first invoice some goods come back: the second one repays what it lacks."""
    advances = [life.financed(900_00), life.financed(500_00)]
    life.supplier.api.post("credit-notes/", life.supplier.credit_note(life.house.cast.meridian))
    life.settled("1", 0)
    life.repays(advances[0], 1)
    life.settled("2", 1)
    for advance in advances:
        life.comes_to(advance, "REPAID")


def refused(life: Life) -> None:
    """The bank refuses the first payment; the second one goes through."""
    life.financed(900_00, "FAILED")
    life.financed(900_00)


def returned(life: Life) -> None:
    """The bank books the first payment and sends it back."""
    life.financed(900_00, "FAILED")
    life.financed(900_00)


def by_hand(life: Life) -> None:
    """Above the authority of the policy: a maker recommends, a checker decides."""
    application_id = life.apply(life.quote(AUTHORITY_MINOR + 500_00))
    path = f"applications/{application_id}/"
    life.supplier.api.wait(path, lambda each: each["status"] == "REFERRED")
    for role, verb in ((MAKER, "recommend"), (CHECKER, "decide")):
        funder = life.house.machine(life.house.cast.harbour, role)
        seen = funder.get(path)["seen_hash"]
        funder.post(f"{path}{verb}/", {"outcome": "APPROVED", "note": "Orders agree.", "seen_hash": seen})
    assert life.decided(application_id)["status"] == "APPROVED"


def invoiced(life: Life) -> None:
    """From the invoice on: the match with order and receipt accepts it."""
    invoice = life.supplier.invoice(life.house.cast.meridian)
    [said] = life.supplier.api.post("receivables/", invoice)["results"]
    assert said["status"] == "ACCEPTED", said
    life.financed(900_00)


LIVES: dict[Callable[[Life], None], tuple[int, ...]] = {
    ordinary: (1_000_00,),
    to_the_limit: (1_000_00,) * 4,
    in_a_rush: (200_00,) * 12,
    repaid: (1_000_00, 1_000_00),
    in_parts: (1_000_00,),
    diluted: (1_000_00, 1_000_00),
    refused: (1_000_00,),
    returned: (1_000_00,),
    by_hand: (1_000_00,) * 4,
    invoiced: (),
}
"""With the gross amounts of the invoices that each begins with."""


FEWER = (to_the_limit, in_parts, diluted, refused, returned, by_hand, invoiced)
"""What the others do, these do as well."""


def begin(house: House, chosen: Iterable[Callable[[Life], None]]) -> list[Life]:
    """The suppliers of one more round, before any of them does anything."""
    name = letters(next(rounds))
    lives = [born(house, live, f"{live.__name__.replace('_', '').capitalize()}{name}") for live in chosen]
    for life in lives:
        if life.name in ("refused", "returned"):
            house.fault(life.name, reason="AC04", match={"creditor_iban": life.supplier.iban})
    return lives


def born(house: House, live: Callable[[Life], None], name: str) -> Life:
    """Its supplier with what it begins with, under a name of its own."""
    supplier = house.supplier(name, LIVES[live])
    receivables = Receivable.objects.filter(supplier=supplier.party).order_by("id").values_list("id", flat=True)
    return Life(live.__name__, supplier, house, list(receivables), live)


def letters(number: int) -> str:
    """1: A, 27: AA. Digits would be read as part of an invoice's number."""
    return (letters((number - 1) // 26) if number > 26 else "") + chr(65 + (number - 1) % 26)
