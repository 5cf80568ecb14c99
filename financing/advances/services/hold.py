"""Money that is due to a supplier and cannot go there now: held as cash collateral until nothing stands in its way."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from accounts.trail.services import News, record
from financing.advances.models import Advance
from financing.advances.services.rows import book_all, lock_facilities
from financing.banking.models import BankAccount, PaymentInstruction
from financing.banking.services import Payment, instruct
from financing.credit.models import Facility
from financing.ledger.models import Book, Entry
from financing.ledger.queries import balances
from financing.ledger.services import LegOf, Posting
from portal.shared.access import Actor
from portal.shared.database import acting, update_many

type Pair = tuple[int, int]
"""(supplier id, funder id)"""

IN_ARREARS = (Advance.Status.OVERDUE, Advance.Status.DEFAULTED, Advance.Status.WRITTEN_OFF)


def in_arrears(pairs: Collection[Pair], *, but: Iterable[int] = ()) -> set[Pair]:
    """Those of the suppliers that are in arrears with that very funder, the facilities named in `but` left aside."""
    late = (
        Advance.objects.filter(
            status__in=IN_ARREARS,
            supplier_id__in={supplier for supplier, _ in pairs},
            funder_id__in={funder for _, funder in pairs},
        )
        .exclude(facility_id__in=list(but))
        .values_list("supplier_id", "funder_id")
    )
    return set(late) & set(pairs)


def hold_back(*, actor: Actor, instruction_ids: Collection[int], now: datetime) -> None:
    """The bank refused or returned these remainders: what was due to the supplier is held for it. Repeatable.

    What it owes back, as it was paid too much before, is made good from it first.
    """
    with acting(actor):
        found = list(
            PaymentInstruction.objects.filter(
                id__in=list(instruction_ids), purpose=PaymentInstruction.Purpose.REMAINDER
            ).select_related("account")
        )
        facilities = lock_facilities(each.facility_id for each in found)
        booked = Entry.objects.filter(book__funder__in={each.account.party_id for each in found})
        done = set(booked.filter(key__in=map(_key_of_holding, found)).values_list("key", flat=True))
        found = [each for each in found if _key_of_holding(each) not in done]
        book_all(actor, [(each.account.party_id, _held(each)) for each in found], now)
        book_all(actor, _made_good(found, facilities), now)
        update_many(Facility, list(facilities.values()), ["overpaid_minor"])
        facts = [
            {"amount_minor": each.amount_minor, "currency": each.currency, "reason": each.reason} for each in found
        ]
        news = [
            News("remainder.held", each, (facilities[each.facility_id].supplier_id, each.account.party_id), fact)
            for each, fact in zip(found, facts, strict=True)
        ]
        record(actor, now, news)


def pay_held(*, actor: Actor, book_id: int, now: datetime) -> None:
    """Pay out what is held in a book for suppliers who are in no arrears, once per business date.

    Where the bank sent the last payment back, it is tried again only once the supplier has another account.
    """
    with acting(actor):
        book = Book.objects.get(id=book_id)
        held = _held_in(book_id)
        facilities = lock_facilities(facility_id for _, _, facility_id in held)
        held = _held_in(book_id)  # under the locks: what was freed meanwhile is not freed again
        late = in_arrears({(each.supplier_id, each.funder_id) for each in facilities.values()})
        paying = [
            (facilities[facility_id], amount)
            for (_, _, facility_id), amount in sorted(held.items())
            if (facilities[facility_id].supplier_id, book.funder_id) not in late
            and _may_go(facilities[facility_id], book)
        ]
        book_all(actor, [(book.funder_id, _freed(each, amount, book)) for each, amount in paying], now)
        instruct(actor=actor, payments=[_payment(each, amount, book) for each, amount in paying], now=now)


def _held_in(book_id: int) -> dict[tuple[str, str, int], int]:
    """What is held, per account of the book, as positive amounts."""
    found = balances(book_id=book_id, kinds=["CASH_COLLATERAL"])
    return {account: -balance for account, balance in found.items() if balance < 0}


def _may_go(facility: Facility, book: Book) -> bool:
    account = BankAccount.objects.filter(party=facility.supplier_id, currency=facility.currency, closed_at=None).first()
    last = (
        PaymentInstruction.objects.filter(
            account__party=book.funder_id, payee=facility.supplier_id, currency=facility.currency,
            purpose=PaymentInstruction.Purpose.REMAINDER,
        )
        .order_by("-id")
        .first()
    )  # fmt: skip
    came_back = last is not None and last.status in (last.Status.REJECTED, last.Status.RETURNED)
    return account is not None and not (came_back and last.creditor_iban == account.iban)


def _made_good(found: Iterable[PaymentInstruction], facilities: Mapping[int, Facility]) -> list[tuple[int, Posting]]:
    postings = []
    for each in found:
        facility = facilities[each.facility_id]
        amount = min(each.amount_minor, facility.overpaid_minor)
        if not amount:
            continue
        facility.overpaid_minor -= amount
        legs = (LegOf("CASH_COLLATERAL", amount, facility.id), LegOf("DUE_TO_SUPPLIER", -amount, facility.id))
        made_good = Posting(
            key=f"remainder/{each.id}/made-good", kind="remainder.made_good", currency=each.currency, legs=legs,
            subject_type=each._meta.label_lower, subject_id=each.id,
        )  # fmt: skip
        postings.append((each.account.party_id, made_good))
    return postings


def _key_of_holding(instruction: PaymentInstruction) -> str:
    return f"remainder/{instruction.id}/held"


def _held(instruction: PaymentInstruction) -> Posting:
    legs = (
        LegOf("DUE_TO_SUPPLIER", instruction.amount_minor, instruction.facility_id),
        LegOf("CASH_COLLATERAL", -instruction.amount_minor, instruction.facility_id),
    )
    return Posting(
        key=_key_of_holding(instruction), kind="remainder.held", currency=instruction.currency, legs=legs,
        subject_type=instruction._meta.label_lower, subject_id=instruction.id,
    )  # fmt: skip


def _key(facility: Facility, book: Book) -> str:
    return f"held/{facility.id}/{book.business_date.isoformat()}"


def _freed(facility: Facility, amount_minor: int, book: Book) -> Posting:
    legs = (
        LegOf("CASH_COLLATERAL", amount_minor, facility.id),
        LegOf("DUE_TO_SUPPLIER", -amount_minor, facility.id),
    )
    return Posting(
        key=_key(facility, book), kind="collateral.freed", currency=facility.currency, legs=legs,
        subject_type=facility._meta.label_lower, subject_id=facility.id,
    )  # fmt: skip


def _payment(facility: Facility, amount_minor: int, book: Book) -> Payment:
    return Payment(
        key=_key(facility, book), purpose=PaymentInstruction.Purpose.REMAINDER, payer_id=book.funder_id,
        payee_id=facility.supplier_id, amount_minor=amount_minor, currency=facility.currency,
        subject_type=facility._meta.label_lower, subject_id=facility.id, contra_kind="DUE_TO_SUPPLIER",
        facility_id=facility.id, remittance="Held remainder",
    )  # fmt: skip
