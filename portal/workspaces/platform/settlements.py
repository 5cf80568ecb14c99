"""Settlements: what is due and when, paying it with the exact totals seen before, and what the bank made of it."""

import hashlib
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django import forms
from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.trail.models import Event
from financing.banking.models import PaymentInstruction
from financing.banking.services import NoBankAccount
from financing.receivables import services
from financing.receivables.models import Settlement, SettlementPayment
from financing.receivables.queries import IS_PROPOSED, UNVERIFIED, due_settlements, payable_on
from financing.receivables.services.settlement import MAX_LINES
from portal.shared.access import PLATFORM, Actor, permits, require
from portal.shared.errors import NotFound, RuleViolation, Stale
from portal.ui.charts import Chart, Series
from portal.ui.forms import DayInput
from portal.ui.states import state
from portal.ui.tables import Column, Filter, Table
from portal.workspaces.access import for_kinds
from portal.workspaces.platform import approving, queries
from portal.workspaces.platform.approving import PAYEES, early_after
from portal.workspaces.sentences import Happening, tell

WEEKS, LEAST_WEEKS = 13, 6
TOLD = 100
"""Steps that a settlement's timeline shows, the latest."""

DUE = (
    Column("due_date", gettext_lazy("Due"), kind="day", sort=True,
           url=lambda row: reverse("platform:due", args=[row["due_date"].isoformat(), row["currency"]])),
    Column("count", gettext_lazy("Invoices"), kind="number", sort=True),
    Column("payable_minor", gettext_lazy("To pay"), kind="money", sort=True),
    Column("until_minor", gettext_lazy("Until then, in all"), kind="money"),
)  # fmt: skip
SETTLEMENTS = (
    Column("key", gettext_lazy("Settlement"), kind="id", url=lambda row: reverse("platform:settlement", args=[row.pk])),
    Column("created_at", gettext_lazy("Made"), kind="instant", sort=True),
    Column("stage", gettext_lazy("State"), kind="status", sort=True),
    Column("payees", gettext_lazy("Payments"), kind="number", sort=True),
    Column("instructed", gettext_lazy("Under way"), kind="number", sort=True),
    Column("booked", gettext_lazy("Booked"), kind="number", sort=True),
    Column("failed", gettext_lazy("Failed"), kind="number", sort=True),
    Column("amount_minor", gettext_lazy("Amount"), kind="money", sort=True),
)
OF_DAY = (
    Column("number", gettext_lazy("Invoice"), kind="id", sort=True,
           url=lambda row: reverse("platform:receivable", args=[row.pk])),
    Column("supplier.name", gettext_lazy("Supplier"), sort="supplier__name"),
    Column("payee", gettext_lazy("Paid to"), value=lambda row: row.due_to.name),
    Column("status", gettext_lazy("State"), kind="status", sort=True),
    Column("left_minor", gettext_lazy("To pay"), kind="money", sort=True),
)  # fmt: skip
PAYMENTS = (
    Column("payee.name", gettext_lazy("Payee"), sort="payee__name"),
    Column(
        "instruction.end_to_end_id",
        gettext_lazy("Payment"),
        kind="id",
        url=lambda row: row.instruction_id and reverse("payments:payment", args=[row.instruction_id]),
    ),
    Column("instruction.status", gettext_lazy("State"), kind="status", of="payment", sort=True),
    Column("value_date", gettext_lazy("Value date"), kind="day", sort=True),
    Column("failure", gettext_lazy("What the bank said")),
    Column("amount_minor", gettext_lazy("Amount"), kind="money", sort=True, currency="settlement.currency"),
)
LINES = (
    Column("receivable.number", gettext_lazy("Invoice"), kind="id", sort="receivable__number",
           url=lambda row: reverse("platform:receivable", args=[row.receivable_id])),
    Column("receivable.supplier.name", gettext_lazy("Supplier"), sort="receivable__supplier__name"),
    Column("payment.payee.name", gettext_lazy("Paid to"), sort="payment__payee__name"),
    Column("receivable.due_date", gettext_lazy("Due"), kind="day", sort="receivable__due_date"),
    Column("amount_minor", gettext_lazy("Amount"), kind="money", sort=True, currency="payment.settlement.currency"),
)  # fmt: skip


