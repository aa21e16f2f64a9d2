"""Forked workers that are killed: some by themselves at a named point, the others from outside at any moment.

Each keeps notes of the milestones it passes, so that whoever finds it dead knows what it was in the middle of.
"""

import os
import signal
import socket
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import waitress
from django.core.wsgi import get_wsgi_application
from django.db import connections

from campaigns.engine import executing, recovering, withdrawing
from integrations.account_care import refresh_all
from integrations.connecting import provider_client
from integrations.polling import poll_due
from integrations.tasks import process_receipts
from outreach import clock
from outreach.milestones import MILESTONES, observed_by
from tests.concurrency.premises import Premises, Stillness, keep_house

BORN, REST = "born", "at rest"
# What a web process passes; everything else happens in workers.
OF_THE_WEB = ("receipt_stored",)
# Points between the first and the last of which something is half done, so that a death there leaves it so.
HALF_DONE = frozenset(MILESTONES) - {"before_reserve", "after_record", "after_inbound"}
# Real seconds for which a worker may wait for its fate: long for one that nobody has met yet.
PATIENCE, FIRST_PATIENCE = 4.0, 30.0


@dataclass(frozen=True, slots=True)
class Fate:
    """Die when this milestone is passed for the n-th time."""

    milestone: str
    number: int
    patience: float


@dataclass
class Mortal:
    pid: int
    notes: Path
    fate: Fate | None
    born: float

    def passed(self) -> list[str]:
        return [BORN, *(self.notes.read_text().split("\n")[:-1] if self.notes.exists() else [])]

    @property
    def doing(self) -> str:
        return self.passed()[-1]

    @property
    def waits_for_its_fate(self) -> bool:
        return self.fate is not None and clock.stopwatch() - self.born < self.fate.patience


@dataclass
class Deaths:
    """What was found when they were dead."""

    by_fate: Counter[str] = field(default_factory=Counter)
    from_outside: Counter[str] = field(default_factory=Counter)
    mishaps: list[str] = field(default_factory=list)

    def count(self, dead: Mortal) -> None:
        passed = dead.passed()
        last = passed[-1]
        if last.startswith("mishap"):
            self.mishaps.append("\n".join(passed[passed.index(last) :]).replace("\\n", "\n"))
        elif last.startswith("died at "):
            self.by_fate[last.removeprefix("died at ")] += 1
        else:
            self.from_outside[last] += 1

    @property
    def total(self) -> int:
        return self.by_fate.total() + self.from_outside.total()

    @property
    def in_flight(self) -> int:
        """How many were killed in the middle of something."""
        both = self.by_fate + self.from_outside
        return sum(count for where, count in both.items() if where in HALF_DONE)

    def __str__(self) -> str:
        lines = [f"{self.total} kills, {self.in_flight} of them with something in flight"]
        lines += [f"  {count:5} at {where}" for where, count in sorted(self.by_fate.items())]
        lines += [f"  {count:5} at random, after {where}" for where, count in sorted(self.from_outside.items())]
        return "\n".join(lines)


