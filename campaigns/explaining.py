"""Why hasn't this lead moved, and when will it? The gate's own answer, in words."""

from collections.abc import Iterator
from datetime import datetime

from campaigns.engine.facts import Surroundings, facts_about, surroundings
from campaigns.engine.walking import steps_of
from campaigns.models import Campaign, Enrollment, Step
from campaigns.planning.decisions import Because, Reason
from campaigns.planning.explaining import sentence
from campaigns.planning.gate import reasons_against
from campaigns.planning.pacing import next_local_day
from campaigns.progress import progress_of, states_in_words
from integrations.allowances import Allowance
from integrations.models import Account, Action


def explain(*, enrollment: Enrollment, at: datetime) -> tuple[Reason, ...]:
    """Every reason why the lead's next step does not go out now; empty when the next tick takes it."""
    step = _next_step(enrollment)
    if enrollment.state in Enrollment.TERMINAL - {Enrollment.State.COMPLETED}:
        detail = enrollment.exit_detail or enrollment.get_exit_reason_display()
        return (Reason(Because.ENROLLMENT_OVER, detail=detail),)
    if enrollment.state == Enrollment.State.COMPLETED or (step is None and not _waits_for_acceptance(enrollment)):
        return (Reason(Because.SEQUENCE_DONE),)
    around = surroundings([enrollment.account], at=at)
    hours = enrollment.campaign.hours()
    facts, _ = facts_about(enrollment, step or steps_of(enrollment)[-1], around=around, hours=hours, at=at)
    return reasons_against(facts, at)


def explain_in_words(*, enrollment: Enrollment, at: datetime) -> tuple[str, ...]:
    """The reasons as sentences, with their ends in the campaign's time zone."""
    zone = enrollment.campaign.time_zone
    return tuple(sentence(reason, zone=zone, at=at) for reason in explain(enrollment=enrollment, at=at))


def _next_step(enrollment: Enrollment) -> Step | None:
    return next((step for step in steps_of(enrollment) if step.position >= enrollment.position), None)


def _waits_for_acceptance(enrollment: Enrollment) -> bool:
    return enrollment.next_action == Enrollment.NextAction.EXPIRE


def campaign_state_in_words(*, campaign: Campaign, at: datetime) -> str:
    """The campaign's state with its reason, e.g. "running · next action Mon 09:04" or "blocked · engine stopped"."""
    return states_in_words([campaign], progress_of([campaign]), at=at)[campaign.pk]


def explain_account(*, account: Account, at: datetime) -> tuple[str, ...]:
    """What keeps an account from acting now, in sentences with their ends in the account's time zone."""
    around = surroundings([account], at=at)
    return tuple(sentence(reason, zone=account.time_zone, at=at) for reason in _account_reasons(account, around, at))


def _account_reasons(account: Account, around: Surroundings, at: datetime) -> Iterator[Reason]:
    if not around.engine_on:
        yield Reason(Because.ENGINE_OFF)
    if account.client.paused_at:
        yield Reason(Because.CLIENT_PAUSED)
    if account.paused_at:
        yield Reason(Because.ACCOUNT_PAUSED)
    if account.status != Account.Status.OK:
        restricted = account.status == Account.Status.RESTRICTED
        yield Reason(Because.ACCOUNT_RESTRICTED if restricted else Because.ACCOUNT_DISCONNECTED)
    if around.provider_open_at and around.provider_open_at > at:
        yield Reason(Because.PROVIDER_DOWN, around.provider_open_at)
    if account.next_slot_at > at:
        yield Reason(Because.SPACING, account.next_slot_at)
    for action in Action:
        yield from _action_reasons(account, action, around.allowances[(account.pk, action.value)], at)


def _action_reasons(account: Account, action: Action, allowance: Allowance, at: datetime) -> Iterator[Reason]:
    if allowance.asleep_until and allowance.asleep_until > at:
        yield Reason(Because.ACTION_ASLEEP, allowance.asleep_until, action.label.lower())
    if allowance.is_used_up:
        until = next_local_day(at, account.time_zone) if allowance.cap else None
        yield Reason(Because.CAP_USED, until, f"{action.label.lower()}s {allowance.used} of {allowance.cap}")
