"""Referrals, applications and advances, as the funder's makers and checkers work on them."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from financing.advances import services
from financing.advances.models import Advance, Application
from financing.credit import rules
from financing.credit.models import Decision
from financing.credit.queries import replay
from portal.shared.access import FUNDERS, permits
from portal.shared.errors import NotFound, RuleViolation
from portal.ui.tables import Column, Filter, Table
from portal.workspaces.access import for_kinds
from portal.workspaces.explain import decision_in_words
from portal.workspaces.funder import queries, why
from portal.workspaces.sentences import timeline

OUTCOMES = ((rules.APPROVED, gettext_lazy("Approve")), (rules.DECLINED, gettext_lazy("Decline")))

REFERRALS = (
    Column("id", gettext_lazy("Application"), kind="id", url=lambda row: _url(row)),
    Column("supplier.name", gettext_lazy("Supplier"), sort="supplier__name"),
    Column("quote.grade", gettext_lazy("Grade"), sort="quote__grade"),
    Column("amount_minor", gettext_lazy("Amount"), kind="money", sort=True),
    Column("submitted_at", gettext_lazy("Waiting since"), kind="instant", sort=True),
    Column("recommendation", gettext_lazy("Recommended"), kind="status", value=lambda row: row.recommendation or None),
)
APPLICATIONS = (
    Column("id", gettext_lazy("Application"), kind="id", sort=True, url=lambda row: _url(row)),
    Column("supplier.name", gettext_lazy("Supplier"), sort="supplier__name"),
    Column("quote.grade", gettext_lazy("Grade"), sort="quote__grade"),
    Column("amount_minor", gettext_lazy("Amount"), kind="money", sort=True),
    Column("submitted_at", gettext_lazy("Applied"), kind="instant", sort=True),
    Column("status", gettext_lazy("State"), kind="status", sort=True),
)


def _url(row: Application) -> str:
    return reverse("funder:application", args=[row.pk])


class Judgement(forms.Form):
    """What a maker recommends or a checker decides, and the facts it was judged by."""

    outcome = forms.ChoiceField(choices=OUTCOMES, widget=forms.RadioSelect, label=gettext_lazy("Your judgement"))
    note = forms.CharField(
        max_length=2000, required=False, label=gettext_lazy("Why"), widget=forms.Textarea(attrs={"rows": 3})
    )
    seen_hash = forms.CharField(max_length=64, widget=forms.HiddenInput)


@for_kinds(*FUNDERS)
def home(request: HttpRequest) -> HttpResponse:
    table = Table(
        request, queries.referrals(request.actor), REFERRALS, name="referrals", caption=_("Waiting for you"),
        search=("supplier__name",), order="submitted_at", live="advances.application",
        empty={
            "title": _("Nothing waits for a person"),
            "text": _("What the policy leaves to you appears here at once, with the facts beside the buttons."),
        },
    )  # fmt: skip
    if table.export_wanted:
        return table.as_file()
    book = queries.book_of(request.actor)
    pace = queries.pace(request.actor, timezone.now())
    positions = queries.position(request.actor, book) if book else []
    for line in positions:
        line["why"] = {"lent": why.lent(line, book.business_date), "cash": why.cash(line, book.business_date)}
    context = {
        "table": table,
        "pace": pace,
        "book": book,
        "positions": positions,
        "why": {"alone": why.decided_alone(pace), "to_money": why.to_money(pace)},
    }
    return render(request, "funder/home.html", context)


@for_kinds(*FUNDERS)
def applications(request: HttpRequest) -> HttpResponse:
    rows = Application.objects.visible_to(request.actor).select_related("supplier", "quote")
    table = Table(
        request, rows, APPLICATIONS, name="applications", caption=_("Applications"), search=("supplier__name",),
        filters=(Filter("status", _("State"), Application.Status.choices),), order="-id", live="advances.application",
        empty={"title": _("No application yet"), "text": _("Suppliers apply as soon as they have joined a programme.")},
    )  # fmt: skip
    return table.as_file() if table.export_wanted else render(request, "funder/applications.html", {"table": table})


@for_kinds(*FUNDERS)
def application(request: HttpRequest, application_id: int) -> HttpResponse:
    return _application_page(request, _application(request, application_id))


def _application(request: HttpRequest, application_id: int) -> Application:
    found = (
        Application.objects.visible_to(request.actor)
        .select_related("supplier", "quote", "decision__policy", "advance__instruction", "facility__programme")
        .filter(id=application_id)
        .first()
    )
    if found is None:
        raise NotFound()
    return found


def _application_page(request, application, *, form=None, refusal=None, status=200) -> HttpResponse:
    decision = application.decision
    advance = getattr(application, "advance", None)
    is_referred = application.status == Application.Status.REFERRED
    context = {
        "application": application,
        "advance": advance,
        "happenings": timeline(request.actor, application, *([advance] if advance else [])),
        "form": form or Judgement(initial={"seen_hash": decision.inputs_hash if decision else ""}),
        "refusal": refusal,
        "may_recommend": is_referred and permits(request.actor, "advances.recommend"),
        "may_decide": is_referred
        and permits(request.actor, "advances.decide_referral")
        and application.recommended_by not in ("", request.actor.identity),
        "is_own_recommendation": application.recommended_by == request.actor.identity,
    }
    if decision:
        context |= decision_in_words(decision, application.currency) | {"differences": replay(decision)}
        context["first_decision"] = (
            Decision.objects.filter(application_id=application.id).exclude(id=decision.id).order_by("id").first()
        )
    return render(request, "funder/application.html", context, status=status)


@for_kinds(*FUNDERS)
@require_POST
def recommend(request: HttpRequest, application_id: int) -> HttpResponse:
    return _judge(request, application_id, services.recommend, _("Recommended. A colleague decides next."))


@for_kinds(*FUNDERS)
@require_POST
def decide(request: HttpRequest, application_id: int) -> HttpResponse:
    return _judge(request, application_id, services.decide_referral, _("Decided."))


def _judge(request: HttpRequest, application_id: int, service, done: str) -> HttpResponse:
    form = Judgement(request.POST)
    if not form.is_valid():
        return _application_page(request, _application(request, application_id), form=form, status=422)
    try:
        service(actor=request.actor, application_id=application_id, now=timezone.now(), **form.cleaned_data)
    except NotFound:
        raise
    except RuleViolation as refusal:
        found = _application(request, application_id)
        return _application_page(request, found, form=form, refusal=refusal, status=refusal.status)
    messages.success(request, done)
    return redirect("funder:application", application_id)


@for_kinds(*FUNDERS)
def advance(request: HttpRequest, advance_id: int) -> HttpResponse:
    found = (
        Advance.objects.visible_to(request.actor)
        .select_related("supplier", "application", "instruction", "facility__programme")
        .filter(id=advance_id)
        .first()
    )
    if found is None:
        raise NotFound()
    context = {
        "advance": found,
        "happenings": timeline(request.actor, found.application, found, found.instruction),
        "securities": found.securities.select_related("receivable").order_by("id"),
        "repayments": found.repayments.select_related("returned").order_by("id"),
    }
    return render(request, "funder/advance.html", context)
