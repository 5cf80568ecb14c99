"""Accounts at banks, what they are told to pay, what they answer, and what they say has happened."""

from collections.abc import Iterable

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Collate, Upper

from accounts.parties.models import Party
from financing.banking.iso20022 import fields
from financing.banking.rules import concerns_payee
from portal.shared import access
from portal.shared.access import Actor
from portal.shared.choices import Choices
from portal.shared.workflow import Lifecycle


class OfAccount(models.QuerySet):
    path = "account__party_id"

    def visible_to(self, actor: Actor):
        """The owner of the account, and the operator."""
        if actor.is_system or actor.party_kind == access.OPERATOR:
            return self
        return self.filter(**{self.path: actor.party_id})


class BankAccountQuerySet(OfAccount):
    path = "party_id"

    def told_of(self, ibans: Iterable[str]) -> dict[str, "BankAccount"]:
        """By their IBANs, the accounts that the bank may speak of to the portal."""
        return {account.iban: account for account in self.filter(iban__in=set(ibans), connected=True)}

    def in_force(self):
        """Those that money goes to, and comes from: confirmed and not closed."""
        return self.filter(status=BankAccount.Status.IN_FORCE)

    def open(self):
        """Those in force, and those that wait to be."""
        return self.filter(closed_at=None)


class BankAccount(Lifecycle, models.Model):
    """An account of a party: proposed by one, in force from the day another has confirmed it.

    `connected` ones receive bookings and statements through the portal. Who proposed and who confirmed is told as
    Actor.identity; the portal itself does both in one.
    """

    class Status(Choices):
        WAITING = "WAITING"
        IN_FORCE = "IN_FORCE"
        CLOSED = "CLOSED"
        WITHDRAWN = "WITHDRAWN"
        REFUSED = "REFUSED"

    class Word(Choices):
        """Whose word it was that put an account in force."""

        COLLEAGUE = "COLLEAGUE"
        OPERATOR = "OPERATOR"
        PORTAL = "PORTAL"

    NEXT = {
        Status.WAITING: {Status.IN_FORCE, Status.WITHDRAWN, Status.REFUSED},
        Status.IN_FORCE: {Status.CLOSED},
    }

    party = models.ForeignKey(Party, models.PROTECT, related_name="bank_accounts")
    holder = models.CharField(max_length=70)
    iban = models.CharField(max_length=34)
    bic = models.CharField(max_length=11, blank=True)
    currency = models.CharField(max_length=3)
    connected = models.BooleanField(default=False)
    read_until = models.CharField(
        max_length=35, blank=True, help_text="The bank's reference up to which its bookings were fetched without a gap."
    )
    status = models.CharField(max_length=9, choices=Status, default=Status.WAITING)
    created_at = models.DateTimeField()
    proposed_by = models.CharField(max_length=80)
    confirmed_at = models.DateTimeField(null=True)
    confirmed_by = models.CharField(max_length=80, blank=True, default="")
    confirmed_as = models.CharField(max_length=9, choices=Word, blank=True, default="")
    evidence = models.CharField(
        max_length=500, blank=True, default="",
        help_text="What the operator has from the bank: that name and number belong together.",
    )  # fmt: skip
    closed_at = models.DateTimeField(null=True)

    objects = BankAccountQuerySet.as_manager()

    class Meta:
        constraints = [
            # Where a payment goes must never be a choice between two.
            models.UniqueConstraint(
                fields=["party", "currency"], condition=Q(status="IN_FORCE"), name="bank_account_one_in_force"
            ),
            # Whoever confirms must see the one account that takes the place of the one in force.
            models.UniqueConstraint(
                fields=["party", "currency"], condition=Q(status="WAITING"), name="bank_account_one_waiting"
            ),
            # One person alone, or somebody in its name, has a party paid elsewhere.
            models.CheckConstraint(
                condition=Q(status__in=["WAITING", "WITHDRAWN", "REFUSED"])
                | ~Q(confirmed_by="") & ~Q(confirmed_by=F("proposed_by"))
                | Q(confirmed_by="system", proposed_by="system"),
                name="bank_account_confirmed_by_another",
            ),
            # The operator confirms on nobody's word but the bank's.
            models.CheckConstraint(
                condition=~Q(confirmed_as="OPERATOR") | ~Q(evidence=""), name="bank_account_evidence_of_the_bank"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["IN_FORCE", "CLOSED"], confirmed_at__isnull=False)
                | Q(status__in=["WAITING", "WITHDRAWN", "REFUSED"], confirmed_at__isnull=True),
                name="bank_account_in_force_confirmed",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["WAITING", "IN_FORCE"], closed_at__isnull=True)
                | Q(status__in=["CLOSED", "WITHDRAWN", "REFUSED"], closed_at__isnull=False),
                name="bank_account_over_when_closed",
            ),
            # Whose book a booking of the bank belongs in must never be a choice either. An account that is only paid to
            # is whose it is by its holder: naming it first on the portal keeps it from nobody.
            models.UniqueConstraint(fields=["iban"], condition=Q(connected=True), name="bank_account_connected_once"),
            # What a payment refers to by both, so that its payer is whose the account is.
            models.UniqueConstraint(fields=["id", "party"], name="bank_account_of_party"),
        ]

    def __str__(self):
        return self.iban

    def is_held_by(self, name: str) -> bool:
        """Whether it is in this name, as far as a bank takes it: banks compare the two before and when they pay."""
        return self.holder.casefold() == fields.name(name).casefold()


