"""On what terms a funder lends (policy, programme), to whom (facility), and why (assessment, decision)."""

from django.db import models
from django.db.models import F, Q

from accounts.parties.models import Party
from portal.shared import access
from portal.shared.access import Actor
from portal.shared.choices import Choices
from portal.shared.workflow import Lifecycle


class OfFunder(models.QuerySet):
    def visible_to(self, actor: Actor):
        if actor.is_system or actor.party_kind == access.OPERATOR:
            return self
        return self.filter(funder_id=actor.party_id)


class PolicyVersion(Lifecycle, models.Model):
    """Everything a decision depends on, as data (`rules.Policy`). Approved by a second person, then never changed."""

    class Status(Choices):
        PROPOSED = "PROPOSED"
        APPROVED = "APPROVED"
        REJECTED = "REJECTED"
        WITHDRAWN = "WITHDRAWN"

    NEXT = {Status.PROPOSED: {Status.APPROVED, Status.REJECTED, Status.WITHDRAWN}}

    funder = models.ForeignKey(Party, models.PROTECT, related_name="+")
    number = models.PositiveIntegerField()
    status = models.CharField(max_length=9, choices=Status, default=Status.PROPOSED)
    body = models.JSONField()
    body_hash = models.CharField(max_length=64)
    note = models.TextField(blank=True)
    effective_from = models.DateField(help_text="Business date of the funder's book.")
    proposed_by = models.CharField(max_length=80)
    proposed_at = models.DateTimeField()
    decided_by = models.CharField(max_length=80, blank=True)
    decided_at = models.DateTimeField(null=True)
    approved_hash = models.CharField(max_length=64, blank=True, help_text="Hash of what the approver saw.")
    approved_replay = models.ForeignKey(
        "PolicyReplay", models.PROTECT, null=True, related_name="+",
        help_text="What the approver saw that it would have changed; none: approved without.",
    )  # fmt: skip

    objects = OfFunder.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["funder", "number"], name="policy_number_once"),
            models.CheckConstraint(
                condition=Q(decided_by="") | Q(status="WITHDRAWN") | ~Q(decided_by=F("proposed_by")),
                name="policy_checker_is_not_maker",
            ),
            # Approved is what the approver saw, and nothing else.
            models.CheckConstraint(
                condition=~Q(status="APPROVED") | (Q(approved_hash=F("body_hash")) & ~Q(decided_by="")),
                name="policy_approval_binds_to_content",
            ),
        ]
        indexes = [
            models.Index(
                fields=["funder", "-effective_from", "-number"], condition=Q(status="APPROVED"), name="policy_in_force"
            )
        ]

    def __str__(self):
        return f"Policy {self.number} of {self.funder}"


class ProgrammeQuerySet(models.QuerySet):
    def visible_to(self, actor: Actor):
        """Programmes on offer to suppliers; the funder's and the debtor's own to them."""
        if actor.is_system or actor.party_kind == access.OPERATOR:
            return self
        if actor.party_kind == access.SUPPLIER:
            return self.filter(is_open=True)
        return self.filter(Q(funder_id=actor.party_id) | Q(debtor_id=actor.party_id))


class Programme(models.Model):
    """A product on offer: one technique, one funder, one debtor, one currency."""

    class Technique(Choices):
        RECEIVABLES_FINANCE = "RECEIVABLES_FINANCE"

    class DayCount(Choices):
        ACT_360 = "ACT/360"
        ACT_365F = "ACT/365F"

    funder = models.ForeignKey(Party, models.PROTECT, related_name="+")
    debtor = models.ForeignKey(Party, models.PROTECT, related_name="+")
    technique = models.CharField(max_length=24, choices=Technique, default=Technique.RECEIVABLES_FINANCE)
    name = models.CharField(max_length=80)
    currency = models.CharField(max_length=3)
    day_count = models.CharField(max_length=8, choices=DayCount, default=DayCount.ACT_360)
    max_tenor_days = models.PositiveSmallIntegerField(default=120)
    quote_valid_minutes = models.PositiveSmallIntegerField(default=15)
    with_recourse = models.BooleanField(default=True)
    agreement = models.CharField(max_length=80, help_text="Reference of the assignment agreement that suppliers join.")
    is_open = models.BooleanField(default=True)
    figures_shared = models.BooleanField(
        default=False, help_text="The funder lets the debtor see totals of this programme; never one supplier's."
    )

    objects = ProgrammeQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["funder", "name"], name="programme_name_once")]

    def __str__(self):
        return self.name


class FacilityQuerySet(models.QuerySet):
    def visible_to(self, actor: Actor):
        """The supplier it is granted to, the funder who grants it, the operator.

        By what the party is, not by either: of a million rows those of one column are read from its index, in order.
        The platform sees its receivables, never its suppliers' borrowing.
        """
        if actor.is_system or actor.party_kind == access.OPERATOR:
            return self
        if actor.party_kind == access.SUPPLIER:
            return self.filter(supplier_id=actor.party_id)
        return self.filter(funder_id=actor.party_id)


