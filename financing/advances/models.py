"""Quote, application, advance: from what a supplier is offered to what has been repaid."""

from datetime import UTC, date

from django.db import models
from django.db.models import F, Q

from accounts.parties.models import Party
from financing.banking.models import PaymentInstruction
from financing.credit.models import Decision, Facility, FacilityQuerySet, PolicyVersion
from financing.credit.rules import content_hash
from financing.receivables.models import Receivable, SettlementPayment
from portal.shared.choices import Choices
from portal.shared.workflow import Lifecycle


class Quote(models.Model):
    """An offer: these terms for this amount until `valid_until`. What is booked is what was quoted."""

    facility = models.ForeignKey(Facility, models.PROTECT, related_name="quotes")
    supplier = models.ForeignKey(Party, models.PROTECT, related_name="+")
    funder = models.ForeignKey(Party, models.PROTECT, related_name="+")
    policy = models.ForeignKey(PolicyVersion, models.PROTECT, related_name="+")
    grade = models.CharField(max_length=2)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    available_minor = models.BigIntegerField()
    annual_rate = models.DecimalField(max_digits=9, decimal_places=6, help_text="0.125 is 12.5 % a year")
    day_count = models.CharField(max_length=8)
    fee_minor = models.BigIntegerField()
    interest_minor = models.BigIntegerField(help_text="Expected, if settled on the expected date.")
    business_date = models.DateField()
    expected_settlement_date = models.DateField()
    due_date = models.DateField()
    result = models.JSONField(help_text="rules.Result that stands behind the offer: grade, base, security, reasons.")
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=80)
    valid_until = models.DateTimeField()

    objects = FacilityQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0, fee_minor__gte=0, interest_minor__gte=0, annual_rate__gte=0)
                & Q(amount_minor__lte=F("available_minor")),
                name="quote_plausible",
            )
        ]


class Application(Lifecycle, models.Model):
    """A supplier takes up a quote. Decided once: by the policy, or by a maker and a checker of the funder."""

    class Status(Choices):
        SUBMITTED = "SUBMITTED"
        APPROVED = "APPROVED"
        REFERRED = "REFERRED"
        DECLINED = "DECLINED"
        WITHDRAWN = "WITHDRAWN"

    NEXT = {
        Status.SUBMITTED: {Status.APPROVED, Status.REFERRED, Status.DECLINED, Status.WITHDRAWN},
        Status.REFERRED: {Status.APPROVED, Status.DECLINED, Status.WITHDRAWN},
    }

    quote = models.OneToOneField(Quote, models.PROTECT, related_name="application")
    facility = models.ForeignKey(Facility, models.PROTECT, related_name="applications")
    # No indexes of their own: those below begin with them.
    supplier = models.ForeignKey(Party, models.PROTECT, related_name="+", db_index=False)
    funder = models.ForeignKey(Party, models.PROTECT, related_name="+", db_index=False)
    policy = models.ForeignKey(PolicyVersion, models.PROTECT, related_name="+", help_text="Pinned at submission.")
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=9, choices=Status, default=Status.SUBMITTED)
    decision = models.OneToOneField(Decision, models.PROTECT, null=True, related_name="+")
    submitted_at = models.DateTimeField()
    submitted_by = models.CharField(max_length=80)
    decided_at = models.DateTimeField(null=True)
    recommendation = models.CharField(max_length=8, blank=True, choices=Decision.Outcome)
    recommendation_note = models.TextField(blank=True)
    recommended_reasons = models.JSONField(default=list, help_text="Reason codes for the supplier, to decline")
    recommended_explanation = models.TextField(blank=True, help_text="What the supplier would be told, to decline")
    recommended_by = models.CharField(max_length=80, blank=True)
    recommended_at = models.DateTimeField(null=True)
    decision_note = models.TextField(blank=True)

    objects = FacilityQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status="SUBMITTED") | Q(status="WITHDRAWN") | Q(decision__isnull=False),
                name="application_decided_with_a_decision",
            ),
        ]
        indexes = [
            models.Index(fields=["facility", "id"], condition=Q(status="SUBMITTED"), name="application_waiting"),
            models.Index(
                fields=["funder", "submitted_at"], condition=Q(status="REFERRED"), name="application_referred"
            ),
            models.Index(fields=["supplier", "-id"], name="application_by_supplier"),
            models.Index(fields=["funder", "-id"], name="application_by_funder"),
            models.Index(fields=["funder", "decided_at"], name="application_decided"),
        ]

    def __str__(self):
        return f"Application {self.pk}"

    @property
    def seen_hash(self) -> str:
        """What whoever judges it by hand has looked at: the facts of its decision, and what was recommended on them."""
        facts = self.decision.inputs_hash if self.decision else ""
        at = self.recommended_at.astimezone(UTC).isoformat() if self.recommended_at else ""
        told = [self.recommended_reasons, self.recommended_explanation]
        return content_hash([facts, self.recommended_by, at, self.recommendation, self.recommendation_note, *told])


