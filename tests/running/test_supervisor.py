"""Several processes as one: started, watched, stopped, and none left behind."""

import os
import signal
import sys
from pathlib import Path

import pytest

from outreach import clock
from outreach.running import supervisor
from outreach.running.supervisor import Supervisor, supervised

OBEDIENT = "import time, pathlib; pathlib.Path({ready!r}).touch(); time.sleep(60)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + OBEDIENT
# Starts a process of its own and leaves it when asked to end.
CARELESS = (
    "import subprocess, sys, pathlib, time; "
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); "
    "pathlib.Path({note!r}).write_text(str(child.pid)); pathlib.Path({ready!r}).touch(); time.sleep(60)"
)
TIDY = (
    "import signal, sys, time, pathlib; "
    "signal.signal(signal.SIGTERM, lambda *_: (pathlib.Path({note!r}).write_text('tidied up'), sys.exit(0))); "
    + OBEDIENT
)


def ready(path: Path) -> None:
    """Wait until the child is up; it says so with a file."""
    for _ in range(500):
        if path.exists():
            return
        clock.rest(0.02)
    raise AssertionError("the child never started")


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"


def start(of: Supervisor, folder: Path, program: str, name: str = "child") -> supervisor.Child:
    mark = folder / f"{name}.ready"
    child = of.start(name, ["-c", program.format(ready=str(mark), note=str(folder / f"{name}.note"))])
    ready(mark)
    return child


def test_an_obedient_child_is_asked_to_end_and_ends(tmp_path: Path) -> None:
    of = Supervisor({})
    child = start(of, tmp_path, OBEDIENT)
    of.stop()
    assert child.process.returncode == -signal.SIGTERM
    assert of.children == []


def test_a_child_gets_the_time_to_finish_what_it_is_at(tmp_path: Path) -> None:
    of = Supervisor({})
    child = start(of, tmp_path, TIDY)
    of.stop()
    assert child.process.returncode == 0
    assert (tmp_path / "child.note").read_text() == "tidied up"


def test_a_stubborn_child_is_killed_when_the_patience_is_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "PATIENCE_SECONDS", 0.3)
    of = Supervisor({})
    child = start(of, tmp_path, STUBBORN)
    of.stop()
    assert child.process.returncode == -signal.SIGKILL


def test_a_stubborn_child_does_not_keep_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "PATIENCE_SECONDS", 0.3)
    of = Supervisor({})
    children = [start(of, tmp_path, program, name) for program, name in ((STUBBORN, "a"), (OBEDIENT, "b"))]
    of.stop()
    assert [child.process.returncode for child in children] == [-signal.SIGKILL, -signal.SIGTERM]


def test_no_grandchild_is_left_behind(tmp_path: Path) -> None:
    of = Supervisor({})
    start(of, tmp_path, CARELESS)
    grandchild = int((tmp_path / "child.note").read_text())
    of.stop()
    clock.rest(0.1)
    left = is_alive(grandchild)
    if left:
        os.kill(grandchild, signal.SIGKILL)
    assert not left


def test_a_child_that_ended_by_itself_is_noticed(tmp_path: Path) -> None:
    of = Supervisor({})
    start(of, tmp_path, OBEDIENT, "lives")
    ended = of.start("ends", ["-c", "raise SystemExit(3)"])
    ended.process.wait(timeout=10)
    assert of.first_ended() is ended
    assert ended.process.returncode == 3
    of.stop()


def test_children_get_the_environment_and_write_to_their_log(tmp_path: Path) -> None:
    of = Supervisor({"OUTREACH_GREETING": "hello"}, log_dir=tmp_path)
    child = of.start(
        "talker", ["-c", "import os, sys; print(os.environ['OUTREACH_GREETING']); print('oh', file=sys.stderr)"]
    )
    child.process.wait(timeout=10)
    assert set((tmp_path / "talker.log").read_text().split()) == {"hello", "oh"}


def test_an_error_in_the_block_ends_the_children_too(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), supervised({}) as of:
        child = start(of, tmp_path, OBEDIENT)
        raise RuntimeError("something went wrong")
    assert child.has_ended


def test_sigterm_ends_the_block_and_the_children(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), supervised({}) as of:
        child = start(of, tmp_path, OBEDIENT)
        os.kill(os.getpid(), signal.SIGTERM)
        clock.rest(1)
    assert child.has_ended
    assert signal.getsignal(signal.SIGTERM) is before


def test_commands_name_modules_that_can_be_run() -> None:
    for command in (supervisor.web(8000), supervisor.worker(), supervisor.beat()):
        assert command[0] == "-m"
        assert command[1] in {"uvicorn", "celery"}
    assert sys.executable
