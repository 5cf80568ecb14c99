"""A database that was restored: what it does not know any more is not done under a number that others know."""

from io import StringIO

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection

from accounts.parties.models import Party
from accounts.trail.models import Event
from accounts.trail.services import record
from portal.shared.access import SYSTEM_ACTOR
from tests.conftest import _urls, _use, _with_database
from tests.trail.conftest import NOW, news

FAR = 5_000_000_000
"""A transaction of the server that the dump was taken from: this one reaches it in some years."""
NOTHING_BEFORE = (
    "CREATE OR REPLACE FUNCTION trail_transactions_before() RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT 0::bigint'"
)


@pytest.fixture
def owner(committed_db):
    """This process acts as the role that migrates, as the command wants it."""
    app, name = dict(connection.settings_dict), connection.settings_dict["NAME"]
    _use(_with_database(_urls()["owner"], name))
    yield connection
    connection.close()
    connection.settings_dict.update({key: app[key] for key in ("USER", "PASSWORD")})
    with psycopg.connect(_with_database(_urls()["owner"], name)) as owner:
        owner.execute(NOTHING_BEFORE)


def told(number: int) -> Event:
    from django.db import transaction

    with transaction.atomic():
        return record(SYSTEM_ACTOR, NOW, [news("thing.done", number)])[0]


def test_readers_of_events_read_on_though_the_server_counts_its_transactions_anew(owner):
    before = told(1)
    Event.objects.filter(id=before.id).update(transaction=FAR)
    assert list(Event.objects.settled()) == []  # the trap: a restored dump would tell no news for years

    call_command("after_restore", stdout=StringIO())
    after = told(2)

    read = list(Event.objects.settled().order_by("transaction", "id"))
    assert [each.id for each in read] == [before.id, after.id]
    assert Event.objects.get(id=after.id).transaction > FAR + 999_999_000


def test_no_number_is_given_out_again(owner):
    first = Party.objects.create(kind="SUPPLIER", name="First", country="NL", created_at=NOW)

    call_command("after_restore", by=5_000, stdout=StringIO())
    second = Party.objects.create(kind="SUPPLIER", name="Second", country="NL", created_at=NOW)

    assert second.id == first.id + 5_001
    assert told(1).id > 5_000  # of what had no number yet as well
