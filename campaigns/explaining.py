"""Why hasn't this lead moved, and when will it? The gate's own answer, in words."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Min, Q

from campaigns.actions.registry import is_internal, kind_of
from campaigns.calendars import hours_for
from campaigns.engine.claiming import open_campaigns
from campaigns.engine.facts import Surroundings, facts_about, read_since_connected, surroundings
from campaigns.engine.internal import objections
from campaigns.engine.walking import steps_of
from campaigns.models import Campaign, Enrollment, Step
from campaigns.planning.decisions import Because, Reason
from campaigns.planning.explaining import PHRASES, moment, sentence
from campaigns.planning.gate import reasons_against
from campaigns.planning.pacing import local_day, next_local_day
from campaigns.progress import progress_of, states_in_words
from campaigns.stopping import engine_is_on
from campaigns.wording import word
from integrations import breaker
from integrations.allowances import Allowance
from integrations.limits import shared
from integrations.models import Account, Action

# Of these a cap of nothing is worth a word; what an account cannot do at all (InMail on a free one) is not.
EVERYDAY = (Action.INVITATION, Action.MESSAGE)
KNOWN = frozenset(each.value for each in Because)


class Enquiry:
    """What is asked once for many leads: the surroundings of their accounts, their steps, who is first in line."""

    def __init__(self, accounts: Iterable[Account], *, at: datetime) -> None:
        self.at, self.around = at, surroundings(list(accounts), at=at)
        self._steps: dict[UUID, list[Step]] = {}
        self._first: dict[UUID, UUID | None] = {}
        self.is_half_open = breaker.is_half_open(at)

    def steps(self, enrollment: Enrollment) -> list[Step]:
        if enrollment.sequence_id not in self._steps:
            self._steps[enrollment.sequence_id] = steps_of(enrollment)
        return self._steps[enrollment.sequence_id]

    def first_in_line(self, account: Account) -> UUID | None:
        """Whom the engine would look at first, if it looked at the account now."""
        if account.pk not in self._first:
            self._first[account.pk] = self._ask_who_is_first(account)
        return self._first[account.pk]

    def _ask_who_is_first(self, account: Account) -> UUID | None:
        walks = Enrollment.objects.filter(next_account=account, state=Enrollment.State.ACTIVE)
        serves = Campaign.objects.running().filter(pk__in=walks.order_by().values("campaign").distinct())
        open_now = open_campaigns({campaign: campaign.hours() for campaign in serves}, self.at)
        actions = [each for each in Action if self.around.allowances[(account.pk, each.value)].is_open(self.at)]
        offered = Enrollment.objects.offered_by(account, actions=actions, campaigns=list(open_now), at=self.at)
        return offered.values_list("pk", flat=True).first()


def explain(*, enrollment: Enrollment, at: datetime, enquiry: Enquiry | None = None) -> tuple[Reason, ...]:
    """Every reason why the lead's next step does not go out now; empty when the next tick takes it."""
    asked = enquiry or Enquiry([enrollment.account], at=at)
    steps = asked.steps(enrollment)
    step = next((each for each in steps if each.position >= enrollment.position), None)
    if enrollment.state in Enrollment.TERMINAL - {Enrollment.State.COMPLETED}:
        detail = enrollment.exit_detail or enrollment.get_exit_reason_display()
        return (Reason(Because.ENROLLMENT_OVER, detail=detail),)
    if enrollment.state == Enrollment.State.COMPLETED or (step is None and not _waits_for_acceptance(enrollment)):
        return (Reason(Because.SEQUENCE_DONE),)
    if step is not None and is_internal(step.kind):
        return tuple(_about_internal(enrollment, step, at))
    hours = hours_for(enrollment.campaign, enrollment.lead)
    facts, _ = facts_about(enrollment, step or steps[-1], around=asked.around, hours=hours, at=at)
    found = reasons_against(facts, at)
    reasons = tuple(_told(enrollment, found))
    return reasons if found else tuple(_about_the_line(enrollment, asked))


def _told(enrollment: Enrollment, reasons: tuple[Reason, ...]) -> Iterator[Reason]:
    """What the gate has put off is not due because of that, and not because of the step's delay."""
    waits = enrollment.waiting_because
    put_off = waits in KNOWN and waits not in (Because.NOT_DUE, Because.IN_FLIGHT, Because.AWAITING_ACCEPTANCE)
    known = {reason.because for reason in reasons}
    for reason in reasons:
        if reason.because is not Because.NOT_DUE or not put_off:
            yield reason
        elif Because(waits) not in known:
            yield Reason(Because.PUT_OFF, reason.until, PHRASES[Because(waits)])


