"""The embedded PostgreSQL and Valkey: real ones, started for each test."""

import os
import socket
import stat

import psycopg
import pytest
from psycopg import errors

from portal.runtime import environment, ports, postgres, valkey
from portal.runtime.world import until


@pytest.fixture
def server(folder):
    server = postgres.start(folder, durable=False)
    yield server
    server.stop()


def write_row(server) -> None:
    with psycopg.connect(server.owner_url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (number int)")
        connection.execute("INSERT INTO kept VALUES (1)")


def rows(server) -> int:
    with psycopg.connect(server.app_url) as connection:
        return connection.execute("SELECT count(*) FROM kept").fetchone()[0]


def test_a_second_start_keeps_rows_port_and_passwords(folder, server):
    write_row(server)
    server.stop()

    again = postgres.start(folder, durable=False)

    assert (rows(again), again.app_url) == (1, server.app_url)
    again.stop()


def test_a_killed_server_comes_back_with_its_rows(server):
    write_row(server)
    killed = server.process.pid

    server.process.kill()

    until(lambda: server.process.pid != killed, 10)
    server.process.wait_ready()
    assert rows(server) == 1


def test_a_lock_file_that_names_a_stranger_is_dropped(folder, server):
    write_row(server)
    server.stop()
    (folder / "postgres" / "postmaster.pid").write_text(f"{os.getppid()}\n{folder}/postgres\n1\n5432\n\n127.0.0.1\n")

    again = postgres.start(folder, durable=False)

    assert rows(again) == 1
    again.stop()


def test_a_server_that_outlived_its_supervisor_is_stopped_before_the_next_starts(folder, server):
    write_row(server)
    server.process.halted.set()  # as when the supervisor is gone: nobody starts it again

    again = postgres.start(folder, durable=False)

    assert not server.process.alive
    assert rows(again) == 1
    again.stop()


def test_a_port_that_a_stranger_took_is_replaced(folder, server):
    server.stop()
    with socket.create_server(("127.0.0.1", server.port)):
        again = postgres.start(folder, durable=False)

    assert again.port != server.port
    assert environment.read(folder / "environment")["POSTGRES_PORT"] == str(again.port)
    again.stop()


def test_app_serves_on_what_owner_created_and_creates_nothing(server):
    write_row(server)
    with psycopg.connect(server.app_url, autocommit=True) as app:
        app.execute("INSERT INTO kept VALUES (2)")
        app.execute("UPDATE kept SET number = 3 WHERE number = 2")
        app.execute("DELETE FROM kept WHERE number = 3")
        for forbidden in (
            "CREATE TABLE t (i int)",
            "TRUNCATE kept",
            "DROP TABLE kept",
            "CREATE DATABASE d",
            "SET ROLE owner",
        ):
            with pytest.raises(errors.InsufficientPrivilege):
                app.execute(forbidden)
        assert app.execute("SELECT rolsuper, rolcreaterole FROM pg_roles WHERE rolname = 'app'").fetchone() == (
            False,
            False,
        )


def test_a_right_taken_from_app_stays_taken_at_the_next_start(folder, server):
    write_row(server)
    with psycopg.connect(server.owner_url, autocommit=True) as owner:
        owner.execute("REVOKE DELETE ON kept FROM app")
    server.stop()
    again = postgres.start(folder, durable=False)

    with psycopg.connect(again.app_url) as app, pytest.raises(errors.InsufficientPrivilege):
        app.execute("DELETE FROM kept")
    again.stop()


def test_nobody_gets_in_without_the_password(server):
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(f"postgres://owner:guess@127.0.0.1:{server.port}/portolan")


def test_pages_carry_checksums(server):
    with psycopg.connect(server.app_url) as connection:
        assert connection.execute("SHOW data_checksums").fetchone() == ("on",)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as another user")
def test_root_can_start_below_a_home_that_nobody_else_may_enter(folder):
    home = folder / "home"
    home.mkdir(mode=0o700)
    server = postgres.start(home / "world", durable=False)
    data = (home / "world" / "postgres").resolve()

    write_row(server)
    server.stop()
    again = postgres.start(home / "world", durable=False)

    assert data.is_relative_to(postgres.REACHABLE)
    assert rows(again) == 1
    again.stop()
    for file in sorted(data.parent.rglob("*"), reverse=True):
        file.rmdir() if file.is_dir() and not file.is_symlink() else file.unlink()
    data.parent.rmdir()


def test_the_broker_answers_with_its_password_only(folder):
    broker = valkey.start(folder)

    assert valkey.answers(broker.port, broker.password)
    assert not valkey.answers(broker.port, "guess")
    assert stat.S_IMODE((folder / "valkey" / "valkey.conf").stat().st_mode) == 0o600
    broker.stop()
    assert ports.is_free(broker.port)


def test_a_killed_broker_comes_back_at_the_same_address(folder):
    broker = valkey.start(folder)
    killed = broker.process.pid

    broker.process.kill()

    until(lambda: broker.process.pid != killed, 10)
    broker.process.wait_ready()
    assert valkey.answers(broker.port, broker.password)
    broker.stop()
