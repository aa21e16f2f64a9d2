"""One random world: the sandbox's people, our engine, a fake clock, crashes, operators, and the judge of the laws.

Everything random comes from the seed, ids included: the same seed has the same history.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from campaigns.engine import executing, housekeeping, recovering
from campaigns.engine.withdrawing import withdraw_stale
from integrations import account_care, breaker
from integrations.calling_out import deliver_due
from integrations.polling import poll_due
from integrations.rebuilding import differences
from integrations.unipile.client import UnipileClient
from integrations.unipile.sandbox import Sandbox
from integrations.unipile.sandbox.transport import HOST, sandbox_session
from outreach import chance, clock
from outreach.identifiers import repeatable
from outreach.milestones import MILESTONES, observed_by
from tests.simulation.building import STARTS, Builder, Plan
from tests.simulation.glancing import glance
from tests.simulation.judge import Judge
from tests.simulation.operators import Operators
from tests.simulation.outside import Outside
from tests.simulation.receiver import Receiver
from tests.simulation.rewinding import Backups


class Crash(BaseException):
    """The process died here. Not an Exception, so that nothing catches it by mistake."""


@dataclass
class Stage:
    """A world on its way."""

    seed: int
    receiver: Receiver
    folder: Path
    history: list[str] = field(default_factory=list)
    at: datetime = STARTS[0]

    def play(self) -> None:
        """From its beginning to its end. Raises Broken when a law is."""
        with repeatable(self.seed):
            self._build()
            with observed_by(self._at_milestone):
                self._live()
                self._settle()

    def _build(self) -> None:
        self.rng = Random(self.seed)
        chance.seed(self.seed)
        self.receiver.start_over()
        self.at = self.rng.choice(STARTS) + timedelta(minutes=self.rng.randrange(0, 24 * 60))
        self.plan = Plan.drawn(self.rng)
        self.ends_at = self.at + timedelta(days=self.plan.days)
        self.outside = Outside(self)
        number = self.rng.choice((1, 2, 2, 3))
        self.sandbox = Sandbox(self.seed, now=lambda: self.at, people=60, accounts=number, deliver=self.outside.deliver)
        self.session = sandbox_session(self.outside.listened_to(self.sandbox))
        self.provider = UnipileClient(HOST, "sandbox", session=self.session)
        self.armed = False
        with clock.frozen(self.at):
            self.builder = Builder(self.rng, self.seed, self.at, self.sandbox, self.provider)
            self.builder.subscribe()
            for _ in range(self.rng.choice((1, 1, 2, 3))):
                self.builder.campaign(url=self.receiver.url)
        self.operators = Operators(self)
        self.judge = Judge(self)
        self.backups = Backups(self)
        self.outside.misbehave(self.plan.faults)

    # --- Crashes, and what happens between two moves ----------------------------------------------------

    def _at_milestone(self, milestone: str) -> None:
        """Between two moves the world goes on, or the process dies."""
        assert milestone in MILESTONES
        if milestone == "after_preflight":
            self._meanwhile()
        self.judge.at_milestone(milestone)
        rate = self.plan.crash_rate * (0.15 if "inbound" in milestone else 1)  # passed very often
        if self.armed and self.rng.random() < rate:
            self.note(f"crash at {milestone}")
            raise Crash(milestone)

    def _meanwhile(self) -> None:
        """Looks take their time: the clock goes on, news comes in by another process, somebody acts."""
        if self.rng.random() < 0.3:
            self.at += timedelta(seconds=self.rng.choice((1, 30, 250)))
        if self.rng.random() < 0.3:
            self.sandbox.advance()
            self.outside.process_receipts()
        if self.armed and self.rng.random() < self.plan.operator_rate:
            self.note(f"meanwhile: {self.operators.interfere()}")

    # --- The world's moves ------------------------------------------------------------------------------

    def note(self, words: str) -> None:
        self.history.append(f"{self.at:%m-%d %H:%M:%S} {words}")

    def do(self, name: str, move: Callable[[], object]) -> None:
        """One move of the engine or an operator; a crash in it ends it where it stands. Then the laws are asked."""
        before = len(self.sandbox.parts.world.ledger)
        try:
            with clock.frozen(self.at):
                result = move()
        except Crash:
            result = "crashed"
        if result or len(self.sandbox.parts.world.ledger) > before:
            self.note(f"{name}: {result}")
            self.judge.after_move()

    def step(self) -> None:
        """The clock jumps to the next due thing, and everybody does what they do, if they come to it."""
        nap = self._nap()
        coming, is_open = glance(self.at + nap)
        self.at = self._next_moment(coming, self.at + nap)
        self.backups.watch()
        self.do("webhooks", self.sandbox.advance)
        self._often("receipts", 0.8, self.outside.process_receipts)
        self._often("people", 0.1, self.outside.people_act)
        self._often("poll", 0.8, self.poll)
        self.operators.act()
        self.taken = 0
        self._often("tick", 0.85, self.tick)
        if is_open:
            self._often("recover", 0.5, lambda: recovering.recover(at=self.at, client=self.provider))
        self._often("calls", 0.3, lambda: deliver_due(at=self.at))
        self._often("withdraw", 0.15, lambda: withdraw_stale(at=self.at, client=self.provider))
        self._often("house", 0.15, self.keep_house)
        self._often("recount", 0.1, lambda: [str(each) for each in differences()])

    def _often(self, name: str, share: float, move: Callable[[], object]) -> None:
        """A process that is not always there: late, lost and doubled ticks must be harmless."""
        if self.rng.random() < share:
            self.do(name, move)

    def _nap(self) -> timedelta:
        """Now and then nobody looks for a while."""
        sleeps = self.rng.random() < self.plan.sleepiness
        return timedelta(minutes=self.rng.choice((20, 90, 400, 900))) if sleeps else timedelta(0)

    def _next_moment(self, coming: list[datetime], floor: datetime) -> datetime:
        """The first moment after the floor at which something becomes due, here or there."""
        theirs = self.sandbox.next_at()
        moments = [*coming, *([theirs] if theirs and theirs > floor else [])]
        soonest = min(moments, default=floor + timedelta(hours=3))
        lag = timedelta(seconds=self.rng.choice((0, 0, 1, 20)))
        return max(min(soonest, floor + timedelta(hours=12)), self.at + timedelta(seconds=1)) + lag

    def tick(self) -> int:
        done = 0
        while taken := executing.run_batch(now=lambda: self.at, client=self.provider, at_once=1, limit=2):
            done += taken
        return done

    def poll(self) -> int:
        changed = account_care.refresh_all(self.provider, at=self.at)
        return changed + poll_due(at=self.at, client=self.provider)

    def keep_house(self) -> str:
        done = {name: count for name, count in housekeeping.keep_house(at=self.at).items() if count}
        self.judge.after_house()
        assert "taken_up" not in done, f"a lead was lost and had to be taken up again: {done}"
        return str(done or "")

    # --- From start to end ------------------------------------------------------------------------------

    def _live(self) -> None:
        self.armed = True
        moves = 0
        while self.at < self.ends_at and moves < self.plan.moves:
            moves += 1
            self.step()

    def _settle(self) -> None:
        """Crashes and faults end; whatever was left open must now come to rest by itself."""
        self.armed = False
        self.note("the end begins")
        self.outside.misbehave({})
        self.outside.heal()
        breaker.close_by_hand(by=None, at=self.at)  # somebody sees that the provider is well again
        self.do("operator", self.operators.resume_all)
        for _ in range(30):
            coming, is_open = glance(self.at)
            self.at = max(min(coming, default=self.at), self.at + timedelta(minutes=2))
            self._come_to_rest()
            if not is_open and not self.operators.anything_left():
                break
        self.outside.read_everything()
        self._come_to_rest()
        self.do("house", self.keep_house)
        self.judge.at_the_end()

    def _come_to_rest(self) -> None:
        self.backups.watch()
        self.do("webhooks", self.sandbox.advance)
        self.do("receipts", self.outside.process_receipts)
        self.do("poll", self.poll)
        self.do("recover", lambda: recovering.recover(at=self.at, client=self.provider))
        self.do("withdraw", lambda: withdraw_stale(at=self.at, client=self.provider))
        self.do("decide", self.operators.decide)
        self.do("calls", lambda: deliver_due(at=self.at))
