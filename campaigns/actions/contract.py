"""What every kind of step has to say for itself. One module a kind; `registry.py` names them."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from campaigns.models import Enrollment, Step, StepExecution
from integrations.dispatching import Outcome
from integrations.errors import ProviderError
from integrations.models import Account, Action, Dispatch
from integrations.provider_events import MessageSeen
from integrations.unipile.client import UnipileClient
from integrations.unipile.types import Profile
from leads.models import Lead


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
    """What the reads before a call found out."""

    profile: Profile | None = None
    chat_id: str = ""
    messages: tuple[MessageSeen, ...] = ()
    problem: ProviderError | None = None
    already_done: bool = False


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the provider says about a dispatch of unknown outcome. `happened` None: it cannot tell."""

    happened: bool | None
    words: str
    outcome: Outcome | None = None
    connected: bool = False
    messages: tuple[MessageSeen, ...] = field(default=())


class StepAction(Protocol):
    """A kind of step. Reading and calling happen outside any transaction and touch no row."""

    kind: Step.Kind
    action: Action

    def text_limit(self, account: Account | None) -> int | None:
        """Characters that the provider takes, or None."""
        ...

    def look(self, job: Job, client: UnipileClient) -> Findings:
        """The reads before the call: who is this at the provider, and has something happened meanwhile?"""
        ...

    def call(self, job: Job, client: UnipileClient) -> Outcome:
        """The one write. Raises ProviderError."""
        ...

    def reconcile(self, dispatch: Dispatch, client: UnipileClient, *, at: datetime) -> Evidence:
        """Ask the provider whether a call of unknown outcome happened. Raises ProviderError."""
        ...
