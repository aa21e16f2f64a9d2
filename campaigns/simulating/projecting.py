"""The walk through a simulated world: no database, no provider, no clock.

One virtual clock for the whole campaign, which jumps from one send, or one piece of news, to the next. Nothing looks at
all leads of a moment: what waits stands in one heap for each account and action, and an account is asked again only
when something about it has changed.
"""

from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import datetime
from heapq import heappop, heappush
from itertools import count

from campaigns.planning.decisions import ActionKind
from campaigns.planning.pacing import local_day, next_local_day
from campaigns.simulating.accounts import AccountWork
from campaigns.simulating.leads import LeadWalk, Step, after_step
from campaigns.simulating.projection import Ending, Projection
from campaigns.simulating.world import Assumptions, SimulatedLead, SimulatedWorld

__all__ = ["after_step", "project"]

MOST_DAYS = 3650


def project(world: SimulatedWorld, *, days: int = 60, assumptions: Assumptions | None = None) -> Projection:
    """The next `days` calendar days of every account. Raises ValueError when there are none or too many."""
    if not 1 <= days <= MOST_DAYS:
        raise ValueError(f"a projection covers 1 to {MOST_DAYS} days, not {days}")
    assumed = assumptions or Assumptions()
    walking = Walking(world, assumed, days)
    for lead in world.leads:
        if lead.left_out is None:
            walking.take_in(lead)
    walking.go()
    return Projection(
        campaign_id=world.campaign_id,
        campaign=world.campaign,
        at=world.at,
        days=days,
        assumptions=assumed,
        accounts=tuple(work.result() for work in walking.works.values()),
        left_out=Counter(lead.left_out for lead in world.leads if lead.left_out),
        remarks=world.remarks,
    )