class Until(forms.Form):
    """What to pay: everything of a currency that is due until a day, without the payees who are left out."""

    until = forms.DateField(label=gettext_lazy("Due until"), widget=DayInput())
    currency = forms.RegexField(r"^[A-Z]{3}$", label=gettext_lazy("Currency"))
    left_out = forms.RegexField(r"^(\d{1,18}(,\d{1,18})*)?$", required=False, widget=forms.HiddenInput)

    def __init__(self, *args, currencies: Sequence[str] = (), **kwargs):
        super().__init__(*args, **kwargs)
        if currencies:
            self.fields["currency"].widget = forms.Select(choices=[(each, each) for each in currencies])


class Order(Until):
    """The order to pay what was seen. The key makes pressing twice pay once."""

    key = forms.RegexField(r"^[A-Za-z0-9._-]{8,80}$", widget=forms.HiddenInput)
    seen = forms.RegexField(r"^[0-9a-f]{64}$", widget=forms.HiddenInput)


@dataclass(frozen=True, slots=True)
class Proposal:
    """What would be paid: the lines, by payee, and a hash that binds the order to what was seen."""

    until: date
    currency: str
    left_out: frozenset[int]
    lines: list[tuple[int, int]]
    payees: list[dict]
    early: dict
    """What of it is due long after today: count, amount_minor and last, its latest day."""

    @property
    def total_minor(self) -> int:
        return sum(amount for _, amount in self.lines)

    @property
    def seen(self) -> str:
        return hashlib.sha256(json.dumps(self.lines).encode()).hexdigest()


def propose(actor: Actor, until: date, currency: str, left_out: frozenset[int]) -> Proposal:
    """One statement, whatever is due. At most as much as one settlement may hold, the earliest due first."""
    owed = queries.payable_until(actor, until, currency).exclude(UNVERIFIED).exclude(IS_PROPOSED)
    rows = owed.exclude(payee_id__in=left_out).order_by("due_date", "id")
    found = list(rows.values_list("id", "left_minor", "payee_id", "payee_name", "due_date")[:MAX_LINES])
    payees: dict[int, dict] = {}
    for _id, left, payee, name, _due in found:
        new = {"id": payee, "name": name, "count": 0, "amount_minor": 0, "currency": currency}
        entry = payees.setdefault(payee, new)
        entry["count"] += 1
        entry["amount_minor"] += left
    lines = sorted((each, left) for each, left, *_ in found)
    return Proposal(until, currency, left_out, lines, list(payees.values()), _early(found))


def _early(found: Sequence[tuple]) -> dict:
    late = [(left, due) for _id, left, _payee, _name, due in found if due > early_after(timezone.localdate())]
    days = [due for _left, due in late]
    return {"count": len(late), "amount_minor": sum(left for left, _due in late), "last": max(days, default=None)}


@for_kinds(PLATFORM)
def home(request: HttpRequest) -> HttpResponse:
    rows = _running_totals(due_settlements(actor=request.actor))
    due_table = Table(
        request, rows, DUE, name="due", caption=_("To pay, by day"), page_size=12, live="receivables.receivable",
        empty={"title": _("Nothing is due"), "text": _("Accepted invoices appear here with the day they fall due.")},
    )  # fmt: skip
    table = Table(
        request, queries.settlements(request.actor), SETTLEMENTS, name="settlements", caption=_("Settlements"),
        search=("key",), order="-created_at", live="receivables.settlement receivables.settlementpayment",
        empty={"title": _("Nothing settled yet"), "text": _("A settlement pays what is due, each payee in one sum.")},
    )  # fmt: skip
    for each in (due_table, table):
        if each.export_wanted:
            return each.as_file()
    currencies = list(dict.fromkeys(row["currency"] for row in rows))
    context = {
        "due_table": due_table,
        "table": table,
        "totals": _totals(rows),
        "today": timezone.localdate(),
        "form": Until(initial={"until": timezone.localdate()}, currencies=currencies),
        "has_due": bool(rows),
        "calendar": _calendar(rows),
        "may_settle": permits(request.actor, "receivables.settle"),
    }
    return render(request, "platform/settlements.html", context)


