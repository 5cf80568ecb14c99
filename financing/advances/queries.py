"""What is known when a facility is quoted or drawn, and what pages and API read."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from django.db.models import Count, F, Q, Subquery

from financing.advances.models import Advance
from financing.credit.models import Assessment, Facility, PolicyVersion
from financing.credit.queries import Debt, debtor_ages, policy_of, receivable_facts, standings
from financing.credit.rules import Features, Inputs, PastRepayment, Policy, Position, ReceivableFacts, from_plain
from financing.ledger.models import Book
from financing.ledger.queries import balance
from financing.schedules import accrue
from portal.shared import wall


def inputs_for(
    *,
    facilities: Sequence[Facility],
    policies: Mapping[int, PolicyVersion],
    assessments: Mapping[int, Assessment],
    today: Mapping[int, date],
    lock: bool = False,
    receivables: Mapping[int, Sequence[ReceivableFacts]] | None = None,
) -> dict[int, Inputs]:
    """All that a decision on each facility depends on, but for the amount asked; by facility id.

    `policies`, `assessments` and `receivables` (where they are known) by facility id, `today` by funder id. `lock`
    holds the receivables. A handful of statements, however many facilities.
    """
    rules = {facility.id: policy_of(policies[facility.id]) for facility in facilities}
    if receivables is None:
        receivables = receivable_facts(facilities=facilities, lock=lock)
    positions = _positions(facilities, today)
    standing = standings(party_ids={each.supplier_id for each in facilities})
    debts = {each.id: _debt(each, rules, today) for each in facilities}
    ages = debtor_ages(debts.values())
    return {
        each.id: Inputs(
            policy=rules[each.id],
            features=from_plain(Features, assessments[each.id].features),
            receivables=tuple(receivables[each.id]),
            position=positions[each.id],
            asked_minor=0,
            business_date=today[each.funder_id],
            facility_id=each.id,
            currency=each.currency,
            day_count=each.programme.day_count,
            max_tenor_days=each.programme.max_tenor_days,
            is_admitted=standing[each.supplier_id].is_admitted,
            verification_expires_on=standing[each.supplier_id].verification_expires_on,
            is_active=each.status == Facility.Status.ACTIVE,
            debtor=ages[debts[each.id]],
        )
        for each in facilities
    }


def _positions(facilities: Sequence[Facility], today: Mapping[int, date]) -> dict[int, Position]:
    """What each facility owes at the end of the business date: interest of today, and what was overpaid, included."""
    charges, overdue = defaultdict(int), defaultdict(int)
    for each in facilities:
        charges[each.id] = each.overpaid_minor
    rows = Advance.objects.filter(facility__in=[each.id for each in facilities], status__in=Advance.OPEN)
    for advance in rows:
        day = today[advance.funder_id]
        charges[advance.facility_id] += advance.interest_minor + advance.fees_minor
        if advance.accrued_until < day:
            interest, _carry = accrue(
                advance.principal_minor, advance.annual_rate, advance.day_count, advance.accrued_until, day,
                advance.interest_carry,
            )  # fmt: skip
            charges[advance.facility_id] += interest
        overdue[advance.facility_id] = max(overdue[advance.facility_id], (day - advance.due_date).days)
    return {
        each.id: Position(each.principal_minor, each.reserved_minor, charges[each.id], max(0, overdue[each.id]))
        for each in facilities
    }


def _debt(facility: Facility, rules: Mapping[int, Policy], today: Mapping[int, date]) -> Debt:
    beyond = timedelta(days=rules[facility.id].eligibility.cross_age_days)
    return facility.funder_id, facility.debtor_id, facility.currency, today[facility.funder_id] - beyond


def past_repayment(*, funder_id: int, supplier_ids: Sequence[int]) -> dict[int, PastRepayment]:
    """How each supplier's earlier advances from this funder went."""
    late = Q(status=Advance.Status.REPAID, closed_date__gt=F("due_date"))
    rows = (
        Advance.objects.filter(funder_id=funder_id, supplier_id__in=supplier_ids)
        .values("supplier_id")
        .annotate(
            repaid=Count("id", filter=Q(status=Advance.Status.REPAID)),
            repaid_late=Count("id", filter=late),
            overdue=Count("id", filter=Q(status__in=[Advance.Status.OVERDUE, Advance.Status.DEFAULTED])),
        )
    )
    return {row["supplier_id"]: PastRepayment(row["repaid"], row["repaid_late"], row["overdue"]) for row in rows}


@wall.inside()  # the books are the funder's
def held_for_supplier(facility: Facility) -> int:
    """What its funder holds for the supplier until it can be paid, minor units."""
    book_id = Subquery(Book.objects.filter(funder_id=facility.funder_id).values("id")[:1])
    return -balance(book_id=book_id, kind="CASH_COLLATERAL", currency=facility.currency, facility_id=facility.id)
