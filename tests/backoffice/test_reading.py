"""Lists: search, narrowing, pages, export; the same number of statements however many rows; no secrets."""

import csv
import io
import re
import zipfile
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from accounts.clients.models import IdempotencyKey, PartyClient
from accounts.clients.services import create_client
from accounts.notices.models import Notice
from accounts.parties.models import Membership, Party, User
from accounts.trail.models import Delivery, Event
from accounts.trail.services import News, record
from financing.advances.models import Quote
from financing.banking.models import PaymentInstruction
from financing.credit.models import Facility, PolicyVersion
from financing.ledger.models import Account, Entry, Leg
from financing.receivables.models import Receivable
from portal.backoffice import names
from portal.shared.access import SYSTEM_ACTOR
from portal.shared.database import acting
from portal.ui import paging
from tests import world
from tests.backoffice.conftest import address, names_of, parked
from tests.world import NOW


def listed(browser, model, **asked) -> list:
    """The rows of a list, as it is asked for."""
    answer = browser.get(address(model), asked)
    assert answer.status_code == 200, answer
    return list(answer.context["cl"].result_list)


def rows_of_csv(answer) -> list[list[str]]:
    text = b"".join(answer).decode()
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text[1:])))


def statements(browser, path: str) -> int:
    browser.get(path)
    with CaptureQueriesContext(
        connection,
    ) as caught:
        assert browser.get(path).status_code == 200
    return len(caught)


def test_models_columns_and_filters_are_named_in_the_language_of_each_reader(wim, lending):
    world.receivable(lending.cast.amphora, lending.cast.meridian, "A-1")
    for language, words in (
        ("en", ("Receivables", "Number", "Supplier", "Gross", "Due date")),
        ("zh-hans", ("应收账款", "编号", "供应商", "开票金额", "到期日")),
        ("en", ("Receivables", "Number", "Supplier", "Gross", "Due date")),
    ):
        text = wim.get(address(Receivable), headers={"accept-language": language}).text
        assert [word for word in words if word.lower() not in text.lower()] == []
        assert ("due date" in text.lower()) == (language == "en")


def test_what_explains_a_field_is_said_in_the_readers_language_and_not_beside_a_link(wim, lending):
    row = world.receivable(lending.cast.amphora, lending.cast.meridian, "A-1")
    path = address(Receivable, "change", row.pk)
    english = wim.get(path, headers={"accept-language": "en"}).text
    chinese = wim.get(path, headers={"accept-language": "zh-hans"}).text
    assert "Instructed by the debtor, not booked yet." in english and "债务方已发出指令，尚未入账。" not in english
    assert "债务方已发出指令，尚未入账。" in chinese and "Instructed by the debtor" not in chinese
    assert "a floor above" not in english
    assert "Currency" in english and "Currency" not in chinese


def test_rows_and_the_words_of_the_admin_are_named_in_the_readers_language(wim, lending):
    facility, policy = lending.amphora_facility, lending.policy
    spoken = {"headers": {"accept-language": "zh-hans"}}
    page = wim.get(address(Facility, "change", facility.pk), **spoken).text
    assert "Get paid now（Amphora）" in page and "Get paid now for" not in page
    assert "Policy 1 of" not in wim.get(address(type(policy), "change", policy.pk), **spoken).text
    assert "登录会话" in wim.get(address(UserSession), **spoken).text
    empty = wim.get(address(Receivable), **spoken).text
    assert "输入以搜索" in empty and "暂无内容" in empty and "Nothing here yet" not in empty
    assert "科目" in wim.get(address(Account), **spoken).text


def test_a_row_without_a_name_is_called_by_its_number(wim, lending):
    user = User.objects.create(email="p@amphora.example", password="!")
    kept = EmailAddress.objects.create(user=user, email="p@amphora.example")
    assert "p@amphora.example" in wim.get(address(EmailAddress, "change", kept.pk)).text
    assert names.named(Quote(pk=7)) == "Quote 7"
    with translation.override("zh-hans"):
        assert names.named(Quote(pk=7)) == "报价 7"


