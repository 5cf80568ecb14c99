"""The figures of the pages, to machines: the same ones, to those who may see them, and to nobody else."""

import copy
from decimal import Decimal

import pytest

from accounts.trail.models import Event
from financing.advances.models import Advance
from financing.advances.services import confirm_funding, decide_waiting
from financing.advances.statement import movements
from financing.credit.models import Programme
from financing.credit.rules import DEFAULT_BODY
from financing.receivables.models import InvoiceLine, Receivable
from logistics.orders.models import OrderLine
from portal.shared.access import ADMIN, CHECKER, MAKER, SYSTEM_ACTOR, VIEWER
from tests import world
from tests.api.conftest import caller_for
from tests.world import NOW, TODAY, as_member


@pytest.fixture
def amphora(lending):
    world.with_trade(lending)
    return caller_for(lending.cast.amphora)


def funded(lending, caller, amount_minor=900_00) -> Advance:
    asked = {"facility": lending.amphora_facility.id, "amount_minor": amount_minor}
    quote = caller.post("quotes/", asked).json()
    application = caller.post("applications/", {"quote": quote["id"]}).json()["id"]
    decide_waiting(actor=SYSTEM_ACTOR, application_ids=[application], now=NOW)
    advance = Advance.objects.get(application_id=application)
    confirm_funding(actor=SYSTEM_ACTOR, value_dates={advance.id: TODAY}, now=NOW)
    advance.refresh_from_db()
    return advance


def test_the_waterfall_falls_from_what_is_owed_to_what_can_be_had(lending, amphora):
    funded(lending, amphora)
    said = amphora.get(f"facilities/{lending.amphora_facility.id}/availability/").json()
    steps = said["waterfall"]
    assert [each["code"] for each in steps] == [
        "OPEN_INVOICES", "ELIGIBLE", "NOT_LENT", "CARRIED", "OVER_LIMIT", "OWED_ALREADY", "AVAILABLE",
    ]  # fmt: skip
    running = 0
    for each in steps:
        running = each["amount_minor"] if each["is_total"] else running + each["amount_minor"]
    assert running == said["available_minor"]
    assert sum(each["amount_minor"] for each in steps[3:-1]) == said["available_minor"]
    assert (steps[0]["invoices"], steps[-1]["invoices"]) == (4, None)


def test_what_would_raise_it_is_told_with_what_it_alone_brings(lending, amphora):
    found = amphora.get(f"facilities/{lending.amphora_facility.id}/availability/").json()["improvements"]
    gains = [(each["available_gain_minor"], each["limit_gain_minor"]) for each in found]
    assert gains and gains == sorted(gains, reverse=True)
    assert all(each["sentence"] and each["code"] for each in found)


def test_a_price_is_previewed_and_nothing_kept(lending, amphora):
    events = Event.objects.count()
    said = amphora.get(f"facilities/{lending.amphora_facility.id}/availability/?amount_minor=90000").json()
    quoted = amphora.post("quotes/", {"facility": lending.amphora_facility.id, "amount_minor": 900_00}).json()
    assert said["terms"]["total_cost_minor"] == quoted["total_cost_minor"]
    assert said["price"] == quoted["price"] and quoted["price"]["average_days"] > 0
    days, cost = quoted["price"]["average_days"], Decimal(quoted["total_cost_minor"]) / 90_000
    assert Decimal(quoted["price"]["effective_rate"]) == Decimal(f"{(1 + cost) ** (Decimal(365) / days) - 1:.6g}")
    assert said["least_minor"] == DEFAULT_BODY["amounts"]["min_draw_minor"]
    assert Event.objects.filter(name__startswith="quote").count() == 1 and Event.objects.count() == events + 1


