"""From rows to a simulated world. Reads only."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Max, OuterRef, Q, Subquery

from campaigns.actions.manual_task import Task
from campaigns.actions.move_on import MoveOn
from campaigns.actions.registry import action_for, kind_of
from campaigns.actions.set_field import SetField
from campaigns.actions.tagging import AddTag, RemoveTag
from campaigns.activating import activation_problems
from campaigns.calendars import working_hours
from campaigns.engine.facts import COOL_DOWN
from campaigns.engine.walking import step_plan, walk_of
from campaigns.enrolling import accounts_of
from campaigns.models import Campaign, CampaignDay, Enrollment, Step, StepExecution
from campaigns.planning.calendar import CalendarError, WorkingHours
from campaigns.planning.conditions import LeadFacts
from campaigns.planning.decisions import ActionKind, Because
from campaigns.planning.delays import Delay, DelayUnit
from campaigns.planning.pacing import local_day
from campaigns.planning.sequencing import StepPlan
from campaigns.simulating.projecting import after_step
from campaigns.simulating.world import Limit, Nature, SimulatedAccount, SimulatedLead, SimulatedWorld
from campaigns.stopping import engine_is_on
from campaigns.tokens import values_for
from campaigns.wording import variant_for
from integrations import breaker
from integrations.allowances import Allowances, allowances
from integrations.limits import MONTH
from integrations.models import Account, Action, Usage
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
    lately: Mapping[UUID, datetime]  # leads that another campaign has written to: until when they are left alone
    elsewhere: frozenset[UUID]  # leads who wait for their walk in another campaign
    cooling: Mapping[UUID, datetime]  # leads whose invitation was withdrawn: when they may be invited again
    variants: Mapping[UUID, Mapping[int, str]]  # of enrollments: which texts they got


def read_world(campaign: Campaign, *, at: datetime) -> SimulatedWorld:
    """The campaign as it stands, read in a number of queries that hardly grows with its leads.

    Raises SimulationError when a draft could not be activated, or when nobody is under way.
    """
    _check_it_may_start(campaign)
    rows = list(
        Enrollment.objects.open().filter(campaign=campaign).select_related("lead", "account__sender").order_by("pk")
    )
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
        new_leads_per_day=campaign.new_leads_per_day,
        begun_today=_begun_today(campaign, at),
        withdraw_after=timedelta(days=campaign.withdraw_after_days),
        company_limit=campaign.company_limit,
        colleague_pause=timedelta(days=campaign.colleague_pause_days),
    )


def _begun_today(campaign: Campaign, at: datetime) -> int:
    rows = CampaignDay.objects.filter(campaign=campaign, day=local_day(at, campaign.time_zone))
    return rows.values_list("begun", flat=True).first() or 0


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
    known, spent, pending = allowances(accounts, at=at), _spent(accounts, at), _pending(accounts)
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
            tuning=account.tuning(),
            spent=spent[account.pk],
            pending=pending.get(account.pk, 0),
            pending_ceiling=account.pending_ceiling,
        )
        for account in accounts
    )


def _spent(accounts: Sequence[Account], at: datetime) -> defaultdict[UUID, dict[ActionKind, dict[date, int]]]:
    """What was used on the days that the ceilings look back on; what the owner did by hand counts."""
    found: defaultdict[UUID, dict[ActionKind, dict[date, int]]] = defaultdict(dict)
    first = at.date() - timedelta(days=MONTH)
    rows = Usage.objects.filter(account__in=accounts, day__gte=first)
    for account, action, day, used, observed in rows.values_list("account_id", "action", "day", "used", "observed"):
        found[account].setdefault(ActionKind(action), {})[day] = used + observed
    return found


def _pending(accounts: Sequence[Account]) -> dict[UUID, int]:
    """Invitations of every campaign that are out."""
    out = Enrollment.objects.filter(
        account__in=accounts, invited_at__isnull=False, connected_at__isnull=True, withdrawn_at__isnull=True
    )
    return dict(out.order_by().values_list("account_id").annotate(Count("pk")))


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
    beside, sequences = _beside(campaign, rows, at), _sequences(campaign)
    for number, row in enumerate(rows):
        row.campaign = campaign
        yield _lead(number, row, campaign, sequences.get(row.sequence_id, NO_STEPS), beside, at)


def _beside(campaign: Campaign, rows: Sequence[Enrollment], at: datetime) -> Beside:
    suppressed = frozenset(lead.pk for lead, entry in with_suppressions(row.lead for row in rows) if entry)
    connected = Connection.objects.filter(lead__enrollments__campaign=campaign)
    attempts = StepExecution.objects.filter(enrollment__campaign=campaign, outcome__in=("in_flight", "unknown"))
    return Beside(
        suppressed=suppressed,
        connected=frozenset(connected.values_list("account_id", "lead_id")),
        attempts=dict(attempts.values_list("enrollment_id", "outcome")),
        lately=_lately(campaign, at),
        elsewhere=_elsewhere(campaign),
        cooling=_cooling(campaign, at),
        variants=_variants_taken(campaign),
    )


def _lately(campaign: Campaign, at: datetime) -> Mapping[UUID, datetime]:
    if not campaign.not_again_within_days:
        return {}
    pause = timedelta(days=campaign.not_again_within_days)
    sent = StepExecution.objects.filter(outcome="sent", dispatch__called_at__gt=at - pause)
    sent = sent.filter(enrollment__lead__enrollments__campaign=campaign).exclude(enrollment__campaign=campaign)
    last = sent.order_by().values_list("enrollment__lead").annotate(last=Max("dispatch__called_at"))
    return {lead: moment + pause for lead, moment in last}


def _elsewhere(campaign: Campaign) -> frozenset[UUID]:
    """Who is in another running campaign that goes first: it has begun, or enrolled the lead earlier."""
    if not campaign.one_campaign_at_a_time:
        return frozenset()
    others = Enrollment.objects.open().filter(campaign__status=Campaign.Status.ACTIVE).exclude(campaign=campaign)
    here = Enrollment.objects.filter(campaign=campaign, lead=OuterRef("lead"))
    both: Any = others.annotate(enrolled_here=Subquery(here.values("enrolled_at")[:1]))
    first = Q(last_done_at__isnull=False) | Q(enrolled_at__lt=F("enrolled_here"))
    return frozenset(both.filter(first, enrolled_here__isnull=False).values_list("lead_id", flat=True))


def _cooling(campaign: Campaign, at: datetime) -> Mapping[UUID, datetime]:
    walks = Enrollment.objects.filter(lead__enrollments__campaign=campaign, withdrawn_at__gt=at - COOL_DOWN)
    last = walks.order_by().values_list("lead").annotate(last=Max("withdrawn_at"))
    return {lead: moment + COOL_DOWN for lead, moment in last}


def _variants_taken(campaign: Campaign) -> Mapping[UUID, Mapping[int, str]]:
    taken: defaultdict[UUID, dict[int, str]] = defaultdict(dict)
    rows = StepExecution.objects.filter(enrollment__campaign=campaign).exclude(variant="")
    for enrollment, position, variant in rows.values_list("enrollment_id", "step__position", "variant"):
        taken[enrollment][position] = variant
    return taken


@dataclass(frozen=True, slots=True)
class Steps:
    """One version of the sequence, as planning and the simulation know it."""

    plans: tuple[StepPlan, ...] = ()
    natures: Mapping[int, Nature] = field(default_factory=dict)
    varied: tuple[Step, ...] = ()  # those with several texts


NO_STEPS = Steps()


def _sequences(campaign: Campaign) -> dict[UUID, Steps]:
    """The steps of every version that the campaign had: a walk stays on the one it began with."""
    rows: defaultdict[UUID, list[Step]] = defaultdict(list)
    for step in Step.objects.filter(sequence__campaign=campaign).order_by("sequence", "position"):
        rows[step.sequence_id].append(step)
    return {
        key: Steps(
            plans=tuple(step_plan(step) for step in steps),
            natures={step.position: nature_of(step) for step in steps},
            varied=tuple(step for step in steps if step.variants),
        )
        for key, steps in rows.items()
    }


def nature_of(step: Step) -> Nature:
    """What the simulation has to know of a kind of step beside its place in the sequence."""
    kind, options = kind_of(step.kind), step.options
    if step.kind == Step.Kind.CONNECTION_REQUEST:
        bare = action_for(step.kind).may_go_bare(step)
        return Nature(has_note=any(text.strip() for _, _, text in step.texts()), may_go_bare=bare)
    patience = None
    if kind.branches and "within_amount" in options:
        patience = Delay(int(options["within_amount"]), DelayUnit(options.get("within_unit", "days")))
    tag = str(options.get("tag", "")).strip()
    return Nature(
        question=options if kind.branches else None,
        patience=patience,
        is_task=step.kind == Task.kind,
        ends=kind.ends,
        moves=step.kind == MoveOn.kind,
        tag=tag if step.kind == AddTag.kind else "",
        untag=tag if step.kind == RemoveTag.kind else "",
        field=(str(options["field"]), str(options.get("value", ""))) if step.kind == SetField.kind else None,
    )


def _lead(
    number: int, row: Enrollment, campaign: Campaign, sequence: Steps, beside: Beside, at: datetime
) -> SimulatedLead:
    steps = sequence.plans
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
        natures=sequence.natures,
        facts=_facts(row, sequence, beside) if any(each.question for each in sequence.natures.values()) else NO_FACTS,
        company=row.lead.company,
        hours=_own_hours(row, campaign),
        not_before=_not_before(row, beside),
    )


NO_FACTS = LeadFacts()


def _facts(row: Enrollment, sequence: Steps, beside: Beside) -> LeadFacts:
    """What conditions may ask of the lead and does not change by itself. Texts still to come are known already."""
    variants = {step.position: variant_for(row, step)[0] for step in sequence.varied}
    return LeadFacts(
        has_answered=row.lead.replied_at is not None,
        has_linkedin=bool(row.lead.identifier),
        has_email=bool(row.lead.email),
        tags=frozenset(map(str, row.lead.tags)),
        fields=values_for(row.lead, row.account.sender),
        variants={**variants, **beside.variants.get(row.pk, {})},
    )


@lru_cache(maxsize=1024)
def _hours_in(campaign: Campaign, zone: str) -> WorkingHours:
    return working_hours(campaign, zone)


def _own_hours(row: Enrollment, campaign: Campaign) -> WorkingHours | None:
    """The hours by the lead's own clock, where the campaign keeps them and the lead has one."""
    if not campaign.use_lead_time_zone or not row.lead.time_zone:
        return None
    return _hours_in(campaign, row.lead.time_zone)


def _not_before(row: Enrollment, beside: Beside) -> datetime | None:
    untouched = row.last_done_at is None and row.invited_at is None
    waits = (
        row.resting_until,
        beside.lately.get(row.lead_id) if untouched else None,
        beside.cooling.get(row.lead_id) if row.invited_at is None else None,
    )
    return max((each for each in waits if each is not None), default=None)


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
    if row.lead_id in beside.elsewhere and row.last_done_at is None and row.invited_at is None:
        return Because.OTHER_CAMPAIGN
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
