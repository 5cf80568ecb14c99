"""Mails in the portal's clothes: a Letter says what is to be read, HTML and plain text are made from the same one.

    with speaking(user.language, party.time_zone):
        letter = Letter(subject=_("Act for Amphora"), paragraphs=(_("…"),), action=_("Accept"), url=absolute(path))
        message(letter, to=user.email).send()

Talk to a mail server only where nothing is locked meanwhile: in a task or a `send` subscriber, never in a service.
"""

import smtplib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage as Written
from email.policy import EmailPolicy
from email.policy import default as default_policy
from email.utils import make_msgid
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import timezone, translation

PAUSES = tuple(timedelta(seconds=seconds) for seconds in (30, 120, 600, 1800, 3600))
"""After the first try, the second, and so on; then always the last."""


@dataclass(frozen=True, slots=True)
class Line:
    """One entry of a list in a letter: what happened, when, and where to read on."""

    sentence: str
    url: str = ""
    at: datetime | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """What a mail says, in the order in which it is read. Texts are plain: no markup."""

    subject: str
    paragraphs: tuple[str, ...] = ()
    title: str = ""
    """Heading of the letter; the subject where there is none."""
    pretitle: str = ""
    """Small line above the title: whom it concerns."""
    lines: tuple[Line, ...] = ()
    code: str = ""
    """To be typed by hand; set large."""
    action: str = ""
    url: str = ""
    """The one button, and where it leads: an absolute address."""
    after: tuple[str, ...] = ()
    """Paragraphs below the button: how long it holds, what to do if it was not you."""
    why: str = ""
    """At the foot: why this mail came."""
    settings_url: str = ""
    unsubscribe_url: str = ""
    """Where it can be turned off, by one click and signed out (RFC 8058)."""


class Mail(EmailMultiAlternatives):
    """A mail whose headers are not folded: a long address in one would be encoded, and no machine would follow it."""

    def message(self, *, policy: EmailPolicy = default_policy) -> Written:
        return super().message(policy=policy.clone(max_line_length=990, cte_type="7bit"))


@contextmanager
def speaking(language: str, zone: str = "UTC") -> Iterator[None]:
    """Texts are translated, and instants told, as for somebody of this language (empty: the portal's) in this zone."""
    with translation.override(language or settings.LANGUAGE_CODE), timezone.override(ZoneInfo(zone)):
        yield


def absolute(path: str) -> str:
    """The address that people type, for a path of the portal."""
    return f"{settings.PUBLIC_URL}{path}"


def domain() -> str:
    return urlsplit(settings.PUBLIC_URL).hostname or "localhost"


def message(letter: Letter, *, to: str, message_id: str = "", headers: Mapping[str, str] | None = None) -> Mail:
    """The mail, in the language and time zone of the moment (`speaking`).

    `message_id`: the part before the @ where the mail can be sent twice, so that the second is known for the first.
    """
    context = {"letter": letter, "portal_url": settings.PUBLIC_URL, "title": letter.title or letter.subject}
    identity = f"<{message_id}@{domain()}>" if message_id else make_msgid(domain=domain())
    mail = Mail(
        subject=" ".join(letter.subject.split()),
        body=render_to_string("email/base.txt", context).strip() + "\n",
        to=[to],
        headers={
            "Message-ID": identity,
            "Auto-Submitted": "auto-generated",
            **_unsubscribing(letter),
            **(headers or {}),
        },
    )
    mail.attach_alternative(render_to_string("email/base.html", context), "text/html")
    return mail


def _unsubscribing(letter: Letter) -> dict[str, str]:
    if not letter.unsubscribe_url:
        return {}
    return {"List-Unsubscribe": f"<{letter.unsubscribe_url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


def pause_after(tries: int) -> timedelta:
    """How long a mail waits that was tried so many times in vain, one at least."""
    return PAUSES[min(tries, len(PAUSES)) - 1]


def is_refused_for_good(error: OSError) -> bool:
    """Whether the server says that trying this mail again is of no use (5xx); anything else may pass."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _text in error.recipients.values()]
    else:
        codes = [error.smtp_code] if isinstance(error, smtplib.SMTPResponseException) else []
    return bool(codes) and min(codes) >= 500
