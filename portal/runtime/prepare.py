"""What has to be done before the programs start, and is left alone where it is: migrations, the files of browsers."""

import fcntl
import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from portal.runtime import postgres
from portal.runtime.environment import PROJECT

if TYPE_CHECKING:
    from portal.runtime.world import World

FLOORS = ("accounts", "logistics", "financing", "portal")
UNUSED_STATIC = (
    *("*.map", "*.mjs", "*.esm.*", "*.rtl.*", "libs", "i18n", "extension", "types"),
    *("echarts.js", "echarts.min.js*", "echarts.common.js", "echarts.simple*"),
    *("tabler-*", "tabler.js", "tabler.css", "flags", "payments"),
)
"""What npm packages bring along for other uses: `manage.py collectstatic` leaves it, nine tenths of the size."""


def migrate(w: "World") -> None:
    """Migrate as owner, unless the database says that it already has these very migrations."""
    current = migrations()
    with psycopg.connect(w.environment["OWNER_DATABASE_URL"], autocommit=True) as connection:
        comment = (
            "SELECT shobj_description(oid, 'pg_database'), datname FROM pg_database WHERE datname = current_database()"
        )
        known, database = connection.execute(comment).fetchone()
        if known == f"migrations {current}":
            return
        app = conninfo_to_dict(w.environment["DATABASE_URL"])["user"]
        if app != connection.info.user:
            postgres.let_serve(connection, connection.info.user, app)
        w.say("Migrating the database ...")
        w.manage("migrate", "--no-input", "--verbosity", "0", as_owner=True)
        connection.execute(
            sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(database), f"migrations {current}")
        )


def migrations() -> str:
    """Changes when a migration of ours, the wall or the version of a package (with migrations of its own) does."""
    ours = (PROJECT.glob(f"{floor}/*/{files}") for floor in FLOORS for files in ("migrations/*.py", "wall.py"))
    return fingerprint(*ours, (PROJECT / "portal" / "engine").glob("*.py"), [PROJECT / "requirements.txt"])


def collect_static(w: "World") -> None:
    """Gather what the browser loads into STATIC_ROOT, when any of it changed."""
    settings = PROJECT / "portal" / "settings.py"
    sources = [PROJECT / "package-lock.json", PROJECT / "requirements.txt", settings, Path(__file__)]
    current = fingerprint(*(PROJECT.glob(f"{floor}/**/static/**/*") for floor in FLOORS), sources)
    place = PROJECT / w.environment.get("STATIC_ROOT", "var/static")
    place.mkdir(parents=True, exist_ok=True)
    with (place.parent / f"{place.name}.gathered").open("a+") as stamp:
        fcntl.flock(stamp, fcntl.LOCK_EX)  # worlds share these files, and may start at the same time
        stamp.seek(0)
        if stamp.read() != current:
            w.say("Gathering what browsers load ...")
            w.manage("collectstatic", "--no-input", "--verbosity", "0")
            stamp.truncate(0)
            stamp.write(current)


def fingerprint(*groups: Iterable[Path]) -> str:
    """One value for the content of many files."""
    digest = hashlib.sha256()
    for path in sorted(path for group in groups for path in group if path.is_file()):
        digest.update(f"{path.relative_to(PROJECT)}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:20]
