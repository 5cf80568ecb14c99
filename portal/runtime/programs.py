"""The programs of the portal: how each is started, and how one sees that it does its work."""

import http.client
import os
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Program:
    """`command` and `ready` are given the environment the program runs in."""

    command: Callable[[dict[str, str]], list[str]]
    ready: Callable[[dict[str, str]], bool]


def few(env: dict[str, str], name: str) -> str:
    """As many processes as there are processors, four at most, unless the environment says how many."""
    return env.get(name) or str(min(4, os.cpu_count() or 1))


def web(env: dict[str, str]) -> list[str]:
    command = [sys.executable, "-m", "granian", "--interface", "asgi", "--host", env.get("HOST", "127.0.0.1")]
    command += ["--port", env["PORT"], "--workers", few(env, "WEB_WORKERS"), "--no-ws", "--workers-kill-timeout", "3"]
    if env.get("LOG_FORMAT") == "json":
        command += ["--log-config", str(Path(__file__).with_name("granian.json"))]
    return [*command, "--log-level", env.get("LOG_LEVEL", "info").lower(), "portal.asgi:application"]


def worker_name(env: dict[str, str], name: str = "worker") -> str:
    return f"{name}.{Path(env['WORLD_DIR']).name}@{socket.gethostname()}"


def worker(env: dict[str, str]) -> list[str]:
    return _celery(env, "worker", few(env, "WORKER_CONCURRENCY"), "bank,decisions,events,notices")


def background(env: dict[str, str]) -> list[str]:
    """What takes minutes or waits for a mail server: no payment stands behind it."""
    return _celery(env, "background", "1", "long,mail")


def _celery(env: dict[str, str], name: str, concurrency: str, queues: str) -> list[str]:
    command = [sys.executable, "-m", "celery", "-A", "portal", "worker", "--hostname", worker_name(env, name)]
    command += ["--queues", queues, "--concurrency", concurrency, "--without-mingle", "--without-gossip"]
    return [*command, "--loglevel", env.get("LOG_LEVEL", "INFO")]


def beat(env: dict[str, str]) -> list[str]:
    # The schedule is code: nothing about it needs to be kept in a file that a crash could damage.
    command = [sys.executable, "-m", "celery", "-A", "portal", "beat", "--scheduler", "celery.beat:Scheduler"]
    return [*command, "--pidfile=", "--loglevel", env.get("LOG_LEVEL", "INFO")]


def bank(env: dict[str, str]) -> list[str]:
    return [sys.executable, "-m", "portal.sandbox.bank"]


def speaks_http(url: str) -> bool:
    """True where an HTTP server answers, whatever it answers."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=10)
    try:
        connection.request("GET", "/")
        connection.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


def worker_answers(env: dict[str, str], name: str = "worker") -> bool:
    """Ask the worker itself, through the broker."""
    from celery import Celery  # costs a third of a second, which `make psql` need not pay
    from kombu.exceptions import KombuError

    with Celery("probe", broker=env["BROKER_URL"], set_as_current=False) as probe:
        try:
            return bool(probe.control.ping(destination=[worker_name(env, name)], timeout=0.5, limit=1))
        except (OSError, KombuError, *probe.connection_for_read().connection_errors):
            return False  # the broker is away, or goes away while it is asked


PROGRAMS = {
    "web": Program(web, lambda env: speaks_http(f"http://127.0.0.1:{env['PORT']}")),
    "worker": Program(worker, worker_answers),
    "background": Program(background, lambda env: worker_answers(env, "background")),
    "beat": Program(beat, lambda env: True),
    "bank": Program(bank, lambda env: speaks_http(env["BANK_URL"])),
}
