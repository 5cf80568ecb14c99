"""Sign-up, verification, bank account, programme."""

import re
from urllib.parse import quote

import pytest
from allauth.account.models import EmailAddress
from django.urls import reverse

from accounts.notices.models import Notice
from accounts.notices.services import write
from accounts.parties.models import BusinessVerification, Membership, Party, User
from accounts.trail.models import Event
from financing.banking.models import BankAccount
from financing.banking.services import confirm_account
from financing.credit.models import Facility
from financing.receivables.services import confirm_number
from logistics.orders.models import SupplierNumber
from logistics.orders.numbers import refuse_number
from portal.told import words
from portal.workspaces.sentences import sentence
from tests import world
from tests.pages.supplier.conftest import browser_of
from tests.world import NOW, PASSWORD, TODAY, as_member

COMPANY = {"name": "Cinder Trading", "country": "NL", "registration_number": "KVK 4711"}
OWNERS = {"owner-TOTAL_FORMS": "4", "owner-INITIAL_FORMS": "0"}
KYB = OWNERS | {
    "legal_name": "Cinder Trading B.V.", "registration_number": "KVK 4711", "country": "NL", "address": "Kade 1",
    "owner-0-full_name": "Cas Vos", "owner-0-country": "NL", "owner-0-share_percent": "60",
}  # fmt: skip
IBAN = "NL91ABNA0417164300"


@pytest.fixture
def cas(lending):
    """A person who acts for nobody yet."""
    User.objects.create(email="cas@cinder.example", full_name="Cas Vos", password="!")
    return browser_of("cas@cinder.example")


@pytest.fixture
def cinder(cas):
    """Signed up, and nothing else."""
    cas.post(reverse("supplier:register"), COMPANY)
    return Party.objects.get(name="Cinder Trading")


def test_who_acts_for_nobody_signs_a_company_up_and_becomes_its_administrator(cas):
    assert cas.get(reverse("home")).url == reverse("supplier:register")
    page = cas.post(reverse("supplier:register"), COMPANY, follow=True)
    assert page.redirect_chain[-1][0] == reverse("supplier:verification")
    member = Membership.objects.get(user__email="cas@cinder.example")
    assert (member.party.name, member.party.status, member.role) == ("Cinder Trading", "PROSPECT", "ADMIN")
    assert cas.get(reverse("supplier:home")).url == reverse("supplier:verification")


def test_who_has_not_confirmed_its_address_is_asked_to_before_it_signs_a_company_up(cas):
    address = EmailAddress.objects.create(
        user=User.objects.get(email="cas@cinder.example"), email="cas@cinder.example", primary=True, verified=False
    )
    page = cas.get(reverse("supplier:register"))
    assert "We have written to cas@cinder.example." in page.text and "registration_number" not in page.text
    assert cas.post(reverse("supplier:register"), COMPANY).status_code == 403
    assert not Party.objects.filter(name="Cinder Trading").exists()
    address.verified = True
    address.save()
    assert cas.post(reverse("supplier:register"), COMPANY).url == reverse("supplier:verification")


def test_a_company_that_is_here_is_not_signed_up_again(cas, lending):
    known = lending.cast.amphora
    given = COMPANY | {"country": known.country, "registration_number": known.registration_number}
    page = cas.post(reverse("supplier:register"), given)
    assert page.status_code == 422
    assert "PARTY_EXISTS" in page.text
    assert 'value="Cinder Trading"' in page.text


def test_who_has_a_company_does_not_register(ana):
    assert ana.get(reverse("supplier:register")).url == reverse("home")


def test_the_verification_is_handed_in_with_owners(cas, cinder):
    page = cas.post(reverse("supplier:verification"), KYB, follow=True)
    found = BusinessVerification.objects.get(party=cinder)
    assert (found.status, found.beneficial_owners.get().full_name) == ("SUBMITTED", "Cas Vos")
    assert "Two people look at it" in page.text


