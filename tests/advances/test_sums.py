"""An offer by sums of receivables that the rules cannot tell apart says what it says receivable by receivable."""

import random
from dataclasses import replace
from datetime import timedelta

import pytest

from financing.advances.services.quote import counted, offer
from financing.credit.models import Facility
from financing.credit.rules import falls, gains
from financing.receivables.models import Receivable
from tests import world
from tests.world import NOW, TODAY, as_member

RECEIVABLES = 160


def some_receivables(lending, seed: int, largest_minor: int) -> None:
    """Of every state, some alike in all but their amounts; free, with this facility, and with the other supplier's."""
    chance, states = random.Random(seed), Receivable.Status
    model = world.receivable(lending.cast.amphora, lending.cast.meridian, "A-0")
    rows = []
    for number in range(1, RECEIVABLES + 1):
        status = chance.choice([states.RECEIVED, states.ACCEPTED, states.ACCEPTED, states.ASSIGNED, states.DISPUTED])
        facility = chance.choice([lending.amphora_facility, lending.amphora_facility, lending.bellows_facility])
        held = status == states.ASSIGNED or (status == states.DISPUTED and chance.random() < 0.5)
        issued = TODAY - timedelta(days=chance.choice([0, 5, 15, 40, 130]))
        due = max(issued, TODAY + timedelta(days=chance.choice([-70, -10, 1, 30, 45, 200])))
        gross = chance.randrange(1, largest_minor)
        rows.append(Receivable(
            supplier=model.supplier, debtor=model.debtor, document=model.document, number=f"A-{number}",
            normalised_number=f"A{number}", fiscal_year=issued.year, issue_date=issued, status=status,
            due_date=due, goods_received_date=chance.choice([None, issued, TODAY]),
            gross_minor=gross,
            settling_minor=0 if status in (states.RECEIVED, states.DISPUTED) else chance.choice([0, 0, 1, gross]),
            currency=chance.choice(["EUR", "EUR", "EUR", "USD"]), match=model.match, received_at=NOW,
            accepted_at=None if status == states.RECEIVED else NOW,
            accepted_by="" if status == states.RECEIVED else "system",
            assigned_facility_id=facility.id if held else None, funder=lending.cast.harbour if held else None,
        ))  # fmt: skip
    Receivable.objects.bulk_create(rows)


@pytest.mark.parametrize(("seed", "largest_minor"), [(1, 2_00), (2, 500_00), (3, 5_000_00), (4, 100_000_00)])
def test_sums_and_single_receivables_come_to_the_same_offer(lending, seed, largest_minor):
    some_receivables(lending, seed, largest_minor)
    ana, facility = as_member("ana@amphora.example"), lending.amphora_facility
    Facility.objects.filter(id=facility.id).update(principal_minor=seed % 2 * 700_00, limit_minor=10_000_000_00)

    def asked(amount_minor, **how):
        return offer(actor=ana, facility_id=facility.id, amount_minor=amount_minor, now=NOW, **how)

    most = asked(None).result.base.available_minor
    for amount in (None, 1, 500_00, most // 3 or 1, most or 1, most + 1):
        single, summed = asked(amount), asked(amount, in_sums=True)
        assert len(summed.result.base.lines) < len(single.result.base.lines) == RECEIVABLES + 5
        assert sum(summed.alike.values()) == RECEIVABLES + 5
        assert _without_lines(summed.result) == _without_lines(single.result)
        assert falls(summed.result.base, summed.alike) == falls(single.result.base)
        assert gains(summed.inputs, summed.result) == gains(single.inputs, single.result)


def test_each_receivable_is_counted_in_a_sum_as_it_is_alone(lending):
    some_receivables(lending, seed=5, largest_minor=1_000_00)
    ana = as_member("ana@amphora.example")
    alone = offer(actor=ana, facility_id=lending.amphora_facility.id, now=NOW).result.base.lines
    together = counted(actor=ana, now=NOW)
    assert {line.receivable_id: (line.reasons, line.due_date, line.is_assigned_here) for line in alone} == {
        number: (each.line.reasons, each.line.due_date, each.line.is_assigned_here)
        for each in together for number in each.ids
    }  # fmt: skip
    minor = {line.receivable_id: line.counted_minor for line in alone}
    assert [each.line.counted_minor for each in together] == [
        sum(minor[number] for number in each.ids) for each in together
    ]
    assert {reason for line in alone for reason in line.reasons} > {
        "NOT_ACCEPTED", "IN_DISPUTE", "NOT_AVAILABLE_AS_SECURITY", "OTHER_CURRENCY", "NOTHING_OPEN", "PAST_DUE",
        "TOO_OLD", "IN_RETURN_WINDOW", "DUE_TOO_SOON",
    }  # fmt: skip


def _without_lines(result):
    return replace(result, base=replace(result.base, lines=()), security_ids=())
