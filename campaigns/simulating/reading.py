"""From rows to a simulated world. Reads only."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db.models import Count

from campaigns.activating import activation_problems
from campaigns.engine.walking import step_plan, walk_of
from campaigns.enrolling import accounts_of
from campaigns.models import Campaign, Enrollment, Step, StepExecution
from campaigns.planning.calendar import CalendarError, WorkingHours
from campaigns.planning.decisions import ActionKind, Because
from campaigns.planning.sequencing import StepPlan
from campaigns.simulating.projecting import after_step
from campaigns.simulating.world import Limit, SimulatedAccount, SimulatedLead, SimulatedWorld
from campaigns.stopping import engine_is_on
from integrations import breaker
from integrations.allowances import Allowances, allowances
from integrations.models import Account, Action
from leads.models import Connection
from leads.suppressing import with_suppressions

State = Enrollment.State
STEP_ACTIONS = frozenset(action.value for action in Action)


class SimulationError(ValueError):
    """There is nothing to project. The message says what the campaign lacks."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What is known about the leads of a campaign beside their enrollments."""

    suppressed: frozenset[UUID]  # leads
    connected: frozenset[tuple[UUID, UUID]]  # account, lead
    attempts: Mapping[UUID, str]  # the outcome of an enrollment's open attempt: in flight, or unknown


def read_world(campaign: Campaign, *, at: datetime) -> SimulatedWorld:
    """The campaign as it stands, read in a number of queries that hardly grows with its leads.

    Raises SimulationError when a draft could not be activated, or when nobody is under way.
    """
    _check_it_may_start(campaign)
    rows = list(Enrollment.objects.open().filter(campaign=campaign).select_related("lead").order_by("pk"))
    if not rows:
        raise SimulationError(f"{campaign} has no lead under way: enroll leads, then simulate again.")
    accounts = _accounts(campaign, rows)
    return SimulatedWorld(
        campaign_id=str(campaign.pk),
        campaign=str(campaign),
        at=at,
        hours=_hours(campaign),
        accounts=_simulated_accounts(accounts, at),
        leads=tuple(_leads(campaign, rows, at)),
        remarks=tuple(_remarks(campaign, accounts)),
    )


def _check_it_may_start(campaign: Campaign) -> None:
    if campaign.status != Campaign.Status.DRAFT:
        return
    if problems := _problems(campaign):
        raise SimulationError(" ".join((f"{campaign} cannot be activated yet:", *problems)))


def _problems(campaign: Campaign) -> tuple[str, ...]:
    """Asking a campaign that has no sequence what stands against it would give it one, and nothing is written here."""
    if campaign.sequences.exists():
        return activation_problems(campaign)
    senders = () if accounts_of(campaign) else ("The campaign has no sender with a LinkedIn account.",)
    return ("The sequence has no steps.", *senders)


def _hours(campaign: Campaign) -> WorkingHours:
    try:
        return campaign.hours()
    except (CalendarError, ValueError, TypeError) as problem:
        raise SimulationError(f"{campaign} has no usable working hours: {problem}") from problem


# --- Accounts -------------------------------------------------------------------------------------------


def _accounts(campaign: Campaign, rows: Sequence[Enrollment]) -> list[Account]:
    """Those of the campaign's senders, and those that leads of former senders are still with."""
    keys = {account.pk for account in accounts_of(campaign)} | {row.account_id for row in rows}
    return list(Account.objects.filter(pk__in=keys).order_by("name", "pk"))


def _simulated_accounts(accounts: Sequence[Account], at: datetime) -> tuple[SimulatedAccount, ...]:
    known = allowances(accounts, at=at)
    provider_opens_at = breaker.opens_at() or at
    return tuple(
        SimulatedAccount(
            key=str(account.pk),
            name=account.name,
            day_zone=account.time_zone,
            limits={ActionKind(action.value): _limit(account, action, known) for action in Action},
            spacing_min_seconds=account.spacing_min_seconds,
            spacing_max_seconds=account.spacing_max_seconds,
            free_at=max(at, account.next_slot_at, provider_opens_at),
            stopped=_stopped(account),
        )
        for account in accounts
    )


def _limit(account: Account, action: Action, known: Allowances) -> Limit:
    allowance = known[(account.pk, action.value)]
    return Limit(allowance.cap, allowance.used, allowance.asleep_until)


