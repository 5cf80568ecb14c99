"""Mails: as each person chose, in its language and zone, once, and nothing that it may not see."""

import smtplib
from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db import connection
from django.test.utils import CaptureQueriesContext, override_settings

from accounts.notices import services
from accounts.notices.models import Mailing, Notice
from accounts.notices.rules import AT_ONCE, DAILY, NEVER, last_morning
from accounts.parties.models import Membership, Party, User
from portal.shared.access import ADMIN
from tests.notices.conftest import funded, happened
from tests.world import NOW, as_member

TROUBLE: list[Exception] = []
"""What the mail server says to the next mails, before it takes any."""


class Troubled(EmailBackend):
    def send_messages(self, messages):
        if TROUBLE:
            raise TROUBLE.pop(0)
        return super().send_messages(messages)


@pytest.fixture
def troubled():
    with override_settings(MAILERS={"default": {"BACKEND": f"{__name__}.Troubled"}}):
        yield TROUBLE
        TROUBLE.clear()


def post(now=NOW) -> list[str]:
    """What beat does: the subjects of all mails there are now."""
    services.gather_at_once(now=now)
    services.gather_daily(now=now)
    services.send_due(now=now)
    return [sent.subject.replace("\xa0", " ") for sent in mail.outbox]


def states() -> list[str]:
    return list(Mailing.objects.order_by("id").values_list("state", flat=True))


def choose(name: str, discreet: bool = False, **cadences) -> None:
    services.choose(actor=as_member(f"{name}@amphora.example"), cadences=cadences, discreet=discreet, now=NOW)


@pytest.fixture
def paid(cast):
    services.write(events=[funded(cast)], now=NOW)
    return cast


def test_an_administrator_is_mailed_at_once_and_a_viewer_is_not(paid):
    assert post() == ["EUR 900.00 is on the account"]
    (sent,) = mail.outbox
    assert sent.to == ["ana@amphora.example"]
    assert "/supplier/advances/1/" in sent.body and "Amphora" in sent.body
    assert states() == ["SENT"]


def test_a_mail_that_was_sent_is_not_sent_again(paid):
    post()
    assert post(NOW + timedelta(hours=1)) == ["EUR 900.00 is on the account"]


def test_what_comes_together_goes_in_one_mail(cast):
    services.write(events=[funded(cast, number) for number in (1, 2, 3)], now=NOW)
    assert post() == ["3 notices for Amphora"]
    assert mail.outbox[0].body.count("is on the account") == 3


def test_it_is_written_in_the_readers_language_and_zone(paid):
    User.objects.filter(email="ana@amphora.example").update(language="zh-hans")
    Party.objects.filter(id=paid.amphora.id).update(time_zone="Asia/Shanghai")
    post()
    assert "2026年3月2日" in mail.outbox[0].body and "17:00" in mail.outbox[0].body
    assert 'lang="zh-hans"' in mail.outbox[0].alternatives[0].content


def test_the_daily_mail_comes_when_the_partys_morning_does(cast):
    choose("ana", money=DAILY)
    Party.objects.filter(id=cast.amphora.id).update(time_zone="America/New_York")
    services.write(events=[funded(cast)], now=datetime(2026, 3, 2, 11, 59, tzinfo=UTC))  # 06:59 there
    assert post(datetime(2026, 3, 2, 11, 59, 59, tzinfo=UTC)) == []
    assert post(datetime(2026, 3, 2, 12, 0, tzinfo=UTC)) == ["EUR 900.00 is on the account"]
    services.write(events=[funded(cast, 2)], now=datetime(2026, 3, 2, 12, 1, tzinfo=UTC))
    assert len(post(datetime(2026, 3, 3, 11, 59, tzinfo=UTC))) == 1
    assert len(post(datetime(2026, 3, 3, 12, 0, tzinfo=UTC))) == 2


@pytest.mark.parametrize(
    ("zone", "morning"),
    [
        ("UTC", datetime(2026, 3, 2, 7, tzinfo=UTC)),
        ("Asia/Shanghai", datetime(2026, 3, 1, 23, tzinfo=UTC)),
        ("America/Los_Angeles", datetime(2026, 3, 1, 15, tzinfo=UTC)),
    ],
)
def test_a_morning_is_the_last_one_by_the_clock_there(zone, morning):
    assert last_morning(NOW, zone) == morning


