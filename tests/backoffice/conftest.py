"""The operator's people in the back office."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.parties.models import Membership, User
from accounts.trail.models import Delivery, Event
from accounts.trail.services import News, record
from portal.backoffice.site import site
from portal.shared.access import SYSTEM_ACTOR
from portal.shared.database import acting
from tests import world
from tests.pages.conftest import as_user
from tests.world import NOW

__all__ = ["as_user"]


@pytest.fixture
def lending(db):
    return world.lending()


@pytest.fixture
def wim(lending, as_user):
    """Maker of the operator."""
    return as_user("wim@watch.example")


@pytest.fixture
def wanda(lending, as_user):
    """Checker of the operator."""
    return as_user("wanda@watch.example")


@pytest.fixture
def vito(lending, as_user):
    """Who may look at the operator's, and nothing else."""
    user = User.objects.create(email="vito@watch.example", full_name="Vito", password="!")
    Membership.objects.create(user=user, party=lending.cast.watch, role="VIEWER", created_at=NOW)
    return as_user("vito@watch.example")


def address(model, view: str = "changelist", *args) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{view}", args=args)


def registered() -> list:
    return sorted(site._registry, key=lambda model: model._meta.label_lower)


def do(browser: Client, act: str, *rows, **more):
    """Choose an act for rows in their list, and confirm it."""
    data = {"action": act, "_selected_action": [row.pk for row in rows], "select_across": "0", "confirmed": "1"}
    return browser.post(address(type(rows[0])), data | more, follow=True)


def parked(subject, count: int = 1, state: str = "PARKED") -> list[Delivery]:
    """Deliveries about something that have come to nothing."""
    with acting(SYSTEM_ACTOR):
        events = record(SYSTEM_ACTOR, NOW, [News("thing.done", subject, ()) for _ in range(count)])
    return [
        Delivery.objects.create(
            event=event, subscriber="advances.decide", subject="advances.application:7", state=state, attempts=8,
            due_at=NOW, last_error="ValueError: no such luck",
        )
        for event in events
    ]  # fmt: skip


def names_of(*names: str) -> list[Event]:
    return list(Event.objects.filter(name__in=names).order_by("id"))
