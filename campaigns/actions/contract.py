"""What every kind of step has to say for itself. One module a kind; `registry.py` names them.

Kinds are of two sorts. An `AccountStep` is carried out by an account at the provider: it counts against a cap, waits
for working hours and goes through reserve → look → confirm → call → record. An `InternalStep` is carried out here, in
one transaction, and needs neither account nor hours.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from django.core.exceptions import ObjectDoesNotExist
from django.db import DataError, IntegrityError

from campaigns.models import Campaign, Enrollment, Step, StepExecution
from campaigns.planning.calendar import WorkingHours
from campaigns.planning.decisions import Because, Reason
from campaigns.planning.wordings import Wording
from integrations.dispatching import Outcome
from integrations.errors import ProviderError
from integrations.models import Account, Action, Dispatch
from integrations.provider_events import MessageSeen
from integrations.unipile.client import UnipileClient
from integrations.unipile.types import Profile
from leads.models import Lead
from outreach.clients.models import Client
from outreach.events.kinds import EventKind

# What a kind of step may stumble over. The engine sets that one lead aside, so that the others go on.
STRANGE = (
    *(ValueError, TypeError, AttributeError, LookupError, ArithmeticError),
    *(ObjectDoesNotExist, DataError, IntegrityError),
)


class TextUse(StrEnum):
    """Whether a kind of step has a text."""

    NONE = "none"
    OPTIONAL = "optional"
    REQUIRED = "required"


@dataclass(frozen=True, slots=True)
class Job:
    """One reserved step on its way through the moves. Holds no lock and may be used from any thread."""

    enrollment: Enrollment
    step: Step
    execution: StepExecution
    dispatch: Dispatch
    connected: bool = False

    @property
    def lead(self) -> Lead:
        return self.enrollment.lead

    @property
    def account(self) -> Account:
        return self.dispatch.account


@dataclass(frozen=True, slots=True)
class Findings:
    """What the reads before a call found out.

    `already_done`: the wanted state is there; `nothing_to_do`: there is nothing the step could act on, and why. Both
    pass over the step. `data` is stored with the dispatch before the call, so that it can be asked for afterwards.
    """

    profile: Profile | None = None
    chat_id: str = ""
    messages: tuple[MessageSeen, ...] = ()
    problem: ProviderError | None = None
    already_done: bool = False
    nothing_to_do: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the provider says about a dispatch of unknown outcome. `happened` None: it cannot tell."""

    happened: bool | None
    words: str
    outcome: Outcome | None = None
    connected: bool = False
    messages: tuple[MessageSeen, ...] = field(default=())


class StepKind:
    """What both sorts have in common: a word, its label, a text or none, and options that are checked when saved."""

    kind: ClassVar[str]
    label: ClassVar[str]
    text: ClassVar[TextUse] = TextUse.NONE
    # The options that the kind takes, with a sentence each for the people who fill them in.
    options: ClassVar[Mapping[str, str]] = {}
    # Those of the options that are texts with tokens, worded for each lead as strictly as the text itself.
    worded_options: ClassVar[tuple[str, ...]] = ()
    branches: ClassVar[bool] = False
    ends: ClassVar[bool] = False

    def text_limit(self, account: Account | None) -> int | None:
        """Characters that the provider takes, or None. Without an account: the largest limit there is."""
        return None

    def problems(self, step: Step, client: Client) -> list[str]:
        """What is wrong with the options of a step, in sentences. Asked when it is saved and when it is activated."""
        return []

    def problems_among(self, step: Step, steps: Sequence[Step]) -> list[str]:
        """What is wrong with a step as one of these: what it says of others. Asked when all of them are sound."""
        return []


class AccountStep(StepKind):
    """A step that an account carries out. Reading and calling happen outside any transaction and touch no row."""

    action: ClassVar[Action]
    # It waits while an invitation is out, and is for people we are connected with.
    needs_connection: ClassVar[bool] = False
    # What is sent becomes a message in the inbox.
    writes: ClassVar[bool] = False
    # The stage that the lead reaches by it; stages only go up.
    stage: ClassVar[Enrollment.Stage | None] = None
    done_event: ClassVar[EventKind] = EventKind.STEP_DONE

    def problems_with(self, account: Account) -> str:
        """Why this account could never carry it out, or "". Asked before activation."""
        return ""

    def may_go_bare(self, step: Step) -> bool:
        """Whether the step may be done without its text when the text is too much."""
        return False

    def goes_bare(self, step: Step, earlier: Sequence[str]) -> bool:
        """Whether to leave the text out, given why earlier attempts at the step were refused."""
        return False

    def look(self, job: Job, client: UnipileClient) -> Findings:
        """The reads before the call: who is this at the provider, and has something happened meanwhile?"""
        raise NotImplementedError

    def call(self, job: Job, client: UnipileClient) -> Outcome:
        """The one write, from what is stored in the dispatch. Raises ProviderError."""
        raise NotImplementedError

    def reconcile(self, dispatch: Dispatch, client: UnipileClient, *, at: datetime) -> Evidence:
        """Ask the provider whether a call of unknown outcome happened. Raises ProviderError."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Place:
    """Where an internal step is carried out: one lead, locked, at one moment."""

    enrollment: Enrollment
    step: Step
    campaign: Campaign
    hours: WorkingHours
    wording: Wording
    due_at: datetime  # when the step became due, however late it is carried out
    at: datetime

    @property
    def lead(self) -> Lead:
        return self.enrollment.lead


@dataclass(frozen=True, slots=True)
class Passed:
    """Done; the walk goes on. A condition says which way; `detail` goes into the log."""

    holds: bool = True
    detail: str = ""


@dataclass(frozen=True, slots=True)
class NotYet:
    """Look again at that moment; None: something else will move the walk on (a task is done)."""

    because: Because
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Blocked:
    """It cannot be done until somebody mends the cause."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Over:
    """The walk ends here; without a reason it is completed."""

    exit_reason: Enrollment.ExitReason | None = None
    detail: str = ""


Result = Passed | NotYet | Blocked | Over


class InternalStep(StepKind):
    """A step that is carried out here. Runs in the transaction that moves the walk, and never calls out."""

    def carry_out(self, place: Place) -> Result:
        raise NotImplementedError
