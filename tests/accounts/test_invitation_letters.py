"""Letters of invitations leave by a worker: nothing is lost with the broker or the mail server, and only the letter
that was sent last lets anybody in."""

import re
import smtplib
from datetime import timedelta

import pytest
from django.core.mail.backends.locmem import EmailBackend

from accounts.parties import inviting, mailing
from accounts.parties.models import Invitation, User
from accounts.parties.tasks import mail_invitations
from portal.celery import app
from portal.shared.errors import NotFound
from tests import world
from tests.threads import at_once
from tests.world import NOW, as_member

IRIS = "iris@amphora.example"
GONE = ConnectionRefusedError("nobody answers")
BUSY = smtplib.SMTPRecipientsRefused({IRIS: (451, b"later")})
UNKNOWN = smtplib.SMTPRecipientsRefused({IRIS: (550, b"no such mailbox")})


def invite() -> Invitation:
    ana = as_member("ana@amphora.example")
    return inviting.invite(actor=ana, party_id=ana.party_id, email=IRIS, role="MAKER", now=NOW)


@pytest.fixture
def invited(db) -> Invitation:
    world.cast()
    return invite()


@pytest.fixture
def ailing(monkeypatch):
    """The mail server fails once in this way after it took the letter or not, then works."""

    def fails(error: OSError, *, took_it: bool = False):
        send = EmailBackend.send_messages

        def broken(self, messages):
            monkeypatch.setattr(EmailBackend, "send_messages", send)
            if took_it:
                send(self, messages)
            raise error

        monkeypatch.setattr(EmailBackend, "send_messages", broken)

    return fails


def token_of(mail) -> str:
    return re.search(r"/invitation/([\w-]+)/", mail.body)[1]


def test_the_request_talks_to_no_mail_server_and_a_worker_sends_it_once(invited, mailoutbox):
    assert mailoutbox == [] and invited.mailed_at is None
    assert (mailing.send_due(now=NOW), mailing.send_due(now=NOW + timedelta(hours=1))) == (1, 0)
    assert [mail.to for mail in mailoutbox] == [[IRIS]]
    assert Invitation.objects.get().mailed_at == NOW


def test_the_task_is_on_the_schedule_so_that_a_broker_that_lost_everything_loses_no_letter(invited, mailoutbox):
    assert "parties.mail_invitations" in {each["task"] for each in app.conf.beat_schedule.values()}
    Invitation.objects.update(expires_at=NOW + timedelta(days=36500))
    mail_invitations()
    assert len(mailoutbox) == 1


@pytest.mark.parametrize("error", [GONE, BUSY])
def test_a_mail_server_that_is_away_gets_it_later(invited, mailoutbox, ailing, error):
    ailing(error)
    assert mailing.send_due(now=NOW) == 0
    assert mailing.send_due(now=NOW + timedelta(seconds=29)) == 0
    assert mailing.send_due(now=NOW + timedelta(seconds=30)) == 1
    assert len(mailoutbox) == 1


def test_a_letter_written_by_a_clock_that_is_ahead_is_sent_at_once(invited, mailoutbox):
    Invitation.objects.update(mail_due_at=NOW + timedelta(minutes=10))
    assert mailing.send_due(now=NOW) == 1
    assert len(mailoutbox) == 1


def test_a_letter_put_off_before_the_clock_was_set_back_by_a_day_is_sent(invited, mailoutbox):
    Invitation.objects.update(mail_due_at=NOW + timedelta(days=1), mail_attempts=1)
    assert mailing.send_due(now=NOW) == 1


def test_an_address_that_is_refused_for_good_is_not_tried_again(invited, ailing):
    ailing(UNKNOWN)
    assert mailing.send_due(now=NOW) == mailing.send_due(now=NOW + timedelta(days=1)) == 0
    assert Invitation.objects.get().mail_failed


def test_a_letter_sent_again_bears_the_one_link_that_lets_in(invited, mailoutbox, ailing):
    ailing(GONE, took_it=True)
    mailing.send_due(now=NOW)
    mailing.send_due(now=NOW + timedelta(minutes=1))
    first, second = mailoutbox
    assert first.extra_headers["Message-ID"] != second.extra_headers["Message-ID"]
    iris = User.objects.create_user(IRIS)
    with pytest.raises(NotFound):
        inviting.accept(user=iris, token=token_of(first), now=NOW)
    assert inviting.accept(user=iris, token=token_of(second), now=NOW).role == "MAKER"


def test_what_was_withdrawn_before_it_left_is_not_sent(invited, mailoutbox):
    inviting.revoke(actor=as_member("ana@amphora.example"), invitation_id=invited.id, now=NOW)
    assert mailing.send_due(now=NOW) == 0 and mailoutbox == []


def test_two_workers_at_once_send_one_letter(committed_db, mailoutbox):
    world.cast()
    invite()
    at_once(*[lambda: mailing.send_due(now=NOW)] * 3)
    assert len(mailoutbox) == 1
