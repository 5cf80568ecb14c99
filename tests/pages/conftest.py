"""Pages as people open them: signed in, acting for their party."""

import pytest
from django.test import Client

from accounts.parties.models import User
from tests.wall.alike import compared


@pytest.fixture(autouse=True)
def nothing_is_missing_before_the_wall():
    """What the database keeps from a page is nothing that the page asks for."""
    with compared() as differing:
        yield
    assert differing == []


@pytest.fixture
def as_user():
    """`as_user("hana@harbour.example")` is a browser in which she has signed in."""

    def browser(email: str) -> Client:
        client = Client()
        client.force_login(User.objects.get(email=email), backend="django.contrib.auth.backends.ModelBackend")
        return client

    return browser
