"""The short set: every scenario, and two rounds from a seed of today. `make faults RUNS=100` is the long one."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime

from portal.runtime.environment import PROJECT

SERVERS = ("DATABASE_URL", "OWNER_DATABASE_URL", "SUPERUSER_DATABASE_URL", "BROKER_URL", "WORLD_DIR")


def test_nothing_is_lost_and_nothing_happens_twice(tmp_path):
    surroundings = {key: value for key, value in os.environ.items() if key not in SERVERS}
    surroundings |= {"RUNS": "2", "SEED": f"{datetime.now(UTC):%Y%m%d}", "FAULTS_FILE": str(tmp_path / "faults.json")}
    ended = subprocess.run(
        [sys.executable, "-m", "tests.faults"], cwd=PROJECT, env=surroundings, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr[-4000:]
    rounds = json.loads((tmp_path / "faults.json").read_text())
    assert len(rounds) == 7 and all(each["ends"] for each in (rounds[0], *rounds[-2:]))
    assert all(each["disturbed_by"] for each in rounds[-2:])
