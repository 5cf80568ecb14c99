"""What the database is asked for a scrape: exact figures, by as many statements whatever there is to count."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.trail.models import Delivery
from financing.advances import services
from financing.advances.models import Advance, Application
from financing.banking.models import BankAccount, BankMessage, PaymentInstruction, Statement
from portal.measures.figures import Figures
from portal.shared.access import SYSTEM_ACTOR
from tests import world
from tests.world import NOW, TODAY, as_member

pytestmark = pytest.mark.django_db


@pytest.fixture
def lending():
    return world.with_trade(world.lending())


def told() -> dict[tuple, float]:
    """(name, label values ...) -> value."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in Figures().collect()
        for sample in family.samples
    }


def apply(lending, amount_minor: int, now: datetime = NOW) -> Application:
    ana = as_member("ana@amphora.example")
    quote = services.quote(actor=ana, facility_id=lending.amphora_facility.id, amount_minor=amount_minor, now=now)
    return services.apply(actor=ana, quote_id=quote.id, now=now)


def happened(row, **times) -> None:
    """Its times, as of business of today."""
    type(row).objects.filter(pk=row.pk).update(**times)


@pytest.fixture
def financed(lending) -> Advance:
    """Submitted long ago, decided 400 ms later by the policy and funded 700 ms after that; and another one just now."""
    found = []
    for amount, ago in ((500_00, timedelta(hours=2)), (900_00, timedelta(minutes=5))):
        began = timezone.now() - ago
        application = apply(lending, amount, began)
        services.decide_waiting(actor=SYSTEM_ACTOR, application_ids=[application.id], now=NOW)
        advance = Advance.objects.get(application=application)
        services.confirm_funding(actor=SYSTEM_ACTOR, value_dates={advance.id: TODAY}, now=NOW)
        happened(application, decided_at=began + timedelta(milliseconds=400))
        happened(advance, funded_at=began + timedelta(milliseconds=1100))
        found.append(advance)
    return found[1]


def test_of_the_last_ten_minutes_it_tells_outcomes_amounts_and_how_long_it_took(financed):
    figures = told()

    assert figures["portolan_database_up",] == 1
    assert figures["portolan_applications_decided_last_ten_minutes", "APPROVED", "policy"] == 1
    assert figures["portolan_financings_last_ten_minutes", "EUR"] == 1
    assert figures["portolan_paid_out_minor_last_ten_minutes", "EUR"] == 900_00
    decided = [figures["portolan_decided_seconds_bucket", "policy", bound] for bound in ("0.25", "0.5", "+Inf")]
    assert decided == [0, 1, 1]
    funded = [figures["portolan_funded_seconds_bucket", "policy", bound] for bound in ("1.0", "2.5", "+Inf")]
    assert funded == [0, 1, 1]
    assert figures["portolan_funded_seconds_gsum", "policy"] == pytest.approx(1.1)
    assert figures["portolan_funded_seconds_bucket", "people", "+Inf"] == 0


def test_what_is_open_is_counted_with_the_age_of_the_oldest(lending):
    apply(lending, 500_00)
    ten_minutes_ago = timezone.now() - timedelta(minutes=10)
    apply(lending, 600_00, ten_minutes_ago)
    Delivery.objects.filter(subscriber="notices.write").update(state="PARKED")

    figures = told()

    assert figures["portolan_applications_undecided", "SUBMITTED"] == 2
    assert figures["portolan_applications_undecided", "REFERRED"] == 0
    assert figures["portolan_applications_undecided_oldest_seconds", "REFERRED"] == 0
    assert figures["portolan_deliveries_waiting", "advances.decide"] == 2
    age = (timezone.now() - NOW).total_seconds()  # of the event, by the clock of the story
    assert figures["portolan_deliveries_waiting_oldest_seconds", "advances.decide"] == pytest.approx(age, abs=60)
    assert figures["portolan_deliveries_waiting", "banking.send"] == 0
    assert figures["portolan_deliveries_parked", "advances.decide"] == 0
    assert figures["portolan_deliveries_parked", "notices.write"] > 0


def test_of_the_bank_it_tells_what_is_unanswered_when_it_spoke_and_where_it_differs(financed):
    account = BankAccount.objects.filter(connected=True).first()
    five_minutes_ago = timezone.now() - timedelta(minutes=5)
    common = {"account": account, "content": b"", "sha256": "", "state": "PROCESSED"}
    heard = BankMessage.objects.create(
        **common, direction="IN", kind="camt.053", message_id="1", recorded_at=five_minutes_ago
    )
    BankMessage.objects.create(**common, direction="OUT", kind="pain.001", message_id="2", recorded_at=timezone.now())
    PaymentInstruction.objects.filter(id=financed.instruction_id).update(
        status="UNKNOWN", message=heard, sent_at=five_minutes_ago
    )
    for day, ledger_minor, unmatched in ((1, 5, 0), (2, 4, 0), (3, 5, 1), (4, None, 0)):
        Statement.objects.create(
            account=account, date=TODAY.replace(day=day), message=heard, opening_minor=0, closing_minor=5,
            ledger_minor=ledger_minor, unmatched=unmatched, reconciled_at=NOW,
        )  # fmt: skip

    figures = told()

    assert figures["portolan_bank_heard_seconds",] == pytest.approx(300, abs=60)
    assert figures["portolan_payments", "UNKNOWN"] == 1
    assert figures["portolan_payments_oldest_seconds", "UNKNOWN"] == pytest.approx(300, abs=60)
    assert figures["portolan_statements_differing",] == 2


def test_it_asks_as_many_questions_however_much_there_is(lending):
    with CaptureQueriesContext(connection) as nothing:
        told()
    for _ in range(3):
        apply(lending, 300_00)
    with CaptureQueriesContext(connection) as something:
        told()

    assert len(nothing) == len(something) == 11
