"""Mailing notices: those of one person and party that are due together go in one mail.

A mail is claimed with a lease and that is committed; then it is sent; then its outcome is recorded. Whoever dies in
between leaves at most one mail of which nobody knows whether it went. It is sent again under the same Message-ID.
"""

import logging
import smtplib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from time import monotonic

from django.core.mail import mailers
from django.db import connection, transaction
from django.db.models import Q
from django.utils.crypto import salted_hmac

from accounts.notices.letters import Post, posts
from accounts.notices.models import Mailing, Notice
from accounts.notices.rules import AT_ONCE, DAILY, NEVER, last_morning
from accounts.notices.services.keeping import MAILED_WITHIN_DAYS
from accounts.parties.models import Party
from portal.shared.clocks import is_free
from portal.shared.database import lock_name
from portal.shared.mail import is_refused_for_good, message, pause_after, speaking

logger = logging.getLogger(__name__)

BATCH = 50
LEASE = timedelta(minutes=5)
WHENEVER = datetime.max.replace(tzinfo=UTC)
"""Of what is mailed at once: the clock of who wrote it may be ahead of ours, or ours was set back."""

GATHER = """
WITH due AS (
    SELECT notice.id, notice.user_id, notice.party_id
    FROM notices_notice notice JOIN parties_party party ON party.id = notice.party_id
    JOIN unnest(%(zones)s::text[], %(mornings)s::timestamptz[]) AS day(zone, morning) ON day.zone = party.time_zone
    WHERE notice.mail = %(cadence)s AND notice.mail <> 'NEVER' AND notice.mailing_id IS NULL AND notice.read_at IS NULL
      AND notice.created_at > %(oldest)s AND notice.created_at < day.morning
    FOR NO KEY UPDATE OF notice
), made AS (
    INSERT INTO notices_mailing (user_id, party_id, cadence, state, created_at, due_at, attempts, last_error)
    SELECT DISTINCT user_id, party_id, %(cadence)s, 'WAITING', %(now)s, %(now)s, 0, '' FROM due
    RETURNING id, user_id, party_id
)
UPDATE notices_notice notice SET mailing_id = made.id
FROM due JOIN made USING (user_id, party_id) WHERE notice.id = due.id
"""


def gather_at_once(*, now: datetime) -> int:
    """Make mails of what is to be mailed at once; returns how many notices are in them."""
    return _gather(AT_ONCE, dict.fromkeys(_zones(AT_ONCE), WHENEVER), now)


def gather_daily(*, now: datetime) -> int:
    """Make the daily mails of the parties whose morning it has become since their notices were written."""
    return _gather(DAILY, {zone: last_morning(now, zone) for zone in _zones(DAILY)}, now)


def _zones(cadence: str) -> list[str]:
    # Said twice that it is not NEVER: so the database knows that the index of what waits will do.
    waiting = Notice.objects.unread().filter(mail=cadence, mailing=None).exclude(mail=NEVER)
    parties = Party.objects.filter(id__in=waiting.values("party_id"))
    return list(parties.order_by("time_zone").values_list("time_zone", flat=True).distinct())


def _gather(cadence: str, mornings: dict[str, datetime], now: datetime) -> int:
    if not mornings:
        return 0
    with transaction.atomic(), connection.cursor() as cursor:
        lock_name("notices", "gather")  # two at once would write two mails to one person
        oldest = now - timedelta(days=MAILED_WITHIN_DAYS)
        given = {"cadence": cadence, "zones": list(mornings), "mornings": list(mornings.values())}
        cursor.execute(GATHER, given | {"oldest": oldest, "now": now})
        return cursor.rowcount


def send_due(*, now: datetime) -> int:
    """Send every mail that is due, until none is left or the server does not answer; returns how many were sent."""
    started, sent = monotonic(), 0
    while True:
        moment = now + timedelta(seconds=monotonic() - started)
        claimed = _claim(moment)
        if not claimed:
            return sent
        done, server_is_there = _send(claimed, moment)
        sent += done
        if not server_is_there:
            return sent


def _claim(now: datetime) -> list[int]:
    """Lease a batch in a transaction of its own, so that nothing is locked while a socket is open."""
    with transaction.atomic():
        # What was not tried yet is due whatever a clock says.
        due = Q(attempts=0) | Q(due_at__lte=now)
        waiting = Mailing.objects.filter(due, is_free(now, LEASE), state=Mailing.State.WAITING).order_by("due_at", "id")
        ids = [row.id for row in waiting.select_for_update(no_key=True, skip_locked=True)[:BATCH]]
        Mailing.objects.filter(id__in=ids).update(leased_until=now + LEASE)
        return ids


def _send(mailing_ids: Sequence[int], now: datetime) -> tuple[int, bool]:
    """Send a batch over one connection. Returns how many went, and whether the mail server is there."""
    to_send, to_drop = posts(mailing_ids)
    Mailing.objects.filter(id__in=to_drop, state=Mailing.State.WAITING).update(
        state=Mailing.State.DROPPED, leased_until=None
    )
    if not to_send:
        return 0, True
    server, sent = mailers.default, 0
    try:
        server.open()
        for post in to_send:
            sent += _send_one(server, post, now)
        server.close()
    except OSError as error:  # of the connection, not of a mail: all that is left of the batch waits
        logger.warning("The mail server does not answer: %s", error)
        _put_off([post.mailing for post in to_send], error, now)
        return sent, False
    return sent, True


def _send_one(server, post: Post, now: datetime) -> bool:
    """Send one and record what became of it. Raises OSError where the server itself is gone."""
    mailing = post.mailing
    number = salted_hmac("accounts.notices.mailing", str(mailing.id), algorithm="sha256").hexdigest()[:32]
    try:
        with speaking(mailing.user.language, mailing.party.time_zone):
            mail = message(post.letter(), to=mailing.user.email, message_id=f"notices-{number}")
    except Exception as error:  # of this letter alone, whatever it is: all others are written
        logger.exception("Mail %s cannot be written.", mailing.id)
        _put_off([mailing], error, now)
        return False
    try:
        server.send_messages([mail])
    except (smtplib.SMTPRecipientsRefused, smtplib.SMTPResponseException) as error:
        return _refused(mailing, error, now)
    Mailing.objects.filter(id=mailing.id, state=Mailing.State.WAITING).update(
        state=Mailing.State.SENT, sent_at=now, leased_until=None, last_error=""
    )
    return True


def _refused(mailing: Mailing, error: smtplib.SMTPException, now: datetime) -> bool:
    """What the server refuses for good is not tried again; anything else a little later."""
    if is_refused_for_good(error):
        Mailing.objects.filter(id=mailing.id, state=Mailing.State.WAITING).update(
            state=Mailing.State.FAILED, leased_until=None, attempts=mailing.attempts + 1, last_error=_sentence(error)
        )
    else:
        _put_off([mailing], error, now)
    return False


def _put_off(mailings: Sequence[Mailing], error: Exception, now: datetime) -> None:
    """Try those again that are still waiting, later each time; given up when they are no news any more."""
    oldest = now - timedelta(days=MAILED_WITHIN_DAYS)
    for mailing in mailings:
        state = Mailing.State.FAILED if mailing.created_at < oldest else Mailing.State.WAITING
        Mailing.objects.filter(id=mailing.id, state=Mailing.State.WAITING).update(
            state=state, attempts=mailing.attempts + 1, due_at=now + pause_after(mailing.attempts + 1),
            leased_until=None, last_error=_sentence(error),
        )  # fmt: skip


def _sentence(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:500]