def test_a_second_one_is_refused_while_the_first_is_open(cas, cinder):
    cas.post(reverse("supplier:verification"), KYB)
    page = cas.post(reverse("supplier:verification"), KYB)
    assert page.status_code == 422
    assert BusinessVerification.objects.filter(party=cinder).count() == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"owner-0-share_percent": "20"}, "greater than or equal to 25"),
        ({"owner-0-full_name": "", "owner-0-country": "", "owner-0-share_percent": ""}, "or say that nobody does"),
        ({"nobody": "on"}, "Only one of the two can be true."),
        ({"legal_name": ""}, "This field is required."),
        ({"owner-1-full_name": "Eva", "owner-1-country": "NL", "owner-1-share_percent": "50"}, "OWNERS_ABOVE_WHOLE"),
        ({"owner-TOTAL_FORMS": "x"}, "ManagementForm"),
    ],
)
def test_what_is_wrong_is_said_at_the_form_with_what_was_entered(cas, cinder, changes, said):
    page = cas.post(reverse("supplier:verification"), KYB | changes)
    assert page.status_code == 422
    assert said in page.text
    assert "Kade 1" in page.text
    assert not BusinessVerification.objects.filter(party=cinder).exists()


def test_nobody_owning_a_quarter_is_an_answer(cas, cinder):
    given = {name: value for name, value in KYB.items() if not name.startswith("owner-0")} | {"nobody": "on"}
    cas.post(reverse("supplier:verification"), given)
    assert not BusinessVerification.objects.get(party=cinder).beneficial_owners.exists()


def test_screening_and_its_outcome_are_not_shown(cas, cinder):
    cas.post(reverse("supplier:verification"), KYB)
    BusinessVerification.objects.filter(party=cinder).update(
        status="SCREENED", screening="HIT", screening_note="a list", decision_note="a note"
    )
    page = cas.get(reverse("supplier:verification"))
    assert not {"Screened", "HIT", "a list", "a note"} & set(page.text.split("\n"))
    assert "a list" not in page.text
    assert "Screened" not in page.text


def test_the_bank_account_is_registered_once_per_currency(cas, cinder):
    given = {"holder": "Cinder Trading", "iban": "NL91 ABNA 0417 1643 00", "bic": "", "currency": "EUR"}
    page = cas.post(reverse("supplier:account"), given, follow=True)
    assert BankAccount.objects.get(party=cinder).iban == IBAN
    assert "The account is proposed." in page.text and "the operator of the portal, who asks the bank" in page.text
    assert BankAccount.objects.get(party=cinder).status == "WAITING"
    assert page.context["done"] == 0
    assert cas.post(reverse("supplier:account"), given | {"iban": "DE02120300000000202051"}).status_code == 422
    assert BankAccount.objects.filter(party=cinder).count() == 1


def test_a_wrong_iban_is_said_and_kept_in_the_form(cas, cinder):
    page = cas.post(reverse("supplier:account"), {"holder": "Cinder", "iban": "NL00ABNA", "currency": "EUR"})
    assert page.status_code == 422
    assert "This is not a valid IBAN." in page.text
    assert "NL00ABNA" in page.text


def test_joining_waits_for_the_verification(cas, cinder, lending):
    page = cas.post(reverse("supplier:join", args=[lending.programme.id]))
    assert page.status_code == 422
    assert "SUPPLIER_NOT_ADMITTED" in page.text
    Party.objects.filter(id=cinder.id).update(status=Party.Status.ADMITTED)
    world.verify(cinder)
    for _ in range(2):
        assert cas.post(reverse("supplier:join", args=[lending.programme.id])).url == reverse("supplier:home")
    assert Facility.objects.filter(supplier=cinder).count() == 1


def test_a_verification_good_for_months_is_not_asked_for_again(ana, lending):
    BusinessVerification.objects.update(expires_on=TODAY.replace(year=TODAY.year + 10))
    page = ana.get(reverse("supplier:verification"))
    assert not page.context["may_hand_in"]
    assert page.context["done"] == 4


def name_number(browser, lending, number: str = "S-4711"):
    given = {"platform": lending.cast.meridian.id, "number": number}
    return browser.post(reverse("supplier:name_number"), given, follow=True)


