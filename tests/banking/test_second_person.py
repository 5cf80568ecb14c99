"""Where a party is paid is the word of two: who proposes an account does not confirm it; nothing goes there before."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, ProgrammingError, transaction

from accounts.parties.models import Membership, Party, User
from accounts.trail.models import Event, EventParty
from financing.banking.models import BankAccount, PaymentInstruction
from financing.banking.services import (
    NoBankAccount,
    close_account,
    confirm_account,
    refuse_account,
    register_account,
    replace_account,
    withdraw_account,
)
from portal.shared.access import ADMIN, CHECKER, MAKER, OPERATOR, SYSTEM_ACTOR, Actor
from portal.shared.errors import RuleViolation
from tests.banking.test_instructing import account, ask, disbursement, party

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
OTHER, THIRD = "DE89370400440532013000", "NL91ABNA0417164300"
SHOWN = "The bank's letter names Aldana Textiles as holder."


def person(of: Party, name: str, role: str = ADMIN, since: datetime = NOW - timedelta(days=30)) -> Actor:
    user = User.objects.create(email=f"{name}@{of.id}.example", password="!")
    Membership.objects.create(user=user, party=of, role=role, created_at=since)
    return Actor(of.id, of.kind, frozenset({role}), user_id=user.id)


@pytest.fixture
def lender() -> Party:
    lender = party("FINANCIER", "Harbour Capital")
    account(lender, 1, connected=True)
    return lender


@pytest.fixture
def supplier() -> Party:
    supplier = party("SUPPLIER", "Aldana Textiles")
    account(supplier, 2)
    return supplier


@pytest.fixture
def ana(supplier) -> Actor:
    return person(supplier, "ana")


@pytest.fixture
def bea(supplier) -> Actor:
    return person(supplier, "bea")


@pytest.fixture
def wanda() -> Actor:
    return person(party(OPERATOR, "Watch"), "wanda", CHECKER)


def machine(of: Party) -> Actor:
    return Actor(of.id, of.kind, frozenset({ADMIN}), client_id="erp")


def in_force(of: Party) -> str:
    return of.bank_accounts.get(status="IN_FORCE").iban


def propose(by: Actor, of: Party, iban: str = OTHER) -> BankAccount:
    """Another account in the place of the one in force."""
    old = of.bank_accounts.get(status="IN_FORCE")
    return replace_account(actor=by, account_id=old.id, holder="Aldana", iban=iban, now=NOW)


def paid(lender: Party, supplier: Party, number: int) -> str:
    return ask(disbursement(lender, supplier, number))[0].creditor_iban


def refused(code: str, service, **asked) -> RuleViolation:
    """The service refuses with this code, and nothing has changed."""
    before = list(BankAccount.objects.order_by("id").values())
    with pytest.raises(RuleViolation) as refusal:
        service(now=NOW, **asked)
    assert refusal.value.code == code
    assert list(BankAccount.objects.order_by("id").values()) == before
    return refusal.value


def test_what_one_proposes_another_confirms_and_until_then_the_old_account_is_paid(lender, supplier, ana, bea):
    old = in_force(supplier)
    new = propose(ana, supplier)
    assert (new.status, in_force(supplier), paid(lender, supplier, 1)) == ("WAITING", old, old)

    confirmed = confirm_account(actor=bea, account_id=new.id, now=NOW)

    assert (confirmed.status, confirmed.confirmed_as, confirmed.confirmed_at) == ("IN_FORCE", "COLLEAGUE", NOW)
    assert (confirmed.proposed_by, confirmed.confirmed_by) == (f"user:{ana.user_id}", f"user:{bea.user_id}")
    assert supplier.bank_accounts.get(iban=old).status == "CLOSED"
    assert paid(lender, supplier, 2) == OTHER
    # what was on its way arrives where it was sent
    assert PaymentInstruction.objects.get(subject_id=1).creditor_iban == old


def test_who_proposes_does_not_confirm_by_any_of_its_roles_or_machines(supplier, ana, bea):
    new = propose(ana, supplier)
    both = Actor(ana.party_id, ana.party_kind, frozenset({ADMIN, CHECKER}), user_id=ana.user_id)
    for actor, code in ((ana, "OWN_WORK"), (both, "OWN_WORK"), (machine(supplier), "FORBIDDEN")):
        refused(code, confirm_account, actor=actor, account_id=new.id)
    refused("OWN_WORK", refuse_account, actor=ana, account_id=new.id)


def test_who_lets_somebody_in_to_propose_waits_as_long_before_it_confirms(supplier, ana):
    """Whoever has taken one person's place would be both otherwise."""
    eve = person(supplier, "eve", since=NOW - timedelta(hours=1))
    new = propose(eve, supplier)
    told = refused("LET_IN_LATELY", confirm_account, actor=ana, account_id=new.id)
    assert told.facts == {"until": "2026-03-05T08:00+00:00"}
    later = NOW + timedelta(days=3)
    assert confirm_account(actor=ana, account_id=new.id, now=later).status == "IN_FORCE"


