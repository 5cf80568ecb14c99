"""Books, payments, receivables, credit: what was lent, what is owed, what was booked."""

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _

from financing.advances.models import Advance, AdvanceReceivable, Application, Quote, Repayment
from financing.banking import channel
from financing.banking.models import BankAccount, BankEntry, BankMessage, PaymentInstruction, Statement
from financing.banking.services import inquire
from financing.credit.models import Assessment, Decision, Facility, PolicyVersion, Programme
from financing.ledger.models import Account, Book, Entry, Leg
from financing.receivables.models import (
    Assignment,
    CreditNote,
    InvoiceLine,
    OrderedLine,
    ReceiptClaim,
    Receivable,
    Settlement,
    SettlementLine,
    SettlementPayment,
)
from portal.backoffice.acts import Act
from portal.backoffice.base import ReadOnly
from portal.backoffice.columns import link, money
from portal.backoffice.filters import Agrees, choice, party, period, yes_or_no
from portal.backoffice.names import named
from portal.backoffice.site import site
from portal.shared.errors import RuleViolation
from portal.ui.states import state

ASKED_ABOUT = (PaymentInstruction.Status.SENT, PaymentInstruction.Status.UNKNOWN, PaymentInstruction.Status.ACCEPTED)
FACILITY = {"facility_id": "credit.facility", "assigned_facility_id": "credit.facility"}


def _ask_the_bank(actor, row: PaymentInstruction, now, reason: str) -> str:
    try:
        found = inquire(actor=actor, instruction_id=row.pk, now=now)
    except channel.Unanswered:
        raise RuleViolation(_("The bank does not answer. Ask again later."), code="BANK_UNANSWERED") from None
    return _("The bank says: {state}.").format(state=state(found.status, of="payment").label)


# ── banking ──────────────────────────────────────────────────────────────────────────────────────────────────────────
@admin.register(PaymentInstruction, site=site)
class PaymentInstructions(ReadOnly):
    columns = ("end_to_end_id", "purpose", "account", "payee", "amount_minor", "status", "reason", "created_at")
    search_fields = ("=end_to_end_id", "=key", "payee__name", "payer__name", "creditor_iban")
    list_filter = (choice("status"), choice("purpose"), party("payee"), period("created_at"))
    date_hierarchy = "created_at"
    refers = FACILITY
    acts = (
        Act(
            "ask", _("Ask the bank now"), "banking.retry", _ask_the_bank,
            fits=lambda row: row.message_id is not None and row.status in ASKED_ABOUT,
        ),
    )  # fmt: skip


@admin.register(BankMessage, site=site)
class BankMessages(ReadOnly):
    columns = ("id", "direction", "kind", "message_id", "account", "state", "recorded_at", "asked_at")
    search_fields = ("=message_id", "account__iban", "account__party__name")
    list_filter = (choice("direction"), choice("state"), period("recorded_at"))
    more_fields = ("wire",)

    @admin.display(description=_("as it went over the wire"))
    def wire(self, row: BankMessage):
        url = reverse("operator:message_content", args=[row.pk])
        return format_html('<a class="bo-link" href="{}" download>{}</a>', url, _("Download the message"))


@admin.register(BankEntry, site=site)
class BankEntries(ReadOnly):
    columns = ("bank_reference", "account", "amount_minor", "booking_date", "counterparty_name", "instruction")
    search_fields = ("=bank_reference", "=end_to_end_id", "counterparty_name", "counterparty_iban", "remittance")
    list_filter = (period("booking_date"),)


@admin.register(Statement, site=site)
class Statements(ReadOnly):
    columns = ("date", "account", "closing_minor", "ledger_minor", "unmatched", "reconciled_at")
    search_fields = ("account__iban", "account__party__name")
    list_filter = (Agrees, period("date"))
    date_hierarchy = "date"
    currency = "account__currency"


@admin.register(BankAccount, site=site)
class BankAccounts(ReadOnly):
    columns = ("iban", "party", "holder", "currency", "status", "connected", "created_at", "closed_at")
    search_fields = ("iban", "holder", "party__name")
    list_filter = (choice("status"), yes_or_no("connected"), party("party"))


