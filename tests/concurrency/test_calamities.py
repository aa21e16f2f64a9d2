"""What surrounds the workers is lost in mid-run – the broker, the database server, an hour of the database – and the
ledger must not notice (laws 1, 2 and 10)."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import redis
import requests
from django.db import connection

from campaigns.models import EngineState
from inbox.models import Message
from integrations.models import Account, Dispatch
from outreach import clock
from outreach.events.models import Event
from outreach.running.supervisor import Child, worker
from tests.concurrency import checker
from tests.concurrency.cluster import Cluster, cluster, own_database  # noqa: F401  (fixtures)
from tests.concurrency.conftest import opened
from tests.concurrency.populating import Town
from tests.concurrency.premises import Premises, books
from tests.concurrency.ringing import let_them_work, ring_until

pytestmark = pytest.mark.postgres
REDIS = os.environ.get("TEST_BROKER_URL", "")
# Calls take a while, so that something is always in flight when the blow falls.
SLOWLY: dict[str, object] = {"slow": {"rate": 0.7, "hold": 0.3}, "timeout_after": {"rate": 0.05, "hold": 0.1}}


def two_workers(premises: Premises) -> list[Child]:
    return [premises.supervisor.start(f"worker-{number}", worker()) for number in (1, 2)]


def sent() -> int:
    return Dispatch.objects.filter(state="sent").count()


def await_something_in_flight(premises: Premises) -> None:
    ring_until(premises, lambda: Dispatch.objects.in_flight().exclude(called_at=None).exists(), pause=0.02)


def end(premises: Premises, workers: list[Child]) -> None:
    """They must have lived through it."""
    assert [child.process.poll() for child in workers] == [None] * len(workers), "a worker died of it"
    for child in workers:
        child.process.terminate()
    for child in workers:
        child.process.wait(timeout=30)
    premises.settle()


# --- The broker -------------------------------------------------------------------------------------------


def wipe_redis(premises: Premises) -> None:
    assert REDIS
    redis.Redis.from_url(REDIS).flushdb()


def wipe_folder(premises: Premises) -> None:
    shutil.rmtree(premises.broker_folder)


@pytest.mark.parametrize("broker", ["redis", pytest.param("embedded", marks=pytest.mark.nightly)])
def test_a_broker_that_forgets_everything_loses_nothing(premises: Premises, monkeypatch, broker: str) -> None:
    if broker == "redis" and not REDIS.startswith("redis"):
        pytest.skip("needs Redis: set CELERY_BROKER_URL")
    if broker == "embedded":
        monkeypatch.delenv("TEST_BROKER_URL", raising=False)
        premises.supervisor.environment["CELERY_BROKER_URL"] = ""
    wipe: Callable[[Premises], None] = wipe_redis if broker == "redis" else wipe_folder
    Town(premises).new_batch()
    premises.misbehave(SLOWLY)
    workers = two_workers(premises)
    for blow in (1, 2):
        let_them_work(premises, until_sent=6 * blow)
        await_something_in_flight(premises)
        wipe(premises)
    let_them_work(premises, until_sent=20)
    end(premises, workers)
    premises.assert_nothing_was_lost_or_doubled()


# --- The database server ------------------------------------------------------------------------------------


@pytest.fixture
def apart(own_database: Cluster, tmp_path: Path, settings, monkeypatch) -> Iterator[Premises]:  # noqa: F811
    """Premises on a database server of the test's own."""
    with opened(tmp_path, settings, monkeypatch) as premises:
        yield premises


@pytest.mark.parametrize("how", ["immediate", pytest.param("fast", marks=pytest.mark.nightly)])
def test_workers_live_through_a_restart_of_the_database(
    apart: Premises,
    own_database: Cluster,  # noqa: F811
    how: str,
) -> None:
    Town(apart).new_batch()
    apart.misbehave(SLOWLY)
    workers = two_workers(apart)
    for blow in (1, 2):
        let_them_work(apart, until_sent=5 * blow)
        await_something_in_flight(apart)
        own_database.restart(how)
        connection.close()
    let_them_work(apart, until_sent=20)
    end(apart, workers)
    apart.assert_nothing_was_lost_or_doubled()


# --- An hour of the database ----------------------------------------------------------------------------------


def marked(premises: Premises) -> int:
    """How far this machine's workers have got, by their own note."""
    path = Path(premises.supervisor.environment["OUTREACH_DATA_DIR"]) / "restore-marker.json"
    return int(json.loads(path.read_text())["mark"]) if path.exists() else 0


def answer_somebody(premises: Premises) -> str:
    """One whom we have written to, and who was silent, answers now. Returns who."""
    ledger = premises.ledger()
    silent = {entry.person for entry in ledger.entries} - {answer.person for answer in ledger.answers}
    entry = next(entry for entry in ledger.entries if entry.person in silent and entry.kind == "message")
    body = {"account_id": entry.account, "person": entry.person, "text": "Tell me more, please."}
    assert requests.post(f"{premises.sandbox_url}/_sandbox/answer", json=body, timeout=10).ok
    return entry.person


@pytest.mark.nightly
def test_an_hour_old_dump_makes_nobody_hear_anything_twice(
    apart: Premises,
    own_database: Cluster,  # noqa: F811
) -> None:
    """The worker itself notices, compares every account with the provider, and goes on where the people are."""
    town = Town(apart)
    town.new_batch(strangers=10, friends=6, traceless=False)
    workers = [apart.supervisor.start("worker", worker())]
    let_them_work(apart, until_sent=8)
    dump = own_database.folder / "dump"
    own_database.dump(dump)
    known, dumped_at, mark = sent(), apart.at, EngineState.objects.get().mark
    ring_until(apart, lambda: apart.at > dumped_at + timedelta(hours=1) and sent() > known + 8)
    person = answer_somebody(apart)
    ring_until(apart, lambda: Message.objects.filter(is_reply=True, conversation__person=person).exists())
    ring_until(apart, lambda: marked(apart) > mark)
    reached = len(apart.ledger().entries)

    connection.close()
    own_database.restore(dump)
    assert sent() <= known < reached
    restored_at = apart.at
    ring_until(apart, lambda: Event.objects.filter(kind="restore_noticed").exists())
    ring_until(apart, lambda: not Account.objects.filter(unreconciled_since__isnull=False).exists())
    ring_until(apart, lambda: apart.at > restored_at + timedelta(hours=3))
    end(apart, workers)
    ledger = apart.ledger()
    found = checker.breaches(ledger, apart.world)
    found += [each for each in checker.differences(ledger, books()) if "only in our books" in each.words]
    assert not found, "\n".join(f"law {each.law}: {each.words}" for each in found)
    assert len(ledger.entries) > reached, "nothing went on after the restoration"
    assert clock.now() > restored_at
