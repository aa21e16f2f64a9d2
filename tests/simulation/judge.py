"""The judge: asks the ten laws after every move, from the sandbox's ledger and from what the world was built of.

It shares no decision with the engine: what it counts with are the entries of the ledger, the facts of the world, and
rows as they stand.
"""

from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from integrations.models import Dispatch
from tests.simulation import books, guards, laws, limits, paths
from tests.simulation.entries import Entry
from tests.simulation.people import People

if TYPE_CHECKING:
    from tests.simulation.stage import Stage


class Broken(AssertionError):
    """A law was broken."""


@dataclass
class Switches:
    """What operators have said, as far as the database has to know it."""

    engine_stopped: bool = False
    paused: set[tuple[str, UUID]] = field(default_factory=set)
    stopped: set[UUID] = field(default_factory=set)  # walks that were ended by hand
    left: dict[tuple[int, UUID], datetime] = field(default_factory=dict)  # campaign and account, since
    slowed: set[UUID] = field(default_factory=set)  # accounts with too many pending invitations


class Judge:
    def __init__(self, stage: "Stage") -> None:
        self.stage = stage
        self.seen = 0
        self.entries: list[Entry] = []
        self.people = People(stage)
        self.switches = Switches()
        self.apart_since: dict[str, datetime] = {}  # by the provider's account id
        self.saved: tuple[Any, ...] = ()
        self.accounts = {fact.id: fact for fact in stage.builder.facts}

    def broken(self, law: int, words: str) -> Broken:
        tail = "\n  ".join(self.stage.history[-40:])
        return Broken(f"law {law}, seed {self.stage.seed}, {self.stage.at}: {words}\n  {tail}")

    # --- While the world turns --------------------------------------------------------------------------

    def at_milestone(self, name: str) -> None:
        """Just before the calls, learn who is known to have answered by then; just after, judge them."""
        if name in ("after_confirm", "withdrawal_confirmed"):
            self.people.learn()
        elif name in ("after_call", "withdrawal_called"):
            self._judge_new_entries()

    def after_move(self) -> None:
        self._judge_new_entries()
        self.people.learn()

    def _judge_new_entries(self) -> None:
        ledger = self.stage.sandbox.parts.world.ledger
        fresh, self.seen = ledger[self.seen :], len(ledger)
        for raw in fresh:
            self.stage.note(f"LEDGER {raw['kind']} {raw['person'][-6:]} {raw['text'][:40]!r}")
            entry = Entry.read(raw, self)
            self.entries.append(entry)
            limits.judge(self, entry)
            if not entry.is_manual:
                laws.judge(self, entry)
                guards.judge(self, entry)

    # --- What the judge is told -------------------------------------------------------------------------

    @property
    def engine_stopped(self) -> bool:
        return self.switches.engine_stopped

    @engine_stopped.setter
    def engine_stopped(self, stopped: bool) -> None:
        self.switches.engine_stopped = stopped

    @property
    def is_anything_paused(self) -> bool:
        return self.engine_stopped or bool(self.switches.paused)

    def paused(self, scope: str, *keys: UUID) -> None:
        self.switches.paused |= {(scope, key) for key in keys}

    def resumed(self) -> None:
        self.switches.engine_stopped = False
        self.switches.paused.clear()

    def stopped(self, walk: UUID) -> None:
        self.switches.stopped.add(walk)

    def left(self, campaign: int, account: UUID) -> None:
        self.switches.left[campaign, account] = self.stage.at

    def set_apart(self) -> None:
        self.apart_since = dict.fromkeys(self.accounts, self.stage.at)

    def after_house(self) -> None:
        limits.note_pending(self)

    # --- A backup ---------------------------------------------------------------------------------------

    def remember(self) -> None:
        """What a backup that is made now will know."""
        versions = [list(facts.versions) for facts in self.stage.builder.campaigns]
        self.saved = (deepcopy(self.switches), self.people.copied(), versions, len(self.entries))

    def forget(self) -> None:
        """The database knows again what it knew then. What people wrote is still at the provider."""
        self.switches, self.people, versions, count = self.saved
        for entry in self.entries[count:]:
            entry.is_forgotten = True
        for facts, known in zip(self.stage.builder.campaigns, versions, strict=True):
            facts.versions = known

    # --- The ledger's word ------------------------------------------------------------------------------

    def really_happened(self, dispatch: Dispatch) -> bool:
        """Whether the ledger has this very effect, which no other dispatch accounts for."""
        self._judge_new_entries()
        return any(entry.dispatch is not None and entry.dispatch.pk == dispatch.pk for entry in self.entries)

    # --- At the end -------------------------------------------------------------------------------------

    def at_the_end(self) -> None:
        self.after_move()
        books.judge(self)
        paths.judge(self)
