"""The demo's clock: it jumps from one due thing to the next, and waits for everybody before each jump."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import requests
from celery import current_app
from django.db import close_old_connections

from campaigns.engine.horizon import is_anything_due, next_due
from outreach import clock

BELLS = (
    "integrations.tasks.process_receipts",
    "integrations.tasks.poll_accounts",
    "campaigns.tasks.tick",
    "campaigns.tasks.recover",
    "campaigns.tasks.keep_house",
)
# Real seconds: between two looks, before ringing again, and before something that stays due is left for later.
LOOK, RING_AGAIN, LOSE_PATIENCE = 0.03, 1.5, 12.0
SMALLEST_JUMP = timedelta(seconds=1)
LONGEST_JUMP = timedelta(hours=3)
STATUS_EVERY = timedelta(hours=1)


@dataclass
class Driver:
    """Moves the shared clock of all the demo's processes."""

    clock_file: Path
    sandbox_url: str
    at: datetime
    status_due_at: datetime | None = None

    def play(self, until: datetime, *, on_progress: Callable[[datetime], None]) -> None:
        while self.at < until:
            self.settle()
            self.jump(until)
            on_progress(self.at)
        self.settle()

    def jump(self, until: datetime) -> None:
        """To the next due thing of ours or of the people's, at most a few hours on."""
        moments = [moment for moment in (next_due(self.at), self._next_of_the_people()) if moment]
        soonest = min(moments, default=until)
        self.at = min(max(soonest, self.at + SMALLEST_JUMP), self.at + LONGEST_JUMP, until)
        clock.write_shared(self.clock_file, self.at)

    def settle(self) -> None:
        """Ring everybody's bell and wait until nothing is due any more at this moment."""
        self._ring_for_status()
        began = rang = clock.stopwatch()
        ring_all()
        while self._is_busy():
            clock.rest(LOOK)
            now = clock.stopwatch()
            if now - began > LOSE_PATIENCE:
                return
            if now - rang > RING_AGAIN:
                ring_all()
                rang = now

    def _is_busy(self) -> bool:
        close_old_connections()
        return self._deliveries() > 0 or is_anything_due(self.at)

    def _ring_for_status(self) -> None:
        if self.status_due_at is None or self.at >= self.status_due_at:
            current_app.send_task("integrations.tasks.refresh_accounts")
            self.status_due_at = self.at + STATUS_EVERY

    def _next_of_the_people(self) -> datetime | None:
        told = self._ask()["next_at"]
        return datetime.fromisoformat(str(told)) if told else None

    def _deliveries(self) -> int:
        return int(str(self._ask()["pending_deliveries"]))

    def _ask(self) -> dict[str, object]:
        answer = requests.get(f"{self.sandbox_url}/_sandbox/next", timeout=30)
        answer.raise_for_status()
        told: dict[str, object] = answer.json()
        return told


def ring_all() -> None:
    for bell in BELLS:
        current_app.send_task(bell)
