"""Reads for pages and the API: accounts, payments with their messages, statements, what does not agree."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, CharField, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce, Collate, Upper
from django.db.models.lookups import StartsWith

from accounts.parties.queries import named
from financing.banking.models import BankAccount, BankEntry, BankMessage, PaymentInstruction, Statement
from financing.ledger.models import Account, Book, Leg
from financing.ledger.models import Entry as LedgerEntry
from financing.ledger.queries import balances
from portal.shared import wall
from portal.shared.access import Actor
from portal.shared.errors import NotFound

IN, OUT = DIRECTIONS = ("IN", "OUT")


def accounts(*, actor: Actor) -> QuerySet[BankAccount]:
    """Visible accounts with `balance_minor` as the bank has told it: its last statement and what it booked since.

    None where no statement has been collected yet. `stated_on` is the statement's date.
    """
    last = Statement.objects.filter(account=OuterRef("pk")).order_by("-date")
    since = (
        BankEntry.objects.filter(account=OuterRef("pk"), booking_date__gte=OuterRef("stated_on"))
        .filter(Q(booking_date__gt=OuterRef("stated_on")) | Q(statement=None))
        .order_by()
        .values("account")
        .annotate(total=Sum("amount_minor"))
        .values("total")
    )
    return (
        BankAccount.objects.visible_to(actor)
        .select_related("party")
        .annotate(stated_on=Subquery(last.values("date")[:1]), stated_minor=Subquery(last.values("closing_minor")[:1]))
        .annotate(balance_minor=F("stated_minor") + Coalesce(Subquery(since), 0))
        .order_by("party__name", "currency")
    )


def cash_by_book(*, actor: Actor) -> dict[str, int] | None:
    """What the party's own book says that its accounts hold, by currency; None for a party without a book."""
    book = Book.objects.visible_to(actor).filter(funder_id=actor.party_id).first()
    if book is None:
        return None
    return {currency: amount for (_, currency, _), amount in balances(book_id=book.id, kinds=["CASH"]).items()}


def entries(*, actor: Actor, account_id: int | None = None) -> QuerySet[BankEntry]:
    """Bookings, latest first."""
    found = BankEntry.objects.visible_to(actor).select_related("instruction", "account")
    return (found if account_id is None else found.filter(account_id=account_id)).order_by("-booking_date", "-id")


def statements(*, actor: Actor) -> QuerySet[Statement]:
    return Statement.objects.visible_to(actor).select_related("account__party").order_by("-date", "account_id")


def instructions(
    *, actor: Actor, status: str = "", subject_type: str = "", subject_id: int | None = None
) -> QuerySet[PaymentInstruction]:
    """Payments, latest first; of one subject where given."""
    found = PaymentInstruction.objects.visible_to(actor).select_related("payer", "payee")
    if status:
        found = found.filter(status=status)
    if subject_type:
        found = found.filter(subject_type=subject_type)
    if subject_id is not None:
        found = found.filter(subject_id=subject_id)
    return found.order_by("-id")


def flows(*, actor: Actor) -> QuerySet[PaymentInstruction]:
    """Payments with `direction` as the party sees them; None where it neither pays nor is paid."""
    direction = Case(
        When(payer_id=actor.party_id, then=Value(OUT)), When(payee_id=actor.party_id, then=Value(IN)),
        default=None, output_field=CharField(null=True),
    )  # fmt: skip
    return instructions(actor=actor).annotate(direction=direction)


def going(*, actor: Actor, direction: str) -> QuerySet[PaymentInstruction]:
    """What the party pays (OUT) or what it is paid (IN), with `direction`."""
    side = {OUT: "payer_id", IN: "payee_id"}[direction]
    found = instructions(actor=actor).filter(**{side: actor.party_id})
    return found.annotate(direction=Value(direction, output_field=CharField(null=True)))


def found_by(text: str) -> Q:
    """What a search asks of payments: a name with the text in it, or a reference or remittance that begins with it.

    Each is found in an index; parts of every remittance would be looked for in all of them.
    """
    parties = named(text)
    remitted = StartsWith(Collate(Upper("remittance"), "C"), text.upper())
    of_party = Q(payer__in=parties) | Q(payee__in=parties)
    return of_party | Q(end_to_end_id__startswith=text.upper()) | Q(remitted)


def reasons_of(instruction_ids: Iterable[int]) -> dict[int, str]:
    """What the bank said of payments that it refused or returned, whole; for those who act upon it."""
    return dict(PaymentInstruction.objects.filter(id__in=set(instruction_ids)).values_list("id", "reason"))


