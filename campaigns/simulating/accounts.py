"""One account at work under the virtual clock: what waits for it, what its ceilings leave, and what limits its days."""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from heapq import heappop, heappush
from typing import NamedTuple

from campaigns.planning.calendar import WorkingHours
from campaigns.planning.decisions import ActionKind
from campaigns.planning.pacing import local_day, next_local_day, spaced_slot
from campaigns.simulating.leads import LeadWalk, Step
from campaigns.simulating.projection import AccountProjection, Ending, LimitedBy, ProjectedSend
from campaigns.simulating.world import UNLIMITED, Limit, SimulatedAccount, SimulatedWorld
from integrations.limits import IN_WORDS, WINDOWS, Ceiling, ceilings, shared, smallest

CAPS = {
    ActionKind.INVITATION: LimitedBy.INVITATION_CAP,
    ActionKind.INVITATION_NOTE: LimitedBy.NOTE_CAP,
    ActionKind.MESSAGE: LimitedBy.MESSAGE_CAP,
    ActionKind.INMAIL: LimitedBy.INMAIL_CAP,
    ActionKind.PROFILE_VIEW: LimitedBy.PROFILE_VIEW_CAP,
    ActionKind.REACTION: LimitedBy.REACTION_CAP,
    ActionKind.COMMENT: LimitedBy.COMMENT_CAP,
    ActionKind.ENDORSEMENT: LimitedBy.ENDORSEMENT_CAP,
    ActionKind.WITHDRAWAL: LimitedBy.WITHDRAWAL_CAP,
    ActionKind.MAIL: LimitedBy.MAIL_CAP,
}
LONG_AGO = datetime.min.replace(tzinfo=UTC)
ONE_DAY = timedelta(days=1)


class Turn(NamedTuple):
    """The account's next send: follow-ups before new invitations, then the oldest."""

    at: datetime
    priority: int
    due_at: datetime
    number: int
    action: ActionKind


class Day(NamedTuple):
    """One calendar day of an account; the first begins at the moment of asking."""

    day: date
    begins_at: datetime
    ends_at: datetime


class OpenHours:
    """Working hours that remember which stretches are open and which are not: many questions fall into the same."""

    def __init__(self, hours: WorkingHours) -> None:
        self._hours = hours
        self._ends: list[datetime] = []  # of the stretches known, in order, each with the moment at which it is open
        self._opens: list[tuple[datetime, datetime]] = []

    def next_open(self, at: datetime) -> datetime:
        found = bisect_right(self._ends, at)
        if found < len(self._ends) and self._opens[found][0] <= at:
            return max(at, self._opens[found][1])
        opens_at = self._hours.next_open(at)
        ends_at = self._hours.closes_at(opens_at)
        if found < len(self._ends) and self._ends[found] == ends_at:
            self._opens[found] = at, opens_at  # the same stretch, asked for from an earlier moment
        else:
            self._ends.insert(found, ends_at)
            self._opens.insert(found, (at, opens_at))
        return opens_at


