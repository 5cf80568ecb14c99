"""Whatever is booked and taken back, in whatever order: the books balance, and what is kept is what was booked."""

from collections import Counter
from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from financing.ledger.models import Account, Entry
from financing.ledger.queries import balances, findings, trial_balance
from financing.ledger.rules import KeyReused
from financing.ledger.services import LegOf, Posting
from tests.ledger.conftest import TODAY, post, reverse

ACCOUNTS = [
    (Account.Kind.CASH, None),
    (Account.Kind.CAPITAL, None),
    (Account.Kind.ADVANCES, 1),
    (Account.Kind.ADVANCES, 2),
]
amounts = st.integers(-(10**12), 10**12).filter(bool)


@st.composite
def postings(draw):
    """A balanced movement of two to five legs over few keys, accounts and dates, so that they meet often."""
    sides = draw(st.lists(st.tuples(st.sampled_from(ACCOUNTS), amounts), min_size=1, max_size=4))
    rest = sum(amount for _, amount in sides)
    if rest == 0:
        sides.append((ACCOUNTS[0], 7))
        rest = 7
    sides.append((draw(st.sampled_from(ACCOUNTS)), -rest))
    days_ago = draw(st.none() | st.integers(0, 3))
    return Posting(
        key=f"k{draw(st.integers(0, 9))}",
        kind="any",
        currency=draw(st.sampled_from(["EUR", "JPY"])),
        legs=tuple(LegOf(kind, amount, facility_id) for (kind, facility_id), amount in sides),
        value_date=None if days_ago is None else TODAY - timedelta(days=days_ago),
    )


steps = st.lists(
    st.lists(postings(), min_size=1, max_size=4)
    | st.lists(st.integers(0, 9).map(lambda number: f"k{number}"), min_size=1, max_size=3),
    min_size=1,
    max_size=8,
)


def expected_after(booked: dict[str, Posting], reversed_keys: set[str]) -> Counter:
    """Balances by simple addition."""
    totals: Counter = Counter()
    for key, posting in booked.items():
        for leg in posting.legs:
            name = (str(leg.account), posting.currency, leg.facility_id)
            totals[name] += 0 if key in reversed_keys else leg.amount_minor
    return totals


@pytest.mark.django_db
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
def test_any_sequence_of_postings_and_reversals_keeps_the_books_balanced(book, steps):
    with transaction.atomic():
        booked: dict[str, Posting] = {}
        reversed_keys: set[str] = set()
        for step in steps:
            if isinstance(step[0], str):
                keys = [key for key in step if key in booked]
                reverse(book, *keys)
                reversed_keys |= set(keys)
                continue
            try:
                with transaction.atomic():
                    post(book, *step)
            except KeyReused as refused:
                assert refused.code == "LEDGER_KEY_REUSED"
            else:
                booked |= {posting.key: posting for posting in reversed(step)} | booked

        assert findings(book.id) == []
        assert balances(book_id=book.id) == dict(expected_after(booked, reversed_keys))
        for currency in ("EUR", "JPY"):
            assert sum(line.balance_minor for line in trial_balance(book.id) if line.currency == currency) == 0
        assert Entry.objects.count() == len(booked) + len(reversed_keys)
        transaction.set_rollback(True)
