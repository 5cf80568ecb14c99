"""Amphora's people at their pages, with most of a year of trade and four invoices accepted."""

import pytest
from django.test import Client

from accounts.parties.models import User
from tests import world


def browser_of(email: str) -> Client:
    browser = Client()
    browser.force_login(User.objects.get(email=email), backend="django.contrib.auth.backends.ModelBackend")
    return browser


@pytest.fixture
def lending(db):
    return world.lending(now=world.NOW)


@pytest.fixture
def trading(lending):
    """Amphora can have something now."""
    world.trade(lending.cast.amphora, lending.cast.meridian)
    for number in range(4):
        world.receivable(lending.cast.amphora, lending.cast.meridian, f"A-{number}", 2_000_00)
    return lending


@pytest.fixture
def ana(lending):
    """May do everything for Amphora."""
    return browser_of("ana@amphora.example")


@pytest.fixture
def aldo(lending):
    """May look."""
    return browser_of("aldo@amphora.example")


@pytest.fixture
def ben(lending):
    """Acts for Bellows, another supplier."""
    return browser_of("ben@bellows.example")
