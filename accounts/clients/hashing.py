"""How the secret of a machine is kept."""

import hashlib

from django.contrib.auth.hashers import BasePasswordHasher, mask_hash
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext_noop as _


class SecretHasher(BasePasswordHasher):
    """One SHA-256, for secrets of 256 random bits only.

    Slow hashes make guessable passwords expensive to guess. A secret that nobody can guess gains nothing from them, and
    a thousand machines that ask for tokens at once would only wait. Never first in PASSWORD_HASHERS: people's passwords
    are hashed by what stands there.
    """

    algorithm = "secret_sha256"

    def salt(self) -> str:
        return ""

    def encode(self, password: str, salt: str = "") -> str:
        return f"{self.algorithm}${hashlib.sha256(password.encode()).hexdigest()}"

    def decode(self, encoded: str) -> dict:
        algorithm, digest = encoded.split("$", 1)
        return {"algorithm": algorithm, "hash": digest, "salt": ""}

    def verify(self, password: str, encoded: str) -> bool:
        return constant_time_compare(self.encode(password), encoded)

    def safe_summary(self, encoded: str) -> dict:
        return {_("algorithm"): self.algorithm, _("hash"): mask_hash(self.decode(encoded)["hash"])}

    def must_update(self, encoded: str) -> bool:
        return False

    def harden_runtime(self, password: str, encoded: str) -> None:
        """Nothing to harden: the work does not depend on the secret."""
