"""Payments and what the bank says of them: instructions with their messages, and days that do not agree."""

from django.apps import apps
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from financing.banking.models import BankMessage, PaymentInstruction
from financing.banking.queries import found_by, instructions, trail
from financing.banking.queries import statements as all_statements
from portal.backoffice.names import named
from portal.backoffice.site import site
from portal.shared.access import OPERATOR, require
from portal.shared.errors import NotFound
from portal.ui.states import state
from portal.ui.tables import Column, Filter, Table
from portal.workspaces.access import for_kinds
from portal.workspaces.operator import queries
from portal.workspaces.operator.evidence import attachment
from portal.workspaces.payments import saying
from portal.workspaces.payments.odd import of_one_side

PAYMENTS = (
    Column("end_to_end_id", gettext_lazy("Payment"), kind="id",
           url=lambda row: reverse("operator:payment", args=[row.pk])),
    Column("purpose", gettext_lazy("Purpose"), sort=True, value=lambda row: row.get_purpose_display()),
    Column("payer.name", gettext_lazy("From"), sort="payer__name"),
    Column("payee.name", gettext_lazy("To"), sort="payee__name"),
    Column("amount_minor", gettext_lazy("Amount"), kind="money", sort=True),
    Column("status", gettext_lazy("State"), kind="status", of="payment", sort=True),
    Column("reason", gettext_lazy("Reason"), value=lambda row: _reason(row) or row.reason_text),
    Column("created_at", pgettext_lazy("time", "Instructed"), kind="instant", sort=True),
)  # fmt: skip
STATEMENTS = (
    Column("date", gettext_lazy("Day"), kind="day", sort=True,
           url=lambda row: reverse("operator:statement", args=[row.pk])),
    Column("account.party.name", gettext_lazy("Party"), sort="account__party__name"),
    Column("account.iban", gettext_lazy("Account"), kind="id"),
    Column("closing_minor", gettext_lazy("By the bank"), kind="money", sort=True, currency="account.currency"),
    Column("ledger_minor", gettext_lazy("By the book"), kind="money", sort=True, currency="account.currency"),
    Column("difference_minor", gettext_lazy("Difference"), kind="money", currency="account.currency"),
    Column("unmatched", gettext_lazy("Entries of one side"), kind="number", sort=True),
)  # fmt: skip


def _reason(row: PaymentInstruction) -> str:
    return saying.reason(row.reason) if row.reason else ""


@for_kinds(OPERATOR)
def payments(request: HttpRequest) -> HttpResponse:
    require(request.actor, "banking.view")
    table = Table(
        request, instructions(actor=request.actor), PAYMENTS, name="payments", caption=_("Payments"),
        order="-created_at", indexed=("created_at",), search=found_by,
        live="banking.paymentinstruction",
        filters=(
            Filter("status", _("State"), [(c, state(c, of="payment").label) for c in PaymentInstruction.Status.values]),
            Filter("purpose", _("Purpose"), PaymentInstruction.Purpose.choices),
        ),
        empty={"title": _("Nothing was paid yet"), "text": _("Every payment appears here as it is instructed.")},
    )  # fmt: skip
    return table.as_file() if table.export_wanted else render(request, "operator/payments.html", {"table": table})


@for_kinds(OPERATOR)
def payment(request: HttpRequest, instruction_id: int) -> HttpResponse:
    require(request.actor, "banking.view")
    found = trail(actor=request.actor, instruction_id=instruction_id)
    one = found.instruction
    subject = apps.get_model(one.subject_type)(pk=one.subject_id)
    context = {
        "payment": one,
        "reason": _reason(one),
        "paid_for": named(subject),
        "paid_for_url": site.address(one.subject_type, one.subject_id),
        "steps": saying.steps(found),
        "bookings": found.bookings,
        "happenings": saying.course(found),
    }
    return render(request, "operator/payment.html", context)


@for_kinds(OPERATOR)
def message_content(request: HttpRequest, message_id: int) -> HttpResponse:
    """A message as it went over the wire."""
    require(request.actor, "banking.view")
    found = BankMessage.objects.visible_to(request.actor).filter(id=message_id).first()
    if found is None:
        raise NotFound()
    return attachment(found.content, f"{found.kind}-{found.message_id}.xml")


@for_kinds(OPERATOR)
def statements(request: HttpRequest) -> HttpResponse:
    """Days that do not agree."""
    require(request.actor, "banking.view")
    rows = queries.unreconciled(request.actor).select_related("account__party")
    table = Table(
        request, rows, STATEMENTS, name="statements", caption=_("Days that do not agree"), order="-date",
        live="banking.statement",
        empty={
            "title": _("Bank and book agree to the cent"),
            "text": _("Each day's statement is held against the book. A day that differs appears here."),
        },
    )  # fmt: skip
    return table.as_file() if table.export_wanted else render(request, "operator/statements.html", {"table": table})


@for_kinds(OPERATOR)
def statement(request: HttpRequest, statement_id: int) -> HttpResponse:
    """A day of an account, with what only one side knows."""
    require(request.actor, "banking.view")
    found = all_statements(actor=request.actor).filter(id=statement_id).first()
    if found is None:
        raise NotFound()
    odd = of_one_side(request, found)
    if odd and odd.export_wanted:
        return odd.as_file()
    return render(request, "operator/statement.html", {"statement": found, "odd": odd})