def test_a_notice_is_listed_with_its_topic_in_words(wim, lending):
    with acting(SYSTEM_ACTOR):
        (event,) = record(SYSTEM_ACTOR, NOW, [News("thing.done", lending.cast.amphora, ())])
    user, party = User.objects.get(email="wim@watch.example"), lending.cast.watch
    Notice.objects.create(user=user, party=party, event=event, topic="work", mail="DAILY", created_at=NOW)
    assert "等待您处理" in wim.get(address(Notice), headers={"accept-language": "zh-hans"}).text


@pytest.mark.parametrize(("model", "most"), [(Delivery, 12), (Event, 15), (Receivable, 14), (Membership, 12)])
def test_a_list_takes_the_same_few_statements_for_one_row_and_for_many(wim, lending, model, most):
    def more(count: int) -> None:
        parked(lending.cast.amphora, count)
        for _number in range(count):
            world.receivable(lending.cast.amphora, lending.cast.meridian, f"A-{Receivable.objects.count()}")
            user = User.objects.create(email=f"p{User.objects.count()}@amphora.example", password="!")
            Membership.objects.create(user=user, party=lending.cast.bellows, role="MAKER", created_at=NOW)

    more(1)
    few = statements(wim, address(model))
    more(8)
    assert statements(wim, address(model)) == few <= most


def test_rows_are_counted_only_as_far_as_anybody_turns_pages(wim, lending, monkeypatch):
    monkeypatch.setattr(paging, "MOST_COUNTED", 3)
    parked(lending.cast.amphora, 5)
    with CaptureQueriesContext(connection) as caught:
        answer = wim.get(address(Delivery))
    assert answer.context["cl"].result_count == 3
    assert "More than 3 deliveries" in answer.text
    counts = [each["sql"] for each in caught if "COUNT(" in each["sql"] and "trail_delivery" in each["sql"]]
    assert counts and all("LIMIT 4" in sql for sql in counts)


def test_a_list_is_searched_and_narrowed(wim, lending):
    (late,) = parked(lending.cast.amphora, state="WAITING")
    (stuck,) = parked(lending.cast.bellows)
    assert listed(wim, Delivery, state__exact="PARKED") == [stuck]
    assert listed(wim, Delivery, q="no such luck") == [stuck, late]
    assert listed(wim, Party, q="amph") == [lending.cast.amphora]
    assert listed(wim, Party, kind__exact="BANK") == [lending.cast.crown]
    assert listed(wim, Facility, supplier__id__exact=lending.cast.bellows.id) == [lending.bellows_facility]


def test_days_of_a_period_are_whole_and_both_included(wim, lending):
    Party.objects.filter(id=lending.cast.crown.id).update(created_at=NOW - timedelta(days=3))
    before = {"created_at_to": "2026-03-01"}
    assert listed(wim, Party, **before) == [lending.cast.crown]
    assert lending.cast.crown not in listed(wim, Party, created_at_from="2026-03-02", created_at_to="2026-03-02")
    assert len(listed(wim, Party, created_at_from="2026-03-02", created_at_to="2026-03-02")) == 5
    assert len(listed(wim, Party, created_at_from="not a day")) == 6


def test_a_link_that_narrows_a_list_says_so_and_can_be_undone(wim, lending):
    page = wim.get(address(Facility), {"programme__id__exact": lending.programme.id}).text
    assert (
        f"<code>programme: {lending.programme.id}</code>" in page and f'href="{address(Facility)}">Show all</a>' in page
    )
    # A filter says so by itself.
    assert "bo-note" not in wim.get(address(Facility), {"supplier__id__exact": lending.cast.bellows.id}).text


