"""What happened, who has to act on it, and what came in from outside."""

from collections import defaultdict
from collections.abc import Sequence

from allauth.idp.oidc.models import Client
from django.contrib import admin
from django.db.models import Count
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.intake.models import Document
from accounts.intake.replaying import may_replay
from accounts.notices.models import Notice
from accounts.notices.queries import table
from accounts.parties.models import Party, User
from accounts.trail.delivery import retry
from accounts.trail.models import Delivery, Event, EventParty
from financing.banking import services as banking
from financing.receivables import services as receivables
from logistics.orders import services as orders
from portal.backoffice.acts import Act
from portal.backoffice.base import ReadOnly
from portal.backoffice.columns import badge, link
from portal.backoffice.filters import ActedBy, SubjectNumber, SubjectType, choice, party, period
from portal.backoffice.site import site
from portal.ui.states import state


@admin.register(Event, site=site)
class Events(ReadOnly):
    """The audit trail: all of it, as the operator answers for the portal; the parties read theirs on their pages."""

    columns = ("recorded_at", "name", "subject", "who", "acting_for", "sent_to")
    search_fields = ("name", "=request_id")
    search_help_text = _("Name of the event, or number of the request")
    list_filter = (SubjectType, SubjectNumber, ActedBy, period("recorded_at"), choice("audience"))
    refers = {"actor_user_id": "parties.user", "actor_party_id": "parties.party"}
    retold = ("actor_user_id", "actor_party_id", "actor_client_id")
    more_fields = ("who", "acting_for", "told", "deliveries")

    def get_queryset(self, request):
        """Every event. `visible_to` would leave what names the operator; who enters here has been asked at the door."""
        rows = super().get_queryset(request).model.objects.all()
        return rows.order_by(*self.ordering)

    def furnish(self, rows: Sequence[Event]) -> None:
        users = User.objects.in_bulk({row.actor_user_id for row in rows} - {None})
        parties = Party.objects.in_bulk({row.actor_party_id for row in rows} - {None})
        clients = Client.objects.defer("secret").in_bulk({row.actor_client_id for row in rows} - {""})
        states = defaultdict(dict)
        counted = (
            Delivery.objects.filter(event__in=[row.pk for row in rows]).order_by().values_list("event_id", "state")
        )
        for event_id, code, number in counted.annotate(Count("id")):
            states[event_id][code] = number
        for row in rows:
            row.acting = users.get(row.actor_user_id) or clients.get(row.actor_client_id)
            row.acting_party, row.delivery_states = parties.get(row.actor_party_id), states[row.pk]

    @admin.display(description=_("who"))
    def who(self, row: Event):
        if row.actor_user_id:
            return link("parties.user", row.actor_user_id, row.acting or f"user:{row.actor_user_id}")
        if row.actor_client_id:
            return row.acting.name if row.acting else f"client:{row.actor_client_id}"
        return _("the portal")

    @admin.display(description=_("acting for"))
    def acting_for(self, row: Event):
        return link("parties.party", row.actor_party_id, row.acting_party or row.actor_party_id)

    @admin.display(description=_("deliveries"))
    def sent_to(self, row: Event):
        url = f"{reverse('admin:trail_delivery_changelist')}?event__id__exact={row.pk}"
        words = ", ".join(f"{number} {state(code).label}" for code, number in sorted(row.delivery_states.items()))
        return format_html('<a class="bo-link" href="{}">{}</a>', url, words) if words else "–"

    @admin.display(description=_("who may know"))
    def told(self, row: Event):
        parties = Party.objects.filter(id__in=EventParty.objects.filter(event=row).values("party_id"))
        return format_html_join(", ", "{}", [(link("parties.party", each.pk, each),) for each in parties]) or "–"

    @admin.display(description=_("deliveries"))
    def deliveries(self, row: Event):
        found = Delivery.objects.filter(event=row).order_by("subscriber")
        lines = [(link("trail.delivery", each.pk, each.subscriber), badge(each.state)) for each in found]
        return format_html_join("", "<div>{} {}</div>", lines) or "–"


def _try_again(actor, row: Delivery, now, reason: str) -> None:
    retry(actor=actor, delivery_id=row.pk, now=now)


@admin.register(Delivery, site=site)
class Deliveries(ReadOnly):
    columns = ("id", "event", "subscriber", "subject", "standing", "attempts", "due_at", "last_error")
    search_fields = ("=subject", "subscriber", "last_error")
    search_help_text = _("Subject (as advances.advance:7), who has to act, or what went wrong")
    list_filter = (choice("state"), period("due_at"))
    acts = (
        Act(
            "try_again", _("Try again"), "trail.retry_delivery",
            _try_again,
            fits=lambda row: row.state == Delivery.State.PARKED,
        ),
    )  # fmt: skip

    @admin.display(description=_("state"), ordering="state")
    def standing(self, row: Delivery):
        """Waiting after a failure is not the same as waiting for its turn."""
        return badge("RETRYING" if row.state == Delivery.State.WAITING and row.attempts else row.state)


REPLAYS = {
    Document.Kind.INVOICE: receivables.replay,
    Document.Kind.CREDIT_NOTE: receivables.replay,
    Document.Kind.TRADE_HISTORY: orders.replay,
    Document.Kind.BANK_MESSAGE: banking.replay,
}
"""Who reads a kind of document."""


def _replay(actor, row: Document, now, reason: str) -> str:
    done = REPLAYS[row.kind](actor=actor, document_id=row.pk, now=now)
    word = state(done.outcome, of="document").label
    became = f"{word}: {done.explanation}" if done.explanation else word
    return gettext("Document {number}: {outcome}").format(number=row.pk, outcome=became)


@admin.register(Document, site=site)
class Documents(ReadOnly):
    columns = ("id", "kind", "party", "received_at", "received_from", "outcome", "explanation")
    search_fields = ("file_name", "code", "explanation", "=sha256", "party__name")
    list_filter = (choice("outcome"), choice("kind"), party("party"), period("received_at"))
    date_hierarchy = "received_at"
    more_fields = ("evidence",)
    acts = (
        Act(
            "replay", _("Run through again"), "intake.replay", _replay,
            fits=lambda row: may_replay(row, timezone.now()),
            warning=_("What they say enters now, in the name of who handed it in. What has entered stays."),
        ),
    )  # fmt: skip

    @admin.display(description=_("as it came"))
    def evidence(self, row: Document):
        url = reverse("operator:document_content", args=[row.pk])
        return format_html('<a class="bo-link" href="{}" download>{}</a>', url, _("Download the evidence"))


@admin.register(Notice, site=site)
class Notices(ReadOnly):
    columns = ("id", "user", "party", "event", "about", "mail", "mailing", "created_at")
    retold = ("topic",)
    more_fields = ("about",)

    @admin.display(description=_("topic"))
    def about(self, row: Notice):
        return next((each.label for each in table().topics if each.code == row.topic), row.topic)
