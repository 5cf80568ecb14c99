"""What the log says is a line of ours, for people and machines, whatever somebody put into it."""

import json
import logging
import logging.config
import sys

import pytest

from portal import logs
from portal.shared import security

FORGED = "refused\n2026-03-02T09:00:00+0000 INFO portolan.security signed_in user=1\u2028\x1b[2J"


def formatter(form: str) -> logging.Formatter:
    configured = logging.config.DictConfigurator(logs.config(form, "INFO"))
    return configured.configure_formatter(configured.config["formatters"]["json" if form == "json" else "line"])


def record(message: str, **facts) -> logging.LogRecord:
    made = logging.LogRecord("portal", logging.INFO, __file__, 1, message, (), facts.pop("exc_info", None))
    made.__dict__.update(facts)
    return made


@pytest.mark.parametrize("form", ["text", "json"])
def test_nobody_begins_a_line_of_the_log_or_moves_a_terminal(form):
    said = formatter(form).format(record(FORGED))
    assert "\x1b" not in said and len(said.splitlines()) == 1
    assert "signed_in user=1" in said


def test_what_failed_follows_its_line_set_in():
    try:
        raise ValueError(FORGED)
    except ValueError:
        said = formatter("text").format(record("It failed.", exc_info=sys.exc_info()))
    first, *below = said.splitlines()
    assert first.endswith("It failed.") and below and all(line.startswith("  ") for line in below)


def test_what_concerns_security_is_told_to_machines_as_facts(monkeypatch):
    kept = []
    monkeypatch.setattr(security.logger, "disabled", False)
    monkeypatch.setattr(security.logger, "handle", kept.append)
    security.note("sign_in_failed", method="password")
    line = json.loads(formatter("json").format(kept[0]))
    assert (line["logger"], line["what"], line["facts"]) == (
        "portolan.security", "sign_in_failed", {"method": "password"},
    )  # fmt: skip