class Walking:
    """All accounts and leads of a campaign under one virtual clock."""

    def __init__(self, world: SimulatedWorld, assumed: Assumptions, days: int) -> None:
        self._world, self._assumed = world, assumed
        self.works = {each.key: AccountWork(each, world, days, self.has_room_for_new) for each in world.accounts}
        self._turns: list[tuple[datetime, int, str, int]] = []  # moment, number in the order of accounts, key, edition
        self._editions: Counter[str] = Counter()
        self._changed: set[str] = set()
        # Of accounts whose turn comes in the same moment, the engine takes the one with the smaller key.
        self._order = {key: number for number, key in enumerate(sorted(self.works))}
        self._news: list[tuple[datetime, int, Callable[[datetime], None]]] = []
        self._serial = count()
        self._begun: Counter[object] = Counter()
        zone = world.hours.zone
        self._begun[local_day(world.at, zone)] = world.begun_today
        self._open_in: Counter[str] = Counter()  # walks that have begun, by company
        self._quiet_until: dict[str, datetime] = {}  # companies of which somebody has answered
        self._parked: defaultdict[str, list[tuple[AccountWork, ActionKind, Step]]] = defaultdict(list)

    # --- The campaign's own counts ------------------------------------------------------------------------

    def has_room_for_new(self, at: datetime) -> datetime:
        """When the campaign may begin with another lead, at `at` or later."""
        limit, zone = self._world.new_leads_per_day, self._world.hours.zone
        while limit is not None and self._begun[local_day(at, zone)] >= limit:
            at = next_local_day(at, zone)
            if not limit:
                break
        return at

    # --- Leads --------------------------------------------------------------------------------------------

    def take_in(self, lead: SimulatedLead) -> None:
        """A lead with the appointment that it has, or the first that it gets."""
        work = self.works[lead.account]
        walk = LeadWalk(lead, self._world, self._assumed)
        work.open += 1
        if not lead.is_untouched:
            self._open_in[walk.company] += 1
        if walk.is_invited:
            self._await(work, walk)
        self._follow(work, walk, due_at=lead.due_at)

    def _await(self, work: AccountWork, walk: LeadWalk) -> None:
        """An invitation is out: it is accepted, or withdrawn some day."""
        if walk.accepted_at is not None:
            self._tell(walk.accepted_at, lambda at: self._invitation_answered(work))
        elif (patience := self._world.withdraw_after) is not None and walk.invited_at is not None:
            due_at = max(walk.invited_at + patience, self._world.at)
            work.push(ActionKind.WITHDRAWAL, Step(due_at, walk.number, walk, walk.walk, is_stale=True))

    def _invitation_answered(self, work: AccountWork) -> None:
        work.invitation_answered()
        self._ask(work)

    def _follow(self, work: AccountWork, walk: LeadWalk, *, due_at: datetime | None = None) -> None:
        """What comes next for a lead: a step to send, an invitation that runs out, or the end."""
        found = walk.next(due_at)
        if found.action is not None and found.walk is not None:
            work.push(found.action, Step(found.at, walk.number, walk, found.walk))
        elif found.ending is Ending.NOT_ACCEPTED and found.awaited:
            work.await_answer(found.at)
            self._tell(found.at, lambda at: self._end(work, walk, at, Ending.NOT_ACCEPTED))
        elif found.ending is not None:
            self._end(work, walk, found.at, found.ending)
        if walk.accepted_at is not None:
            work.await_answer(walk.accepted_at)
        self._ask(work)

    def _end(self, work: AccountWork, walk: LeadWalk, at: datetime, ending: Ending) -> None:
        if walk.has_ended:
            return
        walk.has_ended = True
        work.end(at, ending)
        if walk.has_begun and walk.company:
            self._tell(at, lambda moment: self._leave_company(walk.company, moment))

    def _leave_company(self, company: str, at: datetime) -> None:
        self._open_in[company] -= 1
        if waiting := self._parked[company]:
            work, action, step = waiting.pop(0)
            work.unpark()
            work.push(action, step._replace(due_at=max(step.due_at, at)))
            self._ask(work)

    # --- The clock ----------------------------------------------------------------------------------------

    def _tell(self, at: datetime, act: Callable[[datetime], None]) -> None:
        heappush(self._news, (at, next(self._serial), act))

    def _ask(self, work: AccountWork) -> None:
        """Something about the account has changed: its next send is another, perhaps."""
        self._changed.add(work.key)

    def _ask_those_that_changed(self) -> None:
        for key in sorted(self._changed, key=self._order.__getitem__):
            self._editions[key] += 1
            if turn := self.works[key].next_turn():
                heappush(self._turns, (turn.at, self._order[key], key, self._editions[key]))
        self._changed.clear()

    def go(self) -> None:
        for work in self.works.values():
            self._ask(work)
        self._ask_those_that_changed()
        last = max((work.ends_at for work in self.works.values()), default=self._world.at)
        while self._turns or self._news:
            if self._news and (not self._turns or self._news[0][0] <= self._turns[0][0]):
                at, _, act = heappop(self._news)
                if at >= last:
                    self._news.clear()
                else:
                    act(at)
                    self._ask_those_that_changed()
                continue
            at, _, key, edition = heappop(self._turns)
            if edition == self._editions[key]:
                self._turn(self.works[key], at)
                self._ask_those_that_changed()
        for work in self.works.values():
            work.close()

    def _turn(self, work: AccountWork, at: datetime) -> None:
        """An account's turn has come, unless the campaign's new leads of the day went to others meanwhile."""
        turn = work.next_turn()
        if turn is not None and turn.at <= at:
            work.close_days_before(at)
            step = work.pop(turn.action)
            if not self._put_off(work, turn.action, step, at):
                self._send(work, turn.action, step, at)
        self._ask(work)

    def _put_off(self, work: AccountWork, action: ActionKind, step: Step, at: datetime) -> bool:
        """What the gate has against this one lead: the lead's colleagues."""
        walk = step.lead
        if step.is_stale:
            return walk.is_withdrawn
        quiet_until = self._quiet_until.get(walk.company) if walk.company else None
        if quiet_until is not None and quiet_until > at:
            work.push(action, step._replace(due_at=walk.hours.next_open(quiet_until)))
            return True
        limit = self._world.company_limit
        if limit and walk.company and not walk.has_begun and self._open_in[walk.company] >= limit:
            work.park(action)
            self._parked[walk.company].append((work, action, step))
            return True
        return False

    def _send(self, work: AccountWork, action: ActionKind, step: Step, at: datetime) -> None:
        walk = step.lead
        work.send(at, action, step)
        if action is ActionKind.WITHDRAWAL:
            work.invitation_answered()
            walk.is_withdrawn = True
        if step.is_stale:
            if walk.awaits:
                self._end(work, walk, at, Ending.NOT_ACCEPTED)
            return
        self._begin(walk, action, at)
        walk.done(step.walk, at)
        if action is ActionKind.INVITATION:
            work.pending += 1
            self._await(work, walk)
        if action in (ActionKind.MESSAGE, ActionKind.INMAIL) and self._assumed.answers(walk.number):
            self._answered(walk, at)
            self._end(work, walk, at, Ending.ANSWERED)
        else:
            self._follow(work, walk)

    def _begin(self, walk: LeadWalk, action: ActionKind, at: datetime) -> None:
        if walk.has_begun:
            return
        walk.has_begun = True
        self._begun[local_day(at, self._world.hours.zone)] += 1
        if walk.company:
            self._open_in[walk.company] += 1

    def _answered(self, walk: LeadWalk, at: datetime) -> None:
        if walk.company and self._world.colleague_pause:
            self._quiet_until[walk.company] = at + self._world.colleague_pause
