"""What the processes of one test share: the sandbox, the clock that only moves while nobody is at work, the books."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path

import requests
from celery import Celery
from django.conf import settings
from django.db import connection

from campaigns.engine import executing, housekeeping, recovering, withdrawing
from campaigns.engine.horizon import is_anything_due, next_due
from campaigns.models import ManualTask
from campaigns.tasking import close_task
from integrations.account_care import refresh_all
from integrations.connecting import provider_client
from integrations.models import Dispatch, WebhookReceipt
from integrations.polling import poll_due
from integrations.tasks import process_receipts
from outreach import clock
from outreach.running import broker
from outreach.running.supervisor import Supervisor
from tests.concurrency import checker

LONGEST_JUMP = timedelta(hours=8)
BELLS = (
    "campaigns.tasks.tick",
    "campaigns.tasks.recover",
    "campaigns.tasks.keep_house",
    "integrations.tasks.poll_accounts",
    "integrations.tasks.process_receipts",
)
# A call in flight is over after so many real seconds: what is reserved for longer has lost its worker.
ORPHANED_AFTER = 8.0


def child_environment(clock_file: Path, port: int) -> dict[str, str]:
    """The environment of a worker process: this process's database, sandbox and clock."""
    return {
        "DJANGO_SETTINGS_MODULE": "outreach.settings",
        "DATABASE_URL": database_url(),
        "CELERY_BROKER_URL": os.environ.get("TEST_BROKER_URL", ""),
        "OUTREACH_ENV_FILE": os.devnull,
        "OUTREACH_DATA_DIR": str(clock_file.parent / "data"),
        "OUTREACH_CLOCK_FILE": str(clock_file),
        "UNIPILE_BASE_URL": f"http://127.0.0.1:{port}",
        "UNIPILE_TIMEOUT_SECONDS": str(settings.UNIPILE_TIMEOUT_SECONDS),
        "UNIPILE_WEBHOOK_SECRET": settings.UNIPILE_WEBHOOK_SECRET,
        "MESSAGES_POLL_MINUTES": str(settings.MESSAGES_POLL_MINUTES),
        "RELATIONS_POLL_MINUTES": str(settings.RELATIONS_POLL_MINUTES),
        "INBOUND_MAX_AGE_MINUTES": str(settings.INBOUND_MAX_AGE_MINUTES),
        "CELERY_POLLING_INTERVAL": "0.05",
        "CELERY_QUEUE": f"test-{port}",
    }


def database_url() -> str:
    """Where this very process is connected."""
    now = connection.settings_dict
    if connection.vendor != "postgresql":
        return f"sqlite:///{now['NAME']}"
    secret = f":{now['PASSWORD']}" if now["PASSWORD"] else ""
    return f"postgres://{now['USER']}{secret}@{now['HOST']}:{now['PORT'] or 5432}/{now['NAME']}"


class Stillness:
    """The clock stands still while somebody is at work: a real one would not leap by hours within a call either.

    Who works holds the hall in common; who moves the clock wants it alone. The door keeps newcomers out meanwhile. A
    process that dies lets go of everything.
    """

    def __init__(self, folder: Path) -> None:
        self._door = os.open(folder / "door", os.O_CREAT | os.O_RDWR)
        self._hall = os.open(folder / "hall", os.O_CREAT | os.O_RDWR)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        fcntl.flock(self._door, fcntl.LOCK_EX)
        fcntl.flock(self._hall, fcntl.LOCK_SH)
        fcntl.flock(self._door, fcntl.LOCK_UN)
        try:
            yield
        finally:
            fcntl.flock(self._hall, fcntl.LOCK_UN)

    def ask(self) -> bool:
        """Whether everybody is at rest now. Until it is granted, or let go, nobody begins anything."""
        for lock in (self._door, self._hall):
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
        return True

    def let_go(self) -> None:
        fcntl.flock(self._hall, fcntl.LOCK_UN)
        fcntl.flock(self._door, fcntl.LOCK_UN)


