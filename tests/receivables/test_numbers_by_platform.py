"""Two platforms may call two companies by one number: what each hands in reaches its own, and nobody else's."""

import json
import os
from dataclasses import dataclass
from importlib import import_module

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.parties.models import Membership, Party, User
from accounts.parties.services import enter_party
from financing.receivables import services
from financing.receivables.models import CreditNote, Receivable
from financing.receivables.refusals import NumberTaken
from logistics.orders import numbers
from logistics.orders.models import PurchaseOrder, SupplierNumber
from logistics.orders.services import import_trade
from portal.shared.access import CHECKER, MAKER, SYSTEM_ACTOR, Actor
from portal.shared.errors import InvalidInput
from tests import world
from tests.threads import at_once, successes
from tests.world import NOW, as_member

NUMBER = "S-1"
TRADE = "order,line,supplier,supplier_name,sku,quantity,unit_price,currency,ordered_at,received_quantity,received_at\n"


@dataclass
class Two:
    """Meridian calls Amphora what Orrery, another platform, calls Bellows."""

    scene: object
    orrery: Party
    olaf: Actor

    @property
    def amphora(self) -> Party:
        return self.scene.cast.amphora

    @property
    def bellows(self) -> Party:
        return self.scene.cast.bellows

    def hand_in(self, document: dict, actor: Actor):
        (result,) = self.scene.submit(document | {"debtor": self.registered(actor)}, actor=actor)
        return result

    def registered(self, actor: Actor) -> dict:
        platform = self.scene.cast.meridian if actor == self.scene.maya else self.orrery
        return {"registration_number": platform.registration_number}


def set_up(scene) -> Two:
    orrery = Party.objects.create(
        kind="PLATFORM", name="Orrery", country="NL", registration_number="KVK 1", status="ADMITTED", created_at=NOW
    )
    user = User.objects.create(email="olaf@orrery.example", password="!")
    for role in (MAKER, CHECKER):
        Membership.objects.create(user=user, party=orrery, role=role, created_at=NOW - world.timedelta(days=30))
    SupplierNumber.objects.all().delete()
    world.known_as(scene.cast.meridian, **{NUMBER: scene.cast.amphora})
    world.known_as(orrery, **{NUMBER: scene.cast.bellows})
    return Two(scene, orrery, as_member("olaf@orrery.example"))


@pytest.fixture
def two(scene) -> Two:
    return set_up(scene)


@pytest.mark.parametrize("named", [NUMBER, {"external_reference": NUMBER}])
def test_each_platforms_invoices_and_credit_notes_reach_its_own_supplier(two, named):
    for actor in (two.scene.maya, two.olaf):
        assert two.hand_in(two.scene.invoice("I-1", supplier=named), actor).accepted
        assert two.hand_in(two.scene.credit_note("I-1", "10.00", "C-1", supplier=named), actor).accepted
    expected = {(two.scene.cast.meridian.id, two.amphora.id), (two.orrery.id, two.bellows.id)}
    for model in (Receivable, CreditNote):
        assert model.objects.count() == 2
        assert set(model.objects.values_list("debtor_id", "supplier_id")) == expected


def test_the_system_itself_asks_the_debtor_of_each_document_who_is_meant(two):
    documents = [
        two.scene.invoice(f"I-{n}", supplier=NUMBER, debtor=two.registered(actor))
        for n, actor in enumerate((two.scene.maya, two.olaf))
    ]
    results = two.scene.submit(*documents, actor=SYSTEM_ACTOR)
    found = [Receivable.objects.get(id=each.receivable_id).supplier for each in results]
    assert found == [two.amphora, two.bellows]


def test_a_number_of_another_platform_names_nobody_here(two):
    world.known_as(two.orrery, **{"S-2": two.amphora})
    result = two.hand_in(two.scene.invoice(supplier="S-2"), two.scene.maya)
    assert result.code == "UNKNOWN_SUPPLIER"
    assert not Receivable.objects.exists()


