"""What the platform owes a supplier: the document, its acceptance, its assignment to a funder, its settlement."""

from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Collate

from accounts.intake.models import Document
from accounts.parties.models import Party
from financing.banking.models import PaymentInstruction
from logistics.orders.models import ReceiptLine
from portal.shared import access
from portal.shared.access import Actor
from portal.shared.choices import Choices
from portal.shared.fields import SentenceField
from portal.shared.workflow import Lifecycle


class OfTrade(models.QuerySet):
    """Rows carry the ids of those who may see them: supplier, debtor and, once assigned, the funder."""

    def visible_to(self, actor: Actor):
        if actor.is_system or actor.party_kind == access.OPERATOR:
            return self
        if actor.party_kind == access.SUPPLIER:
            return self.filter(supplier_id=actor.party_id)
        if actor.party_kind == access.PLATFORM:
            return self.filter(debtor_id=actor.party_id)
        return self.filter(funder_id=actor.party_id)

    def in_owed(self):
        """To be ordered by `owed`, which is `owed_minor` of each."""
        nothing = When(status="CANCELLED", then=Value(0, models.BigIntegerField()))
        return self.alias(owed=Case(nothing, default=F("open_minor")))


class Receivable(Lifecycle, models.Model):
    """`open_minor` is gross less deductions, credit notes and settlements; of what is cancelled it is not owed."""

    class Status(Choices):
        RECEIVED = "RECEIVED"
        ACCEPTED = "ACCEPTED"
        ASSIGNED = "ASSIGNED"
        SETTLED = "SETTLED"
        DISPUTED = "DISPUTED"
        CANCELLED = "CANCELLED"

    class DocumentType(Choices):
        __contexts__ = {"STATEMENT": "settlement"}  # of the platform, no bank's
        INVOICE = "INVOICE"
        STATEMENT = "STATEMENT"

    class Match(Choices):
        """What the comparison of order, receipt and invoice found."""

        MATCHED = "MATCHED"
        NO_ORDER = "NO_ORDER"
        NOT_RECEIVED = "NOT_RECEIVED"
        QUANTITY = "QUANTITY"
        PRICE = "PRICE"
        SIMILAR = "SIMILAR"

    NEXT = {
        Status.RECEIVED: {Status.ACCEPTED, Status.DISPUTED, Status.CANCELLED},
        Status.ACCEPTED: {Status.ASSIGNED, Status.DISPUTED, Status.SETTLED, Status.CANCELLED},
        Status.ASSIGNED: {Status.SETTLED, Status.ACCEPTED, Status.DISPUTED, Status.CANCELLED},
        Status.DISPUTED: {Status.ACCEPTED, Status.ASSIGNED, Status.SETTLED, Status.CANCELLED},
        # The bank returned the payment after it had booked it: the debt is there again.
        Status.SETTLED: {Status.ACCEPTED, Status.ASSIGNED},
    }

    # No indexes of their own: those below begin with them.
    supplier = models.ForeignKey(Party, models.PROTECT, related_name="+", db_index=False)
    debtor = models.ForeignKey(Party, models.PROTECT, related_name="+", db_index=False)
    funder = models.ForeignKey(Party, models.PROTECT, null=True, related_name="+", db_index=False)
    assigned_facility_id = models.BigIntegerField(null=True, help_text="credit.Facility, a floor above")
    document_type = models.CharField(max_length=10, choices=DocumentType, default=DocumentType.INVOICE)
    number = models.CharField(max_length=80)
    normalised_number = models.CharField(max_length=80)
    fiscal_year = models.PositiveSmallIntegerField()
    issue_date = models.DateField()
    due_date = models.DateField()
    goods_received_date = models.DateField(
        null=True, help_text="Latest receipt among its lines; starts the return window."
    )
    currency = models.CharField(max_length=3)
    gross_minor = models.BigIntegerField()
    deductions_minor = models.BigIntegerField(default=0, help_text="Commission, promotions, penalties: counterclaims.")
    credited_minor = models.BigIntegerField(default=0)
    settling_minor = models.BigIntegerField(default=0, help_text="Instructed by the debtor, not booked yet.")
    settled_minor = models.BigIntegerField(default=0)
    open_minor = models.GeneratedField(
        expression=F("gross_minor") - F("deductions_minor") - F("credited_minor") - F("settled_minor"),
        output_field=models.BigIntegerField(),
        db_persist=True,
    )
    status = models.CharField(max_length=9, choices=Status, default=Status.RECEIVED)
    match = models.CharField(max_length=12, choices=Match)
    match_note = SentenceField(blank=True)
    dispute_reason = models.CharField(max_length=200, blank=True)
    document = models.ForeignKey(Document, models.PROTECT, related_name="+")
    received_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    accepted_by = models.CharField(max_length=80, blank=True, help_text="Identity, or 'system' for a three-way match.")
    settled_at = models.DateTimeField(null=True)

    objects = OfTrade.as_manager()

    class Meta:
        constraints = [
            # Financed once: the same document handed in again, whoever does it.
            models.UniqueConstraint(
                fields=["supplier", "debtor", "document_type", "normalised_number", "fiscal_year"],
                name="receivable_document_once",
            ),
            models.CheckConstraint(
                condition=Q(
                    gross_minor__gt=0,
                    deductions_minor__gte=0,
                    credited_minor__gte=0,
                    settled_minor__gte=0,
                    settling_minor__gte=0,
                ),
                name="receivable_amounts_positive",
            ),
            # Credited or paid beyond what was owed.
            models.CheckConstraint(
                condition=Q(
                    gross_minor__gte=F("deductions_minor")
                    + F("credited_minor")
                    + F("settled_minor")
                    + F("settling_minor")
                ),
                name="receivable_never_overpaid",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["RECEIVED", "ACCEPTED"], assigned_facility_id__isnull=True)
                | Q(status="ASSIGNED", assigned_facility_id__isnull=False, funder__isnull=False)
                | Q(status__in=["SETTLED", "DISPUTED", "CANCELLED"]),
                name="receivable_assigned_to_one_facility",
            ),
            models.CheckConstraint(condition=Q(due_date__gte=F("issue_date")), name="receivable_due_after_issue"),
        ]
        indexes = [
            models.Index(
                # What a base looks at, however long the history of what was settled.
                fields=["supplier", "debtor", "id"],
                include=["status", "currency", "open_minor"],
                condition=Q(status__in=["RECEIVED", "ACCEPTED", "ASSIGNED", "DISPUTED"]),
                name="receivable_open_of",
            ),
            models.Index(
                fields=["assigned_facility_id", "due_date", "id"],
                condition=Q(status__in=["ASSIGNED", "DISPUTED"]),
                name="receivable_of_facility",
            ),
            models.Index(fields=["supplier", "-id"], name="receivable_by_supplier"),
            models.Index(fields=["supplier", "due_date", "id"], name="receivable_due_to"),
            models.Index(fields=["debtor", "due_date", "id"], name="receivable_due_from"),
            models.Index(
                fields=["funder", "due_date", "id"], condition=Q(funder__isnull=False), name="receivable_due_funder"
            ),
            models.Index(fields=["due_date", "id"], name="receivable_due"),
            models.Index(fields=["debtor", "status", "due_date"], name="receivable_by_debtor"),
            models.Index(fields=["match", "-id"], condition=~Q(match="MATCHED"), name="receivable_unmatched"),
            models.Index(fields=["funder", "-id"], condition=Q(funder__isnull=False), name="receivable_by_funder"),
            models.Index(fields=["supplier", "debtor", "gross_minor"], name="receivable_by_amount"),
            models.Index(
                # How old a debtor's debt is, for every decision: read from the index alone.
                fields=["funder", "debtor", "currency", "due_date"],
                include=["open_minor"],
                condition=Q(status__in=["ASSIGNED", "DISPUTED"]),
                name="receivable_ages",
            ),
            # What the platform's pages add up over all its suppliers: from the index alone, and in the order shown.
            models.Index(
                fields=["debtor", "received_at", "id"],
                include=["currency", "status", "open_minor", "supplier"],
                condition=Q(status__in=["RECEIVED", "DISPUTED"]),
                name="receivable_to_accept",
            ),
            models.Index(
                fields=["debtor", "due_date", "id"],
                condition=Q(status__in=["RECEIVED", "DISPUTED"]),
                name="receivable_to_accept_by_due",
            ),
            models.Index(
                fields=["debtor", "due_date", "currency"],
                include=["id", "status", "open_minor", "settling_minor", "supplier"],
                condition=Q(status__in=["ACCEPTED", "ASSIGNED"]),
                name="receivable_payable",
            ),
            models.Index(
                fields=["debtor", "accepted_at"],
                include=["accepted_by"],
                condition=Q(accepted_at__isnull=False),
                name="receivable_accepted",
            ),
            # Search by the beginning of a number. All suppliers begin theirs alike, so whose it is comes first.
            models.Index("supplier", Collate("normalised_number", "C"), name="receivable_number_of_supplier"),
            models.Index("debtor", Collate("normalised_number", "C"), name="receivable_number_of_debtor"),
        ]

    def __str__(self):
        return self.number

    @property
    def owed_minor(self) -> int:
        """What somebody still owes on it."""
        return 0 if self.status == self.Status.CANCELLED else self.open_minor

    @property
    def due_to_id(self) -> int:
        """Who is to be paid: the funder to whom it is assigned, or its supplier."""
        return self.funder_id if self.status == self.Status.ASSIGNED else self.supplier_id

    @property
    def due_to(self) -> Party:
        return self.funder if self.status == self.Status.ASSIGNED else self.supplier


