"""Stop means stop (law 5), with real threads: when a pause has returned, no further call starts."""

import threading
import time
from typing import Any

import pytest
from django.db import connection, connections
from django.test import override_settings

from campaigns.engine import executing
from campaigns.stopping import pause_campaign, stop_engine
from tests.bench import INVITE, Bench

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


class Slow:
    """A client that begins its calls a little late, and notes when."""

    def __init__(self, client: Any, *, delay: float) -> None:
        self._client, self._delay = client, delay
        self.began: list[float] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def invite(self, **what: Any) -> Any:
        time.sleep(self._delay)
        self.began.append(time.monotonic())
        return self._client.invite(**what)


@pytest.fixture
def bench() -> Bench:
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL: set DATABASE_URL")
    return Bench()


def ticking(bench: Bench, client: Slow, stop: threading.Event) -> threading.Thread:
    def work() -> None:
        try:
            while not stop.is_set():
                executing.run_batch(now=lambda: bench.at, client=client, limit=1)  # type: ignore[arg-type]
        finally:
            connections.close_all()

    thread = threading.Thread(target=work)
    thread.start()
    return thread


@pytest.mark.parametrize("pausing", ["campaign", "engine"])
def test_after_a_pause_has_returned_no_call_begins(bench: Bench, pausing: str) -> None:
    bench.unhurried(spacing_min_seconds=10, spacing_max_seconds=10)
    campaign = bench.campaign(bench.leads(12), INVITE, accounts=[bench.account, bench.free])
    client, stop = Slow(bench.provider, delay=0.3), threading.Event()
    workers = [ticking(bench, client, stop) for _ in range(2)]
    try:
        while not client.began:
            bench.at = bench.at.replace(minute=(bench.at.minute + 1) % 60)
            time.sleep(0.05)
        with override_settings(STOP_WAITS_SECONDS=5.0):
            if pausing == "campaign":
                pause_campaign(campaign=campaign, by=None, at=bench.at)
            else:
                stop_engine(by=None, at=bench.at)
        returned_at = time.monotonic()
        for _ in range(10):
            bench.at = bench.at.replace(minute=(bench.at.minute + 1) % 60)
            time.sleep(0.1)
    finally:
        stop.set()
        for worker in workers:
            worker.join(timeout=30)
    assert client.began, "nothing was sent at all: the test tells nothing"
    assert [round(began - returned_at, 2) for began in client.began if began > returned_at] == []


def began_after_the_pause(bench: Bench, client: Slow, here: threading.Event) -> list[float]:
    """Pause the campaign as soon as a worker is `here`; the calls that begin after the pause has returned."""
    campaign, stop = bench.campaign([bench.lead()], INVITE), threading.Event()
    worker = ticking(bench, client, stop)
    try:
        assert here.wait(timeout=30), "nobody came there: the test tells nothing"
        with override_settings(STOP_WAITS_SECONDS=5.0):
            pause_campaign(campaign=campaign, by=None, at=bench.at)
        returned_at = time.monotonic()
        time.sleep(1.5)
    finally:
        stop.set()
        worker.join(timeout=30)
    return [round(began - returned_at, 2) for began in client.began if began > returned_at]


def test_a_pause_waits_for_a_call_that_is_about_to_begin(bench: Bench) -> None:
    here = threading.Event()

    class Entered(Slow):
        def invite(self, **what: Any) -> Any:
            here.set()
            return super().invite(**what)

    assert began_after_the_pause(bench, Entered(bench.provider, delay=0.8), here) == []


def test_a_pause_waits_for_whoever_is_just_confirming(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker has taken its last look and found nothing against the call, and has not committed yet."""
    here, confirm_all = threading.Event(), executing.confirm_all

    def slowly(*given: Any, **named: Any) -> Any:
        here.set()
        time.sleep(0.8)
        return confirm_all(*given, **named)

    monkeypatch.setattr(executing, "confirm_all", slowly)
    assert began_after_the_pause(bench, Slow(bench.provider, delay=0.1), here) == []
