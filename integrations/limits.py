"""Limits, stacked: everything that bounds what an account does in a day, and which bound is the smallest.

Pure arithmetic. The figures for LinkedIn are those of Unipile's provider-limits page (Unipile API, section 8), the
lower one where pages differ; what that page does not name has a cautious figure of our own, and says so.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from math import ceil

DAY, WEEK, MONTH = 1, 7, 30
WINDOWS = (WEEK, MONTH)
IN_WORDS = {DAY: "a day", WEEK: "in seven days", MONTH: "in thirty days"}

# action: {days: limit}
FREE: Mapping[str, Mapping[int, int]] = {
    "invitation": {DAY: 30, WEEK: 150},
    "invitation_note": {MONTH: 5},
    "message": {DAY: 100},
    "inmail": {DAY: 0},
    "profile_view": {DAY: 80},
    "search_result": {DAY: 1000},
}
PREMIUM: Mapping[str, Mapping[int, int]] = {
    "invitation": {DAY: 80, WEEK: 200},
    "invitation_note": {DAY: 80, WEEK: 200},
    "message": {DAY: 100},
    "inmail": {DAY: 30, MONTH: 800},
    "profile_view": {DAY: 100},
    "search_result": {DAY: 2500},
}
SALES_NAVIGATOR = {**PREMIUM, "profile_view": {DAY: 150}}
TIERS = {"free": ("LinkedIn Free", FREE), "premium": ("LinkedIn Premium", PREMIUM)} | {
    "sales_navigator": ("Sales Navigator", SALES_NAVIGATOR)
}
CAUTION: Mapping[str, Mapping[int, int]] = {
    "reaction": {DAY: 50},
    "comment": {DAY: 20},
    "endorsement": {DAY: 20},
    "withdrawal": {DAY: 50},
}


@dataclass(frozen=True, slots=True)
class Ceiling:
    """At most `limit` within `days` local days, today included. `source` says whose figure it is."""

    limit: int
    days: int
    source: str

    def room(self, earlier: Mapping[int, int]) -> int:
        """What is left for today, given what the window's earlier days have used."""
        return max(0, self.limit - earlier.get(self.days, 0))

    def words(self, earlier: Mapping[int, int]) -> str:
        """Such as "25 a day, set for this account" or "180 of 200 in seven days, LinkedIn Premium"."""
        before = earlier.get(self.days, 0)
        figure = f"{before} of {self.limit}" if self.days > DAY else str(self.limit)
        return f"{figure} {IN_WORDS[self.days]}, {self.source}"


@dataclass(frozen=True, slots=True)
class Tuning:
    """What bounds one account. `own` is what people have set: action, days, limit."""

    tier: str
    own: tuple[tuple[str, int, int], ...] = ()
    ramp_up_started_on: date | None = None
    ramp_up_days: int = 28
    ramp_up_percent: int = 20
    slowed: tuple[tuple[str, int, str], ...] = ()  # action, a day's limit, and why


@lru_cache(maxsize=8192)
def ceilings(tuning: Tuning, action: str, day: date) -> tuple[Ceiling, ...]:
    """Every ceiling of an action on a local day; none at all for what nobody limits."""
    return tuple(_ceilings(tuning, action, day))


def _ceilings(tuning: Tuning, action: str, day: date) -> Iterator[Ceiling]:
    tier, known = TIERS[tuning.tier]
    set_here = [Ceiling(limit, days, "set for this account") for name, days, limit in tuning.own if name == action]
    of_tier = [Ceiling(limit, days, tier) for days, limit in known.get(action, {}).items()]
    of_ours = [Ceiling(limit, days, "our own caution") for days, limit in CAUTION.get(action, {}).items()]
    yield from set_here
    yield from of_tier
    yield from of_ours if not set_here else ()
    yield from (Ceiling(limit, DAY, because) for name, limit, because in tuning.slowed if name == action)
    daily = min((each.limit for each in (*set_here, *of_tier, *of_ours) if each.days == DAY), default=None)
    if daily is not None and (ramp := _ramp_up(tuning, daily, day)):
        yield ramp


def _ramp_up(tuning: Tuning, daily: int, day: date) -> Ceiling | None:
    """A new account begins with a share of its day and gains evenly until it may do all of it."""
    begun = tuning.ramp_up_started_on
    if begun is None or daily == 0:
        return None
    gone = max(0, (day - begun).days)
    if gone >= tuning.ramp_up_days:
        return None
    percent = tuning.ramp_up_percent + (100 - tuning.ramp_up_percent) * gone / tuning.ramp_up_days
    return Ceiling(max(1, int(daily * percent / 100)), DAY, f"day {gone + 1} of its ramp-up")


def shared(cap: int, share: float) -> int:
    """A share of a day's cap, never rounded down to nothing. 7 % of 100 are 7, although 100 × 0.07 is a hair more."""
    return ceil(round(cap * share, 6))


def smallest(bounds: tuple[Ceiling, ...], earlier: Mapping[int, int]) -> Ceiling | None:
    """The ceiling that leaves the least room today; of equals the first. None when there is none."""
    return min(bounds, key=lambda each: each.room(earlier), default=None)
