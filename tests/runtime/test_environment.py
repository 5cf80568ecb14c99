import os
import re
import stat
import time

import pytest

from portal.runtime import environment, heartbeat
from portal.runtime.console import main


def test_comments_and_empty_values_count_as_not_given(folder):
    (folder / ".env").write_text(
        "# PORT=1\n\nPORT=8001\nDATABASE_URL=\nEMAIL_FROM='Portolan <a@b.example>'\nexport DEBUG=0\n"
    )

    assert environment.read(folder / ".env") == {"PORT": "8001", "EMAIL_FROM": "Portolan <a@b.example>", "DEBUG": "0"}


def test_a_missing_file_gives_nothing(folder):
    assert environment.read(folder / "none") == {}


def test_secrets_are_readable_by_their_owner_alone(folder):
    environment.write(folder / "environment", {"SECRET_KEY": "s"})
    environment.update(folder / "environment", BANK_SECRET="b")

    assert environment.read(folder / "environment") == {"SECRET_KEY": "s", "BANK_SECRET": "b"}
    assert stat.S_IMODE((folder / "environment").stat().st_mode) == 0o600


@pytest.fixture
def clean_environ(monkeypatch):
    """Puts back every variable that a test sets."""
    before = dict(os.environ)
    for name in (*environment.SHARED, environment.ADOPTED):
        os.environ.pop(name, None)
    yield
    os.environ.clear()
    os.environ.update(before)


def test_manage_py_by_hand_finds_the_world_and_is_overruled_by_what_is_set(folder, clean_environ):
    environment.write(folder / "environment", {"DATABASE_URL": "postgres://kept", "BANK_URL": "http://kept", "X": "1"})
    os.environ |= {"WORLD_DIR": str(folder), "BANK_URL": "http://set"}

    environment.load()

    assert os.environ["DATABASE_URL"] == "postgres://kept"
    assert os.environ["BANK_URL"] == "http://set"
    assert "X" not in os.environ


def test_what_a_running_world_told_is_not_taken_for_given_from_outside(folder, clean_environ):
    environment.write(folder / "environment", {"DATABASE_URL": "postgres://kept"})
    os.environ |= {"WORLD_DIR": str(folder), "BROKER_URL": "amqp://outside"}

    environment.load()

    assert "DATABASE_URL" not in environment.given()
    assert environment.given()["BROKER_URL"] == "amqp://outside"


def test_the_example_lists_every_variable_that_is_read():
    sources = [
        environment.PROJECT / "portal" / name for name in ("settings.py", "runtime/programs.py", "runtime/world.py")
    ]
    reading = re.compile(r"""(?:text|flag|number|few)\((?:env, )?"([A-Z_]+)"|env\.get\("([A-Z_]+)\"""")
    read = {first or second for source in sources for first, second in reading.findall(source.read_text())}

    listed = set(re.findall(r"^# ([A-Z_]+)=", (environment.PROJECT / ".env.example").read_text(), re.MULTILINE))

    assert read - listed == set()


def test_a_schedule_that_left_no_sign_of_life_for_a_minute_is_not_alive(folder, monkeypatch):
    monkeypatch.setenv("WORLD_DIR", str(folder))
    assert main(["alive", "beat"]) == 1

    heartbeat.leave()
    assert main(["alive", "beat"]) == 0

    before = time.time() - heartbeat.STALE_SECONDS - 1
    os.utime(folder / heartbeat.NAME, (before, before))
    assert main(["alive", "beat"]) == 1


def test_who_asks_for_a_worker_outside_of_its_environment_is_told_so(folder, clean_environ, capsys):
    os.environ["WORLD_DIR"] = str(folder)

    assert main(["alive", "worker"]) == 2
    assert capsys.readouterr().out == "BROKER_URL is not set: ask in the environment of the servers.\n"