def test_the_first_account_of_a_party_is_the_operators_to_confirm_though_it_has_two_people(wanda):
    novum = party("SUPPLIER", "Novum")
    ana, bea = person(novum, "ana"), person(novum, "bea")
    first = register_account(actor=ana, party_id=novum.id, holder="Novum", iban=OTHER, currency="EUR", now=NOW)
    refused("OPERATOR_CONFIRMS", confirm_account, actor=bea, account_id=first.id)
    confirmed = confirm_account(actor=wanda, account_id=first.id, evidence=SHOWN, now=NOW)
    assert (confirmed.status, confirmed.confirmed_as) == ("IN_FORCE", "OPERATOR")


def test_others_find_nothing_and_who_may_not_say_where_one_is_paid_confirms_nothing(lender, supplier, ana):
    new = propose(ana, supplier)
    for actor, code in (
        (person(lender, "hugo"), "NOT_FOUND"),
        (person(supplier, "mia", MAKER), "FORBIDDEN"),
        (Actor(supplier.id, supplier.kind, frozenset({ADMIN}), user_id=10**6), "FORBIDDEN"),
        (person(party(OPERATOR, "Watch"), "wim", MAKER), "FORBIDDEN"),
    ):
        for service in (confirm_account, refuse_account):
            if actor.user_id != 10**6 or service is confirm_account:
                refused(code, service, actor=actor, account_id=new.id)


def test_who_was_let_in_a_moment_ago_is_no_second_person_yet(supplier, ana):
    since = NOW - timedelta(days=3) + timedelta(minutes=1)
    late = person(supplier, "late", since=since)
    new = propose(ana, supplier)

    told = refused("LET_IN_LATELY", confirm_account, actor=late, account_id=new.id)

    assert told.facts == {"until": "2026-03-02T09:01+00:00"}
    later = NOW + timedelta(minutes=1)
    assert confirm_account(actor=late, account_id=new.id, now=later).status == "IN_FORCE"