class AdvanceQuerySet(FacilityQuerySet):
    def overdue(self, on: date):
        """Open past their due date on a book's business date, whether or not the day's work has marked them yet."""
        return self.filter(status__in=Advance.OPEN, due_date__lt=on)


class Advance(Lifecycle, models.Model):
    """Money lent. FUNDED means that the bank's booking has arrived and is posted: the state is then ACTIVE."""

    class Status(Choices):
        __contexts__ = {"ACTIVE": "advance"}
        APPROVED = "APPROVED"
        DISBURSING = "DISBURSING"
        ACTIVE = "ACTIVE"
        OVERDUE = "OVERDUE"
        REPAID = "REPAID"
        FAILED = "FAILED"
        DEFAULTED = "DEFAULTED"
        WRITTEN_OFF = "WRITTEN_OFF"
        RECOVERED = "RECOVERED"

    OPEN = (Status.ACTIVE, Status.OVERDUE, Status.DEFAULTED)

    NEXT = {
        Status.APPROVED: {Status.DISBURSING},
        Status.DISBURSING: {Status.ACTIVE, Status.FAILED},
        # To FAILED, also from REPAID: the bank returned the payment after it had booked it.
        Status.ACTIVE: {Status.REPAID, Status.OVERDUE, Status.DEFAULTED, Status.FAILED},
        Status.OVERDUE: {Status.ACTIVE, Status.REPAID, Status.DEFAULTED, Status.FAILED},
        Status.DEFAULTED: {Status.ACTIVE, Status.WRITTEN_OFF, Status.REPAID},
        # A settlement that had repaid it came back.
        Status.REPAID: {Status.ACTIVE, Status.OVERDUE, Status.FAILED},
        Status.WRITTEN_OFF: {Status.RECOVERED},
    }

    application = models.OneToOneField(Application, models.PROTECT, related_name="advance")
    facility = models.ForeignKey(Facility, models.PROTECT, related_name="advances")
    # No indexes of their own: those below begin with them.
    supplier = models.ForeignKey(Party, models.PROTECT, related_name="+", db_index=False)
    funder = models.ForeignKey(Party, models.PROTECT, related_name="+", db_index=False)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    annual_rate = models.DecimalField(max_digits=9, decimal_places=6)
    day_count = models.CharField(max_length=8)
    fee_minor = models.BigIntegerField()
    grade = models.CharField(max_length=2, blank=True, help_text="At which it was lent, as the quote says.")
    status = models.CharField(max_length=11, choices=Status, default=Status.APPROVED)
    approved_at = models.DateTimeField()
    approved_date = models.DateField(help_text="Business date")
    due_date = models.DateField()
    funded_at = models.DateTimeField(null=True)
    funded_date = models.DateField(null=True, help_text="Value date of the bank's booking: interest starts here.")
    instruction = models.OneToOneField(PaymentInstruction, models.PROTECT, null=True, related_name="+")
    principal_minor = models.BigIntegerField(default=0, help_text="Outstanding")
    interest_minor = models.BigIntegerField(default=0, help_text="Accrued and unpaid")
    interest_carry = models.DecimalField(
        max_digits=20, decimal_places=12, default=0, help_text="Unrounded remainder, in minor units"
    )
    fees_minor = models.BigIntegerField(default=0, help_text="Unpaid")
    deferred_fee_minor = models.BigIntegerField(default=0, help_text="Fee not yet taken to income")
    accrued_until = models.DateField(null=True)
    closed_at = models.DateTimeField(null=True)
    closed_date = models.DateField(null=True)

    objects = AdvanceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0)
                & Q(principal_minor__gte=0, principal_minor__lte=F("amount_minor"))
                & Q(interest_minor__gte=0, fees_minor__gte=0, deferred_fee_minor__gte=0),
                name="advance_amounts_plausible",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["REPAID", "FAILED"]) | Q(principal_minor=0, interest_minor=0, fees_minor=0),
                name="advance_closed_owes_nothing",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["ACTIVE", "OVERDUE", "REPAID"]) | Q(funded_date__isnull=False),
                name="advance_active_was_funded",
            ),
        ]
        indexes = [
            models.Index(
                fields=["facility", "due_date", "id"],
                condition=Q(status__in=["ACTIVE", "OVERDUE", "DEFAULTED"]),
                name="advance_open",
            ),
            models.Index(
                fields=["funder", "id"],
                condition=Q(status__in=["ACTIVE", "OVERDUE", "DEFAULTED"]),
                name="advance_open_of_funder",
            ),
            models.Index(
                fields=["funder", "due_date", "id"],
                condition=Q(status__in=["ACTIVE", "OVERDUE", "DEFAULTED"]),
                name="advance_open_by_due",
            ),
            models.Index(fields=["supplier", "-id"], name="advance_by_supplier"),
            models.Index(fields=["supplier", "due_date", "id"], name="advance_due_from"),
            models.Index(fields=["funder", "due_date", "id"], name="advance_due_to"),
            models.Index(fields=["due_date", "id"], name="advance_due"),
            models.Index(fields=["funder", "-id"], name="advance_by_funder"),
            models.Index(fields=["funder", "funded_at"], name="advance_funded"),
        ]

    def __str__(self):
        return f"Advance {self.pk}"

    @property
    def follows(self) -> str:
        """What it comes from, as the trail names subjects: news of it go back to the same request."""
        return f"{Application._meta.label_lower}:{self.application_id}"

    @property
    def owed_minor(self) -> int:
        return self.principal_minor + self.interest_minor + self.fees_minor


