"""What time it is. Read only at the edges (a task, a view, a command); everything below takes `at`.

Three sources, in this order: a moment frozen by a test, the demo's shared clock (a file that holds one ISO
moment; every process of the demo reads the same file), the machine's own clock.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_frozen: datetime | None = None


def now() -> datetime:
    """The present moment, aware, in UTC."""
    if _frozen is not None:
        return _frozen
    shared = os.environ.get("OUTREACH_CLOCK_FILE")
    return read_shared(Path(shared)) if shared else datetime.now(UTC)


def read_shared(path: Path) -> datetime:
    """The moment written in a shared clock file."""
    return datetime.fromisoformat(path.read_text().strip())


def write_shared(path: Path, at: datetime) -> None:
    """Move a shared clock. The rename makes the change whole for every reader."""
    fresh = path.with_suffix(".next")
    fresh.write_text(at.astimezone(UTC).isoformat())
    fresh.replace(path)


@contextmanager
def frozen(at: datetime) -> Iterator[None]:
    """Hold the clock at one moment, for tests of code at the edges."""
    global _frozen
    before, _frozen = _frozen, at
    try:
        yield
    finally:
        _frozen = before


def rest(seconds: float) -> None:
    """Let real time pass, at the edge of a process (a supervisor's loop, a demo's pacing)."""
    time.sleep(seconds)


def stopwatch() -> float:
    """Real seconds from an arbitrary start, for lengths that have nothing to do with the calendar."""
    return time.monotonic()