def test_the_database_lets_nobody_confirm_its_own_proposal_or_rewrite_it(supplier, ana):
    new = propose(ana, supplier)
    rows = BankAccount.objects.filter(id=new.id)
    supplier.bank_accounts.filter(status="IN_FORCE").update(status="CLOSED", closed_at=NOW)
    as_confirmed = {"status": "IN_FORCE", "confirmed_at": NOW, "confirmed_as": "COLLEAGUE"}
    for change in (
        as_confirmed | {"confirmed_by": new.proposed_by},
        as_confirmed | {"confirmed_by": ""},
        {"status": "IN_FORCE"},
        as_confirmed | {"confirmed_by": "user:9", "confirmed_as": "OPERATOR"},  # without evidence
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(**change)
    for change in ({"proposed_by": "user:9"}, {"iban": THIRD}, {"holder": "Thief"}):
        with pytest.raises(ProgrammingError), transaction.atomic():
            rows.update(**change)
    assert rows.get().status == "WAITING"


def test_the_database_takes_no_payment_to_an_account_that_nobody_confirmed(lender, supplier, ana):
    propose(ana, supplier)
    [known] = ask(disbursement(lender, supplier))
    known.pk, known.key, known.end_to_end_id, known.creditor_iban = None, "stray", "STRAY", OTHER

    with pytest.raises(IntegrityError, match="nobody has confirmed"), transaction.atomic():
        known.save(force_insert=True)

    assert PaymentInstruction.objects.count() == 1


def test_closing_and_registering_anew_is_no_way_round(lender, supplier, ana, bea):
    close_account(actor=ana, account_id=supplier.bank_accounts.get().id, now=NOW)
    new = register_account(actor=ana, party_id=supplier.id, holder="Ana", iban=OTHER, currency="EUR", now=NOW)

    assert new.status == "WAITING"
    with pytest.raises(NoBankAccount):
        ask(disbursement(lender, supplier))
    refused("OWN_WORK", confirm_account, actor=ana, account_id=new.id)
    confirm_account(actor=bea, account_id=new.id, now=NOW)
    assert paid(lender, supplier, 1) == OTHER


def test_one_proposal_waits_at_a_time_and_the_same_again_is_that_one(supplier, ana, bea):
    new = propose(ana, supplier)
    assert propose(bea, supplier) == new
    old = supplier.bank_accounts.get(status="IN_FORCE")
    asked = {"actor": bea, "holder": "B", "iban": THIRD}
    refused("ACCOUNT_WAITING", replace_account, account_id=old.id, **asked)
    refused("ACCOUNT_OPEN", register_account, party_id=supplier.id, currency="EUR", **asked)
    refused("STALE", replace_account, account_id=new.id, **asked)
    refused("INVALID_TRANSITION", close_account, actor=bea, account_id=new.id)


def test_a_proposal_is_withdrawn_by_its_proposer_and_refused_by_another(supplier, ana, bea):
    old = in_force(supplier)
    first = propose(ana, supplier)
    refused("FORBIDDEN", withdraw_account, actor=bea, account_id=first.id)
    assert withdraw_account(actor=ana, account_id=first.id, now=NOW).status == "WITHDRAWN"
    second = propose(ana, supplier)
    assert refuse_account(actor=bea, account_id=second.id, now=NOW).status == "REFUSED"

    for over in (first, second):
        refused("INVALID_TRANSITION", confirm_account, actor=bea, account_id=over.id)
        refused("INVALID_TRANSITION", withdraw_account, actor=ana, account_id=over.id)
    assert in_force(supplier) == old
    names = Event.objects.filter(name__startswith="bank_account.").order_by("id").values_list("name", flat=True)
    assert list(names)[-4:] == [
        "bank_account.proposed", "bank_account.withdrawn", "bank_account.proposed", "bank_account.refused",
    ]  # fmt: skip


def test_where_there_is_one_person_the_operator_confirms_on_the_banks_word(lender, supplier, ana, wanda):
    new = propose(ana, supplier)
    refused("EVIDENCE_MISSING", confirm_account, actor=wanda, account_id=new.id, evidence=" ")

    done = confirm_account(actor=wanda, account_id=new.id, evidence=SHOWN, now=NOW)

    assert (done.confirmed_as, done.evidence, in_force(supplier)) == ("OPERATOR", SHOWN, OTHER)
    told = Event.objects.get(name="bank_account.replaced")
    assert SHOWN not in str(told.payload)
    assert set(EventParty.objects.filter(event=told).values_list("party_id", flat=True)) == {
        supplier.id, wanda.party_id
    }  # fmt: skip


def test_where_there_is_a_second_person_the_operator_confirms_nothing(supplier, ana, bea, wanda):
    new = propose(ana, supplier)
    assert Event.objects.get(name="bank_account.proposed").payload["word"] == "COLLEAGUE"
    refused("COLLEAGUE_CONFIRMS", confirm_account, actor=wanda, account_id=new.id, evidence=SHOWN)
    Membership.objects.filter(user=bea.user_id).update(ended_at=NOW)
    assert confirm_account(actor=wanda, account_id=new.id, evidence=SHOWN, now=NOW).status == "IN_FORCE"


def test_what_a_machine_proposes_the_operator_confirms(supplier, ana, bea, wanda):
    new = propose(machine(supplier), supplier)
    assert Event.objects.get(name="bank_account.proposed").payload["word"] == "OPERATOR"
    refused("OPERATOR_CONFIRMS", confirm_account, actor=bea, account_id=new.id)
    assert confirm_account(actor=wanda, account_id=new.id, evidence=SHOWN, now=NOW).status == "IN_FORCE"


def test_the_first_account_of_a_party_is_the_operators_to_confirm(wanda):
    joining = party("SUPPLIER", "Cinder Trading")
    cas, _cis = person(joining, "cas"), person(joining, "cis")
    new = register_account(actor=cas, party_id=joining.id, holder="Cinder", iban=OTHER, currency="EUR", now=NOW)
    assert confirm_account(actor=wanda, account_id=new.id, evidence=SHOWN, now=NOW).status == "IN_FORCE"
    usd = register_account(actor=cas, party_id=joining.id, holder="Cinder", iban=THIRD, currency="USD", now=NOW)
    refused("COLLEAGUE_CONFIRMS", confirm_account, actor=wanda, account_id=usd.id, evidence=SHOWN)


def test_who_belongs_to_the_company_does_not_confirm_for_the_operator(supplier, ana, wanda):
    Membership.objects.create(user_id=wanda.user_id, party=supplier, role="VIEWER", created_at=NOW)
    new = propose(ana, supplier)
    refused("OWN_WORK", confirm_account, actor=wanda, account_id=new.id, evidence=SHOWN)


def test_what_the_portal_itself_enters_holds_at_once(supplier):
    old = supplier.bank_accounts.get()
    assert (old.status, old.confirmed_by, old.confirmed_as) == ("IN_FORCE", "system", "PORTAL")
    new = replace_account(actor=SYSTEM_ACTOR, account_id=old.id, holder="A", iban=OTHER, now=NOW)
    old.refresh_from_db()
    assert (old.status, new.status) == ("CLOSED", "IN_FORCE")