def test_a_platforms_number_that_is_the_registers_number_of_a_stranger_does_not_name_the_stranger(two):
    registered = two.bellows.registration_number
    for named in (registered, {"external_reference": registered}):
        assert two.hand_in(two.scene.invoice(supplier=named), two.scene.maya).code == "UNKNOWN_SUPPLIER"
    assert not Receivable.objects.exists()
    assert two.hand_in(
        two.scene.invoice(supplier={"registration_number": registered}), two.scene.maya
    ).accepted  # fmt: skip
    assert Receivable.objects.get().supplier == two.bellows


def test_a_supplier_writes_any_of_its_own_numbers_and_none_of_another(two):
    world.known_as(two.scene.cast.meridian, **{"S-2": two.bellows})
    mine, others = (
        two.scene.submit(two.scene.invoice(supplier=each), actor=two.scene.ben)[0] for each in ("S-2", "S-3")
    )
    assert mine.accepted
    assert others.code == "NOT_YOUR_DOCUMENT"
    assert Receivable.objects.get().supplier == two.bellows


def trade(platform: Party, *rows: str) -> dict:
    content = (TRADE + "\n".join(rows)).encode()
    return import_trade(
        actor=SYSTEM_ACTOR, platform_id=platform.id, content=content, mapping="portolan", now=NOW
    )  # fmt: skip


def row(order: str, supplier: str) -> str:
    return f"{order},1,{supplier},Somebody,KETTLE,10,4.50,EUR,2026-01-05 10:00:00,10,2026-01-09 10:00:00"


def test_orders_reach_the_supplier_of_the_platform_whose_file_it_is(two):
    for platform in (two.scene.cast.meridian, two.orrery):
        assert trade(platform, row("PO-1", NUMBER))["suppliers"] == 0
    found = set(PurchaseOrder.objects.values_list("platform_id", "supplier_id"))
    assert found == {(two.scene.cast.meridian.id, two.amphora.id), (two.orrery.id, two.bellows.id)}


def test_a_number_that_a_file_brings_is_new_to_its_platform_alone(two):
    """Files of both name S-9 at once, and a company each is registered."""
    for platform in (two.scene.cast.meridian, two.orrery):
        assert trade(platform, row("PO-9", "S-9"), row("PO-8", "S-9"))["suppliers"] == 1
    found = SupplierNumber.objects.in_force().filter(number="S-9")
    assert len({each.supplier_id for each in found}) == len({each.platform_id for each in found}) == 2
    assert {(each.proposed_by, each.decided_by) for each in found} == {("", "system")}
    assert all(each.supplier.status == "PROSPECT" for each in found)


def test_a_supplier_has_a_number_at_each_platform_and_trade_of_both(two):
    """Bellows is S-1 at Orrery already; at Meridian it takes over what stands under another number."""
    seller = Party.objects.create(kind="SUPPLIER", name="bellows-7", country="DE", created_at=NOW)
    world.known_as(two.scene.cast.meridian, **{"M-7": seller})
    two.scene.order("PO-1", supplier=seller)
    with pytest.raises(numbers.NumberKnown):
        numbers.propose_number(actor=two.scene.ben, platform_id=two.orrery.id, number="M-7", now=NOW)
    asked = numbers.propose_number(
        actor=two.scene.ben, platform_id=two.scene.cast.meridian.id, number="M-7", now=NOW
    )  # fmt: skip
    services.confirm_number(actor=two.scene.marc, number_id=asked.id, now=NOW)
    held = SupplierNumber.objects.in_force().filter(supplier=two.bellows)
    assert set(held.values_list("platform_id", "number")) == {
        (two.orrery.id, NUMBER), (two.scene.cast.meridian.id, "M-7"),
    }  # fmt: skip
    assert PurchaseOrder.objects.get().supplier == two.bellows
    seller.refresh_from_db()
    assert seller.status == "CLOSED"