class InvoiceLine(models.Model):
    receivable = models.ForeignKey(Receivable, models.CASCADE, related_name="lines")
    line_number = models.CharField(max_length=20)
    order_number = models.CharField(max_length=80, blank=True)
    order_line_number = models.CharField(max_length=20, blank=True)
    sku = models.CharField(max_length=80, blank=True)
    description = models.CharField(max_length=200, blank=True)
    quantity = models.DecimalField(max_digits=14, decimal_places=3)
    unit_price = models.DecimalField(max_digits=16, decimal_places=4)
    amount_minor = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["receivable", "line_number"], name="invoice_line_once")]


class ReceiptClaim(models.Model):
    """Received goods that an invoice line counts as its own; the sum stands in `ReceiptLine.invoiced_quantity`."""

    invoice_line = models.ForeignKey(InvoiceLine, models.CASCADE, related_name="claims")
    receipt_line = models.ForeignKey(ReceiptLine, models.PROTECT, related_name="+")
    quantity = models.DecimalField(max_digits=14, decimal_places=3)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["invoice_line", "receipt_line"], name="receipt_claim_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="receipt_claim_positive"),
        ]


class CreditNote(models.Model):
    """Reduces a receivable without cash: a return, an allowance, a counterclaim. Dilution is made of these."""

    supplier = models.ForeignKey(Party, models.PROTECT, related_name="+")
    debtor = models.ForeignKey(Party, models.PROTECT, related_name="+")
    funder = models.ForeignKey(Party, models.PROTECT, null=True, related_name="+")
    receivable = models.ForeignKey(Receivable, models.PROTECT, related_name="credit_notes")
    number = models.CharField(max_length=80)
    normalised_number = models.CharField(max_length=80)
    fiscal_year = models.PositiveSmallIntegerField()
    issue_date = models.DateField()
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    reason = models.CharField(max_length=80, blank=True)
    document = models.ForeignKey(Document, models.PROTECT, related_name="+")
    received_at = models.DateTimeField()

    objects = OfTrade.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["supplier", "debtor", "normalised_number", "fiscal_year"], name="credit_note_once"
            ),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="credit_note_positive"),
        ]
        indexes = [
            models.Index(fields=["supplier", "debtor", "issue_date"], name="credit_note_by_supplier"),
            models.Index(Collate("normalised_number", "C"), name="credit_note_number"),
        ]


