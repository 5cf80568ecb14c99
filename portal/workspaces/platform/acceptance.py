"""Acceptance: what the match leaves to people, one by one or many at once, with the facts beside the buttons."""

from collections.abc import Sequence
from datetime import datetime

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy
from django.views.decorators.http import require_POST

from accounts.parties.models import Party
from financing.receivables import overview as glance
from financing.receivables import services
from financing.receivables.comparison import compare
from financing.receivables.models import Receivable
from financing.receivables.queries import acceptance_queue, found_by, similar_to
from financing.receivables.queries import receivables as all_receivables
from portal.shared import wall
from portal.shared.access import PLATFORM, permits, require
from portal.shared.errors import InvalidInput, NotFound, RuleViolation
from portal.ui.formats import age
from portal.ui.states import state
from portal.ui.tables import Column, Filter, Table
from portal.workspaces.access import for_kinds
from portal.workspaces.platform import why
from portal.workspaces.sentences import timeline

S = Receivable.Status
DISPUTABLE = (S.RECEIVED, S.ACCEPTED, S.ASSIGNED)
MOST_CHOSEN = 500
NAMED = 10
"""Invoices that a message names; beyond them it tells how many."""


def words(codes: type) -> list[tuple[str, str]]:
    """States or findings as a filter offers them: in the words of their badges."""
    return [(code, state(code).label) for code in codes.values]


def _url(row: Receivable) -> str:
    return reverse("platform:receivable", args=[row.pk])


def _why(row: Receivable) -> str:
    return Truncator(row.dispute_reason if row.status == S.DISPUTED else row.match_note).chars(100)


def _queue_columns(may_accept: bool, *, tells_trust: bool) -> tuple[Column, ...]:
    """Whether suppliers are verified is a column where one of them is not."""
    choose = Column("id", gettext_lazy("Choose"), kind="choose", value=_choosable, sums="open_minor")
    trust = Column(
        "supplier.status", gettext_lazy("Verification"), kind="status", sort="supplier__status", value=_trust
    )
    return (
        *([choose] if may_accept else []),
        Column("number", gettext_lazy("Invoice"), kind="id", sort=True, url=_url),
        Column("supplier.name", gettext_lazy("Supplier"), sort="supplier__name"),
        *([trust] if tells_trust else []),
        Column("match", gettext_lazy("Found"), kind="status", sort=True, value=_finding),
        Column("match_note", gettext_lazy("Why it waits"), value=_why),
        Column("received_at", pgettext_lazy("for how long", "Waiting"), kind="waiting", sort=True),
        Column("due_date", gettext_lazy("Due"), kind="day", sort=True),
        Column("open_minor", gettext_lazy("Amount"), kind="money", sort=True),
    )


def _choosable(row: Receivable) -> int | None:
    return row.id if row.status == S.RECEIVED else None


def _trust(row: Receivable) -> str:
    """Nothing is paid to a supplier that is not verified: whoever accepts its invoice sees that."""
    return {Party.Status.ADMITTED: "VERIFIED", Party.Status.PROSPECT: "NOT_VERIFIED"}.get(
        row.supplier.status, row.supplier.status
    )


def _finding(row: Receivable) -> str:
    return row.status if row.status == S.DISPUTED else row.match


RECEIVABLES = (
    Column("number", gettext_lazy("Invoice"), kind="id", sort=True, url=_url),
    Column("supplier.name", gettext_lazy("Supplier"), sort="supplier__name"),
    Column("issue_date", gettext_lazy("Issued"), kind="day", sort=True),
    Column("due_date", gettext_lazy("Due"), kind="day", sort=True),
    Column("match", gettext_lazy("Found"), kind="status", sort=True),
    Column("status", gettext_lazy("State"), kind="status", sort=True),
    Column("gross_minor", gettext_lazy("Invoiced"), kind="money", sort=True),
    Column("owed_minor", gettext_lazy("Open"), kind="money", sort="owed"),
)


class Reason(forms.Form):
    """Why an invoice is disputed or taken out; its supplier reads it."""

    reason = forms.CharField(
        max_length=200, label=gettext_lazy("Reason"), widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("The supplier reads it."),
    )  # fmt: skip


