"""Workers are killed with SIGKILL, in the middle of sending and anywhere else; the ledger must not notice (law 10)."""

import os
import signal
from datetime import timedelta
from random import Random

import pytest
from django.conf import settings

from campaigns.engine.horizon import is_anything_due
from integrations.connecting import provider_client
from integrations.receiving import SECRET_HEADER
from outreach import clock
from outreach.events.models import Event
from outreach.milestones import MILESTONES
from outreach.running.supervisor import worker
from tests.concurrency.mortals import Nursery
from tests.concurrency.populating import Town
from tests.concurrency.premises import Premises, Stillness, do_tasks
from tests.concurrency.ringing import let_them_work
from tests.worlds import MONDAY_MORNING

KILLS = int(os.environ.get("KILLS", "60"))
# A gateway that answers 504 at once, so that an unknown outcome costs no waiting.
MISBEHAVIOUR: dict[str, object] = {
    "all": True,
    "timeout_after": {"rate": 0.06, "hold": 0.1},
    "timeout_before": {"rate": 0.03, "hold": 0.1},
    "error_after": 0.04,
}
# Real seconds after which the clock moves on although something stays due.
LOSE_PATIENCE = 6.0
LOOK_EVERY = 0.25
TUESDAY_MORNING = MONDAY_MORNING + timedelta(days=1, minutes=1)


def subscribe(url: str) -> None:
    """The provider's webhooks come to this address."""
    for source, events in (
        ("users", ["new_relation"]),
        ("messaging", ["message_received"]),
        ("account_status", ["ok", "credentials", "reconnected"]),
    ):
        path = "accounts" if source == "account_status" else source
        provider_client().create_webhook(
            source=source,
            request_url=f"{url}/api/v1/webhooks/unipile/{path}",
            events=events,
            headers={SECRET_HEADER: settings.UNIPILE_WEBHOOK_SECRET},
        )


class Massacre:
    """Kills go on while the world turns: the clock moves whenever everybody has come to rest."""

    def __init__(self, premises: Premises, town: Town, nursery: Nursery, rng: Random) -> None:
        self.premises, self.town, self.nursery, self.rng = premises, town, nursery, rng
        self.stillness = Stillness(premises.folder)
        self.moved = self.looked = clock.stopwatch()

    @property
    def is_over(self) -> bool:
        deaths = self.nursery.deaths
        return bool(deaths.mishaps) or (deaths.total >= KILLS and set(deaths.by_fate) >= set(MILESTONES))

    def run(self) -> None:
        began, kill_at = clock.stopwatch(), clock.stopwatch()
        while not self.is_over:
            assert clock.stopwatch() - began < 600 + 10 * KILLS, f"it does not come to an end:\n{self.nursery.deaths}"
            self.nursery.collect()
            if clock.stopwatch() >= kill_at and self.nursery.kill_one():
                kill_at = clock.stopwatch() + self.rng.uniform(0.05, 0.6)
            if clock.stopwatch() - self.looked > LOOK_EVERY:
                self._go_on()
                self.looked = clock.stopwatch()
            clock.rest(0.01)

    def _go_on(self) -> None:
        """Ask for stillness when nothing is due, or nothing moves any more; the clock jumps once it is granted."""
        late = clock.stopwatch() - self.moved > LOSE_PATIENCE
        if not late and is_anything_due(self.premises.at):
            self.stillness.let_go()
        elif self.stillness.ask():
            self._move_on(late)
            self.stillness.let_go()

    def _move_on(self, late: bool) -> None:
        if late or not is_anything_due(self.premises.at):
            do_tasks()
            self.premises.jump(lag=timedelta(seconds=self.rng.uniform(1, 600)))
            self.moved = clock.stopwatch()
        if self.town.is_running_dry:
            self.town.new_batch()


@pytest.mark.postgres
def test_workers_killed_anywhere_do_every_step_exactly_once(premises: Premises) -> None:
    rng, town = Random(7), Town(premises)
    nursery = Nursery(premises, rng)
    try:
        town.new_batch()
        premises.live_in_peace(until=TUESDAY_MORNING)
        town.new_batch()
        subscribe(nursery.web_url)
        premises.misbehave(MISBEHAVIOUR)
        for is_web in (False, False, True):
            nursery.spawn(web=is_web)
        Massacre(premises, town, nursery, rng).run()
    finally:
        nursery.close()
    deaths = nursery.deaths
    print(f"\n{deaths}\n{town.batches} batches of leads, until {premises.at}")
    assert not deaths.mishaps, "\n".join(deaths.mishaps)
    assert set(deaths.by_fate) >= set(MILESTONES)
    assert deaths.in_flight > KILLS / 4, "hardly anybody died in the middle of anything"
    premises.settle()
    ledger = premises.assert_nothing_was_lost_or_doubled()
    print(f"{len(ledger.entries)} side effects, {len(ledger.answers)} answers")
    assert Event.objects.filter(kind="step_settled").exists(), "no outcome was ever in doubt"


@pytest.mark.postgres
def test_real_celery_workers_lose_nothing_when_one_is_killed(premises: Premises) -> None:
    Town(premises).new_batch()
    premises.misbehave({"timeout_after": {"rate": 0.1, "hold": 0.2}})
    workers = [premises.supervisor.start(f"worker-{number}", worker()) for number in (1, 2)]
    for kill in range(3):
        let_them_work(premises, until_sent=6 * (kill + 1))
        os.killpg(workers[kill % 2].process.pid, signal.SIGKILL)
        workers[kill % 2].process.wait()
        workers[kill % 2] = premises.supervisor.start(f"worker-again-{kill}", worker())
    for child in workers:
        child.process.terminate()
    for child in workers:
        child.process.wait(timeout=30)
    premises.settle()
    premises.assert_nothing_was_lost_or_doubled()
