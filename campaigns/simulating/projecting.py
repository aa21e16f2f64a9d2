"""The walk through a simulated world: no database, no provider, no clock.

A lead stays with its account and a campaign's leads do not touch each other, so each account is walked by itself,
day by day, from send to send. Nothing looks at all leads of a day: what waits stands in one heap for each action.
"""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime
from heapq import heappop, heappush
from typing import NamedTuple

from campaigns.planning.calendar import WorkingHours
from campaigns.planning.decisions import ActionKind
from campaigns.planning.pacing import local_day, next_local_day, spaced_slot
from campaigns.planning.sequencing import AwaitAcceptance, Done, StepPlan, Walk, next_appointment
from campaigns.simulating.projection import AccountProjection, Ending, LimitedBy, ProjectedSend, Projection
from campaigns.simulating.world import Assumptions, SimulatedAccount, SimulatedLead, SimulatedWorld

# The engine takes follow-ups before new invitations.
BY_PRIORITY = (ActionKind.MESSAGE, ActionKind.INVITATION)
CAPS = {ActionKind.INVITATION: LimitedBy.INVITATION_CAP, ActionKind.MESSAGE: LimitedBy.MESSAGE_CAP}
MOST_DAYS = 3650
LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Waiting(NamedTuple):
    """A due step. Heaps order it as the engine does, by appointment and age; no two have the same number."""

    due_at: datetime
    number: int
    lead: SimulatedLead
    walk: Walk


class Day(NamedTuple):
    """One calendar day of an account; the first begins at the moment of asking."""

    day: date
    begins_at: datetime
    ends_at: datetime


def project(world: SimulatedWorld, *, days: int = 60, assumptions: Assumptions | None = None) -> Projection:
    """The next `days` calendar days of every account. Raises ValueError when there are none or too many."""
    if not 1 <= days <= MOST_DAYS:
        raise ValueError(f"a projection covers 1 to {MOST_DAYS} days, not {days}")
    assumed = assumptions or Assumptions()
    works = {account.key: AccountWork(account, world.hours, assumed, world.at) for account in world.accounts}
    for lead in world.leads:
        if lead.left_out is None:
            works[lead.account].take_in(lead)
    return Projection(
        campaign_id=world.campaign_id,
        campaign=world.campaign,
        at=world.at,
        days=days,
        assumptions=assumed,
        accounts=tuple(work.project(days) for work in works.values()),
        left_out=Counter(lead.left_out for lead in world.leads if lead.left_out),
        remarks=world.remarks,
    )


class OpenHours:
    """Working hours that remember the interval they gave last: many sends in a row fall into the same."""

    def __init__(self, hours: WorkingHours) -> None:
        self._hours = hours
        self._interval: tuple[datetime, datetime] | None = None

    def next_open(self, at: datetime) -> datetime:
        if self._interval and self._interval[0] <= at < self._interval[1]:
            return at
        opens_at = self._hours.next_open(at)
        self._interval = opens_at, self._hours.closes_at(opens_at)
        return opens_at


