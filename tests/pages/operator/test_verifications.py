"""Verification: a maker screens, another one decides, and nobody does both."""

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.parties.models import BusinessVerification, Membership, Party, User
from accounts.trail.models import Event
from financing.banking.models import BankAccount
from financing.banking.services import register_account, replace_account
from portal.shared.access import SYSTEM_ACTOR, Actor
from tests.world import IBANS, NOW

HOME = "/operations/"
CLEAR = {"clear": "yes", "note": "UN and EU lists of the day: nothing found"}
HIT = {"clear": "no", "note": "An owner is on the EU list"}
ADMIT = {"approve": "yes", "note": "Papers are in order"}
REFUSE = {"approve": "no", "note": "Papers are incomplete"}


def page_of(row) -> str:
    return reverse("operator:verification", args=[row.id])


def screen(browser, row, given=CLEAR):
    return browser.post(reverse("operator:screen", args=[row.id]), given, follow=True)


def decide(browser, row, given=ADMIT):
    return browser.post(reverse("operator:decide", args=[row.id]), given, follow=True)


def state(row) -> tuple[str, str]:
    row.refresh_from_db()
    return row.status, row.party.__class__.objects.get(id=row.party_id).status


def test_those_who_wait_are_listed_the_longest_waiting_first(wim, asks):
    asks("Quince"), asks("Rhumb", "K-2")
    page = wim.get(HOME)
    assert [row.record.legal_name for row in page.context["table"].rows] == ["Quince Lda", "Rhumb Lda"]
    assert [(line.state, line.count) for line in page.context["boards"][3].lines] == [("SUBMITTED", 2), ("SCREENED", 0)]


def test_with_nobody_waiting_the_page_says_what_would_appear(wim):
    assert "Nobody waits to be verified" in wim.get(HOME).text


def test_the_facts_and_owners_are_shown_and_where_they_differ(wim, asks):
    page = wim.get(page_of(asks("Quince", "K-1", said="K-9")))
    assert "Inês Carvalho" in page.text
    assert "The registration number is not the one that this party was entered with." in page.text


def test_a_maker_screens_and_a_checker_admits(wim, wanda, asks):
    row = asks("Quince")
    assert "A maker screens first." in wanda.get(page_of(row)).text
    screen(wim, row)
    assert state(row) == ("SCREENED", "PROSPECT")
    assert "A checker decides next." in wim.get(page_of(row)).text or "You screened this" in wim.get(page_of(row)).text
    decide(wanda, row)
    assert state(row) == ("APPROVED", "ADMITTED")


def test_who_screened_does_not_decide_whatever_roles_it_has(wim, asks, lending):
    Membership.objects.create(
        user=User.objects.get(email="wim@watch.example"), party=lending.cast.watch, role="CHECKER", created_at=NOW
    )
    row = asks("Quince")
    screen(wim, row)
    assert "You screened this, so a colleague decides." in wim.get(page_of(row)).text
    page = decide(wim, row)
    assert (page.status_code, state(row)) == (403, ("SCREENED", "PROSPECT"))
    assert "You made this, so somebody else has to approve it." in page.text


def test_a_hit_is_refused_and_cannot_be_admitted(wim, wanda, asks):
    row = asks("Quince")
    screen(wim, row, HIT)
    page = wanda.get(page_of(row))
    assert "this party cannot be admitted" in page.text
    assert 'value="yes"' not in page.text
    refused = decide(wanda, row)
    assert (refused.status_code, state(row)) == (422, ("SCREENED", "PROSPECT"))
    assert "The screening is not clear, so this cannot be approved." in refused.text
    decide(wanda, row, REFUSE)
    assert state(row) == ("REJECTED", "PROSPECT")


@pytest.mark.parametrize("given", [{}, {"clear": "perhaps", "note": "x"}, {"clear": "yes", "note": " "}])
def test_a_screening_says_what_was_found(wim, asks, given):
    row = asks("Quince")
    page = screen(wim, row, given)
    assert page.status_code == 422
    assert page.context["screening"].errors
    assert state(row) == ("SUBMITTED", "PROSPECT")


def test_a_stale_page_sent_twice_is_refused_with_a_sentence(wim, wanda, asks):
    row = asks("Quince")
    screen(wim, row)
    again = screen(wim, row, HIT)
    assert (again.status_code, row.__class__.objects.get(id=row.id).screening) == (409, "CLEAR")
    decide(wanda, row)
    assert decide(wanda, row, REFUSE).status_code == 409
    assert state(row) == ("APPROVED", "ADMITTED")
    assert Event.objects.filter(name__in=["verification.approved", "verification.rejected"]).count() == 1


