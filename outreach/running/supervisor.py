"""Starting several processes as one, and stopping them without orphans.

Each child leads its own session. To stop, SIGTERM goes to the child alone, so that a worker finishes the move at
hand; only what is still there after the patience is over is killed with its whole group.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from outreach import clock

# Long enough for a provider call under its timeout to be answered and recorded, and shorter than the TimeoutStopSec of
# the units in deploy/.
PATIENCE_SECONDS = 50.0


@dataclass
class Child:
    name: str
    process: "subprocess.Popen[bytes]"

    @property
    def has_ended(self) -> bool:
        return self.process.poll() is not None


@dataclass
class Supervisor:
    """The children, in the order in which they were started."""

    environment: Mapping[str, str]
    log_dir: Path | None = None
    children: list[Child] = field(default_factory=list)

    def start(self, name: str, command: Sequence[str]) -> Child:
        """Run `python -m …` or `manage.py …`; the output goes to a file of its name when there is a log folder."""
        output = (self.log_dir / f"{name}.log").open("ab") if self.log_dir else None
        process = subprocess.Popen(  # noqa: S603  (no shell, no input from outside)
            [sys.executable, *command],
            env={**os.environ, **self.environment},
            stdout=output,
            stderr=subprocess.STDOUT if output else None,
            start_new_session=True,
        )
        if output:
            output.close()
        child = Child(name, process)
        self.children.append(child)
        return child

    def first_ended(self) -> Child | None:
        return next((child for child in self.children if child.has_ended), None)

    def stop(self) -> None:
        """Ask all to end, wait, and kill the groups of those that did not."""
        for child in reversed(self.children):
            if not child.has_ended:
                child.process.send_signal(signal.SIGTERM)
        deadline = clock.stopwatch() + PATIENCE_SECONDS
        for child in self.children:
            self._await_end(child, deadline)
        self.children.clear()

    def _await_end(self, child: Child, deadline: float) -> None:
        try:
            child.process.wait(timeout=max(0.0, deadline - clock.stopwatch()))
        except subprocess.TimeoutExpired:
            _kill_group(child)
            child.process.wait()
        _kill_group(child)


def _kill_group(child: Child) -> None:
    """Whatever the child started and left behind goes with it."""
    with suppress(ProcessLookupError):
        os.killpg(child.process.pid, signal.SIGKILL)


@contextmanager
def supervised(environment: Mapping[str, str], *, log_dir: Path | None = None) -> Iterator[Supervisor]:
    """Children that live as long as the block, whatever ends it; SIGTERM ends it like Ctrl-C."""

    def interrupt(signum: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    supervisor = Supervisor(environment, log_dir)
    try:
        yield supervisor
    finally:
        # Asked a second time, it still ends its children as it should instead of leaving them behind.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        supervisor.stop()
        signal.signal(signal.SIGTERM, before)


def web(port: int, host: str = "127.0.0.1") -> list[str]:
    """The command of the web process. Open event streams must not hold up its end."""
    options = ["--host", host, "--port", str(port), "--lifespan", "off", "--timeout-graceful-shutdown", "5"]
    return ["-m", "uvicorn", "outreach.asgi:application", *options, "--log-level", "warning"]


def worker(*, threads: int = 4) -> list[str]:
    options = ["-P", "threads", "-c", str(threads), "-l", "WARNING", "--without-gossip", "--without-mingle"]
    return ["-m", "celery", "-A", "outreach", "worker", *options]


def beat() -> list[str]:
    return ["-m", "celery", "-A", "outreach", "beat", "-l", "WARNING", "--pidfile="]
