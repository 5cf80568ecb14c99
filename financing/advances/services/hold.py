"""Money that is due to a supplier and cannot go there now: held as cash collateral until nothing stands in its way."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from django.db.models import Count

from accounts.trail.services import News, record
from financing.advances.models import Advance
from financing.advances.services.rows import book_all, lock_facilities
from financing.banking.models import BankAccount, PaymentInstruction
from financing.banking.services import Payment, instruct, why
from financing.credit.models import Facility
from financing.ledger.models import Book, Entry
from financing.ledger.queries import balances
from financing.ledger.services import LegOf, Posting
from portal.shared.access import Actor
from portal.shared.database import acting, update_many

type Pair = tuple[int, int]
"""(supplier id, funder id)"""

FREED = "collateral.freed"
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


def hold(*, actor: Actor, amounts: Sequence[tuple[Advance, int]], now: datetime) -> None:
    """Hold for their suppliers what is due to them of these advances, whose payment never arrived (minor units)."""
    book_all(actor, [(each.funder_id, _held_of_advance(each, amount)) for each, amount in amounts], now)
    news = []
    for each, amount in amounts:
        facts = {"amount_minor": amount, "currency": each.currency}
        news.append(News("remainder.held", each, (each.supplier_id, each.funder_id), facts))
    record(actor, now, news)


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
        booked = Entry.objects.filter(book__funder__in={each.payer_id for each in found})
        done = set(booked.filter(key__in=map(_key_of_holding, found)).values_list("key", flat=True))
        found = [each for each in found if _key_of_holding(each) not in done]
        book_all(actor, [(each.payer_id, _held(each)) for each in found], now)
        book_all(actor, _made_good(found, facilities), now)
        update_many(Facility, list(facilities.values()), ["overpaid_minor"])
        record(actor, now, [_told(each, facilities[each.facility_id].supplier_id) for each in found])


def pay_held(*, actor: Actor, book_id: int, now: datetime, supplier_ids: Collection[int] = ()) -> None:
    """Pay out what is held in a book for suppliers (all, or these) who are in no arrears. Repeatable.

    Where the bank sent the last payment back, it is tried again only once the supplier has registered an account
    since, or a later payment has reached it.
    """
    with acting(actor):
        book = Book.objects.get(id=book_id)
        held = _held_in(book_id, supplier_ids)
        facilities = lock_facilities(facility_id for _, _, facility_id in held)
        held = _held_in(book_id, supplier_ids)  # under the locks: what was freed meanwhile is not freed again
        late = in_arrears({(each.supplier_id, each.funder_id) for each in facilities.values()})
        paying = [
            (facilities[facility_id], amount)
            for (_, _, facility_id), amount in sorted(held.items())
            if (facilities[facility_id].supplier_id, book.funder_id) not in late
            and _may_go(facilities[facility_id], book)
        ]
        keys = _keys([each for each, _ in paying], book)
        book_all(actor, [(book.funder_id, _freed(each, amount, keys[each.id])) for each, amount in paying], now)
        instruct(actor=actor, payments=[_payment(each, amount, keys[each.id]) for each, amount in paying], now=now)


def pay_held_to(*, actor: Actor, supplier_ids: Collection[int], now: datetime) -> None:
    """Pay out what is held for these suppliers, in whichever books: they have registered an account."""
    funders = Facility.objects.filter(supplier__in=list(supplier_ids)).values("funder")
    for book in Book.objects.filter(funder__in=funders).order_by("id"):
        pay_held(actor=actor, book_id=book.id, now=now, supplier_ids=supplier_ids)


def open_account(supplier_id: int, currency: str) -> BankAccount | None:
    """The one that is in force."""
    return BankAccount.objects.in_force().filter(party=supplier_id, currency=currency).first()


def _held_in(book_id: int, supplier_ids: Collection[int] = ()) -> dict[tuple[str, str, int], int]:
    """What is held, per account of the book, as positive amounts."""
    found = balances(book_id=book_id, kinds=["CASH_COLLATERAL"], facility_ids=_facility_ids(supplier_ids))
    return {account: -balance for account, balance in found.items() if balance < 0}


def _facility_ids(supplier_ids: Collection[int]) -> list[int]:
    return list(Facility.objects.filter(supplier__in=list(supplier_ids)).values_list("id", flat=True))


def _may_go(facility: Facility, book: Book) -> bool:
    account = open_account(facility.supplier_id, facility.currency)
    if account is None:
        return False
    states = PaymentInstruction.Status
    last = (
        PaymentInstruction.objects.filter(
            payer=book.funder_id, payee=facility.supplier_id, currency=facility.currency,
            creditor_iban=account.iban, status__in=[states.SETTLED, states.REJECTED, states.RETURNED],
        )
        .order_by("-id")
        .first()
    )  # fmt: skip
    return last is None or last.status == states.SETTLED or account.created_at > last.created_at


def _told(instruction: PaymentInstruction, supplier_id: int) -> News:
    funder_id = instruction.payer_id
    came_back = instruction.status == PaymentInstruction.Status.RETURNED
    facts, own = why(instruction.reason, payers=[funder_id], came_back=came_back)
    facts |= {"amount_minor": instruction.amount_minor, "currency": instruction.currency}
    return News("remainder.held", instruction, (supplier_id, funder_id), facts, own=own)


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
        postings.append((each.payer_id, made_good))
    return postings


def _key_of_holding(instruction: PaymentInstruction) -> str:
    return f"remainder/{instruction.id}/held"


def _held(instruction: PaymentInstruction) -> Posting:
    return _set_aside(_key_of_holding(instruction), instruction, instruction.amount_minor)


def _held_of_advance(advance: Advance, amount_minor: int) -> Posting:
    return _set_aside(f"given-back/{advance.id}/held", advance, amount_minor)


def _set_aside(key: str, subject: PaymentInstruction | Advance, amount_minor: int) -> Posting:
    """What is due to the supplier becomes cash collateral of the subject's facility."""
    legs = (
        LegOf("DUE_TO_SUPPLIER", amount_minor, subject.facility_id),
        LegOf("CASH_COLLATERAL", -amount_minor, subject.facility_id),
    )
    return Posting(
        key=key, kind="remainder.held", currency=subject.currency, legs=legs,
        subject_type=subject._meta.label_lower, subject_id=subject.id,
    )  # fmt: skip


