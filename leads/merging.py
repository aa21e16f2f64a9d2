"""Which known lead a row of a file speaks of, and what the row adds to it. In memory; nothing is written here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from leads.models import Lead
from leads.parsing import PERSON_FIELDS, ParsedLead, Person

KEYS = ("provider_id", "public_identifier", "sales_navigator_id", "email")
"""What leads are recognised by, the surest first."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """The row speaks of two people at once, and why."""

    reason: str


class KnownLeads:
    """Leads of one client, found by any of their keys."""

    def __init__(self, leads: Iterable[Lead]) -> None:
        self._by_key: dict[tuple[str, str], dict[UUID, Lead]] = {}
        for lead in leads:
            self.add(lead)

    def add(self, lead: Lead) -> None:
        """Know a lead by its present keys. Keys that it had before still lead to it: they are its own past."""
        for key in KEYS:
            value = getattr(lead, key)
            if value:
                self._by_key.setdefault((key, value), {})[lead.pk] = lead

    def match(self, person: Person) -> Lead | Conflict | None:
        """The lead that this person is; None for a new person.

        The provider id decides before the LinkedIn name, and both before the rest. A Sales Navigator id or an
        e-mail address finds only a lead that LinkedIn does not know as somebody else.
        """
        by_id, by_name = self._one("provider_id", person), self._one("public_identifier", person)
        if by_id and by_name and by_id.pk != by_name.pk:
            return Conflict(
                f"its LinkedIn id is that of {_described(by_id)}, "
                f"but its LinkedIn name is that of {_described(by_name)}; correct one of them"
            )
        if by_name and not by_id and _differ(by_name.provider_id, person.provider_id):
            return Conflict(
                f"its LinkedIn name is that of {_described(by_name)}, who has another LinkedIn id; "
                "look up who has that name today"
            )
        return by_id or by_name or self._by_lesser_keys(person)

    def _by_lesser_keys(self, person: Person) -> Lead | Conflict | None:
        for key in ("sales_navigator_id", "email"):
            found = [lead for lead in self._all(key, person) if not _contradicts(lead, person)]
            if len(found) > 1:
                names = " and ".join(_described(lead) for lead in found[:2])
                return Conflict(f"{getattr(person, key)} is that of {names}; add a LinkedIn address to tell them apart")
            if found:
                return found[0]
        return None

    def _all(self, key: str, person: Person) -> list[Lead]:
        value = getattr(person, key)
        return list(self._by_key.get((key, value), {}).values()) if value else []

    def _one(self, key: str, person: Person) -> Lead | None:
        return next(iter(self._all(key, person)), None)


def merge(lead: Lead, parsed: ParsedLead, tags: Sequence[str] = ()) -> None:
    """Put what the row says into the lead. A blank value erases nothing; custom fields are merged by key."""
    for name in PERSON_FIELDS:
        value = getattr(parsed.person, name)
        if value:
            setattr(lead, name, value)
    lead.custom = {**lead.custom, **parsed.custom}
    lead.tags = list(dict.fromkeys([*lead.tags, *tags, *parsed.tags]))


def values_of(lead: Lead) -> dict[str, object]:
    """Everything that a file can change about a lead."""
    return {name: getattr(lead, name) for name in (*PERSON_FIELDS, "custom", "tags")}


def _contradicts(lead: Lead, person: Person) -> bool:
    """Whether LinkedIn knows the two as different people: by id, or, where an id is missing, by name."""
    if lead.provider_id and person.provider_id:
        return lead.provider_id != person.provider_id
    return _differ(lead.public_identifier, person.public_identifier)


def _differ(one: str, other: str) -> bool:
    """Whether both are known and not the same."""
    return bool(one and other and one != other)


def _described(lead: Lead) -> str:
    key = lead.public_identifier or lead.email or lead.provider_id
    return f"'{lead.name}' ({key})" if lead.name else f"'{key}'"
