"""What a person is told: one notice per event and recipient, read or not, and the mail in which it went."""

from django.db import models
from django.db.models import OuterRef, Q, Subquery

from accounts.notices import rules
from accounts.parties.models import Party, User
from accounts.trail.models import Event, EventParty
from portal.shared.access import Actor
from portal.shared.choices import Choices


class Cadence(Choices):
    AT_ONCE = rules.AT_ONCE
    DAILY = rules.DAILY
    NEVER = rules.NEVER


class Mailing(models.Model):
    """One mail to one person about one party. Its outcome is kept; what it said stands in its notices."""

    class State(Choices):
        WAITING = "WAITING"
        SENT = "SENT"
        FAILED = "FAILED"
        DROPPED = "DROPPED"  # read meanwhile, or the person no longer acts for the party

    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    party = models.ForeignKey(Party, models.CASCADE, related_name="+")
    cadence = models.CharField(max_length=8, choices=Cadence)
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    leased_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state="SENT", sent_at__isnull=False) | (~Q(state="SENT") & Q(sent_at__isnull=True)),
                name="mailing_sent_has_time",
            ),
        ]
        indexes = [models.Index(fields=["due_at", "id"], condition=Q(state="WAITING"), name="mailing_waiting")]

    def __str__(self):
        return f"mail {self.pk} to user {self.user_id} ({self.state})"


class NoticeQuerySet(models.QuerySet):
    def visible_to(self, actor: Actor):
        """A person's own, of the party it acts for. A machine has none, nor has the portal itself."""
        if actor.user_id is None or actor.party_id is None:
            return self.none()
        return self.filter(user_id=actor.user_id, party_id=actor.party_id)

    def unread(self):
        return self.filter(read_at__isnull=True)

    def with_events(self):
        """Each with its event, and what its party alone may know of it."""
        told = EventParty.objects.filter(party_id=OuterRef("party_id"), event_id=OuterRef("event_id"))
        return self.select_related("event").annotate(own_facts=Subquery(told.values("facts")))


class Notice(models.Model):
    """One event, told to one person who acts for one of its parties. `mail`: how soon it was to be mailed."""

    # The indexes below serve these, too.
    user = models.ForeignKey(User, models.CASCADE, related_name="notices", db_index=False)
    party = models.ForeignKey(Party, models.CASCADE, related_name="+", db_index=False)
    event = models.ForeignKey(Event, models.PROTECT, related_name="+", db_index=False)
    topic = models.CharField(max_length=20)
    mail = models.CharField(max_length=8, choices=Cadence)
    mailing = models.ForeignKey(Mailing, models.SET_NULL, null=True, related_name="notices", db_index=False)
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        constraints = [
            # A batch of events that is delivered twice tells nobody twice.
            models.UniqueConstraint(fields=["event", "user", "party"], name="notice_once"),
        ]
        indexes = [
            models.Index(fields=["user", "party", "-id"], name="notice_by_person"),
            models.Index(fields=["user", "party"], condition=Q(read_at__isnull=True), name="notice_unread"),
            models.Index(
                fields=["mail", "id"],
                condition=Q(mailing__isnull=True, read_at__isnull=True) & ~Q(mail=rules.NEVER),
                name="notice_to_mail",
            ),
            models.Index(fields=["mailing"], condition=Q(mailing__isnull=False), name="notice_by_mailing"),
        ]

    def __str__(self):
        return f"event {self.event_id} to user {self.user_id} of party {self.party_id}"


class Preferences(models.Model):
    """What a person chose to have mailed; who chose nothing has no row, and is mailed what is usual for its roles."""

    user = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="notice_preferences")
    cadences = models.JSONField(default=dict, help_text="Topic -> AT_ONCE, DAILY or NEVER; a topic left out: as usual.")
    discreet = models.BooleanField(default=False, help_text="Mails name topics only: no amounts, names or numbers.")
    changed_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "preferences"

    def __str__(self):
        return f"preferences of user {self.user_id}"
