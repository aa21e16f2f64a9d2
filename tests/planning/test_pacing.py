"""Spacing, back-off, the day of a cap."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from campaigns.planning.pacing import backoff, cap_sleep, local_day, next_local_day, spaced_slot
from tests.planning.worlds import moments, utc, zones

draws = st.floats(0, 1, exclude_max=True)
AT = utc("2026-03-02 12:00")


@given(st.integers(0, 3600), st.integers(0, 3600), draws)
def test_the_next_slot_lies_within_the_spacing(a: int, b: int, draw: float) -> None:
    slot = spaced_slot(AT, minimum_seconds=min(a, b), maximum_seconds=max(a, b), draw=draw)
    assert timedelta(seconds=min(a, b)) <= slot - AT <= timedelta(seconds=max(a, b))


@given(st.integers(1, 10**9), draws)
def test_backing_off_is_never_immediate_and_never_above_the_ceiling(attempt: int, draw: float) -> None:
    wait = backoff(attempt, base_seconds=60, ceiling_seconds=3600, draw=draw)
    assert timedelta(seconds=30) <= wait <= timedelta(hours=1)


@given(st.integers(1, 40), draws)
def test_a_later_attempt_waits_no_less_for_the_same_draw(attempt: int, draw: float) -> None:
    assert backoff(attempt, draw=draw) <= backoff(attempt + 1, draw=draw)


def test_the_bound_of_the_back_off_doubles() -> None:
    almost = 1 - 2**-53
    waits = [backoff(attempt, draw=almost).total_seconds() for attempt in range(1, 5)]
    assert waits == pytest.approx([60, 120, 240, 480])


@pytest.mark.parametrize(("times", "hours"), [(1, 4), (2, 24), (3, 48), (4, 168), (5, 168), (99, 168)])
def test_a_cap_met_again_puts_the_action_to_sleep_longer(times: int, hours: int) -> None:
    assert cap_sleep(times) == timedelta(hours=hours)


@given(moments, zones)
@example(utc("2026-03-08 04:59"), "America/Havana")
@example(utc("2011-12-30 09:00"), "Pacific/Apia")
@example(utc("2010-11-07 02:45"), "America/St_Johns")
def test_the_next_day_is_after_now_and_the_first_moment_of_its_date(at: datetime, zone: str) -> None:
    tomorrow = next_local_day(at, zone)
    assert tomorrow > at
    assert local_day(tomorrow, zone) > local_day(at, zone)
    assert local_day(tomorrow - timedelta(microseconds=1), zone) < local_day(tomorrow, zone)


@pytest.mark.parametrize(
    ("zone", "at", "expected"),
    [
        ("Europe/London", "2026-03-28 12:00", "2026-03-29 00:00"),
        ("Europe/London", "2026-03-29 12:00", "2026-03-29 23:00"),
        ("Asia/Kathmandu", "2026-03-02 12:00", "2026-03-02 18:15"),
        ("America/Havana", "2026-03-07 12:00", "2026-03-08 05:00"),
        ("Pacific/Apia", "2011-12-29 20:00", "2011-12-30 10:00"),
    ],
)
def test_the_day_of_a_cap_ends_at_local_midnight(zone: str, at: str, expected: str) -> None:
    assert next_local_day(utc(at), zone) == utc(expected)


def test_the_day_of_a_cap_is_the_local_date() -> None:
    assert local_day(utc("2026-03-02 03:00"), "America/New_York") == date(2026, 3, 1)


@pytest.mark.parametrize(
    ("question", "complaint"),
    [
        (lambda: spaced_slot(AT, minimum_seconds=60, maximum_seconds=30, draw=0), "spacing from 60 to 30"),
        (lambda: spaced_slot(AT, minimum_seconds=-1, maximum_seconds=30, draw=0), "spacing from -1"),
        (lambda: spaced_slot(AT, minimum_seconds=1, maximum_seconds=2, draw=1.0), "below 1, not 1.0"),
        (lambda: backoff(0, draw=0), "attempts count from 1"),
        (lambda: backoff(1, base_seconds=0, draw=0), "the base is above 0"),
        (lambda: backoff(1, draw=-0.1), "at least 0"),
        (lambda: cap_sleep(0), "at least once"),
    ],
)
def test_impossible_paces_are_refused(question, complaint: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=complaint):
        question()
