"""Names and pages of what events speak of.

Events carry plain ids, because they stand below the apps whose rows they name. The console finds those rows by
their models' labels, the way addresses are named in `reverse()`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.apps import apps

from outreach.console.columns import page_of
from outreach.events.models import Event

# Event field → model. The first one an event carries is the page it leads to.
SUBJECTS: Mapping[str, str] = {
    "enrollment_id": "campaigns.Enrollment",
    "lead_id": "leads.Lead",
    "campaign_id": "campaigns.Campaign",
    "account_id": "integrations.Account",
}
NAMED = ("lead_id", "campaign_id", "account_id")


@dataclass(frozen=True, slots=True)
class Names:
    """Names by id, for everything that a set of events speaks of."""

    by_id: Mapping[UUID, str] = field(default_factory=dict)

    def of(self, key: UUID | None, otherwise: str) -> str:
        return self.by_id.get(key, otherwise) if key else otherwise


def names_of(events: Iterable[Event]) -> Names:
    """One query for each kind of subject, however many events there are."""
    rows = list(events)
    found: dict[UUID, str] = {}
    for attribute in NAMED:
        ids = {getattr(event, attribute) for event in rows} - {None}
        if ids:
            model = apps.get_model(SUBJECTS[attribute])
            found |= {key: str(row) for key, row in model._default_manager.in_bulk(ids).items()}
    return Names(found)


def page_for(event: Event) -> str:
    """The page of what an event is most about, or "" when it concerns the installation."""
    for attribute, label in SUBJECTS.items():
        key: Any = getattr(event, attribute)
        if key:
            return page_of(label.lower().replace(".", "_"), key)
    return ""