def test_a_platform_does_not_confirm_a_number_that_another_supplier_holds_there(two):
    asked = numbers.propose_number(
        actor=two.scene.ben, platform_id=two.scene.cast.meridian.id, number=NUMBER, now=NOW
    )  # fmt: skip
    with pytest.raises(NumberTaken):
        services.confirm_number(actor=two.scene.marc, number_id=asked.id, now=NOW)
    asked.refresh_from_db()
    assert asked.status == "PROPOSED"
    assert numbers.known_by(platform_id=two.scene.cast.meridian.id, numbers=[NUMBER]) == {NUMBER: two.amphora.id}


def test_the_database_itself_gives_a_number_to_one_supplier_and_a_supplier_one_number(two):
    meridian = two.scene.cast.meridian
    with pytest.raises(IntegrityError, match="supplier_number_once"), transaction.atomic():
        world.known_as(meridian, **{NUMBER: two.bellows})
    with pytest.raises(IntegrityError, match="supplier_number_one"), transaction.atomic():
        world.known_as(meridian, **{"S-2": two.amphora})
    with pytest.raises(IntegrityError, match="party_supplier_by_platform"), transaction.atomic():
        Party.objects.filter(id=two.amphora.id).update(external_reference=NUMBER)


def test_the_operator_gives_no_supplier_a_number(two):
    with pytest.raises(InvalidInput) as refused:
        enter_party(
            actor=two.scene.wim, kind="SUPPLIER", name="Novum", country="DE", external_reference="S-9", now=NOW
        )  # fmt: skip
    assert refused.value.code == "NUMBER_OF_NO_PLATFORM"
    assert not Party.objects.filter(name="Novum").exists()


def test_a_hundred_documents_are_looked_up_in_as_many_statements_as_one(two):
    def counted(count: int, first: int) -> int:
        documents = [two.scene.invoice(f"N-{first + n}", supplier=NUMBER, debtor=None) for n in range(count)]
        with CaptureQueriesContext(connection) as captured:
            results = two.scene.submit(*documents, actor=two.scene.maya)
        assert all(each.accepted for each in results)
        return sum("orders_suppliernumber" in each["sql"] for each in captured)

    assert (counted(1, 0), counted(100, 1)) == (1, 1)


def test_pages_search_and_files_tell_a_platform_its_own_numbers_alone(two, client):
    world.known_as(two.orrery, **{"ORRERY-77": two.amphora})
    for platform in (two.scene.cast.meridian, two.orrery):
        for n, supplier in enumerate((two.amphora, two.bellows)):
            PurchaseOrder.objects.create(
                platform=platform, supplier=supplier, number=f"PO-{n}", ordered_at=NOW, recorded_at=NOW
            )  # fmt: skip
    client.force_login(User.objects.get(id=two.scene.maya.user_id))
    for asked, found in (("ORRERY-77", []), (NUMBER, ["Amphora"])):
        page = client.get(reverse("platform:suppliers"), {"suppliers-q": asked})
        assert [row.record.name for row in page.context["table"].rows] == found
        hits = json.loads(client.get("/api/v1/search/", {"q": asked}).content)["results"]
        assert [each["title"] for each in hits if each["kind"] == "supplier"] == found
    page = client.get(reverse("platform:supplier", args=[two.amphora.id])).text
    assert NUMBER in page
    assert "ORRERY-77" not in page
    rows = client.get("/api/v1/suppliers/").json()["results"]
    assert {each["name"]: each["external_reference"] for each in rows} == {"Amphora": NUMBER, "Bellows": ""}
    own = client.get("/api/v1/supplier-numbers/").json()["results"]
    assert [(each["number"], each["supplier"]["name"]) for each in own] == [(NUMBER, "Amphora")]