# ── ledger ───────────────────────────────────────────────────────────────────────────────────────────────────────────
@admin.register(Book, site=site)
class Books(ReadOnly):
    columns = ("funder", "business_date", "time_zone", "calendar")
    search_fields = ("funder__name",)


@admin.register(Account, site=site)
class Accounts(ReadOnly):
    """Its turnovers are kept per value date: their key is a pair, so they have no page of their own."""

    columns = ("id", "book", "kind", "currency", "facility_id")
    search_fields = ("book__funder__name", "=facility_id")
    list_filter = (choice("kind"),)
    refers = FACILITY
    more_fields = ("turnovers",)
    TURNOVERS = 31

    @admin.display(description=_("turnover by value date"))
    def turnovers(self, row: Account):
        days = row.balances.order_by("-value_date")[: self.TURNOVERS]
        lines = [(day.value_date, money(day.debit_minor, row.currency), money(day.credit_minor, row.currency))
                 for day in days]  # fmt: skip
        return format_html_join("", "<div>{}: {} / {}</div>", lines) or "–"


@admin.register(Entry, site=site)
class Entries(ReadOnly):
    columns = ("id", "book", "kind", "key", "subject", "business_date", "value_date", "recorded_at")
    search_fields = ("=key",)
    list_filter = (period("business_date"), period("value_date"))
    more_fields = ("legs",)

    @admin.display(description=_("legs"))
    def legs(self, row: Entry):
        found = row.legs.select_related("account").order_by("id")
        lines = [
            (link("ledger.account", leg.account_id, named(leg.account)), money(leg.amount_minor, leg.account.currency))
            for leg in found
        ]
        return format_html_join("", "<div>{}: {}</div>", lines)


@admin.register(Leg, site=site)
class Legs(ReadOnly):
    columns = ("id", "entry", "account", "amount_minor")
    search_fields = ("=entry__key",)
    currency = "account__currency"


# ── receivables ──────────────────────────────────────────────────────────────────────────────────────────────────────
@admin.register(Receivable, site=site)
class Receivables(ReadOnly):
    columns = ("number", "supplier", "debtor", "funder", "gross_minor", "open_minor", "status", "match", "due_date")
    search_fields = ("number", "supplier__name", "debtor__name")
    list_filter = (choice("status"), choice("match"), party("supplier"), party("funder"), period("due_date"),
                   period("received_at"))  # fmt: skip
    date_hierarchy = "due_date"
    refers = FACILITY


@admin.register(InvoiceLine, site=site)
class InvoiceLines(ReadOnly):
    columns = ("id", "receivable", "line_number", "order_number", "sku", "quantity", "unit_price", "amount_minor")
    search_fields = ("=receivable__number", "=order_number", "=sku")
    currency = "receivable__currency"


@admin.register(ReceiptClaim, site=site)
class ReceiptClaims(ReadOnly):
    columns = ("id", "invoice_line", "receipt_line", "quantity")
    search_fields = ("=invoice_line__receivable__number",)


@admin.register(CreditNote, site=site)
class CreditNotes(ReadOnly):
    columns = ("number", "supplier", "debtor", "receivable", "amount_minor", "reason", "issue_date", "received_at")
    search_fields = ("number", "receivable__number", "supplier__name")
    list_filter = (party("supplier"), period("issue_date"))
    date_hierarchy = "issue_date"


@admin.register(Assignment, site=site)
class Assignments(ReadOnly):
    columns = ("id", "receivable", "facility_id", "funder", "agreement", "assigned_at", "released_at")
    search_fields = ("=receivable__number", "agreement", "registry_reference")
    list_filter = (party("funder"), ("released_at", admin.EmptyFieldListFilter), period("assigned_at"))
    refers = FACILITY


@admin.register(Settlement, site=site)
class Settlements(ReadOnly):
    columns = ("id", "debtor", "currency", "key", "status", "created_at", "created_by", "decided_by", "decided_at")
    search_fields = ("=key", "debtor__name")
    list_filter = (choice("status"), party("debtor"), period("created_at"))
    date_hierarchy = "created_at"


@admin.register(OrderedLine, site=site)
class OrderedLines(ReadOnly):
    columns = ("id", "settlement", "receivable", "amount_minor")
    search_fields = ("=receivable__number", "=settlement__key")
    currency = "receivable__currency"


