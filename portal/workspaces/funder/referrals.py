"""What the policy leaves to people: the queue, and each application with its facts beside the buttons."""

from datetime import datetime

from django import forms
from django.contrib import messages
from django.db.models import Case, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_POST

from accounts.parties import second
from accounts.trail.doers import named
from financing.advances import overview, services
from financing.advances.models import Application
from financing.advances.standing import Behind, offered, standing
from financing.credit import rules, wording
from financing.credit.models import Decision
from financing.credit.queries import replay
from financing.receivables.comparison import compare
from portal.shared import wall
from portal.shared.access import FUNDERS, Actor, permits
from portal.shared.errors import NotFound, RuleViolation
from portal.ui.states import state
from portal.ui.tables import Column, Filter, Table
from portal.workspaces import first_steps
from portal.workspaces.access import for_kinds
from portal.workspaces.explain import decision_in_words, reasons_of
from portal.workspaces.funder import queries, why
from portal.workspaces.payout import awaiting
from portal.workspaces.sentences import timeline

OUTCOMES = ((rules.APPROVED, gettext_lazy("Approve")), (rules.DECLINED, gettext_lazy("Decline")))
MAKER, CHECKER = "MAKER", "CHECKER"
WAITS_FOR = ((MAKER, gettext_lazy("a maker")), (CHECKER, gettext_lazy("a checker")))


