"""Answers are written as REST framework writes them, byte for byte."""

import uuid
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
from django.utils.translation import gettext_lazy
from rest_framework.renderers import JSONRenderer

from financing.receivables.models import Receivable
from portal.shared.renderers import Json

VALUES = [
    {}, [], None, True, "", 0, -(2**63), 2**64, 0.1, 12.0, Decimal("12.50"), Decimal("1E+3"), {1: "a", None: 2},
    {"amount_minor": 1_000_00, "rows": [{"id": 1}], "share": None}, ("a", "b"),
    "Zażółć 中文 \U0001f600 \" \\ / \b \n \x1f \x7f \u2028 \u2029 <script>&", date(2026, 3, 31), time(8, 30),
    datetime(2026, 3, 31, 8, 30, tzinfo=UTC), datetime(2026, 3, 31, 8, 30, 0, 7, tzinfo=UTC), timedelta(hours=8),
    uuid.UUID(int=7), gettext_lazy("Amount"), Receivable.Status.ACCEPTED, b"bytes",
    {"nested": {"deeply": [[[{"status": Receivable.Status.ACCEPTED, "told": gettext_lazy("Amount")}]]]}},
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
def test_each_value_is_written_alike(value):
    assert Json().render(value) == JSONRenderer().render(value)
