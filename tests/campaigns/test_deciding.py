"""What nobody can know, a person decides: it happened, or it did not."""

import pytest
from django.core.exceptions import ValidationError

from campaigns.deciding import settle_by_hand
from campaigns.models import Enrollment
from inbox.models import Conversation
from inbox.replying import NotSent, reply
from integrations.models import Dispatch
from outreach.events.models import Event
from tests.bench import INVITE, WRITE, WRITE_AGAIN, WRITE_NEXT_HOUR, Bench, the_dispatch, used
from tests.worlds import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def bench() -> Bench:
    made = Bench()
    made.unhurried()
    return made


def uncertain(bench: Bench, kind: str) -> Enrollment:
    lead = None if kind == "invitation" else bench.lead(bench.friend())
    walk = bench.walk(lead, *((INVITE, WRITE_NEXT_HOUR) if kind == "invitation" else (WRITE, WRITE_AGAIN)))
    bench.faults(timeout_before={"rate": 1, "times": 1})
    bench.tick()
    bench.wait(hours=1)
    Dispatch.objects.update(needs_decision_at=bench.at)
    return walk


@pytest.mark.parametrize("kind", ["invitation", "message"])
def test_it_happened_carries_on_as_sent(bench: Bench, kind: str) -> None:
    walk = uncertain(bench, kind)
    settle_by_hand(dispatch=the_dispatch(), happened=True, by=make_user("nora"), at=bench.at)
    walk.refresh_from_db()
    assert the_dispatch().state == "sent"
    assert walk.position == 1
    assert walk.next_action == ("expire" if kind == "invitation" else "message")
    assert used(bench.account, kind) == 1
    event = Event.objects.get(kind="step_settled")
    assert (event.actor, event.data["happened"]) == ("operator:nora", True)
    told = Event.objects.get(kind="connection_request_sent" if kind == "invitation" else "message_sent")
    assert told.data["settled_by"] == "operator:nora"
    assert bench.ledger() == []


@pytest.mark.parametrize("kind", ["invitation", "message"])
def test_it_did_not_happen_gives_the_quota_back_and_sends_once(bench: Bench, kind: str) -> None:
    walk = uncertain(bench, kind)
    settle_by_hand(dispatch=the_dispatch(), happened=False, by=make_user("nora"), at=bench.at)
    assert the_dispatch().state == "rejected"
    assert used(bench.account, kind) == 0
    bench.wait(minutes=5)
    assert bench.tick() == 1
    assert [sent for sent, _ in bench.sent()] == [kind]
    walk.refresh_from_db()
    assert walk.position == 1


def test_the_time_of_a_follow_up_counts_from_the_call_and_not_from_the_decision(bench: Bench) -> None:
    walk = uncertain(bench, "message")
    called_at = the_dispatch().called_at
    bench.wait(days=1)
    settle_by_hand(dispatch=the_dispatch(), happened=True, by=None, at=bench.at)
    walk.refresh_from_db()
    assert walk.last_done_at == called_at


@pytest.mark.parametrize("happened", [True, False])
def test_a_decision_is_made_once(bench: Bench, happened: bool) -> None:
    uncertain(bench, "invitation")
    settle_by_hand(dispatch=the_dispatch(), happened=happened, by=None, at=bench.at)
    with pytest.raises(ValidationError, match="nothing to decide"):
        settle_by_hand(dispatch=the_dispatch(), happened=not happened, by=None, at=bench.at)


def test_what_is_in_flight_cannot_be_decided(bench: Bench) -> None:
    uncertain(bench, "invitation")
    Dispatch.objects.update(state="sending")
    with pytest.raises(ValidationError, match="sending"):
        settle_by_hand(dispatch=the_dispatch(), happened=False, by=None, at=bench.at)


def test_a_decision_about_a_lead_that_left_meanwhile_does_not_bring_it_back(bench: Bench) -> None:
    walk = uncertain(bench, "invitation")
    person = bench.person_of(walk.lead)
    Enrollment.objects.update(state="exited", exit_reason="replied")
    settle_by_hand(dispatch=the_dispatch(), happened=False, by=None, at=bench.at)
    bench.wait(minutes=5)
    assert bench.tick() == 0
    assert ("invitation", person.public_identifier) not in bench.sent()


@pytest.mark.parametrize("happened", [True, False])
def test_an_operators_own_answer_can_be_decided_too(bench: Bench, happened: bool) -> None:
    bench.answer(bench.friend())
    bench.wait(minutes=1)
    bench.read()
    conversation = Conversation.objects.order_by("-last_message_at")[0]
    bench.faults(timeout_before={"rate": 1, "times": 1})
    with pytest.raises(NotSent):
        reply(conversation=conversation, text="Gladly", by=None, at=bench.at, client=bench.provider)
    settle_by_hand(dispatch=the_dispatch(), happened=happened, by=None, at=bench.at)
    assert the_dispatch().state == ("sent" if happened else "rejected")
    assert used(bench.account, "message") == int(happened)