def test_a_statement_opens_and_closes_with_what_was_owed(lending, amphora):
    advance = funded(lending, amphora)
    (account,) = amphora.get("advances/statement/").json()["accounts"]
    assert (account["currency"], account["opening_minor"]) == ("EUR", 0)
    assert account["closing_minor"] == advance.owed_minor
    assert [(each["what"], each["amount_minor"], each["advance"]) for each in account["movements"]] == [
        ("PAID_OUT", 900_00, advance.id), ("FEE", advance.fee_minor, advance.id),
    ]  # fmt: skip
    assert [each.owed_minor for each in movements(as_member("ana@amphora.example"))] == [
        each["owed_minor"] for each in account["movements"]
    ]

    said = amphora.get("advances/statement/?from=2026-12-01&until=2026-12-31").json()
    assert (said["from"], said["until"]) == ("2026-12-01", "2026-12-31")
    (later,) = said["accounts"]
    assert (later["opening_minor"], later["closing_minor"], later["movements"]) == (
        advance.owed_minor, advance.owed_minor, [],
    )  # fmt: skip
    for query in (
        "statement/?from=soon",
        "statement/?from=2026-12-31&until=2026-12-01",
        "?from=2026-02-02&until=2026-02-01",
    ):
        assert amphora.get(f"advances/{query}").json()["code"] == "DATE_INVALID"


def test_a_statement_is_the_suppliers_own(lending, amphora):
    funded(lending, amphora)
    assert caller_for(lending.cast.bellows, VIEWER).get("advances/statement/").json()["accounts"] == []
    for name in ("harbour", "meridian", "watch"):
        refused = caller_for(getattr(lending.cast, name), ADMIN).get("advances/statement/")
        assert (refused.status_code, refused.json()["code"]) == (403, "FORBIDDEN"), name


def test_a_funders_checker_shares_the_totals_and_the_debtor_alone_reads_them(lending, amphora):
    path = f"programmes/{lending.programme.id}/"
    meridian = caller_for(lending.cast.meridian, VIEWER)
    harbour = caller_for(lending.cast.harbour, CHECKER)
    assert meridian.get(f"{path}totals/").status_code == 404
    for caller, status in ((caller_for(lending.cast.harbour, MAKER), 403), (meridian, 404), (amphora, 404)):
        assert caller.post(f"{path}figures/", {"shared": True}).status_code == status
    assert not Programme.objects.get(id=lending.programme.id).figures_shared

    shared = harbour.post(f"{path}figures/", {"shared": True})
    assert (shared.status_code, shared.json()["figures_shared"]) == (200, True)
    figures = meridian.get(f"{path}totals/").json()
    assert (figures["programme"]["id"], figures["lent_minor"], len(figures["weeks"])) == (lending.programme.id, 0, 12)
    for caller in (amphora, harbour):
        assert caller.get(f"{path}totals/").status_code == 404
    assert harbour.post(f"{path}figures/", {"shared": False}).json()["figures_shared"] is False
    assert meridian.get(f"{path}totals/").status_code == 404


def test_a_version_tells_what_it_changes_of_the_one_it_follows(lending):
    harbour = caller_for(lending.cast.harbour, MAKER)
    body = copy.deepcopy(DEFAULT_BODY)
    body["authority"]["max_amount_minor"] = 500_00
    made = harbour.post("policies/", {"body": body, "effective_from": "2030-01-01"}).json()["id"]
    said = harbour.get(f"policies/{made}/difference/").json()
    assert (said["policy"], said["follows"]) == (made, lending.policy.id)
    assert [each["place"] for each in said["changes"]] == ["authority.max_amount_minor"]
    assert said["changes"][0]["after"] == 500_00
    first = harbour.get(f"policies/{lending.policy.id}/difference/").json()
    assert (first["follows"], first["changes"]) == (None, [])


