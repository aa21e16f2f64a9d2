"""A crash at every named point, then a restart: one entry in the ledger, and books that agree (laws 1 and 10)."""

from datetime import timedelta

import pytest

from campaigns.engine.withdrawing import withdraw_stale
from campaigns.models import Enrollment, StepExecution
from integrations.models import Dispatch
from outreach.events.models import Event
from outreach.milestones import MILESTONES, observed_by
from tests.bench import INVITE, WRITE, Bench, Crash, used

pytestmark = pytest.mark.django_db
OF_A_TICK = (
    "before_reserve",
    "inside_reserve",
    "after_reserve",
    "after_preflight",
    "after_confirm",
    "after_call",
    "inside_record",
    "after_record",
)
OF_A_WITHDRAWAL = ("withdrawal_reserved", "withdrawal_confirmed", "withdrawal_called")
ELSEWHERE = {"receipt_stored", "inside_inbound", "after_inbound", "inside_recovery", "inside_internal"}


def test_every_milestone_is_attacked_somewhere() -> None:
    """Inbound ones in tests/integrations/test_receiving.py, that of internal steps in test_internal_steps.py."""
    assert {*OF_A_TICK, *OF_A_WITHDRAWAL, *ELSEWHERE} == set(MILESTONES)


def walk_of(bench: Bench, kind: str) -> Enrollment:
    return bench.walk(None, INVITE) if kind == "invitation" else bench.walk(bench.lead(bench.friend()), WRITE)


def restart(bench: Bench, *, read: bool = True) -> None:
    """Everything that runs all the time, for an hour."""
    for _ in range(6):
        bench.wait(minutes=10)
        bench.recover()
        if read:
            bench.read()
        bench.tick()
        bench.keep_house()


def assert_done_once(bench: Bench, enrollment: Enrollment, kind: str) -> None:
    assert [sent for sent, _ in bench.sent()] == [kind]
    assert Dispatch.objects.filter(state="sent").count() == 1
    assert not Dispatch.objects.filter(state__in=("sending", "unknown")).exists()
    assert StepExecution.objects.filter(outcome="sent").count() == 1
    assert used(bench.account, kind) == 1
    told = Event.objects.filter(kind__in=("connection_request_sent", "message_sent"))
    assert told.count() == 1
    enrollment.refresh_from_db()
    assert enrollment.position == 1


@pytest.mark.parametrize("kind", ["invitation", "message"])
@pytest.mark.parametrize("milestone", OF_A_TICK)
def test_a_crash_at_any_point_of_a_tick_costs_nothing(milestone: str, kind: str) -> None:
    bench = Bench()
    enrollment = walk_of(bench, kind)
    with bench.crashing_at(milestone), pytest.raises(Crash):
        bench.tick()
    restart(bench)
    assert_done_once(bench, enrollment, kind)


@pytest.mark.parametrize("kind", ["invitation", "message"])
@pytest.mark.parametrize("milestone", ["after_reserve", "after_confirm", "after_call"])
def test_without_any_reading_of_the_inbox_recovery_alone_settles_it(milestone: str, kind: str) -> None:
    bench = Bench()
    enrollment = walk_of(bench, kind)
    with bench.crashing_at(milestone), pytest.raises(Crash):
        bench.tick()
    restart(bench, read=False)
    assert_done_once(bench, enrollment, kind)


@pytest.mark.parametrize("kind", ["invitation", "message"])
@pytest.mark.parametrize("milestone", ["after_reserve", "after_confirm", "after_call"])
def test_a_crash_of_the_recovery_itself_costs_nothing_either(milestone: str, kind: str) -> None:
    bench = Bench()
    enrollment = walk_of(bench, kind)
    with bench.crashing_at(milestone), pytest.raises(Crash):
        bench.tick()
    bench.wait(minutes=6)
    for _ in range(2):
        with bench.crashing_at("inside_recovery"), pytest.raises(Crash):
            bench.recover()
        bench.wait(minutes=6)
    restart(bench)
    assert_done_once(bench, enrollment, kind)


@pytest.mark.parametrize("milestone", OF_A_TICK)
def test_a_crash_with_several_accounts_in_one_batch_costs_nothing(milestone: str) -> None:
    bench = Bench()
    bench.unhurried()
    bench.campaign(bench.leads(2), INVITE, accounts=[bench.account, bench.free])
    with bench.crashing_at(milestone), pytest.raises(Crash):
        bench.tick()
    restart(bench)
    assert len(bench.ledger()) == 2
    assert len({slug for _, slug in bench.sent()}) == 2
    assert Dispatch.objects.filter(state="sent").count() == 2


@pytest.mark.parametrize("milestone", OF_A_WITHDRAWAL)
def test_a_crash_while_an_invitation_is_taken_back_costs_nothing(milestone: str) -> None:
    bench = Bench()
    walk = bench.walk(None, INVITE, withdraw_after_days=1)
    bench.tick()
    bench.wait(days=1)
    with bench.crashing_at(milestone), pytest.raises(Crash):
        withdraw_stale(at=bench.at, client=bench.provider)
    for _ in range(2):
        restart(bench)
        withdraw_stale(at=bench.at, client=bench.provider)
    assert [sent for sent, _ in bench.sent()] == ["invitation", "withdrawal"]
    assert not Dispatch.objects.filter(state__in=("sending", "unknown")).exists()
    assert used(bench.account, "withdrawal") == 1
    assert Event.objects.filter(kind="invitation_withdrawn").count() == 1
    walk.refresh_from_db()
    assert walk.withdrawn_at is not None


def test_a_reserved_step_whose_worker_died_is_not_taken_up_before_its_lease_is_over() -> None:
    bench = Bench()
    bench.walk(None, INVITE)
    with bench.crashing_at("after_reserve"), pytest.raises(Crash):
        bench.tick()
    bench.wait(minutes=4)
    assert (bench.recover(), bench.tick(), bench.keep_house()["taken_up"]) == (0, 0, 0)
    bench.wait(minutes=2)
    assert bench.recover() == 1
    bench.wait(minutes=1)  # a lost attempt backs off like any other that failed
    assert bench.tick() == 1


def test_an_answer_that_came_during_the_crash_still_silences_the_lead() -> None:
    bench = Bench()
    friend = bench.friend()
    enrollment = bench.walk(bench.lead(friend), WRITE)
    with bench.crashing_at("after_preflight"), pytest.raises(Crash):
        bench.tick()
    bench.answer(friend)
    restart(bench)
    enrollment.refresh_from_db()
    assert bench.ledger() == []
    assert enrollment.exit_reason == "replied"
    assert used(bench.account, "message") == 0


def test_a_worker_that_comes_back_from_the_dead_writes_nothing() -> None:
    """Its lease ran out before the confirmation: recovery had begun anew, and only that one goes out."""
    bench = Bench()
    enrollment = bench.walk(None, INVITE)

    def frozen(milestone: str) -> None:
        if milestone == "after_preflight" and Dispatch.objects.count() == 1:
            bench.at += timedelta(minutes=6)
            bench.recover()

    with observed_by(frozen):
        bench.tick()
    assert bench.ledger() == []
    bench.wait(minutes=1)
    bench.tick()
    assert_done_once(bench, enrollment, "invitation")