def test_the_audit_trail_is_read_by_subject_actor_and_time(wim, lending):
    ana, hana = (User.objects.get(email=e) for e in ("ana@amphora.example", "hana@harbour.example"))
    everything = listed(wim, Event)
    joined = [e for e in everything if e.name == "facility.joined"]
    assert len(joined) == 2
    of_ana = listed(wim, Event, actor="ana@amphora.example")
    assert {e.actor_user_id for e in of_ana} == {ana.id} and of_ana
    assert {e.name for e in listed(wim, Event, actor=f"user:{hana.id}")} == {"policy.proposed"}
    assert {e.actor_party_id for e in listed(wim, Event, actor=f"party:{lending.cast.harbour.id}")} == {
        lending.cast.harbour.id
    }
    assert {e.actor_party_id for e in listed(wim, Event, actor="system")} == {None}
    about = {"subject_type__exact": "credit.facility", "subject_id__exact": lending.amphora_facility.id}
    assert [e.name for e in listed(wim, Event, **about)] == ["facility.joined"]
    assert listed(wim, Event, recorded_at_to="2026-03-01") == []
    assert listed(wim, Event, actor="nonsense") == listed(wim, Event, subject_id__exact="x") == []


def test_an_event_tells_who_acted_who_may_know_and_its_deliveries(wim, lending):
    (delivery,) = parked(lending.cast.amphora)
    page = wim.get(address(Event)).text
    assert f'href="{address(Delivery)}?event__id__exact={delivery.event_id}"' in page
    event = Event.objects.get(name="policy.proposed")
    page = wim.get(address(Event, "change", event.pk)).text
    assert "Hana" in page and "Harbour" in page
    page = wim.get(address(Event, "change", delivery.event_id)).text
    assert address(Delivery, "change", delivery.pk) in page


def test_who_did_something_is_told_by_name_in_lists_and_on_pages(wim, lending):
    hana, hugo = (User.objects.get(email=f"{name}@harbour.example") for name in ("hana", "hugo"))
    for page in (address(PolicyVersion), address(PolicyVersion, "change", lending.policy.pk)):
        text = wim.get(page).text
        for user in (hana, hugo):
            assert f'<a class="bo-link" href="{address(User, "change", user.pk)}">{user}</a>' in text
            assert f">user:{user.pk}" not in text
    row = world.receivable(lending.cast.amphora, lending.cast.meridian, "A-1", accepted_by="system")
    assert "the portal" in wim.get(address(Receivable, "change", row.pk)).text


def test_a_list_without_rows_says_whether_there_are_none_or_none_that_fit(wim, lending):
    assert "Nothing here yet" in wim.get(address(Receivable)).text
    world.receivable(lending.cast.amphora, lending.cast.meridian, "A-1")
    for asked in ({"q": "B-7"}, {"status__exact": "SETTLED"}):
        text = wim.get(address(Receivable), asked).text
        assert "Nothing matches" in text and "Nothing here yet" not in text


def test_a_state_has_one_word_in_a_list_and_in_what_narrows_it(wim, lending):
    page = wim.get(address(PaymentInstruction), {"status__exact": "SETTLED"}).text
    assert re.search(r'<option value="SETTLED"[^>]*>\s*Booked\s*</option>', page)
    assert not re.search(r">\s*Settled\s*</option>", page)


def test_the_history_of_a_row_is_the_trails(wim, lending):
    asked = wim.get(address(Facility, "history", lending.amphora_facility.pk))
    about = f"subject_type__exact=credit.facility&subject_id__exact={lending.amphora_facility.pk}"
    assert asked["Location"] == f"{address(Event)}?{about}"


def test_a_page_leads_to_what_belongs_to_its_row(wim, lending):
    """To what there is: a list that would be empty is not offered."""
    world.receivable(lending.cast.amphora, lending.cast.meridian, "A-1")
    page = wim.get(address(Party, "change", lending.cast.amphora.pk)).text
    for model, field, is_there in (
        (Receivable, "supplier", True),
        (Facility, "supplier", True),
        (Membership, "party", True),
        (PartyClient, "party", False),
        (Facility, "funder", False),
    ):
        link = f'href="{address(model)}?{field}__id__exact={lending.cast.amphora.pk}"'
        assert (link in page) is is_there, link
    page = wim.get(address(Facility, "change", lending.amphora_facility.pk)).text
    assert address(Party, "change", lending.cast.amphora.pk) in page
    assert "EUR\xa00.00" in page


