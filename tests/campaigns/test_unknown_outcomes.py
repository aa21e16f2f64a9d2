"""Calls of which nobody knows what became: never repeated on a guess, always settled (laws 1 and 10)."""

from datetime import timedelta

import pytest

from campaigns.models import Enrollment, StepExecution
from integrations.dispatching import lease
from integrations.models import Account, Dispatch
from outreach.events.models import Event
from tests.bench import INVITE, WRITE, WRITE_NEXT_HOUR, Bench, breaking_the_call, the_dispatch, used

pytestmark = pytest.mark.django_db


@pytest.fixture
def bench() -> Bench:
    made = Bench()
    made.unhurried()
    return made


def kinds(enrollment: Enrollment | None = None) -> list[str]:
    rows = Event.objects.filter(enrollment_id=enrollment.pk) if enrollment else Event.objects.all()
    return list(rows.order_by("pk").values_list("kind", flat=True))


# --- Nobody knows ---------------------------------------------------------------------------------------

BROKEN_AFTER = ("timeout_after", "error_after")
BROKEN_BEFORE = ("timeout_before", "error_before")


def walk_of(bench: Bench, kind: str) -> Enrollment:
    return bench.walk(None, INVITE) if kind == "invitation" else bench.walk(bench.lead(bench.friend()), WRITE)


@pytest.mark.parametrize("kind", ["invitation", "message"])
@pytest.mark.parametrize("fault", [*BROKEN_AFTER, *BROKEN_BEFORE])
def test_a_call_of_unknown_outcome_blocks_the_lead_until_it_is_settled(bench: Bench, fault: str, kind: str) -> None:
    enrollment = walk_of(bench, kind)
    bench.faults(**{fault: {"rate": 1, "times": 1}})
    bench.tick()
    enrollment.refresh_from_db()
    dispatch = the_dispatch()
    assert dispatch.state == Dispatch.State.UNKNOWN
    assert used(bench.account, kind) == 1, "it may have happened"
    assert enrollment.next_action_at is None
    assert enrollment.executions.get().outcome == StepExecution.Outcome.UNKNOWN
    assert kinds(enrollment)[-1] == "step_uncertain"
    for _ in range(4):
        bench.wait(minutes=1)
        bench.keep_house()
        assert bench.tick() == 0


@pytest.mark.parametrize("kind", ["invitation", "message"])
@pytest.mark.parametrize("fault", BROKEN_AFTER)
def test_a_call_that_acted_and_then_broke_is_settled_as_sent_and_never_repeated(
    bench: Bench, fault: str, kind: str
) -> None:
    enrollment = walk_of(bench, kind)
    bench.faults(**{fault: {"rate": 1, "times": 1}})
    bench.tick()
    for _ in range(20):
        bench.wait(minutes=7)
        bench.recover()
        bench.tick()
    assert [sent for sent, _ in bench.sent()] == [kind]
    assert the_dispatch().state == Dispatch.State.SENT
    assert used(bench.account, kind) == 1
    assert kinds(enrollment).count("step_settled") == 1
    told = "connection_request_sent" if kind == "invitation" else "message_sent"
    assert kinds(enrollment).count(told) == 1
    enrollment.refresh_from_db()
    assert enrollment.position == 1


@pytest.mark.parametrize("kind", ["invitation", "message"])
@pytest.mark.parametrize("fault", BROKEN_BEFORE)
def test_a_call_that_broke_before_it_acted_is_settled_as_not_sent_and_then_sent_once(
    bench: Bench, fault: str, kind: str
) -> None:
    enrollment = walk_of(bench, kind)
    bench.faults(**{fault: {"rate": 1, "times": 1}})
    bench.tick()
    bench.wait(minutes=6)
    bench.recover()
    assert the_dispatch().state == Dispatch.State.REJECTED
    assert used(bench.account, kind) == 0
    for _ in range(5):
        bench.wait(minutes=7)
        bench.recover()
        bench.tick()
    assert [sent for sent, _ in bench.sent()] == [kind]
    assert used(bench.account, kind) == 1
    enrollment.refresh_from_db()
    assert enrollment.position == 1