def test_the_hour_is_kept_when_clocks_change():
    # On 29 March 2026 Berlin's clocks went forward.
    assert last_morning(datetime(2026, 3, 29, 5, tzinfo=UTC), "Europe/Berlin") == datetime(2026, 3, 29, 5, tzinfo=UTC)
    assert last_morning(datetime(2026, 3, 29, 4, 59, tzinfo=UTC), "Europe/Berlin") == datetime(
        2026, 3, 28, 6, tzinfo=UTC
    )


def test_who_chose_no_mail_gets_none(cast):
    choose("ana", money=NEVER)
    services.write(events=[funded(cast)], now=NOW)
    assert post() == []
    assert Notice.objects.unread().count() == 2


def test_what_was_read_in_the_portal_is_not_mailed(paid):
    services.mark_all_read(actor=as_member("ana@amphora.example"), now=NOW)
    assert post() == []


def test_what_is_read_between_claim_and_sending_is_dropped(paid):
    services.gather_at_once(now=NOW)
    services.mark_all_read(actor=as_member("ana@amphora.example"), now=NOW)
    services.send_due(now=NOW)
    assert (mail.outbox, states()) == ([], ["DROPPED"])


def test_who_acts_for_the_party_no_more_is_not_mailed_its_news(paid):
    services.gather_at_once(now=NOW)
    Membership.objects.filter(user__email="ana@amphora.example").update(ended_at=NOW)
    services.send_due(now=NOW)
    assert (mail.outbox, states()) == ([], ["DROPPED"])


def test_news_of_two_parties_of_one_person_are_two_mails(cast):
    ana = User.objects.get(email="ana@amphora.example")
    Membership.objects.create(user=ana, party=cast.bellows, role=ADMIN, created_at=NOW)
    Membership.objects.filter(user__email="ben@bellows.example").update(ended_at=NOW)
    other = happened("verification.approved", cast.bellows, cast.bellows)
    services.write(events=[funded(cast), other], now=NOW)
    assert sorted(post()) == ["EUR 900.00 is on the account", "Verified"]
    for sent in mail.outbox:
        assert ("Amphora" in sent.body) != ("Bellows" in sent.body)


def test_a_discreet_mail_names_no_amount_and_nobody(cast):
    choose("ana", discreet=True)
    services.write(events=[funded(cast)], now=NOW)
    assert post() == ["There is news in Portolan"]
    said = mail.outbox[0].body + mail.outbox[0].alternatives[0].content
    assert "Money: 1" in said
    assert "900" not in said and "/supplier/" not in said


def test_a_mail_can_be_turned_off_by_one_click_with_nobody_signed_in(paid, client):
    post()
    address = mail.outbox[0].extra_headers["List-Unsubscribe"].strip("<>")
    path = address.split("8000", 1)[-1] if "8000" in address else "/" + address.split("/", 3)[3]
    assert client.get(path).status_code == 200
    services.write(events=[funded(paid, 2)], now=NOW)
    assert Notice.objects.filter(mail=AT_ONCE).count() == 2
    assert client.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200
    services.write(events=[funded(paid, 3)], now=NOW)
    assert list(Notice.objects.filter(event__subject_id=3).values_list("mail", flat=True)) == [NEVER, NEVER]
    assert client.post(path[:-3] + "x/").status_code == 404


# ── when the mail server has trouble ─────────────────────────────────────────────────────────────────────────────────
def test_a_server_that_is_not_there_is_asked_again_later(paid, troubled):
    troubled.append(ConnectionRefusedError("nobody there"))
    assert post() == []
    assert (states(), Mailing.objects.get().leased_until) == (["WAITING"], None)
    assert post(NOW + timedelta(seconds=20)) == []
    assert post(NOW + timedelta(seconds=31)) == ["EUR 900.00 is on the account"]


def test_a_mailbox_that_is_refused_for_good_is_not_tried_again(paid, troubled):
    troubled.append(smtplib.SMTPRecipientsRefused({"ana@amphora.example": (550, b"no such mailbox")}))
    assert post() == []
    assert states() == ["FAILED"]
    assert "no such mailbox" in Mailing.objects.get().last_error
    assert post(NOW + timedelta(hours=1)) == []


