"""The main job, step by step, against the sandbox."""

from datetime import datetime, timedelta

import pytest

from campaigns.activating import activate_campaign
from campaigns.engine import executing
from campaigns.enrolling import enroll
from campaigns.models import Enrollment
from integrations.polling import poll_due
from integrations.unipile.client import UnipileClient
from integrations.unipile.sandbox import Sandbox
from integrations.unipile.sandbox.transport import HOST, sandbox_session
from tests.worlds import MONDAY_MORNING, connect_sandbox, leads_from_sandbox, make_campaign, make_client

pytestmark = pytest.mark.django_db


class Bench:
    """A sandbox, one client with its accounts, and a clock."""

    def __init__(self, *, leads: int = 4) -> None:
        self.at: datetime = MONDAY_MORNING
        self.sandbox = Sandbox(1, now=lambda: self.at, people=60)
        self.provider = UnipileClient(HOST, "sandbox", session=sandbox_session(self.sandbox))
        self.client = make_client()
        self.accounts = connect_sandbox(self.client, self.sandbox, self.provider)
        self.leads = leads_from_sandbox(self.client, self.sandbox, leads)
        self.campaign = make_campaign(self.client, self.accounts[:1])

    def start(self) -> None:
        enroll(campaign=self.campaign, leads=self.leads, by=None, at=self.at)
        activate_campaign(campaign=self.campaign, by=None, at=self.at)

    def tick(self) -> int:
        return executing.run_batch(now=lambda: self.at, client=self.provider, at_once=1)

    def wait(self, **length: float) -> None:
        self.at += timedelta(**length)
        self.sandbox.advance()

    def read(self) -> None:
        poll_due(at=self.at, client=self.provider)


def test_one_tick_sends_one_invitation_with_the_leads_own_name() -> None:
    bench = Bench()
    bench.start()
    assert bench.tick() == 1
    assert bench.tick() == 0  # the account is pausing
    (sent,) = bench.sandbox.ledger()
    enrollment = Enrollment.objects.get(stage="invite_sent")
    assert sent["kind"] == "invitation"
    assert sent["text"] == f"Hi {enrollment.lead.first_name}, may we connect?"
    assert sent["person"] == enrollment.lead.provider_id


def test_an_acceptance_brings_the_message_and_an_answer_silences_everything() -> None:
    bench = Bench(leads=1)
    bench.start()
    bench.tick()
    invited = bench.sandbox.ledger()[0]
    bench.wait(minutes=20)
    person = {"account_id": invited["account_id"], "person": invited["person"]}
    session = sandbox_session(bench.sandbox)
    assert session.post(f"{HOST}/_sandbox/accept", json=person).ok
    bench.read()
    bench.wait(minutes=61)
    bench.read()
    assert bench.tick() == 1
    assert [entry["kind"] for entry in bench.sandbox.ledger()] == ["invitation", "message"]
    session.post(f"{HOST}/_sandbox/answer", json=person | {"text": "Tell me more"})
    bench.wait(days=7)
    bench.read()
    enrollment = Enrollment.objects.get()
    assert (enrollment.state, enrollment.exit_reason, enrollment.status) == ("exited", "replied", "responded")
    bench.wait(days=7)
    bench.read()
    assert bench.tick() == 0
    assert len(bench.sandbox.ledger()) == 2
