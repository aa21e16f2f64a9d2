"""Whatever is stopped, answered or restored between the gate and the call: the call does not start (laws 1, 2, 5)."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from campaigns.engine import withdrawing
from campaigns.engine.restoring import reconcile_everything
from campaigns.models import Enrollment
from campaigns.stopping import pause_account, pause_campaign, pause_client, pause_enrollment, stop_engine
from integrations.account_care import change_status
from integrations.models import Account
from leads.models import Lead
from outreach.milestones import observed_by
from tests.bench import INVITE, Bench, used

pytestmark = pytest.mark.django_db


def answered_elsewhere(bench: Bench, walk: Enrollment) -> None:
    """The answer is known of the lead alone: it was given to a campaign that this one comes after."""
    Lead.objects.filter(pk=walk.lead_id).update(replied_at=bench.at)


def away(bench: Bench, walk: Enrollment) -> None:
    Enrollment.objects.filter(pk=walk.pk).update(resting_until=bench.at + timedelta(days=2))


MEANWHILE: dict[str, Callable[[Bench, Enrollment], object]] = {
    "engine": lambda bench, walk: stop_engine(by=None, at=bench.at),
    "client": lambda bench, walk: pause_client(client=bench.client, by=None, at=bench.at),
    "account": lambda bench, walk: pause_account(account=bench.account, by=None, at=bench.at),
    "campaign": lambda bench, walk: pause_campaign(campaign=walk.campaign, by=None, at=bench.at),
    "lead": lambda bench, walk: pause_enrollment(enrollment=walk, by=None, at=bench.at),
    "answered": answered_elsewhere,
    "away": away,
    "restricted": lambda bench, walk: change_status(
        bench.account, Account.Status.RESTRICTED, at=bench.at, actor="webhook"
    ),
    "restored": lambda bench, walk: reconcile_everything(by=None, at=bench.at),
}


@pytest.mark.parametrize("what", MEANWHILE)
def test_what_happens_between_the_gate_and_the_call_stops_it(what: str) -> None:
    bench = Bench()
    walk = bench.walk(None, INVITE)

    def happen(milestone: str) -> None:
        if milestone == "after_preflight":
            MEANWHILE[what](bench, walk)

    with observed_by(happen):
        assert bench.tick() == 1, "nothing was reserved: the test tells nothing"
    assert bench.ledger() == []
    assert used(bench.account, "invitation") == 0


@pytest.mark.parametrize("what", ["engine", "client", "account", "campaign", "lead"])
def test_a_withdrawal_does_not_start_either(what: str) -> None:
    bench = Bench()
    walk = bench.walk(None, INVITE)
    bench.tick()
    walk.refresh_from_db()
    bench.wait(days=22)
    pending = withdrawing.pending_invitation

    def read_and_then(person: str, account_id: str, client: object) -> str:
        found = pending(person, account_id, bench.provider)
        MEANWHILE[what](bench, walk)
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(withdrawing, "pending_invitation", read_and_then)
        withdrawing.withdraw_stale(at=bench.at, client=bench.provider)
    assert [entry["kind"] for entry in bench.ledger()] == ["invitation"]


def test_the_gate_ends_the_walk_of_somebody_who_has_answered_elsewhere() -> None:
    bench = Bench()
    walk = bench.walk(None, INVITE)
    answered_elsewhere(bench, walk)
    bench.tick()
    walk.refresh_from_db()
    assert (walk.state, walk.exit_reason, walk.executions.count()) == ("exited", "replied", 0)


def test_a_lead_is_written_to_by_the_leads_own_clock_when_the_campaign_wants_it() -> None:
    bench = Bench()  # Monday, half past nine in London: the middle of the night in New York
    lead = bench.lead(time_zone="America/New_York")
    bench.walk(lead, INVITE, use_lead_time_zone=True)
    bench.tick()
    assert bench.ledger() == []
    bench.wait(hours=5)
    bench.tick()
    assert len(bench.ledger()) == 1
