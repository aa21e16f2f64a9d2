"""An enrollment's moves: the next appointment, holding, snoozing, leaving. Each is one function and one event.

Every function changes the row it is given, which the caller has locked, and writes it.
"""

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import F

from campaigns.actions.contract import AccountStep
from campaigns.actions.registry import kind_of
from campaigns.calendars import hours_for
from campaigns.models import Campaign, Enrollment, ManualTask, Step
from campaigns.planning.calendar import WorkingHours
from campaigns.planning.decisions import ActionKind, Because, Reason
from campaigns.planning.delays import Delay, DelayUnit
from campaigns.planning.sequencing import (
    INVITATION_EXPIRES,
    Appointment,
    AwaitAcceptance,
    Done,
    NextThing,
    Skipped,
    StepPlan,
    Walk,
    next_appointment,
)
from campaigns.querysets import EnrollmentQuerySet
from integrations.models import Account
from integrations.unipile.reading import storable
from leads.models import Connection
from outreach.events.kinds import EventKind
from outreach.events.recording import Subject, record

log = logging.getLogger(__name__)
State, Stage, ExitReason = Enrollment.State, Enrollment.Stage, Enrollment.ExitReason
APPOINTMENT = ("next_account", "next_action", "next_action_at", "priority", "waiting_because")
ADVANCED = ("position", "last_done_at", "attempts")
HOLD = ("held_because", "held_detail", "held_at")


def advance(enrollment: Enrollment, step: Step, *, done_at: datetime, holds: bool = True) -> None:
    """The step is behind the lead; a condition that does not hold leads the other way."""
    set_advanced(enrollment, step, done_at=done_at, holds=holds)
    enrollment.save(update_fields=[*ADVANCED])


def set_advanced(enrollment: Enrollment, step: Step, *, done_at: datetime, holds: bool = True) -> None:
    """The caller saves `ADVANCED`."""
    enrollment.position = step_plan(step).goes_to(holds=holds)
    enrollment.last_done_at = done_at
    enrollment.attempts = 0


def pass_by(enrollment: Enrollment, step: Step, *, hours: WorkingHours, at: datetime, actor: str) -> None:
    """The lead had this step already, under an earlier version of the sequence: go on with the next."""
    record(
        EventKind.STEP_SKIPPED,
        at=at,
        actor=actor,
        subject=subject_of(enrollment),
        step=step.position,
        because="already_done",
        detail="done under an earlier version",
    )
    advance(enrollment, step, done_at=enrollment.last_done_at or at)
    plan(enrollment, steps=steps_of(enrollment), hours=hours, at=at, actor=actor)


def subject_of(enrollment: Enrollment) -> Subject:
    """Whom an event about this enrollment speaks of."""
    return Subject(
        client_id=enrollment.client_id,
        lead_id=enrollment.lead_id,
        campaign_id=enrollment.campaign_id,
        enrollment_id=enrollment.pk,
        account_id=enrollment.account_id,
    )


def step_plan(step: Step) -> StepPlan:
    kind = kind_of(step.kind)
    action = ActionKind(kind.action.value) if isinstance(kind, AccountStep) else None
    return StepPlan(
        step_id=str(step.pk),
        position=step.position,
        action=action,
        delay=Delay(step.delay_amount, DelayUnit(step.delay_unit)),
        needs_connection=isinstance(kind, AccountStep) and kind.needs_connection,
        next_position=step.next_position,
        else_position=step.else_position,
    )


def walk_of(enrollment: Enrollment, *, is_connected: bool) -> Walk:
    return Walk(
        started_at=enrollment.started_at or enrollment.enrolled_at,
        position=enrollment.position,
        last_done_at=enrollment.last_done_at,
        invited_at=enrollment.invited_at,
        connected_at=enrollment.connected_at,
        is_connected=is_connected,
        withdrawn_at=enrollment.withdrawn_at,
    )


def is_connected(enrollment: Enrollment) -> bool:
    """Whether the lead and the account that works for it are known to be connected."""
    return bool(connected_walks([enrollment]))


def connected_walks(walks: Iterable[Enrollment]) -> frozenset[UUID]:
    """The keys of those whose lead and account are known to be connected; one query for all."""
    walks = list(walks)
    unsure = {walk.lead_id for walk in walks if walk.connected_at is None}
    rows = Connection.objects.filter(lead__in=unsure).order_by().values_list("account_id", "lead_id")
    pairs = frozenset(rows) if unsure else frozenset()
    return frozenset(
        walk.pk for walk in walks if walk.connected_at is not None or (walk.account_id, walk.lead_id) in pairs
    )


