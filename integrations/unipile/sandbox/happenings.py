"""The scheduled future: what is going to happen and when, in the sandbox's own time."""

import heapq
import itertools
from collections.abc import Callable
from datetime import datetime
from typing import TypeAlias

Happening: TypeAlias = Callable[[datetime], None]


def whole_milliseconds(at: datetime) -> datetime:
    """As fine as the API's moments get: what is planned, stored and served must be the same moment."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


class Schedule:
    """Happenings by time; those of one moment in the order in which they were planned."""

    def __init__(self) -> None:
        self._heap: list[tuple[datetime, int, Happening]] = []
        self._order = itertools.count()

    def plan(self, due_at: datetime, happening: Happening) -> None:
        heapq.heappush(self._heap, (whole_milliseconds(due_at), next(self._order), happening))

    def next_at(self) -> datetime | None:
        return self._heap[0][0] if self._heap else None

    def run_until(self, at: datetime) -> int:
        """Let happen all that is due, each at its own moment; what they plan in turn is included."""
        done = 0
        while self._heap and self._heap[0][0] <= at:
            due_at, _, happening = heapq.heappop(self._heap)
            happening(due_at)
            done += 1
        return done
