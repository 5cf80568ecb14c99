"""Policy versions: proposed by a maker, compared and approved by a checker."""

import json

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts.parties import second
from accounts.trail.doers import named
from financing.credit import services
from financing.credit.differences import differences, followed
from financing.credit.models import PolicyVersion
from financing.credit.queries import policy_in_force
from financing.credit.rules import DEFAULT_BODY, Policy
from portal.shared.access import FUNDERS, Actor, permits, require
from portal.shared.errors import NotFound, RuleViolation
from portal.ui.tables import Column, Filter, Table
from portal.workspaces.access import for_kinds
from portal.workspaces.funder import queries, replays, terms
from portal.workspaces.funder.proposing import Proposal
from portal.workspaces.sentences import timeline

POLICIES = (
    Column(
        "number", gettext_lazy("Version"), kind="id", sort=True, url=lambda row: reverse("funder:policy", args=[row.pk])
    ),
    Column("effective_from", gettext_lazy("Effective from"), kind="day", sort=True),
    Column("note", gettext_lazy("Note")),
    Column("proposed_at", gettext_lazy("Proposed"), kind="instant", sort=True),
    Column("status", gettext_lazy("State"), kind="status", sort=True),
)


def readable(body: dict) -> str:
    return json.dumps(Policy.from_body(body).to_body(), indent=2, ensure_ascii=False)


def difference(before: PolicyVersion | None, after: dict, currency: str) -> dict:
    """Context of funder/difference.html. `elsewhere`: what differs in places that have no name for a person."""
    if before is None:
        return {"before": None}
    parts = terms.comparison(before.body, after, currency)
    known = {term.place for body in (before.body, after) for each in terms.sections(body) for term in each.terms}
    return {
        "before": before,
        "parts": [part for part in parts if part.changed],
        "untouched": [part for part in parts if part.same],
        "how_many": sum(len(part.changed) for part in parts),
        "elsewhere": [each.place for each in differences(before.body, after) if each.place not in known],
    }


def _no_policy(actor: Actor) -> dict:
    said = {
        "title": _("No policy yet"),
        "text": _("Nothing is decided without one. A maker proposes it, a checker approves."),
    }
    begin = {"url": reverse("funder:propose_policy"), "action": _("Propose the first one")}
    return said | begin if permits(actor, "credit.propose_policy") else said


@for_kinds(*FUNDERS)
def policies(request: HttpRequest) -> HttpResponse:
    require(request.actor, "credit.view_policy")
    rows = PolicyVersion.objects.visible_to(request.actor)
    table = Table(
        request, rows, POLICIES, name="policies", caption=_("Policy versions"), order="-number",
        live="credit.policyversion", search=("note",),
        filters=(Filter("status", _("State"), PolicyVersion.Status.choices),),
        empty=_no_policy(request.actor),
    )  # fmt: skip
    if table.export_wanted:
        return table.as_file()
    context = {
        "table": table,
        "may_propose": permits(request.actor, "credit.propose_policy"),
        "in_force": _in_force(request),
        "waiting": rows.filter(status=PolicyVersion.Status.PROPOSED).order_by("number"),
    }
    return render(request, "funder/policies.html", context)


def _in_force(request: HttpRequest) -> PolicyVersion | None:
    book = queries.book_of(request.actor)
    return policy_in_force(request.actor.party_id, book.business_date if book else timezone.localdate())


@for_kinds(*FUNDERS)
def propose(request: HttpRequest) -> HttpResponse:
    """Asked with `preview`, it answers what would change and keeps nothing."""
    require(request.actor, "credit.propose_policy")
    book = queries.book_of(request.actor)
    today = book.business_date if book else timezone.localdate()
    current = policy_in_force(request.actor.party_id, today)
    data = request.POST if request.method == "POST" else None
    form = Proposal(
        data, body=current.body if current else DEFAULT_BODY, currency=queries.currency_of(request.actor), today=today
    )
    if data is None or "preview" in data:
        return _form_page(request, form, current)
    refusal = None
    if form.is_valid():
        try:
            made = _propose(request, form)
        except RuleViolation as refused:
            refusal = refused
        else:
            messages.success(request, _("Proposed. See below whom it would change, before a colleague approves it."))
            return redirect("funder:policy", made.id)
    return _form_page(request, form, current, refusal=refusal, status=422)


