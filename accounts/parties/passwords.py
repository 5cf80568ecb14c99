"""Passwords that others try first: words of this portal and its trade, and what was found in stolen lists."""

import hashlib
import re

import httpx
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from portal.shared.security import note

WORDS = (
    "portolan", "portal", "password", "passwort", "welcome", "admin", "administrator", "operator", "supplier",
    "platform", "funder", "financier", "bank", "banker", "finance", "financing", "factoring", "invoice", "receivable",
    "advance", "supply", "chain", "treasury", "checker", "maker", "viewer", "qwertyuiop", "qwerty",
)  # fmt: skip
"""Listed in docs/security.md by their name. Names of the person are looked at by Django's own validator."""

LEFT = 8
"""Characters that have to remain without these words."""

PATIENCE = httpx.Timeout(2, connect=1)  # seconds


class WithoutOurWords:
    """ "Portolan-2026!" is eight letters that everybody here knows, and six that are soon guessed."""

    pattern = re.compile("|".join(sorted(WORDS, key=len, reverse=True)), re.IGNORECASE)

    def validate(self, password: str, user=None) -> None:
        if len(self.pattern.sub("", password)) < LEFT:
            raise ValidationError(
                _("Too much of this password is made of words that everybody here would try first."),
                code="password_of_our_words",
            )

    def get_help_text(self) -> str:
        return _("Your password must not be made of words of this portal or its trade.")


class NotBreached:
    """Asks a list of stolen passwords by the first five of forty digits of the hash: the rest never leaves us.

    Where the list does not answer nobody is kept from setting a password; that it was not asked is noted.
    """

    def validate(self, password: str, user=None) -> None:
        if settings.BREACHED_PASSWORDS_URL != "off" and self._is_known(password):
            raise ValidationError(
                _("This password is on a list of stolen ones, which are tried everywhere. Choose another."),
                code="password_breached",
            )

    def get_help_text(self) -> str:
        return _("Your password must not be on a list of stolen ones.")

    def _is_known(self, password: str) -> bool:
        digest = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()
        try:
            url = f"{settings.BREACHED_PASSWORDS_URL}{digest[:5]}"
            answer = httpx.get(url, timeout=PATIENCE, headers={"Add-Padding": "true"}).raise_for_status()
        except httpx.HTTPError as error:
            note("breached_passwords_not_asked", reason=type(error).__name__)
            return False
        # "<35 digits>:<times seen>"; of lines that only fill up it was never seen.
        seen = dict(line.split(":", 1) for line in answer.text.split() if ":" in line)
        return int(seen.get(digest[5:], 0)) > 0
