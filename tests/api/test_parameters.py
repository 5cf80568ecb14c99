"""What a question may be asked by: what an address tells of, each once."""

import pytest

from financing.advances.models import Quote
from tests import world
from tests.api.conftest import caller_for


@pytest.fixture
def amphora(lending):
    world.with_trade(lending)
    return caller_for(lending.cast.amphora)


@pytest.mark.parametrize(
    ("path", "code", "parameter"),
    [
        ("receivables/?colour=red", "PARAMETER_UNKNOWN", "colour"),
        ("receivables/?status=ACCEPTED&stauts=ACCEPTED", "PARAMETER_UNKNOWN", "stauts"),
        ("receivables/?status=ACCEPTED&status=RECEIVED", "PARAMETER_TWICE", "status"),
        ("receivables/1/?status=ACCEPTED", "PARAMETER_UNKNOWN", "status"),
        ("me/?colour=red", "PARAMETER_UNKNOWN", "colour"),
        ("events/?number=1", "PARAMETER_UNKNOWN", "number"),
    ],
)
def test_a_parameter_that_would_be_overlooked_is_refused(amphora, path, code, parameter):
    answer = amphora.get(path)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.json()["facts"]["parameter"] == parameter


def test_a_refusal_tells_the_parameters_that_there_are(amphora):
    known = amphora.get("receivables/?colour=red").json()["facts"]["known"].split(", ")
    assert {"number", "status", "supplier", "issued_from", "until", "sort", "cursor", "limit", "format"} <= set(known)


def test_nothing_is_done_under_a_parameter_that_is_none(lending, amphora):
    asked = {"facility": lending.amphora_facility.id, "amount_minor": 10000}
    answer = amphora.post("quotes/?dry_run=true", asked, Idempotency_Key="q-1")
    assert (answer.status_code, answer.json()["code"]) == (422, "PARAMETER_UNKNOWN")
    assert not Quote.objects.exists()
    assert amphora.post("quotes/", asked, Idempotency_Key="q-1").status_code == 201


def test_receivables_are_found_by_number_and_by_day_of_issue(amphora):
    def found(query):
        return [each["number"] for each in amphora.get(f"receivables/?{query}").json()["results"]]

    rows = amphora.get("receivables/").json()["results"]
    assert found("number=INV-2") == ["INV-2"]
    assert found("number=INV") == found("number=INV-2&status=SETTLED") == []
    on = rows[0]["issue_date"]
    assert found(f"issued_from={on}&issued_until={on}") == [each["number"] for each in rows if each["issue_date"] == on]
    assert found("issued_until=2001-01-01") == found("issued_from=2100-01-01") == []
    assert amphora.get("receivables/?issued_from=soon").json()["code"] == "DATE_INVALID"
    assert amphora.get("receivables/?number=%00").json()["code"] == "FILTER_INVALID"
