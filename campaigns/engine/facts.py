"""From rows to the facts that the gate asks about. Reads only; decides nothing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Max

from campaigns.actions.contract import AccountStep
from campaigns.actions.registry import action_for
from campaigns.engine.beginning import is_new
from campaigns.engine.neighbours import guards_for
from campaigns.engine.walking import connected_walks
from campaigns.models import Campaign, CampaignDay, Enrollment, Step
from campaigns.planning.calendar import WorkingHours
from campaigns.planning.decisions import ActionKind, Because, Reason
from campaigns.planning.gate import AccountStatus, EnrollmentState, Facts
from campaigns.planning.pacing import local_day, next_local_day
from campaigns.planning.wordings import Wording
from campaigns.stopping import engine_is_on
from campaigns.wording import word
from integrations import breaker
from integrations.allowances import Allowances, allowances
from integrations.limits import shared
from integrations.models import Account, Action
from leads.suppressing import with_suppressions

# A person whose invitation was withdrawn cannot be invited again for up to three weeks (Unipile API, section 8).
COOL_DOWN = timedelta(weeks=3)
ACCOUNT_STATUS = {
    Account.Status.OK: AccountStatus.OK,
    Account.Status.RESTRICTED: AccountStatus.RESTRICTED,
}


# Holds whose cause lies in our own data: whether it still holds can be seen at any time.
ASKED_AFRESH = frozenset({Because.MISSING_VALUE, Because.TEXT_UNFIT, Because.NO_IDENTIFIER})


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What holds for every lead of these accounts at one moment; read once for a whole batch."""

    engine_on: bool
    provider_open_at: datetime | None
    allowances: Allowances
    begun: Mapping[tuple[UUID, date], int]  # new leads by campaign and the campaign's day, where they are counted


def surroundings(accounts: Iterable[Account], *, at: datetime, is_clear: bool = False) -> Surroundings:
    """`is_clear`: the caller has seen in this transaction that the engine is on and the provider may be called."""
    engine_on, opens_at = (True, None) if is_clear else (engine_is_on(), breaker.opens_at())
    return Surroundings(engine_on, opens_at, allowances(accounts, at=at), _begun(at))


def _begun(at: datetime) -> Mapping[tuple[UUID, date], int]:
    around = [(at + timedelta(days=number)).date() for number in (-1, 0, 1)]
    rows = CampaignDay.objects.filter(day__in=around).values_list("campaign", "day", "begun")
    return {(campaign, day): begun for campaign, day, begun in rows}


@dataclass(frozen=True, slots=True)
class Acquaintance:
    """What is known of a number of walks and their leads, read once for all of them."""

    connected: frozenset[UUID]  # walks whose lead and account are connected
    suppressed_by: Mapping[UUID, str]  # by lead
    withdrawn_at: Mapping[UUID, datetime]  # by lead: when an invitation was last taken back, if not long ago
    guards: Mapping[UUID, tuple[Reason, ...]]  # by walk


def acquaintance(walks: Sequence[Enrollment], *, at: datetime) -> Acquaintance:
    """A fixed number of queries, however many walks there are."""
    leads = [walk.lead for walk in walks]
    withdrawn = Enrollment.objects.filter(lead__in=leads, withdrawn_at__gt=at - COOL_DOWN).order_by()
    return Acquaintance(
        connected=connected_walks(walks),
        suppressed_by={lead.pk: str(entry) for lead, entry in with_suppressions(leads) if entry},
        withdrawn_at=dict(withdrawn.values_list("lead").annotate(last=Max("withdrawn_at"))),
        guards=guards_for(walks, at=at),
    )


