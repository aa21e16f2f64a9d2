"""Between instants (aware, UTC) and what a clock on the wall of some zone shows, clock changes included.

A reading of a wall clock is a naive datetime. Where the clock goes forward some readings never occur: they
stand for the instant at which the gap ends. Where it goes back some occur twice: `occurrences` gives both.

Instants are compared and subtracted in UTC only: Python compares two datetimes of the same zone by their
wall clocks, which is wrong around a clock change.
"""

from bisect import bisect_left
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from functools import lru_cache
from math import ceil
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones


class CalendarError(ValueError):
    """A zone, a working week or a question about them makes no sense. The message says how to mend it."""


@lru_cache(maxsize=1024)
def zone_named(name: str) -> ZoneInfo:
    """Raises CalendarError when `name` is no IANA zone."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        # A path instead of a name is a ValueError; the name of a region alone ("Europe") is a directory.
        raise CalendarError(f'unknown time zone "{name}": {_advice(name)}') from None


def _advice(name: str) -> str:
    near = get_close_matches(name, sorted(available_timezones()), n=1)
    return f'did you mean "{near[0]}"?' if near else 'use an IANA name such as "Europe/London"'


def wall_clock(at: datetime, zone: ZoneInfo) -> datetime:
    """What the wall clock shows at `at`, as a naive datetime. Raises ValueError for a naive `at`."""
    if at.tzinfo is None:
        raise ValueError(f"{at.isoformat()} has no time zone: moments are aware, in UTC")
    return at.astimezone(zone).replace(tzinfo=None, fold=0)


def occurrences(wall: datetime, zone: ZoneInfo) -> tuple[datetime, ...]:
    """The instants at which the wall clock shows `wall`, in order: one, or two where the clock goes back.

    Where the clock jumps over `wall` the answer is the one instant at which the gap ends.
    """
    first, second = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if second < first:  # PEP 495: inside a gap, and only there, the fold turns the order round
        return (clock_change(zone, second, first),)
    return (first,) if first == second else (first, second)


def turning_points(wall: datetime, zone: ZoneInfo) -> tuple[datetime, ...]:
    """The instants at which the wall clock passes `wall`, in either direction.

    A reading that occurs twice is passed three times: forward, backward by the change itself, forward again.
    """
    times = occurrences(wall, zone)
    if len(times) == 1:
        return times
    first, second = times
    return first, clock_change(zone, first, second), second


def clock_change(zone: ZoneInfo, after: datetime, until: datetime) -> datetime:
    """The instant in (after, until] at which the zone's offset changes; at the ends it must differ."""
    start = after.replace(microsecond=0)  # changes happen on whole seconds
    offset = start.astimezone(zone).utcoffset()
    seconds = range(ceil((until - start).total_seconds()) + 1)

    def has_changed(second: int) -> bool:
        return (start + timedelta(seconds=second)).astimezone(zone).utcoffset() != offset

    return start + timedelta(seconds=bisect_left(seconds, True, key=has_changed))
