"""Whatever is done in whatever order: no more is credited and settled than was owed, and the state tells the truth."""

from datetime import date

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from financing.receivables import services
from financing.receivables.models import Assignment, Receivable, SettlementPayment
from portal.shared.access import SYSTEM_ACTOR
from portal.shared.errors import RuleViolation
from tests.world import NOW

AMOUNTS = st.integers(1, 120)
STEPS = st.one_of(
    st.tuples(st.just("credit"), AMOUNTS),
    st.tuples(st.just("settle"), AMOUNTS | st.none()),
    st.tuples(st.sampled_from(["book", "reject", "give back", "assign", "release", "dispute", "resolve"]), st.none()),
)


class Story:
    """One receivable of 100.00 EUR and what is done to it; refusals are part of the story."""

    def __init__(self, scene):
        self.scene = scene
        (self.row,) = scene.accepted()
        self.steps = 0

    def do(self, step: str, amount: int | None) -> None:
        self.steps += 1
        try:
            getattr(self, step.replace(" ", "_"))(amount)
        except RuleViolation:
            pass

    def credit(self, amount):
        self.scene.submit(self.scene.credit_note(self.row.number, str(amount)))

    def settle(self, amount):
        self.scene.settle((self.row.id, amount and amount * 100), key=f"{self.row.id}-{self.steps}")

    def _payments(self, status) -> list[int]:
        return list(
            SettlementPayment.objects.filter(status=status, lines__receivable=self.row).values_list("id", flat=True)
        )

    def book(self, _):
        ids = self._payments("INSTRUCTED")[:1]
        services.book(actor=SYSTEM_ACTOR, value_dates={each: date(2026, 3, 3) for each in ids}, now=NOW)

    def reject(self, _):
        services.fail(actor=SYSTEM_ACTOR, reasons=dict.fromkeys(self._payments("INSTRUCTED")[:1], "AC04"), now=NOW)

    def give_back(self, _):
        reasons = dict.fromkeys(self._payments("BOOKED")[:1], "AC04")
        services.take_back(actor=SYSTEM_ACTOR, reasons=reasons, now=NOW)

    def assign(self, _):
        self.scene.assign([self.row.id])

    def release(self, _):
        services.release(actor=SYSTEM_ACTOR, receivable_ids=[self.row.id], now=NOW)

    def dispute(self, _):
        services.dispute(actor=self.scene.maya, receivable_id=self.row.id, reason="Broken", now=NOW)

    def resolve(self, _):
        services.resolve_dispute(actor=self.scene.maya, receivable_id=self.row.id, now=NOW)

    def check(self) -> None:
        row = Receivable.objects.get(id=self.row.id)
        assert min(row.credited_minor, row.settled_minor, row.settling_minor) >= 0
        assert row.credited_minor + row.settled_minor + row.settling_minor <= row.gross_minor
        assert row.open_minor == row.gross_minor - row.credited_minor - row.settled_minor
        assert (row.open_minor == 0) == (row.status in ("SETTLED", "CANCELLED"))
        assert (row.status == "ASSIGNED") <= (row.assigned_facility_id is not None)
        under_way = sum(
            SettlementPayment.objects.filter(id__in=self._payments("INSTRUCTED")).values_list("amount_minor", flat=True)
        )
        assert row.settling_minor == under_way
        booked = SettlementPayment.objects.filter(id__in=self._payments("BOOKED"))
        assert row.settled_minor == sum(booked.values_list("amount_minor", flat=True))
        assert Assignment.objects.filter(receivable=row, released_at=None).count() == (
            row.assigned_facility_id is not None
        )


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, min_size=1, max_size=12))
def test_credited_and_settled_never_exceed_what_is_owed_whatever_happens(scene, steps):
    if not scene.cast.amphora.bank_accounts.exists():
        scene.accounts()
    # What earlier stories left would make this one's invoice similar to theirs; it is accepted by hand either way.
    story = Story(scene)
    for step in steps:
        story.do(*step)
        story.check()
