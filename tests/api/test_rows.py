"""Lists tell their rows fast, and exactly as REST framework would."""

import pytest
from django.utils import timezone
from rest_framework import serializers

from accounts.parties.api import PartyName
from financing.receivables.api.documents import ReceivableShown
from financing.receivables.models import Receivable
from portal.shared.rows import Row
from tests import world
from tests.api.conftest import caller_for

pytestmark = pytest.mark.django_db


def as_before(shown: type[Row], row) -> dict:
    """The same fields, told by REST framework's own means, of nested rows as well."""
    slow = shown(row)
    for field in slow.fields.values():
        if isinstance(field, Row):
            field.to_representation = lambda value, field=field: serializers.Serializer.to_representation(field, value)
    return serializers.Serializer.to_representation(slow, row)


@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai"])
def test_a_row_reads_as_rest_framework_would_write_it(lending, zone):
    received = world.receivable(lending.cast.amphora, lending.cast.meridian, "A-1", status=Receivable.Status.RECEIVED)
    accepted = world.receivable(lending.cast.amphora, lending.cast.meridian, "A-2")
    Receivable.objects.filter(id=accepted.id).update(dispute_reason="late", settled_at=world.NOW.replace(microsecond=7))
    with timezone.override(zone):
        for row in Receivable.objects.filter(id__in=[received.id, accepted.id]):
            told, expected = ReceivableShown(row).data, as_before(ReceivableShown, row)
            assert list(told.items()) == list(expected.items())
            assert {type(value) for value in told.values()} <= {int, str, dict, type(None)}


@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai"])
def test_rows_read_in_columns_are_told_as_their_models_are(lending, zone):
    world.receivable(lending.cast.amphora, lending.cast.meridian, "A-1", status=Receivable.Status.RECEIVED)
    disputed = world.receivable(lending.cast.amphora, lending.cast.meridian, "A-2")
    assigned = world.receivable(lending.cast.amphora, lending.cast.meridian, "A-3", goods_received_date=None)
    Receivable.objects.filter(id=disputed.id).update(dispute_reason="late", match_note='{"text": "{n} of 2", "n": 1}')
    Receivable.objects.filter(id=assigned.id).update(
        status="ASSIGNED", funder=lending.cast.harbour, assigned_facility_id=lending.amphora_facility.id,
        settled_at=world.NOW.replace(microsecond=7),
    )  # fmt: skip
    rows = Receivable.objects.order_by("id")
    with timezone.override(zone):
        models = ReceivableShown(rows.select_related("supplier", "debtor"), many=True).data
        columns = ReceivableShown(ReceivableShown.in_columns().order_by("id"), many=True).data
    assert [list(row.items()) for row in columns] == [list(row.items()) for row in models]
    assert [row["payee"] for row in columns] == [lending.cast.amphora.id] * 2 + [lending.cast.harbour.id]
    assert {type(value) for row in columns for value in row.values()} <= {int, str, dict, type(None)}


def test_columns_are_put_together_once_and_rows_read_each_time(lending):
    caller = caller_for(lending.cast.watch)
    world.receivable(lending.cast.amphora, lending.cast.meridian, "A-1")
    assert [row["number"] for row in caller.get("receivables/").json()["results"]] == ["A-1"]
    world.receivable(lending.cast.amphora, lending.cast.meridian, "A-2")
    assert [row["number"] for row in caller.get("receivables/").json()["results"]] == ["A-2", "A-1"]


def test_what_a_field_asks_of_the_request_is_asked_each_time(lending):
    class Asking(Row):
        debtor = PartyName()
        asked = serializers.SerializerMethodField()

        class Meta:
            model, fields = Receivable, ("debtor", "asked")

        def get_asked(self, row):
            return self.context["asked"]

    row = world.receivable(lending.cast.amphora, lending.cast.meridian, "A-1")
    told = [Asking(row, context={"asked": number}).data["asked"] for number in (1, 2)]
    assert told == [1, 2]


def test_a_row_that_inherits_another_tells_its_own_fields(lending):
    class Longer(ReceivableShown):
        class Meta(ReceivableShown.Meta):
            fields = (*ReceivableShown.Meta.fields, "fiscal_year")

    row = world.receivable(lending.cast.amphora, lending.cast.meridian, "A-1")
    assert "fiscal_year" not in ReceivableShown(row).data
    assert Longer(row).data["fiscal_year"] == row.fiscal_year
