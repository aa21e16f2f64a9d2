"""Invitations that stay unanswered are taken back: a large stock of them makes LinkedIn slow an account down.

The same moves as a step – reserve → confirm → call → settle – but for an invitation and not for a place in a sequence,
so that those of leads who left long ago are taken back as well.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from campaigns.actions.withdraw_invitation import pending_invitation, withdraw
from campaigns.calendars import hours_for
from campaigns.engine.executing import CALL_WITHIN
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
from integrations.provider_events import PersonRef, RelationMade
from integrations.receiving import hand_on
from integrations.unipile.client import UnipileClient
from outreach.clock import stopwatch
from outreach.events.kinds import EventKind
from outreach.events.recording import Actor, record
from outreach.milestones import passing
from outreach.running import ending

State = Dispatch.State
BATCH = 20
ONE_DAY = timedelta(days=1)
KEY = "withdraw:"


def withdraw_stale(*, at: datetime, client: UnipileClient) -> int:
    """Take back what has been pending too long, one for each account that is free. Returns how many were tried."""
    if not engine_is_on() or not breaker.is_closed(at):
        return 0
    stale = _stale(at)
    accounts = Account.objects.filter(Exists(stale.order_by().filter(account=OuterRef("pk")))).order_by("next_slot_at")
    tried = 0
    for account in accounts[:BATCH]:
        if ending.has_begun():
            break
        walks = stale.filter(account=account)[:BATCH]
        if walk := next((each for each in walks if hours_for(each.campaign, each.lead).is_open(at)), None):
            tried += 1
            _withdraw(walk, at=at, client=client)
    return tried


def _stale(at: datetime) -> "QuerySet[Enrollment]":
    """Walks whose invitation is older than their campaign lets it be, with an account that may act now.

    Who has answered it, accepted or not, is in a conversation: nothing automatic happens there any more (law 2).
    """
    patiences = Campaign.objects.order_by().values_list("withdraw_after_days", flat=True).distinct()
    too_old = Q(pk__in=[])
    for days in patiences:
        too_old |= Q(campaign__withdraw_after_days=days, invited_at__lte=at - timedelta(days=days))
    silent = Q(lead__replied_at__isnull=True) | Q(Exists(_under_way()))
    rows = Enrollment.objects.filter(
        too_old,
        silent,
        withdrawn_at__isnull=True,
        connected_at__isnull=True,
        campaign__status__in=(Campaign.Status.ACTIVE, Campaign.Status.COMPLETED),
        account__in=Account.objects.usable().with_free_slot(at),
    )
    unpaused = (
        rows.exclude(state=Enrollment.State.PAUSED).exclude(lead__provider_id="").exclude(pk__in=_refused_lately(at))
    )
    return unpaused.select_related("campaign", "lead", "account").order_by("invited_at")


def _refused_lately(at: datetime) -> list[UUID]:
    """Walks whose withdrawal LinkedIn refused within a day: asking again at once would only cost turns."""
    refused = Dispatch.objects.filter(state=State.REJECTED, called_at__isnull=False, settled_at__gt=at - ONE_DAY)
    # What was found not to have happened, or failed in passing, was no refusal.
    refused = refused.exclude(verdict=Verdict.RETRY_LATER)
    keys = refused.filter(action=Action.WITHDRAWAL, key__startswith=KEY).values_list("key", flat=True)
    return [UUID(key.removeprefix(KEY)) for key in keys]


def _under_way() -> "QuerySet[Dispatch]":
    """A withdrawal from this walk's lead that was tried, and has to be noted when it is known to have happened."""
    mine = Dispatch.objects.live().filter(action=Action.WITHDRAWAL, account=OuterRef("account"))
    return mine.filter(person=OuterRef("lead__provider_id"))


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
        _not_pending(enrollment, dispatch, at=at, client=client)
        return
    dispatch.data = {**dispatch.data, "invitation_id": pending}
    began = stopwatch()
    with transaction.atomic():
        go_through()
        if not _may_still(enrollment):
            settle(dispatch, NEVER_CALLED, at=at)
            release_slot(dispatch, at)
            return
        if not confirm(dispatch, at=at):
            return
    passing("withdrawal_confirmed")
    if stopwatch() - began > CALL_WITHIN:
        return  # a pause may have returned by now: recovery finds out that nothing was withdrawn
    try:
        outcome = withdraw(dispatch, client)
    except ProviderError as problem:
        if problem.verdict == Verdict.ALREADY_DONE:
            _not_pending(enrollment, dispatch, at=at, client=client)
        else:
            _failed(dispatch, problem, at=at, called=True)
        return
    passing("withdrawal_called")
    with transaction.atomic():
        if settle(dispatch, outcome, at=at):
            free_slot(dispatch, at)
            _taken_back(enrollment.pk, dispatch, at)


