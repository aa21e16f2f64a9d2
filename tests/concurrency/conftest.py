"""Real processes: a sandbox on a free port, a shared clock, workers that can be killed."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from campaigns.demo.premises import free_port
from outreach import clock
from outreach.running.supervisor import supervised
from tests.concurrency.premises import Premises, child_environment
from tests.worlds import MONDAY_MORNING

# Enough people for as many days as a long massacre takes.
PEOPLE = 400 if int(os.environ.get("KILLS", "0")) < 200 else 4000
ACCOUNTS = 8


@pytest.fixture
def premises(tmp_path: Path, settings, monkeypatch, transactional_db) -> Iterator[Premises]:
    """On the test's own database."""
    with opened(tmp_path, settings, monkeypatch) as here:
        yield here


@contextmanager
def opened(tmp_path: Path, settings: Any, monkeypatch: Any) -> Iterator[Premises]:
    """A sandbox, a clock and a folder, on whatever database this process is connected with."""
    clock_file = tmp_path / "clock"
    clock.write_shared(clock_file, MONDAY_MORNING)
    port = free_port()
    settings.UNIPILE_BASE_URL = f"http://127.0.0.1:{port}"
    settings.UNIPILE_API_KEY = "sandbox"
    settings.UNIPILE_TIMEOUT_SECONDS = 2
    settings.MESSAGES_POLL_MINUTES = 240
    settings.RELATIONS_POLL_MINUTES = 240
    settings.INBOUND_MAX_AGE_MINUTES = 600
    monkeypatch.setenv("OUTREACH_CLOCK_FILE", str(clock_file))
    with supervised(child_environment(clock_file, port), log_dir=tmp_path) as supervisor:
        size = ["--people", str(PEOPLE), "--accounts", str(ACCOUNTS)]
        supervisor.start("sandbox", ["manage.py", "sandbox", "--port", str(port), *size])
        _await(settings.UNIPILE_BASE_URL)
        yield Premises(supervisor, clock_file, settings.UNIPILE_BASE_URL)


def _await(url: str) -> None:
    began = clock.stopwatch()
    while clock.stopwatch() - began < 60:
        try:
            requests.get(f"{url}/_sandbox/next", timeout=2)
            return
        except requests.RequestException:
            clock.rest(0.1)
    raise AssertionError("the sandbox did not start")


@pytest.fixture(autouse=True)
def _only_with_its_own_broker() -> None:
    """Workers of a test ring at the broker that the test names, never at one of this machine by chance."""
    assert "CELERY_BROKER_URL" not in os.environ
