"""Working hours: when automatic messages may go out, by the wall clock of one zone.

It is open exactly when the wall clock of the zone shows a time inside an interval of a working day. That is
the whole rule, so anybody who looks at that clock can check it, on the days of a clock change too:

- an interval that begins inside the spring gap opens when the gap ends; one that lies wholly inside it does
  not occur that day;
- where the clock goes back, a time that is shown twice counts the same both times. An interval that ends in
  the repeated hour therefore closes, opens once more when the clock goes back, and closes again.
"""

from collections.abc import Container, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import count, pairwise

from campaigns.planning.walltime import CalendarError, turning_points, wall_clock, zone_named

__all__ = ["CalendarError", "Interval", "WorkingHours"]

Interval = tuple[time, time]  # opens, closes (exclusive; 00:00 is the end of the day)

MIDNIGHT = time(0, 0)
ONE_DAY = timedelta(days=1)
DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """The open intervals of each weekday (0 is Monday) in an IANA zone, and the dates without any.

    `reduced_days` are weekdays that are open for a share of what an account may do, and are no working days.

    Raises CalendarError when the zone is unknown, the week is empty, or intervals are reversed or overlap.
    """

    zone: str
    intervals: tuple[tuple[Interval, ...], ...]  # seven, Monday first, each day's in order
    closed_dates: Container[date] = frozenset()
    reduced_days: frozenset[int] = frozenset()
    reduced_share: float = 1.0

    @classmethod
    def simple(
        cls,
        *,
        zone: str,
        weekdays: frozenset[int],
        opens: time,
        closes: time,
        closed_dates: frozenset[date] = frozenset(),
    ) -> "WorkingHours":
        """The same hours on each of `weekdays`. A `closes` of 00:00 is the end of the day."""
        if strange := sorted(weekdays - set(range(7))):
            raise CalendarError(f"no such weekday: {strange[0]!r}; Monday is 0 and Sunday is 6")
        week = tuple(((opens, closes),) if day in weekdays else () for day in range(7))
        return cls(zone=zone, intervals=week, closed_dates=closed_dates)

    def __post_init__(self) -> None:
        zone_named(self.zone)
        if len(self.intervals) != 7:
            raise CalendarError(f"intervals for {len(self.intervals)} days; give seven, Monday first")
        if not any(self.intervals):
            raise CalendarError("no working day: choose at least one weekday")
        if len(self.reduced_days) == 7 or not 0 <= self.reduced_share <= 1:
            raise CalendarError("reduced days go out at a share of 0 to 1, and not every day can be one")
        for name, intervals in zip(DAY_NAMES, self.intervals, strict=True):
            _check_day(name, intervals)

    def is_open(self, at: datetime) -> bool:
        return self._interval_at(at) is not None

    def next_open(self, at: datetime) -> datetime:
        """The first open moment that is not before `at`: `at` itself when open."""
        if self.is_open(at):
            return at.astimezone(UTC)
        days = (self.local_date(at) + timedelta(days=number) for number in count(-1))
        first = next(day for day in days if self._open_moments(day, after=at))
        # A clock that goes back over midnight shows the end of a day after the beginning of the next: hence the
        # day before, and the day after.
        return min(self._open_moments(first, after=at) + self._open_moments(first + ONE_DAY, after=at))

    def closes_at(self, at: datetime) -> datetime:
        """The end of the interval that holds `at`. Raises CalendarError when `at` is not in one."""
        interval = self._interval_at(at)
        if interval is None:
            raise CalendarError(f"{at.isoformat()} is outside working hours: ask next_open first")
        return min(
            moment
            for moment in self._turning_points(interval[0])
            if moment > at and self._interval_at(moment) != interval
        )

    def is_working_day(self, day: date) -> bool:
        return self._is_open_day(day) and day.weekday() not in self.reduced_days

    def share_at(self, at: datetime) -> float:
        """How much of what an account may do in a day goes out on this one: 1, or less on a reduced day."""
        return self.reduced_share if self.local_date(at).weekday() in self.reduced_days else 1.0

    def _is_open_day(self, day: date) -> bool:
        return bool(self.intervals[day.weekday()]) and day not in self.closed_dates

    def local_date(self, at: datetime) -> date:
        return wall_clock(at, zone_named(self.zone)).date()

    def _interval_at(self, at: datetime) -> tuple[date, Interval] | None:
        wall = wall_clock(at, zone_named(self.zone))
        if not self._is_open_day(wall.date()):
            return None
        holding = (interval for interval in self.intervals[wall.weekday()] if _holds(interval, wall.time()))
        return next(((wall.date(), interval) for interval in holding), None)

    def _open_moments(self, day: date, *, after: datetime) -> list[datetime]:
        """The moments at which one of the day's intervals may begin or go on."""
        return [moment for moment in self._turning_points(day) if moment > after and self.is_open(moment)]

    def _turning_points(self, day: date) -> Iterator[datetime]:
        """Every instant at which a working day's interval can begin or end, in no particular order."""
        if not self._is_open_day(day):
            return
        zone = zone_named(self.zone)
        for opens, closes in self.intervals[day.weekday()]:
            yield from turning_points(datetime.combine(day, opens), zone)
            yield from turning_points(datetime.combine(day + ONE_DAY * (closes == MIDNIGHT), closes), zone)


def _holds(interval: Interval, wall: time) -> bool:
    opens, closes = interval
    return opens <= wall and (wall < closes or closes == MIDNIGHT)


def _check_day(name: str, intervals: tuple[Interval, ...]) -> None:
    for opens, closes in intervals:
        if opens.tzinfo or closes.tzinfo:
            raise CalendarError(f"{name}: give times without a zone; they are in the zone of the week")
        if opens >= closes and closes != MIDNIGHT:
            raise CalendarError(
                f"{name}: opens {opens:%H:%M} but closes {closes:%H:%M}; it must close later on the same day "
                "(00:00 is the end of the day; hours past midnight belong to the next day)"
            )
    for (_, closes), (opens, _) in pairwise(intervals):
        if closes == MIDNIGHT or opens < closes:
            raise CalendarError(f"{name}: the hours from {opens:%H:%M} begin before those until {closes:%H:%M} end")
