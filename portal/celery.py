"""The Celery application: queues and the beat schedule.

The broker may lose everything: work waits in `trail.Delivery` rows, and the sweep finds it.
"""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

app = Celery("portolan")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

app.conf.beat_schedule = {
    "sweep deliveries": {"task": "trail.sweep", "schedule": 5.0, "options": {"expires": 5}},
    "ask the bank": {"task": "banking.ask", "schedule": 15.0, "options": {"expires": 15}},
}
