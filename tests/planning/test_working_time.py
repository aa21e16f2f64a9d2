"""Hours as operators enter them: lunch gaps, holidays, weekends, both clock changes; see docs/working-time.md."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.calendars import check_country, week_from, week_from_words, week_in_words, working_hours
from campaigns.models import Campaign
from campaigns.planning.calendar import CalendarError, WorkingHours
from campaigns.planning.delays import Delay, DelayUnit
from campaigns.planning.pacing import next_local_day
from outreach.zones import local_midnight
from tests.planning.worlds import moments, utc
from tests.planning.worlds import working_hours as any_hours

LUNCH = {day: [["09:00", "12:00"], ["13:00", "17:30"]] for day in ("mon", "tue", "wed", "thu")} | {
    "fri": [["09:00", "13:00"]]
}


def hours(**fields: object) -> WorkingHours:
    return working_hours(Campaign(time_zone="Europe/London", **fields))


@pytest.mark.parametrize(
    ("at", "opens"),
    [
        ("2026-03-02 11:59", "2026-03-02 11:59"),
        ("2026-03-02 12:00", "2026-03-02 13:00"),  # lunch
        ("2026-03-02 17:30", "2026-03-03 09:00"),
        ("2026-03-06 13:00", "2026-03-09 09:00"),  # Friday afternoon
    ],
)
def test_a_lunch_gap_and_a_short_friday(at: str, opens: str) -> None:
    assert hours(week=LUNCH).next_open(utc(at)) == utc(opens)


def test_detailed_hours_are_written_as_people_write_them() -> None:
    typed = "Mon-Thu 09:00–12:00, 13:00-17:30\nFri 09:00 – 13:00"
    assert week_from_words(typed) == LUNCH
    assert week_from_words(week_in_words(LUNCH)) == LUNCH


@pytest.mark.parametrize(
    ("typed", "complaint"),
    [
        ("Someday 09:00-12:00", "begin with days"),
        ("Fri-Mon 09:00-12:00", "begin with days"),
        ("Mon 9-12", "no time of day"),
        ("Mon 09:00", "give each interval"),
        ("Mon 09:00-12:00\nMon 13:00-14:00", "earlier line"),
    ],
)
def test_what_cannot_be_read_is_said(typed: str, complaint: str) -> None:
    with pytest.raises(CalendarError, match=complaint):
        week_from_words(typed)


def test_overlapping_hours_and_strange_days_are_refused() -> None:
    with pytest.raises(CalendarError, match="begin before"):
        hours(week={"mon": [["09:00", "12:00"], ["11:00", "13:00"]]})
    with pytest.raises(CalendarError, match="no such day"):
        week_from({"someday": []})


def test_public_holidays_are_closed_in_every_year() -> None:
    scotland = hours(holidays_of="GB-SCT")
    assert not scotland.is_open(utc("2026-01-02 10:00"))  # not a holiday in England
    assert hours(holidays_of="GB-ENG").is_open(utc("2026-01-02 10:00"))
    assert not scotland.is_open(utc("2034-12-25 10:00"))
    assert scotland.next_open(utc("2026-12-24 17:45")) == utc("2026-12-29 09:00")  # 26 and 27 fall on a weekend
    one_day = Delay(1, DelayUnit.WORKING_DAYS)
    assert one_day.after(utc("2026-12-24 10:00"), scotland) == utc("2026-12-29 10:00")


@pytest.mark.parametrize(("code", "complaint"), [("XX", "no holidays are known"), ("GB-XX", "is no part of GB")])
def test_an_unknown_country_is_refused_with_advice(code: str, complaint: str) -> None:
    with pytest.raises(CalendarError, match=complaint):
        check_country(code)


def test_a_reduced_weekend_is_open_for_a_share_and_is_no_working_day() -> None:
    reduced = hours(weekend="reduced", weekend_percent=25)
    saturday = utc("2026-03-07 10:00")
    assert reduced.is_open(saturday)
    assert (reduced.share_at(saturday), reduced.share_at(utc("2026-03-06 10:00"))) == (0.25, 1.0)
    assert not reduced.is_working_day(date(2026, 3, 7))
    one_day = Delay(1, DelayUnit.WORKING_DAYS)
    assert one_day.after(utc("2026-03-06 10:00"), reduced) == utc("2026-03-09 10:00")


def test_a_weekend_with_hours_of_its_own_is_not_reduced() -> None:
    shop = hours(weekend="reduced", weekdays=[1, 2, 3, 4, 5])
    assert shop.share_at(utc("2026-03-07 10:00")) == 1.0
    assert shop.share_at(utc("2026-03-08 10:00")) == 0.3


# On both clock-change days: what happens to an opening at 02:30, and to a delay of a day that ends there.
CLOCK_CHANGES = [
    # zone, spring: first open moment and a day after 02:30 the day before; autumn: the same
    ("Europe/London", "2026-03-29", "01:30", "01:00", "01:00"),
    ("Europe/Berlin", "2026-03-29", "02:30", "01:00", "01:00"),
    ("America/New_York", "2026-03-08", "02:30", "07:00", "07:00"),
    ("Australia/Lord_Howe", "2026-10-04", "02:15", "15:30", "15:30"),
]


@pytest.mark.parametrize(("zone", "day", "wall", "opens", "lands"), CLOCK_CHANGES)
def test_a_time_that_the_clock_jumps_over_is_the_end_of_the_gap(
    zone: str, day: str, wall: str, opens: str, lands: str
) -> None:
    spring = date.fromisoformat(day)
    names = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    week = {name: [[wall, "23:00"]] for name in names}
    gap = working_hours(Campaign(time_zone=zone, week=week))
    noon_before = datetime.fromisoformat(f"{spring - timedelta(days=1)}T23:30").replace(tzinfo=gap_zone(zone))
    first = gap.next_open(noon_before)
    assert f"{first:%H:%M}" == opens
    before = datetime.fromisoformat(f"{spring - timedelta(days=1)}T{wall}").replace(tzinfo=gap_zone(zone))
    assert f"{Delay(1, DelayUnit.DAYS).after(before, gap):%H:%M}" == lands


def gap_zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


@pytest.mark.parametrize(
    ("zone", "day", "wall", "first", "second"),
    [
        ("Europe/London", "2026-10-25", "01:30", "00:30", "01:30"),
        ("America/New_York", "2026-11-01", "01:30", "05:30", "06:30"),
        ("Australia/Lord_Howe", "2026-04-05", "01:45", "14:45", "15:15"),
    ],
)
def test_a_time_that_the_clock_shows_twice_counts_both_times_and_a_delay_takes_the_first(
    zone: str, day: str, wall: str, first: str, second: str
) -> None:
    autumn = date.fromisoformat(day)
    before = datetime.fromisoformat(f"{autumn - timedelta(days=1)}T{wall}").replace(tzinfo=gap_zone(zone))
    always = working_hours(Campaign(time_zone=zone, weekdays=list(range(7))))
    assert f"{Delay(1, DelayUnit.DAYS).after(before, always):%H:%M}" == first
    opens = f"{int(wall[:2]):02}:{int(wall[3:]) // 15 * 15:02}"
    brief = working_hours(Campaign(time_zone=zone, week={name: [[opens, wall[:3] + "59"]] for name in ("sat", "sun")}))
    shown = datetime.fromisoformat(f"{autumn}T{wall}")
    both = [shown.replace(tzinfo=gap_zone(zone), fold=fold) for fold in (0, 1)]
    assert [brief.is_open(at) for at in both] == [True, True]
    assert [f"{at.astimezone(UTC):%H:%M}" for at in both] == [first, second]


SPRING, AUTUMN = "2026-03-29", "2026-10-25"
EVERY_DAY = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

# The table of docs/working-time.md, for Berlin. Hours: when they are open on that day, in UTC (spring: the gap ends at
# 01:00 UTC; autumn: 02:00 to 03:00 is shown from 00:00 and again from 01:00 UTC).
HALF_PAST_TWO = [
    (SPRING, "02:30", "05:00", [("01:00", "03:00")]),
    (AUTUMN, "02:30", "05:00", [("00:30", "01:00"), ("01:30", "04:00")]),
    (SPRING, "00:30", "02:30", [("23:30", "01:00")]),
    (AUTUMN, "00:30", "02:30", [("22:30", "00:30"), ("01:00", "01:30")]),
    (SPRING, "02:15", "02:45", []),
    (AUTUMN, "02:15", "02:45", [("00:15", "00:45"), ("01:15", "01:45")]),
]


def spans(hours: WorkingHours, day: str) -> list[tuple[str, str]]:
    """When the hours are open on one local day, in UTC."""
    zone = ZoneInfo(hours.zone)
    moment = datetime.fromisoformat(f"{day}T00:00").replace(tzinfo=zone).astimezone(UTC)
    end = datetime.fromisoformat(f"{day}T23:59").replace(tzinfo=zone).astimezone(UTC)
    found = []
    while (opens := hours.next_open(moment)) < end:
        moment = hours.closes_at(opens)
        found.append((f"{opens:%H:%M}", f"{moment:%H:%M}"))
    return found


@pytest.mark.parametrize(("day", "opens", "closes", "open_from_to"), HALF_PAST_TWO)
def test_what_half_past_two_means_on_both_clock_change_days(
    day: str, opens: str, closes: str, open_from_to: list[tuple[str, str]]
) -> None:
    week = {name: [[opens, closes]] for name in EVERY_DAY}
    assert spans(working_hours(Campaign(time_zone="Europe/Berlin", week=week)), day) == open_from_to


@pytest.mark.parametrize(("day", "lands"), [(SPRING, "01:00"), (AUTUMN, "00:30")])
@pytest.mark.parametrize("unit", [DelayUnit.DAYS, DelayUnit.WORKING_DAYS])
def test_a_delay_that_ends_at_half_past_two_on_both_clock_change_days(day: str, lands: str, unit: DelayUnit) -> None:
    berlin = working_hours(Campaign(time_zone="Europe/Berlin", weekdays=list(range(7))))
    before = datetime.fromisoformat(f"{day}T02:30").replace(tzinfo=gap_zone("Europe/Berlin")) - timedelta(days=1)
    assert f"{Delay(1, unit).after(before, berlin):%H:%M}" == lands
    hours = Delay(24, DelayUnit.HOURS).after(before, berlin)
    assert hours - before.astimezone(UTC) == timedelta(hours=24)


@pytest.mark.parametrize(("day", "length"), [(SPRING, 23), (AUTUMN, 25)])
def test_the_day_of_a_cap_is_as_long_as_the_wall_clock_makes_it(day: str, length: int) -> None:
    begins = local_midnight(date.fromisoformat(day), "Europe/Berlin")
    assert next_local_day(begins, "Europe/Berlin") - begins == timedelta(hours=length)
    assert local_midnight(date.fromisoformat(day) + timedelta(days=1), "Europe/Berlin") == next_local_day(
        begins, "Europe/Berlin"
    )


@given(any_hours(), moments, st.integers(0, 6))
def test_what_falls_on_a_closed_day_moves_to_the_next_open_moment_and_is_never_dropped(
    week: WorkingHours, at: datetime, closed: int
) -> None:
    dates = frozenset((week.local_date(at) + timedelta(days=number)) for number in range(closed))
    shut = WorkingHours(zone=week.zone, intervals=week.intervals, closed_dates=dates)
    opens = shut.next_open(at)
    assert opens >= at
    assert shut.is_open(opens)
    assert shut.local_date(opens) not in dates
