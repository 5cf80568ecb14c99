"""The ordinary case: a supplier asks in the morning and has its money a moment later; nobody had to look at it."""

import json

from accounts.trail.models import Event, EventParty
from financing.receivables.models import Receivable
from portal.shared.access import MAKER
from tests.stories.house import House, Supplier, eventually
from tests.world import TODAY


def hand_in(supplier: Supplier, house: House) -> Receivable:
    """Its invoice, which the match accepts."""
    said = supplier.api.post("receivables/", supplier.invoice(house.cast.meridian))
    assert [(each["status"], each["match"]) for each in said["results"]] == [("ACCEPTED", "MATCHED")]
    return Receivable.objects.get(id=said["results"][0]["receivable"])


def test_from_invoice_to_money_on_the_account_with_no_hand_on_it(house: House):
    supplier = house.supplier("Cobalt", invoices=())
    invoice = hand_in(supplier, house)
    offered = supplier.quote()
    assert (offered["amount_minor"], offered["grade"], offered["fee_minor"]) == (900_00, "A", 2_70)

    application = house.decided(supplier.api.post("applications/", {"quote": offered["id"]})["id"])
    advance = house.advance(application.id)

    assert (application.status, application.decision.decided_by) == ("APPROVED", "system")
    assert (advance.amount_minor, advance.principal_minor, advance.fees_minor) == (900_00, 900_00, 2_70)
    assert advance.funded_date == TODAY
    assert (supplier.facility.principal_minor, supplier.facility.reserved_minor) == (900_00, 0)
    invoice.refresh_from_db()
    assert (invoice.status, invoice.assigned_facility_id) == ("ASSIGNED", supplier.facility_id)
    # The bank's own book: one payment, of exactly this amount, and nothing else.
    assert house.booked_at_bank(supplier.iban) == [900_00]
    assert house.balance("ADVANCES", supplier.facility_id) == 900_00
    assert house.balance("DISBURSEMENT_CLEARING", supplier.facility_id) == 0
    assert house.balance("FEES_RECEIVABLE", supplier.facility_id) == 2_70


def test_supplier_and_funder_follow_it_step_by_step_and_nobody_else_learns_of_it(house: House):
    supplier, stranger = house.supplier("Damask"), house.supplier("Ember")
    advance = house.funded(supplier, 900_00)
    house.quiet()
    path = f"advances/{advance.id}/"
    for reader in (supplier.api, house.machine(house.cast.harbour, MAKER)):
        # Acceptance and booking may overtake each other on their way here.
        names = [each["name"] for each in reader.get(path)["timeline"] if each["name"] != "payment.accepted"]
        assert names == [
            "quote.given", "application.submitted", "application.approved", "advance.approved", "payment.due",
            "payment.sent", "payment.settled", "advance.funded",
        ]  # fmt: skip
    timeline = [each["event"] for each in supplier.api.get(path)["timeline"]]
    seen = set(EventParty.objects.filter(event__in=timeline).values_list("party_id", flat=True))
    assert seen == {supplier.party.id, house.cast.harbour.id}
    assert stranger.api.status_of(path) == 404
    assert house.machine(house.cast.meridian, MAKER).status_of(path) == 404


def log(house: House, program: str, request_id: str) -> list[dict]:
    """The lines of one of the programs that name the request. What comes from before its logging is set up is text."""
    path = house.world.directory / "logs" / f"{program}.log"
    lines = [json.loads(line) for line in path.read_text().splitlines() if line.startswith("{")]
    return [each for each in lines if request_id in (each.get("request_id"), *each.get("request_ids", []))]


def test_one_number_finds_an_application_in_the_log_of_every_process(house: House):
    number, supplier = "the-number-of-this-story", house.supplier("Fuchsia")
    answer = supplier.api.client.post(
        "applications/", json={"quote": supplier.quote()["id"]}, headers={"X-Request-ID": number}
    )
    application_id = answer.json()["id"]
    advance = house.advance(application_id)

    assert answer.headers["X-Request-ID"] == number
    # The web process: who asked, for what, and how long it took.
    [asked] = log(house, "web", number)
    assert (asked["method"], asked["path"], asked["status"]) == ("POST", "/api/v1/applications/", 201)
    assert (asked["party"], "user" in asked) == (supplier.party.id, False)
    assert asked["client"] and 0 < asked["milliseconds"] < 60_000
    # What the policy made of it, and what went to the bank, go back to it.
    told = Event.objects.filter(request_id=number)
    subjects = {("advances.application", application_id), ("advances.advance", advance.id)}
    payment = ("banking.paymentinstruction", advance.instruction_id)
    assert set(told.values_list("subject_type", "subject_id")) >= {*subjects, payment}
    # … and what the bank said of it, in a request of its own, is told under it as well.
    news = {"application.submitted", "application.approved", "advance.approved", "payment.due", "payment.settled"}
    assert news | {"advance.funded"} <= {*told.values_list("name", flat=True)}
    # The worker: which subscribers were at work on which of these events.
    by_event = dict(told.values_list("id", "name"))

    def at_work() -> dict[str, set[str]]:
        lines = [each for each in log(house, "worker", number) if "handled" in each["message"]]
        return {each["subscriber"]: {by_event[i] for i in each["event_ids"] if i in by_event} for each in lines}

    wanted = {
        "advances.decide": {"application.submitted"},
        "banking.send": {"payment.due"},
        "advances.booked": {"payment.settled"},
    }
    found = eventually(lambda: wanted.keys() <= at_work().keys() and at_work())
    assert {name: found[name] for name in wanted} == wanted
