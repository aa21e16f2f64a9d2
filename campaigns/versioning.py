"""Editing the steps of a running campaign: a new version, and who goes over to it.

Leads stay on the version they began with until they are moved. A step keeps its `origin` through the versions, and a
step of one origin is sent to a lead once, whichever version it is on: the database refuses a second time.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from collections.abc import Sequence as Ordered
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction

from campaigns.calendars import hours_for
from campaigns.editing import StepDraft, write_steps
from campaigns.engine.walking import plan, subject_of
from campaigns.models import Campaign, Enrollment, Sequence, Step
from campaigns.querysets import EnrollmentQuerySet
from outreach.clients.models import User
from outreach.events.kinds import EventKind
from outreach.events.recording import Subject, operator, record

State = Enrollment.State


@dataclass(frozen=True, slots=True)
class Change:
    """What a new version would change, and for how many leads. Sentences speak of steps counted from 1."""

    changes: tuple[str, ...]
    movable: int  # leads under way who would find their place in the new version
    in_flight: int  # leads with a step being sent or of unknown outcome: they stay until it is settled
    astray: int  # leads whose next step is gone and who have no place after it

    @property
    def is_any(self) -> bool:
        return bool(self.changes)


@dataclass(frozen=True, slots=True)
class Published:
    sequence: Sequence
    moved: int
    stayed: int


def continued(
    old: Ordered[Step], drafts: Ordered[StepDraft], *, ever: Collection[UUID] = frozenset()
) -> list[StepDraft]:
    """The drafts, each with the origin of the step that it continues.

    What the draft says itself comes first; then a step of the same kind and the same text; then the step of the same
    kind at the same place. Whatever continues nothing is a new step. `ever` are the origins of all versions: a step
    that was taken out and comes back is the step that it was, and who had it does not get it again.
    """
    known = {step.origin for step in old} | set(ever)
    taken = {draft.origin for draft in drafts if draft.origin in known}
    found = [draft if draft.origin in known else replace(draft, origin=None) for draft in drafts]
    for alike in (_same_words, _same_place):
        for index, draft in enumerate(found):
            match = next((s for s in old if s.origin not in taken and alike(s, draft, index)), None)
            if draft.origin is None and match is not None:
                found[index] = replace(draft, origin=match.origin)
                taken.add(match.origin)
    return found


def _same_words(step: Step, draft: StepDraft, index: int) -> bool:
    return step.kind == draft.kind and step.text == draft.text and step.options == dict(draft.options)


def _same_place(step: Step, draft: StepDraft, index: int) -> bool:
    return step.kind == draft.kind and step.position == index


def drafts_of(steps: Iterable[Step]) -> list[StepDraft]:
    return [
        StepDraft(
            kind=step.kind,
            text=step.text,
            delay_amount=step.delay_amount,
            delay_unit=step.delay_unit,
            weight=step.weight,
            variants=step.variants,
            options=step.options,
            next_position=step.next_position,
            else_position=step.else_position,
            origin=step.origin,
        )
        for step in steps
    ]


def preview(*, campaign: Campaign, steps: Ordered[StepDraft]) -> Change:
    """What publishing these steps would change. Reads only; the steps are not checked yet."""
    current = _current(campaign)
    old = list(current.steps.order_by("position"))
    new = continued(old, steps, ever=_origins(campaign))
    standing = Counter(_standing(row, old, [draft.origin for draft in new]) for row in _under_way(campaign))
    return Change(
        changes=tuple(_differences(old, new)),
        movable=standing["movable"],
        in_flight=standing["in_flight"],
        astray=standing["astray"],
    )


def _differences(old: Ordered[Step], new: Ordered[StepDraft]) -> list[str]:
    before = {step.origin: (step.position, draft) for step, draft in zip(old, drafts_of(old), strict=True)}
    found = []
    for position, draft in enumerate(new):
        if draft.origin not in before:
            found.append(f"Step {position + 1} is new.")
            continue
        was_at, was = before[draft.origin]
        what = [name for name in ("text", "variants", "options") if _plain(was, name) != _plain(draft, name)]
        what += ["wait"] if (was.delay_amount, was.delay_unit) != (draft.delay_amount, draft.delay_unit) else []
        what += ["weight"] if was.weight != draft.weight else []
        ways = (was.next_position, was.else_position) != (draft.next_position, draft.else_position)
        what += ["way on"] if ways else []
        what += [f"place (was {was_at + 1})"] if was_at != position else []
        found += [f"Step {position + 1}: other {', '.join(what)}."] if what else []
    kept = {draft.origin for draft in new}
    return found + [f"Step {step.position + 1} of now is gone." for step in old if step.origin not in kept]


def _plain(draft: StepDraft, name: str) -> object:
    value = getattr(draft, name)
    return [dict(each) for each in value] if name == "variants" else dict(value) if name == "options" else value


def publish(*, campaign: Campaign, steps: Ordered[StepDraft], move: bool, by: User | None, at: datetime) -> Published:
    """Make these steps the campaign's newest version; with `move`, take over the leads who find their place in it.

    Raises ValidationError for steps that are wrong, or a campaign that is a draft (whose steps are simply replaced).
    """
    with transaction.atomic():
        row = Campaign.objects.select_for_update().get(pk=campaign.pk)
        if row.status == Campaign.Status.DRAFT:
            raise ValidationError(f"{campaign} is a draft: replace its steps instead.")
        if not steps:
            raise ValidationError("A running campaign needs at least one step.")
        old = _current(row)
        new = Sequence.objects.create(client_id=row.client_id, campaign=row, version=old.version + 1)
        write_steps(new, continued(list(old.steps.order_by("position")), steps, ever=_origins(row)))
        about = Subject(client_id=row.client_id, campaign_id=row.pk)
        record(
            EventKind.SEQUENCE_CHANGED,
            at=at,
            actor=operator(by),
            subject=about,
            version=new.version,
            steps=len(steps),
        )
        moved, stayed = _move_all(row, new, by, at) if move else (0, _under_way(row).count())
    return Published(new, moved, stayed)


def go_back(*, campaign: Campaign, move: bool, by: User | None, at: datetime) -> Published:
    """Publish the version before the newest once more. Raises ValidationError when there is none."""
    versions = list(campaign.sequences.order_by("-version")[:2])
    if len(versions) < 2:
        raise ValidationError(f"{campaign} has one version only; there is nothing to go back to.")
    return publish(campaign=campaign, steps=drafts_of(versions[1].steps.order_by("position")), move=move, by=by, at=at)


def move_to_newest(*, campaign: Campaign, by: User | None, at: datetime) -> tuple[int, int]:
    """Take leads of older versions over to the newest. Returns how many moved and how many stayed."""
    with transaction.atomic():
        row = Campaign.objects.select_for_update().get(pk=campaign.pk)
        return _move_all(row, _current(row), by, at)


# --- Moving leads ---------------------------------------------------------------------------------------


def _move_all(campaign: Campaign, new: Sequence, by: User | None, at: datetime) -> tuple[int, int]:
    steps = list(new.steps.order_by("position"))
    origins: list[UUID | None] = [step.origin for step in steps]
    olds: dict[UUID, list[Step]] = {}
    moved = stayed = 0
    rows = _under_way(campaign).exclude(sequence=new).select_related("lead", "account").order_by("pk")
    for row in rows.select_for_update(of=("self",)):
        row.campaign = campaign
        old = olds.setdefault(row.sequence_id, list(Step.objects.filter(sequence=row.sequence_id).order_by("position")))
        place = None if _is_flying(row) else _place(row, old, origins)
        if place is None:
            stayed += 1
            continue
        _move(row, new, place, steps, by, at)
        moved += 1
    return moved, stayed


def _move(row: Enrollment, new: Sequence, place: int, steps: list[Step], by: User | None, at: datetime) -> None:
    before = row.sequence.version
    row.sequence, row.position = new, place
    row.save(update_fields=["sequence", "position"])
    record(
        EventKind.SEQUENCE_MOVED,
        at=at,
        actor=operator(by),
        subject=subject_of(row),
        before=before,
        after=new.version,
        step=place,
    )
    if row.state == State.ACTIVE and not row.held_because:
        plan(row, steps=steps, hours=hours_for(row.campaign, row.lead), at=at, actor=operator(by))


def _standing(row: Enrollment, current: Ordered[Step], origins: Ordered[UUID | None]) -> str:
    if _is_flying(row):
        return "in_flight"
    old = current
    if current and row.sequence_id != current[0].sequence_id:
        old = list(Step.objects.filter(sequence=row.sequence_id).order_by("position"))
    return "astray" if _place(row, old, origins) is None else "movable"


def _place(row: Enrollment, old: Ordered[Step], origins: Ordered[UUID | None]) -> int | None:
    """Where the lead goes on in the new version: at its next step, else after the last step it has behind it.

    None when neither exists there: then it is safest to stay.
    """
    upcoming = next((step for step in old if step.position >= row.position), None)
    done = [step.origin for step in old if step.position < row.position]
    if upcoming is not None and upcoming.origin in origins:
        place = origins.index(upcoming.origin)
    elif kept := [origins.index(origin) for origin in done if origin in origins]:
        place = max(kept) + 1
    elif not done:
        place = 0
    else:
        return None
    return place


def _under_way(campaign: Campaign) -> EnrollmentQuerySet:
    return Enrollment.objects.filter(campaign=campaign).open()


def _is_flying(row: Enrollment) -> bool:
    return row.executions.filter(outcome__in=("in_flight", "unknown")).exists()


def _origins(campaign: Campaign) -> frozenset[UUID]:
    """Of every step that any version has, or had."""
    return frozenset(Step.objects.filter(sequence__campaign=campaign).values_list("origin", flat=True))


def _current(campaign: Campaign) -> Sequence:
    newest = campaign.sequences.order_by("-version").first()
    if newest is None:
        raise ValidationError(f"{campaign} has no steps yet.")
    return newest
