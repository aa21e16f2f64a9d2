"""Counts of events by day, for charts."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import Count
from django.db.models.functions import TruncDate

from outreach.clients.models import User
from outreach.events.kinds import EventKind
from outreach.events.models import Event

CHARTED: Mapping[EventKind, str] = {
    EventKind.CONNECTION_REQUEST_SENT: "Invitations",
    EventKind.MESSAGE_SENT: "Messages",
    EventKind.MESSAGE_RECEIVED: "Replies",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One kind of event: how many on each day of the series."""

    label: str
    counts: tuple[int, ...]

    @property
    def total(self) -> int:
        return sum(self.counts)


@dataclass(frozen=True, slots=True)
class Series:
    """Lines over the same UTC days, oldest first."""

    days: tuple[date, ...]
    lines: tuple[Line, ...]

    @property
    def is_empty(self) -> bool:
        return not any(line.total for line in self.lines)


def last_days(count: int, at: datetime) -> tuple[date, ...]:
    today = at.astimezone(UTC).date()
    return tuple(today - timedelta(days=back) for back in reversed(range(count)))


def daily(*, user: User, at: datetime, days: int = 14) -> Series:
    """Invitations, messages and replies of the last days, with one query."""
    span = last_days(days, at)
    since = datetime.combine(span[0], time(), UTC)
    events = Event.objects.visible_to(user).filter(kind__in=list(CHARTED), at__gte=since, at__lte=at)
    rows = events.order_by().annotate(day=TruncDate("at", tzinfo=UTC)).values_list("kind", "day").annotate(Count("pk"))
    counted: Counter[tuple[str, date]] = Counter({(kind, day): count for kind, day, count in rows})
    return Series(span, tuple(_line(kind, label, span, counted) for kind, label in CHARTED.items()))


def _line(kind: EventKind, label: str, span: Sequence[date], counted: "Counter[tuple[str, date]]") -> Line:
    return Line(label, tuple(counted[(kind.value, day)] for day in span))
