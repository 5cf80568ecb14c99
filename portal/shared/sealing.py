"""Secrets that have to be read again (second factors): kept under a key that the database does not know.

Fernet: AES-128-CBC with HMAC-SHA-256. `SEALING_KEY` seals; `SEALING_KEY_BEFORE` still opens, until all was sealed anew
(`manage.py seal_secrets`).
"""

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

MARK = "fernet:"


class WrongKey(Exception):
    """Neither key opens what was kept: SEALING_KEY was changed without naming the one before."""


def seal(text: str) -> str:
    return MARK + _box().encrypt(text.encode()).decode()


def unseal(kept: str) -> str:
    """What was kept before there was a key is given as it lies there. Raises WrongKey."""
    if not kept.startswith(MARK):
        return kept
    try:
        return _box().decrypt(kept.removeprefix(MARK)).decode()
    except InvalidToken:
        raise WrongKey(
            "SEALING_KEY does not open a kept secret; name the key of before as SEALING_KEY_BEFORE."
        ) from None


def is_sealed_now(kept: str) -> bool:
    """Whether the present key alone opens it."""
    try:
        Fernet(_derived(settings.SEALING_KEY)).decrypt(kept.removeprefix(MARK))
    except InvalidToken:
        return False
    return kept.startswith(MARK)


def _box() -> MultiFernet:
    return MultiFernet([Fernet(_derived(key)) for key in (settings.SEALING_KEY, settings.SEALING_KEY_BEFORE) if key])


def _derived(key: str) -> bytes:
    """Fernet wants 32 bytes: of any long random text, as the other secrets are."""
    return base64.urlsafe_b64encode(hashlib.sha256(f"portolan.sealing:{key}".encode()).digest())
