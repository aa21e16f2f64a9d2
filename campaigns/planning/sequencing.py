"""What comes next for one lead in one sequence, and when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from campaigns.planning.calendar import WorkingHours
from campaigns.planning.decisions import ActionKind, Because
from campaigns.planning.delays import Delay

INVITATION_EXPIRES = timedelta(days=21)


@dataclass(frozen=True, slots=True)
class StepPlan:
    """One step, as far as its time and its order go.

    `action` is what it counts for, None for a step that needs no account. After it the walk goes on at
    `next_position`, or after a condition that does not hold at `else_position`; None is the step that follows.
    """

    step_id: str
    position: int
    action: ActionKind | None
    delay: Delay
    needs_connection: bool = False
    next_position: int | None = None
    else_position: int | None = None

    @property
    def invites(self) -> bool:
        return self.action is ActionKind.INVITATION

    def goes_to(self, *, holds: bool = True) -> int:
        """The position at which the walk goes on."""
        target = self.next_position if holds else self.else_position
        return self.position + 1 if target is None else target


@dataclass(frozen=True, slots=True)
class Walk:
    """How far one lead has come. `position` is that of the next step not yet done."""

    started_at: datetime
    position: int = 0
    last_done_at: datetime | None = None
    invited_at: datetime | None = None
    connected_at: datetime | None = None
    is_connected: bool = False
    withdrawn_at: datetime | None = None

    @property
    def is_invited(self) -> bool:
        """An invitation of ours is out."""
        return self.invited_at is not None and self.withdrawn_at is None and not self.has_connection

    @property
    def has_connection(self) -> bool:
        return self.is_connected or self.connected_at is not None


@dataclass(frozen=True, slots=True)
class Skipped:
    step_id: str
    position: int
    because: Because
    goes_to: int


@dataclass(frozen=True, slots=True)
class Appointment:
    """The next step. `because` says why it is later than its delay alone would have it, if it is."""

    step_id: str
    position: int
    action: ActionKind | None
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

    While an invitation is out, nothing is due that needs the connection, nor another invitation (a provider
    refuses a second one), nor the end of the sequence: the acceptance must still be noticed. Other steps go on.
    """
    _check_order(steps)
    skipped = _needless(steps, walk)
    position = skipped[-1].goes_to if skipped else walk.position
    step = step_at(steps, position)
    if walk.invited_at is not None and walk.is_invited and (step is None or step.needs_connection or step.invites):
        return AwaitAcceptance(due_at=walk.invited_at + invitation_expires)
    if step is None:
        return Done(skipped=skipped)
    return _appointment(step, begins_at(step, walk), hours, skipped)


def step_at(steps: Sequence[StepPlan], position: int) -> StepPlan | None:
    """The step at this position or the first one after it; None past the end."""
    return next((step for step in steps if step.position >= position), None)


def _check_order(steps: Sequence[StepPlan]) -> None:
    for before, after in pairwise(steps):
        if before.position >= after.position:
            raise ValueError(f"steps are out of order: position {after.position} follows {before.position}")
    for step in steps:
        if step.goes_to() <= step.position or step.goes_to(holds=False) <= step.position:
            raise ValueError(f"step {step.position} goes back: a walk goes forward only")


def _needless(steps: Sequence[StepPlan], walk: Walk) -> tuple[Skipped, ...]:
    """The connection requests that come next although there is a connection."""
    needless: list[Skipped] = []
    step = step_at(steps, walk.position)
    while step is not None and step.invites and walk.has_connection:
        needless.append(Skipped(step.step_id, step.position, Because.ALREADY_CONNECTED, step.goes_to()))
        step = step_at(steps, step.goes_to())
    return tuple(needless)


def begins_at(step: StepPlan, walk: Walk) -> datetime:
    """When the step's delay begins: with what was done before it, or with the acceptance that it waited for."""
    done_at = walk.last_done_at or walk.started_at
    waited = step.needs_connection and walk.last_done_at is not None and walk.last_done_at == walk.invited_at
    return max(done_at, walk.connected_at) if waited and walk.connected_at else done_at


def _appointment(step: StepPlan, begins: datetime, hours: WorkingHours, skipped: tuple[Skipped, ...]) -> Appointment:
    """Steps that need no account are due at any hour: nobody outside sees them."""
    ends_at = step.delay.after(begins, hours)
    due_at = hours.next_open(ends_at) if step.action is not None else ends_at
    return Appointment(
        step_id=step.step_id,
        position=step.position,
        action=step.action,
        due_at=due_at,
        because=Because.OUTSIDE_HOURS if due_at > ends_at else None,
        skipped=skipped,
    )
