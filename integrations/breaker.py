"""The circuit breaker: a provider that is down is not called. Its state is a row, shared by every process.

closed ──► open        so many failures in a row
open ──► half open     the rest is over: one call alone finds out whether the provider answers again
half open ──► closed   it answered; ──► open, for twice as long, if it did not
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from integrations.errors import ProviderError, Verdict
from integrations.models import ProviderHealth
from outreach.clients.models import User
from outreach.events.kinds import EventKind
from outreach.events.recording import Actor, operator, record

UNIPILE = "unipile"
# So many failures in a row open the circuit; each further opening without an answer between doubles the rest.
TOLERATED = 5
FIRST_REST = timedelta(minutes=2)
LONGEST_REST = timedelta(hours=1)
# Answers that say "later" of one account, or of one request, and nothing of the provider as a whole.
OF_ONE_ACCOUNT = frozenset(
    f"errors/{name}"
    for name in (
        "no_client_session no_channel no_handler auth_in_progress operation_canceled too_many_requests"
        " realtime_client_not_initialized ip_rejected_by_server provider_unreachable proxy_error provider_error"
    ).split()
)


def speaks_of_the_provider(problem: ProviderError) -> bool:
    """Whether a failure lies with the provider as a whole: no answer, or a server that is not well."""
    if problem.verdict not in (Verdict.RETRY_LATER, Verdict.UNKNOWN) or problem.is_ours:
        return False
    if problem.type in OF_ONE_ACCOUNT:
        return False
    return problem.status is None or problem.status >= 500 or problem.status == 408


@dataclass(frozen=True, slots=True)
class Circuit:
    """One provider's circuit for people and other software. `state` is closed, open or half_open."""

    provider: str
    state: str
    opens_at: datetime | None
    failures_in_a_row: int
    detail: str


def states(at: datetime) -> list[Circuit]:
    """Every provider's circuit; one that never failed is closed, with or without a row."""
    rows = {row.pk: row for row in ProviderHealth.objects.all()}
    return [_circuit(name, rows.get(name), at) for name in sorted({UNIPILE, *rows})]


def state_of(row: ProviderHealth, at: datetime) -> str:
    if row.opens_at > at:
        return "open"
    return "half_open" if row.failures_in_a_row >= TOLERATED else "closed"


def _circuit(name: str, row: ProviderHealth | None, at: datetime) -> Circuit:
    if row is None:
        return Circuit(name, "closed", None, 0, "")
    state = state_of(row, at)
    return Circuit(name, state, row.opens_at if state == "open" else None, row.failures_in_a_row, row.detail)


def opens_at(provider: str = UNIPILE) -> datetime | None:
    """When calls may start again, if the circuit was ever opened."""
    return ProviderHealth.objects.filter(pk=provider).values_list("opens_at", flat=True).first()


def is_closed(at: datetime, provider: str = UNIPILE) -> bool:
    """Whether calls may start now."""
    moment = opens_at(provider)
    return moment is None or moment <= at


def is_half_open(at: datetime, provider: str = UNIPILE) -> bool:
    """Whether one call at a time finds out how the provider is."""
    return ProviderHealth.objects.filter(pk=provider, opens_at__lte=at, failures_in_a_row__gte=TOLERATED).exists()


def room(at: datetime, provider: str = UNIPILE) -> int | None:
    """How many calls may start now: any number (None), none, or one alone that finds out whether it answers again.

    Runs in the transaction that reserves: of several workers that would try at once, the first one holds the row.
    """
    row = ProviderHealth.objects.filter(pk=provider).first()
    if row is None:
        return None
    if row.opens_at > at:
        return 0
    if row.failures_in_a_row < TOLERATED:
        return None
    nobody_tries = Q(probing_until__isnull=True) | Q(probing_until__lte=at)
    half_open = ProviderHealth.objects.filter(nobody_tries, pk=provider, opens_at__lte=at)
    return len(half_open.select_for_update(skip_locked=True))


def note_probe(at: datetime, provider: str = UNIPILE) -> None:
    """A call is on its way that finds out: nobody else tries until it has ended, or was lost with its worker."""
    until = at + timedelta(seconds=settings.DISPATCH_LEASE_SECONDS)
    ProviderHealth.objects.filter(pk=provider).update(probing_until=until)


def close_by_hand(*, by: User | None, at: datetime, provider: str = UNIPILE) -> None:
    """Somebody knows that the provider is well again: calls start at once."""
    with transaction.atomic():
        ProviderHealth.objects.filter(pk=provider).update(
            failures_in_a_row=0, openings=0, opens_at=at, probing_until=None, detail=""
        )
        record(EventKind.CIRCUIT_CLOSED, at=at, actor=operator(by), detail=provider)


def note_failure(*, at: datetime, detail: str, provider: str = UNIPILE) -> None:
    """A call failed for a reason that lies with the provider as a whole.

    Calls that were in the air together fail together: once the circuit is open, the others change nothing.
    """
    with transaction.atomic():
        ProviderHealth.objects.get_or_create(pk=provider)
        rows = ProviderHealth.objects.filter(pk=provider)
        rows.update(failures_in_a_row=F("failures_in_a_row") + 1, detail=detail[:300])
        row = rows.get()
        if row.failures_in_a_row >= TOLERATED and row.opens_at <= at:
            rest(until=at + min(FIRST_REST * 2 ** min(row.openings, 10), LONGEST_REST), at=at, detail=detail)


def note_success(provider: str = UNIPILE) -> None:
    """One answer is enough to trust the provider again."""
    failed = ProviderHealth.objects.filter(pk=provider, failures_in_a_row__gt=0)
    failed.update(failures_in_a_row=0, openings=0, probing_until=None, detail="")


def rest(*, until: datetime, at: datetime, detail: str, provider: str = UNIPILE) -> None:
    """Open the circuit, for a cause that touches every account (no answers, or our key is refused)."""
    with transaction.atomic():
        row, _ = ProviderHealth.objects.get_or_create(pk=provider)
        rows = ProviderHealth.objects.filter(pk=provider)
        was_closed = row.opens_at <= at
        rows.update(opens_at=until, openings=F("openings") + 1, probing_until=None, detail=detail[:300])
        if was_closed:
            record(EventKind.CIRCUIT_OPENED, at=at, actor=Actor.ENGINE, detail=detail, until=until.isoformat())
