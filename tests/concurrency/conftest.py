"""Real processes: a sandbox on a free port, a shared clock, workers that can be killed."""

import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import requests
from django.conf import settings as django_settings
from django.db import connection

from campaigns.demo.premises import free_port
from campaigns.engine.horizon import next_due
from outreach import clock
from outreach.running.supervisor import Supervisor, supervised
from tests.worlds import MONDAY_MORNING


class Premises:
    """What the processes of one test share."""

    def __init__(self, supervisor: Supervisor, clock_file: Path, sandbox_url: str) -> None:
        self.supervisor = supervisor
        self.clock_file = clock_file
        self.sandbox_url = sandbox_url

    @property
    def at(self) -> datetime:
        return clock.now()

    def jump(self) -> None:
        """To the next due thing of ours or of the people's."""
        told = requests.get(f"{self.sandbox_url}/_sandbox/next", timeout=10).json()["next_at"]
        theirs = datetime.fromisoformat(told) if told else None
        moments = [moment for moment in (next_due(self.at), theirs) if moment]
        soonest = min(moments, default=self.at + timedelta(hours=1))
        clock.write_shared(self.clock_file, min(soonest, self.at + timedelta(hours=3)))

    def misbehave(self, faults: dict[str, object]) -> None:
        assert requests.post(f"{self.sandbox_url}/_sandbox/faults", json={"faults": faults}, timeout=10).ok


@pytest.fixture
def premises(tmp_path: Path, settings, monkeypatch, transactional_db) -> Iterator[Premises]:
    clock_file = tmp_path / "clock"
    clock.write_shared(clock_file, MONDAY_MORNING)
    port = free_port()
    settings.UNIPILE_BASE_URL = f"http://127.0.0.1:{port}"
    settings.UNIPILE_API_KEY = "sandbox"
    settings.UNIPILE_TIMEOUT_SECONDS = 2
    settings.MESSAGES_POLL_MINUTES = 240
    settings.INBOUND_MAX_AGE_MINUTES = 600
    monkeypatch.setenv("OUTREACH_CLOCK_FILE", str(clock_file))
    with supervised(child_environment(clock_file, port), log_dir=tmp_path) as supervisor:
        supervisor.start("sandbox", ["manage.py", "sandbox", "--port", str(port), "--people", "120"])
        _await(settings.UNIPILE_BASE_URL)
        yield Premises(supervisor, clock_file, settings.UNIPILE_BASE_URL)


def child_environment(clock_file: Path, port: int) -> dict[str, str]:
    """The environment of a worker process: the test's own database, sandbox and clock."""
    name = connection.settings_dict["NAME"]
    url = os.environ.get("DATABASE_URL", "")
    database = url.rpartition("/")[0] + f"/{name}" if connection.vendor == "postgresql" else f"sqlite:///{name}"
    return {
        "DJANGO_SETTINGS_MODULE": "outreach.settings",
        "DATABASE_URL": database,
        "CELERY_BROKER_URL": os.environ.get("TEST_BROKER_URL", ""),
        "OUTREACH_ENV_FILE": os.devnull,
        "OUTREACH_DATA_DIR": str(clock_file.parent / "data"),
        "OUTREACH_CLOCK_FILE": str(clock_file),
        "UNIPILE_BASE_URL": f"http://127.0.0.1:{port}",
        "UNIPILE_TIMEOUT_SECONDS": "2",
        "MESSAGES_POLL_MINUTES": str(django_settings.MESSAGES_POLL_MINUTES),
        "INBOUND_MAX_AGE_MINUTES": str(django_settings.INBOUND_MAX_AGE_MINUTES),
        "CELERY_POLLING_INTERVAL": "0.05",
        "CELERY_QUEUE": f"test-{port}",
    }


def _await(url: str) -> None:
    began = clock.stopwatch()
    while clock.stopwatch() - began < 30:
        try:
            requests.get(f"{url}/_sandbox/next", timeout=2)
            return
        except requests.ConnectionError:
            clock.rest(0.1)
    raise AssertionError("the sandbox did not start")