class Judgement(forms.Form):
    """What a maker recommends or a checker decides, and the facts it was judged by."""

    outcome = forms.ChoiceField(choices=OUTCOMES, widget=forms.RadioSelect, label=gettext_lazy("Your judgement"))
    reasons = forms.MultipleChoiceField(
        choices=[(code, wording.REASONS[code][wording.OFFICER]) for code in rules.BY_PERSONS], required=False,
        widget=forms.CheckboxSelectMultiple,
        label=gettext_lazy("If you decline: why, for the supplier"),
        help_text=gettext_lazy(
            "One of these, or a sentence of yours. The supplier reads it with what it can do about it."
        ),
    )  # fmt: skip
    explanation = forms.CharField(
        max_length=500, required=False, label=gettext_lazy("In your words, to the supplier"),
        widget=forms.Textarea(attrs={"rows": 2}),
    )  # fmt: skip
    note = forms.CharField(
        max_length=2000, required=False, label=gettext_lazy("Note for colleagues"),
        help_text=gettext_lazy("Stays with you; the supplier never sees it."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )  # fmt: skip
    seen_hash = forms.CharField(max_length=64, widget=forms.HiddenInput)

    def clean(self) -> dict:
        given = super().clean()
        if given.get("outcome") == rules.APPROVED:  # what a maker had ticked, or was ticked before
            given |= {"reasons": [], "explanation": ""}
        elif given.get("outcome") and "explanation" in given and not (given.get("reasons") or given["explanation"]):
            self.add_error("reasons", _("Choose a reason, or say it in your words: the supplier is told."))
        return given


# ── the queue ────────────────────────────────────────────────────────────────────────────────────────────────────────
def application_url(row: Application) -> str:
    return reverse("funder:application", args=[row.pk])


def _queue(actor: Actor) -> QuerySet[Application]:
    waits_for = Case(When(recommended_by="", then=Value(MAKER)), default=Value(CHECKER))
    # What a decision was made of is large, and only the detail tells it.
    return overview.referrals(actor).annotate(waits_for=waits_for).defer("decision__inputs", "decision__result")


def _columns(names: dict[str, str]) -> tuple[Column, ...]:
    """`names`: of those who have recommended."""
    return (
        Column("id", gettext_lazy("Application"), kind="id", url=application_url),
        Column("submitted_at", pgettext_lazy("for how long", "Waiting"), kind="waiting", sort=True),
        Column("supplier.name", gettext_lazy("Supplier"), sort="supplier__name"),
        Column("quote.grade", gettext_lazy("Grade"), sort="quote__grade"),
        Column("amount_minor", gettext_lazy("Amount"), kind="money", sort=True),
        Column("reasons", gettext_lazy("Why it waits"), value=_reasons),
        Column("recommendation", gettext_lazy("Recommended"), value=lambda row: recommended(row, names)),
        Column("waits_for", gettext_lazy("Waits for"), sort=True, value=lambda row: dict(WAITS_FOR)[row.waits_for]),
    )


def _reasons(row: Application) -> str:
    return " ".join(str(wording.reason(code, wording.OFFICER)) for code in row.decision.reasons)


def recommended(row: Application, names: dict[str, str]) -> str | None:
    """What was recommended and by whom; None while nothing is."""
    if not row.recommended_by:
        return None
    return _("{outcome}, {who}").format(outcome=state(row.recommendation).label, who=who(row.recommended_by, names))


def who(identity: str, names: dict[str, str]) -> str:
    """A colleague by name; a machine as what it is."""
    return names.get(identity) or (_("a machine") if identity.startswith("client:") else _("a person"))


@for_kinds(*FUNDERS)
def home(request: HttpRequest) -> HttpResponse:
    queue = _queue(request.actor)
    names = named(*queue.order_by().values_list("recommended_by", flat=True).distinct())
    grades = queue.order_by("quote__grade").values_list("quote__grade", flat=True).distinct()
    table = Table(
        request, queue, _columns(names), name="referrals", caption=_("Referrals"),
        search=("supplier__name",), order="submitted_at", live="advances.application",
        filters=(
            Filter("waits_for", _("Waits for"), WAITS_FOR),
            Filter("grade", _("Grade"), [(grade, grade) for grade in grades if grade], field="quote__grade"),
        ),
        empty={
            "title": _("Nothing waits for a person"),
            "text": _("What the policy leaves to you appears here at once, with the facts beside the buttons."),
            "url": reverse("funder:applications"), "action": _("All applications"),
        },
    )  # fmt: skip
    if table.export_wanted:
        return table.as_file()
    now = timezone.now()
    book = queries.book_of(request.actor)
    pace = overview.pace(request.actor, now)
    positions = overview.position(request.actor, book) if book else []
    overdue = overview.overdue(request.actor, book.business_date) if book else {}
    for line in positions:
        line["overdue"] = overdue.get(line["currency"], 0)
        line["why"] = {"lent": why.lent(line, book.business_date), "cash": why.cash(line, book.business_date)}
    context = {
        "table": table,
        "awaiting": awaiting(request.actor, now),
        "steps": first_steps.of_funder(request.actor),
        "pace": pace,
        "book": book,
        "positions": positions,
        "waiting": overview.waiting(request.actor),
        "why": {"alone": why.decided_alone(pace), "to_money": why.to_money(pace)},
        "overdue_url": queries.overdue_url(),
    }
    return render(request, "funder/home.html", context)


# ── one of them ──────────────────────────────────────────────────────────────────────────────────────────────────────
@for_kinds(*FUNDERS)
def application(request: HttpRequest, application_id: int) -> HttpResponse:
    return _page(request, _application(request, application_id))


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


def _page(request, application, *, form=None, refusal=None, status=200) -> HttpResponse:
    actor, decision = request.actor, application.decision
    advance = getattr(application, "advance", None)
    names = named(application.recommended_by, decision.decided_by if decision else "")
    found = standing(actor=actor, application=application)
    result = rules.Result.from_json(decision.result) if decision else None
    is_referred = application.status == Application.Status.REFERRED
    prospect = (
        services.prospect(actor=actor, application_id=application.id, now=timezone.now()) if is_referred else None
    )
    may_decide = is_referred and _may_decide(actor, application)
    may_recommend = is_referred and not may_decide and _may_recommend(actor, application)
    counts_from = second.awaited(actor, services.DECIDES, timezone.now()) if may_decide else None
    context = {
        "application": application,
        "advance": advance,
        "standing": found,
        "behind": [_in_words(each) for each in found.behind],
        "why": {each.bound: why.exposure(each, application.currency) for each in found.exposures},
        "base_why": why.available(decision, application.currency, result) if decision else None,
        "happenings": timeline(actor, application, *([advance] if advance else [])),
        "form": _offering(form or Judgement(initial=_begun(application, may_decide)), counts_from),
        "counts_from": counts_from,
        "recommended_reasons": reasons_of(application.recommended_reasons, wording.OFFICER),
        "told": reasons_of(decision.given_reasons, wording.OFFICER) if decision else [],
        "refusal": refusal,
        "refusal_reasons": reasons_of(refusal.facts.get("reasons", ()), wording.OFFICER) if refusal else [],
        "prospect": prospect,
        "in_the_way": in_the_way(prospect),
        "may_recommend": may_recommend,
        "may_decide": may_decide,
        "why_not": "" if may_decide or may_recommend or not is_referred else why_not(actor, application, names),
        "recommended_by": who(application.recommended_by, names) if application.recommended_by else "",
        "decided_by": who(decision.decided_by, names) if decision and decision.decided_by != "system" else "",
    }
    if decision:
        context |= decision_in_words(decision, application.currency) | {"differences": replay(decision)}
        # By the facility, whose decisions an index has.
        earlier = Decision.objects.filter(facility=application.facility_id, application_id=application.id)
        context["first_decision"] = earlier.exclude(id=decision.id).order_by("id").first()
    return render(request, "funder/application.html", context, status=status)


def _begun(application: Application, may_decide: bool) -> dict:
    """Whoever decides finds what the supplier would be told as the maker chose it, to confirm or to change."""
    begun = {"seen_hash": application.seen_hash}
    if may_decide:
        begun |= {"reasons": application.recommended_reasons, "explanation": application.recommended_explanation}
    return begun


def _offering(form: Judgement, counts_from: datetime | None) -> Judgement:
    """Whoever was let in lately may decline; approved all the same, it is refused with the reason."""
    if counts_from and not form.is_bound:
        form.fields["outcome"].choices = [each for each in OUTCOMES if each[0] == rules.DECLINED]
    return form


def in_the_way(prospect: rules.Result | None) -> list[dict]:
    """Why an approval as asked for would be refused now."""
    is_lost = prospect is not None and prospect.outcome == rules.DECLINED
    return reasons_of(prospect.reasons, wording.OFFICER) if is_lost else []


def _in_words(found: Behind) -> dict:
    reasons = [wording.reason(code, wording.OFFICER) for code in found.line.reasons]
    return {"line": found.line, "receivable": found.receivable, "is_security": found.is_security, "reasons": reasons}


def _may_recommend(actor: Actor, application: Application) -> bool:
    own = (application.submitted_by, application.recommended_by)
    return permits(actor, "advances.recommend") and actor.identity not in own


def _may_decide(actor: Actor, application: Application) -> bool:
    own = ("", actor.identity)
    is_checker = permits(actor, "advances.decide_referral") and actor.has_second_factor is not False
    return is_checker and application.recommended_by not in own and actor.identity != application.submitted_by


def why_not(actor: Actor, application: Application, names: dict[str, str]) -> str:
    """Why somebody who looks at a referral finds no button."""
    if actor.identity == application.submitted_by:
        return _("You applied for this yourself, so a colleague judges it.")
    if actor.identity == application.recommended_by:
        return _("You recommended this yourself, so a colleague decides.")
    if not permits(actor, "advances.recommend") and not permits(actor, "advances.decide_referral"):
        return _("You read only. A maker recommends, then a checker decides.")
    if not application.recommended_by:
        return _("Nobody has recommended yet. A maker does so first; then you decide.")
    if permits(actor, "advances.decide_referral"):
        return _("Deciding asks for your second factor. Sign in with it, and the buttons are here.")
    return _("{who} has recommended. A checker decides.").format(who=who(application.recommended_by, names))


@for_kinds(*FUNDERS)
def receivable(request: HttpRequest, application_id: int, receivable_id: int) -> HttpResponse:
    """An invoice that an application offers, beside its order and receipt."""
    found = _application(request, application_id)
    looked_at = [each["id"] for each in found.decision.inputs["receivables"]] if found.decision else []
    with wall.inside():  # offered, and not the funder's yet
        row = offered(found, [receivable_id] if receivable_id in looked_at else []).get(receivable_id)
        if row is None:
            raise NotFound()
        context = {"application": found, "receivable": row, "compared": compare(row)}
    return render(request, "funder/receivable.html", context)


# ── judging ──────────────────────────────────────────────────────────────────────────────────────────────────────────
@for_kinds(*FUNDERS)
@require_POST
def recommend(request: HttpRequest, application_id: int) -> HttpResponse:
    return _judge(request, application_id, services.recommend, _("Recommended. A colleague decides next."))


@for_kinds(*FUNDERS)
@require_POST
def decide(request: HttpRequest, application_id: int) -> HttpResponse:
    return _judge(request, application_id, services.decide_referral, _("Decided."))


def _judge(request: HttpRequest, application_id: int, service, done: str) -> HttpResponse:
    form, now = Judgement(request.POST), timezone.now()
    if not form.is_valid():
        return _page(request, _application(request, application_id), form=form, status=422)
    try:
        service(actor=request.actor, application_id=application_id, now=now, **form.cleaned_data)
    except NotFound:
        raise
    except RuleViolation as refusal:
        found = _application(request, application_id)
        return _page(request, found, form=_again(form, found), refusal=refusal, status=refusal.status)
    messages.success(request, done)
    return redirect("funder:application", application_id)


def _again(form: Judgement, application: Application) -> Judgement:
    """What was typed stays; the facts it is judged by are those shown now."""
    given = {name: form.cleaned_data[name] for name in ("outcome", "note", "reasons", "explanation")}
    return Judgement(initial=given | {"seen_hash": application.seen_hash})
