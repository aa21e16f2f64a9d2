"""One random world: the sandbox's people, our engine, a fake clock, crashes, operators, and the judge of the laws.

Everything random comes from the seed. The judge reads the sandbox's ledger and what the world was built from; it
shares no code with the engine.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from random import Random

from django.conf import settings
from django.test import Client as Browser

from campaigns.activating import activate_campaign
from campaigns.editing import StepDraft
from campaigns.engine import executing, housekeeping, recovering
from campaigns.engine.horizon import next_due
from campaigns.engine.withdrawing import withdraw_stale
from campaigns.enrolling import enroll
from campaigns.models import Campaign, Enrollment, Step
from campaigns.stopping import (
    pause_account,
    pause_campaign,
    pause_client,
    pause_enrollment,
    resume_account,
    resume_campaign,
    resume_client,
    resume_enrollment,
    start_engine,
    stop_engine,
)
from inbox.models import Conversation
from inbox.replying import NotSent, reply
from integrations import account_care, receiving
from integrations.models import Account, WebhookReceipt
from integrations.polling import poll_due
from integrations.unipile.client import UnipileClient
from integrations.unipile.sandbox import Sandbox
from integrations.unipile.sandbox.transport import HOST, sandbox_session
from leads.models import Lead
from outreach import chance, clock
from outreach.clients.models import Client
from outreach.milestones import MILESTONES, observed_by
from tests.simulation.judge import Judge
from tests.worlds import connect_sandbox, leads_from_sandbox, make_campaign, make_client

# Mondays before ordinary weeks and before both clock changes of 2026, in Europe and in America.
STARTS = (
    datetime(2026, 2, 2, 8, tzinfo=UTC),
    datetime(2026, 3, 2, 8, tzinfo=UTC),
    datetime(2026, 3, 23, 8, tzinfo=UTC),
    datetime(2026, 10, 19, 8, tzinfo=UTC),
    datetime(2026, 10, 26, 8, tzinfo=UTC),
)
ZONES = ("Europe/London", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Europe/Berlin")
WEEKDAYS = ([0, 1, 2, 3, 4], [0, 1, 2, 3, 4], [1, 3], [0, 1, 2, 3, 4, 5, 6])


# A lunch gap, and a short Friday.
LUNCH = {day: [["08:00", "11:30"], ["12:30", "17:00"]] for day in ("mon", "tue", "wed", "thu")} | {
    "fri": [["08:00", "12:00"]]
}


class Crash(BaseException):
    """The process died here. Not an Exception, so that nothing catches it by mistake."""


@dataclass
class Plan:
    """What the seed decided about a world."""

    days: int
    crash_rate: float
    faults: object
    operator_rate: float


@dataclass
class Stage:
    """A world on its way."""

    seed: int
    history: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rng = Random(self.seed)
        chance.seed(self.seed)
        self.at = self.rng.choice(STARTS) + timedelta(minutes=self.rng.randrange(0, 24 * 60))
        self.plan = self._plan()
        self.ends_at = self.at + timedelta(days=self.plan.days)
        self.sandbox = Sandbox(
            self.seed, now=lambda: self.at, people=80, accounts=self.rng.choice((1, 2)), deliver=self._deliver
        )
        self.session = sandbox_session(self.sandbox)
        self.provider = UnipileClient(HOST, "sandbox", session=self.session)
        self.browser = Browser()
        self.armed = False
        self._populate()
        self.judge = Judge(self)

    def _plan(self) -> Plan:
        faults = self.rng.choice(({}, {"all": True}, {"timeout_after": 0.2, "error_after": 0.2}, {"webhook_lost": 1.0}))
        return Plan(
            days=self.rng.choice((3, 5, 8)),
            crash_rate=self.rng.choice((0.0, 0.02, 0.05)),
            faults=faults,
            operator_rate=self.rng.choice((0.0, 0.06)),
        )

    def _populate(self) -> None:
        self.client: Client = make_client(f"World-{self.seed}")
        self.accounts = connect_sandbox(self.client, self.sandbox, self.provider)
        for account in self.accounts:
            self._set_limits(account)
        self.leads = leads_from_sandbox(self.client, self.sandbox, self.rng.randrange(5, 14))
        for lead in self.leads:
            if self.rng.random() < 0.1:
                Lead.objects.filter(pk=lead.pk).update(first_name="")
                lead.first_name = ""
        self._subscribe()
        self.campaigns = [self._campaign(number) for number in range(self.rng.choice((1, 1, 2)))]
        self.session.post(f"{HOST}/_sandbox/faults", json={"faults": self.plan.faults})

    def _set_limits(self, account: Account) -> None:
        account.invitations_per_day = self.rng.choice((1, 3, 25))
        account.messages_per_day = self.rng.choice((2, 5, 100))
        account.invitations_per_week = self.rng.choice((None, None, 4))
        account.notes_per_month = self.rng.choice((None, None, 2))
        account.spacing_min_seconds = self.rng.choice((20, 60, 600))
        account.spacing_max_seconds = account.spacing_min_seconds * self.rng.choice((1, 3))
        account.time_zone = self.rng.choice(ZONES)
        account.save()

    def _campaign(self, number: int) -> Campaign:
        opens = self.rng.choice((7, 9, 11))
        campaign = make_campaign(
            self.client,
            self.accounts,
            name=f"c{number}",
            steps=self._steps(number),
            at=self.at,
            time_zone=self.rng.choice(ZONES),
            weekdays=list(self.rng.choice(WEEKDAYS)),
            opens_at=time(opens),
            closes_at=time(opens + self.rng.choice((2, 6, 9))),
            week=self.rng.choice(({}, {}, LUNCH)),
            closed_dates=self.rng.choice(([], [(self.at + timedelta(days=1)).date().isoformat()])),
            new_leads_per_day=self.rng.choice((None, None, 2)),
            withdraw_after_days=self.rng.choice((21, 21, 2)),
            company_limit=self.rng.choice((None, 3)),
            one_campaign_at_a_time=self.rng.random() < 0.5,
            one_sender_at_a_time=self.rng.random() < 0.5,
            colleague_pause_days=self.rng.choice((0, 2)),
            not_again_within_days=self.rng.choice((0, 2)),
        )
        leads = [lead for lead in self.leads if self.rng.random() < 0.8]
        enroll(campaign=campaign, leads=leads, by=None, at=self.at)
        activate_campaign(campaign=campaign, by=None, at=self.at)
        return campaign

    def _steps(self, number: int) -> tuple[StepDraft, ...]:
        """Texts that say of themselves which campaign and step they are, and use the lead's own data."""
        rng = self.rng
        note = rng.choice(("", f"[c{number}s0] Hi {{{{ first_name }}}}, may we connect?"))
        delays = ((30, "minutes"), (3, "hours"), (1, "days"), (1, "working_days"))
        steps = [StepDraft(Step.Kind.CONNECTION_REQUEST, note)]
        for position in range(1, rng.randrange(2, 5)):
            amount, unit = rng.choice(delays)
            text = rng.choice(
                (
                    f"[c{number}s{position}] Hello {{{{ first_name }}}}, how is {{{{ company }}}}?",
                    f'[c{number}s{position}] Hi {{{{ first_name | default: "there" }}}}!',
                )
            )
            other = f"[c{number}s{position}] Good day {{{{ first_name }}}}."
            variants = rng.choice(((), ({"label": "B", "weight": 2, "text": other},)))
            steps.append(StepDraft(Step.Kind.MESSAGE, text, amount, unit, variants=variants))
        return (*steps, *self._last_steps())

    def _last_steps(self) -> tuple[StepDraft, ...]:
        """Sometimes steps within the house follow, so that walks go on after the last message."""
        tag = StepDraft("tag", "", 1, "hours", options={"tag": "through"})
        asks = StepDraft("condition", options={"if": "connected", "within_amount": 1}, else_position=None)
        return self.rng.choice(((), (tag,), (StepDraft("wait", "", 2, "hours"), asks, tag)))

    def _subscribe(self) -> None:
        for source, path, events in (
            ("users", "users", ["new_relation"]),
            ("messaging", "messaging", ["message_received"]),
            ("account_status", "accounts", ["ok", "credentials", "reconnected", "error", "stopped"]),
        ):
            self.provider.create_webhook(
                source=source,
                request_url=f"http://outreach.test/api/v1/webhooks/unipile/{path}",
                events=events,
                headers={receiving.SECRET_HEADER: settings.UNIPILE_WEBHOOK_SECRET},
            )

    # --- The world's moves ------------------------------------------------------------------------------

    def _deliver(self, url: str, headers: object, body: bytes) -> int:
        """A webhook reaches us, or finds us dead."""
        path = url.removeprefix("http://outreach.test")
        given = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in dict(headers).items()}  # type: ignore[call-overload]
        try:
            with clock.frozen(self.at):
                return self.browser.generic("POST", path, body, content_type="", **given).status_code
        except Crash:
            return 0

    def _at_milestone(self, milestone: str) -> None:
        """Between two moves the world goes on, or the process dies."""
        assert milestone in MILESTONES
        if milestone == "after_preflight":
            self._meanwhile()
        self.judge.at_milestone(milestone)
        if self.armed and self.rng.random() < self.plan.crash_rate:
            self.note(f"crash at {milestone}")
            raise Crash(milestone)

    def _meanwhile(self) -> None:
        """Looks take their time: the clock goes on, news comes in by another process, somebody presses Pause."""
        if self.rng.random() < 0.3:
            self.at += timedelta(seconds=self.rng.choice((1, 30, 250)))
        if self.rng.random() < 0.3:
            self.sandbox.advance()
            self._process_receipts()
        if self.rng.random() < self.plan.operator_rate:
            self.note(self._pause_something())

    def note(self, words: str) -> None:
        self.history.append(f"{self.at:%m-%d %H:%M:%S} {words}")

    def do(self, name: str, move: Callable[[], object]) -> None:
        """One move of the engine or an operator; a crash in it ends it where it stands. Then the laws are asked."""
        before = len(self.sandbox.ledger())
        try:
            result = move()
        except Crash:
            result = "crashed"
        if result or len(self.sandbox.ledger()) > before:
            self.note(f"{name}: {result}")
            self.judge.after_move()

    def step(self) -> None:
        """The clock jumps to the next due thing, and everybody does what they do, if they come to it."""
        self.at = self._next_moment()
        self.do("webhooks", self.sandbox.advance)
        self._often("receipts", 0.8, self._process_receipts)
        self._often("poll", 0.7, lambda: poll_due(at=self.at, client=self.provider))
        self._operators()
        self._often("tick", 0.8, self._tick)
        self._often("recover", 0.4, lambda: recovering.recover(at=self.at, client=self.provider))
        self._often("withdraw", 0.2, lambda: withdraw_stale(at=self.at, client=self.provider))
        self._often("house", 0.2, self._keep_house)
        self._often("refresh", 0.2, lambda: account_care.refresh_all(self.provider, at=self.at))

    def _often(self, name: str, share: float, move: Callable[[], object]) -> None:
        """A process that is not always there: late, lost and doubled ticks must be harmless."""
        if not self.armed or self.rng.random() < share:
            self.do(name, move)

    def _operators(self) -> None:
        if not self.armed:
            return
        if self.judge.is_anything_paused and self.rng.random() < 0.25:
            self.do("operator", self._resume_all)
        elif self.rng.random() < self.plan.operator_rate:
            self.do("operator", self._operator_acts)

    def _next_moment(self) -> datetime:
        ours = next_due(self.at)
        theirs = self.sandbox.next_at()
        moments = [moment for moment in (ours, theirs) if moment is not None]
        soonest = min(moments, default=self.at + timedelta(hours=6))
        latest = self.at + timedelta(hours=6)
        lag = timedelta(seconds=self.rng.choice((0, 0, 1, 20)))
        return max(min(soonest, latest), self.at + timedelta(seconds=1)) + lag

    def _tick(self) -> int:
        done = 0
        while taken := executing.run_batch(now=lambda: self.at, client=self.provider, at_once=1, limit=2):
            done += taken
        return done

    def _process_receipts(self) -> int:
        due = list(WebhookReceipt.objects.due(self.at).order_by("pk").values_list("pk", flat=True))
        self.rng.shuffle(due)
        for pk in due:
            if receipt := receiving.claim(pk, at=self.at):
                receiving.process(receipt, at=self.at, client=self.provider)
        return len(due)

    def _keep_house(self) -> str:
        done = {name: count for name, count in housekeeping.keep_house(at=self.at).items() if count}
        assert "taken_up" not in done, f"a lead was lost and had to be taken up again: {done}"
        return str(done or "")

    # --- Operators --------------------------------------------------------------------------------------

    def _operator_acts(self) -> str:
        act = self.rng.choice((self._pause_something, self._pause_something, self._replay, self._answer))
        return act()

    def _pause_something(self) -> str:
        scope = self.rng.choice(("engine", "client", "account", "campaign", "lead"))
        self.judge.paused(scope, self._pause(scope))
        return f"paused {scope}"

    def _pause(self, scope: str) -> object:
        if scope == "engine":
            stop_engine(by=None, at=self.at)
            return None
        if scope == "client":
            pause_client(client=self.client, by=None, at=self.at)
            return self.client
        if scope == "account":
            account = self.rng.choice(self.accounts)
            pause_account(account=account, by=None, at=self.at)
            return account
        if scope == "campaign":
            running = list(Campaign.objects.filter(client=self.client, status="active").order_by("pk"))
            if running:
                pause_campaign(campaign=running[0], by=None, at=self.at)
            return running[0] if running else False
        walking = list(Enrollment.objects.of(self.client).walking().order_by("pk"))
        if not walking:
            return False
        chosen = self.rng.choice(walking)
        pause_enrollment(enrollment=chosen, by=None, at=self.at)
        return chosen

    def _resume_all(self) -> str:
        start_engine(by=None, at=self.at)
        resume_client(client=self.client, by=None, at=self.at)
        for account in self.accounts:
            resume_account(account=account, by=None, at=self.at)
        for campaign in Campaign.objects.filter(client=self.client, status="paused").order_by("pk"):
            resume_campaign(campaign=campaign, by=None, at=self.at)
        for enrollment in Enrollment.objects.of(self.client).filter(state="paused").order_by("pk"):
            resume_enrollment(enrollment=enrollment, by=None, at=self.at)
        self.judge.resumed()
        return "resumed everything"

    def _replay(self) -> str:
        receipts = list(WebhookReceipt.objects.order_by("pk"))
        if not receipts:
            return ""
        receiving.replay(receipt=self.rng.choice(receipts), at=self.at)
        return "replayed a receipt"

    def _answer(self) -> str:
        waiting = list(Conversation.objects.of(self.client).filter(messages__is_reply=True).distinct().order_by("pk"))
        if not waiting:
            return ""
        try:
            reply(
                conversation=self.rng.choice(waiting),
                text="[manual] Thanks!",
                by=None,
                at=self.at,
                client=self.provider,
            )
        except NotSent:
            return "an answer did not go out"
        return "answered by hand"

    # --- From start to end ------------------------------------------------------------------------------

    def play(self) -> None:
        with observed_by(self._at_milestone):
            self.armed = True
            while self.at < self.ends_at:
                self.step()
            self._settle()

    def _settle(self) -> None:
        """Crashes and faults end; whatever was left open must now come to rest by itself."""
        self.armed = False
        self.session.post(f"{HOST}/_sandbox/faults", json={"faults": {}})
        self.do("operator", self._resume_all)
        quiet_at = self.at + timedelta(days=2)
        while self.at < quiet_at:
            self.step()
        Account.objects.of(self.client).update(
            messages_read_at=None, messages_poll_at=self.at, relations_poll_at=self.at
        )
        self.do("receipts", self._process_receipts)
        self.do("poll", lambda: poll_due(at=self.at, client=self.provider))
        self.judge.at_the_end()
