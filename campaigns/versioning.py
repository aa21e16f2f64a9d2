"""Editing the steps of a running campaign: a new version, and who goes over to it.

Leads stay on the version they began with until they are moved. A step keeps its `origin` through the versions, and a
step of one origin is sent to a lead once, whichever version it is on: the database refuses a second time.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from collections.abc import Sequence as Ordered
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Q, QuerySet

from campaigns.actions.registry import kind_of
from campaigns.activating import problems_of_steps
from campaigns.calendars import hours_for
from campaigns.editing import StepDraft, step_of, write_steps
from campaigns.engine.walking import plan, release, subject_of
from campaigns.enrolling import accounts_of
from campaigns.models import Campaign, Enrollment, ManualTask, Sequence, Step, StepExecution
from campaigns.planning.decisions import Because
from campaigns.querysets import EnrollmentQuerySet
from outreach.clients.models import User
from outreach.clients.querysets import ClientOwnedQuerySet
from outreach.events.kinds import EventKind
from outreach.events.recording import Subject, operator, record

State = Enrollment.State
# The next step has begun: a task is open, or a condition is being waited for.
BEGUN_WITH = frozenset({Because.AWAITING_TASK, Because.AWAITING_CONDITION})

# Holds that the words or the settings of a step have caused: other words may end them.
ABOUT_THE_STEP = frozenset(
    {Because.TEXT_REFUSED, Because.TEXT_UNFIT, Because.MISSING_VALUE, Because.FEATURE_MISSING, Because.GAVE_UP}
)


@dataclass(frozen=True, slots=True)
class Change:
    """What a new version would change, and for how many leads. Sentences speak of steps counted from 1."""

    changes: tuple[str, ...]
    movable: int  # leads under way who would find their place in the new version
    in_flight: int  # leads with a step being sent or of unknown outcome: they stay until it is settled
    astray: int  # leads whose next step is gone and who have no place after it
    version: int  # the newest one, which the change is against

    @property
    def is_any(self) -> bool:
        return bool(self.changes)


@dataclass(frozen=True, slots=True)
class Published:
    sequence: Sequence
    moved: int
    stayed: int


def continued(old: Ordered[Step], drafts: Ordered[StepDraft], *, known: Mapping[UUID, str]) -> list[StepDraft]:
    """The drafts, each with the origin of the step that it continues; `known` are the kinds of all versions' steps.

    What the draft says itself comes first, when it is of the same kind; then a step of the same kind and the same
    text; then the step of the same kind at the same place. Whatever continues nothing is a new step.
    """
    found = [draft if _continues(draft, known) else replace(draft, origin=None) for draft in drafts]
    taken = {draft.origin for draft in found if draft.origin}
    for alike in (_same_words, _same_place):
        for index, draft in enumerate(found):
            match = next((s for s in old if s.origin not in taken and alike(s, draft, index)), None)
            if draft.origin is None and match is not None:
                found[index] = replace(draft, origin=match.origin)
                taken.add(match.origin)
    return found


def _continues(draft: StepDraft, known: Mapping[UUID, str]) -> bool:
    return draft.origin is not None and known.get(draft.origin) == draft.kind


def _known(campaign: Campaign) -> dict[UUID, str]:
    """The steps of all versions: what was taken out comes back as the same step."""
    rows = Step.objects.filter(sequence__campaign=campaign).order_by("sequence__version")
    return dict(rows.values_list("origin", "kind"))


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
    """What publishing these steps would change. Reads only. Raises ValidationError for steps that are wrong."""
    current = _current(campaign)
    old = list(current.steps.order_by("position"))
    new = continued(old, steps, known=_known(campaign))
    _check(campaign, [step_of(current, place, draft) for place, draft in enumerate(new)])
    olds = {current.pk: old}
    standing = Counter(_standing(row, new, olds) for row in _under_way(campaign))
    return Change(
        changes=tuple(_differences(old, new)),
        movable=standing["movable"],
        in_flight=standing["in_flight"],
        astray=standing["astray"],
        version=current.version,
    )


def _check(campaign: Campaign, steps: list[Step]) -> None:
    """New steps of a running campaign are held against everything that its first ones were."""
    if not steps:
        raise ValidationError("A running campaign needs at least one step.")
    twice = [origin for origin, count in Counter(step.origin for step in steps).items() if count > 1]
    if twice:
        places = [step.position + 1 for step in steps if step.origin == twice[0]]
        raise ValidationError(f"Steps {places[0]} and {places[1]} both continue the same step; leave one origin out.")
    if problems := problems_of_steps(steps, accounts_of(campaign)):
        raise ValidationError(list(problems))


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


def publish(
    *,
    campaign: Campaign,
    steps: Ordered[StepDraft],
    move: bool,
    by: User | None,
    at: datetime,
    based_on: int | None = None,
) -> Published:
    """Make these steps the campaign's newest version; with `move`, take over the leads who find their place in it.

    `based_on` is the version that the editor has seen. Raises ValidationError when it is no longer the newest, for
    steps that are wrong, and for a campaign that is a draft (whose steps are simply replaced).
    """
    with transaction.atomic():
        row = Campaign.objects.select_for_update().get(pk=campaign.pk)
        if row.status == Campaign.Status.DRAFT:
            raise ValidationError(f"{campaign} is a draft: replace its steps instead.")
        old = _current(row)
        _refuse_stale(old, based_on)
        drafts = continued(list(old.steps.order_by("position")), steps, known=_known(row))
        new = Sequence.objects.create(client_id=row.client_id, campaign=row, version=old.version + 1)
        _check(row, write_steps(new, drafts))
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


def _refuse_stale(newest: Sequence, based_on: int | None) -> None:
    if based_on is not None and newest.version != based_on:
        raise ValidationError(
            f"Somebody has published version {newest.version} meanwhile; this is about version {based_on}. "
            "Look at the steps as they are now, and change them again."
        )


def go_back(*, campaign: Campaign, move: bool, by: User | None, at: datetime, based_on: int | None = None) -> Published:
    """Publish the version before the newest once more. Raises ValidationError when there is none."""
    versions = list(campaign.sequences.order_by("-version")[:2])
    if len(versions) < 2:
        raise ValidationError(f"{campaign} has one version only; there is nothing to go back to.")
    seen = based_on if based_on is not None else versions[0].version
    steps = drafts_of(versions[1].steps.order_by("position"))
    return publish(campaign=campaign, steps=steps, move=move, by=by, at=at, based_on=seen)


def move_to_newest(*, campaign: Campaign, by: User | None, at: datetime) -> tuple[int, int]:
    """Take leads of older versions over to the newest. Returns how many moved and how many stayed."""
    with transaction.atomic():
        row = Campaign.objects.select_for_update().get(pk=campaign.pk)
        return _move_all(row, _current(row), by, at)


def versions_of(campaign: Campaign) -> QuerySet[Sequence]:
    """The newest first, each with `step_count` and the `leads` under way on it."""
    under_way = Count("enrollments", filter=Q(enrollments__state__in=Enrollment.OPEN), distinct=True)
    return campaign.sequences.annotate(step_count=Count("steps", distinct=True), leads=under_way).order_by("-version")


# --- Moving leads ---------------------------------------------------------------------------------------


def _move_all(campaign: Campaign, new: Sequence, by: User | None, at: datetime) -> tuple[int, int]:
    steps = list(new.steps.order_by("position"))
    olds: dict[UUID, list[Step]] = {}
    moved = stayed = 0
    rows = _under_way(campaign).exclude(sequence=new).select_related("lead", "account", "sequence").order_by("pk")
    for row in rows.select_for_update(of=("self",)):
        row.campaign = campaign
        old = _steps_of(row, olds)
        place = None if row.is_flying else _place(row, old, steps)
        if place is None:
            stayed += 1
            continue
        _move(row, new, place, old, steps, by, at)
        moved += 1
    return moved, stayed


def _move(
    row: Enrollment,
    new: Sequence,
    place: int,
    old: Ordered[Step],
    steps: list[Step],
    by: User | None,
    at: datetime,
) -> None:
    before, upcoming = row.sequence.version, _upcoming(row, old)
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
    _take_tasks_along(row, steps, at)
    if row.state != State.ACTIVE:
        return
    hours = hours_for(row.campaign, row.lead)
    if not row.held_because:
        plan(row, steps=steps, hours=hours, at=at, actor=operator(by))
    elif row.held_because in ABOUT_THE_STEP and not _is_the_same(upcoming, _upcoming(row, steps)):
        release(row, steps=steps, hours=hours, at=at, actor=operator(by))


def _take_tasks_along(row: Enrollment, steps: Ordered[Step], at: datetime) -> None:
    """An open task belongs to the same step of the new version; without one, nobody needs to do it any more."""
    upcoming = _upcoming(row, steps)
    for task in ManualTask.objects.filter(enrollment=row, state=ManualTask.State.OPEN).select_related("step"):
        if upcoming is not None and upcoming.origin == task.step.origin:
            task.step = upcoming
        else:
            task.state, task.closed_at = ManualTask.State.DROPPED, at
        task.save(update_fields=["step", "state", "closed_at"])


def _is_the_same(one: Step | None, other: Step | None) -> bool:
    if one is None or other is None:
        return one is other
    return one.origin == other.origin and one.texts() == other.texts() and one.options == other.options


def _upcoming(row: Enrollment, steps: Ordered[Step]) -> Step | None:
    return next((step for step in steps if step.position >= row.position), None)


def _steps_of(row: Enrollment, olds: dict[UUID, list[Step]]) -> list[Step]:
    if row.sequence_id not in olds:
        olds[row.sequence_id] = list(Step.objects.filter(sequence=row.sequence_id).order_by("position"))
    return olds[row.sequence_id]


def _standing(row: Enrollment, new: Ordered[StepDraft], olds: dict[UUID, list[Step]]) -> str:
    if row.is_flying:
        return "in_flight"
    return "astray" if _place(row, _steps_of(row, olds), new) is None else "movable"


def _place(row: Enrollment, old: Ordered[Step], new: Ordered[Step | StepDraft]) -> int | None:
    """Where the lead goes on in the new version: at its next step, or at what was put between that and the last step
    it had; where the next step is gone, after the last it had. None when neither exists there: it is safest to stay.
    """
    origins = [step.origin for step in new]
    upcoming = _upcoming(row, old)
    behind = {step.origin for step in old if step.position < row.position}
    if upcoming is not None and upcoming.origin in origins:
        place = origins.index(upcoming.origin)
        if _is_straight(old) and _is_straight(new) and row.waiting_because not in BEGUN_WITH:
            had = behind | set(_had(row).values_list("step__origin", flat=True))
            while place > 0 and origins[place - 1] not in had:
                place -= 1
        return place
    if (after := _after_the_last(row, new)) is not None:
        return after
    if kept := [origins.index(origin) for origin in behind if origin in origins]:
        return max(kept) + 1
    return None if behind else 0


def _after_the_last(row: Enrollment, new: Ordered[Step | StepDraft]) -> int | None:
    """Where the new version goes on after the last step that the lead had; None when that step is gone as well."""
    last = _had(row).select_related("step").order_by("-settled_at", "-pk").first()
    for place, step in enumerate(new):
        if last is not None and step.origin == last.step.origin:
            fails = kind_of(step.kind).branches and last.detail == "no"
            target = step.else_position if fails else step.next_position
            return place + 1 if target is None else target
    return None


def _had(row: Enrollment) -> ClientOwnedQuerySet[StepExecution]:
    return row.executions.filter(outcome__in=("sent", "done", "skipped"))


def _is_straight(steps: Ordered[Step | StepDraft]) -> bool:
    """One way only: every step leads to the next."""
    return not any(
        step.next_position is not None or step.else_position is not None or kind_of(step.kind).branches
        for step in steps
    )


def _under_way(campaign: Campaign) -> EnrollmentQuerySet:
    return Enrollment.objects.filter(campaign=campaign).open()


def _current(campaign: Campaign) -> Sequence:
    newest = campaign.sequences.order_by("-version").first()
    if newest is None:
        raise ValidationError(f"{campaign} has no steps yet.")
    return newest
