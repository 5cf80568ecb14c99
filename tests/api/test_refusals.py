"""Every refusal is a problem+json document with a stable code, and leaves nothing half-done."""

import base64
import gzip
import json

import pytest

from accounts.intake.models import Document
from financing.advances.models import Application, Quote
from financing.receivables.models import Receivable
from portal.shared.access import ADMIN
from tests import world
from tests.api.conftest import caller_for
from tests.api.test_idempotency import invoice


@pytest.fixture
def amphora(lending):
    world.with_trade(lending)
    return caller_for(lending.cast.amphora, ADMIN)


def refusal(answer) -> tuple[int, str]:
    said = answer.json()
    assert answer["Content-Type"].startswith("application/problem+json")
    assert said["status"] == answer.status_code and said["detail"] and said["type"].startswith("urn:portolan:problem:")
    return answer.status_code, said["code"]


@pytest.mark.parametrize(
    ("path", "body", "content_type", "expected"),
    [
        ("quotes/", b"{", "application/json", (400, "PARSE_ERROR")),
        ("quotes/", b"\xff\xfe", "application/json", (400, "PARSE_ERROR")),
        ("quotes/", b"[1]", "application/json", (422, "INVALID_INPUT")),
        ("quotes/", b"", "application/json", (422, "INVALID_INPUT")),
        ("quotes/", b"facility=1", "application/x-www-form-urlencoded", (415, "UNSUPPORTED_MEDIA_TYPE")),
        ("quotes/", b'{"facility": "x", "amount_minor": null}', "application/json", (422, "INVALID_INPUT")),
        ("quotes/", b'{"facility": 99999999999999999999, "amount_minor": 1}', "application/json",
         (422, "INVALID_INPUT")),
        ("quotes/", b'{"facility": 999999, "amount_minor": null}', "application/json", (404, "NOT_FOUND")),
        ("parties/", b'{"kind": "BANK", "name": "a\\u0000b", "country": "DE"}', "application/json",
         (400, "PARSE_ERROR")),
        ("parties/", b'{"kind": "BANK", "name": "a\\ud800b", "country": "DE"}', "application/json",
         (400, "PARSE_ERROR")),
        ("quotes/", b"[" * 100_000, "application/json", (400, "PARSE_ERROR")),
        ("quotes/", b'{"facility": 1' + b"0" * 5000 + b"}", "application/json", (400, "PARSE_ERROR")),
        ("quotes/", b'{"facility": NaN}', "application/json", (400, "PARSE_ERROR")),
        ("quotes/", b'{"facility": 1, "currency": "USD"}', "application/json", (422, "FIELD_UNKNOWN")),
        ("quotes/", b'{"facility": 1, "facility": 2}', "application/json", (422, "FIELD_TWICE")),
        # A hundred thousand names, the last of them twice: compared with each other they would take hours.
        ("quotes/", b"{%s,\"99999\":0}" % b",".join(b'"%d":0' % each for each in range(100_000)), "application/json",
         (422, "FIELD_TWICE")),
        ("settlements/", b'{"key": "k", "lines": [{"receivable": 1, "amount": 5}]}', "application/json",
         (422, "FIELD_UNKNOWN")),
        ("receivables/", b'{"number": "a\\u0000b"}', "application/json", (422, "FIELD_INVALID")),
        ("receivables/", b'{"number": "a\\ud800b"}', "application/json", (422, "FIELD_INVALID")),
        ("applications/", b'{"quote": true}', "application/json", (422, "INVALID_INPUT")),
        ("receivables/", b"", "application/json", (422, "EMPTY")),
        ("receivables/", b"{", "application/json", (400, "PARSE_ERROR")),
        ("receivables/", b"<Invoice>", "application/xml", (400, "XML_MALFORMED")),
        ("credit-notes/", b"no xml", "text/xml", (400, "XML_MALFORMED")),
        ("receivables/", b"[]", "application/json", (422, "EMPTY")),
        ("receivables/", b"<a/>", "image/png", (415, "UNSUPPORTED_MEDIA_TYPE")),
        ("receivables/accept/", b'{"ids": []}', "application/json", (422, "INVALID_INPUT")),
        ("nowhere/", b"{}", "application/json", (404, "NOT_FOUND")),
        ("quotes", b"{}", "application/json", (404, "NOT_FOUND")),
        ("advances/", b"{}", "application/json", (405, "METHOD_NOT_ALLOWED")),
        ("verifications/", b'{"legal_name": "A", "registration_number": "1", "country": "DEU"}', "application/json",
         (422, "INVALID_INPUT")),
        ("bank-accounts/", b'{"holder": "A", "iban": "DE00", "currency": "USD"}', "application/json",
         (422, "IBAN_INVALID")),
    ],
)  # fmt: skip
def test_bad_input_is_refused_by_code(amphora, path, body, content_type, expected):
    before = (Quote.objects.count(), Application.objects.count(), Receivable.objects.count())
    assert refusal(amphora.post(path, body, content_type)) == expected
    assert (Quote.objects.count(), Application.objects.count(), Receivable.objects.count()) == before