def facts_about(
    enrollment: Enrollment,
    step: Step,
    *,
    around: Surroundings,
    hours: WorkingHours,
    at: datetime,
    known: Acquaintance | None = None,
) -> tuple[Facts, Wording]:
    """Everything about one lead's next step at one moment, and the words it would be sent with."""
    account, campaign, lead = enrollment.account, enrollment.campaign, enrollment.lead
    action = action_for(step.kind)
    known = known or acquaintance([enrollment], at=at)
    wording = word(step, enrollment=enrollment, limit=action.text_limit(account))
    allowance = around.allowances[(account.pk, action.action.value)]
    share = hours.share_at(at)
    connected = enrollment.pk in known.connected
    awaits = action.needs_connection or action.action == Action.INVITATION
    waiting = awaits and enrollment.invited_at is not None and not enrollment.withdrawn_at and not connected
    facts = Facts(
        action=ActionKind(action.action.value),
        hours=hours,
        engine_on=around.engine_on,
        client_active=enrollment.client.paused_at is None,
        campaign_active=campaign.status == campaign.Status.ACTIVE,
        enrollment_state=state_of(enrollment),
        hold=_hold(enrollment, wording),
        due_at=None if _is_special(enrollment) else enrollment.next_action_at,
        suppressed_by=known.suppressed_by.get(lead.pk, ""),
        replied_at=lead.replied_at,
        contact_after_reply=campaign.contact_after_reply and not enrollment.replied_at,
        has_identifier=bool(lead.identifier),
        is_connected=True if connected else None,
        acceptance_expires_at=enrollment.invited_at + timedelta(days=campaign.withdraw_after_days)
        if waiting and enrollment.invited_at
        else None,
        missing_values=wording.missing,
        account_exists=account.status != Account.Status.DELETED,
        account_status=ACCOUNT_STATUS.get(Account.Status(account.status), AccountStatus.DISCONNECTED),
        account_paused=account.paused_at is not None,
        account_reconciled=account.unreconciled_since is None,
        provider_open_at=around.provider_open_at,
        last_sent_at=enrollment.last_sent_at,
        needs_fresh_inbound=enrollment.last_done_at is not None,
        inbound_read_at=read_since_connected(account),
        inbound_max_age=timedelta(minutes=settings.INBOUND_MAX_AGE_MINUTES),
        action_asleep_until=allowance.asleep_until,
        cap=shared(allowance.cap, share),
        used=allowance.used,
        cap_source=allowance.source if share == 1 else f"{share:.0%} on this day of {allowance.source}",
        cap_reopens_at=allowance.reopens_at,
        day_zone=account.time_zone,
        next_slot_at=account.next_slot_at,
        new_leads_until=_new_leads_until(enrollment, campaign, around, at),
        resting_until=enrollment.resting_until,
        guards=known.guards[enrollment.pk],
        cooling_until=_cooling_until(action, known.withdrawn_at.get(lead.pk)),
    )
    return facts, wording


def _new_leads_until(enrollment: Enrollment, campaign: Campaign, around: Surroundings, at: datetime) -> datetime | None:
    if campaign.new_leads_per_day is None or not is_new(enrollment):
        return None
    begun = around.begun.get((campaign.pk, local_day(at, campaign.time_zone)), 0)
    return next_local_day(at, campaign.time_zone) if begun >= campaign.new_leads_per_day else None


def _cooling_until(action: AccountStep, withdrawn_at: datetime | None) -> datetime | None:
    """Whoever withdrew it: LinkedIn refuses the next invitation from the same account, and wonders at another's."""
    return withdrawn_at + COOL_DOWN if withdrawn_at and action.action == Action.INVITATION else None


def read_since_connected(account: Account) -> datetime | None:
    """The last reading, if it came after the last change of the connection: before it, the data may be stale."""
    read_at, changed_at = account.messages_read_at, account.status_changed_at
    return None if read_at and changed_at and read_at < changed_at else read_at


def state_of(enrollment: Enrollment) -> EnrollmentState:
    """An active enrollment without an appointment and without a hold has a step in flight."""
    if enrollment.state == Enrollment.State.PAUSED:
        return EnrollmentState.PAUSED
    if enrollment.state in Enrollment.TERMINAL:
        return EnrollmentState.OVER
    if enrollment.state == Enrollment.State.ACTIVE and not enrollment.next_action_at and not enrollment.held_because:
        unknown = enrollment.executions.filter(outcome="unknown").exists()
        return EnrollmentState.UNKNOWN if unknown else EnrollmentState.IN_FLIGHT
    return EnrollmentState.ACTIVE


def _is_special(enrollment: Enrollment) -> bool:
    """Whether the appointment is another than the step's own delay: an acceptance awaited, or another attempt."""
    return enrollment.next_action == Enrollment.NextAction.EXPIRE or _is_retrying(enrollment)


def _is_retrying(enrollment: Enrollment) -> bool:
    return enrollment.waiting_because == Because.RETRYING and enrollment.next_action_at is not None


def _hold(enrollment: Enrollment, wording: Wording) -> Reason | None:
    """The words are looked at afresh each time; what an attempt left behind stays until it is released."""
    if wording.problem:
        return Reason(Because.TEXT_UNFIT, detail=wording.problem)
    if enrollment.held_because and enrollment.held_because not in ASKED_AFRESH:
        return Reason(Because(enrollment.held_because), detail=enrollment.held_detail)
    return Reason(Because.RETRYING, until=enrollment.next_action_at) if _is_retrying(enrollment) else None
