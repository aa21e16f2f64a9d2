"""An operator answers: it goes out once, counts against the same caps, and never silently fails."""

from datetime import timedelta

import pytest

from inbox.models import Conversation, Message
from inbox.replying import NotSent, reply
from integrations.models import Account, Dispatch
from outreach.events.models import Event
from tests.bench import WRITE, Bench, the_dispatch, used
from tests.worlds import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def bench() -> Bench:
    made = Bench()
    made.unhurried()
    made.answer(made.friend(), "Hello?")
    made.wait(minutes=1)
    made.read()
    return made


def conversation() -> Conversation:
    return Conversation.objects.order_by("-last_message_at")[0]


def answer(bench: Bench, text: str = "Gladly") -> Message | None:
    return reply(conversation=conversation(), text=text, by=make_user("nora"), at=bench.at, client=bench.provider)


def test_an_answer_goes_out_and_is_in_the_inbox_at_once(bench: Bench) -> None:
    message = answer(bench, "  Gladly  ")
    assert message
    assert [(entry["kind"], entry["text"]) for entry in bench.ledger()] == [("message", "Gladly")]
    assert (message.direction, message.text, message.noticed_by) == ("out", "Gladly", "operator:nora")
    assert conversation().unread == 0
    assert used(bench.account, "message") == 1
    event = Event.objects.get(kind="message_sent")
    assert (event.actor, event.data["text"]) == ("operator:nora", "Gladly")


def test_its_echo_does_not_double_it(bench: Bench) -> None:
    answer(bench)
    bench.wait(minutes=1)
    bench.read()
    assert Message.objects.filter(text="Gladly").count() == 1
    assert bench.account.usage.get(action="message").observed == 0


@pytest.mark.parametrize("text", ["", "  \n ", "x" * 8001])
def test_an_empty_or_endless_answer_is_refused_before_anything_is_used(bench: Bench, text: str) -> None:
    with pytest.raises(NotSent, match="between 1 and 8000"):
        answer(bench, text)
    assert not Dispatch.objects.exists()


def test_answers_keep_the_distance_between_two_actions(bench: Bench) -> None:
    answer(bench)
    bench.wait(seconds=2)
    with pytest.raises(NotSent, match="seconds"):
        reply(conversation=conversation(), text="And", by=None, at=bench.at, client=bench.provider)
    bench.wait(seconds=9)
    assert reply(conversation=conversation(), text="And", by=None, at=bench.at, client=bench.provider)


def test_answers_use_up_the_cap_of_messages(bench: Bench) -> None:
    Account.objects.update(messages_per_day=1)
    answer(bench)
    bench.wait(minutes=1)
    with pytest.raises(NotSent, match="tomorrow"):
        reply(conversation=conversation(), text="And", by=None, at=bench.at, client=bench.provider)
    bench.walk(bench.lead(bench.friend(number=1)), WRITE)
    assert bench.tick() == 0


def test_a_lost_account_says_what_to_do(bench: Bench) -> None:
    Account.objects.update(status="credentials")
    with pytest.raises(NotSent, match="Reconnect"):
        answer(bench)
    assert not Dispatch.objects.exists()


def test_a_refused_answer_gives_the_quota_back_and_says_why(bench: Bench) -> None:
    bench.provider_status("CREDENTIALS")
    with pytest.raises(NotSent, match="did not take the message"):
        answer(bench)
    assert the_dispatch().state == Dispatch.State.REJECTED
    assert used(bench.account, "message") == 0


@pytest.mark.parametrize("fault", ["timeout_after", "error_after"])
def test_an_answer_of_unknown_outcome_is_looked_up_and_shown_once(bench: Bench, fault: str) -> None:
    bench.faults(**{fault: {"rate": 1, "times": 1}})
    with pytest.raises(NotSent, match="do not send it again"):
        answer(bench)
    for _ in range(5):
        bench.wait(minutes=6)
        bench.recover()
        bench.read()
    assert the_dispatch().state == Dispatch.State.SENT
    assert Message.objects.filter(text="Gladly").count() == 1
    assert len(bench.ledger()) == 1
    assert used(bench.account, "message") == 1


def test_a_provider_that_leaves_the_id_out_gets_its_message_into_the_inbox_by_the_echo(bench: Bench) -> None:
    bench.faults(null_ids=1)
    assert answer(bench) is None
    bench.wait(minutes=1)
    bench.read()
    assert Message.objects.get(text="Gladly").dispatch == the_dispatch()


def test_an_operator_may_answer_outside_working_hours(bench: Bench) -> None:
    bench.at += timedelta(days=5)
    assert answer(bench)
