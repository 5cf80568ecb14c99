"""The way to the bank: signed HTTP with ISO 20022 messages. It answers, it refuses, or nobody knows.

No database here, and no transaction may be open around a call.
"""

import os
from datetime import UTC, date, datetime
from functools import cache
from urllib.parse import quote
from uuid import uuid4

import httpx
from django.conf import settings
from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook, WebhookVerificationError

from portal.shared import tls

TIMEOUT = httpx.Timeout(5, connect=2)  # seconds
REFUSALS = {400, 413, 422}
"""The bank has read the request and takes nothing of it. Any other failure leaves open what it did."""
NO_SECRET = (EmptyWebhookSecretError, ValueError)
"""BANK_SECRET is none, or was left as it was delivered: an installation may run before its bank has given one."""


class Unanswered(Exception):
    """Nobody knows what the bank did with the request. `is_down`: it takes no requests at present at all."""

    def __init__(self, cause: str, *, is_down: bool = False):
        super().__init__(cause)
        self.is_down = is_down


class NotThere(Exception):
    """The bank never had it."""


class Refused(Exception):
    """The bank takes nothing of the message."""


def send(content: bytes) -> bytes:
    """Hand in a pain.001; the pain.002 that answers it. Raises Unanswered, Refused."""
    return _ask("POST", "/pain.001", content)


def status_of_message(message_id: str) -> bytes:
    """pain.002 with the present status of every payment of a message. Raises NotThere, Unanswered."""
    return _ask("GET", f"/messages/{quote(message_id, safe='')}")


def status_of_payment(end_to_end_id: str, debtor_iban: str) -> bytes:
    """pain.002 with the present status of one payment, in whatever message it came. Raises NotThere, Unanswered."""
    return _ask("GET", f"/payments/{quote(end_to_end_id, safe='')}?debtor_iban={debtor_iban}")


def notifications(iban: str, after: str) -> bytes:
    """camt.054 of what was booked after the entry with that reference; "" for all. Raises NotThere, Unanswered."""
    return _ask("GET", f"/notifications/{iban}" + (f"?after={quote(after, safe='')}" if after else ""))


def statement(iban: str, day: date) -> bytes:
    """camt.053 of a business day. Raises NotThere, Unanswered."""
    return _ask("GET", f"/statements/{iban}/{day.isoformat()}")


def is_signed(content: bytes, headers) -> bool:
    """Whether the bank signed a pushed message, with our shared secret and within the last five minutes.

    While no secret is shared, nothing can be the bank's.
    """
    try:
        _webhook(settings.BANK_SECRET).verify(content, headers, json_parse=False)
    except (WebhookVerificationError, *NO_SECRET):
        return False
    return True


def _ask(method: str, path: str, content: bytes = b"") -> bytes:
    try:
        signature = _signature(content)
    except NO_SECRET as error:  # nothing leaves the house: it waits as for a bank that is down
        raise Unanswered(f"BANK_SECRET is no secret: {error}", is_down=True) from error
    try:
        answer = _client(settings.BANK_URL, os.getpid()).request(method, path, content=content, headers=signature)
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise Unanswered(repr(error), is_down=True) from error
    except httpx.HTTPError as error:
        raise Unanswered(repr(error)) from error
    if answer.is_success:
        return answer.content
    said = f"{method} {path}: {answer.status_code} {answer.text[:200]}"
    if answer.status_code == 404 and method == "GET":
        raise NotThere(said)
    if answer.status_code in REFUSALS:
        raise Refused(said)
    raise Unanswered(said, is_down=answer.status_code == 503)


@cache
def _client(url: str, process: int) -> httpx.Client:
    """One per process: connections are kept open, and never shared with a fork."""
    trust = tls.trusted(settings.CLIENT_CERT_FILE, settings.CLIENT_KEY_FILE)
    headers = {"content-type": "application/xml"}
    return httpx.Client(base_url=url, timeout=TIMEOUT, headers=headers, verify=trust, trust_env=False)


@cache
def _webhook(secret: str) -> Webhook:
    return Webhook(secret)


def _signature(content: bytes) -> dict[str, str]:
    # The signature carries the instant of sending, which the bank checks: a clock is read here and nowhere else.
    request_id, now = uuid4().hex, datetime.now(UTC)
    return {
        "webhook-id": request_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": _webhook(settings.BANK_SECRET).sign(request_id, now, content.decode()),
    }
