"""The Celery application: queues and the beat schedule.

The broker may lose everything: work waits in `trail.Delivery` rows, and the sweep finds it.
"""

import gc
import logging.config
import os

from celery import Celery
from celery.schedules import crontab
from celery.signals import beat_init, before_task_publish, setup_logging, task_prerun, worker_process_init
from django.conf import settings
from django.db import close_old_connections
from kombu import Queue

from portal.runtime import heartbeat

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

app = Celery("portolan")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@task_prerun.connect(weak=False)
def keep_connection(**_) -> None:
    """As between two requests: one that is broken or old is closed, any other is used again.

    Celery by itself connects anew for every task (CELERY_DB_REUSE_MAX), at the price of what a task does.
    """
    close_old_connections()


# What takes minutes ("long") or waits for a mail server has a worker of its own. Of what is left a worker that is
# free takes from each queue in its turn (settings: queue_order_strategy): in any fixed order the last one starves in a
# rush, and what has been paid is not funded because more is decided.
app.conf.task_queues = tuple(map(Queue, ("bank", "decisions", "events", "notices", "long", "mail")))
app.conf.task_default_queue = "events"
app.conf.beat_schedule = {
    "sweep deliveries": {"task": "trail.sweep", "schedule": 5.0, "options": {"expires": 5}},
    "collect the bank's statements": {"task": "banking.collect_statements", "schedule": crontab(hour=0, minute=30)},
    "forget old keys and tokens": {"task": "clients.forget", "schedule": 3600.0, "options": {"expires": 3600}},
    "mail notices": {"task": "notices.send", "schedule": 10.0, "options": {"queue": "mail", "expires": 10}},
    "mail invitations": {
        "task": "parties.mail_invitations",
        "schedule": 5.0,
        "options": {"queue": "mail", "expires": 5},
    },
    "gather the morning's mails": {"task": "notices.daily", "schedule": 120.0, "options": {"expires": 120}},
    "forget old notices": {"task": "notices.forget", "schedule": 3600.0, "options": {"expires": 3600}},
    "ask the bank": {"task": "banking.ask", "schedule": 15.0, "options": {"expires": 15}},
}


@worker_process_init.connect
def share_what_is_loaded(**signal) -> None:
    """What a worker's processes have from their parent stays shared: the collector would write on each page of it."""
    gc.freeze()


@beat_init.connect
def show_life(**signal) -> None:
    """In the process of the schedule alone: with each task that is due."""
    before_task_publish.connect(heartbeat.leave)


@app.on_after_configure.connect
def tell_machines(sender, **signal) -> None:
    """Where the log is for machines, Celery's lines are like all others; for people it has its own way."""
    if settings.LOG_FORMAT == "json":
        setup_logging.connect(log_as_all_do)


def log_as_all_do(**signal) -> None:
    logging.config.dictConfig(settings.LOGGING)
