"""Machines that call the API for the cast, with tokens that they asked for like anybody else."""

import base64
import json
from dataclasses import dataclass

import pytest
from django.test import Client as Browser

from accounts.clients.services import create_clients
from accounts.parties.models import User
from portal.shared.access import MAKER, SYSTEM_ACTOR
from tests import world
from tests.wall.alike import compared
from tests.world import NOW

TOKEN_URL = "/identity/o/api/token"

WIRE = Browser()
"""One client for all callers, who bring no cookies: each new one would load every middleware anew."""


@pytest.fixture(autouse=True)
def nothing_is_missing_before_the_wall():
    """What the database keeps from a page is nothing that the page asks for."""
    with compared() as differing:
        yield
    assert differing == []


def basic(client_id: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()


def ask_token(client_id: str, secret: str, **form):
    form = {"grant_type": "client_credentials"} | form
    return WIRE.post(TOKEN_URL, form, headers={"Authorization": basic(client_id, secret)})


@dataclass
class Caller:
    """One machine with its token. Answers have `.json()`; bodies are given as data, or as bytes with their type."""

    token: str
    wire: Browser = WIRE

    def get(self, path: str, **headers):
        return self.wire.get(f"/api/v1/{path}", headers=self._headers(headers))

    def post(self, path: str, body=None, content_type: str = "application/json", **headers):
        content = body if isinstance(body, bytes) else json.dumps(body) if body is not None else b""
        return self.wire.post(f"/api/v1/{path}", content, content_type, headers=self._headers(headers))

    def send(self, method: str, path: str, body=None, **headers):
        content = json.dumps(body) if body is not None else b""
        return getattr(self.wire, method)(
            f"/api/v1/{path}", content, content_type="application/json", headers=self._headers(headers)
        )

    def _headers(self, headers: dict) -> dict:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return {"Authorization": f"Bearer {self.token}"} | named if self.token else named


def caller_for(party, role: str = MAKER) -> Caller:
    ((bound, secret),) = create_clients(actor=SYSTEM_ACTOR, party_ids=[party.id], name="erp", role=role, now=NOW)
    return Caller(ask_token(bound.client_id, secret).json()["access_token"])


def person(email: str) -> Caller:
    """Somebody who is signed in to the pages, and calls by that session."""
    caller = Caller("", Browser())
    caller.wire.force_login(User.objects.get(email=email))
    return caller


STRANGER = Caller("")


@pytest.fixture
def lending(db):
    return world.lending()
