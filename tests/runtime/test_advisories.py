"""The audit of what we install: it fails upon what is known, and says so where nobody could be asked."""

import json
import sys

from portal.runtime.advisories import Answer, ask, of_npm, of_pip, verdict

VULNERABLE = {"id": "PYSEC-2026-1", "aliases": ["CVE-2026-1"], "fix_versions": ["2.1"], "description": "x"}


def pip(*packages: dict) -> str:
    return json.dumps({"dependencies": packages, "fixes": []})


def test_a_known_vulnerability_of_a_python_package_fails_and_is_named():
    sound, hurt = {"name": "a", "version": "1", "vulns": []}, {"name": "b", "version": "2.0", "vulns": [VULNERABLE]}
    answer = of_pip(pip(sound, hurt))
    assert verdict("PyPI", answer) == (
        ["PyPI: 1 known vulnerabilities", "  b 2.0: PYSEC-2026-1 (mended in 2.1)"], 1,
    )  # fmt: skip


def test_what_was_decided_to_be_lived_with_fails_no_more(monkeypatch):
    monkeypatch.setattr("portal.runtime.advisories.ACCEPTED", {"CVE-2026-1": "not reached: we parse no x"})
    assert of_pip(pip({"name": "b", "version": "2.0", "vulns": [VULNERABLE]})).found == []


def test_packages_that_the_service_does_not_know_are_not_passed_over_in_silence():
    unknown = {"name": "c", "skip_reason": "Dependency not found"}
    assert verdict("PyPI", of_pip(pip(unknown, unknown))) == (
        ["!! PyPI COULD NOT BE ASKED for known vulnerabilities: it knew none of 2 packages. Nothing was checked."], 0,
    )  # fmt: skip
    lines, code = verdict("PyPI", of_pip(pip(unknown, {"name": "a", "version": "1", "vulns": []})))
    assert (lines, code) == (["PyPI: no known vulnerability in 1 packages; !! of 1 others nothing is known"], 0)


def test_a_known_vulnerability_of_a_browser_package_fails_once_where_it_lies():
    advisory = {"url": "https://github.com/advisories/GHSA-1", "range": "<3", "severity": "high", "title": "Bad"}
    said = {
        "vulnerabilities": {"deep": {"via": [advisory]}, "above": {"via": ["deep"]}},
        "metadata": {"dependencies": {"total": 7}},
    }
    assert verdict("npm", of_npm(json.dumps(said))) == (
        ["npm: 1 known vulnerabilities", "  deep <3: https://github.com/advisories/GHSA-1 (high: Bad)"], 1,
    )  # fmt: skip


def test_a_service_that_refuses_is_said_and_does_not_fail():
    answer = of_npm(json.dumps({"message": "405 Method Not Allowed", "method": "POST"}))
    assert answer == Answer(failure="405 Method Not Allowed")
    assert verdict("npm", answer)[1] == 0


def test_a_service_that_answers_slowly_holds_nobody_up():
    answer = ask([sys.executable, "-c", "import time; time.sleep(60)"], of_pip, patience=0.2)
    assert answer == Answer(failure="no answer within 0.2 s")


def test_an_audit_that_breaks_is_told_by_its_last_words():
    code = "import sys; print('no network', file=sys.stderr); sys.exit(1)"
    assert ask([sys.executable, "-c", code], of_pip) == Answer(failure="no network")
    assert ask(["/no/such/program"], of_npm).failure.startswith("[Errno 2]")
