"""Steps that need no account: conditions, tags, tasks. Each is carried out in the transaction that moves the walk.

There is no call that could be in doubt, so a crash leaves such a step either done, with its record, or untouched.
"""

from collections.abc import Iterator
from datetime import datetime

from django.db import transaction

from campaigns.actions.contract import STRANGE, Blocked, InternalStep, NotYet, Over, Passed, Place, Result
from campaigns.actions.registry import kind_of
from campaigns.calendars import hours_for
from campaigns.engine.walking import (
    APPOINTMENT,
    advance,
    clear_appointment,
    complete,
    hold,
    is_connected,
    leave,
    pass_by,
    plan,
    snooze,
    step_plan,
    steps_of,
    subject_of,
    unforeseen,
    walk_of,
)
from campaigns.models import Campaign, Enrollment, Step, StepExecution
from campaigns.planning.calendar import WorkingHours
from campaigns.planning.decisions import Because, Reason
from campaigns.planning.sequencing import begins_at
from campaigns.stopping import engine_is_on
from campaigns.wording import word
from outreach.events.kinds import EventKind
from outreach.events.recording import Actor, record
from outreach.milestones import passing

BATCH = 50


def carry_out_internal_steps(*, at: datetime, limit: int = BATCH) -> int:
    """Carry out what is due, up to `limit` steps. Returns how many were looked at."""
    if not engine_is_on():
        return 0
    done = 0
    while done < limit and _carry_out_next(at):
        done += 1
    return done


def _carry_out_next(at: datetime) -> bool:
    """The oldest due step of a running campaign, in a transaction of its own."""
    with transaction.atomic():
        due = Enrollment.objects.internal_steps_due(at).filter(campaign__in=Campaign.objects.running())
        rows = due.select_related("lead", "client", "campaign", "account__sender")
        enrollment = rows.select_for_update(skip_locked=True, of=("self",)).first()
        if enrollment is None:
            return False
        try:
            with transaction.atomic():
                _carry_out(enrollment, at)
        except STRANGE as problem:  # one lead whose data make no sense must not keep all others from moving
            broken = rows.get(pk=enrollment.pk)
            hold(broken, unforeseen(problem), step=None, at=at, actor=Actor.ENGINE)
        passing("inside_internal")
    return True


def _carry_out(enrollment: Enrollment, at: datetime) -> None:
    hours, steps = hours_for(enrollment.campaign, enrollment.lead), steps_of(enrollment)
    step = next((each for each in steps if each.position >= enrollment.position), None)
    kind = kind_of(step.kind) if step else None
    if step is None or not isinstance(kind, InternalStep):
        # The appointment is older than a change of the sequence: plan afresh.
        plan(enrollment, steps=steps, hours=hours, at=at, actor=Actor.ENGINE)
        return
    if enrollment.resting_until and enrollment.resting_until > at:
        # The lead is away: nothing is asked or done meanwhile, as nothing is sent.
        snooze(enrollment, until=enrollment.resting_until, because=Because.OUT_OF_OFFICE)
        return
    if not kind.branches and _was_done_by_another_version(enrollment, step):
        pass_by(enrollment, step, hours=hours, at=at, actor=Actor.ENGINE)
        return
    wording = word(step, enrollment=enrollment, limit=kind.text_limit(None))
    if objection := next(objections(wording.missing, wording.problem), None):
        hold(enrollment, objection, step=step, at=at, actor=Actor.ENGINE)
        return
    due_at = _due_at(enrollment, step, hours)
    place = Place(enrollment, step, enrollment.campaign, hours, wording, due_at=due_at, at=at)
    _follow(place, kind.carry_out(place), steps)


def _was_done_by_another_version(enrollment: Enrollment, step: Step) -> bool:
    """A call or a task is done for a lead once, wherever a later version of the sequence puts it."""
    earlier = enrollment.executions.filter(step__origin=step.origin, outcome=StepExecution.Outcome.DONE)
    return earlier.exclude(step=step).exists()


def objections(missing: tuple[str, ...], problem: str) -> Iterator[Reason]:
    if problem:
        yield Reason(Because.TEXT_UNFIT, detail=problem)
    if missing:
        yield Reason(Because.MISSING_VALUE, detail=", ".join(missing))


def _due_at(enrollment: Enrollment, step: Step, hours: WorkingHours) -> datetime:
    """When the step's delay was over, however late it is carried out: deadlines count from here."""
    planned = step_plan(step)
    walk = walk_of(enrollment, is_connected=is_connected(enrollment))
    return planned.delay.after(begins_at(planned, walk), hours)


def _follow(place: Place, result: Result, steps: list[Step]) -> None:
    """What the step's result means for the walk."""
    enrollment, at = place.enrollment, place.at
    match result:
        case Passed(holds=holds, detail=detail):
            finish_internal(
                place.enrollment,
                place.step,
                holds=holds,
                detail=detail,
                text=place.wording.text,
                variant=place.wording.variant,
                at=at,
            )
            plan(enrollment, steps=steps, hours=place.hours, at=at, actor=Actor.ENGINE)
        case NotYet(because=because, until=until):
            _put_off(enrollment, until, because)
        case Blocked(reason=reason):
            hold(enrollment, reason, step=place.step, at=at, actor=Actor.ENGINE)
        case Over(exit_reason=reason, detail=detail):
            finish_internal(place.enrollment, place.step, holds=True, detail=detail, text="", at=at)
            if reason is None:
                complete(enrollment, at=at, actor=Actor.ENGINE)
            else:
                leave(enrollment, reason, at=at, actor=Actor.ENGINE, detail=detail)


def _put_off(enrollment: Enrollment, until: datetime | None, because: Because) -> None:
    """Until that moment, or without an appointment until something else moves the walk on."""
    if until is not None:
        snooze(enrollment, until=until, because=because)
        return
    clear_appointment(enrollment)
    enrollment.waiting_because = because
    enrollment.save(update_fields=[*APPOINTMENT])


def finish_internal(
    enrollment: Enrollment,
    step: Step,
    *,
    holds: bool,
    detail: str,
    text: str,
    at: datetime,
    actor: str = Actor.ENGINE,
    variant: str = "",
) -> None:
    """Write that the step is done, and put it behind the lead. The caller plans what comes next."""
    StepExecution.objects.create(
        client_id=enrollment.client_id,
        enrollment=enrollment,
        step=step,
        attempt=enrollment.executions.filter(step=step).count() + 1,
        outcome=StepExecution.Outcome.DONE,
        variant=variant,
        text=text,
        detail=detail[:500],
        reserved_at=at,
        settled_at=at,
    )
    advance(enrollment, step, done_at=at, holds=holds)
    record(
        EventKind.STEP_DONE,
        at=at,
        actor=actor,
        subject=subject_of(enrollment),
        step=step.position,
        step_kind=step.kind,
        detail=detail,
    )
