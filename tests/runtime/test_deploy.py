"""The operator's guide, the files of deploy/, `.env.example` and the product say the same."""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
import yaml
from django.conf import settings
from django.core.management import get_commands

from accounts.trail.subscribers import subscribers
from financing.banking.models import PaymentInstruction
from portal import asgi
from portal.celery import app
from portal.measures import counting, figures
from portal.runtime import environment, postgres, programs
from portal.runtime.environment import PROJECT

DEPLOY = PROJECT / "deploy"
GUIDE = (PROJECT / "docs" / "operate.md").read_text()
EXAMPLE = set(re.findall(r"^# ([A-Z_]+)=", (PROJECT / ".env.example").read_text(), re.MULTILINE))
UNITS = {path.name: path.read_text() for path in (DEPLOY / "systemd").iterdir()}
OF_ITSELF = {"PYTHONUNBUFFERED"}


def installed(program: str) -> str:
    """Its path; where it is not on this machine the test is skipped, and says so."""
    found = shutil.which(program, path="/usr/sbin:/usr/bin:/sbin:/bin")
    if not found:
        pytest.skip(f"{program} is not installed here: what deploy/ says to it was NOT checked.")
    return found


def test_every_variable_of_the_installation_is_one_of_ours():
    given = set(re.findall(r"^([A-Z_]+)=", (DEPLOY / "environment").read_text(), re.MULTILINE))
    in_units = set(
        re.findall(r"\b([A-Z_]{5,})=", " ".join(re.findall(r"^Environment=(.*)", "\n".join(UNITS.values()), re.M)))
    )
    assert given | in_units - OF_ITSELF <= EXAMPLE
    assert {"DATABASE_URL", "BROKER_URL", "SECRET_KEY", "SEALING_KEY", "METRICS_TOKEN"} <= given
    named = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)(?:=[^`]*)?`", GUIDE))
    assert named - EXAMPLE <= {"KEEP_DAYS", "SECRET_KEY_FILE"}


def test_a_shell_reads_the_environment_as_systemd_does(tmp_path):
    """An address of a database elsewhere has a & in it, a secret of a bank whatever the bank likes."""
    text = "".join((DEPLOY / name).read_text() for name in ("environment", "owner"))
    text = text.replace("/portolan'", "/portolan?sslmode=verify-full&sslrootcert=/etc/ca.pem'").replace(
        "whsec_…", "$a&b;c"
    )
    (tmp_path / "environment").write_text(text)
    said = subprocess.run(
        ["sh", "-c", "set -a; . ./environment; env"], cwd=tmp_path, env={}, capture_output=True, text=True, check=True
    )
    read = dict(line.split("=", 1) for line in said.stdout.splitlines())
    expected = environment.read(tmp_path / "environment")
    assert {name: read.get(name) for name in expected} == expected
    assert expected["DATABASE_URL"].endswith("&sslrootcert=/etc/ca.pem") and expected["BANK_SECRET"] == "$a&b;c"


def test_every_file_program_and_command_of_the_guide_exists():
    for path in set(re.findall(r"deploy/[\w./@-]*\w", GUIDE)):
        assert (PROJECT / path).exists(), path
    for name in set(re.findall(r"portolan-[a-z]+(?=@|\.timer|[` ])", GUIDE)) - {"portolan-alarms"}:
        assert any(unit.startswith(name) for unit in UNITS), name
    commands = set(re.findall(r"deploy/manage (?:--owner )?([a-z_]+)", GUIDE))
    assert (
        {"migrate", "found_operator", "after_restore", "verify_ledger", "reconcile"} <= commands <= set(get_commands())
    )


def test_the_units_start_what_the_portal_starts_itself():
    """Program, queues and options: those of `make run`, but for how many and where."""
    for name, unit in (("worker", "portolan-worker.service"), ("background", "portolan-background.service")):
        ours = programs.PROGRAMS[name].command({"WORLD_DIR": "portolan"})
        wanted = {ours[ours.index("--queues") + 1], *(each for each in ours if each.startswith("--without"))}
        assert wanted <= set(start_of(unit)), unit
    queues = [
        start_of(unit)[start_of(unit).index("-Q") + 1]
        for unit in ("portolan-worker.service", "portolan-background.service")
    ]
    assert sorted(",".join(queues).split(",")) == sorted(queue.name for queue in app.conf.task_queues)
    assert {"asgi", "--no-ws", "portal.asgi:application"} <= set(start_of("portolan-web@.service"))
    assert {"beat", "celery.beat:Scheduler", "--pidfile="} <= set(start_of("portolan-beat.service"))


def start_of(unit: str) -> list[str]:
    [command] = re.findall(r"^ExecStart=((?:.*\\\n)*.*)$", UNITS[unit], re.MULTILINE)
    return command.replace("\\\n", " ").split()


def test_systemd_understands_the_units(tmp_path):
    analyze = installed("systemd-analyze")
    for name, text in UNITS.items():
        (tmp_path / name).write_text(re.sub(r"/opt/portolan/\S+", "/bin/true", text))
    said = subprocess.run([analyze, "verify", *map(str, tmp_path.iterdir())], capture_output=True, text=True)
    # Of the machine, not of the units: users and services that are not here, and words that Debian 12's does not know.
    unknown = [line for line in said.stderr.splitlines() if "nknown" in line and str(tmp_path) in line]
    assert [line for line in unknown if "ImportCredential" not in line] == []


def test_the_units_may_do_little_beside_their_work(tmp_path):
    analyze = installed("systemd-analyze")
    for name, text in UNITS.items():
        if name.endswith(".service"):
            (tmp_path / name).write_text(re.sub(r"/opt/portolan/\S+", "/bin/true", text))
            said = subprocess.run(
                [analyze, "security", "--offline=yes", "--threshold=20", str(tmp_path / name)],
                capture_output=True, text=True,
            )  # fmt: skip
            assert said.returncode == 0, said.stdout + said.stderr
        # What a user owns of shared memory goes with the unit: of a backup by postgres, that of the running server.
        assert "RemoveIPC" not in re.sub(r"^#.*$", "", text, flags=re.MULTILINE), name


def test_the_firewall_understands_its_file():
    nft = installed("nft")
    said = subprocess.run([nft, "--check", "--file", str(DEPLOY / "nftables.conf")], capture_output=True, text=True)
    if "Operation not permitted" in said.stderr:
        pytest.skip("Only root may have it looked at: deploy/nftables.conf was NOT checked.")
    assert said.returncode == 0, said.stderr


def test_nginx_takes_its_file_and_as_much_of_an_upload_as_the_portal():
    nginx = installed("nginx")
    site = (DEPLOY / "nginx.conf").read_text()
    [megabytes] = re.findall(r"client_max_body_size (\d+)m;", site)
    assert int(megabytes) * 1024**2 == asgi.MOST_BODY_BYTES
    # Its own log would tell whole addresses, with the secret of whoever was invited; each server has to say otherwise.
    [told] = re.findall(r"log_format portolan '(.*)';", site)
    assert "$request_id" in told and not set(told.split()) & {"$request", "$uri", "$request_uri", "$args"}
    assert site.count("access_log ") == site.count("access_log /var/log/nginx/access.log portolan;") == 2
    with tempfile.TemporaryDirectory() as place:
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=portolan.example",
             "-keyout", f"{place}/privkey.pem", "-out", f"{place}/fullchain.pem"], check=True, capture_output=True,
        )  # fmt: skip
        site = site.replace("/etc/portolan/tls", place)
        version = subprocess.run([nginx, "-v"], capture_output=True, text=True).stderr
        if tuple(map(int, re.search(r"(\d+)\.(\d+)\.", version).groups())) < (1, 26):
            site = site.replace("http2 on;", "")  # Debian 12's has it no word of its own
        Path(place, "nginx.conf").write_text(f"pid {place}/pid; events {{}}\nhttp {{ access_log off;\n{site}\n}}\n")
        said = subprocess.run(
            [nginx, "-t", "-e", f"{place}/error", "-c", f"{place}/nginx.conf"], capture_output=True, text=True
        )
        # Where nobody is root the ports may not be tried.
        assert "syntax is ok" in said.stderr, said.stderr


