"""What a bank's message says of a payment, in a sentence for a person; and how the payment went."""

from dataclasses import dataclass, replace
from itertools import pairwise

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.trail.models import Event
from financing.banking.iso20022 import pain002
from financing.banking.iso20022.errors import UnreadableMessage
from financing.banking.models import BankEntry, BankMessage, PaymentInstruction
from financing.banking.queries import Trail
from portal.ui.formats import day, money
from portal.workspaces.sentences import BANK_REASONS, SENTENCES, Happening, sentence

P = PaymentInstruction.Status
S = pain002.Status
ANSWERS = {
    S.RECEIVED: gettext_lazy("The bank has the order and has not checked it yet."),
    S.PENDING: gettext_lazy("The bank has the order and lets it wait."),
    S.TECHNICALLY_VALID: gettext_lazy("The bank could read the order."),
    S.ACCEPTED: gettext_lazy("The bank accepted the order."),
    S.ACCEPTED_WITH_CHANGE: gettext_lazy("The bank accepted the order with a change."),
    S.IN_SETTLEMENT: gettext_lazy("The bank accepted the order and is carrying it out."),
    S.SETTLED: gettext_lazy("The bank carried the order out."),
    S.CREDITED: gettext_lazy("The money is on the payee's account."),
    S.PARTIALLY_ACCEPTED: gettext_lazy("The bank accepted some of the payments in the message."),
    S.CANCELLED: gettext_lazy("The order was cancelled."),
    S.REJECTED: gettext_lazy("The bank refused the order."),
}


@dataclass(frozen=True, slots=True)
class Step:
    """A message of a payment's trail, and what it says in words."""

    message: BankMessage
    says: str


def steps(trail: Trail) -> list[Step]:
    """Each message of the trail with what it says of this payment, oldest first; answers about others are left out."""
    answers = [message.id for message in trail.messages if message.kind == "pain.002"]
    contents = dict(BankMessage.objects.filter(id__in=answers).values_list("id", "content")) if answers else {}
    found = [Step(message, _of(message, trail, contents)) for message in trail.messages]
    return [step for step in found if step.says]


def _of(message: BankMessage, trail: Trail, contents: dict[int, bytes]) -> str:
    if message.kind == "pain.001":
        return _asked(trail.instruction)
    if message.kind == "pain.002":
        return _answered(bytes(contents[message.id]), trail.instruction)
    told = [_booked(each) for each in trail.bookings if each.message_id == message.id]
    stated = [_stated(each) for each in trail.bookings if each.statement and each.statement.message_id == message.id]
    return " ".join([*told, *dict.fromkeys(stated)])  # one statement has what left and what came back the same day


def _asked(payment: PaymentInstruction) -> str:
    amount = money(payment.amount_minor, payment.currency)
    # A name may end in a full stop of its own: "Sp. z o.o."
    return _("Asks the bank to pay {amount} to {name}.").format(amount=amount, name=payment.creditor_name.rstrip("."))


def _answered(content: bytes, payment: PaymentInstruction) -> str:
    """The report's line about the payment, or what it says of the whole message; "" where it tells of others alone."""
    try:
        report = pain002.parse(content)
    except UnreadableMessage:
        return _("The bank answered.")
    of_payment = next((each for each in report.payments if each.end_to_end_id == payment.end_to_end_id), None)
    if of_payment is None and report.payments:
        return ""
    status = of_payment.status if of_payment else report.group_status
    about = of_payment if of_payment and of_payment.reason_code else report
    if status == S.REJECTED and about.reason_code:
        return _("The bank refused the order: {reason}.").format(reason=reason(about.reason_code))
    return str(ANSWERS.get(status, _("The bank answered.")))


def _booked(entry: BankEntry) -> str:
    facts = {"amount": money(abs(entry.amount_minor), entry.currency), "day": day(entry.booking_date)}
    if entry.return_reason:
        sentence = _("{amount} came back on {day}: {reason}.")
        return sentence.format(**facts, reason=reason(entry.return_reason))
    if entry.amount_minor < 0:
        return _("{amount} left the account on {day}.").format(**facts)
    return _("{amount} reached the account on {day}.").format(**facts)


def _stated(entry: BankEntry) -> str:
    return _("The statement of {day} has it.").format(day=day(entry.statement.date))


def reason(code: str) -> str:
    """A reason code of ISO 20022 with its meaning, where that is known here."""
    known = BANK_REASONS.get(code)
    return _("{meaning} ({code})").format(meaning=known, code=code) if known else code


def course(trail: Trail) -> list[Happening]:
    """How a payment went, from what is kept of it: for whoever is told no event of it and may know all."""
    payment = trail.instruction
    answer = "payment.rejected" if payment.status == P.REJECTED else "payment.accepted"
    came_back = next((each.recorded_at for each in trail.bookings if each.return_reason), None)
    steps = (
        ("payment.due", payment.created_at), ("payment.sent", payment.sent_at), (answer, payment.answered_at),
        ("payment.settled", payment.settled_at), ("payment.returned", came_back),
    )  # fmt: skip
    facts = {"amount_minor": payment.amount_minor, "currency": payment.currency, "reason": payment.reason}
    told = [
        Happening(at, sentence(Event(name=name, payload=facts)), SENTENCES[name][1], name=name)
        for name, at in sorted((each for each in steps if each[1]), key=lambda each: each[1])
    ]
    took = [replace(b, took_ms=round((b.at - a.at).total_seconds() * 1000)) for a, b in pairwise(told)]
    return [*told[:1], *took]
