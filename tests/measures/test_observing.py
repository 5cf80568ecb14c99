"""The line of a request: what a machine needs, and no address that opens a door."""

import logging

import pytest
from django.test import Client, RequestFactory
from django.urls import resolve

from portal.logs import WithoutSecrets
from portal.observing import logger

pytestmark = pytest.mark.django_db


@pytest.fixture
def lines(caplog, monkeypatch):
    monkeypatch.setattr(logger, "disabled", False)  # import-linter, which a test runs, silences whoever it finds
    caplog.set_level(logging.INFO, logger.name)
    return caplog


@pytest.mark.parametrize(
    ("address", "shown", "route"),
    [
        ("/accounts/login/", "/accounts/login/", "account_login"),
        ("/api/v1/applications/17/", "/api/v1/applications/17/", None),
        ("/invitation/a-secret/", "/invitation/…/", "invitation"),
        ("/invitation/a-secret", "/invitation/…", "unmatched"),
        ("/accounts/password/reset/key/1-a-secret/", "/accounts/password/reset/key/1-…/", None),
        ("/nowhere/a-secret", "/nowhere/…", "unmatched"),
    ],
)
def test_an_address_is_told_by_its_route_and_without_its_secrets(lines, address, shown, route):
    answer = Client().get(address, headers={"X-Request-ID": "a-request-id"})

    [line] = [each for each in lines.records if each.name == logger.name]
    assert (line.method, line.path, line.status) == ("GET", shown, answer.status_code)
    assert line.milliseconds > 0
    assert route in (None, line.route)
    assert "a-secret" not in line.getMessage()


def test_an_address_that_failed_on_our_side_is_told_by_nobody_in_full():
    request = RequestFactory().get("/invitation/a-secret/")
    request.resolver_match = resolve(request.path)
    line = logging.LogRecord("django.request", logging.ERROR, "", 0, "%s: %s", ("Gone wrong", request.path), None)
    line.request = request

    assert WithoutSecrets().filter(line)

    assert line.getMessage() == "Gone wrong: /invitation/…/"
