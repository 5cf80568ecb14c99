"""Letters of invitations: sent by a worker, so that nobody waits for a mail server and nothing is lost with a broker.

A letter is claimed with a lease and given a token; that is committed; then it is sent; then its outcome is recorded.
Whoever dies in between leaves a letter that is sent again: with another token, of which alone the hash is kept.
"""

import logging
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import formats
from django.utils.translation import gettext as _

from accounts.parties.inviting import hashed, new_token
from accounts.parties.models import Invitation
from portal.shared.mail import PAUSES, Letter, absolute, is_refused_for_good, message, pause_after, speaking

BATCH = 20
LEASE = timedelta(minutes=5)
FURTHEST = 2 * PAUSES[-1]
logger = logging.getLogger(__name__)


def send_due(*, now: datetime) -> int:
    """Send what is due, as much as one task does. Returns how many letters went."""
    return sum(_send(invitation, token, now) for invitation, token in _claim(now))


def _claim(now: datetime) -> list[tuple[Invitation, str]]:
    """Open invitations whose letter is due, each with a new token. Committed before anything is sent."""
    with transaction.atomic():
        # Before its first try a letter is due whatever a clock says, and none is put off as far as `FURTHEST`: one that
        # seems to be was so before a clock was set back.
        due = (
            Q(mail_due_at__lte=now) | Q(mail_due_at__gt=now + FURTHEST) | Q(mail_attempts=0, mail_due_at__isnull=False)
        )
        rows = Invitation.objects.open(now).filter(due).order_by("mail_due_at", "id")
        claimed = [
            (row, new_token()) for row in rows.select_for_update(no_key=True, of=("self",), skip_locked=True)[:BATCH]
        ]
        for row, token in claimed:
            row.token_hash, row.mail_attempts, row.mail_due_at = hashed(token), row.mail_attempts + 1, now + LEASE
        Invitation.objects.bulk_update([row for row, _token in claimed], ["token_hash", "mail_attempts", "mail_due_at"])
    return claimed


def _send(invitation: Invitation, token: str, now: datetime) -> bool:
    """Each try has a Message-ID of its own: its link is another, and the one before leads nowhere."""
    number = f"invitation-{invitation.id}-{invitation.mail_attempts}"
    try:
        with speaking(invitation.language, invitation.party.time_zone):
            message(_letter(invitation, token), to=invitation.email, message_id=number).send()
    except OSError as error:
        logger.warning("Invitation %s could not be mailed: %s", invitation.id, error)
        _outcome(
            invitation, mail_due_at=None if is_refused_for_good(error) else now + pause_after(invitation.mail_attempts)
        )
        return False
    _outcome(invitation, mail_due_at=None, mailed_at=now)
    return True


def _outcome(invitation: Invitation, **fields) -> None:
    """Of this try: where another has begun meanwhile, its outcome counts."""
    same = Invitation.objects.filter(id=invitation.id, mail_attempts=invitation.mail_attempts)
    same.update(**fields)


def _letter(invitation: Invitation, token: str) -> Letter:
    party = invitation.party
    until = formats.date_format(invitation.expires_at.astimezone(ZoneInfo(party.time_zone)), "DATE_FORMAT")
    invited = _("You were invited to act for {party} in Portolan, in this role: {role}.")
    return Letter(
        subject=_("Act for {party}").format(party=party.name),
        paragraphs=(invited.format(party=party.name, role=invitation.get_role_display()),),
        action=_("Look at the invitation"),
        url=absolute(reverse("invitation", args=[token])),
        after=(
            _("It holds until {day}, once, and for this address alone.").format(day=until),
            _("If you do not know who this is, do nothing: nobody acts in your name."),
        ),
    )