def test_a_maker_does_not_decide_and_a_checker_does_not_screen(wim, wanda, asks):
    row = asks("Quince")
    assert screen(wanda, row).status_code == 403
    screen(wim, row)
    assert decide(wim, row).status_code == 403
    assert state(row) == ("SCREENED", "PROSPECT")


def test_who_may_be_here_already_is_named_with_why_and_the_account_is_shown(wim, asks, lending):
    first, asked = asks("Quince Lamps", "K-1"), asks("Quince Lampes", "X-9", said="k 1")
    iban = "DE27100777770209299700"  # Amphora's
    register_account(actor=SYSTEM_ACTOR, party_id=asked.party_id, holder="Q", iban=iban, currency="EUR", now=NOW)
    page = wim.get(reverse("operator:verification", args=[asked.id]))
    assert {each.party: each.reasons for each in page.context["doubles"]} == {
        first.party: ("The same registration number", "A similar name"),
        lending.cast.amphora: ("The same bank account",),
    }
    assert iban in page.text
    alone = wim.get(reverse("operator:verification", args=[asks("Zebra", "Z-1").id]))
    assert "Perhaps here already" not in alone.text
    assert "No account is registered yet." in alone.text


def proposes(row, iban: str = "PT50000201231234567890154") -> BankAccount:
    """The administrator of the party that asks, alone as yet, proposes where it is paid."""
    ines = User.objects.create(email=f"ines@{row.party_id}.example", full_name="Inês", password="!")
    Membership.objects.create(user=ines, party=row.party, role="ADMIN", created_at=NOW)
    actor = Actor(row.party_id, "SUPPLIER", frozenset({"ADMIN"}), user_id=ines.id)
    return register_account(
        actor=actor, party_id=row.party_id, holder="Quince", iban=iban, currency="EUR", now=NOW
    )  # fmt: skip


def test_the_first_account_is_confirmed_together_with_the_party_or_neither(wim, wanda, asks):
    row = asks("Quince")
    account = proposes(row)
    screen(wim, row)
    page = wanda.get(page_of(row))
    assert f'name="accounts" value="{account.id}"' in page.text and account.iban in page.text
    chosen = ADMIT | {"accounts": [account.id]}
    assert decide(wanda, row, chosen).status_code == 422  # without the bank's word
    other = proposes(asks("Rhumb", "K-2"), "DE89370400440532013000")
    assert decide(wanda, row, ADMIT | {"accounts": [other.id], "evidence": "Match"}).status_code == 422
    assert (state(row), BankAccount.objects.get(id=account.id).status) == (("SCREENED", "PROSPECT"), "WAITING")

    decide(wanda, row, chosen | {"evidence": "Name check of the bank: match"})

    account.refresh_from_db()
    assert state(row) == ("APPROVED", "ADMITTED")
    assert (account.status, account.confirmed_as, account.evidence) == (
        "IN_FORCE", "OPERATOR", "Name check of the bank: match",
    )  # fmt: skip


def test_a_party_that_is_refused_is_paid_nowhere(wim, wanda, asks):
    row = asks("Quince")
    account = proposes(row)
    screen(wim, row)
    decide(wanda, row, REFUSE | {"accounts": [account.id], "evidence": "Match"})
    assert (state(row), BankAccount.objects.get(id=account.id).status) == (("REJECTED", "PROSPECT"), "WAITING")


def test_an_account_that_waits_for_the_operator_is_listed_and_confirmed_on_the_banks_word(wim, wanda, asks):
    account = proposes(asks("Quince"))
    page = reverse("operator:account", args=[account.id])
    confirm, refuse = (reverse(f"operator:{verb}_account", args=[account.id]) for verb in ("confirm", "refuse"))
    assert [row.record for row in wanda.get(reverse("operator:accounts")).context["table"].rows] == [account]
    assert [(line.state, line.count) for line in wanda.get(HOME).context["boards"][4].lines] == [("WAITING", 1)]
    assert confirm not in wim.get(page).text and confirm in wanda.get(page).text
    assert [wim.post(each, {"evidence": "Match"}).status_code for each in (confirm, refuse)] == [403, 403]
    assert wanda.post(confirm, {"evidence": " "}).status_code == 422
    assert BankAccount.objects.get(id=account.id).status == "WAITING"
    assert wanda.post(confirm, {"evidence": "Match"}).url == page
    assert BankAccount.objects.get(id=account.id).status == "IN_FORCE"
    confirmed = wim.get(page).text
    assert "Match" in confirmed and 'card-title">In force<' in confirmed and 'card-title">Proposed<' not in confirmed
    assert wanda.post(refuse).status_code == 409
    assert not wanda.get(reverse("operator:accounts")).context["table"].rows


