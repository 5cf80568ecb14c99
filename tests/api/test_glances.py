"""What the pages tell at a glance, and what a figure is made of, to machines: the same, and to nobody else."""

from accounts.clients.services import create_client
from accounts.parties.models import Invitation, Membership
from financing.advances import overview
from financing.banking.models import BankAccount
from financing.banking.services import close_account
from financing.ledger.queries import trial_balance
from financing.receivables.models import Receivable
from portal.shared.access import ADMIN, CHECKER, MAKER, SYSTEM_ACTOR, VIEWER
from tests.api.conftest import Caller, ask_token, caller_for
from tests.api.stage import built, stage
from tests.world import NOW, as_member

__all__ = ["built", "stage"]


def test_a_funder_walks_from_its_trial_balance_to_accounts_movements_and_entries(stage):
    harbour = caller_for(stage.lending.cast.harbour, VIEWER)
    accounts = harbour.get("ledger-accounts/").json()["results"]
    sums = {}
    for each in accounts:
        sums[each["kind"]] = sums.get(each["kind"], 0) + each["balance_minor"]
    assert sums == {line.kind: line.balance_minor for line in trial_balance(stage.lending.book.id)}
    (advances,) = [each for each in accounts if each["kind"] == "ADVANCES"]
    assert advances["facility"] == stage.lending.amphora_facility.id
    moved = harbour.get(f"ledger-movements/?account={advances['id']}").json()["results"]
    assert sum(each["amount_minor"] for each in moved) == advances["balance_minor"]
    entry = harbour.get(f"ledger-entries/{moved[0]['entry']['id']}/").json()
    assert sum(leg["amount_minor"] for leg in entry["legs"]) == 0
    assert {leg["account"] for leg in entry["legs"]} >= {advances["id"]}
    assert harbour.get(f"ledger-movements/?account={advances['id']}&until=2001-01-01").json()["results"] == []
    assert caller_for(stage.lending.cast.crown, ADMIN).get("ledger-accounts/").json()["results"] == []


def test_a_funder_sees_at_a_glance_what_its_first_page_shows(stage):
    said = caller_for(stage.lending.cast.harbour, VIEWER).get("applications/overview/").json()
    hana = as_member("hana@harbour.example")
    pace, (position,) = overview.pace(hana, NOW), overview.position(hana, stage.lending.book)
    assert said["waiting"] == {"count": 0, "for_maker": 0, "for_checker": 0, "since": None}
    assert (said["thirty_days"]["declined"], said["thirty_days"]["by_hand"]) == (pace["declined"], pace["by_hand"])
    assert said["positions"] == [{
        "currency": "EUR", "cash_minor": position["cash"], "lent_minor": position["lent"],
        "due_to_suppliers_minor": position["due"],
    }]  # fmt: skip
    assert position["lent"] == 900_00


def test_payments_are_told_by_their_direction_and_day_and_accounts_by_the_owners_book(stage):
    people = stage.lending.cast
    amphora, harbour, watch = (caller_for(each, VIEWER) for each in (people.amphora, people.harbour, people.watch))
    (paid,) = amphora.get("instructions/?direction=IN&purpose=DISBURSEMENT").json()["results"]
    (pays,) = harbour.get("instructions/?direction=OUT").json()["results"]
    assert (paid["id"], paid["direction"], pays["direction"]) == (pays["id"], "IN", "OUT")
    assert amphora.get("instructions/?direction=OUT").json()["results"] == []
    assert {each["direction"] for each in watch.get("instructions/").json()["results"]} == {None}
    made = paid["created_at"][:10]
    of_day = amphora.get(f"instructions/?from={made}&until={made}").json()["results"]
    assert paid["id"] in {each["id"] for each in of_day}
    assert amphora.get("instructions/?until=2001-01-01").json()["results"] == []
    assert amphora.get("instructions/?direction=UP").json()["code"] == "FILTER_INVALID"
    by_party = {}
    for caller in (harbour, amphora):
        for each in caller.get("bank-accounts/").json()["results"]:
            by_party[each["party"]["name"]] = each["ledger_minor"]
    assert by_party == {"Harbour": 0, "Amphora": None}  # a book that holds no cash yet, and no book


