"""Money in and out as the acting party may see it: accounts, payments with their message trail.

A payee sees its payment and the bookings on its own account; what the bank says to the payer stays between the two.
"""

from datetime import date, datetime, time, timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from financing.banking.iso20022.parts import own
from financing.banking.models import BankMessage, PaymentInstruction
from financing.banking.queries import IN, OUT, found_by, going, instructions, trail
from portal.shared.access import FUNDERS, PLATFORM, SUPPLIER, require
from portal.shared.errors import NotFound
from portal.ui.paging import Merged
from portal.ui.states import state
from portal.ui.tables import Column, Filter, Table
from portal.workspaces.access import for_kinds
from portal.workspaces.operator.evidence import attachment
from portal.workspaces.payments import queries, saying, xml
from portal.workspaces.sentences import Happening, timeline

KINDS = (SUPPLIER, PLATFORM, *FUNDERS)
DIRECTIONS = {IN: gettext_lazy("Incoming"), OUT: gettext_lazy("Outgoing")}
S = PaymentInstruction.Status


def _other(row: PaymentInstruction) -> str:
    return row.payee.name if row.direction == OUT else row.payer.name


COLUMNS = (
    Column("created_at", pgettext_lazy("time", "Instructed"), kind="instant", sort=True,
           url=lambda row: reverse("payments:payment", args=[row.pk])),
    Column("other", gettext_lazy("With"), value=_other),
    Column("direction", gettext_lazy("Direction"), sort=True, value=lambda row: DIRECTIONS[row.direction]),
    Column("purpose", gettext_lazy("Purpose"), sort=True, value=lambda row: row.get_purpose_display()),
    Column("amount_minor", gettext_lazy("Amount"), kind="money", sort=True),
    Column("status", gettext_lazy("State"), kind="status", of="payment", sort=True),
    Column("settled_at", pgettext_lazy("time", "Booked"), kind="day", sort=True),
    Column("end_to_end_id", gettext_lazy("Reference"), kind="id"),
)  # fmt: skip


def _filters() -> tuple[Filter, ...]:
    today = timezone.localdate()
    spans = ((1, _("since yesterday")), (7, _("the last 7 days")), (30, _("the last 30 days")))
    since = [(_begin(today - timedelta(days=days)), label) for days, label in (*spans, (90, _("the last 90 days")))]
    return (
        Filter("direction", _("Direction"), list(DIRECTIONS.items())),
        Filter("status", _("State"), [(code, state(code, of="payment").label) for code in S.values]),
        Filter("since", pgettext("time", "Instructed"), since, field="created_at__gte"),
    )


def _begin(day: date) -> str:
    """The instant at which a day begins for who reads."""
    return timezone.make_aware(datetime.combine(day, time())).isoformat()


def payments_of(request: HttpRequest, page_size: int = 25) -> Table:
    """The acting party's payments, newest first."""
    both = Merged(*(going(actor=request.actor, direction=side) for side in DIRECTIONS))
    return Table(
        request, both, COLUMNS, name="payments", caption=_("Payments"), order="-created_at",
        indexed=("created_at",), search=found_by, filters=_filters(),
        page_size=page_size, live="banking.paymentinstruction",
        empty={"title": _("Nothing was paid yet"),
               "text": _("Every payment from or to your account appears here as soon as it is instructed.")},
    )  # fmt: skip


@for_kinds(*KINDS)
def payments(request: HttpRequest) -> HttpResponse:
    require(request.actor, "banking.view")
    table = payments_of(request)
    if table.export_wanted:
        return table.as_file()
    context = {
        "table": table,
        "accounts": queries.own_accounts(request.actor),
        "has_statements": request.actor.party_kind != SUPPLIER,
    }
    return render(request, "payments/payments.html", context)


@for_kinds(*KINDS)
def payment(request: HttpRequest, instruction_id: int) -> HttpResponse:
    actor = request.actor
    require(actor, "banking.view")
    found = trail(actor=actor, instruction_id=instruction_id)
    one = found.instruction
    is_payer, reason = one.is_told_why(actor), one.reason_for(actor)
    context = {
        "payment": one,
        "is_payer": is_payer,
        "steps": saying.steps(found),
        "bookings": found.bookings,
        "reason": saying.reason(reason) if reason else "",
        "paid_for": queries.paid_for(actor, one),
        "happenings": timeline(actor, one) if is_payer else _as_payee(one),
    }
    return render(request, "payments/payment.html", context)


def _as_payee(payment: PaymentInstruction) -> list[Happening]:
    """That it was ordered, that it was paid or refused and when; not what passed between the payer and its bank."""
    told = [Happening(payment.created_at, _("The payment to you was ordered"), S.DUE, name="payment.due")]
    if payment.settled_at:
        told.append(Happening(payment.settled_at, _("The payer's bank booked it"), S.SETTLED, name="payment.settled"))
    if payment.status == S.REJECTED:
        told.append(Happening(payment.answered_at, _("The payment was refused"), S.REJECTED, name="payment.rejected"))
    return told


def _message(request: HttpRequest, message_id: int) -> BankMessage:
    require(request.actor, "banking.view")
    found = BankMessage.objects.visible_to(request.actor).select_related("account").filter(id=message_id).first()
    if found is None:
        raise NotFound()
    return found


@for_kinds(*KINDS)
def message(request: HttpRequest, message_id: int) -> HttpResponse:
    """A message laid out to be read. It is text to the page, whatever it holds."""
    found = _message(request, message_id)
    content, is_part = own(bytes(found.content), found.account.iban)
    text = xml.readable(content)
    about = instructions(actor=request.actor).filter(message=found.in_reply_to_id or found.id)
    context = {
        "message": found,
        "text": text,
        "is_part": is_part,
        "is_cut": len(text) == xml.MOST_SHOWN,
        "payments": about[:20],
        "more": max(0, about.count() - 20),
    }
    return render(request, "payments/message.html", context)


@for_kinds(*KINDS)
def content(request: HttpRequest, message_id: int) -> HttpResponse:
    """The message as it went over the wire, as far as it speaks of the owner's account."""
    found = _message(request, message_id)
    part, _is_part = own(bytes(found.content), found.account.iban)
    return attachment(part, f"{found.kind}-{found.message_id}.xml")