class Facility(Lifecycle, models.Model):
    """A programme granted to a supplier. Its row is the lock under which the limit is drawn.

    `limit_minor` follows the score at each decision, never below what is drawn and reserved.
    """

    class Status(Choices):
        ACTIVE = "ACTIVE"
        SUSPENDED = "SUSPENDED"
        CLOSED = "CLOSED"

    NEXT = {
        Status.ACTIVE: {Status.SUSPENDED, Status.CLOSED},
        Status.SUSPENDED: {Status.ACTIVE, Status.CLOSED},
    }

    programme = models.ForeignKey(Programme, models.PROTECT, related_name="facilities")
    supplier = models.ForeignKey(Party, models.PROTECT, related_name="facilities")
    funder = models.ForeignKey(Party, models.PROTECT, related_name="+")
    debtor = models.ForeignKey(Party, models.PROTECT, related_name="+")
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=9, choices=Status, default=Status.ACTIVE)
    limit_minor = models.BigIntegerField(default=0)
    principal_minor = models.BigIntegerField(default=0, help_text="Paid out and not repaid.")
    reserved_minor = models.BigIntegerField(default=0, help_text="Approved and not yet paid out.")
    overpaid_minor = models.BigIntegerField(
        default=0, help_text="Remainders paid to the supplier from settlements that came back: its debt to the funder."
    )
    joined_at = models.DateTimeField()
    joined_by = models.CharField(max_length=80)

    objects = FacilityQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "facilities"
        constraints = [
            models.UniqueConstraint(fields=["programme", "supplier"], name="facility_once_per_supplier"),
            # The limit, whatever races: no draw beyond it, and no limit set below the position.
            models.CheckConstraint(
                condition=Q(
                    principal_minor__gte=0,
                    reserved_minor__gte=0,
                    limit_minor__gte=F("principal_minor") + F("reserved_minor"),
                ),
                name="facility_within_limit",
            ),
            models.CheckConstraint(condition=Q(overpaid_minor__gte=0), name="facility_overpaid_plausible"),
        ]
        indexes = [models.Index(fields=["supplier"], name="facility_by_supplier")]

    def __str__(self):
        return f"{self.programme} for {self.supplier}"


class Assessment(models.Model):
    """A supplier's trade, measured at the end of a business date, and what a policy makes of it."""

    supplier = models.ForeignKey(Party, models.PROTECT, related_name="+")
    debtor = models.ForeignKey(Party, models.PROTECT, related_name="+")
    funder = models.ForeignKey(Party, models.PROTECT, related_name="+")
    policy = models.ForeignKey(PolicyVersion, models.PROTECT, related_name="+")
    currency = models.CharField(max_length=3)
    as_of = models.DateField()
    revision = models.PositiveSmallIntegerField(
        default=0, help_text="The last one holds: who was not scored yet is measured anew on the same day."
    )
    features = models.JSONField(help_text="rules.Features as data; decimals as strings")
    inputs_hash = models.CharField(max_length=64)
    points = models.PositiveSmallIntegerField()
    grade = models.CharField(max_length=2, blank=True, help_text="Empty: not scored (thin history).")
    limit_minor = models.BigIntegerField()
    reasons = models.JSONField(default=list)
    recorded_at = models.DateTimeField()

    objects = FacilityQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["supplier", "debtor", "policy", "currency", "as_of", "revision"], name="assessment_once_per_day"
            )
        ]
        indexes = [models.Index(fields=["funder", "-as_of"], name="assessment_by_funder")]


class Decision(models.Model):
    """Append-only. `inputs` is all that `rules.decide` was given, the policy by the hash of its body (the whole body in
    decisions of earlier days): replaying it gives `result` bit for bit."""

    class Outcome(Choices):
        APPROVED = "APPROVED"
        REFERRED = "REFERRED"
        DECLINED = "DECLINED"

    application_id = models.BigIntegerField(help_text="advances.Application, a feature above")
    facility = models.ForeignKey(Facility, models.PROTECT, related_name="decisions")
    # No indexes of their own: those below begin with them.
    supplier = models.ForeignKey(Party, models.PROTECT, related_name="+", db_index=False)
    funder = models.ForeignKey(Party, models.PROTECT, related_name="+", db_index=False)
    policy = models.ForeignKey(PolicyVersion, models.PROTECT, related_name="decisions")
    outcome = models.CharField(max_length=8, choices=Outcome)
    inputs = models.JSONField()
    inputs_hash = models.CharField(max_length=64)
    result = models.JSONField()
    reasons = models.JSONField(help_text="Reason codes, the deciding one first.")
    business_date = models.DateField()
    decided_at = models.DateTimeField()
    recommended_by = models.CharField(max_length=80, blank=True, help_text="Maker of a decision by hand")
    decided_by = models.CharField(max_length=80, help_text="'system', or the checker of a decision by hand")
    given_reasons = models.JSONField(default=list, help_text="Reason codes of a person who declined")
    explanation = models.TextField(blank=True, help_text="What that person wrote to the supplier")

    objects = FacilityQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(recommended_by="") | ~Q(recommended_by=F("decided_by")),
                name="decision_checker_is_not_maker",
            ),
            # A second automatic, or a second final, decision on one application.
            models.UniqueConstraint(
                fields=["application_id"], condition=Q(decided_by="system"), name="decision_automatic_once"
            ),
            models.UniqueConstraint(
                fields=["application_id"], condition=~Q(outcome="REFERRED"), name="decision_final_once"
            ),
            # Declined by somebody who says nothing to whom it concerns. Not held against decisions of before.
            models.CheckConstraint(
                condition=Q(decided_by="system") | ~Q(outcome="DECLINED") | ~Q(given_reasons=[]) | ~Q(explanation=""),
                name="decision_declined_with_a_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["funder", "-decided_at"], name="decision_by_funder"),
            models.Index(fields=["supplier", "-decided_at"], name="decision_by_supplier"),
        ]


