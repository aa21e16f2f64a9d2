"""Why hasn't this lead moved, and when will it? The gate's own answer, in words."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Min, Q

from campaigns.actions.registry import is_internal
from campaigns.calendars import hours_for
from campaigns.engine.facts import Surroundings, facts_about, surroundings
from campaigns.engine.walking import steps_of
from campaigns.models import Campaign, Enrollment, Step
from campaigns.planning.decisions import Because, Reason
from campaigns.planning.explaining import PHRASES, sentence
from campaigns.planning.gate import reasons_against
from campaigns.progress import progress_of, states_in_words
from campaigns.stopping import engine_is_on
from integrations.allowances import Allowance
from integrations.models import Account, Action

# Of these a cap of nothing is worth a word; what an account cannot do at all (InMail on a free one) is not.
EVERYDAY = (Action.INVITATION, Action.MESSAGE)
KNOWN = frozenset(each.value for each in Because)


def explain(*, enrollment: Enrollment, at: datetime) -> tuple[Reason, ...]:
    """Every reason why the lead's next step does not go out now; empty when the next tick takes it."""
    step = _next_step(enrollment)
    if enrollment.state in Enrollment.TERMINAL - {Enrollment.State.COMPLETED}:
        detail = enrollment.exit_detail or enrollment.get_exit_reason_display()
        return (Reason(Because.ENROLLMENT_OVER, detail=detail),)
    if enrollment.state == Enrollment.State.COMPLETED or (step is None and not _waits_for_acceptance(enrollment)):
        return (Reason(Because.SEQUENCE_DONE),)
    if step is not None and is_internal(step.kind):
        return tuple(_about_internal(enrollment, at))
    around = surroundings([enrollment.account], at=at)
    hours = hours_for(enrollment.campaign, enrollment.lead)
    facts, _ = facts_about(enrollment, step or steps_of(enrollment)[-1], around=around, hours=hours, at=at)
    return reasons_against(facts, at)


def _about_internal(enrollment: Enrollment, at: datetime) -> Iterator[Reason]:
    """A step that needs no account passes no gate; these few things can stand against it."""
    campaign = enrollment.campaign
    if not engine_is_on():
        yield Reason(Because.ENGINE_OFF)
    if enrollment.client.paused_at:
        yield Reason(Because.CLIENT_PAUSED)
    if campaign.status != Campaign.Status.ACTIVE:
        yield Reason(Because.CAMPAIGN_NOT_ACTIVE)
    if enrollment.state == Enrollment.State.PAUSED:
        yield Reason(Because.ENROLLMENT_PAUSED)
    if enrollment.held_because:
        yield Reason(Because(enrollment.held_because), detail=enrollment.held_detail)
    elif enrollment.next_action_at is None or enrollment.next_action_at > at:
        waits = Because(enrollment.waiting_because) if enrollment.waiting_because else Because.NOT_DUE
        yield Reason(waits, enrollment.next_action_at)


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


@dataclass(frozen=True, slots=True)
class CampaignStory:
    """How many leads under way can move now, and in sentences what keeps the others, and their accounts."""

    can_move: int
    of: int
    lines: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """Such as "0 of 120 can move: outside working hours until Mon 09:00 (Europe/London); …"."""
        return f"{self.can_move} of {self.of} can move" + (f": {'; '.join(self.lines)}" if self.lines else "")


def explain_campaign(*, campaign: Campaign, at: datetime) -> CampaignStory:
    """The whole campaign in a few queries, however many leads it has: what the gate last said, counted.

    `campaign.client` is read.
    """
    walks = Enrollment.objects.filter(campaign=campaign).open()
    stops = tuple(_campaign_stops(campaign, at))
    accounts = list(Account.objects.filter(enrollments__in=walks).distinct().select_related("client").order_by("name"))
    around = surroundings(accounts, at=at)
    reasons = {account.pk: tuple(_account_reasons(account, around, at)) for account in accounts}
    free = [account.pk for account in accounts if not _whole(reasons[account.pk])]
    due = walks.filter(state=Enrollment.State.ACTIVE, next_action_at__lte=at, held_because="")
    able = due.filter(Q(next_account__in=free) | Q(next_account__isnull=True)).count()
    lines = [sentence(reason, zone=campaign.time_zone, at=at) for reason in stops]
    lines += _counted(walks.exclude(pk__in=due.values("pk")), at)
    lines += [
        f"account {account}: {', '.join(sentence(each, zone=account.time_zone, at=at) for each in reasons[account.pk])}"
        for account in accounts
        if reasons[account.pk]
    ]
    return CampaignStory(0 if stops else able, walks.count(), tuple(lines))


def _campaign_stops(campaign: Campaign, at: datetime) -> Iterator[Reason]:
    """What keeps all of its leads at once."""
    if not engine_is_on():
        yield Reason(Because.ENGINE_OFF)
    if campaign.client.paused_at:
        yield Reason(Because.CLIENT_PAUSED)
    if campaign.status != Campaign.Status.ACTIVE:
        yield Reason(Because.CAMPAIGN_NOT_ACTIVE)
    opens_at = campaign.hours().next_open(at)
    if opens_at > at:
        yield Reason(Because.OUTSIDE_HOURS, opens_at)


def _whole(reasons: tuple[Reason, ...]) -> bool:
    """Whether any of these keeps the account from everything, and not from one action only."""
    return any(reason.because not in (Because.ACTION_ASLEEP, Because.CAP_USED) for reason in reasons)


def _counted(walks: Any, at: datetime) -> list[str]:
    """The leads that wait, by what they wait for."""
    paused = walks.filter(state=Enrollment.State.PAUSED).count()
    found = [f"{paused} paused"] if paused else []
    waiting = walks.filter(state=Enrollment.State.ACTIVE).order_by()
    counts = waiting.values_list("held_because", "waiting_because").annotate(Count("pk"), Min("next_action_at"))
    for held, waits, count, until in sorted(counts, key=lambda each: -each[2]):
        word = held or waits
        if word in KNOWN:
            ending = f", the next {until:%a %d %b %H:%M} UTC" if until and not held and until > at else ""
            found.append(f"{count} {PHRASES[Because(word)]}{ending}")
    return found


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
    if allowance.is_used_up and (allowance.used or action in EVERYDAY):
        detail = f"{action.label.lower()}: {allowance.used} of {allowance.cap}, {allowance.source}"
        yield Reason(Because.CAP_USED, allowance.reopens_at, detail)
