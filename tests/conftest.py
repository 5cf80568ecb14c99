"""Tests run on a real PostgreSQL: migrated as `owner`, used as `app`, as the portal is.

`db`            each test in a transaction that is rolled back (commit hooks do not run)
`committed_db`  each test commits for real; everything is emptied afterwards, as `owner`
"""

import os
from collections import Counter

import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.utils import translation
from xdist.scheduler import LoadFileScheduling

from portal.runtime import postgres, prepare

STORIES = "tests/stories/"
# Servers within the tests read files where they are, whatever was gathered here before.
settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
# Each client of a test would list all gathered files again: near half of the time of a test of pages.
settings.WHITENOISE_AUTOREFRESH = True
# What makes passwords slow to try makes tests slow, too: tests of passwords alone take the slow ones back.
SLOW_HASHERS = settings.PASSWORD_HASHERS
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *SLOW_HASHERS]
KEPT_TABLES = {"django_migrations", "django_content_type", "auth_permission"}


LONG = (
    "tests/walks/test_everybody.py",
    "tests/browser/test_reading.py",
    "tests/runtime/test_run.py",
    STORIES,
    "tests/browser/test_sign_in.py",
    "tests/browser/test_days.py",
    "tests/browser/test_first_days.py",
    "tests/walks/test_statements.py",
    "tests/browser/test_appearance.py",
    "tests/api/test_fuzzing.py",
    "tests/runtime/test_servers.py",
    "tests/banking/iso20022/test_round_trip.py",
    "tests/browser/test_weight.py",
    "tests/demo/test_seed_world.py",
    "tests/drills/test_short.py",
)
"""Files that take twenty seconds and more, the longest first."""


class ByHouse(LoadFileScheduling):
    """The tests of one file run in one worker and share what it sets up; all stories share one running house."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return STORIES if file.startswith(STORIES) else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log) -> ByHouse:
    config.option.loadscopereorder = False  # in the order of the items, which is ours
    return ByHouse(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest first, so that no process is left alone with it at the end; then whatever has most tests."""
    house = {item: STORIES if item.nodeid.startswith(STORIES) else item.nodeid.split("::")[0] for item in items}
    many = Counter(house.values())
    ranks = {name: number for number, name in enumerate(LONG)}
    items.sort(key=lambda item: (ranks.get(house[item], len(LONG)), -many[house[item]]))


def _urls() -> dict[str, str]:
    missing = [name for name in ("SUPERUSER_DATABASE_URL", "OWNER_DATABASE_URL") if not os.environ.get(name)]
    if missing:
        pytest.exit(f"Run the tests by `make test`: {' and '.join(missing)} of a test server are not set.", 4)
    return {"superuser": os.environ["SUPERUSER_DATABASE_URL"], "owner": os.environ["OWNER_DATABASE_URL"]}


def _with_database(url: str, name: str) -> str:
    return url.rsplit("/", 1)[0] + "/" + name


def _use(url: str) -> None:
    connection.close()
    connection.settings_dict.update(settings_database(url))


def settings_database(url: str) -> dict:
    from portal.settings import database

    return {key: value for key, value in database(url).items() if key in {"NAME", "USER", "PASSWORD", "HOST", "PORT"}}


@pytest.fixture(scope="session")
def django_db_setup(request, django_db_blocker):
    """A database of this worker's own, cloned from one that was migrated once per set of migrations."""
    urls = _urls()
    worker = getattr(request.config, "workerinput", {}).get("workerid", "main")
    migrations, name = prepare.migrations(), f"test_{worker}_{os.getpid()}"
    template = f"template_{migrations}"
    app = _with_database(os.environ["DATABASE_URL"], name)
    with psycopg.connect(urls["superuser"], autocommit=True) as server, django_db_blocker.unblock():
        server.execute("SELECT pg_advisory_lock(7001)")
        if not server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [template]).fetchone():
            # Left by a run whose migrations failed.
            server.execute(f'DROP DATABASE IF EXISTS "{template}_draft" WITH (FORCE)')
            postgres.create_database(server, f"{template}_draft")
            with psycopg.connect(_with_database(urls["superuser"], f"{template}_draft"), autocommit=True) as fresh:
                postgres.grant(fresh)
            _use(_with_database(urls["owner"], f"{template}_draft"))
            call_command("migrate", verbosity=0)
            connection.close()
            server.execute(f'ALTER DATABASE "{template}_draft" RENAME TO "{template}"')
        postgres.create_database(server, name, template)
        # As the launcher writes it: a house that is started on this database need not look again.
        server.execute(f"COMMENT ON DATABASE \"{name}\" IS 'migrations {migrations}'")
        server.execute("SELECT pg_advisory_unlock(7001)")
    _use(app)
    settings.DATABASES["default"] |= settings_database(app)
    yield
    with django_db_blocker.unblock():
        connection.close()
    with psycopg.connect(urls["superuser"], autocommit=True) as server:
        server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def empty_database() -> None:
    """Take every row away and begin all numbers anew. Most tables are empty: to truncate them all takes ten times as
    long. Whoever still writes is waited for."""
    with psycopg.connect(_with_database(_urls()["superuser"], connection.settings_dict["NAME"])) as server:
        server.execute("SET session_replication_role = replica")  # no trigger and no foreign key has a say
        found = server.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        tables = sorted({name for (name,) in found} - KEPT_TABLES)
        server.execute(f"LOCK TABLE {', '.join(map(quoted, tables))} IN EXCLUSIVE MODE")
        filled = server.execute(" UNION ALL ".join(f"(SELECT '{t}' FROM {quoted(t)} LIMIT 1)" for t in tables))
        for (name,) in filled.fetchall():
            server.execute(f"DELETE FROM {quoted(name)}")
        server.execute(BEGIN_ANEW, [[f"{name}_id_seq" for name in KEPT_TABLES]])


def quoted(name: str) -> str:
    return f'"{name}"'


BEGIN_ANEW = """
SELECT setval(format('%%I.%%I', schemaname, sequencename)::regclass, start_value, false) FROM pg_sequences
WHERE schemaname = 'public' AND last_value IS NOT NULL AND sequencename <> ALL(%s)
"""


@pytest.fixture(autouse=True)
def english():
    """A page in another language leaves its language to the test that comes after."""
    translation.deactivate()


@pytest.fixture
def fresh_plans(db):
    """For tests that enter tens of thousands of rows. At the end of each test all foreign keys are checked, by plans
    that this connection made when the tables were nearly empty: they would read a whole table for every row."""
    yield
    with connection.cursor() as cursor:
        cursor.execute("DISCARD PLANS")


@pytest.fixture
def committed_db(django_db_setup, django_db_blocker):
    """Commits are real: for hooks, races and processes of their own."""
    with django_db_blocker.unblock():
        yield
        connection.close()
        empty_database()
