"""Record: what came of a step, for the dispatch, the account, the enrollment, the inbox and the log.

Every function runs in the caller's transaction. The enrollment is read afresh under its lock: while the call was
in the air the lead may have answered, been paused, or connected.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from campaigns.actions.contract import AccountStep, Findings, Job
from campaigns.actions.registry import action_for
from campaigns.calendars import hours_for
from campaigns.engine.beginning import unbegin
from campaigns.engine.telling_apart import let_others_try, told_apart
from campaigns.engine.walking import (
    ADVANCED,
    APPOINTMENT,
    connected_walks,
    hold,
    leave,
    next_thing,
    plan,
    replan,
    set_advanced,
    set_appointment,
    steps_by_sequence,
    subject_of,
)
from campaigns.models import Enrollment, Step, StepExecution
from campaigns.planning.decisions import Because, Reason
from campaigns.planning.pacing import backoff, cap_sleep
from campaigns.planning.sequencing import Appointment, AwaitAcceptance
from inbox.ingesting import record_sent
from inbox.models import Message
from integrations import breaker
from integrations.account_care import change_status
from integrations.batches import forget_all_refusals, settle_all
from integrations.dispatching import (
    Outcome,
    free_slot,
    put_to_sleep,
    refusals_in_a_row,
    release_slot,
    settle,
    throttled_in_a_row,
)
from integrations.errors import OURS, ProviderError, Verdict
from integrations.models import Account, Action, Dispatch
from integrations.provider_events import PersonRef, RelationMade
from integrations.receiving import hand_on
from outreach import chance
from outreach.events.kinds import EventKind
from outreach.events.recording import Actor, Happening, Subject, record, record_all
from outreach.setwise import update_each

State, Stage, ExitReason = Enrollment.State, Enrollment.Stage, Enrollment.ExitReason
Executed = StepExecution.Outcome
DONE = ("invited_at", "withdrawn_at", "stage", "last_sent_at")
APPOINTMENT_COLUMNS = tuple("next_account_id" if name == "next_account" else name for name in APPOINTMENT)
# A step that was refused for passing reasons this often is put before an operator.
MOST_ATTEMPTS = 12
THROTTLE_BASE = 120  # seconds
# Our own key is refused: nothing works until somebody mends it, so look again only now and then.
KEY_REST = timedelta(minutes=15)

EXITS: dict[Verdict, tuple[Enrollment.ExitReason, Enrollment.State]] = {
    Verdict.LEAD_IMPOSSIBLE: (ExitReason.LEAD_IMPOSSIBLE, State.FAILED),
    Verdict.NOT_CONNECTED: (ExitReason.NOT_CONNECTED, State.EXITED),
    Verdict.COOLING_DOWN: (ExitReason.COOLING_DOWN, State.EXITED),
}
HOLDS: dict[Verdict, Because] = {
    Verdict.TEXT_REFUSED: Because.TEXT_REFUSED,
    Verdict.FEATURE_MISSING: Because.FEATURE_MISSING,
    Verdict.INVALID: Because.TEXT_REFUSED,
}


def record_outcome(job: Job, outcome: Outcome, *, at: datetime, settled_by: str = "") -> None:
    """The provider answered: sent, or done already."""
    if outcome.state == Dispatch.State.SENT:
        record_sent_together({job: outcome}, at=at, settled_by=settled_by)
        return
    if not settle(job.dispatch, outcome, at=at):
        return  # Recovery was faster; what it wrote stands.
    free_slot(job.dispatch, at)
    breaker.note_success()
    _was_done(job, at=at, detail=outcome.detail)


def record_sent_together(sent: Mapping[Job, Outcome], *, at: datetime, settled_by: str = "") -> None:
    """These steps are done: their walks move on, the inbox has the messages, the log has the events.

    As many statements for ten as for one, but for what goes into the inbox. What recovery has settled meanwhile is
    left as it wrote it.
    """
    settled, turned = settle_all({job.dispatch: outcome for job, outcome in sent.items()}, at=at)
    jobs = [job for job in sent if job.dispatch.pk in settled]
    if not jobs:
        return
    breaker.note_success()
    forget_all_refusals([job.dispatch for job in jobs])
    rows = Enrollment.objects.filter(pk__in=[job.enrollment.pk for job in jobs]).order_by("pk")
    walks = {walk.pk: walk for walk in rows.select_for_update(of=("self",)).select_related("lead", "campaign")}
    executions = StepExecution.objects.filter(pk__in=[job.execution.pk for job in jobs])
    executions.update(outcome=Executed.SENT, settled_at=at, because="", detail="")
    record_all([_sent(job, walks[job.enrollment.pk], at=at, settled_by=settled_by) for job in jobs])
    _move_on({job: walks[job.enrollment.pk] for job in jobs}, turned, at=at)


def _sent(job: Job, walk: Enrollment, *, at: datetime, settled_by: str) -> Happening:
    kind = action_for(job.step.kind)
    message = record_sent(job.dispatch, lead=walk.lead, at=at) if kind.writes else None
    data = _told_of(job, kind, message) | ({"settled_by": settled_by} if settled_by else {})
    return Happening(kind.done_event, at, Actor.ENGINE, subject_of(walk), data)


def _move_on(walks: Mapping[Job, Enrollment], turned: Collection[UUID], *, at: datetime) -> None:
    """The steps are behind these walks; what comes next is written with that, where it is a plain appointment.

    `turned` are the accounts whose alarm rings at the end of their pause anyway.
    """
    steps, connected = steps_by_sequence(walks.values()), connected_walks(walks.values())
    odd: list[Enrollment] = []
    for job, walk in walks.items():
        _set_done(walk, job.step, done_at=job.dispatch.called_at or at)
        if walk.state != State.ACTIVE or walk.held_because:
            continue
        hours = hours_for(walk.campaign, walk.lead)
        match next_thing(walk, steps=steps[walk.sequence_id], hours=hours, is_connected=walk.pk in connected):
            case (AwaitAcceptance() | Appointment(skipped=())) as coming if walk.account_id in turned:
                set_appointment(walk, coming)
            case _:
                odd.append(walk)
    columns = (*DONE, *ADVANCED, *APPOINTMENT_COLUMNS)
    update_each(Enrollment, {walk.pk: {name: getattr(walk, name) for name in columns} for walk in walks.values()})
    for walk in odd:
        plan(walk, steps=steps[walk.sequence_id], hours=hours_for(walk.campaign, walk.lead), at=at, actor=Actor.ENGINE)


def _told_of(job: Job, kind: AccountStep, message: Message | None) -> dict[str, Any]:
    """What the event of a send carries."""
    data: dict[str, Any] = {"step": job.step.position, "dispatch": str(job.dispatch.pk)}
    if job.execution.variant:
        data["variant"] = job.execution.variant
    if kind.action == Action.INVITATION:
        return data | {"note": job.dispatch.text}
    if not kind.writes:
        return data | {"step_kind": job.step.kind, "text": job.dispatch.text}
    where = {"conversation": str(message.conversation_id), "message": str(message.pk)} if message else {}
    return data | {"text": job.dispatch.text} | where


def _was_done(job: Job, *, at: datetime, detail: str) -> None:
    """The provider says that the wanted state was there before: carry on as such, without counting a send."""
    enrollment = _fresh(job)
    _finish(job, Executed.SKIPPED, at=at, because=Verdict.ALREADY_DONE, detail=detail)
    record(
        EventKind.STEP_SKIPPED,
        at=at,
        actor=Actor.ENGINE,
        subject=subject_of(enrollment),
        step=job.step.position,
        because=Verdict.ALREADY_DONE.value,
        detail=detail,
    )
    is_out = job.dispatch.action == Action.INVITATION or enrollment.invited_at is not None
    _advance(enrollment, job.step, done_at=at, invited=is_out and enrollment.connected_at is None)
    _go_on(enrollment, at=at)


def record_already_done(job: Job, findings: Findings, *, at: datetime) -> None:
    """The look before an invitation found the person connected or invited. Nothing was called."""
    if not settle(job.dispatch, _rejected(Verdict.ALREADY_DONE, "Found before the call."), at=at):
        return
    release_slot(job.dispatch, at)
    connected = findings.profile is not None and findings.profile.is_connected
    invites = job.dispatch.action == Action.INVITATION
    detail = findings.nothing_to_do or ("connected already" if connected else "invited already" if invites else "")
    _was_done(job, at=at, detail=detail)


def note_relation(job: Job, *, at: datetime, actor: str = Actor.ENGINE) -> None:
    """The provider shows the lead as connected with the account: the same news as a webhook brings."""
    person = PersonRef(provider_id=job.dispatch.person, public_identifier=job.lead.public_identifier)
    event = RelationMade(provider_account_id=job.account.provider_account_id, person=person)
    hand_on(event, account=job.account, at=at, actor=actor)


def record_cancelled(job: Job, why: str, *, at: datetime, twin: bool = False) -> None:
    """Something happened between the gate and the call: nothing was sent, nothing is used up."""
    if not settle(job.dispatch, _rejected("cancelled", why), at=at):
        return
    release_slot(job.dispatch, at)
    enrollment = _fresh(job)
    unbegin(enrollment)
    _finish(job, Executed.CANCELLED, at=at, detail=why)
    if twin:
        if enrollment.state == State.ACTIVE:
            hold(enrollment, Reason(Because.LEAD_IMPOSSIBLE, detail=why), step=job.step, at=at, actor=Actor.ENGINE)
    else:
        _go_on(enrollment, at=at)


def record_lost(job: Job, why: str, *, at: datetime) -> None:
    """An attempt that came to nothing with its worker, or in silence: a failed attempt like any other.

    A step that ends its worker each time, or never gets an answer, is put before an operator in the end.
    """
    if not settle(job.dispatch, _rejected(Verdict.RETRY_LATER, why), at=at):
        return
    release_slot(job.dispatch, at)
    enrollment = _fresh(job)
    unbegin(enrollment)
    _finish(job, Executed.CANCELLED, at=at, detail=why)
    if enrollment.state == State.ACTIVE:
        _retry(enrollment, job, ProviderError(Verdict.RETRY_LATER, type=OURS, title=why), at=at)


def record_failure(job: Job, problem: ProviderError, *, at: datetime, called: bool) -> None:
    """The provider refused, or did not answer. The verdict says what follows."""
    problem = told_apart(job, problem)
    verdict = problem.verdict
    if verdict == Verdict.UNKNOWN and called:
        return _uncertain(job, problem, at=at)
    if not settle(job.dispatch, _rejected(verdict, str(problem)), at=at):
        return None
    free_slot(job.dispatch, at)
    care_for_account(job.dispatch, problem, at=at)
    enrollment = _fresh(job)
    if verdict == Verdict.ALREADY_DONE:
        if problem.type.endswith("already_connected"):
            note_relation(job, at=at)
        return _was_done(job, at=at, detail=str(problem))
    unbegin(enrollment)
    _finish(job, Executed.REFUSED, at=at, because=verdict, detail=str(problem))
    if enrollment.state == State.ACTIVE:
        _after_refusal(enrollment, job, problem, at=at)
    return None


def _uncertain(job: Job, problem: ProviderError, *, at: datetime) -> None:
    """Called, and nobody knows. Never resent: recovery asks the provider, in the end a person decides."""
    if breaker.speaks_of_the_provider(problem):
        breaker.note_failure(at=at, detail=str(problem))
    if settle(job.dispatch, Outcome(Dispatch.State.UNKNOWN, verdict=problem.verdict, detail=str(problem)), at=at):
        free_slot(job.dispatch, at)
        mark_unknown(job, at=at, detail=str(problem))


def mark_unknown(job: Job, *, at: datetime, detail: str) -> None:
    """Write on the attempt, and in the log, that its outcome is not known."""
    StepExecution.objects.filter(pk=job.execution.pk).update(outcome=Executed.UNKNOWN, detail=detail[:500])
    record(
        EventKind.STEP_UNCERTAIN,
        at=at,
        actor=Actor.ENGINE,
        subject=subject_of(job.enrollment),
        step=job.step.position,
        dispatch=str(job.dispatch.pk),
        detail=detail,
    )


def care_for_account(dispatch: Dispatch, problem: ProviderError, *, at: datetime) -> None:
    """What a refusal means for the account, or for the provider as a whole."""
    account, verdict = dispatch.account, problem.verdict
    if verdict == Verdict.ACCOUNT_CAP:
        _sleep(dispatch, problem, at=at)
    elif verdict == Verdict.THROTTLED:
        slow_to(dispatch, problem, at=at)
    elif verdict == Verdict.ACCOUNT_DISCONNECTED:
        change_status(account, Account.Status.CREDENTIALS, at=at, actor=Actor.ENGINE, detail=str(problem))
    elif verdict == Verdict.ACCOUNT_RESTRICTED:
        change_status(account, Account.Status.RESTRICTED, at=at, actor=Actor.ENGINE, detail=str(problem))
    elif verdict == Verdict.CREDENTIALS:
        breaker.rest(until=at + KEY_REST, at=at, detail=str(problem))
    elif breaker.speaks_of_the_provider(problem):
        breaker.note_failure(at=at, detail=str(problem))
    elif problem.status is not None:
        breaker.note_success()


def slow_to(dispatch: Dispatch, problem: ProviderError, *, at: datetime) -> None:
    """Asked too fast: this action of this account rests for minutes, longer each time (Unipile API, section 1.4)."""
    action, account = dispatch.action, dispatch.account
    until = at + backoff(throttled_in_a_row(dispatch), base_seconds=THROTTLE_BASE, draw=chance.draw())
    put_to_sleep(account, action, until=until, in_a_row=refusals_in_a_row(account, action), detail=str(problem))


def _sleep(dispatch: Dispatch, problem: ProviderError, *, at: datetime) -> None:
    """The provider's cap: this action of this account rests, longer each time; the lead stays where it was."""
    action, account = dispatch.action, dispatch.account
    in_a_row = refusals_in_a_row(account, action) + 1
    until = at + cap_sleep(in_a_row)
    put_to_sleep(account, action, until=until, in_a_row=in_a_row, detail=str(problem))
    record(
        EventKind.ACCOUNT_CAP_REACHED,
        at=at,
        actor=Actor.ENGINE,
        subject=Subject(client_id=account.client_id, account_id=account.pk),
        action=action,
        until=until.isoformat(),
        detail=str(problem),
    )


