"""Which passwords nobody may set."""

import hashlib
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test.utils import override_settings

from portal.shared.security import logger

STOLEN, FILLED_UP, GOOD = "correct horse battery", "seven herons over", "a quay by the sea"


class Listed(BaseHTTPRequestHandler):
    """A list as the real one answers: ends of hashes that begin as asked, with how often they were seen."""

    asked: list[str] = []

    def do_GET(self):
        Listed.asked.append(self.path)
        lines = [f"{hashlib.sha1(each.encode()).hexdigest().upper()[5:]}:{seen}" for each, seen in
                 ((STOLEN, 412), (FILLED_UP, 0))]  # fmt: skip
        self.send_response(200)
        self.end_headers()
        self.wfile.write("\r\n".join(lines).encode())

    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def listed():
    server = HTTPServer(("127.0.0.1", 0), Listed)
    Thread(target=server.serve_forever, daemon=True).start()
    with override_settings(BREACHED_PASSWORDS_URL=f"http://127.0.0.1:{server.server_port}/range/"):
        yield
    server.shutdown()
    server.server_close()


def refusals(password: str) -> list[str]:
    try:
        validate_password(password)
    except ValidationError as error:
        return [each.code for each in error.error_list]
    return []


def test_a_stolen_password_is_refused_and_only_the_beginning_of_its_hash_is_told(listed):
    Listed.asked.clear()
    assert refusals(STOLEN) == ["password_breached"]
    digest = hashlib.sha1(STOLEN.encode()).hexdigest().upper()
    assert Listed.asked == [f"/range/{digest[:5]}"]
    assert refusals(FILLED_UP) == [] and refusals(GOOD) == []


def test_where_the_list_does_not_answer_a_password_can_be_set_and_that_is_noted(caplog, monkeypatch):
    monkeypatch.setattr(logger, "disabled", False)  # by the linter of imports, where it is loaded
    with override_settings(BREACHED_PASSWORDS_URL="http://127.0.0.1:9/"):
        assert refusals(STOLEN) == []
    assert 'breached_passwords_not_asked reason="ConnectError"' in caplog.text


@pytest.mark.parametrize("password", ["Portolan-2026!", "supplier-admin", "FINANCEportal1234", "bankbankbank77"])
def test_words_of_the_portal_make_no_password(password):
    assert refusals(password) == ["password_of_our_words"]


@pytest.mark.parametrize("password", [GOOD, "portolan of seven seas", "ä" * 7 + "🚢 und mehr", "x7!" * 40])
def test_any_other_characters_do_and_as_many_as_one_likes(password):
    assert refusals(password) == []


def test_eleven_characters_are_too_few():
    assert refusals("quay by sea") == ["password_too_short"]
