"""How fast: the gap between two actions of an account, the wait after a failure, the day a cap counts for.

Chance comes in as `draw`, a number from 0 to (not including) 1, so that the same draw gives the same moment.
"""

from datetime import date, datetime, timedelta

from campaigns.planning.walltime import occurrences, wall_clock, zone_named

SIX_HOURS = 6 * 60 * 60
# 2 ** 32 minutes is past any ceiling; a larger power only costs time.
MOST_DOUBLINGS = 32
CAP_SLEEPS = (timedelta(hours=4), timedelta(hours=24), timedelta(hours=48), timedelta(days=7))


def spaced_slot(at: datetime, *, minimum_seconds: float, maximum_seconds: float, draw: float) -> datetime:
    """When an account that acts at `at` may act again."""
    _check_draw(draw)
    if not 0 <= minimum_seconds <= maximum_seconds:
        raise ValueError(f"spacing from {minimum_seconds} to {maximum_seconds} seconds: give 0 or more, then no less")
    return at + timedelta(seconds=minimum_seconds + draw * (maximum_seconds - minimum_seconds))


def backoff(attempt: int, *, base_seconds: float = 60, ceiling_seconds: float = SIX_HOURS, draw: float) -> timedelta:
    """How long to wait after the failure of `attempt` (the first is 1): full jitter up to a doubling bound.

    Never less than half the base, so that a retry is never immediate, and never more than the ceiling.
    """
    _check_draw(draw)
    if attempt < 1:
        raise ValueError(f"attempts count from 1, not {attempt}")
    if not 0 < base_seconds <= ceiling_seconds:
        raise ValueError(f"back-off from {base_seconds} up to {ceiling_seconds} seconds: the base is above 0")
    bound = min(ceiling_seconds, base_seconds * 2 ** min(attempt - 1, MOST_DOUBLINGS))
    least = base_seconds / 2
    return timedelta(seconds=least + draw * (bound - least))


def cap_sleep(times_in_a_row: int) -> timedelta:
    """How long an action of an account sleeps after meeting the provider's cap so many times in a row."""
    if times_in_a_row < 1:
        raise ValueError(f"a cap is met at least once, not {times_in_a_row} times")
    return CAP_SLEEPS[min(times_in_a_row, len(CAP_SLEEPS)) - 1]


def local_day(at: datetime, zone: str) -> date:
    """The date on the wall in `zone`: the day that caps count for."""
    return wall_clock(at, zone_named(zone)).date()


def next_local_day(at: datetime, zone: str) -> datetime:
    """The instant at which the next local day begins, in UTC: always after `at`."""
    midnight = datetime.combine(local_day(at, zone) + timedelta(days=1), datetime.min.time())
    return next(moment for moment in occurrences(midnight, zone_named(zone)) if moment > at)


def _check_draw(draw: float) -> None:
    if not 0 <= draw < 1:
        raise ValueError(f"a draw is at least 0 and below 1, not {draw}")
