"""Requests by route, method and status, and how long they took: counted in each web process, told as one sum.

A scrape is answered by any of the web processes. So they count into files of one folder (the multiprocess mode of
prometheus_client) and whoever is asked adds them up. A `worker` label would not do: each scrape would bring the counts
of one process and have Prometheus take those of the others for gone.

The folder belongs to the server that started the processes (their parent), so that all of them find it without being
told; folders of servers that are no more are swept away.
"""

import os
import shutil
from pathlib import Path

from django.conf import settings

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Where the environment names a folder it is that one; whoever names it empties it between two starts."""


def prepare(folders: Path) -> Path:
    """The folder of this process's server; those of servers that have ended go."""
    own = folders / str(os.getppid())
    own.mkdir(parents=True, exist_ok=True)
    for each in folders.iterdir():
        if each != own and not _is_running(int(each.name)):
            shutil.rmtree(each, ignore_errors=True)
    return own


def _is_running(process: int) -> bool:
    """Asked of the kernel: what stands in /proc of others is hidden from a unit with ProtectProc=."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # somebody else's
    return True


is_wanted = bool(settings.METRICS_TOKEN)
if is_wanted and FOLDER not in os.environ:
    os.environ[FOLDER] = str(prepare(Path(os.environ["WORLD_DIR"]) / "metrics"))

# Reads the name of the folder when it is imported.
from prometheus_client import CollectorRegistry, Counter, Histogram  # noqa: E402
from prometheus_client.multiprocess import MultiProcessCollector  # noqa: E402

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
of_this_process = CollectorRegistry()
requests = Counter(
    "portolan_http_requests", "Requests that were answered.", ("route", "method", "status"), registry=of_this_process
)
seconds = Histogram(
    "portolan_http_request_seconds", "From the whole request to its answer, waiting for a thread included.", ("route",),
    buckets=(0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10), registry=of_this_process,
)  # fmt: skip


def count(route: str, method: str, status: int, duration: float) -> None:
    """`duration` in seconds. `route` is the name of a route, never an address: there are few of them."""
    requests.labels(route, method if method in METHODS else "OTHER", str(status)).inc()
    seconds.labels(route).observe(duration)


def of_all_processes() -> CollectorRegistry:
    if FOLDER not in os.environ:
        return of_this_process
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    return registry
