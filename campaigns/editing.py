"""Writing and checking the steps of a sequence. What is wrong is said when it is saved, not when it is sent."""

from collections.abc import Sequence as Ordered
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction

from campaigns.actions.registry import action_for
from campaigns.models import Campaign, Sequence, Step
from campaigns.planning.delays import Delay, DelayUnit
from campaigns.rendering import problems
from campaigns.wording import custom_fields_of
from outreach.clients.models import User
from outreach.events.kinds import EventKind
from outreach.events.recording import Subject, operator, record

MAY_BE_BARE = frozenset({Step.Kind.CONNECTION_REQUEST})


@dataclass(frozen=True, slots=True)
class StepDraft:
    """A step as an operator writes it."""

    kind: str
    text: str = ""
    delay_amount: int = 0
    delay_unit: str = Step.Unit.WORKING_DAYS


def check_step(step: Step) -> None:
    """Raises ValidationError for a text that is missing, malformed, or uses a token that does not exist."""
    if step.kind not in Step.Kind.values:
        raise ValidationError({"kind": f"{step.kind!r} is not a kind of step: {', '.join(Step.Kind.values)}."})
    try:
        Delay(step.delay_amount, DelayUnit(step.delay_unit))
    except ValueError as problem:
        raise ValidationError({"delay_amount": f"This wait cannot be: {problem}."}) from problem
    if not step.text.strip():
        if step.kind in MAY_BE_BARE:
            return
        raise ValidationError({"text": "A message needs a text."})
    found = problems(
        step.text, custom_fields=custom_fields_of(step.client), limit=action_for(step.kind).text_limit(None)
    )
    if found:
        raise ValidationError({"text": [problem.message for problem in found]})


def replace_steps(*, campaign: Campaign, steps: Ordered[StepDraft], by: User | None, at: datetime) -> Sequence:
    """Write the steps of a draft campaign, all or none. Raises ValidationError naming the step that is wrong."""
    with transaction.atomic():
        row = Campaign.objects.select_for_update().get(pk=campaign.pk)
        return _replace(row, steps, by, at)


def _replace(campaign: Campaign, steps: Ordered[StepDraft], by: User | None, at: datetime) -> Sequence:
    if campaign.status != Campaign.Status.DRAFT:
        raise ValidationError(
            f"{campaign} is {campaign.get_status_display().lower()}; only a draft's steps can be replaced."
        )
    sequence = sequence_of(campaign)
    sequence.steps.all().delete()
    for position, draft in enumerate(steps):
        _add(sequence, position, draft)
    record(
        EventKind.SEQUENCE_CHANGED,
        at=at,
        actor=operator(by),
        subject=Subject(client_id=campaign.client_id, campaign_id=campaign.pk),
        version=sequence.version,
        steps=len(steps),
    )
    return sequence


def sequence_of(campaign: Campaign) -> Sequence:
    """The campaign's current sequence, made when there is none."""
    newest = campaign.sequences.order_by("-version").first()
    return newest or Sequence.objects.create(client_id=campaign.client_id, campaign=campaign)


def _add(sequence: Sequence, position: int, draft: StepDraft) -> Step:
    step = Step(
        client_id=sequence.client_id,
        sequence=sequence,
        position=position,
        kind=draft.kind,
        text=draft.text,
        delay_amount=draft.delay_amount,
        delay_unit=draft.delay_unit,
    )
    try:
        step.full_clean(exclude=["client", "sequence"], validate_unique=False)
    except ValidationError as problem:
        raise ValidationError([f"Step {position + 1}: {sentence}" for sentence in problem.messages]) from problem
    step.save(force_insert=True)
    return step
