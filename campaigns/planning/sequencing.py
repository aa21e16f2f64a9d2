"""What comes next for one lead in one sequence, and when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from campaigns.planning.calendar import WorkingHours
from campaigns.planning.decisions import ActionKind, Because
from campaigns.planning.delays import Delay

INVITATION_EXPIRES = timedelta(days=21)


class StepKind(StrEnum):
    CONNECTION_REQUEST = "connection_request"
    MESSAGE = "message"


ACTIONS = {StepKind.CONNECTION_REQUEST: ActionKind.INVITATION, StepKind.MESSAGE: ActionKind.MESSAGE}


@dataclass(frozen=True, slots=True)
class StepPlan:
    step_id: str
    position: int
    kind: StepKind
    delay: Delay


@dataclass(frozen=True, slots=True)
class Walk:
    """How far one lead has come. `position` is that of the next step not yet done."""

    started_at: datetime
    position: int = 0
    last_done_at: datetime | None = None
    invited_at: datetime | None = None
    connected_at: datetime | None = None
    is_connected: bool = False

    @property
    def has_connection(self) -> bool:
        return self.is_connected or self.connected_at is not None


@dataclass(frozen=True, slots=True)
class Skipped:
    step_id: str
    position: int
    because: Because


@dataclass(frozen=True, slots=True)
class Appointment:
    """The next step. `because` says why it is later than its delay alone would have it, if it is."""

    step_id: str
    position: int
    action: ActionKind
    due_at: datetime
    because: Because | None = None
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True, slots=True)
class AwaitAcceptance:
    """The invitation is out. `due_at` is when it expires; an acceptance replaces this appointment."""

    due_at: datetime


@dataclass(frozen=True, slots=True)
class Done:
    """Every step is done or skipped."""

    skipped: tuple[Skipped, ...] = ()


NextThing = Appointment | AwaitAcceptance | Done


def next_appointment(
    steps: Sequence[StepPlan],
    walk: Walk,
    hours: WorkingHours,
    *,
    invitation_expires: timedelta = INVITATION_EXPIRES,
) -> NextThing:
    """The next thing to happen, if nobody answers. Raises ValueError when the steps are out of order.

    While an invitation is out and not accepted nothing else is due, not even another invitation (a provider
    refuses a second one), and not even at the end of the sequence: its acceptance must still be noticed.
    """
    _check_order(steps)
    if walk.invited_at is not None and not walk.has_connection:
        return AwaitAcceptance(due_at=walk.invited_at + invitation_expires)
    skipped = _needless(steps, walk)
    position = skipped[-1].position + 1 if skipped else walk.position
    step = next((step for step in steps if step.position >= position), None)
    if step is None:
        return Done(skipped=skipped)
    return _appointment(step, _begins_at(steps, step, walk), hours, skipped)


def _check_order(steps: Sequence[StepPlan]) -> None:
    for before, after in pairwise(steps):
        if before.position >= after.position:
            raise ValueError(f"steps are out of order: position {after.position} follows {before.position}")


def _needless(steps: Sequence[StepPlan], walk: Walk) -> tuple[Skipped, ...]:
    """The connection requests that come next although there is a connection."""
    needless: list[Skipped] = []
    for step in steps:
        if step.position < walk.position:
            continue
        if not walk.has_connection or step.kind is not StepKind.CONNECTION_REQUEST:
            break
        needless.append(Skipped(step.step_id, step.position, Because.ALREADY_CONNECTED))
    return tuple(needless)


def _begins_at(steps: Sequence[StepPlan], step: StepPlan, walk: Walk) -> datetime:
    """When the step's delay begins: with the step before it, or after an invitation with its acceptance."""
    done_at = walk.last_done_at or walk.started_at
    before = next((earlier for earlier in reversed(steps) if earlier.position < step.position), None)
    if before is None or before.kind is not StepKind.CONNECTION_REQUEST or walk.connected_at is None:
        return done_at
    return max(done_at, walk.connected_at)


def _appointment(step: StepPlan, begins_at: datetime, hours: WorkingHours, skipped: tuple[Skipped, ...]) -> Appointment:
    ends_at = step.delay.after(begins_at, hours)
    due_at = hours.next_open(ends_at)
    return Appointment(
        step_id=step.step_id,
        position=step.position,
        action=ACTIONS[step.kind],
        due_at=due_at,
        because=Because.OUTSIDE_HOURS if due_at > ends_at else None,
        skipped=skipped,
    )
