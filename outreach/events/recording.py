"""Writing events. Called inside the transaction of the change that the event speaks of."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from outreach.clients.models import Client, User
from outreach.events.kinds import DATA_KEYS, EventKind
from outreach.events.models import Event


class Actor(StrEnum):
    """Who caused a change, when it was no person."""

    ENGINE = "engine"
    WEBHOOK = "webhook"
    POLL = "poll"
    RECOVERY = "recovery"


def operator(user: User | None) -> str:
    """The actor word for a person; a command run without one is the system."""
    return f"operator:{user.get_username()}"[:60] if user else "system"


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom an event speaks of. Every id may be missing."""

    client_id: UUID | None = None
    lead_id: UUID | None = None
    campaign_id: UUID | None = None
    enrollment_id: UUID | None = None
    account_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Happening:
    """An event about to be written."""

    kind: EventKind
    at: datetime
    actor: str
    subject: Subject = field(default_factory=Subject)
    data: dict[str, Any] = field(default_factory=dict)


def _row(happening: Happening) -> Event:
    unknown = set(happening.data) - DATA_KEYS.get(happening.kind, frozenset())
    if unknown:
        raise ValueError(f"{happening.kind} carries no {', '.join(sorted(unknown))}; see outreach/events/kinds.py")
    subject = happening.subject
    return Event(
        kind=happening.kind,
        at=happening.at,
        actor=str(happening.actor),
        client_id=subject.client_id,
        lead_id=subject.lead_id,
        campaign_id=subject.campaign_id,
        enrollment_id=subject.enrollment_id,
        account_id=subject.account_id,
        data=happening.data,
    )


def record_all(happenings: list[Happening]) -> list[Event]:
    """Write several events in their order with one statement."""
    return Event.objects.bulk_create([_row(happening) for happening in happenings])


def record(
    kind: EventKind,
    *,
    at: datetime,
    actor: str,
    subject: Subject | None = None,
    client: Client | None = None,
    **data: Any,
) -> Event:
    """Write one event. `data` may only carry the keys that `kinds.DATA_KEYS` names for the kind."""
    about = subject or Subject(client_id=client.pk if client else None)
    row = _row(Happening(kind, at, actor, about, data))
    row.save(force_insert=True)
    return row