def _calendar(rows: Sequence[dict]) -> Chart | None:
    """What falls due by week, in the currency of most of it; what is late counts in this week."""
    sums: dict[str, int] = {}
    for row in rows:
        sums[row["currency"]] = sums.get(row["currency"], 0) + row["payable_minor"]
    if not sums:
        return None
    currency = max(sums, key=sums.__getitem__)
    monday = timezone.localdate() - timedelta(days=timezone.localdate().weekday())
    weeks = [monday + timedelta(weeks=n) for n in range(WEEKS)]
    by_week = dict.fromkeys(weeks, 0)
    for row in rows:
        begins = max(monday, row["due_date"] - timedelta(days=row["due_date"].weekday()))
        if row["currency"] == currency and begins in by_week:
            by_week[begins] += row["payable_minor"]
    last = max((n for n, minor in enumerate(by_week.values()) if minor), default=0)
    shown = max(LEAST_WEEKS, last + 1)
    return Chart(
        kind="bar", head=_("Week from"), labels=weeks[:shown], unit="money", currency=currency,
        series=[Series(_("To pay"), list(by_week.values())[:shown])],
    )  # fmt: skip


def _running_totals(rows) -> list[dict]:
    """With what is to pay until each day in all; currencies are never added up."""
    sums: dict[str, int] = {}
    found = []
    for row in rows:
        sums[row["currency"]] = sums.get(row["currency"], 0) + row["payable_minor"]
        found.append(row | {"until_minor": sums[row["currency"]]})
    return found


def _totals(rows: Sequence[dict]) -> list[dict]:
    """Per currency: what is due already, what is due today or later."""
    today = timezone.localdate()
    totals: dict[str, dict] = {}
    for row in rows:
        entry = totals.setdefault(row["currency"], {"currency": row["currency"], "past_minor": 0, "all_minor": 0})
        entry["all_minor"] += row["payable_minor"]
        entry["past_minor"] += row["payable_minor"] if row["due_date"] <= today else 0
    return list(totals.values())


@for_kinds(PLATFORM)
def due(request: HttpRequest, due_date: str, currency: str) -> HttpResponse:
    """The invoices behind one day."""
    day = _day(due_date)
    rows = payable_on(actor=request.actor, due_date=day, currency=currency)
    table = Table(
        request, rows, OF_DAY, name="invoices", caption=_("To pay on this day"), search=("number", "supplier__name"),
        order="number", live="receivables.receivable",
        empty={"title": _("Nothing to pay on this day"), "url": reverse("platform:settlements"),
               "text": _("What was due then is paid or on its way."), "action": _("Settlements")},
    )  # fmt: skip
    if table.export_wanted:
        return table.as_file()
    return render(request, "platform/due.html", {"table": table, "day": day, "currency": currency})


def _day(text: str) -> date:
    try:
        found = parse_date(text)
    except ValueError:
        found = None
    if found is None:
        raise NotFound()
    return found


@for_kinds(PLATFORM)
def settle(request: HttpRequest) -> HttpResponse:
    """GET shows what would be paid to whom, to the cent; POST proposes exactly that, or says what has changed."""
    require(request.actor, "receivables.settle")
    if request.method == "POST":
        return _pay(request)
    form = Until(request.GET)
    if not form.is_valid():
        messages.warning(request, _("Say until which day, and in which currency."))
        return redirect("platform:settlements")
    return _proposal_page(request, propose(request.actor, **_asked(form)))


def _asked(form: Until) -> dict:
    left_out = frozenset(int(each) for each in form.cleaned_data["left_out"].split(",") if each)
    return {"until": form.cleaned_data["until"], "currency": form.cleaned_data["currency"], "left_out": left_out}


def _pay(request: HttpRequest) -> HttpResponse:
    form = Order(request.POST)
    if not form.is_valid():
        raise NotFound()
    key = form.cleaned_data["key"]
    known = Settlement.objects.visible_to(request.actor).filter(key=key).first()
    if known:
        messages.info(request, _("This settlement was proposed before; nothing is paid twice."))
        return redirect("platform:settlement", known.id)
    proposal = propose(request.actor, **_asked(form))
    try:
        if proposal.seen != form.cleaned_data["seen"]:
            raise Stale(_("What is due has changed since you looked. These are the totals now."))
        made = services.settle(actor=request.actor, key=key, lines=proposal.lines, now=timezone.now())
    except NotFound:
        raise
    except RuleViolation as refusal:
        return _proposal_page(request, proposal, refusal=refusal, status=refusal.status)
    messages.success(request, _("Proposed. It is paid as soon as a colleague who is a checker has approved it."))
    return redirect("platform:settlement", made.id)