class BankMessage(models.Model):
    """A message to or from a bank, as it went over the wire."""

    class Direction(Choices):
        OUT = "OUT"
        IN = "IN"

    class State(Choices):
        PREPARED = "PREPARED"
        ANSWERED = "ANSWERED"
        UNKNOWN = "UNKNOWN"
        PROCESSED = "PROCESSED"

    direction = models.CharField(max_length=3, choices=Direction)
    kind = models.CharField(max_length=20, help_text="pain.001, pain.002, camt.054, camt.053")
    message_id = models.CharField(max_length=35)
    account = models.ForeignKey(BankAccount, models.PROTECT, related_name="messages")
    state = models.CharField(max_length=9, choices=State)
    content = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    recorded_at = models.DateTimeField()
    asked_at = models.DateTimeField(null=True, help_text="When the bank was last asked what became of it.")
    in_reply_to = models.ForeignKey("self", models.PROTECT, null=True, related_name="replies")

    objects = OfAccount.as_manager()

    class Meta:
        constraints = [
            # A message sent or delivered twice is the same message.
            models.UniqueConstraint(fields=["direction", "account", "kind", "message_id"], name="bank_message_once")
        ]

    def __str__(self):
        return f"{self.kind} {self.message_id}"


class InstructionQuerySet(OfAccount):
    path = "payer_id"

    def visible_to(self, actor: Actor):
        """Who pays, who is paid, and the operator."""
        if actor.is_system or actor.party_kind == access.OPERATOR:
            return self
        return self.filter(Q(payer_id=actor.party_id) | Q(payee_id=actor.party_id))


class PaymentInstruction(Lifecycle, models.Model):
    """Money to be moved once. `key` makes asking for it twice the same; EndToEndId makes sending it twice the same.

    `payer` is whose the account is. It stands here too, so that what a party pays is read from an index: a foreign key
    of both columns keeps them together.
    """

    class Status(Choices):
        __contexts__ = {"DUE": "payment", "ACCEPTED": "payment", "REJECTED": "payment"}  # the bank accepts and rejects
        DUE = "DUE"
        SENT = "SENT"
        UNKNOWN = "UNKNOWN"
        ACCEPTED = "ACCEPTED"
        SETTLED = "SETTLED"
        REJECTED = "REJECTED"
        RETURNED = "RETURNED"

    class Purpose(Choices):
        DISBURSEMENT = "DISBURSEMENT"
        REMAINDER = "REMAINDER"
        SETTLEMENT = "SETTLEMENT"

    NEXT = {
        Status.DUE: {Status.SENT},
        Status.SENT: {Status.ACCEPTED, Status.REJECTED, Status.UNKNOWN, Status.SETTLED},
        Status.UNKNOWN: {Status.ACCEPTED, Status.REJECTED, Status.SETTLED, Status.DUE},
        Status.ACCEPTED: {Status.SETTLED, Status.REJECTED},
        Status.SETTLED: {Status.RETURNED},
    }

    key = models.CharField(max_length=80, unique=True)
    purpose = models.CharField(max_length=12, choices=Purpose)
    account = models.ForeignKey(BankAccount, models.PROTECT, related_name="instructions", help_text="Debtor account")
    # No indexes of their own: those below begin with them.
    payer = models.ForeignKey(Party, models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    payee = models.ForeignKey(Party, models.PROTECT, related_name="+", db_index=False)
    creditor_name = models.CharField(max_length=70)
    creditor_iban = models.CharField(max_length=34)
    creditor_bic = models.CharField(max_length=11, blank=True)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    end_to_end_id = models.CharField(max_length=35, unique=True)
    remittance = models.CharField(max_length=140, blank=True)
    contra_kind = models.CharField(
        max_length=24,
        blank=True,
        help_text="Account of the payer's book against which cash moves; none without a book.",
    )
    facility_id = models.BigIntegerField(null=True, help_text="Facility of the contra account")
    subject_type = models.CharField(max_length=40)
    subject_id = models.BigIntegerField()
    request_id = models.CharField(max_length=64, blank=True, default="", db_default="")  # that it goes back to
    status = models.CharField(max_length=9, choices=Status, default=Status.DUE)
    message = models.ForeignKey(BankMessage, models.PROTECT, null=True, related_name="instructions")
    reason = models.CharField(max_length=35, blank=True, help_text="ISO external status reason code")
    reason_text = models.CharField(max_length=140, blank=True)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)

    objects = InstructionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="instruction_amount_positive"),
            models.CheckConstraint(
                condition=Q(status="DUE") | Q(message__isnull=False), name="instruction_sent_in_a_message"
            ),
            # What a party pays and what it is paid are two lists that are read as one.
            models.CheckConstraint(condition=~Q(payer=F("payee")), name="instruction_pays_another"),
        ]
        indexes = [
            models.Index(fields=["payer", "created_at", "id"], name="instruction_by_payer"),
            models.Index(fields=["payee", "created_at", "id"], name="instruction_by_payee"),
            models.Index(fields=["created_at", "id"], name="instruction_by_time"),
            models.Index(Collate(Upper("remittance"), "C"), name="instruction_by_remittance"),
            models.Index(fields=["status", "id"], condition=~Q(status="SETTLED"), name="instruction_open"),
            models.Index(fields=["subject_type", "subject_id"], name="instruction_by_subject"),
        ]

    def __str__(self):
        return self.end_to_end_id

    def is_told_why(self, actor: Actor) -> bool:
        """Whether the actor may know all that the bank says of the payment: its payer's affair, and the operator's."""
        return actor.is_system or actor.party_kind == access.OPERATOR or self.payer_id == actor.party_id

    def reason_for(self, actor: Actor) -> str:
        """The bank's reason code as far as the actor may know it: the payee reads what concerns its own account."""
        came_back = self.status == self.Status.RETURNED
        return self.reason if self.is_told_why(actor) or concerns_payee(self.reason, came_back=came_back) else ""


