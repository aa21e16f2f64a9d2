"""The Celery application. Messages are only doorbells; the database is the queue of record."""

import os

from celery import Celery

from outreach.running import broker

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "outreach.settings")

broker.register()
app = Celery("outreach")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
