"""Working hours, and above all the days on which the clock changes."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from campaigns.planning.calendar import CalendarError, WorkingHours
from tests.planning.worlds import WORKDAYS, moments, office, utc, working_hours

TICK = timedelta(microseconds=1)
EVERY_DAY = frozenset(range(7))


def wall_says_open(hours: WorkingHours, at: datetime) -> bool:
    """The rule in its plainest form: what somebody with that clock on the wall would say."""
    wall = at.astimezone(ZoneInfo(hours.zone))
    return wall.date() not in hours.closed_dates and any(
        opens <= wall.time() and (wall.time() < closes or closes == time(0))
        for opens, closes in hours.intervals[wall.weekday()]
    )


@given(working_hours(), moments)
def test_it_is_open_exactly_when_the_wall_clock_says_so(hours: WorkingHours, at: datetime) -> None:
    assert hours.is_open(at) is wall_says_open(hours, at)


@given(working_hours(), moments, st.lists(st.floats(0, 1), max_size=8))
def test_the_next_opening_is_open_and_nothing_before_it_is(
    hours: WorkingHours, at: datetime, shares: list[float]
) -> None:
    opening = hours.next_open(at)
    assert opening >= at
    assert hours.is_open(opening)
    assert opening == at or not hours.is_open(opening - TICK)
    between = (at + (opening - at) * share for share in shares)
    assert not any(hours.is_open(moment) for moment in between if moment < opening)


@given(working_hours(), moments)
def test_asking_for_the_next_opening_again_changes_nothing(hours: WorkingHours, at: datetime) -> None:
    opening = hours.next_open(at)
    assert hours.next_open(opening) == opening
    assert opening.utcoffset() == timedelta(0)


@given(working_hours(), moments, st.lists(st.floats(0, 1), max_size=8))
def test_it_stays_open_until_it_closes(hours: WorkingHours, at: datetime, shares: list[float]) -> None:
    opening = hours.next_open(at)
    closing = hours.closes_at(opening)
    assert closing > opening
    assert hours.is_open(closing - TICK)
    between = (opening + (closing - opening) * share for share in shares)
    assert all(hours.is_open(moment) for moment in between if moment < closing)


@given(working_hours(), moments, moments)
def test_later_questions_never_have_earlier_answers(hours: WorkingHours, a: datetime, b: datetime) -> None:
    assert hours.next_open(min(a, b)) <= hours.next_open(max(a, b))


LONDON, NEW_YORK, LORD_HOWE = "Europe/London", "America/New_York", "Australia/Lord_Howe"
CASABLANCA = "Africa/Casablanca"
param = pytest.param

CLOCK_CHANGES = [
    # zone, opens, closes, asked at, opens at: all in UTC but the hours themselves
    param(LONDON, "09:00", "17:00", "2026-03-28 18:00", "2026-03-29 08:00", id="spring: an hour early"),
    param(LONDON, "09:00", "17:00", "2026-10-24 18:00", "2026-10-25 09:00", id="autumn: an hour late"),
    param(LONDON, "01:30", "05:00", "2026-03-29 00:10", "2026-03-29 01:00", id="opens inside the gap"),
    param(LONDON, "01:15", "01:45", "2026-03-29 00:10", "2026-03-30 00:15", id="wholly inside the gap"),
    param(LONDON, "00:30", "01:30", "2026-03-29 00:59", "2026-03-29 00:59", id="open up to the gap"),
    param(LONDON, "00:30", "01:30", "2026-03-29 01:00", "2026-03-29 23:30", id="closed by the gap"),
    param(LONDON, "01:30", "05:00", "2026-10-24 23:50", "2026-10-25 00:30", id="opens the first time"),
    param(LONDON, "01:30", "05:00", "2026-10-25 01:10", "2026-10-25 01:30", id="not open at 01:10 again"),
    param(LONDON, "00:30", "01:30", "2026-10-25 00:40", "2026-10-25 01:00", id="opens as the clock goes back"),
    param(LONDON, "00:30", "01:30", "2026-10-25 01:30", "2026-10-26 00:30", id="closes the second time"),
    param(NEW_YORK, "02:30", "04:00", "2026-03-08 06:00", "2026-03-08 07:00", id="New York: gap"),
    param(NEW_YORK, "01:30", "04:00", "2026-11-01 05:00", "2026-11-01 05:30", id="New York: first time"),
    param(LORD_HOWE, "02:15", "03:00", "2026-10-03 15:00", "2026-10-03 15:30", id="half an hour forward"),
    param(LORD_HOWE, "01:45", "03:00", "2026-04-04 14:00", "2026-04-04 14:45", id="half an hour back"),
    param(LORD_HOWE, "01:00", "01:40", "2026-04-04 14:50", "2026-04-04 15:00", id="half an hour again"),
    param("Asia/Kathmandu", "09:00", "17:00", "2026-03-01 02:00", "2026-03-01 03:15", id="5 h 45 ahead of UTC"),
    param("Pacific/Apia", "09:00", "17:00", "2011-12-30 04:00", "2011-12-30 19:00", id="Apia leaves out 30 December"),
    param(CASABLANCA, "02:30", "05:00", "2026-02-15 00:00", "2026-02-15 01:30", id="Ramadan begins: 02:30"),
    param(CASABLANCA, "02:30", "05:00", "2026-02-15 02:10", "2026-02-15 02:30", id="Ramadan begins: again"),
    param(CASABLANCA, "02:30", "05:00", "2026-03-22 01:00", "2026-03-22 02:00", id="Ramadan ends: the gap"),
    param("America/Havana", "00:30", "05:00", "2026-03-08 04:00", "2026-03-08 05:00", id="a gap at midnight"),
]  # fmt: skip


@pytest.mark.parametrize(("zone", "opens", "closes", "asked", "expected"), CLOCK_CHANGES)
def test_the_next_opening_around_a_clock_change(zone: str, opens: str, closes: str, asked: str, expected: str) -> None:
    hours = office(zone, weekdays=EVERY_DAY, opens=time.fromisoformat(opens), closes=time.fromisoformat(closes))
    assert hours.next_open(utc(asked)) == utc(expected)


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("Europe/London", "2026-03-28 12:00"),
        ("Europe/London", "2026-10-24 12:00"),
        ("America/New_York", "2026-11-01 00:00"),
        ("Australia/Lord_Howe", "2026-04-04 00:00"),
        ("Australia/Lord_Howe", "2026-10-03 00:00"),
        ("Pacific/Apia", "2011-12-29 12:00"),
        ("Africa/Casablanca", "2026-02-14 12:00"),
        ("America/Asuncion", "2024-03-23 12:00"),
        ("America/St_Johns", "2010-11-06 12:00"),
    ],
)
def test_every_quarter_around_a_clock_change_is_followed_by_the_first_open_one(zone: str, day: str) -> None:
    """Against a search by brute force, with hours that begin and end inside every kind of change."""
    intervals = ((time(0), time(0, 15)), (time(0, 45), time(1, 30)), (time(2, 15), time(23, 15)))
    hours = WorkingHours(zone=zone, intervals=(intervals,) * 7)
    grid = [utc(day) + timedelta(minutes=minutes) for minutes in range(0, 40 * 60, 1)]
    following = None
    for moment in reversed(grid):
        following = moment if wall_says_open(hours, moment) else following
        if following is not None:
            assert hours.next_open(moment) == following


def test_a_clock_that_goes_back_over_midnight_opens_the_day_before_again() -> None:
    """In Newfoundland the clock once went back at 00:01, to 23:01 of the day before."""
    saturday_night = office("America/St_Johns", weekdays=frozenset({5}), opens=time(23), closes=time(23, 30))
    sunday_midnight = utc("2010-11-07 02:30")
    assert saturday_night.next_open(sunday_midnight) == utc("2010-11-07 02:31")


@given(moments)
@example(utc("2026-03-29 00:30"))
@example(utc("2026-10-25 00:30"))
def test_round_the_clock_is_always_open(at: datetime) -> None:
    hours = office("Europe/London", weekdays=EVERY_DAY, opens=time(0), closes=time(0))
    assert hours.next_open(at) == at


def test_midnight_closes_the_day() -> None:
    hours = office("America/New_York", opens=time(22), closes=time(0))
    friday_evening = utc("2026-03-07 03:30")
    assert hours.closes_at(friday_evening) == utc("2026-03-07 05:00")
    assert not hours.is_open(utc("2026-03-07 05:00"))


def test_a_lunch_gap_is_closed() -> None:
    morning_and_afternoon = ((time(9), time(12)), (time(13), time(17)))
    hours = WorkingHours(zone="UTC", intervals=(morning_and_afternoon,) * 5 + ((), ()))
    assert hours.next_open(utc("2026-03-02 12:00")) == utc("2026-03-02 13:00")
    assert hours.closes_at(utc("2026-03-02 10:00")) == utc("2026-03-02 12:00")


def test_the_closing_minute_is_closed_and_the_opening_one_is_open() -> None:
    hours = office()
    assert hours.is_open(utc("2026-03-02 09:00"))
    assert not hours.is_open(utc("2026-03-02 17:00"))


def test_closed_dates_and_weekends_are_passed_over() -> None:
    hours = office("Europe/London", closed_dates=frozenset({date(2026, 4, 3), date(2026, 4, 6)}))
    thursday_evening = utc("2026-04-02 18:00")
    assert hours.next_open(thursday_evening) == utc("2026-04-07 08:00")
    assert not hours.is_working_day(date(2026, 4, 3))


def test_the_date_is_that_of_the_zone() -> None:
    assert office("Pacific/Apia").local_date(utc("2026-03-01 12:00")) == date(2026, 3, 2)


def test_asking_when_a_closed_moment_closes_is_refused() -> None:
    with pytest.raises(CalendarError, match="outside working hours"):
        office().closes_at(utc("2026-03-01 12:00"))


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        office().is_open(datetime(2026, 3, 2, 12))


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"zone": "Europe/Lodnon"}, 'unknown time zone "Europe/Lodnon": did you mean "Europe/London"?'),
        ({"zone": "Europe"}, 'unknown time zone "Europe"'),
        ({"zone": "../etc/passwd"}, "unknown time zone"),
        ({"zone": ""}, 'use an IANA name such as "Europe/London"'),
        ({"weekdays": frozenset()}, "no working day: choose at least one weekday"),
        ({"weekdays": frozenset({7})}, "no such weekday: 7; Monday is 0 and Sunday is 6"),
        ({"opens": time(17), "closes": time(9)}, "Monday: opens 17:00 but closes 09:00"),
        ({"opens": time(9), "closes": time(9)}, "Monday: opens 09:00 but closes 09:00"),
        ({"opens": time(9, tzinfo=ZoneInfo("UTC"))}, "give times without a zone"),
    ],
)
def test_impossible_hours_are_refused_with_what_is_wrong(changes: dict[str, object], complaint: str) -> None:
    with pytest.raises(CalendarError) as refused:
        office(**changes)  # type: ignore[arg-type]
    assert complaint in str(refused.value)


def test_overlapping_intervals_are_refused() -> None:
    overlapping = ((time(9), time(12)), (time(11), time(17)))
    with pytest.raises(CalendarError, match="Tuesday: the hours from 11:00 begin before those until 12:00 end"):
        WorkingHours(zone="UTC", intervals=((), overlapping, (), (), (), (), ()))


def test_a_week_of_five_days_is_refused() -> None:
    with pytest.raises(CalendarError, match="give seven"):
        WorkingHours(zone="UTC", intervals=(((time(9), time(17)),),) * 5)


def test_equal_hours_are_equal_values() -> None:
    assert office() == WorkingHours(
        zone="UTC", intervals=tuple(((time(9), time(17)),) if day in WORKDAYS else () for day in range(7))
    )
    assert hash(office()) == hash(office())