def _after_refusal(enrollment: Enrollment, job: Job, problem: ProviderError, *, at: datetime) -> None:
    """What a refusal means for the lead."""
    verdict = problem.verdict
    if verdict in EXITS:
        reason, state = EXITS[verdict]
        leave(enrollment, reason, at=at, actor=Actor.ENGINE, detail=str(problem), state=state)
    elif job.dispatch.text and action_for(job.step.kind).goes_bare(job.step, [verdict]):
        replan(enrollment, at=at, actor=Actor.ENGINE)  # The next attempt leaves the text out.
    elif verdict in HOLDS:
        because = Because.BROKEN if problem.is_ours else HOLDS[verdict]
        hold(enrollment, Reason(because, detail=str(problem)), step=job.step, at=at, actor=Actor.ENGINE)
    elif verdict in (Verdict.RETRY_LATER, Verdict.THROTTLED, Verdict.UNKNOWN):
        _retry(enrollment, job, problem, at=at)
    else:
        # The account is the reason, not the lead: it keeps its place in the queue.
        replan(enrollment, at=at, actor=Actor.ENGINE)
        if verdict == Verdict.ACCOUNT_CAP:
            let_others_try(job)


def _retry(enrollment: Enrollment, job: Job, problem: ProviderError, *, at: datetime) -> None:
    attempts = enrollment.attempts + 1
    if attempts >= MOST_ATTEMPTS:
        hold(enrollment, Reason(Because.GAVE_UP, detail=str(problem)), step=job.step, at=at, actor=Actor.ENGINE)
        return
    retry_at = at + backoff(attempts, draw=chance.draw())
    replan(enrollment, at=at, actor=Actor.ENGINE)
    due = max(enrollment.next_action_at or at, retry_at)
    Enrollment.objects.filter(pk=enrollment.pk, next_action_at__isnull=False).update(
        attempts=attempts, next_action_at=due, waiting_because=Because.RETRYING
    )
    record(
        EventKind.STEP_FAILED,
        at=at,
        actor=Actor.ENGINE,
        subject=subject_of(enrollment),
        step=job.step.position,
        because=problem.verdict.value,
        detail=str(problem),
        attempt=attempts,
        retry_at=retry_at.isoformat(),
    )