def test_a_platform_sees_how_its_suppliers_trade_with_it_and_nobody_else_does(stage):
    people = stage.lending.cast
    meridian = caller_for(people.meridian, VIEWER)
    rows = {each["name"]: each for each in meridian.get("suppliers/?sort=name").json()["results"]}
    one = rows["Amphora"]
    assert (one["orders"], one["waiting"], one["on_time_share"], one["return_share"]) == (150, 1, "1", "0")
    owed = Receivable.objects.filter(supplier=people.amphora, status__in=["ACCEPTED", "ASSIGNED"])
    assert (one["owed_minor"], one["currency"]) == (sum(owed.values_list("open_minor", flat=True)), "EUR")
    trade = meridian.get(f"suppliers/{people.amphora.id}/").json()["trade"]
    assert (trade["order_lines"], trade["on_time_share"], trade["return_share"]) == (150, "1", "0")
    assert not {"grade", "limit_minor"} & {*one, *trade}
    for name in ("amphora", "harbour", "watch"):
        caller = caller_for(getattr(people, name), ADMIN)
        assert caller.get("suppliers/").status_code == 403, name
        assert caller.get(f"suppliers/{people.amphora.id}/").status_code == 404, name


def test_buyer_and_seller_read_an_order_with_what_arrived_of_it(stage):
    number = stage.numbers["purchase-orders"]
    for name in ("meridian", "amphora"):
        order = caller_for(getattr(stage.lending.cast, name), VIEWER).get(f"purchase-orders/{number}/").json()
        assert (order["lines_count"], order["amount_minor"], order["currency"]) == (1, 100_00, "EUR"), name
        assert [line["amount_minor"] for line in order["lines"]] == [100_00]
    for name in ("harbour", "bellows"):
        caller = caller_for(getattr(stage.lending.cast, name), ADMIN)
        assert caller.get(f"purchase-orders/{number}/").status_code == 404, name


def kinds(caller: Caller) -> list[tuple[str, str]]:
    return [(each["kind"], each["resource"]) for each in caller.get("needs/").json()["results"]]


def test_each_role_is_told_what_its_first_page_asks_of_it(stage):
    people, numbers = stage.lending.cast, stage.numbers
    assert ("ACCEPT", f"receivables/{numbers['receivables']}/") in kinds(caller_for(people.meridian, VIEWER))
    assert ("DELIVERIES_PARKED", "deliveries/?state=PARKED") in kinds(caller_for(people.watch, VIEWER))
    assert kinds(caller_for(people.harbour, VIEWER)) == []
    assert kinds(caller_for(people.amphora, VIEWER)) == []
    close_account(
        actor=as_member("ana@amphora.example"), account_id=BankAccount.objects.get(party=people.amphora).id, now=NOW
    )
    assert kinds(caller_for(people.amphora, VIEWER)) == [("ACCOUNT", "bank-accounts/")]


def test_what_is_needed_is_told_as_far_as_the_scopes_reach(stage):
    bound, secret = create_client(
        actor=SYSTEM_ACTOR, party_id=stage.lending.cast.meridian.id, name="few", role=MAKER,
        scopes=["settlements:read"], now=NOW,
    )  # fmt: skip
    few = Caller(ask_token(bound.client_id, secret).json()["access_token"])
    assert {kind for kind, _ in kinds(few)} == {"DUE"}
    assert {"DUE", "ACCEPT"} <= {kind for kind, _ in kinds(caller_for(stage.lending.cast.meridian))}


def test_the_operator_invites_the_first_administrator_of_a_party_and_nobody_else(stage):
    people, watch = stage.lending.cast, caller_for(stage.lending.cast.watch, ADMIN)
    letter = {"email": "first@bellows.example", "role": ADMIN, "party": people.bellows.id}
    Membership.objects.filter(party=people.bellows).update(ended_at=NOW)
    assert caller_for(people.amphora, ADMIN).post("invitations/", letter).status_code == 404
    assert caller_for(people.watch, CHECKER).post("invitations/", letter).status_code == 403
    assert not Invitation.objects.filter(party=people.bellows).exists()
    made = watch.post("invitations/", letter)
    assert (made.status_code, made.json()["email"]) == (201, "first@bellows.example")
    assert Invitation.objects.get(party=people.bellows).for_first_administrator
    other = watch.post("invitations/", letter | {"party": people.amphora.id})
    assert (other.status_code, other.json()["code"]) == (422, "ADMINISTRATOR_EXISTS")