class Assignment(models.Model):
    """A receivable transferred to a funder under an agreement, for the time between `assigned_at` and `released_at`."""

    receivable = models.ForeignKey(Receivable, models.PROTECT, related_name="assignments")
    facility_id = models.BigIntegerField()
    funder = models.ForeignKey(Party, models.PROTECT, related_name="+")
    agreement = models.CharField(max_length=80)
    assigned_at = models.DateTimeField()
    notified_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(help_text="Standing acknowledgement in the platform's own programme.")
    registry_reference = models.CharField(max_length=80, blank=True)
    registry_expires_on = models.DateField(null=True)
    released_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            # A receivable assigned twice.
            models.UniqueConstraint(
                fields=["receivable"], condition=Q(released_at__isnull=True), name="assignment_one_at_a_time"
            )
        ]
        indexes = [models.Index(fields=["facility_id"], name="assignment_by_facility")]


class SettlementQuerySet(models.QuerySet):
    def visible_to(self, actor: Actor):
        """The debtor who settles, and the operator; payees see their payments."""
        if actor.is_system or actor.party_kind == access.OPERATOR:
            return self
        return self.filter(debtor_id=actor.party_id)


class Settlement(Lifecycle, models.Model):
    """The debtor's order to pay some of what it owes on one day: one payment per payee.

    What a person orders is PROPOSED, and INSTRUCTED when a second person has approved it. A machine's is INSTRUCTED at
    once: the system that speaks through it has its own approvals.
    """

    class Status(Choices):
        PROPOSED = "PROPOSED"
        INSTRUCTED = "INSTRUCTED"
        CANCELLED = "CANCELLED"

    NEXT = {Status.PROPOSED: {Status.INSTRUCTED, Status.CANCELLED}}

    debtor = models.ForeignKey(Party, models.PROTECT, related_name="+")
    key = models.CharField(max_length=80)
    request_hash = models.CharField(max_length=64, help_text="Of the lines as they were asked for")
    currency = models.CharField(max_length=3)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=80)
    status = models.CharField(max_length=10, choices=Status, default=Status.PROPOSED)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=80, blank=True, help_text="Empty where nobody was needed")
    reason = models.CharField(max_length=280, blank=True, help_text="Why it was cancelled")

    objects = SettlementQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["debtor", "key"], name="settlement_key_once"),
            # Money that one person alone has moved. Not asked of settlements older than this rule.
            models.CheckConstraint(
                condition=~Q(status="INSTRUCTED")
                | ~Q(created_by__startswith="user:")
                | (~Q(decided_by="") & ~Q(decided_by=F("created_by"))),
                name="settlement_by_two",
            ),
            models.CheckConstraint(
                condition=Q(status="PROPOSED", decided_at__isnull=True)
                | (~Q(status="PROPOSED") & Q(decided_at__isnull=False)),
                name="settlement_decided_has_time",
            ),
        ]
        indexes = [models.Index(fields=["debtor"], condition=Q(status="PROPOSED"), name="settlement_proposed")]

    def __str__(self):
        return self.key

    @property
    def is_proposed(self) -> bool:
        return self.status == self.Status.PROPOSED