def test_what_it_sold_is_found_by_its_number_at_the_platform(cas, cinder, lending):
    assert "It finds them by your number." in cas.get(reverse("supplier:verification")).text
    page = name_number(cas, lending)
    assert "Meridian is asked whether it knows you as S-4711." in page.text
    asked = SupplierNumber.objects.get(supplier=cinder)
    page = name_number(cas, lending, "S-1")
    assert (page.status_code, SupplierNumber.objects.filter(supplier=cinder).count()) == (409, 1)
    cas.post(reverse("supplier:withdraw_number", args=[asked.id]))
    name_number(cas, lending, "S-1")
    again = SupplierNumber.objects.get(number="S-1")
    refuse_number(actor=as_member("marc@meridian.example"), number_id=again.id, reason="Not ours.", now=NOW)
    page = cas.get(reverse("supplier:verification"))
    assert "Meridian does not know you as S-1: Not ours." in page.text
    assert page.context["may_name_number"]


def test_a_supplier_that_came_by_itself_gets_a_quote(cas, cinder, lending):
    """All of its way: nobody knew who it is, and its platform knew it by a number alone."""
    seller = Party.objects.create(kind="SUPPLIER", name="cinder-4711", country="NL", created_at=NOW)
    world.known_as(lending.cast.meridian, **{"S-4711": seller})
    world.trade(seller, lending.cast.meridian)
    world.receivable(seller, lending.cast.meridian, "I-1")
    Party.objects.filter(id=cinder.id).update(status=Party.Status.ADMITTED)
    world.verify(cinder)
    cas.post(reverse("supplier:join", args=[lending.programme.id]))
    home = cas.get(reverse("supplier:home"))
    assert home.context["available_minor"] == 0
    assert "Your platform does not know you by a number yet" in home.text
    name_number(cas, lending)
    asked = SupplierNumber.objects.get(supplier=cinder)
    confirm_number(actor=as_member("marc@meridian.example"), number_id=asked.id, now=NOW)
    home = cas.get(reverse("supplier:home"))
    assert home.context["available_minor"] > 0
    facility = Facility.objects.get(supplier=cinder)
    page = cas.post(reverse("supplier:ask", args=[facility.id]), {"amount": "200.00"}, follow=True)
    assert page.redirect_chain and "200.00" in page.text


def test_who_may_only_look_changes_nothing(lending, aldo):
    assert aldo.get(reverse("supplier:verification")).status_code == 200
    assert aldo.post(reverse("supplier:verification"), KYB).status_code == 403
    assert aldo.post(reverse("supplier:join", args=[lending.programme.id])).status_code == 403


def test_the_page_reads_little(ana, django_assert_max_num_queries):
    with django_assert_max_num_queries(12):
        ana.get(reverse("supplier:verification"))


def test_another_account_is_proposed_and_the_old_one_stays_in_force(ana, lending):
    old = BankAccount.objects.get(party=lending.cast.amphora)
    address = reverse("supplier:replace_account", args=[old.id])
    assert old.iban in ana.get(address).text
    page = ana.post(address, {"holder": "Amphora", "iban": IBAN, "currency": old.currency}, follow=True)
    assert f"Until it is confirmed you are paid to the account …{old.iban[-4:]}." in page.text
    assert BankAccount.objects.get(party=lending.cast.amphora, iban=IBAN).status == "WAITING"
    assert BankAccount.objects.in_force().get(party=lending.cast.amphora) == old
    assert page.context["done"] == 4
    end = reverse("party:end_proposal", args=[BankAccount.objects.get(iban=IBAN).id])
    assert ana.post(end, {"back": "joining"}).url == reverse("supplier:verification")


def test_a_long_name_is_offered_as_account_holder_as_far_as_a_bank_takes_it(cas):
    cas.post(reverse("supplier:register"), COMPANY | {"name": "Cinder " * 20})
    form = cas.get(reverse("supplier:verification")).context["account_form"]
    assert form["holder"].value() == ("Cinder " * 20)[:70].strip()


