"""A lead on which the engine chokes is parked and listed, and nobody else waits for it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import DataError

from campaigns.actions.connection_request import ConnectionRequest
from campaigns.actions.tagging import AddTag
from campaigns.editing import StepDraft
from campaigns.engine import executing
from campaigns.engine.withdrawing import withdraw_stale
from campaigns.models import Enrollment
from campaigns.stopping import release_enrollment
from integrations import breaker
from integrations.models import Dispatch
from outreach.events.models import Event
from outreach.milestones import observed_by
from tests.bench import INVITE, Bench, Crash

pytestmark = pytest.mark.django_db
TAG = StepDraft("tag", options={"tag": "warm"})


@pytest.fixture
def bench() -> Bench:
    made = Bench()
    made.unhurried()
    return made


def choking(real: Callable[..., Any], on: Enrollment, problem: Exception) -> Callable[..., Any]:
    """The method, which raises for one walk."""

    def method(self: Any, job: Any, *rest: Any) -> Any:
        if job.enrollment.pk == on.pk:
            raise problem
        return real(self, job, *rest)

    return method


def held(walk: Enrollment) -> str:
    walk.refresh_from_db()
    return walk.held_because


def test_data_that_the_gate_chokes_on_hold_their_lead_and_no_other(bench: Bench) -> None:
    poison, healthy = (bench.walk(name=name) for name in ("First", "Second"))
    type(poison.lead).objects.filter(pk=poison.lead_id).update(custom=["no mapping"])
    assert bench.tick() == 1
    assert held(poison) == "broken"
    assert "AttributeError" in poison.held_detail or "TypeError" in poison.held_detail
    assert held(healthy) == ""
    assert len(bench.ledger()) == 1


def test_an_internal_step_that_fails_holds_its_lead_and_no_other(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    poison, healthy = (bench.walk(None, TAG, name=name) for name in ("First", "Second"))
    problem = DataError("value too long")
    monkeypatch.setattr(AddTag, "carry_out", choking(AddTag.carry_out, poison, problem))
    bench.tick_until_idle()
    assert held(poison) == "broken"
    assert "value too long" in poison.held_detail
    healthy.refresh_from_db()
    assert healthy.state == "completed"
    assert Event.objects.filter(kind="step_held", enrollment_id=poison.pk).count() == 1


@pytest.mark.parametrize("move", ["look", "call"])
def test_a_step_that_chokes_beside_its_call_costs_the_others_of_its_batch_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, move: str
) -> None:
    poison = bench.walk(None, INVITE)
    healthy = bench.walk(None, INVITE, accounts=[bench.free], name="Other")
    real = getattr(ConnectionRequest, move)
    monkeypatch.setattr(ConnectionRequest, move, choking(real, poison, KeyError("chat")))
    assert bench.tick() == 2
    healthy.refresh_from_db()
    assert healthy.stage == "invite_sent"
    assert breaker.is_closed(bench.at)
    if move == "look":
        assert held(poison) == "broken"
    else:
        assert Dispatch.objects.get(execution__enrollment=poison).state == "unknown"


def test_a_step_that_ends_its_worker_every_time_is_parked_in_the_end(bench: Bench) -> None:
    walk = bench.walk(None, INVITE, opens_at="00:00", closes_at="23:59", weekdays=list(range(7)))
    for _ in range(60):
        with bench.crashing_at("after_reserve"):
            try:
                bench.tick()
            except Crash:
                pass
        bench.wait(minutes=15)
        bench.recover()
        if held(walk):
            break
        bench.wait(hours=3)
    assert held(walk) == "gave_up"
    assert walk.executions.count() == 12
    release_enrollment(enrollment=walk, by=None, at=bench.at)
    assert (walk.attempts, walk.next_action) == (0, "invitation")


def test_a_call_that_never_gets_an_answer_is_not_sent_over_and_over(bench: Bench) -> None:
    walk = bench.walk(None, INVITE, opens_at="00:00", closes_at="23:59", weekdays=list(range(7)))
    bench.faults(timeout_before={"rate": 1})
    bench.tick()
    bench.faults()
    bench.wait(minutes=6)
    assert bench.recover() == 1
    walk.refresh_from_db()
    assert walk.attempts == 1
    assert walk.next_action_at is not None and walk.next_action_at > bench.at
    assert walk.waiting_because == "retrying"


def test_a_strange_answer_about_one_outcome_keeps_no_other_from_being_settled(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    walks = [bench.walk(None, INVITE, accounts=[each], name=each.name) for each in (bench.account, bench.free)]
    bench.faults(timeout_before={"rate": 1, "times": 2})
    bench.tick()
    bench.faults()
    bench.wait(minutes=6)
    first = Dispatch.objects.order_by("pk")[0]
    real = ConnectionRequest.reconcile

    def reconcile(self: Any, dispatch: Dispatch, client: Any, *, at: Any) -> Any:
        if dispatch.pk == first.pk:
            raise TypeError("not subscriptable")
        return real(self, dispatch, client, at=at)

    monkeypatch.setattr(ConnectionRequest, "reconcile", reconcile)
    bench.recover()
    first.refresh_from_db()
    assert (first.state, first.asked) == ("unknown", 1)
    assert Dispatch.objects.filter(execution__enrollment__in=walks).exclude(pk=first.pk).get().state != "unknown"


# --- A process that stood still -------------------------------------------------------------------------


def test_a_process_that_stood_still_right_after_confirming_calls_no_more(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stopwatch runs from before the confirmation: a pause may have returned since."""
    walk = bench.walk(None, INVITE)
    seconds = [0.0]
    monkeypatch.setattr(executing, "stopwatch", lambda: seconds[0])

    def freeze(name: str) -> None:
        if name == "after_confirm":
            seconds[0] += executing.CALL_WITHIN + 1

    with observed_by(freeze):
        bench.tick()
    assert bench.ledger() == []
    bench.wait(minutes=6)
    bench.recover()
    walk.refresh_from_db()
    assert walk.stage == "pending_invite"


def test_a_process_that_stood_still_before_a_withdrawal_withdraws_no_more(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    from campaigns.engine import withdrawing

    bench.walk(None, INVITE, withdraw_after_days=2)
    bench.tick()
    bench.wait(days=3)
    seconds = [0.0]
    monkeypatch.setattr(withdrawing, "stopwatch", lambda: seconds[0])

    def freeze(name: str) -> None:
        if name == "withdrawal_confirmed":
            seconds[0] += executing.CALL_WITHIN + 1

    with observed_by(freeze):
        withdraw_stale(at=bench.at, client=bench.provider)
    assert [kind for kind, _ in bench.sent()] == ["invitation"]
    for _ in range(3):
        bench.wait(minutes=20)
        bench.recover()
    assert not Dispatch.objects.filter(state__in=("sending", "unknown")).exists()
