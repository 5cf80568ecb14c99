"""Every secret is changed while people and machines go on."""

import base64
import secrets

import httpx
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection

from accounts.parties.models import User
from portal.middleware import SESSION_PARTY
from portal.sandbox.bank.client import BankClient
from tests.drills.house import House, as_superuser
from tests.faults.lives import born, ordinary


def all_secrets_are_changed_and_nobody_is_sent_away(house: House) -> None:
    world, life = house.world, born(house, ordinary, "Secretive")
    browser = signed_in(house)
    assert stays(browser)
    old, new = world.environment["SECRET_KEY"], secrets.token_urlsafe(50)
    password, token = secrets.token_hex(16), secrets.token_hex(16)
    bank_secret = f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"
    house.exchange(DATABASE_PASSWORD_NEXT=password)
    house.restart("web", "worker", "background", "beat")
    with as_superuser(house) as superuser:
        superuser.execute(f"ALTER ROLE app PASSWORD '{password}'")
    assert httpx.get(f"{world.url}/health/ready", trust_env=False).json()["status"] == "ready"
    was = metrics(house, world.environment["METRICS_TOKEN"])
    url = world.environment["DATABASE_URL"].split("@")[1]
    house.exchange(SECRET_KEY=new, SECRET_KEY_BEFORE=old, METRICS_TOKEN=token, BANK_SECRET=bank_secret,
                   DATABASE_URL=f"postgres://app:{password}@{url}", DATABASE_PASSWORD_NEXT="")  # fmt: skip
    house.restart("bank", "web", "worker", "background", "beat")
    connection.close()
    connection.settings_dict["PASSWORD"] = password
    house.bank = BankClient(house.world.bank_url, bank_secret)

    assert stays(browser)
    assert (was, metrics(house, token), metrics(house, "of-before")) == (200, 200, 404)
    life.live(life)  # its token of before holds, the bank takes what is signed anew, and is heard
    house.exchange(SECRET_KEY_BEFORE="")
    house.restart("web")
    assert stays(browser)  # who was seen meanwhile is signed in under the new key alone


def signed_in(house: House) -> httpx.Client:
    """A person of the funder, by the key of before."""
    user = User.objects.get(email="hana@harbour.example")
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session[SESSION_PARTY] = house.cast.harbour.id
    session.create()
    cookies = {settings.SESSION_COOKIE_NAME: session.session_key}
    return httpx.Client(base_url=house.world.url, cookies=cookies, timeout=30, trust_env=False)


def stays(browser: httpx.Client) -> bool:
    """Whether it is shown its page; who is not signed in is sent to the door."""
    return browser.get("/funding/").status_code == 200


def metrics(house: House, token: str) -> int:
    answer = httpx.get(f"{house.world.url}/metrics", headers={"Authorization": f"Bearer {token}"}, trust_env=False)
    return answer.status_code


DRILLS = (all_secrets_are_changed_and_nobody_is_sent_away,)