def test_all_that_an_admission_changes_is_live(cas, cinder):
    page = cas.get(reverse("supplier:verification")).text
    for part in ("kyb", "programmes", "progress", "history"):
        element = re.search(rf'<[^>]*\bid="{part}"[^>]*>', page)[0]
        assert "parties.businessverification" in element, part


def test_a_session_alone_does_not_change_where_one_is_paid(ana, lending):
    person = User.objects.get(email="ana@amphora.example")
    person.set_password(PASSWORD)
    person.save()
    ana.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    old = BankAccount.objects.get(party=lending.cast.amphora)
    address, given = reverse("supplier:replace_account", args=[old.id]), {"holder": "Thief", "iban": IBAN}
    assert ana.get(address).url == f"{reverse('account_reauthenticate')}?next={quote(address, safe='')}"
    assert ana.post(address, given | {"currency": old.currency}).url == address
    for way, body in (("replace", given), ("close", {})):
        refused = ana.post(f"/api/v1/bank-accounts/{old.id}/{way}/", body, content_type="application/json")
        assert (refused.status_code, refused.json()["code"]) == (403, "REAUTHENTICATION_REQUIRED"), way
    assert list(BankAccount.objects.filter(party=lending.cast.amphora)) == [old]
    assert BankAccount.objects.get(id=old.id).closed_at is None
    back = ana.post(reverse("account_reauthenticate"), {"password": PASSWORD, "next": address})
    assert back.url == address
    ana.post(address, given | {"currency": old.currency})
    assert BankAccount.objects.get(party=lending.cast.amphora, iban=IBAN).status == "WAITING"


def test_all_who_act_for_the_party_are_told_at_once_of_an_account_proposed_and_of_its_confirmation(ana, lending):
    old = BankAccount.objects.get(party=lending.cast.amphora)
    given = {"holder": "Amphora", "iban": IBAN, "currency": old.currency}
    ana.post(reverse("supplier:replace_account", args=[old.id]), given)
    new = BankAccount.objects.get(iban=IBAN)
    wanda = as_member("wanda@watch.example")
    confirm_account(actor=wanda, account_id=new.id, evidence="The bank's name check: match", now=NOW)
    events = list(Event.objects.filter(name__in=["bank_account.proposed", "bank_account.replaced"]).order_by("id"))
    ends = {"currency": "EUR", "end": IBAN[-4:], "word": "OPERATOR"}
    assert events[0].payload == ends | {"connected": False}
    assert events[1].payload == ends | {"old_end": old.iban[-4:], "new_end": IBAN[-4:], "changed": "iban"}
    write(events=events, now=NOW)
    told = [(each.event_id, each.user.email, each.mail, each.topic) for each in Notice.objects.all()]
    assert sorted(told) == [
        (events[0].id, "aldo@amphora.example", "AT_ONCE", "people"),
        (events[0].id, "ana@amphora.example", "AT_ONCE", "people"),
        (events[0].id, "wanda@watch.example", "AT_ONCE", "work"),
        (events[1].id, "aldo@amphora.example", "AT_ONCE", "people"),
        (events[1].id, "ana@amphora.example", "AT_ONCE", "people"),
    ]
    said = [words("SUPPLIER", event) for event in events]
    assert [(each.sentence, each.detail) for each in said] == [
        (f"The EUR account …{IBAN[-4:]} was proposed; it waits to be confirmed", "By Ana"),
        (f"The EUR account to be paid to was changed from …{old.iban[-4:]} to …{IBAN[-4:]}",
         "By the operator of the portal, on the bank's word"),
    ]  # fmt: skip
    assert words("OPERATOR", events[0]).path == reverse("operator:account", args=[new.id])
    assert said[1].sentence in ana.get(reverse("supplier:verification")).text


