"""A rush, and in the middle of it the worker dies and the broker forgets everything: nothing is lost, nothing twice."""

import redis
from django.db.models import Count
from django.utils import timezone

from financing.advances import services as advances
from financing.advances.models import Advance, AdvanceReceivable, Application
from financing.banking.models import PaymentInstruction
from financing.credit.models import Decision
from tests.stories.house import House, Supplier, eventually
from tests.world import as_member

SUPPLIERS, EACH = 20, 3


def offers(supplier: Supplier) -> list[int]:
    """Quotes over 1,200.00 each: two of them are within the limit of 3,000.00, the third is not."""
    actor = as_member(f"{supplier.party.name.lower()}@supplier.example")
    return [
        advances.quote(actor=actor, facility_id=supplier.facility_id, amount_minor=1_200_00, now=timezone.now()).id
        for _ in range(EACH)
    ]


def test_a_rush_through_a_dead_worker_and_an_empty_broker_is_worked_off_exactly_once(house: House):
    suppliers = [house.supplier(f"Rush{chr(65 + number)}") for number in range(SUPPLIERS)]
    quotes = [(supplier, quote) for supplier in suppliers for quote in offers(supplier)]
    worker, broker = house.world.processes["worker"], redis.from_url(house.world.environment["BROKER_URL"])
    first_pid = worker.pid

    for number, (supplier, quote) in enumerate(quotes):
        actor = as_member(f"{supplier.party.name.lower()}@supplier.example")
        advances.apply(actor=actor, quote_id=quote, now=timezone.now())
        if number == 20:
            eventually(Decision.objects.filter(supplier=suppliers[0].party).exists)
            worker.kill()
        if number == 40:
            broker.flushdb()
    eventually(lambda: worker.pid != first_pid, "the supervisor starts another worker")
    worker.wait_ready()
    broker.flushdb()

    # Whoever died while it held a lease on payments is waited for: a minute.
    house.quiet(seconds=150)
    parties = [each.party.id for each in suppliers]
    outcomes = Application.objects.filter(supplier__in=parties).values_list("status").annotate(Count("id"))
    assert dict(outcomes) == {"APPROVED": SUPPLIERS * 2, "DECLINED": SUPPLIERS}
    decided = Decision.objects.filter(supplier__in=parties).values("application_id").annotate(times=Count("id"))
    assert {each["times"] for each in decided} == {1} and len(decided) == SUPPLIERS * EACH
    lent = Advance.objects.filter(supplier__in=parties)
    assert set(lent.values_list("status", "principal_minor")) == {("ACTIVE", 1_200_00)}
    assert PaymentInstruction.objects.filter(payee__in=parties).count() == lent.count() == SUPPLIERS * 2
    for supplier in suppliers:
        assert house.booked_at_bank(supplier.iban) == [1_200_00, 1_200_00], supplier.party
        assert (supplier.facility.principal_minor, supplier.facility.reserved_minor) == (2_400_00, 0)
    secured = AdvanceReceivable.objects.filter(advance__in=lent).values("receivable").annotate(times=Count("id"))
    assert {each["times"] for each in secured} == {1}
