"""From rows to the facts that the gate asks about. Reads only; decides nothing."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from campaigns.actions.registry import action_for
from campaigns.engine.walking import is_connected
from campaigns.models import Enrollment, Step
from campaigns.planning.calendar import WorkingHours
from campaigns.planning.decisions import ActionKind, Because, Reason
from campaigns.planning.gate import AccountStatus, EnrollmentState, Facts
from campaigns.planning.sequencing import INVITATION_EXPIRES
from campaigns.stopping import engine_is_on
from campaigns.wording import Wording, word
from integrations import breaker
from integrations.allowances import Allowances, allowances
from integrations.models import Account
from leads.suppressing import suppression_of

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


def surroundings(accounts: Iterable[Account], *, at: datetime) -> Surroundings:
    return Surroundings(engine_is_on(), breaker.opens_at(), allowances(accounts, at=at))


def facts_about(
    enrollment: Enrollment, step: Step, *, around: Surroundings, hours: WorkingHours, at: datetime
) -> tuple[Facts, Wording]:
    """Everything about one lead's next step at one moment, and the words it would be sent with."""
    account, campaign, lead = enrollment.account, enrollment.campaign, enrollment.lead
    action = action_for(step.kind)
    wording = word(step, lead=lead, sender=account.sender, limit=action.text_limit(account))
    suppression = suppression_of(lead)
    allowance = around.allowances[(account.pk, action.action.value)]
    connected = is_connected(enrollment)
    waiting = enrollment.invited_at is not None and not connected
    facts = Facts(
        action=ActionKind(action.action.value),
        hours=hours,
        engine_on=around.engine_on,
        client_active=enrollment.client.paused_at is None,
        campaign_active=campaign.status == campaign.Status.ACTIVE,
        enrollment_state=state_of(enrollment),
        hold=_hold(enrollment, wording),
        due_at=None if _is_special(enrollment) else enrollment.next_action_at,
        suppressed_by=str(suppression) if suppression else "",
        replied_at=lead.replied_at,
        contact_after_reply=campaign.contact_after_reply and not enrollment.replied_at,
        has_identifier=bool(lead.identifier),
        is_connected=True if connected else None,
        acceptance_expires_at=enrollment.invited_at + INVITATION_EXPIRES if waiting and enrollment.invited_at else None,
        missing_values=wording.missing,
        account_exists=account.status != Account.Status.DELETED,
        account_status=ACCOUNT_STATUS.get(Account.Status(account.status), AccountStatus.DISCONNECTED),
        account_paused=account.paused_at is not None,
        provider_open_at=around.provider_open_at,
        needs_fresh_inbound=enrollment.last_done_at is not None,
        inbound_read_at=_read_since_connected(account),
        inbound_max_age=timedelta(minutes=settings.INBOUND_MAX_AGE_MINUTES),
        action_asleep_until=allowance.asleep_until,
        cap=allowance.cap,
        used=allowance.used,
        day_zone=account.time_zone,
        next_slot_at=account.next_slot_at,
    )
    return facts, wording


def _read_since_connected(account: Account) -> datetime | None:
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
