"""Events on their way to who has to act on them: what waits, what failed and why, and another try."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from accounts.trail.delivery import retry
from accounts.trail.models import Delivery
from accounts.trail.subscribers import subscribers
from portal.shared.access import OPERATOR, permits, require
from portal.shared.errors import InvalidTransition, NotFound
from portal.ui.states import state
from portal.ui.tables import Column, Filter, Table
from portal.workspaces.access import for_kinds
from portal.workspaces.operator import queries

MOST_CHOSEN = 200
PARKED = Delivery.State.PARKED


def _state(row: Delivery) -> str:
    """Waiting after a failure is not the same as waiting for its turn."""
    return "RETRYING" if row.state == Delivery.State.WAITING and row.attempts else row.state


def _columns(may_retry: bool) -> tuple[Column, ...]:
    choose = Column("id", gettext_lazy("Choose"), kind="choose", value=lambda r: r.id if r.state == PARKED else None)
    return (
        *([choose] if may_retry else []),
        Column("number", gettext_lazy("Delivery"), kind="id", value=lambda row: row.pk,
               url=lambda row: reverse("operator:delivery", args=[row.pk])),
        Column("event.name", gettext_lazy("What happened"), sort="event__name"),
        Column("subscriber", gettext_lazy("Who has to act"), sort=True),
        Column("state", gettext_lazy("State"), kind="status", sort=True, value=_state),
        Column("attempts", gettext_lazy("Tries"), kind="number", sort=True),
        Column("due_at", gettext_lazy("Next try"), kind="instant", sort=True,
               value=lambda row: None if row.state == PARKED else row.due_at),
        Column("last_error", gettext_lazy("What went wrong"), value=lambda row: Truncator(row.last_error).chars(160)),
    )  # fmt: skip


@for_kinds(OPERATOR)
def deliveries(request: HttpRequest) -> HttpResponse:
    may_retry = permits(request.actor, "trail.retry_delivery")
    table = Table(
        request, queries.undelivered(), _columns(may_retry), name="deliveries", caption=_("On their way"),
        search=("subscriber", "event__name", "subject", "last_error"), order="due_at",
        filters=(
            Filter("state", _("State"), [(code, state(code).label) for code in (PARKED, Delivery.State.WAITING)]),
            Filter("subscriber", _("Who has to act"), [(name, name) for name in sorted(subscribers())]),
        ),
        empty={
            "title": _("Everything has arrived"),
            "text": _("Every event reached who has to act on it. What fails is tried again, and parked here at last."),
        },
    )  # fmt: skip
    if table.export_wanted:
        return table.as_file()
    stuck = queries.stuck(request.actor, timezone.now())
    return render(request, "operator/deliveries.html", {"table": table, "stuck": stuck, "may_retry": may_retry})


@for_kinds(OPERATOR)
def delivery(request: HttpRequest, delivery_id: int) -> HttpResponse:
    found = Delivery.objects.select_related("event").defer("event__payload").filter(id=delivery_id).first()
    if found is None:
        raise NotFound()
    others = Delivery.objects.filter(event=found.event_id).exclude(id=found.id).order_by("subscriber")
    is_ordered = found.subscriber in subscribers() and subscribers()[found.subscriber].ordered
    held_back = Delivery.objects.filter(
        subscriber=found.subscriber, subject=found.subject, id__gt=found.id, state=Delivery.State.WAITING
    )
    context = {
        "delivery": found,
        "state": _state(found),
        "others": list(others),
        "held_back": held_back.count() if is_ordered and found.state == PARKED else 0,
        "may_retry": found.state == PARKED and permits(request.actor, "trail.retry_delivery"),
    }
    return render(request, "operator/delivery.html", context)


@for_kinds(OPERATOR)
@require_POST
def retry_chosen(request: HttpRequest) -> HttpResponse:
    """A fresh set of tries for each that is parked; those that are no longer are told."""
    require(request.actor, "trail.retry_delivery")
    chosen = [int(each) for each in request.POST.getlist("chosen") if each.isdecimal() and len(each) < 19]
    if not chosen:
        messages.warning(request, _("Nothing was chosen. Mark the parked deliveries to try again."))
        return redirect("operator:deliveries")
    again, over, now = 0, 0, timezone.now()
    for delivery_id in chosen[:MOST_CHOSEN]:
        try:
            retry(actor=request.actor, delivery_id=delivery_id, now=now)
            again += 1
        except InvalidTransition:
            over += 1
    if again:
        messages.success(request, ngettext("{n} is tried again.", "{n} are tried again.", again).format(n=again))
    if over:
        text = ngettext("{n} was no longer parked.", "{n} were no longer parked.", over)
        messages.info(request, text.format(n=over))
    return redirect("operator:deliveries")