def test_an_account_stays_where_the_new_one_is_none_and_each_field_says_what_is_wrong_with_it(ana, lending):
    old = BankAccount.objects.get(party=lending.cast.amphora)
    page = ana.post(
        reverse("supplier:replace_account", args=[old.id]),
        {"holder": "Amphora", "iban": "NL00 0000", "bic": "XX", "currency": old.currency},
    )
    assert (page.status_code, 'class="problem"' in page.text) == (422, False)
    for name, given, why in (("iban", "NL00 0000", "This is not a valid IBAN."), ("bic", "XX", "A BIC has 8 or 11")):
        field = re.search(rf'<input [^>]*name="{name}"[^>]*>', page.text).group()
        tied = (f'value="{given}"', 'aria-invalid="true"', f'aria-describedby="id_{name}_error"')
        assert all(each in field for each in tied)
        assert why in page.text.partition(f'id="id_{name}_error"')[2].partition("</div>")[0]
    assert BankAccount.objects.get(party=lending.cast.amphora, closed_at=None) == old


def test_an_account_in_another_name_than_the_verified_one_is_told_and_the_name_takes_two_people(ana, lending):
    amphora = lending.cast.amphora
    old = BankAccount.objects.get(party=amphora)
    assert "in another name than yours" not in ana.get(reverse("supplier:verification")).text
    Party.objects.filter(id=amphora.id).update(name="Amphora Works GmbH")  # as an admission does
    page = ana.get(reverse("supplier:verification")).text
    address = f"{reverse('supplier:replace_account', args=[old.id])}?name=verified"
    assert "in another name than yours" in page and address in page
    form = ana.get(address).context["form"]
    assert (form["holder"].value(), form["iban"].value()) == ("Amphora Works GmbH", old.iban)
    ana.post(address, {"holder": "Amphora Works GmbH", "iban": old.iban, "bic": old.bic, "currency": old.currency})
    new = BankAccount.objects.get(party=amphora, status="WAITING")
    assert (new.holder, new.iban) == ("Amphora Works GmbH", old.iban)
    assert BankAccount.objects.in_force().get(party=amphora) == old
    assert "in another name than yours" not in ana.get(reverse("supplier:verification")).text  # it waits to be mended
    confirm_account(actor=as_member("wanda@watch.example"), account_id=new.id, evidence="Name check: match", now=NOW)
    assert BankAccount.objects.in_force().get(party=amphora) == new
    event = Event.objects.get(name="bank_account.replaced")
    assert sentence(event) == f"The name of the holder of the EUR account …{old.iban[-4:]} was changed"
    assert "Amphora" not in str(event.payload)  # whose account it is may be a person


@pytest.mark.parametrize(
    ("verified", "account", "number", "said"),
    [
        ("SUBMITTED", False, False, "screens it. You can register your account meanwhile."),
        ("SUBMITTED", True, False, "screens it. You can say meanwhile by which number your platform knows you."),
        ("SUBMITTED", True, True, "screens it. You need do nothing."),
        ("SCREENED", False, True, "a second person at the operator decides. You can register your account meanwhile."),
        ("SCREENED", True, False, "operator decides. You can say meanwhile by which number your platform knows you."),
        ("SCREENED", True, True, "a second person at the operator decides. You need do nothing."),
    ],
)
def test_while_others_look_whatever_is_still_its_own_to_do_is_told(
    cas, cinder, lending, verified, account, number, said
):
    cas.post(reverse("supplier:verification"), KYB)
    BusinessVerification.objects.filter(party=cinder).update(status=verified)
    if account:
        given = {"holder": "Cinder Trading", "iban": IBAN, "bic": "", "currency": "EUR"}
        cas.post(reverse("supplier:account"), given)
    if number:
        cas.post(reverse("supplier:name_number"), {"platform": lending.cast.meridian.id, "number": "C-7"})
    assert said in cas.get(reverse("supplier:verification")).text


def test_what_was_handed_in_can_be_read_while_others_look_and_its_owners_cannot(cas, cinder):
    page = cas.post(reverse("supplier:verification"), KYB, follow=True)
    card = page.text.partition('id="kyb"')[2].partition("</section>")[0]
    assert all(KYB[each] in card for each in ("legal_name", "registration_number", "country", "address"))
    assert KYB["owner-0-full_name"] not in card
