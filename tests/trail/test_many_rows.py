"""Rows written as one document are the rows that were meant, whatever their columns hold."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import DataError, connection, models, transaction

from accounts.trail.models import Delivery, Event
from portal.shared.database import as_document, insert_many, update_many
from tests.world import NOW

STRANGE = 'it\'s "quoted" \\ 100 %s — 物流\n'


def event(number: int = 1, **changed) -> Event:
    facts = {"name": "bench", "subject_type": "bench", "audience": "INTERNAL", "recorded_at": NOW, "effective_at": NOW}
    return Event(subject_id=number, **facts | changed)


@pytest.mark.django_db
def test_rows_come_back_as_they_were_written_with_the_keys_in_their_order():
    written = insert_many([event(n, payload={"said": STRANGE, "parts": [n, None, 0.5]}) for n in range(3)])
    found = Event.objects.order_by("id")
    assert [(each.id, each.subject_id, each.payload["parts"][0]) for each in found] == [
        (each.id, n, n) for n, each in enumerate(written)
    ]
    assert {(each.payload["said"], each.recorded_at, each.actor_party_id) for each in found} == {(STRANGE, NOW, None)}
    assert all(each.transaction for each in found), "the database fills what is its own"


@pytest.mark.django_db
def test_only_the_named_columns_of_the_named_rows_change():
    events = insert_many([event(n) for n in range(3)])
    first, second, _third = insert_many(
        [Delivery(event=each, subscriber="bench", subject="s", due_at=NOW) for each in events]
    )
    later = NOW + timedelta(microseconds=1)
    first.due_at, first.last_error, first.attempts = later, STRANGE, 7
    second.due_at = later
    assert update_many(Delivery, [first, second], ["due_at", "last_error"]) == 2
    rows = Delivery.objects.order_by("id").values_list("due_at", "last_error", "attempts")
    assert list(rows) == [(later, STRANGE, 0), (later, "", 0), (NOW, "", 0)]
    assert update_many(Delivery, [], ["due_at"]) == 0 and insert_many([]) == []


@pytest.mark.django_db
def test_what_is_too_long_is_refused_and_never_cut():
    with pytest.raises(DataError), transaction.atomic():
        insert_many([event(name="x" * 61)])
    assert not Event.objects.exists()


@pytest.mark.django_db
def test_every_kind_of_column_in_use_is_read_as_it_was_meant():
    class Sample(models.Model):
        rate = models.DecimalField(max_digits=9, decimal_places=6)
        day, at = models.DateField(), models.DateTimeField()
        content, is_so = models.BinaryField(), models.BooleanField(null=True)

        class Meta:
            app_label, managed = "tests", False

    at = datetime(2026, 1, 31, 23, 59, 59, 999999, tzinfo=UTC)
    row = Sample(id=2**62, rate=Decimal("0.090001"), day=date(2026, 2, 28), at=at, content=b"\x00\\\xff", is_so=None)
    with connection.cursor() as cursor:
        columns = "id bigint, rate numeric, day date, at timestamptz, content bytea, is_so boolean"
        cursor.execute(f"CREATE TEMPORARY TABLE sample ({columns}) ON COMMIT DROP")
        cursor.execute(
            "SELECT * FROM json_populate_recordset(NULL::sample, %s)",
            [as_document([row], Sample._meta.local_concrete_fields)],
        )
        assert cursor.fetchone() == (2**62, row.rate, row.day, at, row.content, None)