def test_what_waits_for_a_colleague_is_none_of_what_waits_for_the_operator(wanda, asks):
    row = asks("Quince")
    account, other = proposes(row), Party.objects.get(kind="PLATFORM")
    for name in ("una", "ugo"):
        user = User.objects.create(email=f"{name}@meridian.example", password="!")
        Membership.objects.create(user=user, party=other, role="ADMIN", created_at=NOW)
    known = register_account(
        actor=SYSTEM_ACTOR, party_id=other.id, holder="M", iban=IBANS["amphora"], currency="USD", now=NOW
    )  # fmt: skip
    una = Actor(other.id, other.kind, frozenset({"ADMIN"}), user_id=User.objects.get(email="una@meridian.example").id)
    theirs = replace_account(actor=una, account_id=known.id, holder="M", iban=IBANS["harbour"], now=NOW)

    def listed(query: str) -> list[int]:
        return [each["id"] for each in wanda.get(f"/api/v1/bank-accounts/?{query}").json()["results"]]

    (need,) = [each for each in wanda.get("/api/v1/needs/").json()["results"] if "bank-accounts" in each["resource"]]
    assert (need["count"], need["resource"]) == (1, "bank-accounts/?waits_for=OPERATOR")
    assert [row.record for row in wanda.get(reverse("operator:accounts")).context["table"].rows] == [account]
    assert listed("waits_for=OPERATOR") == [account.id]
    assert listed("waits_for=COLLEAGUE") == [theirs.id]
    assert sorted(listed("status=WAITING")) == sorted([account.id, theirs.id])


def test_what_does_not_exist_is_not_found(wim):
    assert wim.get(reverse("operator:verification", args=[10**9])).status_code == 404


@pytest.mark.parametrize(
    "address", ["", "verifications/", "parties/", "deliveries/", "payments/", "statements/", "documents/"]
)
def test_other_parties_find_nothing_and_strangers_sign_in(as_user, lending, client, address):
    for email in ("maya@meridian.example", "ana@amphora.example", "hana@harbour.example", "cleo@crown.example"):
        assert as_user(email).get(HOME + address).status_code == 404
    assert client.get(HOME + address)["Location"].startswith("/accounts/login/")


def test_a_party_is_shown_with_people_accounts_and_verifications(wim, lending):
    listed = wim.get(reverse("operator:parties"), {"parties-kind": "SUPPLIER"})
    assert [row.record.name for row in listed.context["table"].rows] == ["Amphora", "Bellows"]
    page = wim.get(reverse("operator:party", args=[lending.cast.amphora.id]))
    assert "ana@amphora.example" in page.text
    assert "DE27100777770209299700" in page.text
    assert wim.get(reverse("operator:party", args=[10**9])).status_code == 404


@pytest.mark.parametrize("rows", [3, 30])
def test_lists_take_the_same_few_queries_however_many_rows(wim, asks, rows, django_assert_max_num_queries):
    for n in range(rows):
        asks(f"Supplier {n}", f"K-{n}")
    wim.get(HOME)
    with django_assert_max_num_queries(14):
        wim.get(HOME)
    for address in ("operator:verifications", "operator:parties"):
        with django_assert_max_num_queries(6):
            wim.get(reverse(address))
    assert BusinessVerification.objects.count() == rows + 2
    assert Party.objects.filter(status="PROSPECT").count() == rows


def test_who_was_let_in_lately_is_offered_to_refuse_and_reads_why(wim, wanda, asks):
    screen(wim, row := asks("Quince"))
    Membership.objects.filter(user__email="wanda@watch.example").update(created_at=timezone.now())
    page = wanda.get(page_of(row)).text
    assert "You were let in a short while ago: your yes counts from" in page
    assert ('name="approve" value="no"' in page, 'name="approve" value="yes"' in page) == (True, False)
    refused = decide(wanda, row)
    assert (refused.status_code, "LET_IN_LATELY" in refused.text) == (403, True)
    assert state(row) == ("SCREENED", "PROSPECT")
