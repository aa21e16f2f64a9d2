"""Recover: what a crash or a silent provider left behind (laws 1 and 10).

A dispatch that was never confirmed surely never left: its step is planned again. One that was confirmed may have
happened: the provider is asked, and what it cannot tell is put before a person. It is never resent on a guess.
"""

from datetime import datetime
from typing import Any

from django.db import transaction

from campaigns.actions.contract import STRANGE, Evidence, Job
from campaigns.actions.registry import action_for
from campaigns.engine.recording import (
    mark_unknown,
    note_relation,
    record_cancelled,
    record_lost,
    record_outcome,
)
from campaigns.engine.walking import subject_of
from campaigns.engine.withdrawing import note_found
from campaigns.models import StepExecution
from inbox.models import Message
from integrations import breaker
from integrations.dispatching import NEVER_CALLED, Outcome, ask_again, lease, settle
from integrations.errors import ProviderError
from integrations.models import Account, Action, Dispatch
from integrations.receiving import hand_on
from integrations.unipile.client import UnipileClient
from integrations.unipile.reading import storable
from outreach.events.kinds import EventKind
from outreach.events.recording import Actor, Subject, record
from outreach.milestones import passing

State = Dispatch.State
BATCH = 50
# Effects that belong to no step: an operator's own message, an invitation that stayed unanswered.
WITHOUT_STEP: dict[str, str] = {Action.MESSAGE: "message", Action.WITHDRAWAL: "withdraw_invitation"}


def recover(*, at: datetime, client: UnipileClient) -> int:
    """Settle what can be settled now. Returns how many dispatches were looked at."""
    left = list(Dispatch.objects.left_behind(at - lease()).select_related("account")[:BATCH])
    for dispatch in left:
        _take_over(dispatch, at=at)
    # A provider that is down is not asked: its silence would use up the questions.
    answering = breaker.is_closed(at)
    waiting = list(Dispatch.objects.to_settle(at).select_related("account")[:BATCH]) if answering else []
    for dispatch in waiting:
        _ask(dispatch, at=at, client=client)
    return len(left) + len(waiting)


def _take_over(dispatch: Dispatch, *, at: datetime) -> None:
    """Its worker is gone. Without a call nothing happened; with one, nobody knows yet."""
    with transaction.atomic():
        job = job_of(dispatch)
        if dispatch.called_at is None:
            _never_called(dispatch, job, at=at)
        elif settle(dispatch, Outcome(State.UNKNOWN, detail="The process ended between call and record."), at=at):
            # The look-up has waited out the lease already: ask at once.
            Dispatch.objects.filter(pk=dispatch.pk).update(ask_at=at)
            if job:
                mark_unknown(job, at=at, detail="The process ended between call and record.")
        passing("inside_recovery")


def _never_called(dispatch: Dispatch, job: Job | None, *, at: datetime) -> None:
    if job:
        record_lost(job, "The process ended before the call.", at=at)
    else:
        settle(dispatch, NEVER_CALLED, at=at)


def _ask(dispatch: Dispatch, *, at: datetime, client: UnipileClient) -> None:
    """Look the effect up at the provider. A logged-out account answers with old data, which proves nothing."""
    job = job_of(dispatch)
    if dispatch.account.status != Account.Status.OK:
        ask_again(dispatch, at=at, detail="The account is not connected; its data may be stale.")
        return
    try:
        evidence = _evidence(dispatch, job, client, at)
    except (ProviderError, *STRANGE) as problem:  # one strange answer must not keep the others from being settled
        ask_again(dispatch, at=at, detail=storable(str(problem)))
        return
    for event in evidence.messages:
        hand_on(event, account=dispatch.account, at=at, actor=Actor.RECOVERY)
    if evidence.happened is None:
        ask_again(dispatch, at=at, detail=evidence.words)
    else:
        conclude(dispatch, job, evidence, at=at, actor=Actor.RECOVERY)


def _evidence(dispatch: Dispatch, job: Job | None, client: UnipileClient, at: datetime) -> Evidence:
    """The echo in our own inbox is the best witness; otherwise the provider is asked."""
    echo = Message.objects.filter(dispatch=dispatch).select_related("conversation").first()
    if echo:
        found = Outcome(
            State.SENT,
            provider_chat_id=echo.conversation.provider_chat_id,
            provider_message_id=echo.provider_message_id,
        )
        return Evidence(True, "its echo is in the inbox", found)
    return action_for(job.step.kind if job else WITHOUT_STEP[dispatch.action]).reconcile(dispatch, client, at=at)


def conclude(
    dispatch: Dispatch, job: Job | None, evidence: Evidence, *, at: datetime, actor: str, by_hand: bool = False
) -> bool:
    """Settle an unknown outcome by evidence, or by an operator's word, and let the walk go on.

    False when somebody else was faster; then nothing is written. Of an operator's word no failed attempt is made.
    """
    outcome = evidence.outcome or Outcome(State.SENT)
    with transaction.atomic():
        if not Dispatch.objects.select_for_update().filter(pk=dispatch.pk, state=State.UNKNOWN).exists():
            return False
        _record_settled(dispatch, job, evidence, at=at, actor=actor)
        if job and evidence.happened:
            record_outcome(job, outcome, at=at, settled_by=actor)
            if evidence.connected:
                note_relation(job, at=at, actor=actor)
        elif job and by_hand:
            record_cancelled(job, f"It did not happen: {evidence.words}.", at=at)
        elif job:
            record_lost(job, f"It did not happen: {evidence.words}.", at=at)
        elif settle(dispatch, outcome if evidence.happened else NEVER_CALLED, at=at) and evidence.happened:
            note_found(dispatch, at=at)
        passing("inside_recovery")
    return True


def _record_settled(dispatch: Dispatch, job: Job | None, evidence: Evidence, *, at: datetime, actor: str) -> None:
    about = subject_of(job.enrollment) if job else Subject(dispatch.client_id, account_id=dispatch.account_id)
    data: dict[str, Any] = {"dispatch": str(dispatch.pk), "happened": evidence.happened, "evidence": evidence.words}
    if job:
        data["step"] = job.step.position
    record(EventKind.STEP_SETTLED, at=at, actor=actor, subject=about, **data)


def job_of(dispatch: Dispatch) -> Job | None:
    """The step that a dispatch carries out; None for an operator's own message."""
    rows = StepExecution.objects.select_related("step", "enrollment__lead", "enrollment__account__sender")
    execution = rows.filter(dispatch=dispatch).first()
    return Job(execution.enrollment, execution.step, execution, dispatch) if execution else None
