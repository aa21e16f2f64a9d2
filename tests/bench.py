"""A bench for the engine: a sandbox in this process, a client with accounts and leads, a clock in the test's hand."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.test import Client as Browser

from campaigns.activating import activate_campaign
from campaigns.editing import StepDraft
from campaigns.engine import executing, housekeeping, recovering
from campaigns.enrolling import enroll
from campaigns.models import Campaign, Enrollment, Step
from integrations import receiving
from integrations.models import Account, Dispatch, Usage, WebhookReceipt
from integrations.polling import poll_due
from integrations.unipile.client import UnipileClient
from integrations.unipile.sandbox import Sandbox
from integrations.unipile.sandbox.people import Answers, Person
from integrations.unipile.sandbox.routes_control import strangers
from integrations.unipile.sandbox.transport import HOST, sandbox_session
from leads.models import Lead
from outreach import clock
from outreach.clients.models import Client
from outreach.milestones import observed_by
from tests import payloads
from tests.worlds import MONDAY_MORNING, connect_sandbox, make_campaign, make_client, make_lead

INVITE = StepDraft(Step.Kind.CONNECTION_REQUEST, "Hi {{ first_name }}, may we connect?")
WRITE_NEXT_HOUR = StepDraft(Step.Kind.MESSAGE, "Thank you, {{ first_name }}!", 1, Step.Unit.HOURS)
WRITE = StepDraft(Step.Kind.MESSAGE, "Hello {{ first_name }}, how is {{ company }}?")
WRITE_AGAIN = StepDraft(Step.Kind.MESSAGE, "One more thought, {{ first_name }}.", 1, Step.Unit.HOURS)


class Crash(BaseException):
    """The process died here. Not an Exception, so that nothing catches it by mistake."""


def is_calm(person: Person) -> bool:
    """Whoever does nothing unasked: neither accepts nor answers."""
    mood = person.temperament
    return mood.accepts_after is None and mood.answers is Answers.NEVER and not mood.answers_note


class Bench:
    """A sandbox, one client with its accounts (the first premium, the second free), and a clock."""

    def __init__(self, *, at: datetime = MONDAY_MORNING, people: int = 400) -> None:
        self.at = at
        self.sandbox = Sandbox(1, now=lambda: self.at, people=people)
        self.session = sandbox_session(self.sandbox)
        self.provider = UnipileClient(HOST, "sandbox", session=self.session)
        self.client = make_client()
        self.account, self.free = connect_sandbox(self.client, self.sandbox, self.provider)
        self._strangers = iter([person for person in strangers(self.sandbox.parts) if is_calm(person)])
        self.browser = Browser()

    # --- People -----------------------------------------------------------------------------------------

    def stranger(self) -> Person:
        """Somebody no account knows, another one each time."""
        return next(self._strangers)

    def friend(self, account: Account | None = None, number: int = 0) -> Person:
        """A relation of the account who never answers unasked."""
        of = self.sandbox.parts.world.accounts[(account or self.account).provider_account_id]
        calm = [each.person for each in of.relations.values() if each.person.temperament.answers is Answers.NEVER]
        return calm[number]

    def lead(self, person: Person | None = None, *, client: Client | None = None, **fields: object) -> Lead:
        """A person of the sandbox as a lead, known by the public name alone, as from a lead file."""
        who = person or self.stranger()
        known = {"first_name": who.first_name, "last_name": who.last_name, "company": who.company}
        known |= {"public_identifier": who.public_identifier}
        lead = make_lead(client or self.client, **(known | fields))
        Lead.objects.filter(pk=lead.pk).update(updated_at=self.at)  # rows stamp themselves with the machine's time
        return lead

    def leads(self, count: int) -> list[Lead]:
        return [self.lead() for _ in range(count)]

    def person_of(self, lead: Lead) -> Person:
        return self.sandbox.parts.world.population.found(lead.public_identifier)

    # --- Campaigns --------------------------------------------------------------------------------------

    def campaign(
        self,
        leads: Iterable[Lead],
        *steps: StepDraft,
        accounts: list[Account] | None = None,
        start: bool = True,
        **fields: object,
    ) -> Campaign:
        """An active campaign with these leads; invitation and one message unless said otherwise."""
        mine = accounts or [self.account]
        chosen = steps or (INVITE, WRITE_NEXT_HOUR)
        campaign = make_campaign(mine[0].client, mine, steps=chosen, at=self.at, **fields)
        campaign.sequences.update(created_at=self.at)
        enroll(campaign=campaign, leads=leads, by=None, at=self.at)
        if start:
            activate_campaign(campaign=campaign, by=None, at=self.at)
        return campaign

    def walk(self, lead: Lead | None = None, *steps: StepDraft, **fields: Any) -> Enrollment:
        """One lead in an active campaign of its own."""
        who = lead or self.lead()
        return self.campaign([who], *steps, **fields).enrollments.get()

    def unhurried(self, account: Account | None = None, **fields: object) -> None:
        """Spacing of ten seconds, so that a tick after `wait(minutes=1)` always finds a free slot."""
        changes = {"spacing_min_seconds": 10, "spacing_max_seconds": 10} | fields
        chosen = Account.objects.filter(pk=account.pk) if account else Account.objects.all()
        chosen.update(**changes)

    # --- Moves ------------------------------------------------------------------------------------------

    def tick(self, *, limit: int | None = None) -> int:
        return executing.run_batch(now=lambda: self.at, client=self.provider, at_once=1, limit=limit)

    def tick_until_idle(self, *, at_most: int = 40) -> int:
        """Ticks a minute apart until one finds nothing; returns how many steps were taken up."""
        for done in range(at_most):
            if not self.tick():
                return done
            self.wait(minutes=1)
        raise AssertionError(f"still busy after {at_most} ticks")

    def recover(self) -> int:
        return recovering.recover(at=self.at, client=self.provider)

    def keep_house(self) -> dict[str, int]:
        return housekeeping.keep_house(at=self.at)

    def read(self) -> None:
        """Read every account now, due or not."""
        Account.objects.filter(status=Account.Status.OK).update(messages_poll_at=self.at, relations_poll_at=self.at)
        poll_due(at=self.at, client=self.provider)

    def wait(self, **length: float) -> None:
        self.at += timedelta(**length)
        self.sandbox.advance()

    def wait_until(self, at: datetime) -> None:
        assert at >= self.at, "time does not go back"
        self.at = at
        self.sandbox.advance()

    def crashing_at(self, milestone: str) -> AbstractContextManager[None]:
        """The process dies the first time it passes this milestone."""
        armed = [milestone]

        def observe(name: str) -> None:
            if name in armed:
                armed.remove(name)
                raise Crash(name)

        return observed_by(observe)

    # --- The world outside ------------------------------------------------------------------------------

    def control(self, path: str, **body: object) -> None:
        answer = self.session.post(f"{HOST}/_sandbox{path}", json=body)
        assert answer.ok, answer.text

    def faults(self, **wanted: object) -> None:
        self.control("/faults", faults=wanted)

    def accept(self, person: Person, account: Account | None = None) -> None:
        self.control("/accept", account_id=(account or self.account).provider_account_id, person=person.provider_id)

    def answer(self, person: Person, text: str = "Tell me more", account: Account | None = None) -> None:
        mine = account or self.account
        self.control("/answer", account_id=mine.provider_account_id, person=person.provider_id, text=text)

    def provider_status(self, status: str, account: Account | None = None) -> None:
        self.control(f"/accounts/{(account or self.account).provider_account_id}/status", status=status)

    def ledger(self) -> list[dict[str, Any]]:
        return self.sandbox.ledger()

    def sent(self) -> list[tuple[str, str]]:
        """Kind and person of everything that really went out."""
        return [(entry["kind"], entry["public_identifier"]) for entry in self.ledger()]

    # --- Webhooks ---------------------------------------------------------------------------------------

    def deliver(self, source: str, body: bytes | dict[str, Any], **headers: str) -> HttpResponse:
        """A webhook call with the right secret, unless the headers say otherwise."""
        raw = body if isinstance(body, bytes) else payloads.encoded(body)
        given = {"HTTP_UNIPILE_AUTH": settings.UNIPILE_WEBHOOK_SECRET, "content_type": "application/json"} | headers
        kind = given.pop("content_type")
        path = f"/api/v1/webhooks/unipile/{source}"
        with clock.frozen(self.at):
            answer: HttpResponse = self.browser.generic("POST", path, raw, content_type=kind, **given)
        return answer

    def process(self) -> int:
        """Take in every receipt that is due, one by one, oldest first. Returns how many."""
        due = list(WebhookReceipt.objects.due(self.at).order_by("received_at", "pk").values_list("pk", flat=True))
        for pk in due:
            if receipt := receiving.claim(pk, at=self.at):
                receiving.process(receipt, at=self.at, client=self.provider)
        return len(due)

    def told(self, source: str, body: dict[str, Any]) -> WebhookReceipt:
        """A webhook delivered and taken in."""
        answer = self.deliver(source, body)
        assert answer.status_code == 200, answer.content
        self.process()
        return WebhookReceipt.objects.latest("pk")


def used(account: Account, action: str) -> int:
    """How much of the caps of all days stands as used."""
    return sum(Usage.objects.filter(account=account, action=action).values_list("used", flat=True))


def the_dispatch() -> Dispatch:
    """The newest one."""
    return Dispatch.objects.order_by("-pk")[0]


@contextmanager
def breaking_the_call(bench: Bench, **faults: object) -> Iterator[None]:
    """The looks go well; the faults begin with the call itself, and end with it."""

    def observe(milestone: str) -> None:
        if milestone == "after_confirm":
            bench.faults(**faults)
        if milestone == "after_call":
            bench.faults()

    with observed_by(observe):
        yield
