"""A RabbitMQ of Debian's package with a name, ports and folders of its own: the system's service is left alone."""

import os
import secrets
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import kombu
from amqp.exceptions import AMQPError

from portal.runtime import environment, ports
from portal.runtime.postgres import log_file
from portal.runtime.processes import Guard, Process

BINARIES = Path("/usr/lib/rabbitmq/bin")
CONFIGURATION = """
listeners.tcp.1 = 127.0.0.1:{port}
default_user = portolan
default_pass = {password}
default_vhost = portolan
log.console = true
log.file = false
"""


def is_installed() -> bool:
    return (BINARIES / "rabbitmq-server").exists()


@dataclass(frozen=True)
class Rabbit:
    url: str
    place: Path
    process: Process
    environment: dict[str, str]

    def stop(self) -> None:
        self.process.stop()
        # Erlang's own directory of names outlives whoever started it.
        subprocess.run(["epmd", "-kill"], env=self.environment, capture_output=True, check=False)

    def lose(self) -> None:
        """Killed, and everything that it kept is gone."""
        self.process.halted.set()
        self.process.kill()
        self.process.stop()
        shutil.rmtree(self.place / "data")

    def start(self) -> None:
        (self.place / "data").mkdir(parents=True, exist_ok=True)
        self.process.start().wait_ready()


def rabbit(directory: Path, guard: Guard) -> Rabbit:
    """Not started yet."""
    place, port, password = directory / "rabbitmq", ports.choose(None), secrets.token_hex(16)
    place.mkdir(parents=True)
    environment.write_private(place / "rabbitmq.conf", CONFIGURATION.format(port=port, password=password))
    (place / "plugins").write_text("[].\n")
    url = f"amqp://portolan:{password}@127.0.0.1:{port}/portolan"
    surroundings = os.environ | {
        "HOME": str(place),
        "RABBITMQ_NODENAME": f"drill{port}@localhost",
        "RABBITMQ_CONFIG_FILE": str(place / "rabbitmq.conf"),
        "RABBITMQ_CONF_ENV_FILE": str(place / "none.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(place / "plugins"),
        "RABBITMQ_MNESIA_BASE": str(place / "data"),
        "RABBITMQ_LOG_BASE": str(place / "data"),
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(ports.choose(None)),
        "ERL_EPMD_PORT": str(ports.choose(None)),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
    }

    def spawn(log) -> subprocess.Popen:
        return subprocess.Popen(
            [BINARIES / "rabbitmq-server"], env=surroundings, cwd=place, stdin=subprocess.DEVNULL, stdout=log,
            stderr=log, start_new_session=True,
        )  # fmt: skip

    process = Process(
        "rabbitmq", spawn=spawn, ready=lambda _: answers(url), guard=guard, log=log_file(directory, "rabbitmq"),
        say=lambda words: None,
    )  # fmt: skip
    return Rabbit(url, place, process, surroundings)


def answers(url: str) -> bool:
    try:
        with kombu.Connection(url, connect_timeout=2) as connection:
            connection.connect()
    except (OSError, AMQPError):
        return False
    return True
