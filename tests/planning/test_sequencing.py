"""What comes next, from the first step to the last."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.planning.calendar import WorkingHours
from campaigns.planning.decisions import ActionKind, Because
from campaigns.planning.delays import Delay, DelayUnit
from campaigns.planning.sequencing import (
    Appointment,
    AwaitAcceptance,
    Done,
    NextThing,
    Skipped,
    StepPlan,
    Walk,
    next_appointment,
)
from tests.planning.worlds import delays, moments, office, utc, working_hours

INVITE = StepPlan("invite", 0, ActionKind.INVITATION, Delay(0, DelayUnit.MINUTES))
HELLO = StepPlan("hello", 1, ActionKind.MESSAGE, Delay(1, DelayUnit.WORKING_DAYS), needs_connection=True)
AGAIN = StepPlan("again", 2, ActionKind.MESSAGE, Delay(3, DelayUnit.DAYS), needs_connection=True)
STEPS = (INVITE, HELLO, AGAIN)
LONDON = office("Europe/London")
MONDAY = utc("2026-03-02 10:00")
WEDNESDAY = utc("2026-03-04 15:00")


def after(walk: Walk, steps: tuple[StepPlan, ...] = STEPS) -> NextThing:
    return next_appointment(steps, walk, LONDON)


def test_the_first_step_counts_from_the_start() -> None:
    assert after(Walk(started_at=MONDAY)) == Appointment("invite", 0, ActionKind.INVITATION, MONDAY)


def test_a_start_on_sunday_is_moved_to_monday_morning_and_says_so() -> None:
    started = after(Walk(started_at=utc("2026-03-01 12:00")))
    assert started == Appointment(
        "invite", 0, ActionKind.INVITATION, utc("2026-03-02 09:00"), because=Because.OUTSIDE_HOURS
    )


def test_an_invitation_that_is_out_is_awaited_until_it_expires() -> None:
    walk = Walk(started_at=MONDAY, position=1, last_done_at=MONDAY, invited_at=MONDAY)
    assert after(walk) == AwaitAcceptance(due_at=MONDAY + timedelta(days=21))


def test_the_expiry_is_not_moved_into_working_hours() -> None:
    walk = Walk(started_at=MONDAY, position=1, last_done_at=MONDAY, invited_at=MONDAY)
    awaited = next_appointment(STEPS, walk, LONDON, invitation_expires=timedelta(days=5, hours=12))
    assert awaited == AwaitAcceptance(due_at=utc("2026-03-07 22:00"))


def test_after_the_acceptance_the_delay_counts_from_it() -> None:
    walk = Walk(started_at=MONDAY, position=1, last_done_at=MONDAY, invited_at=MONDAY, connected_at=WEDNESDAY)
    assert after(walk) == Appointment("hello", 1, ActionKind.MESSAGE, utc("2026-03-05 15:00"))


def test_an_acceptance_whose_moment_is_unknown_counts_from_the_invitation() -> None:
    walk = Walk(started_at=MONDAY, position=1, last_done_at=MONDAY, invited_at=MONDAY, is_connected=True)
    assert after(walk) == Appointment("hello", 1, ActionKind.MESSAGE, utc("2026-03-03 10:00"))


def test_a_connection_from_before_does_not_bring_a_step_forward() -> None:
    years_ago = utc("2019-05-01 10:00")
    walk = Walk(started_at=MONDAY, connected_at=years_ago, is_connected=True)
    assert after(walk) == Appointment(
        "hello",
        1,
        ActionKind.MESSAGE,
        utc("2026-03-03 10:00"),
        skipped=(Skipped("invite", 0, Because.ALREADY_CONNECTED, 1),),
    )


def test_the_second_message_counts_from_the_first_not_from_the_acceptance() -> None:
    noticed_late = utc("2026-03-06 12:00")
    walk = Walk(
        started_at=MONDAY,
        position=2,
        last_done_at=WEDNESDAY,
        invited_at=MONDAY,
        connected_at=noticed_late,
    )
    assert after(walk) == Appointment(
        "again", 2, ActionKind.MESSAGE, utc("2026-03-09 09:00"), because=Because.OUTSIDE_HOURS
    )


def test_an_invitation_at_the_end_is_awaited_and_then_done() -> None:
    sent = Walk(started_at=MONDAY, position=1, last_done_at=MONDAY, invited_at=MONDAY)
    assert after(sent, (INVITE,)) == AwaitAcceptance(due_at=MONDAY + timedelta(days=21))
    accepted = Walk(started_at=MONDAY, position=1, last_done_at=MONDAY, invited_at=MONDAY, connected_at=WEDNESDAY)
    assert after(accepted, (INVITE,)) == Done()


def test_a_second_invitation_waits_for_the_first() -> None:
    once_more = StepPlan("once more", 1, ActionKind.INVITATION, Delay(1, DelayUnit.DAYS))
    walk = Walk(started_at=MONDAY, position=1, last_done_at=MONDAY, invited_at=MONDAY)
    assert isinstance(after(walk, (INVITE, once_more)), AwaitAcceptance)


def test_an_invitation_to_somebody_connected_is_the_whole_sequence_skipped() -> None:
    walk = Walk(started_at=MONDAY, is_connected=True)
    assert after(walk, (INVITE,)) == Done(skipped=(Skipped("invite", 0, Because.ALREADY_CONNECTED, 1),))


def test_a_message_without_connection_and_invitation_still_has_its_appointment() -> None:
    alone = StepPlan("hello", 0, ActionKind.MESSAGE, Delay(0, DelayUnit.DAYS), needs_connection=True)
    assert after(Walk(started_at=MONDAY), (alone,)) == Appointment("hello", 0, ActionKind.MESSAGE, MONDAY)


def test_no_steps_are_done_at_once() -> None:
    assert after(Walk(started_at=MONDAY), ()) == Done()


def test_steps_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="position 0 follows 1"):
        after(Walk(started_at=MONDAY), (HELLO, INVITE))


@st.composite
def sequences(draw: st.DrawFn) -> tuple[StepPlan, ...]:
    positions = sorted(draw(st.sets(st.integers(0, 12), max_size=6)))
    return tuple(draw(steps_at(position)) for position in positions)


@st.composite
def steps_at(draw: st.DrawFn, position: int) -> StepPlan:
    """A step of any sort; some jump forward."""
    action = draw(st.sampled_from((ActionKind.INVITATION, ActionKind.MESSAGE, ActionKind.PROFILE_VIEW, None)))
    jump = draw(st.none() | st.none() | st.integers(position + 1, 14))
    needs = action is ActionKind.MESSAGE
    return StepPlan(f"step {position}", position, action, draw(delays), needs_connection=needs, next_position=jump)


def walk_through(
    steps: tuple[StepPlan, ...], walk: Walk, hours: WorkingHours, accepted_after: timedelta
) -> list[NextThing]:
    """Do at once whatever is due, and accept each invitation: all that comes next, to the end."""
    things: list[NextThing] = []
    for _ in range(2 * len(steps) + 1):
        things.append(thing := next_appointment(steps, walk, hours))
        match thing:
            case Done():
                return things
            case AwaitAcceptance(due_at):
                assert walk.invited_at is not None
                assert due_at == walk.invited_at + timedelta(days=21)
                walk = Walk(
                    walk.started_at,
                    walk.position,
                    walk.last_done_at,
                    walk.invited_at,
                    connected_at=walk.invited_at + accepted_after,
                )
            case Appointment(_, position, action, due_at):
                invited = due_at if action is ActionKind.INVITATION else walk.invited_at
                onward = next(step.goes_to() for step in steps if step.position == position)
                walk = Walk(walk.started_at, onward, due_at, invited, walk.connected_at, walk.is_connected)
    raise AssertionError(f"no end after {len(things)} appointments")


@given(sequences(), moments, st.booleans(), working_hours(), st.timedeltas(timedelta(0), timedelta(days=20)))
def test_walking_through_visits_every_step_of_its_way_once_and_in_order(
    steps: tuple[StepPlan, ...],
    started_at: datetime,
    is_connected: bool,
    hours: WorkingHours,
    accepted_after: timedelta,
) -> None:
    things = walk_through(steps, Walk(started_at, is_connected=is_connected), hours, accepted_after)
    visited = [
        position
        for thing in things
        if not isinstance(thing, AwaitAcceptance)
        for position in (
            *(skipped.position for skipped in thing.skipped),
            *((thing.position,) if isinstance(thing, Appointment) else ()),
        )
    ]
    assert visited == list(way_through(steps))


def way_through(steps: tuple[StepPlan, ...]) -> Iterator[int]:
    """The positions that are visited when every step goes on as it says."""
    position = 0
    for step in steps:
        if step.position >= position:
            yield step.position
            position = step.goes_to()


@given(sequences(), moments, st.booleans(), working_hours(), st.timedeltas(timedelta(0), timedelta(days=20)))
def test_appointments_are_in_working_hours_and_never_go_back(
    steps: tuple[StepPlan, ...],
    started_at: datetime,
    is_connected: bool,
    hours: WorkingHours,
    accepted_after: timedelta,
) -> None:
    things = walk_through(steps, Walk(started_at, is_connected=is_connected), hours, accepted_after)
    appointments = [thing for thing in things if isinstance(thing, Appointment)]
    due = [thing.due_at for thing in appointments]
    assert all(hours.is_open(thing.due_at) for thing in appointments if thing.action is not None)
    assert due == sorted(due)
    assert all(moment >= started_at for moment in due)
