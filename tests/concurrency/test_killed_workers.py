"""Workers are killed with SIGKILL, in the middle of sending and anywhere else; the ledger must not notice (law 10)."""

import os
import signal
from collections import Counter
from random import Random

import pytest
from celery import Celery
from django.db import connections

from campaigns.activating import activate_campaign
from campaigns.demo.judging import read_ledger, violations
from campaigns.engine import executing, housekeeping, recovering
from campaigns.engine.horizon import is_anything_due
from campaigns.enrolling import enroll
from campaigns.models import Enrollment
from integrations.connecting import provider_client
from integrations.models import Dispatch
from integrations.polling import poll_due
from integrations.unipile.sandbox import Sandbox
from outreach import clock
from outreach.clients.models import Client
from outreach.events.models import Event
from outreach.milestones import observed_by
from outreach.running.supervisor import worker
from tests.concurrency.conftest import Premises
from tests.worlds import MONDAY_MORNING, connect_sandbox, leads_from_sandbox, make_campaign, make_client

KILLS = int(os.environ.get("KILLS", "40"))
# Where a worker most likely dies by itself: with a call confirmed, made, and not recorded.
DEADLY = {"after_reserve": 0.1, "after_confirm": 0.2, "after_call": 0.3, "inside_record": 0.2}


def populate(client: Client) -> None:
    """Two accounts and thirty leads, from a twin of the running sandbox."""
    twin = Sandbox(1, now=lambda: MONDAY_MORNING, people=120)
    accounts = connect_sandbox(client, twin, provider_client())
    for account in accounts:
        account.spacing_min_seconds, account.spacing_max_seconds = 30, 90
        account.save()
    campaign = make_campaign(client, accounts)
    enroll(campaign=campaign, leads=leads_from_sandbox(client, twin, 30), by=None, at=MONDAY_MORNING)
    activate_campaign(campaign=campaign, by=None, at=MONDAY_MORNING)


def work(seed: int) -> None:
    """What a worker does, until it is killed; sometimes it dies by itself between two moves."""
    rng = Random(seed)

    def die_maybe(milestone: str) -> None:
        if rng.random() < DEADLY.get(milestone, 0.01):
            os.kill(os.getpid(), signal.SIGKILL)

    client = provider_client()
    with observed_by(die_maybe):
        while True:
            executing.run_batch(now=clock.now, client=client, limit=2)
            recovering.recover(at=clock.now(), client=client)
            poll_due(at=clock.now(), client=client)
            housekeeping.keep_house(at=clock.now())
            clock.rest(0.01)


def fork_worker(seed: int) -> int:
    """A worker process that needs no start-up. Connections are not shared across a fork."""
    connections.close_all()
    pid = os.fork()
    if pid == 0:
        try:
            work(seed)
        finally:
            os._exit(1)
    return pid


def reap(pid: int, *, kill: bool) -> bool:
    """Whether the worker is gone; `kill` makes sure of it."""
    if kill:
        os.kill(pid, signal.SIGKILL)
    gone, _ = os.waitpid(pid, 0 if kill else os.WNOHANG)
    return gone == pid


def assert_nothing_was_lost_or_doubled(premises: Premises) -> None:
    ledger = read_ledger(premises.sandbox_url)
    found = violations(ledger)
    assert not found, "\n".join(f"law {each.law}: {each.words}" for each in found)
    theirs = Counter((entry.account, entry.kind, entry.person, " ".join(entry.text.split())) for entry in ledger)
    rows = Dispatch.objects.filter(state="sent").select_related("account")
    ours = Counter((d.account.provider_account_id, d.action, d.person, " ".join(d.text.split())) for d in rows)
    assert ours == theirs, f"only in our books: {ours - theirs}; only in the ledger: {theirs - ours}"
    assert not Dispatch.objects.filter(state__in=("sending", "unknown")).exists()


@pytest.mark.postgres
def test_two_workers_killed_again_and_again_send_every_step_exactly_once(premises: Premises) -> None:
    populate(make_client())
    premises.misbehave({"timeout_after": {"rate": 0.1, "hold": 0.1}, "error_after": 0.05, "rate_limit": 0.02})
    rng = Random(7)
    workers = {fork_worker(seed) for seed in (1, 2)}
    killed = 0
    while killed < KILLS:
        clock.rest(rng.uniform(0.05, 0.4))
        victims = [pid for pid in sorted(workers) if reap(pid, kill=False)]
        if not victims:
            victims = [rng.choice(sorted(workers))]
            reap(victims[0], kill=True)
        for victim in victims:
            workers.remove(victim)
            killed += 1
            workers.add(fork_worker(100 + killed))
        if not is_anything_due(premises.at):
            premises.jump()
    for pid in workers:
        reap(pid, kill=True)
    settle(premises)
    assert Dispatch.objects.filter(state="sent").count() > 20
    assert Event.objects.filter(kind="step_settled").count() > 3, "hardly anybody died in the middle of sending"
    assert_nothing_was_lost_or_doubled(premises)


def settle(premises: Premises) -> None:
    """Without faults and kills, everything left open comes to rest."""
    premises.misbehave({})
    client = provider_client()
    for _ in range(400):
        recovering.recover(at=clock.now(), client=client)
        poll_due(at=clock.now(), client=client)
        while executing.run_batch(now=clock.now, client=client):
            pass
        housekeeping.keep_house(at=clock.now())
        open_ones = Dispatch.objects.filter(state__in=("sending", "unknown")).exists()
        waiting = Enrollment.objects.filter(state="active", next_account__isnull=False).exists()
        if not open_ones and not waiting:
            return
        premises.jump()


def test_real_celery_workers_lose_nothing_when_one_is_killed(premises: Premises) -> None:
    populate(make_client())
    premises.misbehave({"timeout_after": {"rate": 0.1, "hold": 0.2}})
    workers = [premises.supervisor.start(f"worker-{number}", worker()) for number in (1, 2)]
    for kill in range(3):
        _let_them_work(premises, until_sent=6 * (kill + 1))
        os.killpg(workers[kill % 2].process.pid, signal.SIGKILL)
        workers[kill % 2].process.wait()
        workers[kill % 2] = premises.supervisor.start(f"worker-again-{kill}", worker())
    for child in workers:
        child.process.terminate()
    for child in workers:
        child.process.wait(timeout=30)
    settle(premises)
    assert_nothing_was_lost_or_doubled(premises)


def _let_them_work(premises: Premises, *, until_sent: int) -> None:
    """Ring the bell until so much was sent, moving the clock whenever everybody has come to rest."""
    bell = Celery(broker=_broker_url(premises))
    bell.conf.update(task_default_queue=premises.supervisor.environment["CELERY_QUEUE"])
    bell.conf.broker_transport_options = _broker_options(premises)
    began = clock.stopwatch()
    while Dispatch.objects.filter(state="sent").count() < until_sent:
        assert clock.stopwatch() - began < 90, "the workers do nothing"
        for name in ("campaigns.tasks.tick", "integrations.tasks.poll_accounts", "campaigns.tasks.recover"):
            bell.send_task(name)
        clock.rest(0.2)
        if not is_anything_due(premises.at):
            premises.jump()
    bell.close()


def _broker_url(premises: Premises) -> str:
    return os.environ.get("TEST_BROKER_URL", "") or "embedded://localhost//"


def _broker_options(premises: Premises) -> dict[str, object]:
    if os.environ.get("TEST_BROKER_URL"):
        return {}
    folder = f"{premises.supervisor.environment['OUTREACH_DATA_DIR']}/broker"
    return {"data_folder_in": folder, "data_folder_out": folder, "control_folder": folder}
