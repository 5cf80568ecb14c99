"""The named cast with the operator's people, and what they do again and again."""

from decimal import Decimal

import pytest
from django.test import Client

from accounts.parties import services
from accounts.parties.models import BusinessVerification, Party, User
from accounts.parties.services import Owner
from tests import world


@pytest.fixture
def cast(db) -> world.Cast:
    return world.cast()


@pytest.fixture
def committed_cast(committed_db) -> world.Cast:
    return world.cast()


@pytest.fixture
def prospect(db) -> Party:
    """A supplier that its own first user has just signed up."""
    return signed_up("nora@novum.example", "Novum", "HRB 7")


def signed_up(email: str, name: str, number: str) -> Party:
    user = User.objects.create_user(email)
    return services.register_supplier(user=user, name=name, country="DE", registration_number=number, now=world.NOW)


NORA_NOVAK = Owner("Nora Novak", "DE", Decimal(60))


def submitted(party: Party, email: str, owners=(NORA_NOVAK,)) -> BusinessVerification:
    return services.submit_verification(
        actor=world.as_member(email), party_id=party.id, legal_name=f"{party.name} GmbH", country="DE",
        registration_number=party.registration_number, address="Quay 1", owners=list(owners), now=world.NOW,
    )  # fmt: skip


def screened(verification: BusinessVerification, *, clear: bool = True, by: str = "wim@watch.example"):
    return services.screen(
        actor=world.as_member(by), verification_id=verification.id, clear=clear, note="Lists of the day.",
        now=world.NOW,
    )  # fmt: skip


def decided(verification, *, approve: bool = True, by: str = "wanda@watch.example", today=world.TODAY):
    return services.decide_verification(
        actor=world.as_member(by), verification_id=verification.id, approve=approve, note="As declared.",
        today=today, now=world.NOW,
    )  # fmt: skip


def browser_of(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client
