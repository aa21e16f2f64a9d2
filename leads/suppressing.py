"""Do not contact: adding entries, and finding the one that concerns a lead. The widest entry wins."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q

from leads.companies import company_key
from leads.identifiers import provider_id_from, public_identifier_from
from leads.models import Lead, Suppression
from outreach.clients.models import Client, User
from outreach.events.kinds import EventKind
from outreach.events.recording import operator, record

Kind = Suppression.Kind
BATCH = 500


def normalised(kind: str, value: str) -> str:
    """The form in which entries and leads are compared. Raises ValidationError for a value of no use."""
    if kind not in Kind.values:
        raise ValidationError(f"{kind!r} is not a kind of entry: {', '.join(Kind.values)}.")
    cleaned = value.strip().lower()
    if kind == Kind.PROFILE:
        cleaned = provider_id_from(value).lower() or public_identifier_from(value)
    if kind == Kind.DOMAIN:
        cleaned = _domain(cleaned)
    if kind == Kind.COMPANY:
        cleaned = company_key(value)
    if not cleaned or (kind == Kind.EMAIL and "@" not in cleaned) or (kind == Kind.DOMAIN and "." not in cleaned):
        raise ValidationError(f"{value!r} is not a {Kind(kind).label.lower()}.")
    return cleaned


def _domain(text: str) -> str:
    """The bare domain of what people paste: an address of the web or of a mailbox."""
    host = text.rpartition("://")[2].partition("/")[0].rpartition("@")[2].removeprefix("www.").strip(".")
    return "" if " " in host else host


def suppress(
    *, client: Client | None, kind: str, value: str, reason: str, by: User | None, at: datetime, source: str = ""
) -> Suppression:
    """Add an entry; `client=None` means everywhere. An entry that exists already is returned unchanged."""
    entry, created = Suppression.objects.get_or_create(
        client=client, kind=kind, value=normalised(kind, value), defaults={"reason": reason[:300], "source": source}
    )
    if created:
        record(
            EventKind.SUPPRESSION_ADDED,
            at=at,
            actor=operator(by),
            client=client,
            entry=str(kind),
            value=entry.value,
            reason=reason,
        )
    return entry


def names_of_person(lead: Lead) -> list[tuple[str, str]]:
    """By what this very person, and nobody else, can be entered."""
    profile = lead.provider_id or lead.public_identifier
    return [(kind, value) for kind, value in ((Kind.PROFILE, profile), (Kind.EMAIL, lead.email)) if value]


def suppress_person(*, lead: Lead, reason: str, by: User | None, at: datetime, source: str = "") -> list[Suppression]:
    """Enter everything by which this person is known. Raises ValidationError when there is nothing."""
    names = names_of_person(lead)
    if not names:
        raise ValidationError(f"{lead} has neither a LinkedIn profile nor an e-mail address to enter.")
    with transaction.atomic():
        return [
            suppress(client=lead.client, kind=kind, value=value, reason=reason, by=by, at=at, source=source)
            for kind, value in names
        ]


def lift(*, entry: Suppression, by: User | None, at: datetime) -> None:
    """Remove an entry. Leads whom it had ended stay ended."""
    with transaction.atomic():
        record(
            EventKind.SUPPRESSION_REMOVED,
            at=at,
            actor=operator(by),
            client=entry.client,
            entry=entry.kind,
            value=entry.value,
            reason=entry.reason,
        )
        entry.delete()


def lift_made_from(*, client: Client, source: str, by: User | None, at: datetime) -> int:
    """Remove the client's entries that were made from this. Returns how many."""
    entries = list(Suppression.objects.filter(client=client, source=source))
    for entry in entries:
        lift(entry=entry, by=by, at=at)
    return len(entries)


def suppression_of(lead: Lead) -> Suppression | None:
    """The entry that forbids contact with this lead, if any; one that holds everywhere comes first."""
    return next(entry for _, entry in with_suppressions([lead]))


def with_suppressions(leads: Iterable[Lead]) -> Iterator[tuple[Lead, Suppression | None]]:
    """Every lead with the entry that forbids contact with it; one query for each `BATCH` leads."""
    remaining = iter(leads)
    while batch := list(islice(remaining, BATCH)):
        known = _entries_about(batch)
        for lead in batch:
            about = (known.get((None, *name)) or known.get((lead.client_id, *name)) for name in _names_of(lead))
            yield lead, min((entry for entry in about if entry), key=_narrowness, default=None)


def _entries_about(leads: list[Lead]) -> dict[tuple[UUID | None, str, str], Suppression]:
    """The entries that name any of these leads, by client, kind and value."""
    values = {value for lead in leads for _, value in _names_of(lead)}
    clients = {lead.client_id for lead in leads}
    entries = Suppression.objects.filter(Q(client__in=clients) | Q(client__isnull=True), value__in=values)
    return {(entry.client_id, entry.kind, entry.value): entry for entry in entries}


def _narrowness(entry: Suppression) -> bool:
    return entry.client_id is not None


def _names_of(lead: Lead) -> Iterator[tuple[str, str]]:
    """Every (kind, value) under which an entry could name this lead."""
    email = lead.email.lower()
    if "@" in email:
        yield Kind.EMAIL, email
        labels = email.rpartition("@")[2].split(".")
        for first in range(len(labels) - 1):  # an entry holds for what lies below the domain as well
            yield Kind.DOMAIN, ".".join(labels[first:])
    for profile in (lead.public_identifier, lead.provider_id.lower()):
        if profile:
            yield Kind.PROFILE, profile
    if company := company_key(lead.company):
        yield Kind.COMPANY, company