def _may_still(enrollment: Enrollment) -> bool:
    """The last look: nobody has stopped or paused anything, accepted or answered, since it was reserved."""
    campaigns = Campaign.objects.filter(pk=enrollment.campaign_id, client__paused_at__isnull=True)
    running = campaigns.exclude(status=Campaign.Status.PAUSED).exists()
    pending = Enrollment.objects.filter(pk=enrollment.pk, connected_at__isnull=True, lead__replied_at__isnull=True)
    able = Account.objects.usable().filter(pk=enrollment.account_id).exists()
    unpaused = pending.exclude(state=Enrollment.State.PAUSED).exists()
    return engine_is_on() and not ending.has_begun() and running and able and unpaused


def _reserved(enrollment: Enrollment, at: datetime) -> Dispatch | None:
    """The intent, or None: another worker has it, the cap is used, or it happened and was not noted yet."""
    key = f"{KEY}{enrollment.pk}"
    earlier = Dispatch.objects.live().filter(key=key).first()
    if earlier is not None:
        if earlier.state == State.SENT:
            with transaction.atomic():
                _taken_back(enrollment.pk, earlier, at)
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


def _not_pending(enrollment: Enrollment, dispatch: Dispatch, *, at: datetime, client: UnipileClient) -> None:
    """It was accepted, of which the news may be hours late, or else declined, or withdrawn by hand: the profile tells.

    Who accepted at the last moment is taken in as connected, and the walk goes on.
    """
    try:
        profile = client.profile(dispatch.person, account_id=dispatch.account.provider_account_id)
    except ProviderError as problem:
        if problem.verdict != Verdict.LEAD_IMPOSSIBLE:
            _failed(dispatch, problem, at=at, called=False)
            return
        profile = None
    connected = profile is not None and profile.is_connected
    if connected:
        person = PersonRef(provider_id=dispatch.person)
        news = RelationMade(provider_account_id=dispatch.account.provider_account_id, person=person)
        hand_on(news, account=dispatch.account, at=at, actor=Actor.ENGINE)
    detail = "The invitation was accepted." if connected else "The invitation is not pending any more."
    with transaction.atomic():
        done = Outcome(State.REJECTED, verdict=Verdict.ALREADY_DONE, detail=detail)
        if settle(dispatch, done, at=at):
            release_slot(dispatch, at)
            if not connected:
                _taken_back(enrollment.pk, dispatch, at)


def _failed(dispatch: Dispatch, problem: ProviderError, *, at: datetime, called: bool) -> None:
    unknown = called and problem.verdict == Verdict.UNKNOWN
    state = State.UNKNOWN if unknown else State.REJECTED
    with transaction.atomic():
        if settle(dispatch, Outcome(state, verdict=problem.verdict, detail=str(problem)), at=at):
            free_slot(dispatch, at)
            care_for_account(dispatch, problem, at=at)


def note_found(dispatch: Dispatch, *, at: datetime) -> None:
    """Recovery, or an operator, has found out that this withdrawal happened. Runs in the caller's transaction."""
    if dispatch.key.startswith(KEY):
        _taken_back(UUID(dispatch.key.removeprefix(KEY)), dispatch, at)


def _taken_back(walk: UUID, dispatch: Dispatch, at: datetime) -> None:
    """Note it on the walk. Who waited for the acceptance leaves; who went on another way goes on."""
    row = Enrollment.objects.select_for_update(of=("self",)).select_related("lead").get(pk=walk)
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