@for_kinds(PLATFORM)
def home(request: HttpRequest) -> HttpResponse:
    may_accept = permits(request.actor, "receivables.accept")
    waiting = glance.waiting(request.actor)
    columns = _queue_columns(may_accept, tells_trust=waiting["unverified"] > 0)
    table = Table(
        request, acceptance_queue(actor=request.actor), columns, name="queue",
        caption=_("Waiting for acceptance"), search=found_by, order="received_at",
        filters=(
            Filter("match", _("Found"), words(Receivable.Match)),
            Filter("status", _("State"), [(code, state(code).label) for code in (S.RECEIVED, S.DISPUTED)]),
        ),
        live="receivables.receivable",
        empty={
            "title": _("Nothing waits for you"),
            "text": _("Invoices that agree with order and receipt are accepted at once. The others appear here."),
            "url": reverse("platform:receivables"), "action": _("All receivables"),
        },
    )  # fmt: skip
    if table.export_wanted:
        return table.as_file()
    context = {
        "table": table,
        "waiting": waiting,
        "oldest": None,
        "matched": glance.matched_share(request.actor, timezone.now()),
        "due": glance.due_soon(request.actor, timezone.localdate()),
        "may_accept": may_accept,
    }
    context["why"] = {
        "waiting": why.waiting(context["waiting"]), "worth": why.worth(context["waiting"]),
        "matched": why.matched(context["matched"]), "due": why.due_soon(context["due"]),
    }  # fmt: skip
    context["reason_form"] = Reason(auto_id="id_chosen_%s", use_required_attribute=False)
    if since := context["waiting"]["since"]:
        context["oldest"] = age(since, timezone.now())
    return render(request, "platform/acceptance.html", context)


def _chosen(request: HttpRequest) -> list[int]:
    chosen = [int(each) for each in request.POST.getlist("chosen") if each.isdecimal() and len(each) < 19]
    if len(chosen) > MOST_CHOSEN:
        raise InvalidInput(_("Choose at most {count} at once.").format(count=MOST_CHOSEN), code="TOO_MANY_CHOSEN")
    return chosen


@for_kinds(PLATFORM)
@require_POST
def accept_chosen(request: HttpRequest) -> HttpResponse:
    """Many at once; each is answered on its own, and what is refused holds back no other."""
    chosen = _chosen(request)
    if not chosen:
        messages.warning(request, _("Nothing was chosen. Mark the invoices that you accept."))
        return redirect("platform:acceptance")
    answers = services.accept(actor=request.actor, receivable_ids=chosen, now=timezone.now())
    accepted = sum(answer.done for answer in answers)
    done = ngettext("{n} invoice accepted.", "{n} invoices accepted.", accepted).format(n=accepted)
    _tell_each(request, answers, done if accepted else "")
    return redirect("platform:acceptance")


@for_kinds(PLATFORM)
@require_POST
def dispute_chosen(request: HttpRequest) -> HttpResponse:
    """One reason for all that are chosen; each is answered on its own."""
    require(request.actor, "receivables.dispute")
    chosen = _chosen(request)
    form = Reason(request.POST)
    if not chosen or not form.is_valid():
        messages.warning(request, _("Nothing was disputed. Mark the invoices, and give the reason that is read."))
        return redirect("platform:acceptance")
    answers = [_disputed(request, each, form.cleaned_data["reason"]) for each in chosen]
    disputed = sum(answer.done for answer in answers)
    done = ngettext("{n} invoice disputed.", "{n} invoices disputed.", disputed).format(n=disputed)
    _tell_each(request, answers, done if disputed else "")
    return redirect("platform:acceptance")


def _disputed(request: HttpRequest, receivable_id: int, reason: str) -> services.Answer:
    try:
        services.dispute(actor=request.actor, receivable_id=receivable_id, reason=reason, now=timezone.now())
    except RuleViolation as refusal:
        return services.Answer(receivable_id, False, refusal.code, refusal.sentence)
    return services.Answer(receivable_id, True)


def _tell_each(request: HttpRequest, answers: Sequence[services.Answer], done: str) -> None:
    """What went through, and each that did not by its number, with why."""
    if done:
        messages.success(request, done)
    refused = [answer for answer in answers if not answer.done]
    numbers = dict(
        Receivable.objects.visible_to(request.actor)
        .filter(id__in=[each.receivable_id for each in refused]).values_list("id", "number")
    )  # fmt: skip
    by_reason: dict[str, list[str]] = {}
    for answer in refused:
        by_reason.setdefault(answer.sentence, []).append(numbers.get(answer.receivable_id, "–"))
    for sentence, which in by_reason.items():
        named = ", ".join(which[:NAMED]) + (" …" if len(which) > NAMED else "")
        text = ngettext("{n} was left as it is ({which}): {why}", "{n} were left as they are ({which}): {why}",
                        len(which))  # fmt: skip
        messages.warning(request, text.format(n=len(which), which=named, why=sentence))