def test_what_is_said_to_an_act_that_takes_nothing_is_refused_and_not_overlooked(lending, amphora):
    asked = {"facility": lending.amphora_facility.id, "amount_minor": None}
    quote = amphora.post("quotes/", asked).json()["id"]
    asked = amphora.post("applications/", {"quote": quote}).json()["id"]
    path = f"applications/{asked}/withdraw/"
    for body, expected in (({"reason": "x"}, (422, "FIELD_UNKNOWN")), ([1], (422, "INVALID_INPUT")),
                           (b"{", (400, "PARSE_ERROR"))):  # fmt: skip
        assert refusal(amphora.post(path, body, Idempotency_Key="w-1")) == expected
        assert Application.objects.get().status == "SUBMITTED"
    for body in (b"", {}):  # none, and an empty one; the key is still free
        answer = amphora.post(path, body, Idempotency_Key="w-1" if body == b"" else "w-2")
        assert answer.status_code == (200 if body == b"" else 409)
    assert Application.objects.get().status == "WITHDRAWN"


def test_a_field_that_is_none_is_named_beside_those_that_there_are(lending, amphora):
    asked = {"facility": lending.amphora_facility.id, "amount_minor": 10000, "currency": "USD"}
    said = amphora.post("quotes/", asked, Idempotency_Key="q-1").json()
    assert (said["code"], said["facts"]) == ("FIELD_UNKNOWN", {"name": "currency", "known": "facility, amount_minor"})
    assert not Quote.objects.exists()
    del asked["currency"]
    assert amphora.post("quotes/", asked, Idempotency_Key="q-1").status_code == 201  # its key was not used up