def test_a_full_mailbox_is_tried_again_and_keeps_nobody_else_waiting(cast, troubled):
    services.write(events=[happened("client.created", party, party) for party in (cast.amphora, cast.bellows)], now=NOW)
    troubled.append(smtplib.SMTPRecipientsRefused({"ana@amphora.example": (452, b"mailbox full")}))
    assert len(post()) == 1
    assert sorted(states()) == ["SENT", "WAITING"]
    assert len(post(NOW + timedelta(minutes=1))) == 2


def test_a_letter_that_cannot_be_written_keeps_nobody_else_waiting(cast):
    poisoned = happened("client.created", cast.amphora, cast.amphora, date="no day at all")
    services.write(events=[poisoned, happened("client.created", cast.bellows, cast.bellows)], now=NOW)
    assert len(post()) == 1
    assert sorted(states()) == ["SENT", "WAITING"]
    waiting = Mailing.objects.get(state="WAITING")
    assert (waiting.attempts, waiting.leased_until) == (1, None) and "no day at all" in waiting.last_error


def test_what_a_dead_worker_had_claimed_is_sent_by_the_next_under_the_same_number(paid):
    services.gather_at_once(now=NOW)
    Mailing.objects.update(leased_until=NOW + timedelta(minutes=5))
    services.send_due(now=NOW)
    assert mail.outbox == []
    services.send_due(now=NOW + timedelta(minutes=6))
    first = mail.outbox[0].extra_headers["Message-ID"]
    # It had been sent, but nobody wrote that down.
    Mailing.objects.update(state="WAITING", sent_at=None)
    services.send_due(now=NOW + timedelta(minutes=12))
    assert mail.outbox[1].extra_headers["Message-ID"] == first


def test_what_was_written_by_a_clock_that_is_ahead_is_mailed_at_once(paid):
    Notice.objects.update(created_at=NOW + timedelta(hours=1))
    services.gather_at_once(now=NOW)
    Mailing.objects.update(due_at=NOW + timedelta(hours=1))
    services.send_due(now=NOW)
    assert states() == ["SENT"]


def test_a_mail_that_was_put_off_waits(paid):
    services.gather_at_once(now=NOW)
    Mailing.objects.update(due_at=NOW + timedelta(minutes=2), attempts=1)
    services.send_due(now=NOW)
    assert states() == ["WAITING"]
    services.send_due(now=NOW + timedelta(minutes=2))
    assert states() == ["SENT"]


def test_a_lease_from_before_the_clock_was_set_back_holds_no_mail_up(paid):
    services.gather_at_once(now=NOW)
    Mailing.objects.update(leased_until=NOW + timedelta(hours=1))
    services.send_due(now=NOW)
    assert states() == ["SENT"]


def test_news_of_the_day_before_yesterday_is_mailed_to_nobody(paid):
    assert post(NOW + timedelta(days=3)) == []
    services.forget(now=NOW + timedelta(days=3))
    assert set(Notice.objects.values_list("mail", flat=True)) == {NEVER}
    services.forget(now=NOW + timedelta(days=401))
    assert Notice.objects.count() == 0


def test_many_people_are_gathered_by_as_many_statements_as_one(cast):
    with CaptureQueriesContext(connection) as few:
        services.write(events=[funded(cast)], now=NOW)
        services.gather_at_once(now=NOW)
    people = User.objects.bulk_create(User(email=f"p{n}@amphora.example", password="!") for n in range(300))
    Membership.objects.bulk_create(
        Membership(user=user, party=cast.amphora, role=ADMIN, created_at=NOW) for user in people
    )
    with CaptureQueriesContext(connection) as many:
        services.write(events=[funded(cast, 2)], now=NOW)
        assert services.gather_at_once(now=NOW) == 301
    assert len(many) <= len(few)
    with CaptureQueriesContext(connection) as sending:
        assert services.send_due(now=NOW) == 302
    # One to record the outcome of each mail, and a dozen for each batch of fifty.
    assert len(sending) < 302 + 7 * 14
