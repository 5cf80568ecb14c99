"""hordak's own environment and database, made where they are missing, and its rate."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import psycopg

from portal.runtime import postgres
from portal.runtime.environment import PROJECT
from portal.runtime.world import World
from tests.bench import crowd

NAME = "hordak"
REQUIREMENTS = Path(__file__).with_name("requirements.txt")


def prepare(running: World, accounts: int) -> Path:
    """A database with as many accounts of each kind; the interpreter that serves it."""
    python = _environment()
    owner = running.environment["OWNER_DATABASE_URL"]
    os.environ["HORDAK_DATABASE_URL"] = f"{owner.rpartition('/')[0]}/{NAME}"
    with psycopg.connect(running.postgres.superuser_url, autocommit=True) as superuser:
        postgres.create_database(superuser, NAME)
    crowd.per_second("tests.bench.hordak.project:open_accounts", [{"count": accounts}], python)
    return python


def per_second(python: Path, clients: int, entries: int) -> float:
    arguments = [{"client_number": number, "entries": entries} for number in range(clients)]
    return crowd.per_second("tests.bench.hordak.project:book_entries", arguments, python)


def _environment() -> Path:
    """Installed once for what requirements.txt says."""
    folder = PROJECT / "var" / f"hordak-{hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]}"
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "-r", REQUIREMENTS], check=True)
        (folder / "complete").touch()
    return python
