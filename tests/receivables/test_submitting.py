"""Invoices come in: each is entered or refused on its own, with a code and a sentence, and the document is kept."""

import hashlib
import json

import pytest

from accounts.intake.models import Document
from accounts.parties.models import Party
from accounts.trail.models import Event
from financing.receivables import services
from financing.receivables.models import CreditNote, InvoiceLine, Receivable
from portal.shared.errors import Forbidden
from tests.world import NOW


def refused(results) -> list[str]:
    return [result.code for result in results]


def nothing_entered() -> bool:
    return not (Receivable.objects.exists() or CreditNote.objects.exists() or Event.objects.exists())


def test_an_invoice_enters_as_a_receivable_that_waits_for_the_platform(scene):
    (result,) = scene.submit(scene.invoice("A-7"))
    row = Receivable.objects.get()
    assert (result.accepted, result.receivable_id, result.status, result.match) == (
        True,
        row.id,
        "RECEIVED",
        "NO_ORDER",
    )
    assert (row.supplier, row.debtor, row.number) == (scene.cast.amphora, scene.cast.meridian, "A-7")
    assert (row.normalised_number, row.fiscal_year, row.gross_minor, row.open_minor) == ("A-7", 2026, 10000, 10000)
    assert (row.issue_date.isoformat(), row.due_date.isoformat(), row.currency) == ("2026-03-01", "2026-04-30", "EUR")
    assert row.match_note == "Line 1: no such order line is known."
    line = InvoiceLine.objects.get()
    assert (line.line_number, line.quantity, line.unit_price, line.amount_minor) == ("1", 10, 10, 10000)


def test_supplier_and_debtor_hear_of_it(scene):
    scene.submit(scene.invoice("A-7"))
    event = Event.objects.get(name="receivable.received")
    assert event.payload == {
        "number": "A-7", "currency": "EUR", "open_minor": 10000, "match": "NO_ORDER", "due_date": "2026-04-30"
    }  # fmt: skip
    parties = set(event.parties.values_list("party_id", flat=True))
    assert parties == {scene.cast.amphora.id, scene.cast.meridian.id}


def test_the_document_is_kept_with_its_hash(scene):
    content = json.dumps(scene.invoice()).encode()
    scene.submit_bytes(content)
    document = Document.objects.get()
    assert bytes(document.content) == content
    assert document.sha256 == hashlib.sha256(content).hexdigest()
    assert (document.party, document.outcome, document.received_from) == (
        scene.cast.amphora, "ACCEPTED", scene.ana.identity
    )  # fmt: skip
    assert Receivable.objects.get().document == document


def test_deductions_reduce_what_is_owed(scene):
    deductions = [{"kind": "COMMISSION", "amount": "12.50"}, {"kind": "PENALTY", "amount": "2.50"}]
    scene.submit(scene.invoice(type="STATEMENT", deductions=deductions))
    row = Receivable.objects.get()
    assert (row.document_type, row.gross_minor, row.deductions_minor, row.open_minor) == (
        "STATEMENT",
        10000,
        1500,
        8500,
    )


def test_a_batch_answers_each_item_and_enters_the_good_ones(scene):
    results = scene.submit(
        scene.invoice(), scene.invoice(payable="99.00"), scene.invoice(debtor="nobody"), scene.invoice()
    )
    assert refused(results) == ["", "TOTALS_DO_NOT_ADD_UP", "UNKNOWN_DEBTOR", ""]
    assert [result.index for result in results] == [0, 1, 2, 3]
    document = Document.objects.get()
    assert (document.outcome, document.report["entered"]) == ("PARTLY", 2)
    assert [each["line"] for each in document.report["refused"]] == [2, 3]


@pytest.mark.parametrize("wrap", [lambda each: each, lambda each: [each], lambda each: {"invoices": [each]}])
def test_one_object_a_list_and_a_named_list_are_read(scene, wrap):
    (result,) = scene.submit_bytes(json.dumps(wrap(scene.invoice())).encode())
    assert result.accepted