def test_a_call_is_not_looked_up_before_the_provider_can_know(bench: Bench) -> None:
    """A message may be missing from the provider's answers for a minute after it was sent."""
    bench.walk(None, INVITE)
    bench.faults(timeout_after={"rate": 1, "times": 1})
    bench.tick()
    bench.wait(minutes=4)
    assert bench.recover() == 0


def test_while_the_account_is_lost_an_unknown_outcome_stays_unknown(bench: Bench) -> None:
    """A logged-out account answers with old data, which proves nothing."""
    bench.walk(None, INVITE)
    bench.faults(timeout_after={"rate": 1, "times": 1})
    bench.tick()
    bench.provider_status("CREDENTIALS")
    Account.objects.filter(pk=bench.account.pk).update(status=Account.Status.CREDENTIALS)
    bench.wait(minutes=6)
    bench.recover()
    assert the_dispatch().state == Dispatch.State.UNKNOWN
    bench.provider_status("OK")
    Account.objects.filter(pk=bench.account.pk).update(status=Account.Status.OK)
    for _ in range(10):
        bench.wait(minutes=20)
        bench.recover()
    assert the_dispatch().state == Dispatch.State.SENT
    assert len(bench.ledger()) == 1


def test_what_the_provider_never_answers_goes_before_a_person(bench: Bench) -> None:
    bench.walk(None, INVITE)
    bench.faults(timeout_after={"rate": 1, "times": 1})
    bench.tick()
    bench.faults(unavailable=1)
    for _ in range(80):
        bench.wait(hours=1)
        bench.recover()
    dispatch = the_dispatch()
    assert dispatch.state == Dispatch.State.UNKNOWN
    assert dispatch.needs_decision_at
    assert list(Dispatch.objects.needing_decision()) == [dispatch]


def test_a_gateways_page_instead_of_an_answer_is_not_trusted_in_either_direction(bench: Bench) -> None:
    bench.walk(None, INVITE)
    with breaking_the_call(bench, html=1):
        bench.tick()
    assert the_dispatch().state == Dispatch.State.UNKNOWN


def test_ids_that_the_provider_leaves_out_do_not_double_the_message_in_the_inbox(bench: Bench) -> None:
    enrollment = bench.walk(bench.lead(bench.friend()), WRITE)
    bench.faults(null_ids=1)
    bench.tick()
    bench.wait(minutes=1)
    bench.read()
    enrollment.refresh_from_db()
    messages = enrollment.lead.conversations.get().messages.filter(direction="out", sent_at__gte=enrollment.enrolled_at)
    assert [message.dispatch for message in messages] == [the_dispatch()]
    assert enrollment.state == "completed"


def test_an_accepted_invitation_of_unknown_outcome_goes_on_as_connected(bench: Bench) -> None:
    enrollment = bench.walk(None, INVITE, WRITE_NEXT_HOUR)
    person = bench.person_of(enrollment.lead)
    bench.faults(timeout_after={"rate": 1, "times": 1})
    bench.tick()
    bench.accept(person)
    bench.wait(minutes=6)
    bench.recover()
    enrollment.refresh_from_db()
    assert (enrollment.stage, enrollment.next_action) == ("connected", "message")
    assert kinds(enrollment).count("connection_accepted") == 1


def test_the_lease_outlives_the_longest_call() -> None:
    assert lease() > timedelta(seconds=60)


def test_other_words_of_the_owner_do_not_prove_that_ours_were_sent(bench: Bench) -> None:
    person = bench.friend()
    bench.walk(bench.lead(person), WRITE)
    with breaking_the_call(bench, timeout_before={"rate": 1, "times": 1}):
        bench.tick()
    assert the_dispatch().state == Dispatch.State.UNKNOWN
    bench.provider.start_chat(
        account_id=bench.account.provider_account_id, attendee_provider_id=person.provider_id, text="See you on Monday."
    )
    for _ in range(4):
        bench.wait(minutes=7)
        bench.recover()
        bench.tick()
    texts = [entry["text"] for entry in bench.ledger()]
    assert texts == ["See you on Monday.", f"Hello {person.first_name}, how is {person.company}?"]