def _about_the_line(enrollment: Enrollment, asked: Enquiry) -> Iterator[Reason]:
    """Nothing stands against the lead itself: is it its turn with the account?"""
    account = enrollment.account
    if asked.is_half_open:
        yield Reason(Because.PROVIDER_DOWN, detail="one call at a time finds out whether it answers again")
    if asked.first_in_line(account) != enrollment.pk:
        yield Reason(Because.QUEUED)
    elif account.next_look_at > asked.at:
        yield Reason(Because.PUT_OFF, detail="the account is looked at within minutes")


def _about_internal(enrollment: Enrollment, step: Step, at: datetime) -> Iterator[Reason]:
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
    else:
        wording = word(step, enrollment=enrollment, limit=kind_of(step.kind).text_limit(None))
        yield from objections(wording.missing, wording.problem)


def explain_in_words(*, enrollment: Enrollment, at: datetime, enquiry: Enquiry | None = None) -> tuple[str, ...]:
    """The reasons as sentences, with their ends in the campaign's time zone."""
    zone = enrollment.campaign.time_zone
    reasons = explain(enrollment=enrollment, at=at, enquiry=enquiry)
    return tuple(sentence(reason, zone=zone, at=at) for reason in reasons)


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
    due = walks.filter(state=Enrollment.State.ACTIVE, next_action_at__lte=at, held_because="")
    able = due.filter(_able(campaign, accounts, reasons, around, at)).count()
    lines = [sentence(reason, zone=campaign.time_zone, at=at) for reason in stops]
    if new_leads := _new_leads_used(campaign, around, at):
        lines.append(sentence(new_leads, zone=campaign.time_zone, at=at))
    lines += _counted(walks.exclude(pk__in=due.values("pk")), campaign.time_zone, at)
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
    if opens_at > at and not campaign.use_lead_time_zone:
        yield Reason(Because.OUTSIDE_HOURS, opens_at)


def _new_leads_used(campaign: Campaign, around: Surroundings, at: datetime) -> Reason | None:
    if campaign.new_leads_per_day is None:
        return None
    begun = around.begun.get((campaign.pk, local_day(at, campaign.time_zone)), 0)
    until = next_local_day(at, campaign.time_zone)
    return Reason(Because.NEW_LEADS_USED, until) if begun >= campaign.new_leads_per_day else None


def _able(
    campaign: Campaign,
    accounts: list[Account],
    reasons: Mapping[UUID, tuple[Reason, ...]],
    around: Surroundings,
    at: datetime,
) -> Q:
    """Which due leads nothing of their campaign and their account keeps from moving now."""
    able = Q(next_account__isnull=True)
    share = campaign.hours().share_at(at)
    for account in accounts:
        if _whole(reasons[account.pk]):
            continue
        known = {action: around.allowances[(account.pk, action.value)] for action in Action}
        actions = [
            action.value for action, each in known.items() if each.is_open(at) and each.used < shared(each.cap, share)
        ]
        its = Q(next_account=account, next_action__in=actions)
        if any(reason.because is Because.INBOUND_STALE for reason in reasons[account.pk]):
            its &= Q(last_done_at__isnull=True)
        able |= its
    begun = Q(begun_on__isnull=False) | Q(last_done_at__isnull=False)
    return able & begun if _new_leads_used(campaign, around, at) else able


def _whole(reasons: tuple[Reason, ...]) -> bool:
    """Whether any of these keeps the account from everything, and not from one action, or from follow-ups, only."""
    return any(reason.because not in PARTIAL for reason in reasons)


PARTIAL = frozenset({Because.ACTION_ASLEEP, Because.CAP_USED, Because.INBOUND_STALE})


def _counted(walks: Any, zone: str, at: datetime) -> list[str]:
    """The leads that wait, by what they wait for."""
    paused = walks.filter(state=Enrollment.State.PAUSED).count()
    found = [f"{paused} paused"] if paused else []
    waiting = walks.filter(state=Enrollment.State.ACTIVE).order_by()
    counts = waiting.values_list("held_because", "waiting_because").annotate(Count("pk"), Min("next_action_at"))
    for held, waits, count, until in sorted(counts, key=lambda each: -each[2]):
        word = held or waits
        if word in KNOWN:
            ending = f", the next {moment(until, zone, at)} ({zone})" if until and not held and until > at else ""
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
    if account.unreconciled_since:
        yield Reason(Because.NOT_RECONCILED)
    if around.provider_open_at and around.provider_open_at > at:
        yield Reason(Because.PROVIDER_DOWN, around.provider_open_at)
    if not _is_read(account, at):
        yield Reason(Because.INBOUND_STALE, detail="follow-ups wait")
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


def _is_read(account: Account, at: datetime) -> bool:
    """Whether the inbox was read lately, as the gate wants it of every follow-up; where there is none, no matter."""
    read_at = read_since_connected(account)
    if read_at is not None and at - read_at <= timedelta(minutes=settings.INBOUND_MAX_AGE_MINUTES):
        return True
    begun = Enrollment.objects.filter(account=account, state=Enrollment.State.ACTIVE, last_done_at__isnull=False)
    return not begun.exists()