@dataclass
class Premises:
    """What the processes of one test share."""

    supervisor: Supervisor
    clock_file: Path
    sandbox_url: str
    world: checker.World = field(default_factory=checker.World)
    _seen: dict[object, float] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return self.clock_file.parent

    @property
    def at(self) -> datetime:
        return clock.now()

    def jump(self, *, lag: timedelta = timedelta(0)) -> None:
        """To the next due thing of ours or of the people's, and by so much at least: late workers are harmless."""
        told = self.coming()["next_at"]
        theirs = datetime.fromisoformat(str(told)) if told else None
        moments = [moment for moment in (next_due(self.at), theirs) if moment]
        soonest = min(moments, default=self.at + timedelta(hours=1))
        clock.write_shared(self.clock_file, max(self.at + lag, min(soonest, self.at + LONGEST_JUMP)))

    def coming(self) -> dict[str, object]:
        answer: dict[str, object] = requests.get(f"{self.sandbox_url}/_sandbox/next", timeout=10).json()
        return answer

    def misbehave(self, faults: dict[str, object]) -> None:
        assert requests.post(f"{self.sandbox_url}/_sandbox/faults", json={"faults": faults}, timeout=10).ok

    def ledger(self) -> checker.Ledger:
        return checker.read(self.sandbox_url)

    # --- Real workers -------------------------------------------------------------------------------------

    @cached_property
    def bell(self) -> Celery:
        """Rings like beat does, over one connection all the time."""
        broker.register()
        bell = Celery(broker=self.broker_url, set_as_current=False)
        bell.conf.update(task_default_queue=self.supervisor.environment["CELERY_QUEUE"])
        bell.conf.broker_transport_options = {} if os.environ.get("TEST_BROKER_URL") else self._folders()
        return bell

    @property
    def broker_url(self) -> str:
        return os.environ.get("TEST_BROKER_URL", "") or "embedded://localhost//"

    @property
    def broker_folder(self) -> Path:
        return Path(self.supervisor.environment["OUTREACH_DATA_DIR"]) / "broker"

    def _folders(self) -> dict[str, str]:
        self.broker_folder.mkdir(parents=True, exist_ok=True)
        names = ("data_folder_in", "data_folder_out", "control_folder")
        return {name: str(self.broker_folder) for name in names}

    def go_on(self) -> bool:
        """Move the clock when everybody has come to rest, and no living worker has a call in flight."""
        if is_anything_due(self.at) or self._in_flight():
            return False
        self.jump(lag=timedelta(minutes=3))
        return True

    def _in_flight(self) -> bool:
        """Whether a worker may be between reserving and recording. Whoever is for too long has died."""
        now, open_ones = clock.stopwatch(), Dispatch.objects.in_flight().values_list("pk", flat=True)
        self._seen = {pk: self._seen.get(pk, now) for pk in open_ones}
        return any(now - since < ORPHANED_AFTER for since in self._seen.values())

    # --- At the end ---------------------------------------------------------------------------------------

    def live_in_peace(self, *, until: datetime) -> None:
        """Without faults and kills, in this process."""
        self.misbehave({})
        refresh_all(provider_client(), at=self.at)
        while self.at < until:
            everybody_works()
            self.jump(lag=timedelta(minutes=20))

    def settle(self) -> None:
        """Everything left open comes to rest, and the walks go on."""
        self.live_in_peace(until=self.at + timedelta(hours=6))
        for _ in range(40):
            if not hanging() and not WebhookReceipt.objects.filter(state="pending").exists():
                return
            self.live_in_peace(until=self.at + timedelta(minutes=30))
        raise AssertionError("something never came to rest")

    def assert_nothing_was_lost_or_doubled(self) -> checker.Ledger:
        ledger = self.ledger()
        found = checker.breaches(ledger, self.world) + checker.differences(ledger, books())
        assert not found, "\n".join(f"law {each.law}: {each.words}" for each in found)
        assert not hanging()
        return ledger


def hanging() -> bool:
    return Dispatch.objects.filter(state__in=("sending", "unknown")).exists()


def books() -> list[checker.Row]:
    """What we believe to have done, in plain words."""
    rows = Dispatch.objects.filter(state="sent").select_related("account")
    return [(row.account.provider_account_id, row.action, row.person, row.text) for row in rows]


def everybody_works() -> None:
    """Everything that processes do, once, in this one."""
    client = provider_client()
    do_tasks()
    process_receipts()
    recovering.recover(at=clock.now(), client=client)
    withdrawing.withdraw_stale(at=clock.now(), client=client)
    poll_due(at=clock.now(), client=client)
    while executing.run_batch(now=clock.now, client=client):
        pass
    keep_house()


def keep_house() -> None:
    """A lead that was lost would be taken up again; there must be none."""
    done = housekeeping.keep_house(at=clock.now())
    assert not done["taken_up"], f"leads were lost and had to be taken up again: {done}"


def do_tasks() -> None:
    """People do what is on their lists."""
    for task in ManualTask.objects.filter(state="open"):
        with suppress(ManualTask.DoesNotExist):
            close_task(task=task, by=None, at=clock.now())
