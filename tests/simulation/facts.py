"""What a world was built of, as plain values, and the wall-clock arithmetic that the judge counts with.

Nothing here asks the engine anything: the judge reads these, the sandbox's ledger and the rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from uuid import UUID
from zoneinfo import ZoneInfo

import holidays

from campaigns.editing import StepDraft

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ONE_DAY = timedelta(days=1)
COOL_DOWN = timedelta(days=21)
# Unipile API, section 8, the lower figure: by tier and kind, within how many days how many.
TIER_CAPS: Mapping[str, Mapping[str, Mapping[int, int]]] = {
    "free": {"invitation": {1: 40, 7: 150}, "note": {30: 5}, "message": {1: 125}, "inmail": {1: 0}},
    "premium": {"invitation": {1: 80, 7: 200}, "note": {1: 80, 7: 200}, "message": {1: 125}, "inmail": {1: 30}},
}
VIEWS = {"free": 80, "premium": 100}


@dataclass(frozen=True)
class Planned:
    """One step as the world means it. `then` and `otherwise` name steps, whose places change with every version."""

    name: int
    kind: str
    texts: tuple[tuple[str, int, str], ...] = (("A", 1, ""),)
    amount: int = 0
    unit: str = "minutes"
    options: Mapping[str, object] = field(default_factory=dict)
    then: int | None = None
    otherwise: int | None = None
    asks_of: int | None = None  # a condition on a variant: of which step
    origin: UUID | None = None

    def draft(self, places: Mapping[int, int]) -> StepDraft:
        (_, weight, text), *others = self.texts
        options = dict(self.options) | ({"step": places[self.asks_of]} if self.asks_of is not None else {})
        return StepDraft(
            self.kind,
            text,
            self.amount,
            self.unit,
            weight=weight,
            variants=[{"label": label, "weight": share, "text": words} for label, share, words in others],
            options=options,
            next_position=None if self.then is None else places[self.then],
            else_position=None if self.otherwise is None else places[self.otherwise],
            origin=self.origin,
        )


Version = tuple[Planned, ...]


def drafts(version: Version) -> tuple[StepDraft, ...]:
    places = {step.name: place for place, step in enumerate(version)}
    return tuple(step.draft(places) for step in version)


@dataclass
class CampaignFacts:
    """One campaign: when it is open, what it guards against, and every version of its steps (the first is 1)."""

    number: int
    pk: UUID
    zone: str
    week: Mapping[str, list[list[str]]]
    closed: frozenset[date]
    country: str
    weekend_share: float | None
    by_lead_clock: bool
    new_leads_per_day: int | None
    withdraw_after_days: int
    company_limit: int | None
    one_campaign: bool
    one_sender: bool
    colleague_days: int
    not_again_days: int
    after_reply: bool
    versions: list[Version] = field(default_factory=list)
    names: int = 0

    def names_of(self, kind: str) -> set[int]:
        """Every step of this kind that any version has."""
        return {step.name for version in self.versions for step in version if step.kind == kind}

    def step(self, version: int, name: int) -> Planned | None:
        return next((step for step in self.versions[version - 1] if step.name == name), None)

    def zone_for(self, lead_zone: str) -> ZoneInfo:
        return ZoneInfo(lead_zone if self.by_lead_clock and lead_zone else self.zone)

    def is_open(self, at: datetime, lead_zone: str) -> bool:
        """Working time by nothing but what the clock on the wall shows."""
        wall = at.astimezone(self.zone_for(lead_zone))
        if wall.date() in self.closed or wall.date() in _holidays(self.country, wall.year):
            return False
        shown = f"{wall:%H:%M:%S.%f}"
        return any(f"{opens}:00" <= shown < f"{closes}:00" for opens, closes in self._hours_on(wall.weekday()))

    def _hours_on(self, weekday: int) -> list[list[str]]:
        own = self.week.get(DAYS[weekday], [])
        if own or weekday < 5 or self.weekend_share is None:
            return list(own)
        return self.week.get("fri") or next(hours for day in DAYS if (hours := self.week.get(day)))

    def share(self, at: datetime, lead_zone: str) -> float:
        """How much of a day's caps goes out at this moment."""
        weekday = at.astimezone(self.zone_for(lead_zone)).weekday()
        is_reduced = self.weekend_share is not None and weekday >= 5 and not self.week.get(DAYS[weekday])
        return self.weekend_share if is_reduced and self.weekend_share is not None else 1.0


@lru_cache(maxsize=64)
def _holidays(country: str, year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays(country, years=year)) if country else frozenset()


@dataclass
class AccountFacts:
    """One account and its limits as they were set."""

    pk: UUID
    id: str
    number: int
    zone: str
    tier: str
    own: Mapping[str, Mapping[int, int]]  # by kind of ledger entry, "note" for invitations with words
    spacing: int
    ramp: tuple[date, int, int] | None  # since when, how many days, beginning with how many per cent
    pending_ceiling: int

    def day_of(self, moment: datetime) -> date:
        return moment.astimezone(ZoneInfo(self.zone)).date()

    def caps(self, kind: str, day: date) -> Mapping[int, int]:
        """At most so many within so many days that end with this one."""
        found: dict[int, int] = dict(TIER_CAPS[self.tier].get(kind, {}))
        if kind == "profile_view":
            found[1] = VIEWS[self.tier]
        for days, most in self.own.get(kind, {}).items():
            found[days] = min(most, found.get(days, most))
        if kind != "note" and 1 in found and self.ramp and found[1]:
            found[1] = min(found[1], self._ramped(found[1], day))
        return found

    def _ramped(self, full: int, day: date) -> int:
        assert self.ramp
        since, length, percent = self.ramp
        gone = max(0, (day - since).days)
        return full if gone >= length else max(1, int(full * (percent + (100 - percent) * gone / length) / 100))


def moment_of(entry: Mapping[str, object]) -> datetime:
    return datetime.fromisoformat(str(entry["at"]).replace("Z", "+00:00"))


def midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(0), tzinfo=zone)


def with_origins(version: Version, origins: list[UUID]) -> Version:
    return tuple(replace(step, origin=origin) for step, origin in zip(version, origins, strict=True))
