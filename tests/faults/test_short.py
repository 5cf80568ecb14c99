"""The short set: every scenario, and one round from a seed of today. `make faults RUNS=100` is the long one."""

import json
import os
import subprocess
import sys
import warnings
from datetime import UTC, datetime

from portal.runtime.environment import PROJECT

SERVERS = ("DATABASE_URL", "OWNER_DATABASE_URL", "SUPERUSER_DATABASE_URL", "BROKER_URL", "WORLD_DIR")


def test_nothing_is_lost_and_nothing_happens_twice(tmp_path):
    surroundings = {key: value for key, value in os.environ.items() if key not in SERVERS}
    surroundings |= {
        "SHORT": "1",
        "RUNS": "1",
        "SEED": f"{datetime.now(UTC):%Y%m%d}",
        "FAULTS_FILE": str(tmp_path / "faults.json"),
    }
    ended = subprocess.run(
        [sys.executable, "-m", "tests.faults"], cwd=PROJECT, env=surroundings, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr[-4000:]
    for left_out in (line.strip() for line in ended.stdout.splitlines() if line.startswith("    NO ")):
        warnings.warn(left_out, stacklevel=1)
    rounds = json.loads((tmp_path / "faults.json").read_text())
    assert len(rounds) == 8 and rounds[0]["ends"] and rounds[-1]["ends"]
    assert len(rounds[-1]["disturbed_by"] + rounds[-1]["not_done"]) >= 2  # all that the seed had planned