class AccountWork:
    """One account at work under a virtual clock."""

    def __init__(self, account: SimulatedAccount, hours: WorkingHours, assumed: Assumptions, at: datetime) -> None:
        self._account = account
        self._hours = hours
        self._open = OpenHours(hours)
        self._assumed = assumed
        self._at = at
        self._free_at = account.free_at
        self._queues: dict[ActionKind, list[Waiting]] = {action: [] for action in BY_PRIORITY}
        self._used = {action: account.limits[action].used for action in BY_PRIORITY}
        self._answer_due_at = at  # the last moment at which an invitation now out is accepted or runs out
        self._ends: list[tuple[datetime, Ending]] = []
        self._last_end_at = LONG_AGO
        self._sends: list[ProjectedSend] = []
        self._limits: Counter[LimitedBy] = Counter()
        self._open_days = 0

    def take_in(self, lead: SimulatedLead) -> None:
        """A lead of this account, with the appointment that it has or the first that it gets."""
        self._plan(lead, lead.walk, due_at=lead.due_at)

    def project(self, days: int) -> AccountProjection:
        """Walk so many calendar days, or fewer when everybody is through before. Once only."""
        day = self._day_from(self._at)
        for _ in range(days):
            if self._is_through(day):
                break
            self._work(day)
            day = self._day_from(day.ends_at)
            self._used = dict.fromkeys(self._used, 0)
        return self._result(day.begins_at)

    def _day_from(self, at: datetime) -> Day:
        zone = self._account.day_zone
        return Day(local_day(at, zone), at, next_local_day(at, zone))

    def _is_through(self, day: Day) -> bool:
        return not any(self._queues.values()) and self._last_end_at < day.begins_at

    def _result(self, until: datetime) -> AccountProjection:
        ended = [(at, ending) for at, ending in self._ends if at < until]
        return AccountProjection(
            key=self._account.key,
            name=self._account.name,
            stopped=self._account.stopped,
            sends=tuple(self._sends),
            limits=self._limits,
            open_days=self._open_days,
            endings=Counter(ending for _, ending in ended),
            ended_at=max((at for at, _ in ended), default=None),
            unfinished=sum(map(len, self._queues.values())) + len(self._ends) - len(ended),
        )

    # --- One day ----------------------------------------------------------------------------------------

    def _work(self, day: Day) -> None:
        before = len(self._sends)
        while chosen := self._next_send(day):
            self._send(*chosen, day)
        self._open_days += 1
        self._limits.update(self._limits_of(day, has_sent=len(self._sends) > before))

    def _next_send(self, day: Day) -> tuple[datetime, ActionKind] | None:
        """The earliest thing that may go out; of two at the same moment the follow-up."""
        possible = [(at, action) for action in BY_PRIORITY if (at := self._earliest(action, day))]
        return min(possible, key=lambda each: each[0], default=None)

    def _earliest(self, action: ActionKind, day: Day) -> datetime | None:
        """When the oldest step of this kind could go out on this day."""
        queue, limit = self._queues[action], self._account.limits[action]
        if not queue or self._account.stopped or self._used[action] >= limit.cap:
            return None
        at = max(day.begins_at, self._free_at, queue[0].due_at, limit.asleep_until or self._at)
        if at >= day.ends_at:
            return None
        opens_at = self._open.next_open(at)
        return opens_at if opens_at < day.ends_at else None

    def _send(self, at: datetime, action: ActionKind, day: Day) -> None:
        waiting = heappop(self._queues[action])
        self._sends.append(ProjectedSend(at, day.day, action, waiting.number))
        self._used[action] += 1
        self._free_at = spaced_slot(
            at,
            minimum_seconds=self._account.spacing_min_seconds,
            maximum_seconds=self._account.spacing_max_seconds,
            draw=0.5,
        )
        if action is ActionKind.MESSAGE and self._assumed.answers(waiting.number):
            self._end(at, Ending.ANSWERED)
        else:
            self._plan(waiting.lead, after_step(waiting.lead.steps, waiting.walk, at=at))

    # --- One lead ---------------------------------------------------------------------------------------

    def _plan(self, lead: SimulatedLead, walk: Walk, *, due_at: datetime | None = None) -> None:
        planned = next_appointment(lead.steps, walk, self._hours)
        if isinstance(planned, AwaitAcceptance):
            self._await_acceptance(lead, walk, planned.due_at)
        elif isinstance(planned, Done):
            self._end(walk.last_done_at or self._at, Ending.COMPLETED)
        elif planned.action is None:
            there = replace(walk, position=planned.position)
            self._plan(lead, after_step(lead.steps, there, at=planned.due_at))
        else:
            there = replace(walk, position=planned.position)
            heappush(self._queues[planned.action], Waiting(due_at or planned.due_at, lead.number, lead, there))

    def _await_acceptance(self, lead: SimulatedLead, walk: Walk, expires_at: datetime) -> None:
        """Who accepts is known at once: the step that follows is due no earlier than the acceptance."""
        accepted_at = self._acceptance_of(walk)
        if self._assumed.accepts(lead.number) and accepted_at < expires_at:
            self._answer_due_at = max(self._answer_due_at, accepted_at)
            self._plan(lead, replace(walk, connected_at=accepted_at))
        else:
            self._answer_due_at = max(self._answer_due_at, expires_at)
            self._end(max(expires_at, self._at), Ending.NOT_ACCEPTED)

    def _acceptance_of(self, walk: Walk) -> datetime:
        """An invitation that is out for longer already is accepted as if it went out now."""
        accepted_at = (walk.invited_at or self._at) + self._assumed.accepted_after
        return accepted_at if accepted_at >= self._at else self._at + self._assumed.accepted_after

    def _end(self, at: datetime, ending: Ending) -> None:
        self._ends.append((at, ending))
        self._last_end_at = max(self._last_end_at, at)

    # --- What limited the day ---------------------------------------------------------------------------

    def _limits_of(self, day: Day, *, has_sent: bool) -> set[LimitedBy]:
        """What is left undone names its reason; when nothing is, what the leads of the account wait for."""
        held_up = {limit for action in BY_PRIORITY if (limit := self._held_up_by(action, day))}
        if held_up or has_sent:
            return held_up or {LimitedBy.NOTHING}
        if self._answer_due_at >= day.ends_at:
            return {LimitedBy.ACCEPTANCE}
        return {LimitedBy.DELAY} if any(self._queues.values()) else {LimitedBy.NOTHING}

    def _held_up_by(self, action: ActionKind, day: Day) -> LimitedBy | None:
        """What kept the oldest step of this kind, if it was due, from going out on this day."""
        queue, limit = self._queues[action], self._account.limits[action]
        opens_at = self._hours.next_open(day.begins_at)
        # On a closed day, what is due the moment it opens again waits for the hours as well.
        if not queue or (queue[0].due_at >= day.ends_at and queue[0].due_at > opens_at):
            return None
        if self._account.stopped:
            return LimitedBy.ACCOUNT_STOPPED
        if opens_at >= day.ends_at:
            return LimitedBy.HOURS
        if self._used[action] >= limit.cap:
            return CAPS[action]
        asleep = limit.asleep_until is not None and limit.asleep_until > day.begins_at
        return LimitedBy.ACTION_ASLEEP if asleep else LimitedBy.SPACING


def after_step(steps: tuple[StepPlan, ...], walk: Walk, *, at: datetime) -> Walk:
    """The walk once the step at its position has gone out."""
    step = next(step for step in steps if step.position >= walk.position)
    invited_at = at if step.invites else walk.invited_at
    return replace(walk, position=step.goes_to(), last_done_at=at, invited_at=invited_at)
