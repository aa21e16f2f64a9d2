"""Writing and checking the steps of a sequence. What is wrong is said when it is saved, not when it is sent."""

from collections.abc import Mapping
from collections.abc import Sequence as Ordered
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction

from campaigns.actions.contract import StepKind, TextUse
from campaigns.actions.registry import KINDS, kind_of
from campaigns.models import Campaign, Sequence, Step
from campaigns.planning.branching import Turn, shape_problems
from campaigns.planning.delays import Delay, DelayUnit
from campaigns.rendering import problems
from campaigns.tokens import custom_fields_of
from outreach.clients.models import User
from outreach.events.kinds import EventKind
from outreach.events.recording import Subject, operator, record

MOST_VARIANTS = 10


@dataclass(frozen=True, slots=True)
class StepDraft:
    """A step as an operator writes it. `origin` says which step of an earlier version it continues, if one."""

    kind: str
    text: str = ""
    delay_amount: int = 0
    delay_unit: str = Step.Unit.WORKING_DAYS
    weight: int = 1
    variants: Ordered[Mapping[str, Any]] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    next_position: int | None = None
    else_position: int | None = None
    origin: UUID | None = None


def check_step(step: Step) -> None:
    """Raises ValidationError for a text that is missing, malformed, or uses a token that does not exist, and for
    options that the kind of step does not take."""
    if step.kind not in KINDS:
        raise ValidationError({"kind": f"{step.kind!r} is not a kind of step: {', '.join(KINDS)}."})
    try:
        Delay(step.delay_amount, DelayUnit(step.delay_unit))
    except ValueError as problem:
        raise ValidationError({"delay_amount": f"This wait cannot be: {problem}."}) from problem
    kind = kind_of(step.kind)
    if found := _about_options(step, kind):
        raise ValidationError({"options": found})
    if found := _about_variants(step, kind):
        raise ValidationError({"variants": found})
    if found := [sentence for _, _, text in step.texts() for sentence in _about_text(text, step, kind)]:
        raise ValidationError({"text": found})


def _about_options(step: Step, kind: StepKind) -> list[str]:
    if not isinstance(step.options, dict):
        return ["Options are names with values."]
    strange = [name for name in step.options if name not in kind.options]
    if strange:
        known = ", ".join(kind.options) or "none"
        return [f"{kind.label} does not take {', '.join(map(repr, strange))}; it takes {known}."]
    custom = custom_fields_of(step.client)
    return kind.problems(step, step.client) or [
        problem.message
        for name in kind.worded_options
        for problem in problems(str(step.options.get(name, "")), custom_fields=custom, limit=None)
    ]


def _about_variants(step: Step, kind: StepKind) -> list[str]:
    """Texts to try against each other: each with a label of its own and a weight."""
    if not isinstance(step.variants, list) or not all(_is_variant(each) for each in step.variants):
        return ['Give each variant as {"label": "B", "weight": 1, "text": "…"}.']
    labels = [label for label, _, _ in step.texts()]
    if len(set(labels)) < len(labels):
        return ["Every variant has a label of its own; the step's own text is A."]
    if len(labels) > MOST_VARIANTS:
        return [f"A step has at most {MOST_VARIANTS} texts."]
    if step.variants and kind.text is TextUse.NONE:
        return [f"{kind.label} has no text, so there is nothing to vary."]
    return [] if any(weight for _, weight, _ in step.texts()) else ["Give at least one text a weight above 0."]


def _is_variant(each: Any) -> bool:
    if not isinstance(each, dict) or set(each) != {"label", "weight", "text"}:
        return False
    label, weight = each["label"], each["weight"]
    is_weight = isinstance(weight, int) and not isinstance(weight, bool) and 0 <= weight <= 1000
    return is_weight and isinstance(label, str) and 0 < len(label) <= 10 and isinstance(each["text"], str)


def _about_text(text: str, step: Step, kind: StepKind) -> list[str]:
    if kind.text is TextUse.NONE:
        return [f"{kind.label} has no text."] if text.strip() else []
    if not text.strip():
        return [f"A {kind.label.lower()} needs a text."] if kind.text is TextUse.REQUIRED else []
    found = problems(text, custom_fields=custom_fields_of(step.client), limit=kind.text_limit(None))
    return [problem.message for problem in found]


def turns_of(steps: Ordered[Step]) -> list[Turn]:
    """The steps as the shape of a walk."""
    kinds = [(step, kind_of(step.kind)) for step in steps]
    return [
        Turn(kind.label, step.next_position, step.else_position, branches=kind.branches, ends=kind.ends)
        for step, kind in kinds
    ]


def check_shape(steps: Ordered[Step]) -> None:
    """Raises ValidationError for steps that are never reached, that lead back or nowhere, or ask amiss of others."""
    kinds = [kind_of(step.kind) for step in steps]
    turns = turns_of(steps)
    found = list(shape_problems(turns)) or [
        f"Step {step.position + 1}: {sentence}"
        for step, kind in zip(steps, kinds, strict=True)
        for sentence in kind.problems_among(step, steps)
    ]
    if found:
        raise ValidationError(found)


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
    write_steps(sequence, steps)
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


def check_drafts(drafts: Ordered[StepDraft], *, campaign: Campaign) -> None:
    """Raises ValidationError naming the step that is wrong, as writing them would. Writes nothing."""
    sequence = Sequence(client_id=campaign.client_id, campaign=campaign)
    check_shape([step_of(sequence, position, draft) for position, draft in enumerate(drafts)])


def write_steps(sequence: Sequence, steps: Ordered[StepDraft]) -> list[Step]:
    """Write the steps of an empty sequence. Raises ValidationError naming the step that is wrong."""
    written = [step_of(sequence, position, draft) for position, draft in enumerate(steps)]
    check_shape(written)
    for step in written:
        step.save(force_insert=True)
    return written


def step_of(sequence: Sequence, position: int, draft: StepDraft) -> Step:
    """The step as it would be written. Raises ValidationError naming the step that is wrong."""
    step = Step(
        client_id=sequence.client_id,
        sequence=sequence,
        position=position,
        kind=draft.kind,
        text=draft.text,
        delay_amount=draft.delay_amount,
        delay_unit=draft.delay_unit,
        weight=draft.weight,
        variants=[dict(each) for each in draft.variants],
        options=dict(draft.options),
        next_position=draft.next_position,
        else_position=draft.else_position,
        **({"origin": draft.origin} if draft.origin else {}),
    )
    try:
        step.full_clean(exclude=["client", "sequence"], validate_unique=False)
    except ValidationError as problem:
        raise ValidationError([f"Step {position + 1}: {sentence}" for sentence in problem.messages]) from problem
    return step