def plan(enrollment: Enrollment, *, steps: list[Step], hours: WorkingHours, at: datetime, actor: str) -> None:
    """Give the enrollment its next appointment, or end the walk. Steps that need no doing are skipped with a record."""
    planned = next_thing(enrollment, steps=steps, hours=hours, is_connected=is_connected(enrollment))
    if not isinstance(planned, AwaitAcceptance):
        _pass_over(enrollment, planned.skipped, at, actor)
    if isinstance(planned, Done):
        complete(enrollment, at=at, actor=actor)
        return
    set_appointment(enrollment, planned)
    enrollment.save(update_fields=[*APPOINTMENT, "position"])
    if enrollment.next_account_id:
        Account.objects.filter(pk=enrollment.account_id).ring(planned.due_at)


def next_thing(enrollment: Enrollment, *, steps: list[Step], hours: WorkingHours, is_connected: bool) -> NextThing:
    """What planning says comes next for this walk as it is."""
    walk = walk_of(enrollment, is_connected=is_connected)
    expires = _patience(enrollment) if walk.is_invited else INVITATION_EXPIRES
    return next_appointment([step_plan(step) for step in steps], walk, hours, invitation_expires=expires)


def _patience(enrollment: Enrollment) -> timedelta:
    """An acceptance is awaited as long as the campaign leaves the invitation standing."""
    return timedelta(days=enrollment.campaign.withdraw_after_days)


def next_action(action: ActionKind | None) -> Enrollment.NextAction:
    return Enrollment.NextAction.INTERNAL if action is None else Enrollment.NextAction(action.value)


def set_appointment(enrollment: Enrollment, planned: Appointment | AwaitAcceptance) -> None:
    """The caller saves `APPOINTMENT`, and rings the account's alarm."""
    if isinstance(planned, AwaitAcceptance):
        action, because = Enrollment.NextAction.EXPIRE, Because.AWAITING_ACCEPTANCE
    else:
        action, because = next_action(planned.action), Because.NOT_DUE
    enrollment.next_account_id = None if action in Enrollment.WITHOUT_ACCOUNT else enrollment.account_id
    enrollment.next_action = action
    enrollment.next_action_at = planned.due_at
    enrollment.waiting_because = because
    is_new = action == Enrollment.NextAction.INVITATION
    enrollment.priority = Enrollment.NEW_LEAD if is_new else Enrollment.FOLLOW_UP_FIRST


def clear_appointment(enrollment: Enrollment) -> None:
    """Nobody can claim it any more. The caller saves `APPOINTMENT`."""
    enrollment.next_account = None
    enrollment.next_action = ""
    enrollment.next_action_at = None
    enrollment.waiting_because = ""


def _pass_over(enrollment: Enrollment, skipped: tuple[Skipped, ...], at: datetime, actor: str) -> None:
    """Steps that need no doing are passed, each with a record of why."""
    for step in skipped:
        enrollment.position = step.goes_to
        record(
            EventKind.STEP_SKIPPED,
            at=at,
            actor=actor,
            subject=subject_of(enrollment),
            step=step.position,
            because=step.because.value,
        )


def start(enrollment: Enrollment, *, steps: list[Step], hours: WorkingHours, at: datetime, actor: str) -> None:
    """Begin the walk of a scheduled enrollment."""
    enrollment.state = State.ACTIVE
    enrollment.started_at = at
    enrollment.save(update_fields=["state", "started_at"])
    plan(enrollment, steps=steps, hours=hours, at=at, actor=actor)


def start_alike(rows: EnrollmentQuerySet, *, steps: list[Step], hours: WorkingHours, at: datetime) -> int:
    """Begin the walks of scheduled enrollments whose leads are not connected yet: all get the same appointment."""
    first = next_appointment([step_plan(step) for step in steps], Walk(started_at=at), hours)
    if not isinstance(first, Appointment):
        raise ValueError("A sequence without steps cannot be started.")
    action = next_action(first.action)
    is_new = action == Enrollment.NextAction.INVITATION
    Account.objects.filter(pk__in=rows.order_by().values("account")).ring(first.due_at)
    return rows.update(
        state=State.ACTIVE,
        started_at=at,
        next_account=None if action in Enrollment.WITHOUT_ACCOUNT else F("account"),
        next_action=action,
        next_action_at=first.due_at,
        priority=Enrollment.NEW_LEAD if is_new else Enrollment.FOLLOW_UP_FIRST,
        waiting_because=Because.NOT_DUE,
    )


def snooze(enrollment: Enrollment, *, until: datetime, because: Because) -> None:
    """Come back later. Not an attempt, and no event: the gate explains it whenever it is asked."""
    enrollment.next_action_at = until
    enrollment.waiting_because = because
    enrollment.save(update_fields=["next_action_at", "waiting_because"])