class Nursery:
    """Forks workers and web processes, and gives every other one a fate: first the points nobody has died at yet."""

    def __init__(self, premises: Premises, rng: Random) -> None:
        self.premises, self.rng = premises, rng
        self.deaths = Deaths()
        self.living: dict[int, Mortal] = {}
        self._web: set[int] = set()
        self._number = 0
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=64)

    @property
    def web_url(self) -> str:
        return f"http://127.0.0.1:{self.socket.getsockname()[1]}"

    def spawn(self, *, web: bool = False) -> None:
        """A process that needs no start-up. Connections are not shared across a fork."""
        self._number += 1
        notes = self.premises.folder / f"notes-{self._number}"
        fate = self._fate(OF_THE_WEB if web else tuple(name for name in MILESTONES if name not in OF_THE_WEB))
        seed = self.rng.randrange(2**32)
        connections.close_all()
        pid = os.fork()
        if pid == 0:
            self._live(notes, fate, serve if web else work, seed)
        self.living[pid] = Mortal(pid, notes, fate, clock.stopwatch())
        if web:
            self._web.add(pid)

    def _fate(self, possible: tuple[str, ...]) -> Fate | None:
        new = [name for name in possible if not self.deaths.by_fate[name]]
        if (not new) if possible == OF_THE_WEB else self._number % 2:
            return None
        if new:
            return Fate(self.rng.choice(new), 1, FIRST_PATIENCE)
        return Fate(self.rng.choice(possible), self.rng.choice((1, 1, 2, 5)), PATIENCE)

    def _live(self, notes: Path, fate: Fate | None, do: "Callable[[Nursery, Note, int], None]", seed: int) -> None:
        """In the child. It never returns: the parent's code must not run twice."""
        note = Note(notes, fate)
        try:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            with observed_by(note.passing):
                do(self, note, seed)
        except BaseException:
            note.write("mishap: " + traceback.format_exc().replace("\n", "\\n"))
        finally:
            os._exit(1)

    def collect(self) -> int:
        """Count those that died by themselves, and replace them. Returns how many there were."""
        gone = [pid for pid in self.living if os.waitpid(pid, os.WNOHANG)[0] == pid]
        for pid in gone:
            self._bury(pid)
        return len(gone)

    def kill_one(self) -> bool:
        """One of those at work, at whatever moment this is, unless its fate is still to come. False: nobody was.

        Most of them in the middle of something; a web process only now and then, for deliveries are many.
        """
        free = [each for each in self.living.values() if not each.waits_for_its_fate]
        workers = [each for each in free if each.pid not in self._web or self.rng.random() < 0.03]
        able = [each for each in workers if each.doing in HALF_DONE]
        if not able and self.rng.random() < 0.1:
            able = [each for each in workers if each.doing not in (BORN, REST)]
        if able:
            victim = self.rng.choice(able)
            self._slay(victim.pid)
            self._bury(victim.pid)
        return bool(able)

    def _slay(self, pid: int) -> None:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)

    def _bury(self, pid: int) -> None:
        dead = self.living.pop(pid)
        self.deaths.count(dead)
        dead.notes.unlink(missing_ok=True)
        was_web = pid in self._web
        self._web.discard(pid)
        self.spawn(web=was_web)

    def close(self) -> None:
        for pid in list(self.living):
            self._slay(pid)
            self.living.pop(pid)
        self.socket.close()


class Note:
    """One process's notes; the last line says where it was. Written at once, whatever happens then."""

    def __init__(self, path: Path, fate: Fate | None) -> None:
        self._file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        self._fate, self._passed = fate, Counter[str]()

    def write(self, words: str) -> None:
        os.write(self._file, f"{words}\n".encode())

    def passing(self, milestone: str) -> None:
        self.write(milestone)
        self._passed[milestone] += 1
        if self._fate and self._fate.milestone == milestone and self._passed[milestone] >= self._fate.number:
            self.write(f"died at {milestone}")
            os.kill(os.getpid(), signal.SIGKILL)


def work(nursery: Nursery, note: Note, seed: int) -> None:
    """What a worker does, until it is killed: everything, in any order."""
    rng, client, stillness = Random(seed), provider_client(), Stillness(nursery.premises.folder)
    duties: dict[str, Callable[[], object]] = {
        "a batch": lambda: executing.run_batch(now=clock.now, client=client, limit=3),
        "recovery": lambda: recovering.recover(at=clock.now(), client=client),
        "withdrawals": lambda: withdrawing.withdraw_stale(at=clock.now(), client=client),
        "reading": lambda: poll_due(at=clock.now(), client=client),
        "receipts": process_receipts,
        "the house": keep_house,
        "states": lambda: refresh_all(client, at=clock.now()),
    }
    while True:
        with stillness.at_work():
            for name in ["a batch", *rng.sample(sorted(duties), k=2)]:
                note.write(name)
                duties[name]()
        note.write(REST)
        clock.rest(0.005)


def serve(nursery: Nursery, note: Note, seed: int) -> None:
    """A web process for the provider's webhooks. The socket outlives it, as under a service manager."""
    application = get_wsgi_application()

    def noted(environ: Any, start_response: Any) -> Any:
        note.write("a delivery")
        answer = application(environ, start_response)
        note.write(REST)
        return answer

    waitress.serve(noted, sockets=[nursery.socket], threads=1, _quiet=True)
