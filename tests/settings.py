"""The project's settings, with what tests need: no broker, quick passwords, a folder of their own."""

import os
from pathlib import Path

os.environ.setdefault("OUTREACH_ENV_FILE", os.devnull)
# Celery prefers this variable to any setting: the tests' own process must not ring at a real broker. Tests with real
# workers hand it on to them.
if "CELERY_BROKER_URL" in os.environ:
    os.environ["TEST_BROKER_URL"] = os.environ.pop("CELERY_BROKER_URL")
os.environ.setdefault("OUTREACH_DATA_DIR", str(Path(__file__).resolve().parent.parent / ".data" / "tests"))

from outreach.settings import *  # noqa: F403

CELERY_BROKER_URL = "memory://"
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, object] = {}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
UNIPILE_WEBHOOK_SECRET = "test-webhook-secret"
# In one thread nobody could begin a call while a pause waits for it; tests with threads set their own time.
STOP_WAITS_SECONDS = 0