@pytest.mark.parametrize("path", ["quotes/", "receivables/"])
@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"number": 1' + b"0" * 5000 + b"}", b"\xff{", b'{"number": 1'])
def test_a_refusal_speaks_of_the_body_and_not_of_our_machine(amphora, path, body):
    answer = amphora.post(path, body)
    assert answer.status_code in (400, 422)
    for word in ("int_max_str", "recursion", "codec", "Exceeds"):
        assert word not in answer.json()["detail"]


@pytest.mark.parametrize("amount", [0, -1, 10**15 + 1, 10**30, "12.5", 1.5])
def test_an_absurd_amount_is_refused(lending, amphora, amount):
    asked = {"facility": lending.amphora_facility.id, "amount_minor": amount}
    status, code = refusal(amphora.post("quotes/", asked))
    assert status == 422 and code in {"INVALID_INPUT", "AMOUNT_INVALID"}
    assert not Quote.objects.exists()


def test_all_that_is_available_is_quoted_where_it_is_asked_for_and_not_where_the_amount_was_forgotten(lending, amphora):
    facility = lending.amphora_facility.id
    forgotten = amphora.post("quotes/", {"facility": facility})
    assert refusal(forgotten) == (422, "INVALID_INPUT") and "amount_minor" in forgotten.json()["facts"]["errors"]
    assert not Quote.objects.exists()
    available = amphora.get(f"facilities/{facility}/availability/").json()["available_minor"]
    said = amphora.post("quotes/", {"facility": facility, "amount_minor": None})
    assert (said.status_code, said.json()["amount_minor"]) == (201, available)


@pytest.mark.parametrize("amount", [10**15 + 1, 10**18, 10**30])
def test_an_amount_that_is_too_large_is_not_called_too_small(lending, amphora, amount):
    facility = lending.amphora_facility.id
    asked = amphora.post("quotes/", {"facility": facility, "amount_minor": amount})
    previewed = amphora.get(f"facilities/{facility}/availability/?amount_minor={amount}")
    for answer in (asked, previewed):
        assert (answer.status_code, answer.json()["code"]) == (422, "AMOUNT_INVALID")
        assert "too large" in answer.json()["detail"]


HALF_A_CHARACTER = "\ud800"


def cursor(*place) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("receivables/?cursor=made-up", (422, "CURSOR_INVALID")),
        (f"receivables/?cursor={cursor('due_date', None, 1)}", (422, "CURSOR_INVALID")),
        (f"parties/?cursor={cursor('name', None, 1)}", (422, "CURSOR_INVALID")),
        (f"parties/?cursor={cursor('name', HALF_A_CHARACTER, 1)}", (422, "CURSOR_INVALID")),
        ("receivables/?limit=0", (422, "LIMIT_INVALID")),
        ("receivables/?limit=201", (422, "LIMIT_INVALID")),
        ("receivables/?limit=x", (422, "LIMIT_INVALID")),
        ("receivables/?status=LOST", (422, "FILTER_INVALID")),
        ("receivables/?supplier=me", (422, "FILTER_INVALID")),
        ("receivables/?supplier=", (422, "FILTER_INVALID")),
        ("receivables/?until=", (422, "FILTER_INVALID")),
        ("receivables/12345678901234567890/", (404, "NOT_FOUND")),
        ("receivables/x/", (404, "NOT_FOUND")),
        ("events/?after=1", (422, "CURSOR_INVALID")),
        ("events/?subject=advance", (422, "SUBJECT_INVALID")),
        ("quotes/", (405, "METHOD_NOT_ALLOWED")),
    ],
)
def test_a_bad_question_is_refused_by_code(amphora, path, expected):
    assert refusal(amphora.get(path)) == expected


def test_a_document_above_ten_megabytes_is_refused_and_its_beginning_kept(amphora):
    answer = amphora.post("receivables/", b"[" + b" " * 11 * 1024**2 + b"]")
    assert refusal(answer) == (413, "TOO_LARGE")
    kept = Document.objects.get(id=answer.json()["facts"]["document"])
    assert (kept.outcome, kept.size) == ("REFUSED", 11 * 1024**2 + 2)


def test_json_above_two_megabytes_is_not_even_read(amphora):
    assert refusal(amphora.post("quotes/", b"[" + b" " * 2 * 1024**2 + b"]")) == (413, "TOO_LARGE")


def test_an_address_without_its_slash_is_told_so(amphora):
    for path, told in (("quotes", "slash: /api/v1/quotes/."), ("nowhere/", "nothing here that you can see.")):
        answer = amphora.get(path)
        assert refusal(answer) == (404, "NOT_FOUND") and answer.json()["detail"].endswith(told)


@pytest.mark.parametrize("charset", ["rot13", "undefined", "utf-16", "no-such"])
def test_json_is_read_as_utf8_whatever_it_says_of_itself(lending, amphora, charset):
    """RFC 8259, section 8.1."""
    body = {"facility": lending.amphora_facility.id, "amount_minor": None}

    def ask(content: bytes):
        headers = {"Authorization": f"Bearer {amphora.token}"}
        kind = f"application/json; charset={charset}"
        return amphora.wire.generic("POST", "/api/v1/quotes/", content, kind, headers=headers)

    assert ask(json.dumps(body).encode()).status_code == 201
    refused = ask('{"ä": 1}'.encode("latin-1"))
    assert (refusal(refused), refused.json()["detail"]) == ((400, "PARSE_ERROR"), "This is not text in UTF-8.")


@pytest.mark.parametrize("path", ["receivables/", "quotes/", "credit-notes/"])
@pytest.mark.parametrize("key", ["", "k-1"])
def test_a_body_above_twelve_megabytes_is_refused_with_a_sentence(amphora, path, key):
    headers = {"Idempotency_Key": key} if key else {}
    assert refusal(amphora.post(path, b" " * (12 * 1024**2 + 1), **headers)) == (413, "TOO_LARGE")
    assert not Quote.objects.exists()


