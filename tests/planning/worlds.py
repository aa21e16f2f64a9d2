"""What the planning tests draw from: moments, working hours, facts. All readable, all valid."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from hypothesis import strategies as st

from campaigns.planning.calendar import Interval, WorkingHours
from campaigns.planning.decisions import ActionKind, Because, Reason
from campaigns.planning.delays import Delay, DelayUnit
from campaigns.planning.gate import AccountStatus, EnrollmentState, Facts

ZONES = (
    "UTC",
    "Europe/London",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "Africa/Casablanca",
    "America/Havana",
    "America/Asuncion",
    "America/St_Johns",
)
WORKDAYS = frozenset(range(5))


def utc(text: str) -> datetime:
    """utc("2026-03-02 09:00")"""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def office(zone: str = "UTC", **changes: Any) -> WorkingHours:
    """Monday to Friday, nine to five."""
    given: dict[str, Any] = {"zone": zone, "weekdays": WORKDAYS, "opens": time(9), "closes": time(17)}
    return WorkingHours.simple(**(given | changes))


moments = st.datetimes(min_value=datetime(2006, 1, 1), max_value=datetime(2036, 1, 1), timezones=st.just(UTC))
dates = st.dates(min_value=date(2006, 1, 1), max_value=date(2036, 1, 1))
zones = st.sampled_from(ZONES)


@st.composite
def days_of_intervals(draw: st.DrawFn) -> tuple[Interval, ...]:
    """Up to three intervals, on quarters of an hour so that they meet clock changes often."""
    count = draw(st.integers(0, 3))
    quarters = sorted(draw(st.sets(st.integers(0, 96), min_size=2 * count, max_size=2 * count)))
    marks = [time(quarter // 4 % 24, quarter % 4 * 15) for quarter in quarters]
    return tuple(zip(marks[::2], marks[1::2], strict=True))


@st.composite
def working_hours(draw: st.DrawFn) -> WorkingHours:
    week = draw(st.lists(days_of_intervals(), min_size=7, max_size=7).filter(any))
    closed = draw(st.frozensets(dates, max_size=5))
    return WorkingHours(zone=draw(zones), intervals=tuple(week), closed_dates=closed)


delays = st.builds(Delay, amount=st.integers(0, 30), unit=st.sampled_from(DelayUnit))


def ready(**changes: Any) -> Facts:
    """Facts with nothing against a message at Monday noon, changed where the test says so."""
    facts = Facts(
        action=ActionKind.MESSAGE,
        hours=office(),
        engine_on=True,
        client_active=True,
        campaign_active=True,
        enrollment_state=EnrollmentState.ACTIVE,
        has_identifier=True,
        is_connected=True,
        account_exists=True,
        account_status=AccountStatus.OK,
        account_paused=False,
        needs_fresh_inbound=True,
        inbound_read_at=utc("2026-03-02 11:55"),
        inbound_max_age=timedelta(minutes=15),
        cap=20,
        used=3,
        day_zone="UTC",
    )
    return replace(facts, **changes)


MONDAY_NOON = utc("2026-03-02 12:00")


@st.composite
def facts_at(draw: st.DrawFn) -> tuple[Facts, datetime]:
    """Any facts and a moment. Most switches lean towards sending, so that sends are drawn often."""
    at = draw(moments)
    mostly = st.sampled_from((True,) * 9 + (False,))
    maybe = st.none() | st.none() | st.none() | st.timedeltas(-timedelta(days=3), timedelta(days=3))

    def near() -> datetime | None:
        distance = draw(maybe)
        return None if distance is None else at + distance

    hold = st.builds(Reason, st.sampled_from(Because), st.none() | moments)
    facts = Facts(
        action=draw(st.sampled_from(ActionKind)),
        hours=draw(working_hours()),
        engine_on=draw(mostly),
        client_active=draw(mostly),
        campaign_active=draw(mostly),
        enrollment_state=draw(st.sampled_from((EnrollmentState.ACTIVE,) * 6 + tuple(EnrollmentState))),
        hold=draw(st.none() | st.none() | st.none() | hold),
        due_at=near(),
        suppressed_by=draw(st.sampled_from(("", "", "", "", "acme.com"))),
        replied_at=near(),
        contact_after_reply=draw(st.booleans()),
        has_identifier=draw(mostly),
        is_connected=draw(st.sampled_from((True, False, None))),
        acceptance_expires_at=near(),
        missing_values=draw(st.sampled_from(((), (), (), ("company", "title")))),
        account_exists=draw(mostly),
        account_status=draw(st.sampled_from((AccountStatus.OK,) * 6 + tuple(AccountStatus))),
        account_paused=not draw(mostly),
        provider_open_at=near(),
        needs_fresh_inbound=draw(st.booleans()),
        inbound_read_at=near(),
        inbound_max_age=timedelta(minutes=15),
        action_asleep_until=near(),
        cap=draw(st.integers(0, 30)),
        used=draw(st.integers(0, 30)),
        day_zone=draw(zones),
        next_slot_at=near(),
    )
    return facts, at