# --- Shared ---------------------------------------------------------------------------------------------


def _fresh(job: Job) -> Enrollment:
    rows = Enrollment.objects.select_for_update(of=("self",)).select_related("lead")
    return rows.get(pk=job.enrollment.pk)


def _rejected(verdict: str, detail: str) -> Outcome:
    return Outcome(Dispatch.State.REJECTED, verdict=verdict, detail=detail)


def _finish(job: Job, outcome: StepExecution.Outcome, *, at: datetime, because: str = "", detail: str = "") -> None:
    StepExecution.objects.filter(pk=job.execution.pk).update(
        outcome=outcome, settled_at=at, because=because, detail=detail[:500]
    )


def _advance(enrollment: Enrollment, step: Step, *, done_at: datetime, invited: bool = True) -> None:
    """The step is behind the lead. Who was found connected was never invited, and who was not, was not withdrawn."""
    _set_done(enrollment, step, done_at=done_at, invited=invited)
    enrollment.save(update_fields=[*DONE, *ADVANCED])


def _set_done(walk: Enrollment, step: Step, *, done_at: datetime, invited: bool = True) -> None:
    """The caller saves `DONE` and `ADVANCED`."""
    kind = action_for(step.kind)
    if kind.action == Action.INVITATION:
        walk.invited_at = walk.invited_at or (done_at if invited else None)
    if kind.action == Action.WITHDRAWAL and invited:
        walk.withdrawn_at = done_at
    walk.stage = _stage_after(walk, kind)
    walk.last_sent_at = done_at
    set_advanced(walk, step, done_at=done_at)


def _stage_after(enrollment: Enrollment, kind: AccountStep) -> str:
    """Stages only go up: a reply that arrived while the call was in the air is not forgotten."""
    if kind.stage is None or enrollment.stage == Stage.RESPONDED:
        return enrollment.stage
    if kind.stage == Stage.INVITE_SENT and enrollment.connected_at:
        return Stage.CONNECTED
    return kind.stage


def _go_on(enrollment: Enrollment, *, at: datetime) -> None:
    """The next appointment, if the lead is still under way."""
    if enrollment.state == State.ACTIVE and not enrollment.held_because:
        replan(enrollment, at=at, actor=Actor.ENGINE)