class AdvanceReceivable(models.Model):
    """A receivable that secures an advance: first in line when it is settled."""

    advance = models.ForeignKey(Advance, models.PROTECT, related_name="securities")
    receivable = models.ForeignKey(Receivable, models.PROTECT, related_name="+")
    released_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            # One receivable behind two advances.
            models.UniqueConstraint(
                fields=["receivable"], condition=Q(released_at__isnull=True), name="advance_receivable_once"
            )
        ]


class Repayment(models.Model):
    """How one receipt was applied to one advance, by the waterfall. Append-only.

    Of an advance that FAILED afterwards it was given back to the supplier.
    """

    advance = models.ForeignKey(Advance, models.PROTECT, related_name="repayments")
    payment = models.ForeignKey(SettlementPayment, models.PROTECT, related_name="repayments")
    fees_minor = models.BigIntegerField()
    interest_minor = models.BigIntegerField()
    principal_minor = models.BigIntegerField()
    value_date = models.DateField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["advance", "payment"], name="repayment_once"),
            models.CheckConstraint(
                condition=Q(fees_minor__gte=0, interest_minor__gte=0, principal_minor__gte=0),
                name="repayment_positive",
            ),
        ]

    @property
    def amount_minor(self) -> int:
        return self.fees_minor + self.interest_minor + self.principal_minor


class ReturnedRepayment(models.Model):
    """A repayment whose settlement came back from the funder's account: what it had paid is owed again. Append-only."""

    repayment = models.OneToOneField(Repayment, models.PROTECT, related_name="returned")
    reason = models.CharField(max_length=140, blank=True, help_text="ISO 20022 return reason, or the bank's words")
    recorded_at = models.DateTimeField()
