"""How the secrets of a machine are kept."""

import hashlib
import time
from collections.abc import Sequence
from datetime import datetime

from django.contrib.auth.hashers import BasePasswordHasher, mask_hash
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext_noop as _


def digest_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


class SecretHasher(BasePasswordHasher):
    """One SHA-256 each, for secrets of 256 random bits only: "secret_sha256$<hex>,<hex>@<epoch>".

    Slow hashes make guessable passwords expensive to guess. A secret that nobody can guess gains nothing from them, and
    a thousand machines that ask for tokens at once would only wait. Never first in PASSWORD_HASHERS: people's passwords
    are hashed by what stands there.

    While a secret is changed for another both hold, each until its instant.
    """

    algorithm = "secret_sha256"

    def salt(self) -> str:
        return ""

    def encode(self, password: str, salt: str = "") -> str:
        return self.together([(digest_of(password), None)])

    @classmethod
    def together(cls, secrets: Sequence[tuple[str, datetime | None]]) -> str:
        """Digests with the instant at which each ends, None where it does not, as one value."""
        parts = (f"{digest}@{int(until.timestamp())}" if until else digest for digest, until in secrets)
        return f"{cls.algorithm}${','.join(parts)}"

    def decode(self, encoded: str) -> dict:
        algorithm, digests = encoded.split("$", 1)
        return {"algorithm": algorithm, "hash": digests, "salt": ""}

    def verify(self, password: str, encoded: str) -> bool:
        digest, now, found = digest_of(password), time.time(), False
        for part in self.decode(encoded)["hash"].split(","):
            known, at, until = part.partition("@")
            found |= constant_time_compare(digest, known) and (not at or now < int(until))
        return found

    def safe_summary(self, encoded: str) -> dict:
        return {_("algorithm"): self.algorithm, _("hash"): mask_hash(self.decode(encoded)["hash"])}

    def must_update(self, encoded: str) -> bool:
        return False

    def harden_runtime(self, password: str, encoded: str) -> None:
        """Nothing to harden: the work does not depend on the secret."""