def hold(enrollment: Enrollment, reason: Reason, *, step: Step | None, at: datetime, actor: str) -> None:
    """Block the lead, with the reason, until somebody mends the cause."""
    clear_appointment(enrollment)
    enrollment.held_because, enrollment.held_detail = reason.because, reason.detail[:300]
    enrollment.held_at = at
    enrollment.save(update_fields=[*APPOINTMENT, *HOLD])
    record(
        EventKind.STEP_HELD,
        at=at,
        actor=actor,
        subject=subject_of(enrollment),
        step=step.position if step else enrollment.position,
        because=reason.because.value,
        detail=reason.detail,
    )


def unforeseen(problem: Exception) -> Reason:
    """What to hold a lead with whose step ran into something that nobody has thought of."""
    log.exception("A step ran into something unforeseen")
    return Reason(Because.BROKEN, detail=storable(f"{type(problem).__name__}: {problem}"))


def release(enrollment: Enrollment, *, steps: list[Step], hours: WorkingHours, at: datetime, actor: str) -> None:
    """Take up a held lead again: the gate looks at it anew."""
    because = enrollment.held_because
    enrollment.held_because, enrollment.held_detail, enrollment.held_at = "", "", None
    enrollment.attempts = 0  # whoever gave up is given a whole new row of attempts
    enrollment.save(update_fields=[*HOLD, "attempts"])
    record(EventKind.STEP_RELEASED, at=at, actor=actor, subject=subject_of(enrollment), because=because)
    plan(enrollment, steps=steps, hours=hours, at=at, actor=actor)


def leave(
    enrollment: Enrollment,
    reason: Enrollment.ExitReason,
    *,
    at: datetime,
    actor: str,
    detail: str = "",
    state: Enrollment.State = State.EXITED,
    message: str = "",
) -> None:
    """End the walk early."""
    clear_appointment(enrollment)
    enrollment.state, enrollment.ended_at = state, at
    enrollment.exit_reason, enrollment.exit_detail = reason, detail[:300]
    enrollment.held_because, enrollment.held_detail, enrollment.held_at = "", "", None
    enrollment.save(
        update_fields=[*APPOINTMENT, *HOLD, "state", "ended_at", "exit_reason", "exit_detail", "stage", "replied_at"]
    )
    _drop_tasks(enrollment, at)
    data: dict[str, Any] = {"reason": reason.value, "detail": detail} | ({"message": message} if message else {})
    record(EventKind.ENROLLMENT_EXITED, at=at, actor=actor, subject=subject_of(enrollment), **data)


def complete(enrollment: Enrollment, *, at: datetime, actor: str) -> None:
    """Every step is done. A later answer still counts."""
    clear_appointment(enrollment)
    enrollment.state, enrollment.ended_at = State.COMPLETED, at
    enrollment.save(update_fields=[*APPOINTMENT, "state", "ended_at", "position"])
    _drop_tasks(enrollment, at)
    record(EventKind.ENROLLMENT_COMPLETED, at=at, actor=actor, subject=subject_of(enrollment))


def _drop_tasks(enrollment: Enrollment, at: datetime) -> None:
    """Nobody needs to do any more what the walk was waiting for."""
    open_ones = ManualTask.objects.filter(enrollment=enrollment, state=ManualTask.State.OPEN)
    open_ones.update(state=ManualTask.State.DROPPED, closed_at=at)


def steps_of(enrollment: Enrollment) -> list[Step]:
    return steps_by_sequence([enrollment])[enrollment.sequence_id]


def steps_by_sequence(walks: Iterable[Enrollment]) -> Mapping[UUID, list[Step]]:
    """The steps of each walk's version of the sequence, in their order; one query for all."""
    found: dict[UUID, list[Step]] = {walk.sequence_id: [] for walk in walks}
    for step in Step.objects.filter(sequence__in=found).order_by("position"):
        found[step.sequence_id].append(step)
    return found


def next_step(enrollment: Enrollment, steps: Iterable[Step]) -> Step | None:
    """The step that the walk stands before; None when all are behind it."""
    return next((step for step in steps if step.position >= enrollment.position), None)


def replan(enrollment: Enrollment, *, at: datetime, actor: str) -> None:
    """Plan anew after a fact changed (an acceptance, a resumption)."""
    campaign = Campaign.objects.get(pk=enrollment.campaign_id)
    hours = hours_for(campaign, enrollment.lead)
    plan(enrollment, steps=steps_of(enrollment), hours=hours, at=at, actor=actor)
