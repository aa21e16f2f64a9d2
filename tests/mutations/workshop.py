"""A copy of the tree in which bugs are planted, asked for by the tests, and taken out again."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from time import monotonic

from tests.mutations.bug import Bug

ROOT = Path(__file__).resolve().parent.parent.parent
# Only what the tests need is loaded, and tables are made without playing every migration: a bug costs seconds.
PYTEST = ("-m", "pytest", "-x", "-q", "--tb=no", "-rfE", "-p", "pytest_django.plugin", "-p", "no:cacheprovider")
PASSED, FAILED = 0, 1


class CannotTell(Exception):
    """The tests did not run, so they say nothing: neither that the bug was caught nor that it was not."""


class Fate(StrEnum):
    CAUGHT = "caught"
    SURVIVED = "survived"
    SKIPPED = "skipped"
    UNTOLD = "untold"  # the tests did not run: the entry is at fault


@dataclass(frozen=True, slots=True)
class Verdict:
    bug: Bug
    fate: Fate
    by: str = ""  # the test that failed, or what else happened
    seconds: float = 0.0


class Workshop:
    """One folder, one bug at a time."""

    def __init__(self, number: int, *, worlds: int, limit: int, postgres: str) -> None:
        self.tree = Path(tempfile.mkdtemp(prefix=f"outreach-mutants-{number}-"))
        self.worlds, self.limit = worlds, limit
        self.postgres = f"{postgres}_mutants_{number}" if postgres else ""
        for name in _files():
            target = self.tree / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target)

    def close(self) -> None:
        shutil.rmtree(self.tree, ignore_errors=True)

    def judge(self, bug: Bug) -> Verdict:
        """Plant the bug, ask its own tests, then the worlds, and take it out."""
        if bug.postgres and not self.postgres:
            return Verdict(bug, Fate.SKIPPED, "needs PostgreSQL: no DATABASE_URL answers")
        path, began = self.tree / bug.file, monotonic()
        sound = path.read_text()
        try:
            self._write(path, bug.planted(sound))
            by = self.first_failure(bug.proof, postgres=bug.postgres) or self.first_lost_world()
        except CannotTell as problem:
            return Verdict(bug, Fate.UNTOLD, str(problem), monotonic() - began)
        finally:
            self._write(path, sound)
        return Verdict(bug, Fate.CAUGHT if by else Fate.SURVIVED, by, monotonic() - began)

    def first_lost_world(self) -> str:
        return self.first_failure(("tests/simulation",)) if self.worlds else ""

    def first_failure(self, places: tuple[str, ...], *, postgres: bool = False) -> str:
        """The first of these tests that fails; "" when all of them pass. Raises CannotTell."""
        command = [sys.executable, *PYTEST, "--nomigrations", *places]
        process = subprocess.Popen(
            command,
            cwd=self.tree,
            env=self._environment(postgres),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            told, _ = process.communicate(timeout=self.limit)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return f"hang: nothing ended within {self.limit} seconds"
        if process.returncode == PASSED:
            return ""
        failed = re.search(r"^(?:FAILED|ERROR) (\S+::\S+)", told, re.MULTILINE)
        if process.returncode != FAILED or failed is None:
            raise CannotTell(f"pytest {' '.join(places)} ended with {process.returncode}:\n{told[-3000:]}")
        return failed[1]

    def _environment(self, postgres: bool) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "OUTREACH_DATA_DIR")}
        mine = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "SIMULATION_WORLDS": str(self.worlds)}
        return kept | mine | ({"DATABASE_URL": self.postgres} if postgres else {})

    @staticmethod
    def _write(path: Path, text: str) -> None:
        """Byte code is told apart by whole seconds and by size, and a bug may have neither of its own."""
        path.write_text(text)
        for stale in path.parent.glob(f"__pycache__/{path.stem}.*.pyc"):
            stale.unlink()


def _files() -> list[str]:
    """Everything that belongs to the tree, committed or not yet."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    told = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True)
    return [name for name in told.stdout.splitlines() if (ROOT / name).is_file()]