REFUSED = {
    "NUMBER_MISSING": {"number": "---"},
    "NUMBER_TOO_LONG": {"number": "9" * 81},
    "FIELD_MISSING": {"payable": None},
    "FIELD_UNKNOWN": {"dedutions": []},
    "FIELD_INVALID": {"number": ["A-1"]},
    "WRONG_DOCUMENT_TYPE": {"type": "ORDER"},
    "DATE_INVALID": {"issue_date": "01/03/2026"},
    "DATE_IMPLAUSIBLE": {"issue_date": "1026-03-01"},
    "ISSUED_IN_FUTURE": {"issue_date": "2026-03-04", "due_date": "2026-05-01"},
    "DUE_BEFORE_ISSUE": {"due_date": "2026-02-28"},
    "DUE_TOO_FAR": {"due_date": "2096-03-01"},
    "DUE_DATE_MISSING": {"due_date": None},
    "CURRENCY_UNKNOWN": {"currency": "EURO"},
    "LINES_MISSING": {"lines": []},
    "LINE_NUMBER_TWICE": {"lines": [{"number": "1", "amount": "50"}, {"number": "1", "amount": "50"}]},
    "AMOUNT_INVALID": {"tax": "ten"},
    "AMOUNT_ABSURD": {"payable": "1" + "0" * 30},
    "NEGATIVE_AMOUNT": {"payable": "-100", "lines": [{"amount": "-100"}]},
    "NOTHING_OWED": {"deductions": [{"kind": "COMMISSION", "amount": "100.00"}]},
    "TOTALS_DO_NOT_ADD_UP": {"tax": "19.00"},
    "ROUNDING_TOO_LARGE": {"rounding": "1.00", "payable": "101.00"},
    "QUANTITY_INVALID": {"lines": [{"quantity": "0.0001", "amount": "100"}]},
    "FIELD_TOO_LONG": {"lines": [{"number": "9" * 21, "amount": "100"}]},
    "UNKNOWN_DEBTOR": {"debtor": "nobody"},
    "NOT_YOUR_DOCUMENT": {"supplier": "bellows"},
}


@pytest.mark.parametrize("code", REFUSED)
def test_what_cannot_be_right_is_refused_with_a_sentence_and_kept(scene, code):
    (result,) = scene.submit(scene.invoice() | REFUSED[code] if None not in REFUSED[code].values()
                             else scene.invoice(**REFUSED[code]))  # fmt: skip
    assert (result.accepted, result.code) == (False, code)
    assert str(result.sentence).endswith(".")
    assert Document.objects.get().outcome == "REFUSED"
    assert Document.objects.get().code == code
    assert nothing_entered()


@pytest.mark.parametrize(
    "amount", ["1_00.00", "\u0661\u0660\u0660.00", "+100", "1.0e2", "100,00", "1 00", "0x64", "", "--1"]
)
def test_an_amount_is_read_exactly_or_refused(scene, amount):
    (result,) = scene.submit(scene.invoice(payable=amount))
    assert (result.accepted, result.code) == (False, "AMOUNT_INVALID")
    assert nothing_entered()


@pytest.mark.parametrize("letter", ["\u200b", "\u200d", "\u202e", "\u2066", "\ufeff", "\u00ad"])
@pytest.mark.parametrize("field", ["number", "order"])
def test_a_number_that_looks_like_another_is_refused(scene, field, letter):
    (result,) = scene.submit(scene.invoice() | {field: f"A-{letter}7"})
    assert (result.accepted, result.code) == (False, "FIELD_INVALID")
    assert nothing_entered()


def test_a_deduction_of_no_known_kind_is_refused_with_the_kinds(scene):
    (result,) = scene.submit(scene.invoice(deductions=[{"kind": "GIFT", "amount": "1.00"}]))
    assert result.code == "FIELD_INVALID"
    assert "GIFT" in str(result.sentence) and "COMMISSION, FEE, RETURN" in str(result.sentence)
    assert scene.submit(scene.invoice(deductions=[{"kind": "commission", "amount": "1.00"}]))[0].accepted