DIFFERS = (Q(ledger_minor__isnull=False) & ~Q(ledger_minor=F("closing_minor"))) | Q(unmatched__gt=0)
"""A statement on which bank and ledger do not agree, or one knows of entries that the other does not."""


class Statement(models.Model):
    """A day of an account as the bank closed it (camt.053), held against the ledger's cash."""

    account = models.ForeignKey(BankAccount, models.PROTECT, related_name="statements")
    date = models.DateField()
    message = models.ForeignKey(BankMessage, models.PROTECT, related_name="+")
    opening_minor = models.BigIntegerField()
    closing_minor = models.BigIntegerField()
    ledger_minor = models.BigIntegerField(null=True, help_text="Cash by the ledger; none where there is no book.")
    unmatched = models.PositiveIntegerField(help_text="Entries of the day that only one side knows.")
    reconciled_at = models.DateTimeField()

    objects = OfAccount.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "date"], name="statement_once_per_day")]
        indexes = [
            # Few are, of all days of all accounts.
            models.Index(fields=["date"], condition=DIFFERS, name="statement_differing")
        ]

    @property
    def difference_minor(self) -> int:
        return 0 if self.ledger_minor is None else self.closing_minor - self.ledger_minor


class BankEntry(models.Model):
    """One booking on an account, as the bank tells it. Credits positive, debits negative (the owner's view)."""

    account = models.ForeignKey(BankAccount, models.PROTECT, related_name="entries")
    bank_reference = models.CharField(max_length=35)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    booking_date = models.DateField()
    value_date = models.DateField()
    end_to_end_id = models.CharField(max_length=35, blank=True)
    counterparty_name = models.CharField(max_length=140, blank=True)
    counterparty_iban = models.CharField(max_length=34, blank=True)
    remittance = models.CharField(max_length=140, blank=True)
    return_reason = models.CharField(max_length=4, blank=True)
    instruction = models.ForeignKey(PaymentInstruction, models.PROTECT, null=True, related_name="bookings")
    message = models.ForeignKey(BankMessage, models.PROTECT, related_name="entries")
    statement = models.ForeignKey(Statement, models.PROTECT, null=True, related_name="entries")
    recorded_at = models.DateTimeField()

    objects = OfAccount.as_manager()

    class Meta:
        verbose_name_plural = "bank entries"
        constraints = [
            # The bank tells a booking as often as it likes; it counts once.
            models.UniqueConstraint(fields=["account", "bank_reference"], name="bank_entry_once"),
            # One payment booked against its contra account twice. The payer's and the payee's account may both be here.
            models.UniqueConstraint(
                fields=["instruction", "account"], condition=Q(return_reason=""), name="bank_entry_pays_once"
            ),
            models.UniqueConstraint(
                fields=["instruction", "account"], condition=~Q(return_reason=""), name="bank_entry_returns_once"
            ),
            models.CheckConstraint(condition=~Q(amount_minor=0), name="bank_entry_moves_something"),
        ]
        indexes = [
            models.Index(fields=["account", "booking_date", "id"], name="bank_entry_by_day"),
            models.Index(fields=["end_to_end_id"], name="bank_entry_by_end_to_end"),
        ]
