"""The default policy on real trade: Olist's sellers, month by month."""

import calendar
from collections import Counter
from datetime import date
from pathlib import Path
from time import perf_counter

import pytest

from accounts.parties.models import Party
from financing.credit.queries import features
from financing.credit.rules import Features, Score, score
from logistics.orders.services import import_trade
from portal.shared.access import SYSTEM_ACTOR
from tests.credit.facts import POLICY
from tests.world import NOW, cast

FILE = Path(__file__).resolve().parents[3] / "shared/data/trade/olist/order_lines.csv.gz"

pytestmark = pytest.mark.skipif(not FILE.exists(), reason=f"The real trade data is not here: {FILE}")

MONTHS = [(2017, month) for month in range(9, 13)] + [(2018, month) for month in range(1, 9)]


@pytest.fixture
def months(fresh_plans) -> dict[date, dict[int, tuple[Features, Score]]]:
    """Features and score of every seller at the end of every month, by supplier."""
    meridian = cast().meridian
    import_trade(
        actor=SYSTEM_ACTOR, platform_id=meridian.id, content=FILE.read_bytes(), mapping="olist", now=NOW
    )  # fmt: skip
    ids = list(Party.objects.filter(kind="SUPPLIER").values_list("id", flat=True))
    found = {}
    for year, month in MONTHS:
        end = date(year, month, calendar.monthrange(year, month)[1])
        started = perf_counter()
        measured = features(supplier_ids=ids, debtor_id=meridian.id, currency="BRL", as_of=end)
        print(f"{end}: {len(ids)} suppliers in {(perf_counter() - started) * 1000:.0f} ms")
        found[end] = {each: (measured[each], score(measured[each], POLICY)) for each in ids}
    return found


def test_grades_spread_on_real_trade_and_tell_who_will_go_on_selling(months):
    dates = list(months)
    later: dict[str, list[bool]] = {}
    for position, (end, sellers) in enumerate(months.items()):
        grades = Counter(scored.grade for _, scored in sellers.values() if scored.grade)
        print(end, dict(sorted(grades.items())))
        assert set(grades) == set("ABCDE")
        assert max(grades.values()) <= sum(grades.values()) / 2, f"one grade holds more than half at {end}"
        for seller, (measured, scored) in sellers.items():
            if scored.grade:
                assert measured.days_of_trade >= 90
                assert measured.order_lines >= 10
                if position + 3 < len(dates):
                    after = months[dates[position + 3]][seller][0]
                    later.setdefault(scored.grade, []).append(after.monthly_delivered_3m_minor == 0)
    stopped = {grade: sum(found) / len(found) for grade, found in sorted(later.items())}
    print("delivered nothing in the next 90 days:", {grade: f"{share:.2f}" for grade, share in stopped.items()})
    assert list(stopped.values()) == sorted(stopped.values()), "a better grade stopped selling more often"
    assert stopped["E"] > 3 * stopped["B"]
    assert sum(1 for _, scored in months[dates[0]].values() if scored.grade) >= 50
    assert sum(1 for _, scored in months[dates[-1]].values() if scored.grade) >= 180