def test_of_many_documents_the_good_enter_and_the_bad_are_answered_one_by_one(lending, amphora):
    answer = amphora.post("receivables/", [invoice(lending), invoice(lending, "A-2", payable="1.00")])
    said = answer.json()
    assert (answer.status_code, said["entered"], said["refused"]) == (201, 1, 1)
    assert [each["accepted"] for each in said["results"]] == [True, False]
    assert said["results"][1]["code"] == "TOTALS_DO_NOT_ADD_UP"
    assert said["results"][0]["receivable"] == Receivable.objects.get(number="A-1").id
    assert Document.objects.get(id=said["document"]).outcome == "PARTLY"


def test_hostile_xml_is_refused_and_kept(amphora):
    bomb = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c"><!ENTITY d "&b;&b;">]><Invoice>&d;</Invoice>'
    answer = amphora.post("receivables/", bomb, "application/xml")
    assert answer.status_code == 422
    assert Document.objects.get(id=answer.json()["facts"]["document"]).content == bomb


def test_the_code_of_a_refusal_is_the_same_in_every_language(amphora):
    answer = amphora.get("receivables/999999/", Accept_Language="zh-hans")
    assert refusal(answer) == (404, "NOT_FOUND") and answer["Content-Language"] == "zh-hans"


class TestTradeHistory:
    header = b"order,line,supplier,sku,quantity,unit_price,currency,ordered_at\n"
    rows = b"PO-1,1,amphora,KETTLE,2,10.00,EUR,2026-01-05T10:00:00Z\nPO-2,1,amphora,KETTLE,0,10.00,EUR,2026-01-05\n"

    def test_a_platform_hands_in_its_trade_and_each_bad_row_is_reported(self, lending):
        meridian = caller_for(lending.cast.meridian)
        content = gzip.compress(self.header + self.rows)
        answer = meridian.post("trade-history/?mapping=portolan", content, "application/gzip", X_File_Name="jan.csv")
        said = answer.json()
        assert (answer.status_code, said["lines"], said["new"], said["refused_lines"]) == (201, 2, 1, 1)
        assert said["refused"][0]["line"] == 3
        listed = meridian.get("trade-history/").json()["results"]
        assert [(each["id"], each["file_name"], each["new"]) for each in listed] == [(said["document"], "jan.csv", 1)]
        assert meridian.get(f"trade-history/{said['document']}/").json()["report"]["refused_lines"] == 1

    @pytest.mark.parametrize(
        ("query", "content", "content_type", "expected"),
        [
            ("mapping=unheard", b"", "text/csv", (422, "MAPPING_UNKNOWN")),
            ("", b"", "text/csv", (422, "MAPPING_UNKNOWN")),
            ("mapping=portolan", b"", "text/csv", (422, "COLUMNS_MISSING")),
            ("mapping=portolan&known_until=soon", b"", "text/csv", (422, "KNOWN_UNTIL_INVALID")),
            ("mapping=portolan", b"\x89PNG\r\n\x1a\n\x00\x00", "text/csv", (400, "FILE_UNREADABLE")),
            ("mapping=portolan", b"\x1f\x8bbroken", "application/gzip", (400, "FILE_UNREADABLE")),
            ("mapping=portolan", b"{}", "application/json", (415, "UNSUPPORTED_MEDIA_TYPE")),
        ],
    )
    def test_a_file_that_is_none_is_refused_by_code(self, lending, query, content, content_type, expected):
        meridian = caller_for(lending.cast.meridian)
        assert refusal(meridian.post(f"trade-history/?{query}", content, content_type)) == expected

    @pytest.mark.parametrize("separator", [b";", b"\t"])
    def test_a_file_with_another_separator_is_told_so(self, lending, separator):
        content = (self.header + self.rows).replace(b",", separator)
        said = caller_for(lending.cast.meridian).post("trade-history/?mapping=portolan", content, "text/csv").json()
        assert said["code"] == "COLUMNS_MISSING" and "separated by commas" in said["detail"]
