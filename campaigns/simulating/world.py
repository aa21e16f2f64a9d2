"""What a projection starts from: one campaign, its accounts and its leads as they stand at one moment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from campaigns.planning.calendar import WorkingHours
from campaigns.planning.conditions import LeadFacts
from campaigns.planning.decisions import ActionKind, Because
from campaigns.planning.delays import Delay
from campaigns.planning.sequencing import StepPlan, Walk
from integrations.limits import Tuning, ceilings

# The two-dimensional golden ratio: multiples of these two fill the unit square evenly, so that any few leads in a
# row, or every second one, hold close to the assumed share of each, independent of each other.
ACCEPTS = 0.7548776662466927
ANSWERS = 0.5698402909980532
SEES = 0.6180339887498949
UNLIMITED = 2_000_000_000
LONGEST_WAIT = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What people are taken to do. The same lead does the same in every projection.

    Raises ValueError for a share that is none, or a wait that is negative or endless.
    """

    accepted: float = 0.4  # share of those invited
    answered: float = 0.2  # share of those written to; to the next message they get
    accepted_after: timedelta = timedelta(hours=20)
    seen: float = 0.6  # share of those written to who are seen to read it, four hours later
    tasks_after: timedelta = timedelta(hours=24)  # how soon people do a task

    def __post_init__(self) -> None:
        for name, share in (("accepted", self.accepted), ("answered", self.answered), ("seen", self.seen)):
            if not 0 <= share <= 1:
                raise ValueError(f"the share {name} is a number from 0 to 1 (0.4 is 40%), not {share}")
        if not timedelta(0) <= self.accepted_after <= LONGEST_WAIT:
            raise ValueError(f"people accept after 0 to {LONGEST_WAIT.days} days, not after {self.accepted_after}")
        if not timedelta(0) <= self.tasks_after <= LONGEST_WAIT:
            raise ValueError(f"tasks are done after 0 to {LONGEST_WAIT.days} days, not after {self.tasks_after}")

    def accepts(self, number: int) -> bool:
        """Whether the lead of this number accepts an invitation."""
        return _spread(number, ACCEPTS) < self.accepted

    def answers(self, number: int) -> bool:
        """Whether the lead of this number answers the next message."""
        return _spread(number, ANSWERS) < self.answered

    def sees(self, number: int) -> bool:
        """Whether the lead of this number is seen to read what it gets."""
        return _spread(number, SEES) < self.seen


def _spread(number: int, ratio: float) -> float:
    return (0.5 + number * ratio) % 1


@dataclass(frozen=True, slots=True)
class Limit:
    """One action of an account: today's cap, what of it is used today, until when it rests.

    The cap holds for every day where the account's `tuning` is not known.
    """

    cap: int
    used: int = 0
    asleep_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedAccount:
    """`stopped` says why the account sends nothing until somebody mends it."""

    key: str
    name: str
    day_zone: str  # whose calendar day the caps count for
    limits: Mapping[ActionKind, Limit]
    spacing_min_seconds: float
    spacing_max_seconds: float
    free_at: datetime
    stopped: Because | None = None
    tuning: Tuning | None = None  # every ceiling there is; with them the cap of each day is counted anew
    spent: Mapping[ActionKind, Mapping[date, int]] = field(default_factory=dict)  # of the days that ceilings look at
    pending: int = 0  # invitations that are out
    pending_ceiling: int | None = None

    def pace(self, action: ActionKind, day: date) -> float:
        """How many of an action it does on a day in the long run."""
        limit = self.limits.get(action, Limit(UNLIMITED))
        if self.tuning is None:
            return limit.cap
        rates = [each.limit / each.days for each in ceilings(self.tuning, action.value, day)]
        return min(rates, default=UNLIMITED)


@dataclass(frozen=True, slots=True)
class Nature:
    """What a step does beside its place in the sequence; the most of them nothing."""

    question: Mapping[str, Any] | None = None  # the options of a condition
    patience: Delay | None = None  # how long it waits for its answer
    is_task: bool = False
    ends: bool = False
    moves: bool = False
    tag: str = ""
    untag: str = ""
    field: tuple[str, str] | None = None  # a field, and its new value
    has_note: bool = False
    may_go_bare: bool = True


PLAIN = Nature()


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedLead:
    """One lead's walk so far. Who is `left_out` gets nothing, for that reason."""

    number: int  # the older, the smaller
    account: str
    steps: tuple[StepPlan, ...]
    walk: Walk
    due_at: datetime | None = None  # of the appointment it has; None: to be planned
    left_out: Because | None = None
    natures: Mapping[int, Nature] = field(default_factory=dict)  # by position
    facts: LeadFacts = field(default_factory=LeadFacts)
    company: str = ""
    hours: WorkingHours | None = None  # its own clock, where that counts
    not_before: datetime | None = None  # out of office, or written to by another campaign lately

    @property
    def is_untouched(self) -> bool:
        """Nothing was sent to it, and it is not connected with its account: any account could take it up."""
        return self.walk.last_done_at is None and self.walk.invited_at is None and not self.walk.has_connection


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedWorld:
    """`remarks` are sentences about what the projection takes for granted."""

    campaign_id: str
    campaign: str
    at: datetime
    hours: WorkingHours
    accounts: tuple[SimulatedAccount, ...]
    leads: tuple[SimulatedLead, ...]
    remarks: tuple[str, ...] = ()
    new_leads_per_day: int | None = None
    begun_today: int = 0
    withdraw_after: timedelta | None = None  # None: invitations are left to run out
    company_limit: int | None = None
    colleague_pause: timedelta = timedelta(0)
