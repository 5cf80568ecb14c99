"""What happened, who may know it, and who still has to be told.

One Event is the audit record, the timeline entry and the outbox message. A Delivery is one subscriber's share of it.
"""

from django.db import models
from django.db.models import F, Q

from portal.shared.access import Actor
from portal.shared.choices import Choices

OLDEST_RUNNING = "pg_snapshot_xmin(pg_current_snapshot())::text::bigint + trail_transactions_before()"


class CurrentTransaction(models.Func):
    """Number of the transaction that writes the row (xid8), as the first migration takes it."""

    function, template, output_field = "pg_current_xact_id", "%(function)s()", models.TextField()


class Recording(models.Func):
    """The same, after those that the database counted before it was restored into another (`after_restore`)."""

    template = "pg_current_xact_id()::text::bigint + trail_transactions_before()"
    output_field = models.BigIntegerField()


class OldestRunning(models.Func):
    """Every transaction below this number has ended: what it wrote is all there, or never will be."""

    template = f"({OLDEST_RUNNING})"
    output_field = models.BigIntegerField()


class EventQuerySet(models.QuerySet):
    def visible_to(self, actor: Actor):
        """Events that name the acting party among those who may know. The portal itself: all."""
        if actor.is_system:
            return self
        if actor.party_id is None:
            return self.none()  # compared with NULL, it would be those that name nobody
        return self.filter(parties__party_id=actor.party_id).annotate(own_facts=models.F("parties__facts"))

    def settled(self):
        """Events below every running transaction: a reader that remembers the last id it saw misses none of them."""
        return self.filter(transaction__lt=OldestRunning())

    def about(self, subject_type: str, subject_id: int):
        return self.filter(subject_type=subject_type, subject_id=subject_id)


class Event(models.Model):
    """Append-only. The payload holds ids and facts that all its parties may know, and no personal data."""

    class Audience(Choices):
        PUBLIC_TO_PARTIES = "PUBLIC_TO_PARTIES"
        INTERNAL = "INTERNAL"

    name = models.CharField(max_length=60)
    subject_type = models.CharField(max_length=40)
    subject_id = models.BigIntegerField()
    audience = models.CharField(max_length=20, choices=Audience)
    payload = models.JSONField(default=dict)
    actor_party_id = models.BigIntegerField(null=True)
    actor_user_id = models.BigIntegerField(null=True)
    actor_client_id = models.CharField(max_length=64, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    recorded_at = models.DateTimeField()
    effective_at = models.DateTimeField()
    transaction = models.BigIntegerField(db_default=Recording(), editable=False)

    objects = EventQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["subject_type", "subject_id", "id"], name="event_by_subject"),
            models.Index(fields=["recorded_at"], name="event_by_time"),
            # Streams and cursors read on from the transaction they had come to.
            models.Index(fields=["transaction", "id"], name="event_by_transaction"),
        ]

    own_facts: dict | None = None
    """What the reading party alone may know; `visible_to` brings it along."""

    def __str__(self):
        return f"{self.name} {self.subject_type}:{self.subject_id}"

    @property
    def facts(self) -> dict:
        """The payload as the party reads it that `visible_to` was asked for."""
        return self.payload | (self.own_facts or {})

    @property
    def doer(self) -> str:
        """The person or machine who did it, as in user:7 or client:ab12; empty for the portal itself."""
        if self.actor_user_id:
            return f"user:{self.actor_user_id}"
        return f"client:{self.actor_client_id}" if self.actor_client_id else ""


class EventParty(models.Model):
    """One party that may know of an event: the only way by which pages, streams and webhooks read events.

    `facts`: laid over the payload, for this party alone.
    """

    pk = models.CompositePrimaryKey("party_id", "event_id")
    party_id = models.BigIntegerField()
    event = models.ForeignKey(Event, models.CASCADE, related_name="parties")
    facts = models.JSONField(null=True)

    class Meta:
        verbose_name_plural = "event parties"


class Delivery(models.Model):
    """One event on its way to one subscriber. WAITING until handled; PARKED after the last try, for an operator."""

    class State(Choices):
        WAITING = "WAITING"
        DONE = "DONE"
        PARKED = "PARKED"

    event = models.ForeignKey(Event, models.PROTECT, related_name="deliveries")
    subscriber = models.CharField(max_length=60)
    subject = models.CharField(max_length=60)
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()
    leased_until = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True)

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [
            # An event recorded twice for one subscriber would be handled twice.
            models.UniqueConstraint(fields=["event", "subscriber"], name="delivery_once_per_subscriber"),
            models.CheckConstraint(
                condition=Q(state="DONE", done_at__isnull=False) | (~Q(state="DONE") & Q(done_at__isnull=True)),
                name="delivery_done_has_time",
            ),
        ]
        indexes = [
            models.Index(fields=["subscriber", "id"], condition=Q(state="WAITING"), name="delivery_waiting"),
            models.Index(fields=["subscriber", "subject", "id"], condition=~Q(state="DONE"), name="delivery_in_order"),
            # Seldom any: counted without reading all that waits in a rush.
            models.Index(fields=["subscriber"], condition=Q(state="PARKED"), name="delivery_parked"),
        ]
        ordering = [F("id")]

    def __str__(self):
        return f"{self.subscriber} <- event {self.event_id} ({self.state})"
