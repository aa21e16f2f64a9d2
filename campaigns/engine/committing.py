"""Committing to steps that the gate lets through: quota, slot, dispatch and execution, in the caller's savepoint.

What is written for one is written for ten by as many statements, as long as no step of the group bears on another's.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from campaigns.actions.contract import Job
from campaigns.actions.message import known_chats
from campaigns.actions.registry import action_for
from campaigns.engine.beginning import begin, is_new
from campaigns.models import Campaign, Enrollment, Step, StepExecution
from campaigns.planning.calendar import WorkingHours
from campaigns.planning.decisions import Because
from campaigns.planning.wordings import Wording
from integrations.allowances import Allowances
from integrations.batches import reserve_all
from integrations.dispatching import Intent, reserve
from outreach.events.recording import Actor


@dataclass(frozen=True, slots=True)
class Prospect:
    """A step that the gate lets through, of a locked walk."""

    enrollment: Enrollment
    step: Step
    wording: Wording
    hours: WorkingHours
    connected: bool


def unrelated(prospects: Iterable[Prospect]) -> list[Prospect]:
    """Those of which none changes what the gate says of another: one a person, and one new lead a company."""
    seen: set[tuple[object, ...]] = set()
    chosen = []
    for prospect in prospects:
        marks = set(_marks(prospect.enrollment))
        if not marks & seen:
            seen |= marks
            chosen.append(prospect)
    return chosen


def _marks(walk: Enrollment) -> Iterable[tuple[object, ...]]:
    lead = walk.lead
    yield "lead", walk.lead_id
    if lead.email:
        yield "email", walk.client_id, lead.email.lower()
    if is_new(walk) and lead.company_key:
        yield "company", walk.client_id, lead.company_key


def commit_to(prospects: Sequence[Prospect], allowances: Allowances, *, at: datetime) -> list[Job]:
    """Write the intents: all of them or, when the database refuses one, none. Their appointments are taken away.

    Raises CannotReserve, or IntegrityError when a step is under way or done already.
    """
    _begin([prospect.enrollment for prospect in prospects], at)
    earlier = _refused_before(prospects)
    chats = known_chats(
        [each.enrollment.account_id for each in prospects],
        [each.enrollment.lead.provider_id for each in prospects if action_for(each.step.kind).writes],
    )
    intents = []
    for prospect in prospects:
        walk = prospect.enrollment
        chat = chats.get((walk.account_id, walk.lead.provider_id), "") if action_for(prospect.step.kind).writes else ""
        intents.append(_intent(prospect, earlier[walk.pk], chat, at))
    # One alone is told which of its quotas is used up.
    dispatches = [reserve(intents[0], at=at)] if len(intents) == 1 else reserve_all(intents, allowances, at=at)
    executions = [
        StepExecution(
            client_id=prospect.enrollment.client_id,
            enrollment=prospect.enrollment,
            step=prospect.step,
            attempt=len(earlier[prospect.enrollment.pk]) + 1,
            dispatch=dispatch,
            # Bare, none of the step's texts is tried on this lead.
            variant=prospect.wording.variant if dispatch.text or not prospect.wording.text else "",
            text=dispatch.text,
            reserved_at=at,
        )
        for prospect, dispatch in zip(prospects, dispatches, strict=True)
    ]
    StepExecution.objects.bulk_create(executions)
    _take_appointments([prospect.enrollment for prospect in prospects])
    return [
        Job(prospect.enrollment, prospect.step, execution, dispatch, connected=prospect.connected)
        for prospect, execution, dispatch in zip(prospects, executions, dispatches, strict=True)
    ]


def _begin(walks: Sequence[Enrollment], at: datetime) -> None:
    by_campaign: dict[Campaign, list[Enrollment]] = defaultdict(list)
    for walk in walks:
        by_campaign[walk.campaign].append(walk)
    for campaign, mine in by_campaign.items():
        begin(mine, campaign=campaign, at=at)


def _refused_before(prospects: Sequence[Prospect]) -> dict[UUID, list[str]]:
    """Why earlier attempts at these steps were refused, by walk."""
    steps = {each.enrollment.pk: each.step.pk for each in prospects}
    found: dict[UUID, list[str]] = {key: [] for key in steps}
    rows = StepExecution.objects.filter(enrollment__in=steps, step__in=set(steps.values())).order_by()
    for walk, step, because in rows.values_list("enrollment_id", "step_id", "because"):
        if steps[walk] == step:
            found[walk].append(because)
    return found


def _intent(prospect: Prospect, earlier: Sequence[str], chat_id: str, at: datetime) -> Intent:
    walk, step, kind = prospect.enrollment, prospect.step, action_for(prospect.step.kind)
    return Intent(
        # The origin, not the step: what one version of the sequence has sent, no later version sends again.
        key=f"step:{walk.pk}:{step.origin}",
        account=walk.account,
        action=kind.action,
        person=walk.lead.provider_id,
        text="" if kind.goes_bare(step, earlier) else prospect.wording.text,
        actor=Actor.ENGINE,
        provider_chat_id=chat_id,
        data=dict(prospect.wording.options),
        share=prospect.hours.share_at(at),
    )


def _take_appointments(walks: Sequence[Enrollment]) -> None:
    Enrollment.objects.filter(pk__in=[walk.pk for walk in walks]).update(
        next_account=None, next_action="", next_action_at=None, waiting_because=Because.IN_FLIGHT
    )
