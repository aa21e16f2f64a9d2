"""A worker that is asked to end finishes the move at hand, begins no other, and leaves nothing in doubt."""

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from integrations.models import Dispatch
from outreach import clock
from outreach.running import ending, supervisor
from outreach.running.supervisor import Child, worker
from tests.bench import INVITE, Bench
from tests.concurrency.conftest import free_port
from tests.concurrency.populating import Town
from tests.concurrency.premises import Premises

PREFORK = ["-m", "celery", "-A", "outreach", "worker", "-c", "2", "-l", "WARNING"]
# The provider acts, and answers after so many seconds; it would have been patient for two.
SLOW: dict[str, object] = {"slow": {"rate": 1, "hold": 1.2}}
ROOT = Path(__file__).resolve().parents[2]


def one_call_after_another(premises: Premises) -> None:
    """Eight accounts, each with something to do, and one call in flight at a time: ended early, most is left."""
    premises.supervisor.environment |= {"ENGINE_BATCH_SIZE": "1", "TICK_SECONDS": "1"}
    Town(premises).invite(16)
    premises.misbehave(SLOW)


def await_a_held_call(premises: Premises, *, ring: bool) -> None:
    """Until the provider has acted on the first call, whose answer it holds back."""
    began = clock.stopwatch()
    if ring:
        premises.bell.send_task("campaigns.tasks.tick")
    while not premises.ledger().entries:
        assert clock.stopwatch() - began < 240, "nothing was ever called"
        clock.rest(0.02)


def assert_ended_in_order(premises: Premises, child: Child, *, code: int) -> None:
    child.process.wait(timeout=supervisor.PATIENCE_SECONDS)
    assert child.process.returncode == code
    rows = dict(Dispatch.objects.values_list("person", "state"))
    done = [entry.person for entry in premises.ledger().entries]
    assert len(done) == 1, "a new move was begun"
    assert [person for person, state in rows.items() if state == "sent"] == done
    assert not Dispatch.objects.filter(state__in=("sending", "unknown")).exists()


@pytest.mark.postgres
@pytest.mark.parametrize("command", [worker(), PREFORK], ids=["threads", "processes"])
def test_a_worker_finishes_its_call_and_begins_no_other(premises: Premises, command: list[str]) -> None:
    one_call_after_another(premises)
    child = premises.supervisor.start("worker", command)
    await_a_held_call(premises, ring=True)
    child.process.send_signal(signal.SIGTERM)
    assert_ended_in_order(premises, child, code=0)


@pytest.mark.postgres
def test_everything_started_by_up_ends_in_order_too(premises: Premises) -> None:
    one_call_after_another(premises)
    child = premises.supervisor.start("up", ["manage.py", "up", "--port", str(free_port())])
    await_a_held_call(premises, ring=False)
    family = list(descendants(child.process.pid))
    assert len(family) >= 3, "web, worker and beat"
    child.process.send_signal(signal.SIGTERM)
    assert_ended_in_order(premises, child, code=0)
    assert [pid for pid in family if Path(f"/proc/{pid}").exists()] == []


def descendants(pid: int) -> Iterator[int]:
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        if parent == pid:
            yield int(path.parent.name)
            yield from descendants(int(path.parent.name))


@pytest.mark.django_db
def test_a_step_that_was_not_called_yet_is_put_back() -> None:
    """Asked to end while it looks: surely not sent, and the next worker takes it up at once."""
    bench = Bench()
    walk = bench.walk(None, INVITE)
    try:
        ending.begin()
        bench.tick()
    finally:
        ending.forget()
    assert bench.ledger() == []
    walk.refresh_from_db()
    assert walk.next_action_at is not None
    bench.wait(minutes=1)
    bench.tick()
    assert [kind for kind, _ in bench.sent()] == ["invitation"]


def test_service_managers_wait_as_long_as_a_call_may_take() -> None:
    connect, record = 5, 5
    unit = (ROOT / "deploy" / "outreach-worker.service").read_text()
    patience = int(re.findall(r"^TimeoutStopSec=(\d+)$", unit, re.M)[0])
    assert connect + 30 + record < supervisor.PATIENCE_SECONDS < patience
    assert "KillMode=mixed" in unit, "SIGTERM to every child would end calls in the middle"
    example = os.path.join(ROOT, ".env.example")
    assert "UNIPILE_TIMEOUT_SECONDS" in Path(example).read_text()
    assert settings.UNIPILE_TIMEOUT_SECONDS == 30