def test_prometheus_understands_the_alarms():
    promtool = installed("promtool")
    for what, name in (("rules", "portolan-alarms.yml"), ("config", "prometheus.yml")):
        flags = ["--syntax-only"] if what == "config" else []
        said = subprocess.run(
            [promtool, "check", what, *flags, str(DEPLOY / "prometheus" / name)], capture_output=True, text=True
        )
        assert said.returncode == 0, said.stdout + said.stderr


def test_every_alarm_asks_for_figures_that_are_told_and_the_guide_says_what_to_do():
    told = {each.name for each in counting.of_this_process.collect()}
    told |= set(re.findall(r'"(portolan_\w+)"', Path(figures.__file__).read_text()))
    rules = yaml.safe_load((DEPLOY / "prometheus" / "portolan-alarms.yml").read_text())["groups"][0]["rules"]
    for rule in rules:
        for name in re.findall(r"portolan_\w+", rule["expr"]):
            assert re.sub(r"_(total|bucket|oldest_seconds)$", "", name) in told, name
        assert rule["alert"] in GUIDE, rule["alert"]
    asked = " ".join(rule["expr"] for rule in rules)
    [named] = re.findall(r'subscriber=~"([\w.|]+)"', asked)
    assert set(named.split("|")) <= set(subscribers())
    states = set("|".join(re.findall(r'state=~?"([A-Z|]+)"', asked)).split("|"))
    assert states <= set(PaymentInstruction.Status.values) & set(figures.OPEN_PAYMENTS)


def test_the_roles_are_those_of_the_embedded_server():
    made = (DEPLOY / "roles.sql").read_text()
    [named] = re.findall(r"unnest\('{([\w, ]+)}'", made)
    put_on = ", ".join(postgres.PUT_ON)
    assert named == f"owner, app, {put_on}"
    assert f"GRANT {put_on} TO app;" in made and "ALTER ROLE app NOINHERIT;" in made
    for rights in ("SELECT, INSERT, UPDATE, DELETE ON TABLES", "USAGE, SELECT ON SEQUENCES"):
        assert f"ALTER DEFAULT PRIVILEGES FOR ROLE owner IN SCHEMA public GRANT {rights} TO app, portal;" in made


def test_a_worker_is_asked_to_end_by_its_main_process_alone():
    """Its own processes would leave at once, in the middle of what they do."""
    for name, text in UNITS.items():
        if "celery" in text or "granian" in text:
            assert "KillMode=mixed" in text, name
            assert "EnvironmentFile=/etc/portolan/environment" in text, name
    assert settings.CELERY_TASK_PUBLISH_RETRY