def _propose(request: HttpRequest, form: Proposal) -> PolicyVersion:
    return services.propose_policy(
        actor=request.actor, funder_id=request.actor.party_id, now=timezone.now(), body=form.body(),
        effective_from=form.cleaned_data["effective_from"], note=form.cleaned_data["note"],
    )  # fmt: skip


def _form_page(request: HttpRequest, form: Proposal, current: PolicyVersion | None, *, refusal=None, status=200):
    entered = form.body() if form.is_bound and (form.is_valid() or form.cleaned_data) else None
    context = {
        "form": form,
        "preview": "preview" in request.POST,
        **_groups(form),
        "current": current,
        "currency": queries.currency_of(request.actor),
        "refusal": refusal,
        "faults": refusal.facts.get("faults", []) if refusal else [],
        "difference": difference(current, entered, queries.currency_of(request.actor)) if entered else None,
    }
    return render(request, "funder/propose.html", context, status=status)


def _groups(form: Proposal) -> dict:
    groups = form.grouped()
    rest = groups["open"][1:]
    grades = [part for part in rest if part.section.terms[0].place.startswith("grades.")]
    return {"groups": groups, "grades": grades, "others": [part for part in rest if part not in grades]}


def _policy(request: HttpRequest, policy_id: int) -> PolicyVersion:
    found = PolicyVersion.objects.visible_to(request.actor).filter(id=policy_id).first()
    if found is None:
        raise NotFound()
    return found


@for_kinds(*FUNDERS)
def policy(request: HttpRequest, policy_id: int) -> HttpResponse:
    require(request.actor, "credit.view_policy")
    return _policy_page(request, _policy(request, policy_id))


def _policy_page(request: HttpRequest, version: PolicyVersion, *, refusal=None, status=200) -> HttpResponse:
    is_open = version.status == PolicyVersion.Status.PROPOSED
    is_own = version.proposed_by == request.actor.identity
    checks = permits(request.actor, "credit.approve_policy")
    currency = queries.currency_of(request.actor)
    may_decide = is_open and checks and not is_own
    context = {
        "version": version,
        "difference": difference(followed(request.actor, version), version.body, currency),
        "body": readable(version.body),
        "happenings": timeline(request.actor, version),
        "refusal": refusal,
        "people": _people(version),
        "is_own": is_own,
        "may_decide": may_decide,
        "counts_from": second.awaited(request.actor, services.APPROVES, timezone.now()) if may_decide else None,
        "lacks_factor": may_decide and request.actor.has_second_factor is False,
        "may_withdraw": is_open and permits(request.actor, "credit.propose_policy"),
        **replays.shown_with(request, version),
    }
    return render(request, "funder/policy.html", context, status=status)


def _people(version: PolicyVersion) -> dict[str, str]:
    known = named(version.proposed_by, version.decided_by)
    return {"proposer": known.get(version.proposed_by, ""), "decider": known.get(version.decided_by, "")}


@for_kinds(*FUNDERS)
@require_POST
def conclude(request: HttpRequest, policy_id: int, verb: str) -> HttpResponse:
    """Approve (what was seen), reject or withdraw."""
    now = timezone.now()
    verbs = {
        "approve": lambda: services.approve_policy(
            actor=request.actor,
            policy_id=policy_id,
            seen_hash=request.POST.get("seen_hash", ""),
            now=now,
            seen_replay_id=replays.number_of(request.POST.get("seen_replay")),
        ),
        "reject": lambda: services.reject_policy(actor=request.actor, policy_id=policy_id, now=now),
        "withdraw": lambda: services.withdraw_policy(actor=request.actor, policy_id=policy_id, now=now),
    }
    if verb not in verbs:
        raise NotFound()
    try:
        verbs[verb]()
    except NotFound:
        raise
    except RuleViolation as refusal:
        return _policy_page(request, _policy(request, policy_id), refusal=refusal, status=refusal.status)
    messages.success(request, _("Done."))
    return redirect("funder:policy", policy_id)