BROKEN = {
    "empty": (b"", "EMPTY"),
    "nothing in it": (b"[]", "EMPTY"),
    "text": (b"Dear Sirs", "UNSUPPORTED_FORMAT"),
    "pdf": (b"%PDF-1.7 ...", "UNSUPPORTED_FORMAT"),
    "half": (b'{"number": "A', "PARSE_ERROR"),
    "deep": (b"[" * 200_000, "PARSE_ERROR"),
    "not utf-8": (b'{"number": "\xff\xfe"}', "PARSE_ERROR"),
    "twice": (b'{"number": "A", "number": "B"}', "FIELD_TWICE"),
    "no objects": (b"[1]", "WRONG_DOCUMENT_TYPE"),
    "nul": (b'{"number": "A\\u0000"}', "FIELD_INVALID"),
    "surrogate": (b'{"number": "\\ud800"}', "FIELD_INVALID"),
    "too many": (b"[" + b"{}," * 1_000 + b"{}]", "TOO_MANY_DOCUMENTS"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_json_is_refused_and_kept(scene, name):
    content, code = BROKEN[name]
    results = scene.submit_bytes(content, media_type="application/octet-stream")
    assert refused(results) == [code]
    assert Document.objects.get().outcome == "REFUSED"
    assert nothing_entered()


@pytest.mark.parametrize(
    ("written", "code"),
    [(b"NaN", "AMOUNT_INVALID"), (b"-Infinity", "AMOUNT_INVALID"), (b"9" * 9_000, "AMOUNT_ABSURD"),
     (b'"100.00", "payable": "100.00"', "FIELD_TWICE")],
)  # fmt: skip
def test_a_broken_number_or_a_field_twice_spoils_its_own_document_only(scene, written, code):
    broken, sound = scene.invoice(payable="BROKEN"), scene.invoice()
    content = json.dumps([broken, sound]).encode().replace(b'"BROKEN"', written)
    results = scene.submit_bytes(content)
    assert [(each.accepted, each.code, each.number) for each in results] == [
        (False, code, broken["number"]), (True, "", sound["number"]),
    ]  # fmt: skip
    assert [each.number for each in Receivable.objects.all()] == [sound["number"]]
    assert Document.objects.get().outcome == "PARTLY"


def test_of_an_oversized_document_hash_size_and_beginning_are_kept(scene):
    content = b'{"number": "' + b"A" * 10 * 1024 * 1024 + b'"}'
    assert refused(scene.submit_bytes(content)) == ["TOO_LARGE"]
    document = Document.objects.get()
    assert (document.size, len(document.content)) == (len(content), 64 * 1024)
    assert document.sha256 == hashlib.sha256(content).hexdigest()


def test_a_supplier_who_names_another_hears_the_same_whether_the_other_exists_or_not(scene):
    results = scene.submit(scene.invoice(supplier="bellows"), scene.invoice(supplier="nobody-at-all"))
    assert results[0].code == results[1].code == "NOT_YOUR_DOCUMENT"
    assert results[0].sentence == results[1].sentence


def test_a_supplier_may_leave_itself_out_and_a_platform_too(scene):
    (mine,) = scene.submit(scene.invoice(supplier=None))
    (theirs,) = scene.submit(scene.invoice(debtor=None), actor=scene.maya)
    assert mine.accepted
    assert theirs.accepted
    assert Receivable.objects.filter(supplier=scene.cast.amphora, debtor=scene.cast.meridian).count() == 2


def test_a_platform_submits_for_its_suppliers_and_only_about_itself(scene):
    results = scene.submit(
        scene.invoice(supplier={"registration_number": scene.cast.bellows.registration_number}, debtor=None),
        scene.invoice(supplier="nobody", debtor=None),
        scene.invoice(debtor={"registration_number": "HRB 9999"}),
        actor=scene.maya,
    )
    assert refused(results) == ["", "UNKNOWN_SUPPLIER", "NOT_YOUR_DOCUMENT"]
    assert Receivable.objects.get().supplier == scene.cast.bellows


def test_numbers_of_two_parties_name_nobody(scene):
    both = {"external_reference": "bellows", "registration_number": scene.cast.amphora.registration_number}
    (result,) = scene.submit(scene.invoice(supplier=both, debtor=None), actor=scene.maya)
    assert result.code == "PARTY_AMBIGUOUS"


def test_a_number_that_nobody_has_verified_identifies_nobody(scene):
    """Anybody can sign up with any number: with a supplier's own, or with the platform's number for it."""
    for number in ("bellows", "HRB 4711"):
        Party.objects.create(
            kind="SUPPLIER", name=f"Stranger {number}", country="DE", registration_number=number, created_at=NOW
        )
    results = scene.submit(
        scene.invoice(supplier="bellows", debtor=None),
        scene.invoice(supplier={"registration_number": "HRB 4711"}, debtor=None),
        actor=scene.maya,
    )
    assert refused(results) == ["", "UNKNOWN_SUPPLIER"]
    assert Receivable.objects.get().supplier == scene.cast.bellows


def test_equal_registration_numbers_are_told_apart_by_country(scene):
    number = scene.cast.amphora.registration_number
    other = Party.objects.create(
        kind="SUPPLIER", name="Ánfora", country="ES", registration_number=number, created_at=NOW, status="ADMITTED"
    )
    named = {"registration_number": number}
    results = scene.submit(
        scene.invoice(supplier=named), scene.invoice(supplier=named | {"country": "ES"}), actor=scene.maya
    )
    assert refused(results) == ["PARTY_AMBIGUOUS", ""]
    assert Receivable.objects.get().supplier == other


def test_viewers_funders_and_operators_hand_nothing_in(scene):
    for actor in (scene.aldo, scene.hana, scene.wim):
        with pytest.raises(Forbidden):
            scene.submit(scene.invoice(), actor=actor)
    assert not Document.objects.exists()


def test_a_hundred_invoices_take_as_many_statements_as_one(scene, django_assert_num_queries):
    scene.order("PO-1", received=("1000",), ordered="1000")

    def batch(size):
        return [scene.ordered_invoice("PO-1", quantity="1") for _ in range(size)]

    statements = 19
    with django_assert_num_queries(statements):
        assert all(each.status == "ACCEPTED" for each in scene.submit(*batch(1)))
    with django_assert_num_queries(statements):
        assert all(each.status == "ACCEPTED" for each in scene.submit(*batch(100)))


def test_hostile_names_of_files_are_stored_printable(scene):
    services.submit(
        actor=scene.ana, content=b"{}", media_type="application/json\x00", file_name="in\x00voice.json", now=NOW
    )
    document = Document.objects.get()
    assert (document.file_name, document.media_type) == ("invoice.json", "application/json")
