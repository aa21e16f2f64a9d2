"""From what operators enter about working time to the hours that planning counts with."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from functools import lru_cache
from typing import TYPE_CHECKING

import holidays

from campaigns.planning.calendar import CalendarError, Interval, WorkingHours

if TYPE_CHECKING:
    from campaigns.models import Campaign
    from leads.models import Lead

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
FRIDAY, WEEKEND = 4, (5, 6)
NO_HOURS: tuple[Interval, ...] = ()
_DASH = re.compile(r"\s*[-–—]\s*")


@dataclass(frozen=True, slots=True)
class ClosedDates:
    """Single dates, and the public holidays of a country or of a part of it, in whatever year is asked for."""

    dates: frozenset[date] = frozenset()
    country: str = ""

    def __contains__(self, day: object) -> bool:
        if day in self.dates:
            return True
        return bool(self.country) and isinstance(day, date) and day in _public_holidays(self.country, day.year)


@lru_cache(maxsize=512)
def _public_holidays(country: str, year: int) -> frozenset[date]:
    code, _, part = country.partition("-")
    return frozenset(holidays.country_holidays(code, subdiv=part or None, years=year))


def check_country(country: str) -> None:
    """Raises CalendarError for a code without a calendar of holidays: `GB`, or `GB-SCT` for a part of it."""
    known = holidays.list_supported_countries(include_aliases=True)
    code, _, part = country.partition("-")
    if code not in known:
        raise CalendarError(f'no holidays are known for "{code}": use the two letters of a country, such as GB or DE')
    if part and part not in known[code]:
        parts = ", ".join(known[code]) or "none"
        raise CalendarError(f'"{part}" is no part of {code} with holidays of its own; these are: {parts}')


def working_hours(campaign: "Campaign", zone: str = "") -> WorkingHours:
    """The campaign's hours by the clock of its own zone, or of another. Raises CalendarError naming what is wrong."""
    if campaign.holidays_of:
        check_country(campaign.holidays_of)
    week = week_from(campaign.week) if campaign.week else _simple_week(campaign)
    reduced = frozenset[int]()
    if campaign.weekend == campaign.Weekend.REDUCED:
        usual = week[FRIDAY] or next((day for day in week if day), NO_HOURS)
        reduced = frozenset(day for day in WEEKEND if not week[day])
        week = tuple(usual if day in reduced else hours for day, hours in enumerate(week))
    dates = frozenset(date.fromisoformat(day) for day in campaign.closed_dates)
    return WorkingHours(
        zone=zone or campaign.time_zone,
        intervals=week,
        closed_dates=ClosedDates(dates, campaign.holidays_of),
        reduced_days=reduced,
        reduced_share=campaign.weekend_percent / 100,
    )


def hours_for(campaign: "Campaign", lead: "Lead") -> WorkingHours:
    """The hours at which this lead is written to: by the lead's own clock where the campaign wants it."""
    return working_hours(campaign, lead.time_zone if campaign.use_lead_time_zone else "")


def _simple_week(campaign: "Campaign") -> tuple[tuple[Interval, ...], ...]:
    days = frozenset(campaign.weekdays)
    if strange := sorted(days - set(range(7))):
        raise CalendarError(f"no such weekday: {strange[0]!r}; Monday is 0 and Sunday is 6")
    return tuple(((campaign.opens_at, campaign.closes_at),) if day in days else NO_HOURS for day in range(7))


# --- Hours in detail ------------------------------------------------------------------------------------


def week_from(week: Mapping[str, Sequence[Sequence[str]]]) -> tuple[tuple[Interval, ...], ...]:
    """From `{"mon": [["09:00", "12:00"], ["13:00", "17:30"]]}`. Raises CalendarError naming what is wrong."""
    if strange := [day for day in week if day not in DAYS]:
        raise CalendarError(f"no such day: {strange[0]!r}; the days are {', '.join(DAYS)}")
    return tuple(tuple(_interval(day, each) for each in week.get(day, ())) for day in DAYS)


def _interval(day: str, given: Sequence[str]) -> Interval:
    if isinstance(given, str) or len(given) != 2:
        raise CalendarError(f'{day}: give each interval as ["09:00", "12:00"], not {given!r}')
    opens, closes = (_time(day, text) for text in given)
    return opens, closes


def _time(day: str, text: str) -> time:
    try:
        return time.fromisoformat("00:00" if text == "24:00" else text)
    except (ValueError, TypeError):
        raise CalendarError(f"{day}: {text!r} is no time of day; write it as 09:00") from None


def week_in_words(week: Mapping[str, Sequence[Sequence[str]]]) -> str:
    """One line a day, as `week_from_words` reads it."""
    lines = (f"{day.capitalize()} " + ", ".join("–".join(each) for each in week[day]) for day in DAYS if week.get(day))
    return "\n".join(lines)


def week_from_words(text: str) -> dict[str, list[list[str]]]:
    """From lines such as `Mon–Thu 09:00–12:00, 13:00–17:30`. Raises CalendarError naming the line."""
    week: dict[str, list[list[str]]] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        days, _, hours = _DASH.sub("-", line).partition(" ")
        for day in _days(days, line):
            if day in week:
                raise CalendarError(f'"{line}": {day.capitalize()} has hours in an earlier line already')
            week[day] = [part.strip().split("-") for part in hours.split(",")]
    week_from(week)
    return week


def _days(text: str, line: str) -> tuple[str, ...]:
    """`Mon-Thu`, `Mon,Wed` or `Fri`."""
    found: list[str] = []
    for part in text.lower().split(","):
        first, _, last = part.partition("-")
        names = [name[:3] for name in (first, last or first)]
        if any(name not in DAYS for name in names) or DAYS.index(names[0]) > DAYS.index(names[1]):
            raise CalendarError(f'"{line}": begin with days, such as Mon–Thu or Fri, then the hours')
        found += DAYS[DAYS.index(names[0]) : DAYS.index(names[1]) + 1]
    return tuple(found)