def _stopped(account: Account) -> Because | None:
    """What keeps the account from sending until somebody mends it."""
    if account.status == Account.Status.DELETED:
        return Because.ACCOUNT_MISSING
    if account.status == Account.Status.RESTRICTED:
        return Because.ACCOUNT_RESTRICTED
    if account.status != Account.Status.OK:
        return Because.ACCOUNT_DISCONNECTED
    return Because.ACCOUNT_PAUSED if account.paused_at else None


# --- Leads ----------------------------------------------------------------------------------------------


def _leads(campaign: Campaign, rows: Sequence[Enrollment], at: datetime) -> Iterator[SimulatedLead]:
    """Numbered in the order of their enrollment, in which the engine takes equals too."""
    beside, sequences = _beside(campaign, rows), _sequences(campaign)
    for number, row in enumerate(rows):
        yield _lead(number, row, campaign, sequences.get(row.sequence_id, ()), beside, at)


def _beside(campaign: Campaign, rows: Sequence[Enrollment]) -> Beside:
    suppressed = frozenset(lead.pk for lead, entry in with_suppressions(row.lead for row in rows) if entry)
    connected = Connection.objects.filter(lead__enrollments__campaign=campaign)
    attempts = StepExecution.objects.filter(enrollment__campaign=campaign, outcome__in=("in_flight", "unknown"))
    return Beside(
        suppressed=suppressed,
        connected=frozenset(connected.values_list("account_id", "lead_id")),
        attempts=dict(attempts.values_list("enrollment_id", "outcome")),
    )


def _sequences(campaign: Campaign) -> dict[UUID, tuple[StepPlan, ...]]:
    """The steps of every version that the campaign had: a walk stays on the one it began with."""
    plans: dict[UUID, tuple[StepPlan, ...]] = {}
    for step in Step.objects.filter(sequence__campaign=campaign).order_by("sequence", "position"):
        plans[step.sequence_id] = (*plans.get(step.sequence_id, ()), step_plan(step))
    return plans


def _lead(
    number: int, row: Enrollment, campaign: Campaign, steps: tuple[StepPlan, ...], beside: Beside, at: datetime
) -> SimulatedLead:
    connected = row.connected_at is not None or (row.account_id, row.lead_id) in beside.connected
    walk = walk_of(row, is_connected=connected)
    if row.started_at is None:
        walk = replace(walk, started_at=at)
    if beside.attempts.get(row.pk) == StepExecution.Outcome.IN_FLIGHT:
        walk = after_step(steps, walk, at=at)  # it has taken its quota, and is as good as sent
    return SimulatedLead(
        number=number,
        account=str(row.account_id),
        steps=steps,
        walk=walk,
        due_at=row.next_action_at if row.next_action in STEP_ACTIONS else None,
        left_out=_left_out(row, campaign, beside),
    )


def _left_out(row: Enrollment, campaign: Campaign, beside: Beside) -> Because | None:
    """Why nothing goes to this lead until somebody does something, or ever."""
    if row.state == State.PAUSED:
        return Because.ENROLLMENT_PAUSED
    if row.lead_id in beside.suppressed:
        return Because.SUPPRESSED
    if row.replied_at or (row.lead.replied_at and not campaign.contact_after_reply):
        return Because.REPLIED
    if row.held_because:
        return Because(row.held_because)
    if not row.lead.identifier:
        return Because.NO_IDENTIFIER
    is_unknown = beside.attempts.get(row.pk) == StepExecution.Outcome.UNKNOWN
    return Because.OUTCOME_UNKNOWN if is_unknown else None


# --- Remarks --------------------------------------------------------------------------------------------


def _remarks(campaign: Campaign, accounts: Sequence[Account]) -> Iterator[str]:
    """What the projection takes for granted, and what it does not count."""
    if campaign.status == Campaign.Status.PAUSED:
        yield "The campaign is paused; this is what happens when it is resumed now."
    if campaign.client.paused_at:
        yield "The client is paused; this is what happens when it is resumed now."
    if not engine_is_on():
        yield "All automatic sending is switched off; this is what happens when it is switched on now."
    elsewhere = _leads_elsewhere(campaign, accounts)
    for account in accounts:
        if leads := elsewhere.get(account.pk):
            yield (
                f"Leads of other running campaigns with {account}: {leads}. "
                "The projection gives this campaign all of the account's day."
            )


def _leads_elsewhere(campaign: Campaign, accounts: Sequence[Account]) -> dict[UUID, int]:
    """Leads under way with these accounts in other running campaigns."""
    walking = Enrollment.objects.walking().filter(account__in=accounts, campaign__in=Campaign.objects.running())
    counts = walking.exclude(campaign=campaign).order_by().values_list("account_id").annotate(Count("pk"))
    return dict(counts)
