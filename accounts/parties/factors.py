"""Second factors: of whom one is asked, and how apps and recovery codes lie in the database (portal.shared.sealing)."""

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from portal.shared.access import Actor, approves_or_pays
from portal.shared.sealing import is_sealed_now, seal, unseal

READABLE = ("secret", "seed")
"""What allauth has to read again: of an app its secret, of recovery codes what they are made of."""


def lacks_factor(actor: Actor) -> bool:
    """Whether it has to set one up before anything else."""
    asked = settings.SECOND_FACTOR_FOR == "everybody" or approves_or_pays(actor)
    return actor.has_second_factor is False and asked


def asked_to_set_up() -> str:
    """What is said to whom it is asked of."""
    if settings.SECOND_FACTOR_FOR == "everybody":
        return _("Set up a second factor first: nobody comes in here by a password alone.")
    return _("Set up a second factor first: you may approve or pay.")


class Sealing(DefaultMFAAdapter):
    def encrypt(self, text: str) -> str:
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        return unseal(encrypted_text)


def seal_all() -> int:
    """Seal under the present key what lies open, or under the one before. Returns how many were. Raises WrongKey."""
    return sum(_seal(pk) for pk in Authenticator.objects.order_by("pk").values_list("pk", flat=True))


def _seal(pk: int) -> bool:
    with transaction.atomic():
        found = Authenticator.objects.select_for_update(no_key=True).filter(pk=pk).first()
        changed = sealed_anew(found.data) if found else {}
        if changed:
            found.data |= changed
            found.save(update_fields=["data"])
    return bool(changed)


def sealed_anew(data: dict) -> dict:
    """Of what an authenticator keeps, that which does not lie under the present key: as it should lie."""
    return {name: seal(unseal(data[name])) for name in READABLE if name in data and not is_sealed_now(data[name])}