class AccountWork:
    def __init__(
        self,
        account: SimulatedAccount,
        world: SimulatedWorld,
        days: int,
        room_for_new: Callable[[datetime], datetime],
    ) -> None:
        self._account, self._world, self._room_for_new = account, world, room_for_new
        self.key, self.pending, self.open = account.key, account.pending, 0
        self._free_at = max(account.free_at, world.at)
        self._queues: dict[ActionKind, list[Step]] = defaultdict(list)
        self._hours: dict[str, OpenHours] = {}
        self._day = self._day_from(world.at)
        self._days_left = days
        self.ends_at = world.at
        for _ in range(days):
            self.ends_at = next_local_day(self.ends_at, account.day_zone)
        self._spent = {action: dict(days) for action, days in account.spent.items()}
        for action, limit in account.limits.items():
            self._spent.setdefault(action, {self._day.day: limit.used})
        self._caps: dict[ActionKind, dict[date, tuple[int, Ceiling | None]]] = defaultdict(dict)
        self._answer_due_at = world.at  # the last moment at which an invitation now out is accepted or runs out
        self._ends: list[tuple[datetime, Ending]] = []
        self._last_end_at = LONG_AGO
        self._sends: list[ProjectedSend] = []
        self._sent_today = self._open_days = self._parked = 0
        self._limits: Counter[LimitedBy] = Counter()
        self._ceilings: defaultdict[LimitedBy, Counter[str]] = defaultdict(Counter)

    def _day_from(self, at: datetime) -> Day:
        zone = self._account.day_zone
        return Day(local_day(at, zone), at, next_local_day(at, zone))

    # --- What waits -----------------------------------------------------------------------------------------

    def push(self, action: ActionKind, step: Step) -> None:
        heappush(self._queues[action], step)

    def pop(self, action: ActionKind) -> Step:
        return heappop(self._queues[action])

    def park(self, action: ActionKind) -> None:
        """A lead waits for its colleagues, and not for the account."""
        self._parked += 1

    def unpark(self) -> None:
        self._parked -= 1

    def await_answer(self, until: datetime) -> None:
        self._answer_due_at = max(self._answer_due_at, until)

    def invitation_answered(self) -> None:
        self.pending = max(0, self.pending - 1)

    def end(self, at: datetime, ending: Ending) -> None:
        self.open -= 1
        self._ends.append((at, ending))
        self._last_end_at = max(self._last_end_at, at)

    # --- The next send --------------------------------------------------------------------------------------

    def next_turn(self) -> Turn | None:
        """The earliest thing that may go out; None when nothing may within the days."""
        if self._account.stopped:
            return None
        found = (self._turn(action) for action, queue in self._queues.items() if queue)
        return min((turn for turn in found if turn is not None), default=None)

    def _turn(self, action: ActionKind) -> Turn | None:
        """When the oldest step of this kind can go out: free, due, open, and within every ceiling."""
        step = self._queues[action][0]
        if action is ActionKind.INVITATION and self._is_at_ceiling():
            return None
        asleep = self._limit(action).asleep_until or self._world.at
        at, hours, new = max(self._free_at, step.due_at, asleep), self._open(step.lead), step.lead.is_new(step)
        while at < self.ends_at:
            opens_at = hours.next_open(at)
            if new and action is not ActionKind.WITHDRAWAL:
                opens_at = self._room_for_new(opens_at)
            if opens_at > at:
                at = opens_at
            elif self._room(action, at) <= 0 or not self._has_note(action, step, at):
                at = next_local_day(at, self._account.day_zone)
            else:
                priority = int(action is ActionKind.INVITATION)
                return Turn(at, priority, step.due_at, step.number, action)
        return None

    def _is_at_ceiling(self) -> bool:
        ceiling = self._account.pending_ceiling
        return ceiling is not None and self.pending >= ceiling

    def _has_note(self, action: ActionKind, step: Step, at: datetime) -> bool:
        """Whether there is a note left for an invitation that may not go out without."""
        nature = step.lead.nature(step.walk.position)
        if action is not ActionKind.INVITATION or not nature.has_note or nature.may_go_bare:
            return True
        return self._room(ActionKind.INVITATION_NOTE, at) > 0

    def _open(self, lead: LeadWalk) -> OpenHours:
        return self._hours.setdefault(lead.hours.zone, OpenHours(lead.hours))

    def _limit(self, action: ActionKind) -> Limit:
        return self._account.limits.get(action, Limit(UNLIMITED))

    def _room(self, action: ActionKind, at: datetime) -> int:
        """What is left of an action at a moment: its cap of that day, at the campaign's share, without what is used."""
        day = local_day(at, self._account.day_zone)
        cap, _ = self._cap(action, day)
        return shared(cap, self._world.hours.share_at(at)) - self._spent.get(action, {}).get(day, 0)

    def _cap(self, action: ActionKind, day: date) -> tuple[int, Ceiling | None]:
        known = self._caps[action]
        if day not in known:
            known[day] = self._cap_of(action, day)
        return known[day]

    def _cap_of(self, action: ActionKind, day: date) -> tuple[int, Ceiling | None]:
        if self._account.tuning is None:
            return self._limit(action).cap, None
        earlier = earlier_use(self._spent.get(action, {}), day)
        bound = smallest(ceilings(self._account.tuning, action.value, day), earlier)
        return (UNLIMITED, None) if bound is None else (bound.room(earlier), bound)

    def _spend(self, action: ActionKind, day: date) -> None:
        spent = self._spent.setdefault(action, {})
        spent[day] = spent.get(day, 0) + 1
        for later in [each for each in self._caps[action] if each > day]:
            del self._caps[action][later]

    def send(self, at: datetime, action: ActionKind, step: Step) -> None:
        self._sends.append(ProjectedSend(at, self._day.day, action, step.number))
        self._sent_today += 1
        noted = step.lead.nature(step.walk.position).has_note and action is ActionKind.INVITATION
        if noted and self._room(ActionKind.INVITATION_NOTE, at) > 0:
            self._spend(ActionKind.INVITATION_NOTE, self._day.day)
        self._spend(action, self._day.day)
        self._free_at = spaced_slot(
            at,
            minimum_seconds=self._account.spacing_min_seconds,
            maximum_seconds=self._account.spacing_max_seconds,
            draw=0.5,
        )

    # --- What limited the days ------------------------------------------------------------------------------

    def close_days_before(self, at: datetime) -> None:
        """The days that end before `at`: what has not gone out on them by now, has not."""
        while self._day.ends_at <= at:
            self._close_day()

    def close(self) -> None:
        """All days are over, or everybody is through before."""
        while self._days_left and not self._is_through():
            self._close_day()

    def _is_through(self) -> bool:
        waits = any(queue for action, queue in self._queues.items() if action is not ActionKind.WITHDRAWAL)
        return not waits and not self.open and self._last_end_at < self._day.begins_at

    def _close_day(self) -> None:
        self._open_days += 1
        self._limits.update(self._limits_of(self._day))
        self._sent_today = 0
        self._days_left -= 1
        self._day = self._day_from(self._day.ends_at)

    def _limits_of(self, day: Day) -> set[LimitedBy]:
        """What is left undone names its reason; when nothing is, what the leads of the account wait for."""
        held_up = {limit for action in ActionKind if (limit := self._held_up_by(action, day))}
        if self._parked and not self._account.stopped:
            held_up.add(LimitedBy.COMPANY_LIMIT)
        if held_up or self._sent_today:
            return held_up or {LimitedBy.NOTHING}
        if self._answer_due_at >= day.ends_at:
            return {LimitedBy.ACCEPTANCE}
        return {LimitedBy.DELAY} if any(self._queues.values()) else {LimitedBy.NOTHING}

    def _held_up_by(self, action: ActionKind, day: Day) -> LimitedBy | None:
        """What kept the oldest step of this kind, if it was due, from going out on this day."""
        queue = self._queues.get(action)
        if not queue:
            return None
        step = queue[0]
        opens_at = self._open(step.lead).next_open(day.begins_at)
        # On a closed day, what is due the moment it opens again waits for the hours as well.
        if step.due_at >= day.ends_at and step.due_at > opens_at:
            return None
        if self._account.stopped:
            return LimitedBy.ACCOUNT_STOPPED
        if opens_at >= day.ends_at:
            return LimitedBy.HOURS
        if self._room(action, opens_at) <= 0:
            return self._capped(action, day)
        if not self._has_note(action, step, opens_at):
            return self._capped(ActionKind.INVITATION_NOTE, day)
        if action is ActionKind.INVITATION and self._is_at_ceiling():
            return LimitedBy.PENDING_CEILING
        asleep_until = self._limit(action).asleep_until
        if asleep_until is not None and asleep_until > day.begins_at:
            return LimitedBy.ACTION_ASLEEP
        if step.lead.is_new(step) and self._room_for_new(opens_at) > opens_at:
            return LimitedBy.NEW_LEADS
        return LimitedBy.SPACING

    def _capped(self, action: ActionKind, day: Day) -> LimitedBy:
        _, bound = self._cap(action, day.day)
        if bound is not None:
            self._ceilings[CAPS[action]][f"{bound.limit} {IN_WORDS[bound.days]}, {bound.source}"] += 1
        return CAPS[action]

    # --- The result -----------------------------------------------------------------------------------------

    def result(self) -> AccountProjection:
        until = self._day.begins_at
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
            unfinished=self.open + len(self._ends) - len(ended),
            ceilings=self._ceilings,
        )


def earlier_use(spent: Mapping[date, int], day: date) -> dict[int, int]:
    """What the days before have used of each window that this day belongs to."""
    return {days: sum(spent.get(day - ONE_DAY * number, 0) for number in range(1, days)) for days in WINDOWS}
