"""The laws where moments meet: midnight, closing time, the end of a lease, news between two moves."""

from datetime import UTC, datetime, time, timedelta

import pytest

from campaigns.engine import executing
from campaigns.models import Enrollment
from integrations.dispatching import lease
from integrations.models import Account, Dispatch
from integrations.provider_events import MessageSeen, PersonRef
from integrations.receiving import hand_on
from leads.suppressing import suppress
from outreach.milestones import observed_by
from tests.bench import INVITE, WRITE, WRITE_AGAIN, Bench

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("kind", ["invitation", "message"])
def test_a_call_under_way_when_its_lease_ends_is_neither_repeated_nor_lost_from_the_books(kind: str) -> None:
    """A slow look uses up the lease; the call starts just before its end and lands just after."""
    bench = Bench()
    lead = bench.lead(bench.friend() if kind == "message" else None)
    bench.walk(lead, WRITE if kind == "message" else INVITE)
    seen: list[str] = []

    def slow_world(milestone: str) -> None:
        seen.append(milestone)
        if milestone == "after_preflight":
            bench.at += lease() - timedelta(seconds=1)
        if milestone == "after_confirm":
            bench.at += timedelta(seconds=2)
            bench.recover()

    with observed_by(slow_world):
        bench.tick()
    assert "after_confirm" in seen
    for _ in range(10):
        bench.wait(minutes=6)
        bench.recover()
        bench.tick()
    assert [entry["kind"] for entry in bench.ledger()] == [kind]
    assert Dispatch.objects.filter(state="sent").count() == 1


def test_a_step_reserved_before_midnight_and_called_after_it_counts_for_the_day_of_the_call() -> None:
    before_midnight = datetime(2026, 3, 2, 23, 59, 58, tzinfo=UTC)
    bench = Bench(at=before_midnight)
    bench.unhurried(invitations_per_day=1, time_zone="UTC")
    bench.campaign(bench.leads(3), INVITE, opens_at=time(0), closes_at=time(23, 59, 59), time_zone="America/New_York")

    def slow_look(milestone: str) -> None:
        if milestone == "after_preflight" and bench.at == before_midnight:
            bench.at += timedelta(seconds=4)

    with observed_by(slow_look):
        bench.tick()
    for _ in range(5):
        bench.wait(minutes=2)
        bench.tick()
    on_tuesday = [entry for entry in bench.ledger() if entry["at"].startswith("2026-03-03")]
    assert len(on_tuesday) <= 1


def test_nothing_is_called_after_closing_time_even_when_it_was_reserved_before() -> None:
    bench = Bench(at=datetime(2026, 3, 2, 16, 59, 58, tzinfo=UTC))
    bench.walk(None, INVITE)

    def slow_look(milestone: str) -> None:
        if milestone == "after_preflight":
            bench.at += timedelta(seconds=30)

    with observed_by(slow_look):
        bench.tick()
    assert bench.ledger() == []


def test_an_old_answer_found_while_a_step_is_in_flight_stops_it() -> None:
    """The lead answered another campaign before it was put into this one, and nobody had read it yet."""
    bench = Bench()
    friend = bench.friend()
    lead = bench.lead(friend, provider_id=friend.provider_id)
    bench.walk(lead, WRITE, start=False)
    answered_at = bench.at + timedelta(hours=1)
    bench.wait(hours=2)
    bench.walk(lead, WRITE, name="Summer")
    person = PersonRef(provider_id=friend.provider_id)
    answer = MessageSeen(
        provider_account_id=bench.account.provider_account_id,
        happened_at=answered_at,
        message_id="late",
        chat_id="elsewhere",
        text="Please stop",
        is_own=False,
        sender=person,
        counterpart=person,
    )

    def news(milestone: str) -> None:
        if milestone == "after_reserve":
            hand_on(answer, account=bench.account, at=bench.at, actor="webhook")

    with observed_by(news):
        bench.tick()
    assert bench.ledger() == []


def test_an_answer_that_comes_while_the_call_is_in_the_air_is_not_forgotten_by_its_record() -> None:
    bench = Bench()
    friend = bench.friend()
    enrollment = bench.walk(bench.lead(friend, provider_id=friend.provider_id), WRITE, WRITE_AGAIN)

    def answer(milestone: str) -> None:
        if milestone == "after_call":
            bench.at += timedelta(seconds=3)
            bench.answer(friend)
            bench.read()

    with observed_by(answer):
        bench.tick()
    enrollment.refresh_from_db()
    assert (enrollment.stage, enrollment.state, enrollment.exit_reason) == ("responded", "exited", "replied")
    assert enrollment.next_action_at is None


def test_somebody_known_by_name_who_writes_before_the_first_step_is_not_written_to() -> None:
    """The provider tells of the message by id alone; whose id it is becomes known only with the first look."""
    bench = Bench()
    friend = bench.friend()
    enrollment = bench.walk(bench.lead(friend), WRITE, start=True)
    Account.objects.update(next_slot_at=bench.at + timedelta(hours=1))
    bench.answer(friend, "I was about to write to you")
    bench.read()
    bench.wait(hours=2)
    bench.read()
    bench.tick()
    assert bench.ledger() == []
    enrollment.refresh_from_db()
    assert enrollment.exit_reason == Enrollment.ExitReason.REPLIED


@pytest.mark.parametrize("milestone", ["after_reserve", "after_preflight"])
def test_somebody_put_on_the_do_not_contact_list_while_a_step_is_in_flight_is_not_contacted(milestone: str) -> None:
    bench = Bench()
    enrollment = bench.walk(bench.lead(company="Nordkaj"), INVITE)

    def forbid(name: str) -> None:
        if name == milestone:
            suppress(client=None, kind="company", value="Nordkaj", reason="asked", by=None, at=bench.at)

    with observed_by(forbid):
        bench.tick()
    bench.wait(hours=1)
    bench.tick()
    assert bench.ledger() == []
    enrollment.refresh_from_db()
    assert (enrollment.state, enrollment.exit_reason) == ("exited", "suppressed")


def test_a_clock_that_moves_during_a_batch_is_read_anew_for_every_move() -> None:
    bench = Bench()
    bench.walk(None, INVITE)
    moments = iter(bench.at + timedelta(seconds=second) for second in range(10))
    executing.run_batch(now=lambda: next(moments), client=bench.provider, at_once=1)
    dispatch = Dispatch.objects.get()
    assert dispatch.called_at and dispatch.settled_at
    assert dispatch.reserved_at < dispatch.called_at < dispatch.settled_at


def test_a_process_that_stood_still_between_confirming_and_calling_does_not_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A pause has waited for it and returned by then. Whether it called is looked up like any other doubt."""
    bench = Bench()
    bench.walk(None, INVITE)
    readings = iter([100.0, 100.0 + executing.CALL_WITHIN + 1])
    monkeypatch.setattr(executing, "stopwatch", lambda: next(readings))
    bench.tick()
    assert bench.ledger() == []
    assert Dispatch.objects.get().state == "unknown"
    monkeypatch.undo()
    for _ in range(4):
        bench.wait(minutes=6)
        bench.recover()
        bench.tick()
    assert [entry["kind"] for entry in bench.ledger()] == ["invitation"]
