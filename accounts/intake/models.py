"""Everything that came in from outside, kept as it came: evidence, whatever became of it."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Collate, Upper

from accounts.parties.models import Party
from portal.shared import access
from portal.shared.access import Actor
from portal.shared.choices import Choices
from portal.shared.fields import SentenceField
from portal.shared.sentences import told


class DocumentQuerySet(models.QuerySet):
    def visible_to(self, actor: Actor):
        """The party that handed it in, and the operator."""
        if actor.is_system or actor.party_kind == access.OPERATOR:
            return self
        return self.filter(party_id=actor.party_id)


class Document(models.Model):
    """Content and hash never change; the outcome is written once the content was understood or refused."""

    class Kind(Choices):
        INVOICE = "INVOICE"
        CREDIT_NOTE = "CREDIT_NOTE"
        TRADE_HISTORY = "TRADE_HISTORY"
        BANK_MESSAGE = "BANK_MESSAGE"

    class Outcome(Choices):
        __contexts__ = {"ACCEPTED": "document"}  # not as a buyer accepts an invoice
        RECEIVED = "RECEIVED"
        ACCEPTED = "ACCEPTED"
        PARTLY = "PARTLY"
        REFUSED = "REFUSED"

    party = models.ForeignKey(Party, models.PROTECT, null=True, related_name="+")
    kind = models.CharField(max_length=14, choices=Kind)
    media_type = models.CharField(max_length=100)
    file_name = models.CharField(max_length=200, blank=True)
    content = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    size = models.PositiveIntegerField()
    received_at = models.DateTimeField()
    received_from = models.CharField(max_length=80, help_text="Identity of the actor who handed it in.")
    outcome = models.CharField(max_length=8, choices=Outcome, default=Outcome.RECEIVED)
    code = models.CharField(max_length=60, blank=True)
    explanation = SentenceField(blank=True)
    report = models.JSONField(default=dict, help_text="Counts, and the rows refused with line and reason.")

    objects = DocumentQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["party", "-id"], name="document_by_party"),
            models.Index(fields=["sha256"], name="document_by_hash"),
            models.Index(fields=["-id"], condition=Q(outcome="REFUSED"), name="document_refused"),
            models.Index(Collate(Upper("file_name"), "C"), condition=~Q(file_name=""), name="document_by_file_name"),
        ]

    @property
    def report_said(self) -> dict:
        """The report in the reader's words."""
        return self.report | {
            "refused": [row | {"reason": str(told(row["reason"]))} for row in self.report.get("refused", [])]
        }

    @property
    def refused(self) -> list[dict]:
        """What was refused of it: `line`, `number` where it has one, `code` and `reason`, in the reader's words."""
        return self.report_said["refused"]

    def __str__(self):
        return f"{self.kind} {self.file_name or self.sha256[:12]}"
