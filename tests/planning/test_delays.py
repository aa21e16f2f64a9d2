"""Delays: elapsed time, calendar days and working days."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.planning.calendar import WorkingHours
from campaigns.planning.delays import Delay, DelayUnit
from tests.planning.worlds import delays, moments, office, utc, working_hours


@given(delays, moments, working_hours())
def test_a_delay_never_goes_back(delay: Delay, at: datetime, hours: WorkingHours) -> None:
    assert delay.after(at, hours) >= at
    assert delay.after(at, hours).utcoffset() == timedelta(0)


@given(st.integers(0, 30), st.integers(0, 30), st.sampled_from(DelayUnit), moments, working_hours())
def test_a_longer_delay_never_ends_earlier(a: int, b: int, unit: DelayUnit, at: datetime, hours: WorkingHours) -> None:
    shorter, longer = Delay(min(a, b), unit), Delay(max(a, b), unit)
    assert shorter.after(at, hours) <= longer.after(at, hours)


@given(delays, moments, moments, working_hours())
def test_a_delay_that_begins_later_never_ends_earlier(
    delay: Delay, a: datetime, b: datetime, hours: WorkingHours
) -> None:
    """Not promised within two hours: an hour shown twice has its later half before its earlier half."""
    if abs(a - b) > timedelta(hours=2):
        assert delay.after(min(a, b), hours) <= delay.after(max(a, b), hours)


@given(st.integers(1, 15), moments, working_hours())
def test_working_days_end_on_a_working_day_and_open_on_one(amount: int, at: datetime, hours: WorkingHours) -> None:
    ends_at = Delay(amount, DelayUnit.WORKING_DAYS).after(at, hours)
    if hours.zone != "Pacific/Apia":  # whose 30 December 2011 is a working day that never was
        assert hours.is_working_day(hours.local_date(ends_at))
    opens_at = hours.next_open(ends_at)
    assert hours.is_working_day(hours.local_date(opens_at))
    assert hours.local_date(opens_at) not in hours.closed_dates


@given(st.integers(1, 10), moments, working_hours())
def test_exactly_the_working_days_between_are_counted(amount: int, at: datetime, hours: WorkingHours) -> None:
    if hours.zone == "Pacific/Apia":
        return
    first, last = hours.local_date(at), hours.local_date(Delay(amount, DelayUnit.WORKING_DAYS).after(at, hours))
    passed = [first + timedelta(days=days + 1) for days in range((last - first).days)]
    assert sum(map(hours.is_working_day, passed)) == amount


EASTER = frozenset({date(2026, 4, 3), date(2026, 4, 6)})
TABLE = [
    pytest.param(Delay(90, DelayUnit.MINUTES), "2026-03-29 00:00", "2026-03-29 01:30", id="minutes pass through a gap"),
    pytest.param(Delay(24, DelayUnit.HOURS), "2026-03-28 12:00", "2026-03-29 12:00", id="24 hours are 24 hours"),
    pytest.param(Delay(1, DelayUnit.DAYS), "2026-03-28 12:00", "2026-03-29 11:00", id="a day keeps the clock, spring"),
    pytest.param(Delay(1, DelayUnit.DAYS), "2026-10-24 11:00", "2026-10-25 12:00", id="a day keeps the clock, autumn"),
    pytest.param(Delay(1, DelayUnit.DAYS), "2026-03-28 01:30", "2026-03-29 01:00", id="into the gap: its end"),
    pytest.param(Delay(1, DelayUnit.DAYS), "2026-10-24 00:30", "2026-10-25 00:30", id="a time shown twice: the first"),
    pytest.param(Delay(0, DelayUnit.DAYS), "2026-10-25 01:30", "2026-10-25 01:30", id="no days: not a moment earlier"),
    pytest.param(Delay(7, DelayUnit.DAYS), "2026-02-24 10:00", "2026-03-03 10:00", id="over the end of February"),
    pytest.param(Delay(1, DelayUnit.DAYS), "2028-02-28 10:00", "2028-02-29 10:00", id="leap day"),
    pytest.param(Delay(1, DelayUnit.WORKING_DAYS), "2026-03-06 10:00", "2026-03-09 10:00", id="Friday to Monday"),
    pytest.param(Delay(1, DelayUnit.WORKING_DAYS), "2026-03-07 10:00", "2026-03-09 10:00", id="Saturday to Monday"),
    pytest.param(Delay(1, DelayUnit.WORKING_DAYS), "2026-03-08 23:30", "2026-03-09 23:30", id="Sunday to Monday"),
    pytest.param(Delay(2, DelayUnit.WORKING_DAYS), "2026-04-02 09:00", "2026-04-08 09:00", id="over Easter"),
    pytest.param(Delay(0, DelayUnit.WORKING_DAYS), "2026-03-07 10:00", "2026-03-07 10:00", id="none on a Saturday"),
    pytest.param(Delay(1, DelayUnit.WORKING_DAYS), "2026-03-27 10:00", "2026-03-30 09:00", id="over a clock change"),
]  # fmt: skip


@pytest.mark.parametrize(("delay", "begins", "ends"), TABLE)
def test_a_delay_ends_when_the_london_office_expects_it(delay: Delay, begins: str, ends: str) -> None:
    assert delay.after(utc(begins), office("Europe/London", closed_dates=EASTER)) == utc(ends)


def test_the_day_is_that_of_the_zone_not_of_utc() -> None:
    sunday_in_new_york = utc("2026-03-02 03:00")
    monday = Delay(1, DelayUnit.WORKING_DAYS).after(sunday_in_new_york, office("America/New_York"))
    assert monday == utc("2026-03-03 03:00")


@pytest.mark.parametrize(("amount", "unit"), [(-1, "days"), (3651, "working_days"), (5_256_001, "minutes")])
def test_a_delay_out_of_bounds_is_refused(amount: int, unit: str) -> None:
    with pytest.raises(ValueError, match=f"a delay is 0 to .*not {amount}"):
        Delay(amount, DelayUnit(unit))
