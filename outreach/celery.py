"""The Celery application. Messages are only doorbells; the database is the queue of record."""

import os

from celery import Celery, signals

from outreach.running import broker, ending

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "outreach.settings")

broker.register()
app = Celery("outreach")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# SIGTERM: the tasks at hand end after the move that they are in.
signals.worker_shutting_down.connect(ending.begin)