def test_an_administrator_edits_its_own_party_as_it_was_read(lending):
    party = lending.cast.amphora
    admin, maker = caller_for(party, ADMIN), caller_for(party)
    path = f"parties/{party.id}/"
    read = admin.get(path)
    assert (read.json()["time_zone"], read.json()["registration_number"]) == ("UTC", party.registration_number)
    berlin = {"time_zone": "Europe/Berlin"}
    assert admin.send("patch", path, berlin).status_code == 428
    assert maker.send("patch", path, berlin, If_Match=read["ETag"]).status_code == 403
    unknown = admin.send("patch", path, {"time_zone": "Mars/Olympus"}, If_Match=read["ETag"])
    assert (unknown.status_code, unknown.json()["code"]) == (422, "TIME_ZONE_UNKNOWN")
    party.refresh_from_db()
    assert party.time_zone == "UTC"

    edited = admin.send("patch", path, berlin, If_Match=read["ETag"])
    assert (edited.status_code, edited.json()["time_zone"]) == (200, "Europe/Berlin")
    again = admin.send("patch", path, {"time_zone": "Asia/Shanghai"}, If_Match=read["ETag"])
    assert (again.status_code, again.json()["code"]) == (412, "PRECONDITION_FAILED")
    assert Event.objects.get(name="party.edited").payload == {"time_zone": "Europe/Berlin", "before": "UTC"}


def test_a_platforms_numbers_are_told_to_those_who_write_them_on_invoices(lending):
    people = lending.cast
    told = caller_for(people.amphora).get(f"parties/{people.meridian.id}/").json()
    assert (told["registration_number"], told["external_reference"]) == (people.meridian.registration_number, "")
    assert (told["time_zone"], told["created_at"]) == (None, None)
    for reader, about in ((people.amphora, people.harbour), (people.harbour, people.meridian),
                          (people.meridian, people.amphora)):  # fmt: skip
        told = caller_for(reader).get(f"parties/{about.id}/").json()
        assert (told["name"], told["registration_number"], told["external_reference"]) == (about.name, None, None)


def test_nobody_edits_another_party(lending):
    amphora, meridian = caller_for(lending.cast.amphora, ADMIN), lending.cast.meridian
    read = amphora.get(f"parties/{meridian.id}/")
    refused = amphora.send("patch", f"parties/{meridian.id}/", {"time_zone": "UTC"}, If_Match=read["ETag"])
    assert refused.status_code == 404
    assert caller_for(lending.cast.watch).get(f"parties/{meridian.id}/").json()["time_zone"] == "UTC"


def test_a_platform_sees_what_waits_and_what_falls_due(lending, amphora):
    people = lending.cast
    world.receivable(people.amphora, people.meridian, "INV-W", 50_00, status=Receivable.Status.RECEIVED)
    said = caller_for(people.meridian, VIEWER).get("receivables/overview/").json()
    assert (said["waiting"]["count"], said["waiting"]["disputed"]) == (1, 0)
    assert said["waiting"]["amounts"] == [{"currency": "EUR", "count": 1, "amount_minor": 50_00}]
    assert said["financed"] == []


def test_a_platform_compares_order_receipt_and_invoice_line_by_line(lending):
    people = lending.cast
    world.trade(people.amphora, people.meridian)
    ordered = OrderLine.objects.filter(order__supplier=people.amphora, receipts__isnull=False).first()
    row = world.receivable(people.amphora, people.meridian, "INV-C", status=Receivable.Status.RECEIVED)
    for number, order in (("1", ordered.order.number), ("2", "UNKNOWN")):
        InvoiceLine.objects.create(
            receivable=row, line_number=number, order_number=order, order_line_number=ordered.line_number,
            sku=ordered.sku, quantity=ordered.quantity, unit_price=ordered.unit_price, amount_minor=1,
        )  # fmt: skip
    first, second = caller_for(people.meridian, VIEWER).get(f"receivables/{row.id}/comparison/").json()
    assert first["ordered"]["order_number"] == ordered.order.number and first["receipts"]
    assert first["invoiced"]["quantity"] == first["ordered"]["quantity"]
    assert (second["ordered"], second["receipts"]) == (None, [])
    assert second["match"] != first["match"] and second["notes"]
    assert caller_for(people.amphora, ADMIN).get(f"receivables/{row.id}/comparison/").status_code == 403
