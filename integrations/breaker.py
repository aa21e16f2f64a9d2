"""The circuit breaker: a provider that is down is not called. Its state is a row, shared by every process."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from integrations.models import ProviderHealth
from outreach.clients.models import User
from outreach.events.kinds import EventKind
from outreach.events.recording import operator, record

UNIPILE = "unipile"
# So many failures in a row open the circuit; each further one doubles the rest, up to an hour.
TOLERATED = 5
FIRST_REST = timedelta(minutes=2)
LONGEST_REST = timedelta(hours=1)


def opens_at(provider: str = UNIPILE) -> datetime | None:
    """When calls may start again, if the circuit was ever opened."""
    return ProviderHealth.objects.filter(pk=provider).values_list("opens_at", flat=True).first()


def is_closed(at: datetime, provider: str = UNIPILE) -> bool:
    """Whether calls may start now."""
    moment = opens_at(provider)
    return moment is None or moment <= at


def room(at: datetime, provider: str = UNIPILE) -> int | None:
    """How many calls may start now: any number (None), none, or one alone that finds out whether it answers again."""
    row = ProviderHealth.objects.filter(pk=provider).first()
    if row is None:
        return None
    if row.opens_at > at:
        return 0
    return 1 if row.failures_in_a_row >= TOLERATED else None


def close_by_hand(*, by: User | None, at: datetime, provider: str = UNIPILE) -> None:
    """Somebody knows that the provider is well again: calls start at once."""
    with transaction.atomic():
        ProviderHealth.objects.filter(pk=provider).update(failures_in_a_row=0, opens_at=at, detail="")
        record(EventKind.CIRCUIT_CLOSED, at=at, actor=operator(by), detail=provider)


def note_failure(*, at: datetime, detail: str, provider: str = UNIPILE) -> None:
    """A call failed for a reason that lies with the provider as a whole."""
    ProviderHealth.objects.get_or_create(pk=provider)
    rows = ProviderHealth.objects.filter(pk=provider)
    rows.update(failures_in_a_row=F("failures_in_a_row") + 1, detail=detail[:300])
    failures = rows.values_list("failures_in_a_row", flat=True).get()
    if failures >= TOLERATED:
        rows.update(opens_at=at + min(FIRST_REST * 2 ** min(failures - TOLERATED, 10), LONGEST_REST))


def note_success(provider: str = UNIPILE) -> None:
    """One answer is enough to trust the provider again."""
    ProviderHealth.objects.filter(pk=provider, failures_in_a_row__gt=0).update(failures_in_a_row=0, detail="")


def rest(*, until: datetime, detail: str, provider: str = UNIPILE) -> None:
    """Open the circuit outright, for a cause that touches every account (our key is refused)."""
    ProviderHealth.objects.update_or_create(pk=provider, defaults={"opens_at": until, "detail": detail[:300]})
