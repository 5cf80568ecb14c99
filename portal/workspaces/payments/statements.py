"""The bank's days of an account, each held against the book: opening, entries, closing, and what does not agree."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from financing.banking.models import BankEntry
from financing.banking.queries import statements as all_statements
from portal.shared.access import FUNDERS, require
from portal.shared.errors import NotFound
from portal.ui.tables import Column, Table
from portal.workspaces.access import for_kinds
from portal.workspaces.payments.odd import of_one_side
from portal.workspaces.payments.views import KINDS

STATEMENTS = (
    Column("date", gettext_lazy("Day"), kind="day", sort=True,
           url=lambda row: reverse("payments:statement", args=[row.pk])),
    Column("account.iban", gettext_lazy("Account"), kind="iban"),
    Column("opening_minor", gettext_lazy("Opening"), kind="money", currency="account.currency"),
    Column("closing_minor", gettext_lazy("Closing"), kind="money", sort=True, currency="account.currency"),
    Column("ledger_minor", gettext_lazy("By the book"), kind="money", currency="account.currency"),
    Column(
        "difference_minor", gettext_lazy("Difference"), kind="money", currency="account.currency",
        value=lambda row: None if row.ledger_minor is None else row.difference_minor,
    ),
    Column("unmatched", gettext_lazy("Known to one side"), kind="number", sort=True),
)  # fmt: skip


def _payment_url(row: BankEntry) -> str:
    return reverse("payments:payment", args=[row.instruction_id]) if row.instruction_id else ""


ENTRIES = (
    Column("bank_reference", gettext_lazy("Bank's reference"), kind="id", sort=True),
    Column("value_date", gettext_lazy("Value date"), kind="day", sort=True),
    Column("counterparty_name", gettext_lazy("With"), sort=True),
    Column("remittance", gettext_lazy("Remittance")),
    Column("amount_minor", gettext_lazy("Amount"), kind="money", sort=True),
    Column("end_to_end_id", gettext_lazy("Payment"), kind="id", url=_payment_url),
    Column("return_reason", gettext_lazy("Return")),
)


@for_kinds(*KINDS)
def statements(request: HttpRequest) -> HttpResponse:
    require(request.actor, "banking.view")
    keeps_book = request.actor.party_kind in FUNDERS
    columns = STATEMENTS if keeps_book else STATEMENTS[:4]
    table = Table(
        request, all_statements(actor=request.actor), columns, name="statements", caption=_("Statements"),
        order="-date", search=("account__iban",), live="banking.statement",
        empty={"title": _("No statement yet"),
               "text": _("A day's statement is fetched from the bank once the day is closed.")},
    )  # fmt: skip
    if table.export_wanted:
        return table.as_file()
    return render(request, "payments/statements.html", {"table": table, "keeps_book": keeps_book})


@for_kinds(*KINDS)
def statement(request: HttpRequest, statement_id: int) -> HttpResponse:
    require(request.actor, "banking.view")
    found = all_statements(actor=request.actor).filter(id=statement_id).first()
    if found is None:
        raise NotFound()
    table = Table(
        request, found.entries.all(), ENTRIES, name="entries", caption=_("Entries of the day"), order="bank_reference",
        search=("bank_reference", "end_to_end_id", "counterparty_name", "remittance"), page_size=50,
        empty={"title": _("Nothing moved on this day"), "text": _("The account closed as it had opened.")},
    )  # fmt: skip
    odd = of_one_side(request, found) if found.unmatched else None
    if exported := next((each for each in (table, odd) if each and each.export_wanted), None):
        return exported.as_file()
    context = {
        "statement": found,
        "table": table,
        "keeps_book": request.actor.party_kind in FUNDERS,
        "odd": odd,
    }
    return render(request, "payments/statement.html", context)
