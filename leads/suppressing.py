"""Do not contact: adding entries, and finding the one that concerns a lead. The widest entry wins."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db.models import Q

from leads.identifiers import public_identifier_from
from leads.models import Lead, Suppression
from outreach.clients.models import Client, User
from outreach.events.kinds import EventKind
from outreach.events.recording import operator, record

Kind = Suppression.Kind


def normalised(kind: str, value: str) -> str:
    """The form in which entries and leads are compared. Raises ValidationError for a value of no use."""
    cleaned = value.strip().lower()
    if kind == Kind.PROFILE:
        cleaned = public_identifier_from(value) or cleaned
    if kind == Kind.DOMAIN:
        cleaned = cleaned.removeprefix("@")
    if not cleaned or (kind == Kind.EMAIL and "@" not in cleaned) or (kind == Kind.DOMAIN and "." not in cleaned):
        raise ValidationError(f"{value!r} is not a {Kind(kind).label.lower()}.")
    return cleaned


def suppress(
    *, client: Client | None, kind: str, value: str, reason: str, by: User | None, at: datetime
) -> Suppression:
    """Add an entry; `client=None` means everywhere. An entry that exists already is returned unchanged."""
    entry, created = Suppression.objects.get_or_create(
        client=client, kind=kind, value=normalised(kind, value), defaults={"reason": reason}
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


def _concerning(lead: Lead) -> Q:
    """Entries of any kind that name this lead."""
    email = lead.email.lower()
    concerns = Q(kind=Kind.EMAIL, value=email) if email else Q(pk__in=())
    if "@" in email:
        concerns |= Q(kind=Kind.DOMAIN, value=email.rpartition("@")[2])
    profiles = [each for each in (lead.public_identifier, lead.provider_id.lower()) if each]
    if profiles:
        concerns |= Q(kind=Kind.PROFILE, value__in=profiles)
    if lead.company:
        concerns |= Q(kind=Kind.COMPANY, value=lead.company.strip().lower())
    return concerns


def suppression_of(lead: Lead) -> Suppression | None:
    """The entry that forbids contact with this lead, if any; one that holds everywhere comes first."""
    entries = Suppression.objects.filter(_concerning(lead)).filter(Q(client=lead.client_id) | Q(client__isnull=True))
    return min(entries, key=lambda entry: entry.client_id is not None, default=None)
