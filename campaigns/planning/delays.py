"""How long a step waits after what came before it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from campaigns.planning.calendar import WorkingHours
from campaigns.planning.walltime import occurrences, wall_clock, zone_named

ONE_DAY = timedelta(days=1)
LONGEST_DAYS = 3650


class DelayUnit(StrEnum):
    MINUTES = "minutes"
    HOURS = "hours"
    DAYS = "days"
    WORKING_DAYS = "working_days"


MOST = {
    DelayUnit.MINUTES: LONGEST_DAYS * 24 * 60,
    DelayUnit.HOURS: LONGEST_DAYS * 24,
    DelayUnit.DAYS: LONGEST_DAYS,
    DelayUnit.WORKING_DAYS: LONGEST_DAYS,
}


@dataclass(frozen=True, slots=True)
class Delay:
    """Minutes and hours are elapsed time. Days and working days keep the time of day on the wall clock.

    Raises ValueError when the amount is negative or longer than ten years.
    """

    amount: int
    unit: DelayUnit

    def __post_init__(self) -> None:
        if not 0 <= self.amount <= MOST[self.unit]:
            unit = self.unit.replace("_", " ")
            raise ValueError(f"a delay is 0 to {MOST[self.unit]} {unit}, not {self.amount}")

    def after(self, at: datetime, hours: WorkingHours) -> datetime:
        """The moment this delay after `at`, in UTC. It need not be open: `hours.next_open` moves it.

        A wall-clock time in the spring gap becomes the end of the gap, one that occurs twice the first of the
        two. A working day is a weekday with hours that is not a closed date; counting begins with the day
        after `at`, so one working day after a Saturday is the Monday.
        """
        if self.amount == 0:
            return at.astimezone(UTC)
        match self.unit:
            case DelayUnit.MINUTES:
                return at.astimezone(UTC) + timedelta(minutes=self.amount)
            case DelayUnit.HOURS:
                return at.astimezone(UTC) + timedelta(hours=self.amount)
            case DelayUnit.DAYS:
                return _same_time_on(hours.local_date(at) + ONE_DAY * self.amount, at, hours)
            case DelayUnit.WORKING_DAYS:
                return _same_time_on(_working_days_later(hours.local_date(at), self.amount, hours), at, hours)


def _same_time_on(day: date, at: datetime, hours: WorkingHours) -> datetime:
    zone = zone_named(hours.zone)
    wall = datetime.combine(day, wall_clock(at, zone).time())
    return occurrences(wall, zone)[0]


def _working_days_later(day: date, amount: int, hours: WorkingHours) -> date:
    for _ in range(amount):
        day += ONE_DAY
        while not hours.is_working_day(day):
            day += ONE_DAY
    return day
