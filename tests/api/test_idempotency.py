"""A request under a key is done once, however often, by whom and at what moment it is sent again."""

import threading

import pytest
from django.db import connection
from rest_framework.response import Response

from accounts.clients.idempotency import once
from accounts.clients.models import IdempotencyKey
from accounts.intake.models import Document
from financing.advances.models import Application, Quote
from financing.receivables.models import Receivable
from portal.shared.access import MAKER, VIEWER
from portal.shared.errors import IdempotencyInFlight
from portal.shared.http import problem_response
from tests import world
from tests.api.conftest import caller_for
from tests.world import NOW, as_member


@pytest.fixture
def amphora(lending):
    world.with_trade(lending)
    return caller_for(lending.cast.amphora)


@pytest.fixture
def asked(lending) -> dict:
    return {"facility": lending.amphora_facility.id, "amount_minor": 100_00}


def invoice(lending, number="A-1", **changed) -> dict:
    return {
        "number": number, "issue_date": "2026-03-01", "due_date": "2026-04-30", "currency": "EUR",
        "supplier": "amphora", "debtor": {"registration_number": lending.cast.meridian.registration_number},
        "lines": [{"quantity": "1", "amount": "100.00"}], "payable": "100.00",
    } | changed  # fmt: skip


def test_the_same_request_under_the_same_key_is_done_once_and_answered_twice(amphora, asked):
    first = amphora.post("quotes/", asked, Idempotency_Key="q-1")
    again = amphora.post("quotes/", asked, Idempotency_Key="q-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert "Idempotency-Replayed" not in first and again["Idempotency-Replayed"] == "true"
    assert Quote.objects.count() == 1


def test_the_same_body_in_another_order_is_the_same(lending, amphora):
    facility = lending.amphora_facility.id
    bodies = (
        f'{{"facility": {facility}, "amount_minor": 10000}}', f'{{ "amount_minor":10000,\n"facility":{facility} }}',
    )  # fmt: skip
    first, again = (amphora.post("quotes/", each.encode(), Idempotency_Key="q-1") for each in bodies)
    assert (first.status_code, again.status_code) == (201, 201) and first.json() == again.json()
    for other in (
        f'{{"facility": {facility}, "amount_minor": 10000.0}}',
        f'{{"facility": {facility}, "amount_minor": "10000"}}',
    ):
        said = amphora.post("quotes/", other.encode(), Idempotency_Key="q-1").json()
        assert said["code"] == "IDEMPOTENCY_KEY_REUSED"
    assert Quote.objects.count() == 1


def test_without_a_key_each_request_is_done(amphora, asked):
    assert amphora.post("quotes/", asked).json()["id"] != amphora.post("quotes/", asked).json()["id"]


@pytest.mark.parametrize("change", ["body", "path", "caller"])
def test_a_key_used_for_something_else_or_by_somebody_else_is_refused(lending, amphora, asked, change):
    amphora.post("quotes/", asked, Idempotency_Key="q-1")
    caller = caller_for(lending.cast.amphora) if change == "caller" else amphora
    body = asked | {"amount_minor": 200_00} if change == "body" else asked
    path = "applications/" if change == "path" else "quotes/"
    answer = caller.post(path, body, Idempotency_Key="q-1")
    assert (answer.status_code, answer.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert Quote.objects.count() == 1


def test_keys_of_two_parties_have_nothing_to_do_with_each_other(lending, amphora):
    bellows = caller_for(lending.cast.bellows)
    for caller, name in ((amphora, "amphora"), (bellows, "bellows")):
        answer = caller.post("receivables/", invoice(lending, supplier=name), Idempotency_Key="1")
        assert answer.status_code == 201 and "Idempotency-Replayed" not in answer
    assert Receivable.objects.filter(number="A-1").count() == 2


def test_a_refusal_is_remembered_and_its_evidence_kept_once(lending, amphora):
    wrong = invoice(lending, payable="90.00")
    before = Document.objects.count()
    first = amphora.post("receivables/", wrong, Idempotency_Key="r-1")
    again = amphora.post("receivables/", wrong, Idempotency_Key="r-1")
    assert (first.status_code, first.json()["code"]) == (422, "TOTALS_DO_NOT_ADD_UP")
    told, again_told = first.json(), again.json()
    assert told.pop("request_id") != again_told.pop("request_id")
    assert told == again_told and again["Idempotency-Replayed"] == "true"
    assert again["Content-Type"].startswith("application/problem+json")
    assert Document.objects.count() == before + 1
    kept = Document.objects.get(id=first.json()["facts"]["document"])
    assert (kept.outcome, kept.code) == ("REFUSED", "TOTALS_DO_NOT_ADD_UP")


def test_a_refusal_for_lack_of_permission_leaves_the_key_free(lending, amphora, asked):
    viewer = caller_for(lending.cast.amphora, VIEWER)
    assert viewer.post("quotes/", asked, Idempotency_Key="q-1").status_code == 403
    assert amphora.post("quotes/", asked, Idempotency_Key="q-1").status_code == 201


def test_what_cannot_be_read_is_not_remembered(amphora, asked):
    assert amphora.post("quotes/", b"{", Idempotency_Key="q-1").status_code == 400
    assert not IdempotencyKey.objects.exists()
    assert amphora.post("quotes/", asked, Idempotency_Key="q-1").status_code == 201


@pytest.mark.parametrize("key", ["x" * 121, "", "cl\u00e9", "a\tb"])
def test_a_key_has_a_limit_and_is_of_letters_that_survive_a_header(amphora, asked, key):
    answer = amphora.post("quotes/", asked, Idempotency_Key=key)
    assert (answer.status_code, answer.json()["code"]) == (422, "IDEMPOTENCY_KEY_INVALID")
    assert "ASCII" in answer.json()["detail"]
    assert not Quote.objects.exists()


def test_after_a_crash_in_the_middle_there_is_nothing(lending):
    ana = as_member("ana@amphora.example")

    def work():
        Document.objects.create(kind="INVOICE", media_type="", content=b"", sha256="", size=0, received_at=NOW,
                                received_from="x")  # fmt: skip
        raise ConnectionError

    with pytest.raises(ConnectionError):
        once(actor=ana, key="k", said=("a",), now=NOW, work=work)
    assert not IdempotencyKey.objects.exists() and not Document.objects.filter(received_from="x").exists()


def test_two_threads_with_one_key_apply_once(committed_db):
    lending = world.with_trade(world.lending())
    caller = caller_for(lending.cast.amphora, MAKER)
    asked = {"facility": lending.amphora_facility.id, "amount_minor": 100_00}
    quote = caller.post("quotes/", asked).json()["id"]
    answers, gate = [], threading.Barrier(2)

    def send():
        try:
            gate.wait(10)
            answers.append(caller.post("applications/", {"quote": quote}, Idempotency_Key="a-1"))
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)
    statuses = sorted(each.status_code for each in answers)
    replayed = [each for each in answers if "Idempotency-Replayed" in each]
    assert statuses == [201, 409] or (statuses == [201, 201] and len(replayed) == 1)
    assert {each.json()["code"] for each in answers if each.status_code == 409} <= {"IDEMPOTENCY_KEY_IN_FLIGHT"}
    assert Application.objects.count() == 1
    assert caller.post("applications/", {"quote": quote}, Idempotency_Key="a-1").status_code == 201
    assert Application.objects.count() == 1


def test_while_the_first_is_running_the_second_is_told_so(committed_db):
    world.cast()
    ana = as_member("ana@amphora.example")
    started, finish, refused = threading.Event(), threading.Event(), []

    def slow():
        def work():
            started.set()
            finish.wait(10)
            return done()

        try:
            once(actor=ana, key="k", said=("a",), now=NOW, work=work)
        finally:
            connection.close()

    thread = threading.Thread(target=slow)
    thread.start()
    assert started.wait(10)
    try:
        once(actor=ana, key="k", said=("a",), now=NOW, work=done)
    except IdempotencyInFlight as refusal:
        refused.append(refusal.code)
        assert problem_response(refusal, {})["Retry-After"] == "1"
    finish.set()
    thread.join(10)
    assert refused == ["IDEMPOTENCY_KEY_IN_FLIGHT"]
    assert once(actor=ana, key="k", said=("a",), now=NOW, work=done)["Idempotency-Replayed"] == "true"


def done():
    return Response({"done": True}, status=201)
