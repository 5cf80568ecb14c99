"""The broker holds nothing that is missed, and a worker that is asked to end leaves nothing half done."""

import redis
from celery import current_app

from accounts.trail.models import Delivery
from financing.advances.models import Application
from portal.runtime.programs import worker_name
from tests.drills.house import House, as_owner, as_superuser
from tests.faults.lives import born, ordinary
from tests.faults.patient import patiently
from tests.stories.house import eventually

SLOW = """
CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(1.5); RETURN NEW; END $$;
CREATE TRIGGER slow BEFORE INSERT ON credit_decision FOR EACH ROW EXECUTE FUNCTION slow()
"""


def each_worker_takes_its_own_queues(house: House) -> None:
    told = eventually(lambda: current_app.control.inspect(timeout=1).active_queues(), "workers answer")
    queues = {name: sorted(each["name"] for each in found) for name, found in told.items()}
    assert queues == {
        worker_name(house.world.environment): ["bank", "decisions", "events", "notices"],
        worker_name(house.world.environment, "background"): ["long", "mail"],
    }


def a_broker_that_is_lost_and_replaced_by_an_empty_one_loses_no_work(house: House) -> None:
    life = born(house, ordinary, "Brokerless")
    lose(house)
    application_id = life.apply(life.quote(900_00))
    assert house.ready() == (200, "degraded")
    assert Application.objects.get(id=application_id).status == "SUBMITTED"
    replace(house)
    life.comes_to(life.decided(application_id)["advance"], "ACTIVE")
    eventually(lambda: house.ready() == (200, "ready"), "the broker is back")


def lose(house: House) -> None:
    if house.rabbit:
        house.rabbit.lose()
    else:
        house.world.processes["valkey"].stop()


def replace(house: House) -> None:
    """By an empty one: the embedded Valkey keeps nothing between two starts."""
    house.rabbit.start() if house.rabbit else house.world.processes["valkey"].start().wait_ready()


def a_worker_that_is_asked_to_end_finishes_what_it_has_begun(house: House) -> None:
    """Its main process alone is asked, as systemd does by KillMode=mixed."""
    life, worker = born(house, ordinary, "Drained"), house.world.processes["worker"]
    with as_owner(house) as owner, as_superuser(house) as superuser:
        owner.execute(SLOW)
        application_id = life.apply(life.quote(900_00))
        eventually(lambda: superuser.execute("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'").fetchone())
        worker.stop()
        assert worker.child.returncode == 0
        decided = Delivery.objects.get(event__subject_id=application_id, event__name="application.submitted",
                                       subscriber="advances.decide")  # fmt: skip
        assert (decided.state, decided.attempts) == ("DONE", 0)
        assert Application.objects.get(id=application_id).status == "APPROVED"
        owner.execute("DROP TRIGGER slow ON credit_decision; DROP FUNCTION slow()")
    worker.start()
    life.comes_to(life.decided(application_id)["advance"], "ACTIVE")


def empty(house: House) -> None:
    """`celery purge` and, for Valkey, FLUSHALL: what a broker holds is about rows that may be gone."""
    if house.rabbit:
        patiently(current_app.control.purge)
    else:
        redis.from_url(house.world.environment["BROKER_URL"]).flushall()


DRILLS = (
    each_worker_takes_its_own_queues,
    a_broker_that_is_lost_and_replaced_by_an_empty_one_loses_no_work,
    a_worker_that_is_asked_to_end_finishes_what_it_has_begun,
)