def test_an_export_holds_what_search_and_filters_leave_with_exact_amounts(wim, lending):
    world.receivable(lending.cast.amphora, lending.cast.meridian, "A-1", 1_234_56)
    world.receivable(lending.cast.bellows, lending.cast.meridian, "B-1", 99)
    heads, *rows = rows_of_csv(wim.get(address(Receivable, "export", "csv"), {"q": "A-1"}))
    (row,) = [dict(zip(heads, each, strict=True)) for each in rows]
    assert (row["number"], row["gross"], row["currency"], row["open"]) == ("A-1", "1234.56", "EUR", "1234.56")
    assert (row["supplier_id"], row["supplier"]) == (str(lending.cast.amphora.id), "Amphora")
    assert row["received_at"] == "2026-03-02T09:00:00+00:00"


def test_amounts_of_a_row_without_a_currency_take_that_of_what_they_belong_to(wim, lending):
    heads, *rows = rows_of_csv(wim.get(address(Leg, "export", "csv")))
    assert heads[-1] == "currency" and len(rows) == Leg.objects.count()
    assert Entry.objects.count() * 2 <= len(rows) or not rows


def test_no_cell_of_an_export_is_a_formula(wim, lending):
    Party.objects.filter(id=lending.cast.crown.id).update(name='=HYPERLINK("http://evil.example","Crown")')
    _heads, *rows = rows_of_csv(wim.get(address(Party, "export", "csv"), {"kind__exact": "BANK"}))
    assert '\'=HYPERLINK("http://evil.example","Crown")' in rows[0]
    answer = wim.get(address(Party, "export", "xlsx"), {"kind__exact": "BANK"})
    assert re.fullmatch(r'attachment; filename="party-\d{4}-\d\d-\d\d.xlsx"', answer["Content-Disposition"])
    with zipfile.ZipFile(io.BytesIO(b"".join(answer))) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        links = [name for name in book.namelist() if "rels/sheet" in name]
    assert "=HYPERLINK(&quot;http://evil.example" in sheet or '=HYPERLINK("http://evil.example' in sheet
    assert "<f>" not in sheet and links == []


def test_who_took_what_is_in_the_trail(wim, lending):
    wim.get(address(User, "export", "xlsx"), {"q": "ana@"})
    (event,) = names_of("backoffice.exported")
    assert event.payload == {"model": "parties.user", "format": "xlsx"}
    assert event.actor_user_id == User.objects.get(email="wim@watch.example").id
    assert event.actor_party_id == lending.cast.watch.id
    assert list(event.parties.values_list("party_id", flat=True)) == [lending.cast.watch.id]
    assert wim.get(address(User, "export", "pdf")).status_code == 404


def test_no_secret_is_shown_listed_searched_or_exported(wim, lending):
    ana = User.objects.get(email="ana@amphora.example")
    User.objects.filter(id=ana.id).update(password="SECRET-hash")
    session = UserSession.objects.create(user=ana, ip="192.0.2.1", user_agent="Firefox", session_key="SECRET-session")
    factor = Authenticator.objects.create(user=ana, type="totp", data={"secret": "SECRET-totp"})
    address_of_ana = EmailAddress.objects.create(user=ana, email=ana.email, verified=True)
    key = IdempotencyKey.objects.create(
        party=lending.cast.amphora, key="k-1", request_hash="f" * 64, status_code=201, created_at=NOW,
        answer={"client_secret": "SECRET-answer"},
    )  # fmt: skip
    client, secret = create_client(
        actor=SYSTEM_ACTOR, party_id=lending.cast.amphora.id, name="Till", role="MAKER", now=NOW
    )
    type(client.client).objects.update(secret="SECRET-client")
    for row in (ana, session, factor, address_of_ana, key, client):
        model = type(row)
        shown = [wim.get(address(model)).text, wim.get(address(model, "change", row.pk)).text]
        shown.append(b"".join(wim.get(address(model, "export", "csv"))).decode())
        assert all("SECRET-" not in text and secret not in text for text in shown), model
    assert listed(wim, User, q="SECRET-hash") == listed(wim, UserSession, q="SECRET-session") == []
    assert wim.get(address(User), {"password__startswith": "SECRET"}).status_code in (302, 400)