@admin.register(SettlementPayment, site=site)
class SettlementPayments(ReadOnly):
    columns = ("id", "settlement", "payee", "amount_minor", "status", "instruction", "booked_at", "failure")
    search_fields = ("payee__name", "=instruction__end_to_end_id")
    list_filter = (choice("status"), party("payee"), period("settlement__created_at"), period("booked_at"))
    currency = "settlement__currency"


@admin.register(SettlementLine, site=site)
class SettlementLines(ReadOnly):
    columns = ("id", "payment", "receivable", "amount_minor")
    search_fields = ("=receivable__number",)
    currency = "receivable__currency"


# ── credit ───────────────────────────────────────────────────────────────────────────────────────────────────────────
@admin.register(PolicyVersion, site=site)
class PolicyVersions(ReadOnly):
    columns = ("id", "funder", "number", "status", "effective_from", "proposed_by", "decided_by", "decided_at")
    search_fields = ("funder__name", "=number", "note", "=body_hash")
    list_filter = (choice("status"), party("funder"), period("effective_from"))


@admin.register(Programme, site=site)
class Programmes(ReadOnly):
    columns = ("name", "funder", "debtor", "currency", "technique", "agreement", "is_open")
    search_fields = ("name", "agreement", "funder__name", "debtor__name")
    list_filter = (yes_or_no("is_open"), party("funder"), party("debtor"))


@admin.register(Facility, site=site)
class Facilities(ReadOnly):
    columns = ("id", "programme", "supplier", "funder", "limit_minor", "principal_minor", "reserved_minor", "status")
    search_fields = ("supplier__name", "programme__name")
    list_filter = (choice("status"), party("supplier"), party("funder"), period("joined_at"))
    date_hierarchy = "joined_at"


@admin.register(Assessment, site=site)
class Assessments(ReadOnly):
    columns = ("id", "supplier", "debtor", "funder", "policy", "as_of", "grade", "points", "limit_minor")
    search_fields = ("supplier__name", "=grade", "=inputs_hash")
    list_filter = (party("supplier"), party("funder"), period("as_of"))


@admin.register(Decision, site=site)
class Decisions(ReadOnly):
    columns = ("id", "application_id", "supplier", "funder", "policy", "outcome", "decided_by", "decided_at")
    search_fields = ("=application_id", "supplier__name", "=inputs_hash")
    list_filter = (choice("outcome"), party("supplier"), party("funder"), period("decided_at"))
    refers = {"application_id": "advances.application"}


# ── advances ─────────────────────────────────────────────────────────────────────────────────────────────────────────
@admin.register(Quote, site=site)
class Quotes(ReadOnly):
    columns = ("id", "supplier", "funder", "amount_minor", "annual_rate", "fee_minor", "grade", "created_at")
    search_fields = ("supplier__name",)
    list_filter = (party("supplier"), party("funder"), period("created_at"))


@admin.register(Application, site=site)
class Applications(ReadOnly):
    columns = ("id", "supplier", "funder", "amount_minor", "status", "submitted_at", "decided_at")
    search_fields = ("=id", "supplier__name")
    list_filter = (choice("status"), party("supplier"), party("funder"), period("submitted_at"))


@admin.register(Advance, site=site)
class Advances(ReadOnly):
    columns = ("id", "supplier", "funder", "amount_minor", "principal_minor", "status", "approved_at", "due_date")
    search_fields = ("=id", "supplier__name")
    list_filter = (choice("status"), party("supplier"), party("funder"), period("approved_at"), period("due_date"))


@admin.register(AdvanceReceivable, site=site)
class AdvanceReceivables(ReadOnly):
    columns = ("id", "advance", "receivable", "released_at")
    search_fields = ("=receivable__number", "=advance__id")
    list_filter = (("released_at", admin.EmptyFieldListFilter),)


@admin.register(Repayment, site=site)
class Repayments(ReadOnly):
    columns = ("id", "advance", "payment", "principal_minor", "interest_minor", "fees_minor", "value_date")
    search_fields = ("=advance__id",)
    list_filter = (period("value_date"),)
    currency = "advance__currency"