def test_the_operator_finds_a_supplier_by_any_of_its_numbers(two, client):
    client.force_login(User.objects.get(id=two.scene.wim.user_id))
    page = client.get(reverse("operator:parties"), {"parties-q": NUMBER})
    assert {row.record.name for row in page.context["table"].rows} == {"Amphora", "Bellows"}
    assert "Number at Orrery" in client.get(reverse("operator:party", args=[two.bellows.id])).text


def test_files_of_two_platforms_that_name_one_number_at_once_make_two_companies(committed):
    two = set_up(committed)
    platforms = (committed.cast.meridian, two.orrery)
    rows = [row(f"PO-{n}", f"S-{n}") for n in range(100, 110)]
    works = [lambda each=each: trade(each, *rows) for each in platforms * 2]
    assert len(successes(at_once(*works))) == 4
    for platform in platforms:
        suppliers = PurchaseOrder.objects.filter(platform=platform).values_list("supplier_id", flat=True)
        assert (len(suppliers), len(set(suppliers))) == (10, 10)
    owners = PurchaseOrder.objects.values_list("supplier_id", flat=True)
    assert len(set(owners)) == 20


def test_a_file_and_a_confirmation_of_one_number_at_once_leave_one_supplier(committed):
    two = set_up(committed)
    meridian = committed.cast.meridian
    asked = numbers.propose_number(actor=committed.ben, platform_id=meridian.id, number="S-50", now=NOW)
    results = at_once(
        lambda: trade(meridian, row("PO-50", "S-50")),
        lambda: services.confirm_number(actor=committed.marc, number_id=asked.id, now=NOW),
    )
    assert len(successes(results)) == 2
    assert numbers.known_by(platform_id=meridian.id, numbers=["S-50"]) == {"S-50": two.bellows.id}
    assert PurchaseOrder.objects.get().supplier == two.bellows


REFERENCES = """
ALTER TABLE parties_party DROP CONSTRAINT party_supplier_by_platform;
DELETE FROM orders_suppliernumber;
UPDATE parties_party SET external_reference = 'OLD-' || name WHERE kind = 'SUPPLIER'
"""


def moved(platforms: dict[int, str], *also: str) -> set[tuple]:
    """What the migration makes of numbers of all platforms: rolled back, since it is of the owner of the tables."""
    numbers_of = import_module("financing.receivables.migrations.0006_numbers_by_platform").NUMBERS
    owner = os.environ["OWNER_DATABASE_URL"].rsplit("/", 1)[0] + "/" + connection.settings_dict["NAME"]
    with psycopg.connect(owner) as server:
        for each in (REFERENCES, *also):
            server.execute(each)
        for _ in range(2):  # stopped halfway it is run again
            server.execute(numbers_of, {"after": 0, "until": 10_000})
        found = server.execute(
            "SELECT platform_id, supplier.name, number FROM orders_suppliernumber "
            "JOIN parties_party supplier ON supplier.id = supplier_id WHERE orders_suppliernumber.status = 'CONFIRMED'"
        ).fetchall()
        left = server.execute("SELECT count(*) FROM parties_party WHERE kind = 'SUPPLIER' AND external_reference <> ''")
        assert left.fetchone() == (0,)
        server.rollback()
    return {(platforms[platform], *rest) for platform, *rest in found}


def test_a_number_of_all_platforms_becomes_one_of_each_with_which_there_is_trade(committed):
    two = set_up(committed)
    platforms = {committed.cast.meridian.id: "Meridian", two.orrery.id: "Orrery"}
    committed.order("PO-1", supplier=two.amphora)
    assert two.hand_in(committed.invoice(supplier=NUMBER), two.olaf).accepted
    assert moved(platforms) == {("Meridian", "Amphora", "OLD-Amphora"), ("Orrery", "Bellows", "OLD-Bellows")}
    nobody_else = f"UPDATE parties_party SET kind = 'BANK' WHERE id = {two.orrery.id}"
    assert moved(platforms, nobody_else) == {
        ("Meridian", "Amphora", "OLD-Amphora"), ("Meridian", "Bellows", "OLD-Bellows"),
    }  # fmt: skip
