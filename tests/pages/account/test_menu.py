"""The menu of who is signed in."""

import pytest

from accounts.parties.models import User
from tests import world

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("full_name", "shown"), [("Ana Amaral", "Ana Amaral"), ("", "ana@amphora.example")])
def test_it_names_who_is_signed_in_and_who_has_no_name_by_the_address(as_user, full_name, shown):
    world.cast()
    User.objects.filter(email="ana@amphora.example").update(full_name=full_name)
    page = as_user("ana@amphora.example").get("/", follow=True).content.decode()
    assert f"<strong>{shown}</strong><span>ana@amphora.example</span>" in page