def _proposal_page(request: HttpRequest, proposal: Proposal, *, refusal=None, status=200) -> HttpResponse:
    unverified = queries.unverified_until(request.actor, proposal.until, proposal.currency)
    nothing = _("Nothing of this currency is due until then.")
    if unverified:
        nothing = _("What is due until then is owed to suppliers that are not verified yet.")
    table = Table(
        request, proposal.payees, PAYEES, name="payees", caption=_("Who is paid"), search=("name",),
        order="-amount_minor",
        empty={"title": _("Nothing to pay"), "text": nothing,
               "url": reverse("platform:settlements"), "action": _("Settlements")},
    )  # fmt: skip
    if table.export_wanted:
        return table.as_file()
    left_out = ",".join(str(each) for each in sorted(proposal.left_out))
    context = {
        "proposal": proposal,
        "table": table,
        "left_out": left_out,
        "is_full": len(proposal.lines) == MAX_LINES,
        "key": f"{proposal.until.isoformat()}-{proposal.currency}-{uuid.uuid4().hex[:8]}",
        "refusal": refusal,
        "proposed": queries.proposed_until(request.actor, proposal.until, proposal.currency),
        "unverified": unverified,
    }
    if isinstance(refusal, NoBankAccount):
        context |= _without(request, proposal, refusal.facts["party"])
    return render(request, "platform/settle.html", context, status=status)


def _without(request: HttpRequest, proposal: Proposal, party_id: int) -> dict:
    """One payee without an account must not hold up the others: name it, and offer to pay the rest."""
    lacking = next((payee for payee in proposal.payees if payee["id"] == party_id), None)
    if lacking is None:
        return {"own_account_missing": True}
    left_out = ",".join(str(each) for each in sorted(proposal.left_out | {party_id}))
    query = urlencode({"until": proposal.until.isoformat(), "currency": proposal.currency, "left_out": left_out})
    return {"lacking": lacking, "without_url": f"{reverse('platform:settle')}?{query}"}


@for_kinds(PLATFORM)
def settlement(request: HttpRequest, settlement_id: int) -> HttpResponse:
    found = queries.settlements(request.actor).filter(id=settlement_id).first()
    if found is None:
        raise NotFound()
    if found.status != Settlement.Status.INSTRUCTED:
        return approving.shown(request, found)
    news = f"receivables.settlement:{found.id} receivables.settlementpayment"
    payments = Table(
        request, queries.payments_of(request.actor, found), PAYMENTS, name="payments", caption=_("Payments"),
        search=("payee__name",), order="payee.name", live=news,
        filters=(
            Filter(
                "status", _("State"), [(c, state(c, of="payment").label) for c in PaymentInstruction.Status.values],
                field="instruction__status",
            ),
        ),
    )  # fmt: skip
    lines = Table(
        request, queries.lines_of(found), LINES, name="invoices", caption=_("Invoices paid"),
        search=("receivable__number", "receivable__supplier__name"), order="receivable.number",
    )  # fmt: skip
    for each in (payments, lines):
        if each.export_wanted:
            return each.as_file()
    context = {
        "settlement": found, "payments": payments, "lines": lines, "news": news,
        "happenings": _happenings(request.actor, found),
    }  # fmt: skip
    return render(request, "platform/settlement.html", context)


def _happenings(actor: Actor, found: Settlement) -> list[Happening]:
    """Of the settlement and all its payments, the latest steps, oldest first."""
    of_payments = SettlementPayment.objects.filter(settlement=found).values("id")
    about = Q(subject_type=found._meta.label_lower, subject_id=found.id)
    about |= Q(subject_type=SettlementPayment._meta.label_lower, subject_id__in=of_payments)
    rows = list(Event.objects.visible_to(actor).filter(about).order_by("-id")[:TOLD])
    return tell(actor, rows[::-1], with_times=True)
