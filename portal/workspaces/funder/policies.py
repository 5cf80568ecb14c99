"""Policy versions: proposed by a maker, compared and approved by a checker."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from financing.credit import services
from financing.credit.models import PolicyVersion
from financing.credit.queries import policy_in_force
from financing.credit.rules import DEFAULT_BODY, Policy
from portal.shared.access import FUNDERS, permits, require
from portal.shared.errors import NotFound, RuleViolation
from portal.ui.tables import Column, Table
from portal.workspaces.access import for_kinds
from portal.workspaces.funder import queries
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


class PolicyField(forms.JSONField):
    """A policy as text that a person can read and change: indented, its parts in the order of the rules."""

    def prepare_value(self, value: Any) -> str:
        return value if isinstance(value, str) else readable(value)

    def bound_data(self, data: str, initial: Any) -> str:
        # What was entered comes back as it was typed: it may be no policy.
        return data


def readable(body: dict) -> str:
    return json.dumps(Policy.from_body(body).to_body(), indent=2, ensure_ascii=False)


class Proposal(forms.Form):
    effective_from = forms.DateField(
        label=gettext_lazy("Effective from"), widget=forms.DateInput(attrs={"type": "date"}),
        help_text=gettext_lazy("A business date of your book, today or later."),
    )  # fmt: skip
    note = forms.CharField(label=gettext_lazy("What changes, and why"), max_length=2000)
    body = PolicyField(label=gettext_lazy("Policy"), widget=forms.Textarea(attrs={"rows": 24, "spellcheck": "false"}))


@dataclass(frozen=True, slots=True)
class Change:
    """One place in which two policies differ."""

    place: str
    before: Any
    after: Any


def changes(before: Any, after: Any, place: str = "") -> Iterator[Change]:
    """Every place where two bodies differ; members of lists are told by the name they carry, not by their position."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name in sorted(before.keys() | after.keys()):
            yield from changes(before.get(name), after.get(name), f"{place}.{name}" if place else name)
    elif isinstance(before, list) and isinstance(after, list):
        yield from changes(_by_name(before), _by_name(after), place)
    elif before != after:
        yield Change(place, "–" if before is None else before, "–" if after is None else after)


def _by_name(members: list) -> dict:
    def name(position: int, member: Any) -> str:
        named = next((member[key] for key in ("feature", "grade", "code") if key in member), None)
        return str(named or position)

    return {name(position, member): member for position, member in enumerate(members)}


@for_kinds(*FUNDERS)
def policies(request: HttpRequest) -> HttpResponse:
    require(request.actor, "credit.view_policy")
    rows = PolicyVersion.objects.visible_to(request.actor)
    table = Table(
        request, rows, POLICIES, name="policies", caption=_("Policy versions"), order="-number",
        live="credit.policyversion",
        empty={"title": _("No policy yet"), "text": _("Propose the first one; a colleague approves it.")},
    )  # fmt: skip
    if table.export_wanted:
        return table.as_file()
    context = {"table": table, "may_propose": permits(request.actor, "credit.propose_policy")}
    return render(request, "funder/policies.html", context)


@for_kinds(*FUNDERS)
def propose(request: HttpRequest) -> HttpResponse:
    require(request.actor, "credit.propose_policy")
    book = queries.book_of(request.actor)
    if request.method != "POST":
        today = book.business_date if book else timezone.localdate()
        current = policy_in_force(request.actor.party_id, today)
        form = Proposal(initial={"effective_from": today, "body": current.body if current else DEFAULT_BODY})
        return render(request, "funder/propose.html", {"form": form})
    form = Proposal(request.POST)
    refusal = None
    if form.is_valid():
        try:
            made = services.propose_policy(
                actor=request.actor, funder_id=request.actor.party_id, now=timezone.now(), **form.cleaned_data
            )
        except RuleViolation as refused:
            refusal = refused
        else:
            messages.success(request, _("Proposed. A colleague who is a checker approves it."))
            return redirect("funder:policy", made.id)
    context = {"form": form, "refusal": refusal, "faults": refusal.facts.get("faults", []) if refusal else []}
    return render(request, "funder/propose.html", context, status=422)


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
    before = (
        PolicyVersion.objects.visible_to(request.actor)
        .filter(status=PolicyVersion.Status.APPROVED, effective_from__lte=version.effective_from)
        .exclude(id=version.id)
        .filter(number__lt=version.number)
        .order_by("-effective_from", "-number")
        .first()
    )
    is_open = version.status == PolicyVersion.Status.PROPOSED
    context = {
        "version": version,
        "before": before,
        "changes": list(changes(before.body, version.body)) if before else [],
        "body": readable(version.body),
        "happenings": timeline(request.actor, version),
        "refusal": refusal,
        "is_own": version.proposed_by == request.actor.identity,
        "may_decide": is_open
        and permits(request.actor, "credit.approve_policy")
        and version.proposed_by != request.actor.identity,
        "may_withdraw": is_open and permits(request.actor, "credit.propose_policy"),
    }
    return render(request, "funder/policy.html", context, status=status)


@for_kinds(*FUNDERS)
@require_POST
def conclude(request: HttpRequest, policy_id: int, verb: str) -> HttpResponse:
    """Approve (what was seen), reject or withdraw."""
    now = timezone.now()
    verbs = {
        "approve": lambda: services.approve_policy(
            actor=request.actor, policy_id=policy_id, seen_hash=request.POST.get("seen_hash", ""), now=now
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
