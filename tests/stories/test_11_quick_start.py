"""The quick start of the API is what its document says: from a client's id to a funded advance, with curl."""

import re
import shutil
import subprocess

import pytest

from financing.advances.models import Advance
from portal.runtime.environment import PROJECT

DOCUMENT = PROJECT / "docs" / "api-quickstart.md"


@pytest.mark.skipif(not shutil.which("curl"), reason="there is no curl on this machine")
def test_the_quick_start_works_as_it_is_written(house):
    text = DOCUMENT.read_text()
    name = re.search(r'create_client "(.+?)"', text)[1]
    supplier = house.supplier(name)
    commands = "\n".join(["set -eu", *re.findall(r"```sh\n(.*?)```", text, re.DOTALL)])
    done = subprocess.run(
        ["bash", "-c", commands], cwd=PROJECT, env=house.world.environment | {"PORTAL": house.world.url},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr + done.stdout
    advance = Advance.objects.get(supplier=supplier.party)
    assert (advance.status, advance.amount_minor) == ("ACTIVE", 100_00)
    assert f"Advance {advance.id} is ACTIVE" in done.stdout
    assert house.booked_at_bank(supplier.iban) == [100_00]