class PolicyReplay(Lifecycle, models.Model):
    """A version applied to what the funder decided in the months before a day. `last_id`: how far it has come."""

    class Status(Choices):
        RUNNING = "RUNNING"
        DONE = "DONE"

    NEXT = {Status.RUNNING: {Status.DONE}}

    policy = models.ForeignKey(PolicyVersion, models.PROTECT, related_name="replays", db_index=False)
    funder = models.ForeignKey(Party, models.PROTECT, related_name="+", db_index=False)
    body_hash = models.CharField(max_length=64, help_text="Hash of the policy that was applied.")
    months = models.PositiveSmallIntegerField()
    since = models.DateField(help_text="Business dates after this one …")
    as_of = models.DateField(help_text="… until this one.")
    until_id = models.BigIntegerField(help_text="The latest decision that it looks at.")
    decisions = models.PositiveIntegerField(help_text="How many it looks at.")
    status = models.CharField(max_length=7, choices=Status, default=Status.RUNNING)
    last_id = models.BigIntegerField(default=0)
    replayed = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    requested_by = models.CharField(max_length=80)
    requested_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    objects = OfFunder.as_manager()

    class Meta:
        constraints = [
            # The same question asked twice is the same work.
            models.UniqueConstraint(fields=["policy", "months", "as_of"], name="policy_replay_once"),
            models.CheckConstraint(
                condition=Q(replayed__lte=F("decisions"), changed__lte=F("replayed")), name="policy_replay_counts"
            ),
            models.CheckConstraint(
                condition=Q(status="RUNNING", finished_at=None) | Q(finished_at__isnull=False, replayed=F("decisions")),
                name="policy_replay_done_is_whole",
            ),
        ]

    def __str__(self):
        return f"Replay of policy {self.policy_id} over {self.months} months"


class ReplayedDecision(models.Model):
    """Append-only. One decision as it was made and as the replayed version would have made it.

    `outcome_after` is empty where what was kept can no longer be read. Income: fee and expected interest of the amount
    asked for, where it can be carried at all.
    """

    replay = models.ForeignKey(PolicyReplay, models.PROTECT, related_name="lines", db_index=False)
    decision = models.ForeignKey(Decision, models.PROTECT, related_name="+", db_index=False)
    supplier = models.ForeignKey(Party, models.PROTECT, related_name="+", db_index=False)
    facility = models.ForeignKey(Facility, models.PROTECT, related_name="+", db_index=False)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    outcome_before = models.CharField(max_length=8, choices=Decision.Outcome)
    outcome_after = models.CharField(max_length=8, choices=Decision.Outcome, blank=True)
    grade_before = models.CharField(max_length=2, blank=True)
    grade_after = models.CharField(max_length=2, blank=True)
    limit_before_minor = models.BigIntegerField()
    limit_after_minor = models.BigIntegerField(default=0)
    income_before_minor = models.BigIntegerField(null=True)
    income_after_minor = models.BigIntegerField(null=True)
    reasons_before = models.JSONField()
    reasons_after = models.JSONField(default=list)
    is_changed = models.BooleanField(default=False, help_text="Outcome, grade, limit or income differ.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["replay", "decision"], name="replayed_decision_once")]
        indexes = [
            models.Index(fields=["replay", "id"], condition=Q(is_changed=True), name="replayed_decision_changed"),
            models.Index(fields=["decision"], name="replayed_decision_of"),
            models.Index(fields=["supplier"], name="replayed_decision_supplier"),
            models.Index(fields=["facility"], name="replayed_decision_facility"),
        ]

    @property
    def before(self) -> tuple:
        return self.outcome_before, self.grade_before, self.limit_before_minor, self.income_before_minor

    @property
    def after(self) -> tuple:
        return self.outcome_after, self.grade_after, self.limit_after_minor, self.income_after_minor
