"""The first page: what is stuck. Each figure is the length of the list that it leads to."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby

from django.db.models import Count, Min, Model
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from accounts.intake.models import Document
from accounts.parties.models import BusinessVerification
from accounts.trail.models import Delivery
from financing.advances.models import Advance, Application
from financing.banking.models import DIFFERS, BankMessage, PaymentInstruction, Statement
from financing.credit.models import PolicyVersion
from financing.receivables.models import Receivable, SettlementPayment
from portal.backoffice.site import site
from portal.ui.paging import MOST_COUNTED
from portal.ui.states import ATTENTION, BAD

P, V, D = PaymentInstruction.Status, BusinessVerification.Status, Document.Outcome
PORTAL, BANK, PEOPLE = _("The portal's own work"), _("At the bank"), _("Waiting for people")


@dataclass(frozen=True, slots=True)
class Watch:
    """Rows that should not be there, or not for so long.

    where   lookups, which are the list's address too
    since   the instant or day that a row waits from; it counts once that is older than `older`
    """

    group: Promise
    label: Promise
    model: type[Model]
    where: dict[str, str]
    since: str
    older: timedelta = timedelta()
    tone: str = ATTENTION
    narrowed: dict[str, str] = field(default_factory=dict)

    def lookups(self, now: datetime) -> dict[str, str]:
        late = {f"{self.since}__lt": (now - self.older).isoformat()} if self.older else {}
        return {**self.where, **late}


WATCHES = (
    Watch(PORTAL, _("Parked deliveries"), Delivery, {"state__exact": "PARKED"}, "due_at", tone=BAD),
    Watch(PORTAL, _("Late deliveries"), Delivery, {"state__exact": "WAITING"}, "due_at", timedelta(minutes=1)),
    Watch(PORTAL, _("Refused documents"), Document, {"outcome__exact": "REFUSED"}, "received_at"),
    Watch(PORTAL, _("Documents never concluded"), Document, {"outcome__exact": "RECEIVED"}, "received_at",
          timedelta(minutes=5), BAD),
    Watch(PORTAL, _("Undecided applications"), Application, {"status__exact": "SUBMITTED"}, "submitted_at",
          timedelta(minutes=1), BAD),
    Watch(BANK, _("Payments of unknown outcome"), PaymentInstruction, {"status__exact": P.UNKNOWN}, "sent_at",
          tone=BAD),
    Watch(BANK, _("Payments refused or returned"), PaymentInstruction, {"status__in": f"{P.REJECTED},{P.RETURNED}"},
          "created_at"),
    Watch(BANK, _("Payments not sent"), PaymentInstruction, {"status__exact": P.DUE}, "created_at",
          timedelta(minutes=5), BAD),
    Watch(BANK, _("Payments not booked for a day"), PaymentInstruction, {"status__in": f"{P.SENT},{P.ACCEPTED}"},
          "created_at", timedelta(hours=24)),
    Watch(BANK, _("Messages without an answer"), BankMessage, {"state__exact": "UNKNOWN"}, "recorded_at"),
    Watch(BANK, _("Days that do not agree"), Statement, {}, "reconciled_at", tone=BAD, narrowed={"agrees": "no"}),
    Watch(BANK, _("Advances still paying out"), Advance, {"status__exact": "DISBURSING"}, "approved_at",
          timedelta(hours=1)),
    Watch(PEOPLE, _("Verifications older than two days"), BusinessVerification,
          {"status__in": f"{V.SUBMITTED},{V.SCREENED}"}, "submitted_at", timedelta(days=2)),
    Watch(PEOPLE, _("Referrals older than a day"), Application, {"status__exact": "REFERRED"}, "submitted_at",
          timedelta(days=1)),
    Watch(PEOPLE, _("Invoices not accepted for a week"), Receivable, {"status__exact": "RECEIVED"}, "received_at",
          timedelta(days=7)),
    Watch(PEOPLE, _("Policies not decided for a week"), PolicyVersion, {"status__exact": "PROPOSED"}, "proposed_at",
          timedelta(days=7)),
    Watch(PEOPLE, _("Settlements not booked for two days"), SettlementPayment, {"status__exact": "INSTRUCTED"},
          "settlement__created_at", timedelta(days=2)),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Figure:
    label: Promise
    count: int
    is_cut: bool
    url: str
    tone: str
    oldest: datetime | None = None
    age_ms: int = 0


def figures(request: HttpRequest) -> list[tuple[Promise, list[Figure]]]:
    """By group: one statement each, over the few rows that are open, and never over more than are counted anywhere."""
    now = timezone.now()
    return [
        (group, [_figure(watch, request, now) for watch in watches])
        for group, watches in groupby(WATCHES, key=lambda each: each.group)
    ]


def _figure(watch: Watch, request: HttpRequest, now: datetime) -> Figure:
    asked = watch.lookups(now)
    rows = watch.model.objects.all()
    if hasattr(rows, "visible_to"):
        rows = rows.visible_to(request.actor)
    rows = rows.filter(**{name: v.split(",") if name.endswith("__in") else v for name, v in asked.items()})
    if "agrees" in watch.narrowed:
        rows = rows.filter(DIFFERS)
    reached = rows.order_by()[: MOST_COUNTED + 1].aggregate(n=Count("pk"), oldest=Min(watch.since))
    query = urlencode(asked | watch.narrowed)
    return Figure(
        label=watch.label,
        count=min(reached["n"], MOST_COUNTED),
        is_cut=reached["n"] > MOST_COUNTED,
        url=f"{site.address(watch.model, None, 'changelist')}?{query}",
        tone=watch.tone,
        oldest=reached["oldest"],
        age_ms=max(0, int((now - reached["oldest"]).total_seconds() * 1000)) if reached["oldest"] else 0,
    )
