"""Who is this? From what the provider tells of a person to one of our leads.

The stable provider id decides; the LinkedIn name, which its owner may change, is asked only when no lead is
known by the id. Namesakes are never guessed at: a name alone matches nobody.
"""

from dataclasses import dataclass

from django.db import IntegrityError, transaction

from integrations.models import Account
from integrations.provider_events import PersonRef
from leads.identifiers import public_identifier_from
from leads.models import Lead


@dataclass(frozen=True, slots=True)
class Match:
    """A lead, and the key by which it was recognised."""

    lead: Lead
    key: str


def find_lead(account: Account, person: PersonRef | None) -> Match | None:
    """The lead of the account's client that this person is, if there is one."""
    if person is None:
        return None
    leads = Lead.objects.of(account.client_id)
    if person.provider_id and (lead := leads.filter(provider_id=person.provider_id).first()):
        return Match(lead, "provider_id")
    slug = public_identifier_from(person.public_identifier or person.profile_url)
    if not slug:
        return None
    lead = leads.filter(public_identifier=slug).first()
    if lead is None or (lead.provider_id and person.provider_id and lead.provider_id != person.provider_id):
        return None  # The name passed to somebody else: the id says that this is another person.
    return Match(lead, "public_identifier")


def learn_identifiers(lead: Lead, *, provider_id: str, public_identifier: str = "") -> Lead | None:
    """Remember what the provider calls this lead. Returns the other lead that already has that id, if any."""
    if not provider_id or lead.provider_id == provider_id:
        return None
    other = Lead.objects.of(lead.client_id).filter(provider_id=provider_id).exclude(pk=lead.pk).first()
    if other is not None:
        return other
    changes = {"provider_id": provider_id}
    slug = public_identifier_from(public_identifier)
    if slug and not lead.public_identifier:
        changes["public_identifier"] = slug
    return _store(lead, changes)


def _store(lead: Lead, changes: dict[str, str]) -> Lead | None:
    """Write the identifiers; a race with another lead for the same id is answered by the database."""
    try:
        with transaction.atomic():
            Lead.objects.filter(pk=lead.pk).update(**changes)
    except IntegrityError:
        others = Lead.objects.of(lead.client_id).exclude(pk=lead.pk)
        if other := others.filter(provider_id=changes["provider_id"]).first():
            return other
        # It was the name that another lead has; names change hands, the id is what counts.
        return _store(lead, {"provider_id": changes["provider_id"]})
    for name, value in changes.items():
        setattr(lead, name, value)
    return None
