"""Invitations that stay unanswered are taken back: a large stock of them makes LinkedIn slow an account down.

The same moves as a step – reserve → confirm → call → settle – but for an invitation and not for a place in a sequence,
so that those of leads who left long ago are taken back as well.
"""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from campaigns.actions.withdraw_invitation import pending_invitation, withdraw
from campaigns.calendars import hours_for
from campaigns.engine.recording import care_for_account
from campaigns.engine.turnstile import go_through
from campaigns.engine.walking import leave, replan, subject_of
from campaigns.models import Campaign, Enrollment
from campaigns.stopping import engine_is_on
from integrations import breaker
from integrations.dispatching import (
    NEVER_CALLED,
    CannotReserve,
    Intent,
    Outcome,
    confirm,
    free_slot,
    release_slot,
    reserve,
    settle,
)
from integrations.errors import ProviderError, Verdict
from integrations.models import Account, Action, Dispatch
from integrations.unipile.client import UnipileClient
from outreach.events.kinds import EventKind
from outreach.events.recording import Actor, record
from outreach.milestones import passing
from outreach.running import ending

State = Dispatch.State
BATCH = 20


def withdraw_stale(*, at: datetime, client: UnipileClient) -> int:
    """Take back what has been pending too long, one for each account that is free. Returns how many were tried."""
    if not engine_is_on() or not breaker.is_closed(at):
        return 0
    tried: set[object] = set()
    for enrollment in _stale(at)[: BATCH * 10]:
        if ending.has_begun():
            break
        if enrollment.account_id in tried or len(tried) == BATCH:
            continue
        if not hours_for(enrollment.campaign, enrollment.lead).is_open(at):
            continue
        tried.add(enrollment.account_id)
        _withdraw(enrollment, at=at, client=client)
    return len(tried)


def _stale(at: datetime) -> "QuerySet[Enrollment]":
    """Walks whose invitation is older than their campaign lets it be, with an account that may act now."""
    patiences = Campaign.objects.order_by().values_list("withdraw_after_days", flat=True).distinct()
    too_old = Q(pk__in=[])
    for days in patiences:
        too_old |= Q(campaign__withdraw_after_days=days, invited_at__lte=at - timedelta(days=days))
    rows = Enrollment.objects.filter(
        too_old,
        withdrawn_at__isnull=True,
        connected_at__isnull=True,
        campaign__status__in=(Campaign.Status.ACTIVE, Campaign.Status.COMPLETED),
        account__in=Account.objects.usable().with_free_slot(at),
    )
    unpaused = rows.exclude(state=Enrollment.State.PAUSED).exclude(lead__provider_id="")
    return unpaused.select_related("campaign", "lead", "account").order_by("invited_at")


def _withdraw(enrollment: Enrollment, *, at: datetime, client: UnipileClient) -> None:
    dispatch = _reserved(enrollment, at)
    if dispatch is None:
        return
    passing("withdrawal_reserved")
    try:
        pending = pending_invitation(dispatch.person, dispatch.account.provider_account_id, client)
    except ProviderError as problem:
        _failed(dispatch, problem, at=at, called=False)
        return
    if not pending:
        _gone(enrollment, dispatch, at)
        return
    dispatch.data = {**dispatch.data, "invitation_id": pending}
    with transaction.atomic():
        go_through()
        if not _may_still(enrollment):
            settle(dispatch, NEVER_CALLED, at=at)
            release_slot(dispatch, at)
            return
        if not confirm(dispatch, at=at):
            return
    passing("withdrawal_confirmed")
    try:
        outcome = withdraw(dispatch, client)
    except ProviderError as problem:
        if problem.verdict == Verdict.ALREADY_DONE:
            _gone(enrollment, dispatch, at)
        else:
            _failed(dispatch, problem, at=at, called=True)
        return
    passing("withdrawal_called")
    with transaction.atomic():
        if settle(dispatch, outcome, at=at):
            free_slot(dispatch, at)
            _taken_back(enrollment, dispatch, at)


def _may_still(enrollment: Enrollment) -> bool:
    """The last look: nobody has stopped or paused anything, and nobody has accepted, since it was reserved."""
    campaigns = Campaign.objects.filter(pk=enrollment.campaign_id, client__paused_at__isnull=True)
    running = campaigns.exclude(status=Campaign.Status.PAUSED).exists()
    pending = Enrollment.objects.filter(pk=enrollment.pk, connected_at__isnull=True)
    able = Account.objects.usable().filter(pk=enrollment.account_id).exists()
    unpaused = pending.exclude(state=Enrollment.State.PAUSED).exists()
    return engine_is_on() and not ending.has_begun() and running and able and unpaused


def _reserved(enrollment: Enrollment, at: datetime) -> Dispatch | None:
    """The intent, or None: another worker has it, the cap is used, or it happened and was not noted yet."""
    key = f"withdraw:{enrollment.pk}"
    earlier = Dispatch.objects.live().filter(key=key).first()
    if earlier is not None:
        if earlier.state == State.SENT:
            with transaction.atomic():
                _taken_back(enrollment, earlier, at)
        return None
    intent = Intent(
        key=key,
        account=enrollment.account,
        action=Action.WITHDRAWAL,
        person=enrollment.lead.provider_id,
        text="",
        actor=Actor.ENGINE,
    )
    try:
        with transaction.atomic():
            return reserve(intent, at=at)
    except (CannotReserve, IntegrityError):
        return None


def _gone(enrollment: Enrollment, dispatch: Dispatch, at: datetime) -> None:
    """It is not pending any more: withdrawn by hand, declined, or accepted, of which the relations will tell."""
    with transaction.atomic():
        done = Outcome(State.REJECTED, verdict=Verdict.ALREADY_DONE, detail="The invitation is not pending any more.")
        if settle(dispatch, done, at=at):
            release_slot(dispatch, at)
            _taken_back(enrollment, dispatch, at)


def _failed(dispatch: Dispatch, problem: ProviderError, *, at: datetime, called: bool) -> None:
    unknown = called and problem.verdict == Verdict.UNKNOWN
    state = State.UNKNOWN if unknown else State.REJECTED
    with transaction.atomic():
        if settle(dispatch, Outcome(state, verdict=problem.verdict, detail=str(problem)), at=at):
            free_slot(dispatch, at)
            care_for_account(dispatch, problem, at=at)


def _taken_back(enrollment: Enrollment, dispatch: Dispatch, at: datetime) -> None:
    """Note it on the walk. Who waited for the acceptance leaves; who went on another way goes on."""
    row = Enrollment.objects.select_for_update(of=("self",)).select_related("lead").get(pk=enrollment.pk)
    if row.withdrawn_at is not None:
        return
    row.withdrawn_at = at
    row.save(update_fields=["withdrawn_at"])
    record(
        EventKind.INVITATION_WITHDRAWN,
        at=at,
        actor=Actor.ENGINE,
        subject=subject_of(row),
        dispatch=str(dispatch.pk),
        invited_at=row.invited_at.isoformat() if row.invited_at else "",
    )
    if row.state != Enrollment.State.ACTIVE:
        return
    if row.next_action == Enrollment.NextAction.EXPIRE:
        leave(row, Enrollment.ExitReason.NOT_ACCEPTED, at=at, actor=Actor.ENGINE)
    elif row.next_action_at is not None:
        replan(row, at=at, actor=Actor.ENGINE)
