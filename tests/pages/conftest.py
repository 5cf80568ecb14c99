"""Pages as people open them: signed in, acting for their party."""

import pytest
from django.test import Client

from accounts.parties.models import User


@pytest.fixture
def as_user():
    """`as_user("hana@harbour.example")` is a browser in which she has signed in."""

    def browser(email: str) -> Client:
        client = Client()
        client.force_login(User.objects.get(email=email), backend="django.contrib.auth.backends.ModelBackend")
        return client

    return browser
