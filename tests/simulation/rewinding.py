"""Backups: the database goes back to how it was a while ago, and everybody else does not."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction

from campaigns.engine import restoring

if TYPE_CHECKING:
    from tests.simulation.stage import Stage


class Backups:
    """A savepoint stands for the dump; the marker on the worker's disk is a real file."""

    def __init__(self, stage: "Stage") -> None:
        self.stage = stage
        self.is_wanted = stage.plan.backup_rate > 0
        self.marker = stage.folder / f"marker-{stage.seed}.json"
        self.marker.unlink(missing_ok=True)
        self.dump: str | None = None
        self.taken_at: datetime = stage.at
        self.restored = 0
        if self.is_wanted:
            self._look()  # workers have run before the first backup is made

    def watch(self) -> None:
        """What every worker does before anything else."""
        if not self.is_wanted:
            return
        if self.stage.armed and self.stage.rng.random() < self.stage.plan.backup_rate:
            self._take_or_restore()
        self._look()

    def _look(self) -> bool:
        machine = int(self.stage.at.timestamp())
        noticed = restoring.watch(at=self.stage.at, machine=machine, path=self.marker)
        if noticed:
            self.stage.note("the database looks restored")
            self.stage.judge.set_apart()
        return noticed

    def _take_or_restore(self) -> None:
        if self.dump is None:
            self.dump, self.taken_at = transaction.savepoint(), self.stage.at
            self.stage.judge.remember()
            self.stage.note("a backup is made")
        elif self.stage.at - self.taken_at > timedelta(seconds=restoring.MARK_EVERY + 1):
            transaction.savepoint_rollback(self.dump)
            transaction.savepoint_commit(self.dump)
            self.dump = None
            self.restored += 1
            self.stage.note(f"a backup is restored, of {self.taken_at:%m-%d %H:%M:%S}")
            self.stage.judge.forget()
            assert self._look(), "a restored backup was not noticed"
