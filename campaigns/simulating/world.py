"""What a projection starts from: one campaign, its accounts and its leads as they stand at one moment."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from campaigns.planning.calendar import WorkingHours
from campaigns.planning.decisions import ActionKind, Because
from campaigns.planning.sequencing import StepPlan, Walk

# The two-dimensional golden ratio: multiples of these two fill the unit square evenly, so that any few leads in a
# row, or every second one, hold close to the assumed share of each, independent of each other.
ACCEPTS = 0.7548776662466927
ANSWERS = 0.5698402909980532
LONGEST_WAIT = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What people are taken to do. The same lead does the same in every projection.

    Raises ValueError for a share that is none, or a wait that is negative or endless.
    """

    accepted: float = 0.4  # share of those invited
    answered: float = 0.2  # share of those written to; to the next message they get
    accepted_after: timedelta = timedelta(hours=20)

    def __post_init__(self) -> None:
        for name, share in (("accepted", self.accepted), ("answered", self.answered)):
            if not 0 <= share <= 1:
                raise ValueError(f"the share {name} is a number from 0 to 1 (0.4 is 40%), not {share}")
        if not timedelta(0) <= self.accepted_after <= LONGEST_WAIT:
            raise ValueError(f"people accept after 0 to {LONGEST_WAIT.days} days, not after {self.accepted_after}")

    def accepts(self, number: int) -> bool:
        """Whether the lead of this number accepts an invitation."""
        return _spread(number, ACCEPTS) < self.accepted

    def answers(self, number: int) -> bool:
        """Whether the lead of this number answers the next message."""
        return _spread(number, ANSWERS) < self.answered


def _spread(number: int, ratio: float) -> float:
    return (0.5 + number * ratio) % 1


@dataclass(frozen=True, slots=True)
class Limit:
    """One action of an account: the cap of each local day, what of it is used today, until when it rests."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedLead:
    """One lead's walk so far. Who is `left_out` gets nothing, for that reason."""

    number: int  # the older, the smaller
    account: str
    steps: tuple[StepPlan, ...]
    walk: Walk
    due_at: datetime | None = None  # of the appointment it has; None: to be planned
    left_out: Because | None = None

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