class OrderedLine(models.Model):
    """A receivable that a proposed settlement is to pay, and how much of it. Who gets it is known when it is paid."""

    settlement = models.ForeignKey(Settlement, models.PROTECT, related_name="ordered")
    receivable = models.ForeignKey(Receivable, models.PROTECT, related_name="ordered")
    amount_minor = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["settlement", "receivable"], name="ordered_line_once"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="ordered_line_positive"),
        ]


class SettlementPaymentQuerySet(models.QuerySet):
    def visible_to(self, actor: Actor):
        if actor.is_system or actor.party_kind == access.OPERATOR:
            return self
        return self.filter(Q(settlement__debtor_id=actor.party_id) | Q(payee_id=actor.party_id))


class SettlementPayment(Lifecycle, models.Model):
    """What one payee gets of a settlement. BOOKED when the bank's booking has arrived."""

    class Status(Choices):
        INSTRUCTED = "INSTRUCTED"
        BOOKED = "BOOKED"
        FAILED = "FAILED"

    NEXT = {Status.INSTRUCTED: {Status.BOOKED, Status.FAILED}, Status.BOOKED: {Status.FAILED}}

    settlement = models.ForeignKey(Settlement, models.PROTECT, related_name="payments")
    payee = models.ForeignKey(Party, models.PROTECT, related_name="+")
    amount_minor = models.BigIntegerField()
    status = models.CharField(max_length=10, choices=Status, default=Status.INSTRUCTED)
    instruction = models.OneToOneField(PaymentInstruction, models.PROTECT, null=True, related_name="+")
    booked_at = models.DateTimeField(null=True)
    value_date = models.DateField(null=True, help_text="Of the bank's booking")
    failure = models.CharField(max_length=140, blank=True)

    objects = SettlementPaymentQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["settlement", "payee"], name="settlement_payee_once")]


class SettlementLine(models.Model):
    payment = models.ForeignKey(SettlementPayment, models.PROTECT, related_name="lines")
    receivable = models.ForeignKey(Receivable, models.PROTECT, related_name="settlement_lines")
    amount_minor = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["payment", "receivable"], name="settlement_line_once"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="settlement_line_positive"),
        ]
