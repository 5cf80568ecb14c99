"""The short set: the drills of the broker, on Debian's RabbitMQ. `make drills` runs all, also without it."""

import os
import subprocess
import sys

import pytest

from portal.runtime.environment import PROJECT
from tests.drills import rabbit
from tests.faults.test_short import SERVERS


@pytest.mark.skipif(not rabbit.is_installed(), reason="RabbitMQ is NOT tried: rabbitmq-server is not installed here.")
def test_a_broker_may_be_lost_and_a_worker_asked_to_end():
    surroundings = {key: value for key, value in os.environ.items() if key not in SERVERS} | {"DRILLS": "brokers"}
    ended = subprocess.run(
        [sys.executable, "-m", "tests.drills"], cwd=PROJECT, env=surroundings, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr[-6000:]
    first, *drills = ended.stdout.splitlines()
    assert first.startswith("rabbitmq")
    assert len(drills) == 3