@dataclass(frozen=True, slots=True)
class Trail:
    """A payment with every message that went over the wire for it, and the bookings that the actor may see.

    Messages: the order (pain.001), its answers (pain.002), the notice that told of the booking (camt.054) and the
    statement that states it (camt.053), oldest first.
    """

    instruction: PaymentInstruction
    messages: list[BankMessage]
    bookings: list[BankEntry]


def trail(*, actor: Actor, instruction_id: int) -> Trail:
    """Messages belong to the payer's account: a payee sees its payment and its own bookings, none of the messages.

    Raises NotFound.
    """
    with wall.inside():  # the account is the payer's: to a payee only what Trail takes of it is shown
        instruction = instructions(actor=actor).select_related("account").filter(id=instruction_id).first()
    if instruction is None:
        raise NotFound()
    bookings = list(
        BankEntry.objects.visible_to(actor)
        .filter(instruction=instruction)
        .select_related("statement", "account")
        .order_by("id")
    )
    told = {each.message_id for each in bookings} | {each.statement.message_id for each in bookings if each.statement}
    of_payment = Q(id__in=told)
    if instruction.message_id:  # compared with NULL, every message that answers none would be this payment's
        of_payment |= Q(id=instruction.message_id) | Q(in_reply_to=instruction.message_id)
    told_of_it = messages(actor=actor).filter(of_payment).order_by("recorded_at", "id")
    return Trail(instruction, list(told_of_it), bookings)


def messages(*, actor: Actor) -> QuerySet[BankMessage]:
    """Messages to and from the banks of the actor's accounts, without what stands in them."""
    return BankMessage.objects.visible_to(actor).select_related("account").defer("content").order_by("-id")


@dataclass(frozen=True, slots=True)
class Unmatched:
    """Something that only one side knows. `side`: BANK, PORTAL (not in the bank's statement) or LEDGER."""

    side: str
    account_id: int
    date: date
    reference: str
    amount_minor: int
    currency: str


def unmatched(statement: Statement) -> list[Unmatched]:
    """What does not find its counterpart on the day of a statement.

    BANK     money that left without a payment of ours, or an entry that is not in the owner's book
    PORTAL   an entry that the bank told us of and does not state
    LEDGER   cash booked without an entry of the bank; paid-in capital is the account's opening balance
    """
    account = statement.account
    book = Book.objects.filter(funder_id=account.party_id).first()
    of_day = BankEntry.objects.filter(account=account, booking_date=statement.date).order_by("id")
    odd = Q(instruction=None, amount_minor__lt=0)
    if book is not None:
        booked = LedgerEntry.objects.filter(book=book, subject_type="banking.bankentry", subject_id=OuterRef("pk"))
        odd |= ~Exists(booked)
    found = [_of_bank("PORTAL", entry) for entry in of_day.exclude(statement=statement)]
    found += [_of_bank("BANK", entry) for entry in of_day.filter(odd, statement=statement)]
    if book is not None:
        found += _cash_without_bank(account, book, statement.date)
    return found


def _of_bank(side: str, entry: BankEntry) -> Unmatched:
    return Unmatched(
        side, entry.account_id, entry.booking_date, entry.bank_reference, entry.amount_minor, entry.currency
    )


def _cash_without_bank(account: BankAccount, book: Book, day: date) -> list[Unmatched]:
    """From the entries of the day to their movements: the cash account has those of all days, which may be millions."""
    legs = Leg.objects.filter(entry=OuterRef("pk"))
    cash = legs.filter(account__kind=Account.Kind.CASH, account__currency=account.currency).order_by("id")
    entries = (
        LedgerEntry.objects.filter(book=book, business_date=day)
        .exclude(subject_type="banking.bankentry")
        .exclude(Exists(legs.filter(account__kind=Account.Kind.CAPITAL)))
        .annotate(moved=ArraySubquery(cash.values("amount_minor")))
        .order_by("id")
        .values_list("key", "moved")
    )  # fmt: skip
    return [
        Unmatched("LEDGER", account.id, day, key, amount, account.currency)
        for key, moved in entries
        for amount in moved
    ]


@dataclass(frozen=True, slots=True)
class Unreconciled:
    """A day on which the bank and the ledger do not agree."""

    statement: Statement
    difference_minor: int
    entries: list[Unmatched]


def unreconciled(*, actor: Actor) -> list[Unreconciled]:
    """Days with a difference or with entries that only one side knows, latest first; [] is as it should be."""
    differs = Q(ledger_minor__isnull=False) & ~Q(ledger_minor=F("closing_minor"))
    days = statements(actor=actor).filter(differs | Q(unmatched__gt=0))
    return [Unreconciled(day, day.difference_minor, unmatched(day)) for day in days]
