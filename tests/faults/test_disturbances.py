"""What is told of a round is what was done to it, not what was planned."""

from threading import Event

from portal.runtime.processes import NotReady
from tests.faults.disturbances import AT_THE_BANK, OVER, Deed, carry_out, idle, took_something
from tests.sandbox.conftest import bank, inbox  # noqa: F401


def test_what_failed_and_what_came_too_late_is_told_apart_from_what_was_done():
    over = Event()

    def away(house):
        over.set()
        raise NotReady("it was away already\nits log ends with …")

    [done, failed, late] = carry_out(None, [(0, nothing), (0, away), (60, nothing)], over)
    assert (done.name, done.failed, done.fault) == ("nothing", "", 0)
    assert failed.failed == "NotReady: it was away already"
    assert (late.after, late.failed) == (60, OVER)


def nothing(house) -> int:
    return 0


def test_a_fault_that_found_nothing_to_strike_was_not_done(bank):  # noqa: F811
    deeds = [
        Deed(kind, 0.5, fault=bank.control("POST", "/faults", {"kind": kind, "count": count})["id"])
        for kind, count in (("down", 6), ("lost_push", 3))
    ]
    assert bank.ask("GET", "/messages/M1").status_code == 503
    idle(bank, deeds)
    assert [each.failed for each in deeds] == ["", "nothing came that it could strike"]


def test_the_bank_alone_takes_nothing_away():
    lies = [Deed(f"{AT_THE_BANK}twice", 0.5)]
    assert not took_something(lies)
    assert not took_something([*lies, Deed("kill worker", 9, failed=OVER)])
    assert took_something([*lies, Deed("kill worker", 1)])
    assert took_something([*lies, Deed("restart_database", 1, failed="NotReady: it did not come up")])
