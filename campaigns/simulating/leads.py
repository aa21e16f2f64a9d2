"""One lead on its way through a simulated campaign: what it meets next, with the planning that the engine uses."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from campaigns.planning.calendar import WorkingHours
from campaigns.planning.conditions import LeadFacts, holds
from campaigns.planning.decisions import ActionKind
from campaigns.planning.sequencing import (
    Appointment,
    AwaitAcceptance,
    Done,
    StepPlan,
    Walk,
    next_appointment,
    step_at,
)
from campaigns.simulating.projection import Ending
from campaigns.simulating.world import PLAIN, Assumptions, Nature, SimulatedLead, SimulatedWorld

# Who reads a message is seen to have read it after so long.
SEEN_AFTER = timedelta(hours=4)


class Step(NamedTuple):
    """A due step. Heaps order it as the engine does, by appointment and age; no two have the same number."""

    due_at: datetime
    number: int
    lead: "LeadWalk"
    walk: Walk
    is_stale: bool = False  # no step of the sequence, but an invitation that nobody has answered


@dataclass(frozen=True, slots=True)
class Next:
    """What a lead meets next: a step to send, or an end; `awaited` when only an acceptance can keep it from that."""

    at: datetime
    action: ActionKind | None = None
    walk: Walk | None = None
    ending: Ending | None = None
    awaited: bool = False


class LeadWalk:
    """A lead whose acceptance is known from the moment at which it is invited."""

    def __init__(self, lead: SimulatedLead, world: SimulatedWorld, assumed: Assumptions) -> None:
        self._lead, self._assumed, self._now = lead, assumed, world.at
        self.hours: WorkingHours = lead.hours or world.hours
        self.number, self.company, self.walk = lead.number, lead.company.strip().casefold(), lead.walk
        self.has_begun, self.has_ended, self.is_withdrawn, self.awaits = not lead.is_untouched, False, False, False
        self._facts, self._last_written_at = lead.facts, lead.walk.last_done_at
        self.accepted_at = self._acceptance() if self.is_invited else None

    @property
    def is_invited(self) -> bool:
        return self.walk.is_invited

    @property
    def invited_at(self) -> datetime | None:
        return self.walk.invited_at

    def nature(self, position: int) -> Nature:
        return self._lead.natures.get(position, PLAIN)

    def is_new(self, step: Step) -> bool:
        """Whether this would be the first thing done for it."""
        return step.walk.last_done_at is None and not self.has_begun

    def _acceptance(self) -> datetime | None:
        """An invitation that is out for longer already is accepted as if it went out now."""
        if not self._assumed.accepts(self.number):
            return None
        accepted_at = (self.walk.invited_at or self._now) + self._assumed.accepted_after
        return accepted_at if accepted_at >= self._now else self._now + self._assumed.accepted_after

    def done(self, walk: Walk, at: datetime) -> None:
        """The step at the walk's position went out."""
        step = step_at(self._lead.steps, walk.position)
        self.walk = after_step(self._lead.steps, walk, at=at)
        if step is not None and step.invites:
            self.accepted_at = self._acceptance()
        else:
            self._last_written_at = at

    # --- What comes next ------------------------------------------------------------------------------------

    def next(self, due_at: datetime | None = None) -> Next:
        """The next thing to send, or the end. Steps that need no account are walked through on the way."""
        self.awaits, not_before = False, self._now
        while True:
            seen = self._as_known(self.walk.last_done_at or self.walk.started_at)
            planned = next_appointment(self._lead.steps, seen, self.hours)
            if isinstance(planned, AwaitAcceptance):
                if self.accepted_at is not None and self.accepted_at < planned.due_at:
                    self.walk = replace(self.walk, connected_at=self.accepted_at)
                    not_before = self.accepted_at
                    continue
                self.awaits = True
                return Next(max(planned.due_at, self._now), ending=Ending.NOT_ACCEPTED, awaited=True)
            if isinstance(planned, Done):
                return Next(max(self.walk.last_done_at or self._now, not_before), ending=Ending.COMPLETED)
            if planned.action is not None:
                return self._to_send(planned, max(due_at or planned.due_at, not_before))
            if ended := self._within(planned, max(planned.due_at, not_before)):
                return ended
            due_at = None

    def _as_known(self, at: datetime) -> Walk:
        """The walk as it is known at that moment: an acceptance that is still to come is not."""
        come = self.accepted_at is not None and self.accepted_at <= at
        walk = replace(self.walk, connected_at=self.accepted_at) if come else self.walk
        return replace(walk, withdrawn_at=at) if self.is_withdrawn and not walk.has_connection else walk

    def _to_send(self, planned: Appointment, due_at: datetime) -> Next:
        step = step_at(self._lead.steps, planned.position)
        if self.is_withdrawn and step is not None and step.needs_connection and not self.walk.has_connection:
            return Next(planned.due_at, ending=Ending.NOT_ACCEPTED)
        there = replace(self.walk, position=planned.position)
        at = max(due_at, self._lead.not_before or due_at)
        return Next(at, action=planned.action, walk=there)

    def _within(self, planned: Appointment, due_at: datetime) -> Next | None:
        """Carry out a step that needs no account; None when the walk goes on."""
        nature = self.nature(planned.position)
        if nature.ends or nature.moves:
            ending = Ending.MOVED if nature.moves else Ending.COMPLETED
            return Next(max(due_at, self._now), ending=ending)
        self._change(nature)
        answer, at = self._answer(nature, due_at)
        if nature.is_task:
            at += self._assumed.tasks_after
        step = step_at(self._lead.steps, planned.position)
        goes_to = step.goes_to(holds=answer) if step else planned.position + 1
        self.walk = replace(self.walk, position=goes_to, last_done_at=max(at, self._now))
        return None

    def _change(self, nature: Nature) -> None:
        tags = (self._facts.tags | {nature.tag}) - {nature.untag, ""}
        fields = {**self._facts.fields, **dict([nature.field] if nature.field else [])}
        self._facts = replace(self._facts, tags=frozenset(tags), fields=fields)

    def _answer(self, nature: Nature, due_at: datetime) -> tuple[bool, datetime]:
        """What a condition finds, and when: at once, with news before its deadline, or at the deadline."""
        if nature.question is None:
            return True, due_at
        now = max(due_at, self._now)
        deadline = max(now, nature.patience.after(due_at, self.hours)) if nature.patience else now
        news = sorted(each for each in (self.accepted_at, self._seen_at()) if each and now < each <= deadline)
        for moment in (now, *news):
            if holds(nature.question, self._known(moment)):
                return True, moment
        return False, deadline

    def _seen_at(self) -> datetime | None:
        sees = self._last_written_at is not None and self._assumed.sees(self.number)
        return self._last_written_at + SEEN_AFTER if self._last_written_at and sees else None

    def _known(self, at: datetime) -> LeadFacts:
        connected = self.walk.has_connection or (self.accepted_at is not None and self.accepted_at <= at)
        seen_at = self._seen_at()
        return replace(self._facts, is_connected=connected, has_seen=seen_at is not None and seen_at <= at)


def after_step(steps: tuple[StepPlan, ...], walk: Walk, *, at: datetime) -> Walk:
    """The walk once the step at its position has gone out."""
    step = next(step for step in steps if step.position >= walk.position)
    invited_at = at if step.invites else walk.invited_at
    return replace(walk, position=step.goes_to(), last_done_at=at, invited_at=invited_at)
