"""docs/invoices.md is what it says: its examples enter, as written, with the numbers of the demo world."""

import json
import re

import pytest
from jsonschema import Draft202012Validator

from accounts.intake.models import Document
from accounts.parties.models import Party
from financing.receivables.api.described import CREDIT_NOTE, INVOICE
from financing.receivables.models import CreditNote, Receivable
from logistics.orders.models import SupplierNumber
from portal.reference.views import document
from portal.runtime.environment import PROJECT
from portal.sandbox.world.characters import suppliers
from portal.sandbox.world.founding import PLATFORM_NUMBER, PLATFORM_REFERENCE
from tests.api.conftest import caller_for

PLACES = {"INVOICE": "receivables/", "CREDIT_NOTE": "credit-notes/"}


@pytest.fixture
def demo(lending):
    """The cast under the numbers of the demo world's platform and of its first supplier."""
    people, first = lending.cast, suppliers(1)[0]
    Party.objects.filter(id=people.meridian.id).update(
        registration_number=PLATFORM_NUMBER, external_reference=PLATFORM_REFERENCE
    )
    Party.objects.filter(id=people.amphora.id).update(country=first.country)
    SupplierNumber.objects.filter(supplier=people.amphora).update(number=first.reference)
    return people


def written() -> list[str]:
    text = (PROJECT / "docs" / "invoices.md").read_text()
    return re.findall(r"```json\n(.*?)```", text, re.DOTALL)


def test_the_examples_enter_as_they_are_written(demo):
    amphora, examples = caller_for(demo.amphora), written()
    assert [json.loads(each)["type"] for each in examples] == ["INVOICE", "CREDIT_NOTE"]
    for each in examples:
        answer = amphora.post(PLACES[json.loads(each)["type"]], each.encode())
        assert answer.status_code == 201, answer.text
    assert Receivable.objects.get().number == "INV-2026-0117"
    assert CreditNote.objects.get().amount_minor == 10_71


def test_the_number_to_write_is_read_where_the_document_says(demo):
    amphora = caller_for(demo.amphora)
    (platform,) = amphora.get("parties/?kind=PLATFORM").json()["results"]
    told = amphora.get(f"parties/{platform['id']}/").json()
    assert (told["registration_number"], told["external_reference"]) == ("HRB 7002", "MERIDIAN")
    invoice, note = (json.loads(each) for each in written())
    assert invoice["debtor"]["registration_number"] == told["registration_number"]
    assert note["debtor"] == told["external_reference"]
    (own,) = amphora.get("supplier-numbers/?status=CONFIRMED").json()["results"]
    assert own["platform"]["id"] == platform["id"]
    assert note["supplier"] == own["number"] == invoice["supplier"]["external_reference"]


@pytest.mark.parametrize(
    ("wrong", "code", "where"),
    [
        ({"debtor": {"registration_number": "HRB 1"}}, "UNKNOWN_DEBTOR", "parties/ of the API"),
        ({"supplier": "S-9"}, "NOT_YOUR_DOCUMENT", "the page of your company"),
    ],
)
def test_a_refusal_says_where_the_number_stands(demo, wrong, code, where):
    said = caller_for(demo.amphora).post("receivables/", json.loads(written()[0]) | wrong).json()
    assert said["code"] == code and where in said["detail"]
    assert not Receivable.objects.exists()


def test_each_address_takes_documents_of_its_own_kind_only(demo):
    amphora = caller_for(demo.amphora)
    invoice, note = (json.loads(each) for each in written())
    for path, body in (("credit-notes/", invoice), ("receivables/", note)):
        answer = amphora.post(path, body)
        assert (answer.status_code, answer.json()["code"]) == (422, "WRONG_DOCUMENT_TYPE")
        assert PLACES[body["type"]] in answer.json()["detail"]
        assert Document.objects.latest("id").outcome == "REFUSED"
    assert not Receivable.objects.exists() and not CreditNote.objects.exists()


def test_what_names_no_type_is_of_the_kind_of_its_address(demo):
    amphora = caller_for(demo.amphora)
    invoice, note = ({k: v for k, v in json.loads(each).items() if k != "type"} for each in written())
    assert amphora.post("receivables/", {"invoices": [invoice]}).json()["results"][0]["type"] == "INVOICE"
    (entered,) = amphora.post("credit-notes/", {"credit_notes": [note]}).json()["results"]
    assert (entered["type"], entered["accepted"]) == ("CREDIT_NOTE", True)
    assert (Receivable.objects.count(), CreditNote.objects.count()) == (1, 1)
    assert amphora.post("credit-notes/", invoice).json()["code"] == "FIELD_UNKNOWN"


def test_the_examples_of_the_reference_enter_as_they_are_told(demo):
    amphora = caller_for(demo.amphora)
    for path in PLACES.values():
        told = document()["paths"][f"/api/v1/{path}"]["post"]["requestBody"]["content"]
        assert set(told) == {"application/json", "application/xml"}
        for media_type, body in told.items():
            example = body["example"] if media_type == "application/xml" else json.dumps(body["example"])
            answer = amphora.post(path, example.encode(), media_type)
            assert answer.status_code == 201, answer.text
            Draft202012Validator({"type": "string"} if "xml" in media_type else body["schema"]).validate(
                body["example"]
            )
    assert (Receivable.objects.count(), CreditNote.objects.count()) == (2, 2)
    meridian = caller_for(demo.meridian)
    trade = document()["paths"]["/api/v1/trade-history/"]["post"]["requestBody"]["content"]["text/csv"]["example"]
    report = meridian.post("trade-history/?mapping=portolan", trade.encode(), "text/csv").json()
    assert (report["new"], report["refused_lines"]) == (1, 0)


def test_an_example_of_many_counts_what_it_shows():
    for path in ("receivables/", "credit-notes/", "applications/bulk/", "settlements/bulk/"):
        said = document()["paths"][f"/api/v1/{path}"]["post"]["responses"]["201"]["content"]["application/json"][
            "example"
        ]
        assert said["entered"] + said["refused"] == len(said["results"])
        done = [each.get("accepted", each.get("done")) for each in said["results"]]
        assert sum(done) == said["entered"]


def test_the_shapes_that_are_told_are_those_that_are_read():
    """As the document writes them: what its example says fits, and a field that is not known does not."""
    for shape, example in zip((INVOICE, CREDIT_NOTE), written(), strict=True):
        Draft202012Validator(shape).validate(json.loads(example))
        assert not Draft202012Validator(shape).is_valid(json.loads(example) | {"dedutions": []})
