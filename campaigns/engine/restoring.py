"""Restore-safe mode: a database that came from a backup does not know what was sent since (laws 1, 2 and 4).

Every worker keeps a marker on its own disk: the latest mark it has seen in the database. Marks only grow, so a
database whose mark is smaller than the marker is older than what this machine has worked with. A machine that knows
nothing of a database trusts it only while somebody else has marked it lately. In either case every account is set
apart until it has been compared with the provider (integrations/polling.py), and nothing is sent from it before.
"""

import json
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.db import transaction

from campaigns.engine.turnstile import shut
from campaigns.models import EngineState
from integrations.dispatching import SETTLING_TIME
from integrations.models import Account
from outreach.clients.models import User
from outreach.events.kinds import EventKind
from outreach.events.recording import Actor, operator, record

# Seconds between two marks: as much as a backup may be younger than the marker and stay unnoticed.
MARK_EVERY = 10
# Seconds after which an unmarked database is not trusted by a machine that does not know it.
UNWATCHED = 1800


@dataclass(frozen=True, slots=True)
class Marker:
    """Which database, and the latest of its marks (seconds of a machine's clock since 1970)."""

    house: str
    mark: int


def distrust(known: Marker | None, found: Marker, *, machine: int) -> str:
    """Why this database may be a restored copy, or ""."""
    if not found.mark:
        return ""  # nobody has worked with it yet
    if known is not None and known.house == found.house:
        lost = known.mark - found.mark
        return f"This database is {_length(lost)} older than what was worked with here." if lost > 0 else ""
    silent = machine - found.mark
    return f"Nobody has worked with this database for {_length(silent)}." if silent > UNWATCHED else ""


def _length(seconds: int) -> str:
    return f"{seconds} seconds" if seconds < 120 else f"{seconds // 60} minutes"


def watch(*, at: datetime, machine: int, path: Path) -> bool:
    """Compare the database with the marker at `path` and bring both up to `machine` seconds.

    True when the database looked restored: then every account waits until it was compared with the provider.
    The marker is read first: another process may move both ahead meanwhile, never only the database back.
    """
    known = read_marker(path)
    state, _ = EngineState.objects.get_or_create(pk=1)
    found = Marker(str(state.house), state.mark)
    doubt = distrust(known, found, machine=machine)
    if doubt:
        return _restored(found, known, doubt, at=at, machine=machine, path=path)
    mark = max(found.mark, machine)
    if mark - found.mark >= MARK_EVERY:
        EngineState.objects.filter(pk=1, mark__lt=mark).update(mark=mark)
        found = Marker(found.house, mark)
    if found != known:
        write_marker(path, found)
    return False


def _restored(found: Marker, known: Marker | None, doubt: str, *, at: datetime, machine: int, path: Path) -> bool:
    """The first process that sees it acts; the others find the mark moved on."""
    mark = max(machine, known.mark if known and known.house == found.house else 0, found.mark + 1)
    with transaction.atomic():
        shut()
        mine = EngineState.objects.filter(pk=1, mark=found.mark).update(mark=mark)
        if mine:
            _set_apart(at=at, actor=Actor.ENGINE, detail=doubt)
    if mine:
        write_marker(path, Marker(found.house, mark))
    return bool(mine)


def reconcile_everything(*, by: User | None, at: datetime) -> int:
    """An operator has restored a backup, or wants to be sure: every account is compared with the provider first.

    Returns how many accounts wait for that.
    """
    with transaction.atomic():
        shut()
        return _set_apart(at=at, actor=operator(by), detail="")


def _set_apart(*, at: datetime, actor: str, detail: str) -> int:
    """Nothing leaves from these accounts until each was read; they are due to be read when it tells everything.

    Each may have acted a moment ago without the database knowing: what it sent shows a minute late, and the pause after
    that is owed.
    """
    EngineState.objects.update_or_create(pk=1, defaults={"restored_at": at})
    accounts = Account.objects.exclude(status=Account.Status.DELETED)
    told = at + SETTLING_TIME
    count = accounts.update(unreconciled_since=at, messages_poll_at=told, relations_poll_at=told)
    for account in accounts:
        owed = at + timedelta(seconds=account.spacing_max_seconds)
        accounts.filter(pk=account.pk, next_slot_at__lt=owed).update(next_slot_at=owed)
    record(EventKind.RESTORE_NOTICED, at=at, actor=actor, accounts=count, detail=detail)
    return count


def read_marker(path: Path) -> Marker | None:
    """None when there is no marker, or none that can be read: then the machine knows nothing."""
    try:
        told = json.loads(path.read_text())
        return Marker(str(told["house"]), int(told["mark"]))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def write_marker(path: Path, marker: Marker) -> None:
    """The rename makes it whole for every reader; two processes of one machine may write at once."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.write_text(json.dumps({"house": marker.house, "mark": marker.mark}))
    fresh.replace(path)