@for_kinds(PLATFORM)
def receivables(request: HttpRequest) -> HttpResponse:
    table = Table(
        request, all_receivables(actor=request.actor).in_owed(), RECEIVABLES,
        name="receivables", caption=_("Receivables"),
        search=found_by, order="-due_date", indexed=("due_date",), live="receivables.receivable",
        filters=(
            Filter("status", _("State"), words(Receivable.Status)),
            Filter("match", _("Found"), words(Receivable.Match)),
        ),
        empty={"title": _("No invoice yet"), "text": _("Invoices appear here as soon as a supplier hands them in."),
               "url": reverse("platform:suppliers"), "action": _("Your suppliers")},
    )  # fmt: skip
    return table.as_file() if table.export_wanted else render(request, "platform/receivables.html", {"table": table})


def _receivable(request: HttpRequest, receivable_id: int) -> Receivable:
    found = all_receivables(actor=request.actor).select_related("supplier", "debtor", "funder", "document")
    with wall.inside():  # the document is the supplier's, who handed it in: its name and day are told beside the debt
        row = found.defer("document__content", "document__report").filter(id=receivable_id).first()
    if row is None:
        raise NotFound()
    return row


@for_kinds(PLATFORM)
def receivable(request: HttpRequest, receivable_id: int) -> HttpResponse:
    return _page(request, _receivable(request, receivable_id))


def _page(request: HttpRequest, row: Receivable, *, form=None, refusal=None, status=200) -> HttpResponse:
    may_accept = permits(request.actor, "receivables.accept")
    may_dispute = permits(request.actor, "receivables.dispute")
    context = {
        "receivable": row,
        "compared": compare(row),
        "similar": list(similar_to(actor=request.actor, receivable=row).select_related("supplier")[:10]),
        "credit_notes": list(row.credit_notes.order_by("id")),
        "happenings": timeline(request.actor, row),
        "form": form or Reason(),
        "cancel_form": Reason(form.data if form else None, auto_id="id_cancel_%s"),
        "refusal": refusal,
        "is_own": row.document.received_from == request.actor.identity,
        "may_accept": may_accept and row.status == S.RECEIVED,
        "may_dispute": may_dispute and row.status in DISPUTABLE and not row.settling_minor,
        "may_resolve": may_accept
        and row.status == S.DISPUTED
        and (row.accepted_at is not None or row.document.received_from != request.actor.identity),
        "may_cancel": may_dispute
        and row.status in (S.RECEIVED, S.DISPUTED)
        and not (row.accepted_at or row.assigned_facility_id),
        "trust": "" if row.supplier.status == Party.Status.ADMITTED else _trust(row),
        "payee": row.funder if row.funder_id and row.assigned_facility_id else row.supplier,
    }
    return render(request, "platform/receivable.html", context, status=status)


def _accept(actor, receivable_id: int, reason: str, now: datetime) -> str:
    answer = services.accept(actor=actor, receivable_ids=[receivable_id], now=now)[0]
    if answer.code == NotFound.code:
        raise NotFound()
    if not answer.done:
        raise RuleViolation(answer.sentence, code=answer.code)
    return _("Accepted. From now on it can be financed.")


def _dispute(actor, receivable_id: int, reason: str, now: datetime) -> str:
    services.dispute(actor=actor, receivable_id=receivable_id, reason=reason, now=now)
    return _("Disputed. The supplier reads your reason.")


def _resolve(actor, receivable_id: int, reason: str, now: datetime) -> str:
    services.resolve_dispute(actor=actor, receivable_id=receivable_id, now=now)
    return _("The dispute is over; the amount is owed.")


def _cancel(actor, receivable_id: int, reason: str, now: datetime) -> str:
    services.cancel(actor=actor, receivable_id=receivable_id, reason=reason, now=now)
    return _("Cancelled. The goods can be invoiced anew.")


VERBS = {"accept": _accept, "dispute": _dispute, "resolve": _resolve, "cancel": _cancel}
WITH_REASON = ("dispute", "cancel")


@for_kinds(PLATFORM)
@require_POST
def conclude(request: HttpRequest, receivable_id: int, verb: str) -> HttpResponse:
    """Accept, dispute, resolve or cancel one."""
    if verb not in VERBS:
        raise NotFound()
    form = Reason(request.POST)
    if verb in WITH_REASON and not form.is_valid():
        missing = InvalidInput(_("Give a reason of 1 to 200 characters."), code="REASON_MISSING")
        return _page(request, _receivable(request, receivable_id), form=form, refusal=missing, status=422)
    reason = form.cleaned_data["reason"] if verb in WITH_REASON else ""
    try:
        done = VERBS[verb](request.actor, receivable_id, reason, timezone.now())
    except NotFound:
        raise
    except RuleViolation as refusal:
        row = _receivable(request, receivable_id)
        kept = form if verb in WITH_REASON else None
        return _page(request, row, form=kept, refusal=refusal, status=refusal.status)
    messages.success(request, done)
    return redirect("platform:receivable", receivable_id)
