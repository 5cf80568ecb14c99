"""A policy replayed over what was decided: begun, watched, read, and shown where it is approved."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from financing.credit import replays, services, wording
from financing.credit.models import Decision, PolicyReplay, PolicyVersion, ReplayedDecision
from financing.credit.services.replaying import MONTHS
from portal.shared.access import FUNDERS, permits, require
from portal.shared.errors import NotFound
from portal.ui.states import state
from portal.ui.tables import Column, Filter, Table
from portal.workspaces.access import for_kinds

CHANGES = (
    Column("decision.application_id", gettext_lazy("Application"), kind="id", sort="decision__application_id",
           url=lambda row: reverse("funder:application", args=[row.decision.application_id])),
    Column("supplier.name", gettext_lazy("Supplier"), sort="supplier__name"),
    Column("amount_minor", gettext_lazy("Amount"), kind="money", sort=True),
    Column("outcome_before", gettext_lazy("Was"), kind="status", sort=True),
    Column("outcome_after", gettext_lazy("Would be"), kind="status", sort=True),
    Column("grade_after", gettext_lazy("Grade"), sort=True,
           value=lambda row: f"{row.grade_before or '–'} → {row.grade_after or '–'}"),
    Column("limit_before_minor", gettext_lazy("Limit was"), kind="money", sort=True),
    Column("limit_after_minor", gettext_lazy("Limit would be"), kind="money", sort=True),
    Column("gain_minor", gettext_lazy("Income, change"), kind="money", sort=True),
    Column("why", gettext_lazy("Why"), value=lambda row: _why(row)),
)  # fmt: skip


def _why(row: ReplayedDecision) -> str:
    """Reasons only where somebody would hear another answer."""
    if row.outcome_before == row.outcome_after:
        return ""
    return " ".join(wording.reason(code, wording.OFFICER) for code in row.reasons_after)


def number_of(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None


def shown_with(request: HttpRequest, version: PolicyVersion) -> dict:
    """The replay that a policy's page shows: the one that was asked for, else the latest finished, else the latest."""
    found = list(version.replays.order_by("-id"))
    asked = number_of(request.GET.get("replay"))
    done = [each for each in found if each.status == PolicyReplay.Status.DONE]
    replay = next((each for each in found if each.id == asked), None) or next(iter(done or found), None)
    running = next((each for each in found if each.status == PolicyReplay.Status.RUNNING), None)
    return {
        "windows": MONTHS,
        "replay": replay,
        "others": [each for each in found if each != replay],
        "running": running,
        "may_replay": permits(request.actor, "credit.replay_policy"),
        "found": summary(replay) if replay and replay.status == PolicyReplay.Status.DONE else None,
    }


def summary(replay: PolicyReplay) -> dict:
    whole, graded = replays.totals(replay)
    return {"totals": whole, "grades": graded, "moves": replays.moves(replay), "unreadable": replays.unreadable(replay)}


@for_kinds(*FUNDERS)
@require_POST
def begin(request: HttpRequest, policy_id: int) -> HttpResponse:
    made = services.request_replay(
        actor=request.actor, policy_id=policy_id, months=number_of(request.POST.get("months")) or 0, now=timezone.now()
    )
    if made.status == PolicyReplay.Status.DONE:
        messages.info(request, _("It was replayed over these months today already."))
    return redirect(f"{reverse('funder:policy', args=[policy_id])}?replay={made.id}#replay")


@for_kinds(*FUNDERS)
def replay(request: HttpRequest, replay_id: int) -> HttpResponse:
    require(request.actor, "credit.view_policy")
    found = PolicyReplay.objects.visible_to(request.actor).select_related("policy").filter(id=replay_id).first()
    if found is None:
        raise NotFound()
    outcomes = [(code, state(code).label) for code in Decision.Outcome.values]
    table = Table(
        request, _rows(request, found), CHANGES, name="changes", caption=_("Who would be decided otherwise"),
        search=("supplier__name",),
        filters=(Filter("outcome_before", _("Was"), outcomes), Filter("outcome_after", _("Would be"), outcomes)),
        empty={"title": _("Nobody would be decided otherwise"),
               "text": _("Outcome, grade, limit and price of every decision stay as they were.")},
    )  # fmt: skip
    if table.export_wanted:
        return table.as_file()
    context = {"replay": found, "version": found.policy, "table": table, "found": summary(found)}
    return render(request, "funder/replay.html", context)


def _rows(request: HttpRequest, replay: PolicyReplay):
    """Of one grade, where the address names it (as it was, or as it would be)."""
    rows = replays.changes(replay)
    for side in ("grade_before", "grade_after"):
        if side in request.GET:
            rows = rows.filter(**{side: request.GET[side][:2]})
    return rows.order_by("other_answer", "-amount_minor", "id")