def _keys(facilities: Collection[Facility], book: Book) -> dict[int, str]:
    """By facility the key of the next time that something is freed: the facilities' locks let one take it."""
    freed = Entry.objects.filter(
        book=book, kind=FREED, subject_type=Facility._meta.label_lower, subject_id__in=[each.id for each in facilities]
    )
    before = dict(freed.values_list("subject_id").annotate(Count("id")))
    return {each.id: f"held/{each.id}/{before.get(each.id, 0) + 1}" for each in facilities}


def _freed(facility: Facility, amount_minor: int, key: str) -> Posting:
    legs = (
        LegOf("CASH_COLLATERAL", amount_minor, facility.id),
        LegOf("DUE_TO_SUPPLIER", -amount_minor, facility.id),
    )
    return Posting(
        key=key, kind=FREED, currency=facility.currency, legs=legs, subject_type=facility._meta.label_lower,
        subject_id=facility.id,
    )  # fmt: skip


def _payment(facility: Facility, amount_minor: int, key: str) -> Payment:
    return Payment(
        key=key, purpose=PaymentInstruction.Purpose.REMAINDER, payer_id=facility.funder_id,
        payee_id=facility.supplier_id, amount_minor=amount_minor, currency=facility.currency,
        subject_type=facility._meta.label_lower, subject_id=facility.id, contra_kind="DUE_TO_SUPPLIER",
        facility_id=facility.id, remittance="Held remainder",
    )  # fmt: skip
