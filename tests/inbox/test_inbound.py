"""What an answer does, and what is none: by webhook, by poll, by the look before a call (laws 2 and 7)."""

from datetime import timedelta
from typing import Any

import pytest

from campaigns.models import Enrollment
from inbox.models import Conversation, Message
from integrations.models import Account, Usage, WebhookReceipt
from integrations.unipile.sandbox.people import Person
from leads.models import Lead
from outreach.clients.models import Client
from outreach.events.models import Event
from outreach.milestones import observed_by
from tests import payloads
from tests.bench import INVITE, WRITE, WRITE_AGAIN, Bench
from tests.worlds import make_client

pytestmark = pytest.mark.django_db


@pytest.fixture
def bench() -> Bench:
    made = Bench()
    made.unhurried()
    return made


def events(kind: str) -> list[Event]:
    return list(Event.objects.filter(kind=kind).order_by("pk"))


def state(enrollment: Enrollment) -> tuple[str, str, str]:
    enrollment.refresh_from_db()
    return enrollment.state, enrollment.exit_reason, enrollment.stage


def answered_by(bench: Bench, person: Person, **changes: Any) -> WebhookReceipt:
    return bench.told("messaging", payloads.message(bench.account, person, at=bench.at, **changes))


def known_lead(bench: Bench, person: Person | None = None, **fields: object) -> tuple[Person, Lead]:
    """A lead whose provider id we have learned already."""
    who = person or bench.stranger()
    return who, bench.lead(who, provider_id=who.provider_id, **fields)


def client_of_the_free_account(bench: Bench) -> Client:
    other = make_client("Southwind")
    bench.free.sender.client = other
    bench.free.sender.save()
    Account.objects.filter(pk=bench.free.pk).update(client=other)
    bench.free.refresh_from_db()
    return other


GONE = ("exited", "replied", "responded")


# --- Answers --------------------------------------------------------------------------------------------


def test_an_answer_stops_the_lead_in_every_campaign_and_on_every_account_of_the_client(bench: Bench) -> None:
    person, lead = known_lead(bench)
    together = {"one_campaign_at_a_time": False, "one_sender_at_a_time": False}
    walks = [bench.walk(lead, name="One"), bench.walk(lead, accounts=[bench.free], name="Two", **together)]
    bench.wait(minutes=1)
    answered_by(bench, person)
    assert [state(walk) for walk in walks] == [GONE, GONE]
    bench.wait(minutes=1)
    assert bench.tick_until_idle() == 0
    lead.refresh_from_db()
    assert lead.replied_at == bench.at - timedelta(minutes=1)
    exits = events("enrollment_exited")
    assert {event.data["reason"] for event in exits} == {"replied"}
    assert {event.actor for event in exits} == {"webhook"}


def test_an_answer_to_one_client_does_not_stop_the_same_person_with_another(bench: Bench) -> None:
    other = client_of_the_free_account(bench)
    person, lead = known_lead(bench)
    _, theirs = known_lead(bench, person, client=other)
    mine = bench.walk(lead)
    walk = bench.walk(theirs, accounts=[bench.free])
    bench.wait(minutes=1)
    answered_by(bench, person)
    assert state(mine) == GONE
    assert state(walk)[0] == "active"
    theirs.refresh_from_db()
    assert theirs.replied_at is None


def test_a_paused_walk_is_ended_by_an_answer_too(bench: Bench) -> None:
    person, lead = known_lead(bench)
    walk = bench.walk(lead)
    Enrollment.objects.update(state="paused")
    bench.wait(minutes=1)
    answered_by(bench, person)
    assert state(walk) == GONE


def test_a_scheduled_walk_of_a_draft_is_ended_by_an_answer_too(bench: Bench) -> None:
    person, lead = known_lead(bench)
    walk = bench.walk(lead, start=False)
    bench.wait(minutes=1)
    answered_by(bench, person)
    assert state(walk) == GONE


def test_even_a_campaign_that_writes_to_those_who_answered_before_stops_at_its_own_answer(bench: Bench) -> None:
    friend = bench.friend()
    _, lead = known_lead(bench, friend, replied_at=bench.at - timedelta(days=30))
    walk = bench.walk(lead, WRITE, WRITE_AGAIN, contact_after_reply=True)
    assert bench.tick() == 1
    bench.wait(hours=2)
    answered_by(bench, friend)
    assert state(walk) == GONE
    assert bench.tick() == 0


def test_a_second_answer_is_in_the_inbox_and_counted_but_ends_nothing_again(bench: Bench) -> None:
    person, lead = known_lead(bench)
    walk = bench.walk(lead)
    bench.wait(minutes=1)
    answered_by(bench, person, text="First")
    first_at = bench.at
    bench.wait(minutes=1)
    answered_by(bench, person, text="Second")
    assert len(events("message_received")) == 2
    assert len(events("enrollment_exited")) == 1
    walk.refresh_from_db()
    assert walk.replied_at == first_at
    assert Conversation.objects.get().unread == 2


def test_a_message_from_before_the_enrollment_is_history(bench: Bench) -> None:
    person, lead = known_lead(bench)
    walk = bench.walk(lead)
    answered_by(bench, person, timestamp="2026-03-01T12:00:00.000Z")
    assert state(walk)[0] == "active"
    message = Message.objects.get()
    assert not message.is_reply
    assert message.conversation.lead == lead
    assert events("message_received") == []


def test_own_messages_are_no_answers(bench: Bench) -> None:
    person, lead = known_lead(bench)
    walk = bench.walk(lead)
    bench.told("messaging", payloads.own_message(bench.account, person, at=bench.at, text="By hand"))
    assert state(walk)[0] == "active"
    assert Message.objects.get().direction == "out"


@pytest.mark.parametrize(
    "without", [("is_sender",), ("is_sender", "account_info"), ("is_sender", "account_info", "attendees")]
)
def test_own_messages_are_known_even_when_the_payload_does_not_say_so(bench: Bench, without: tuple[str, ...]) -> None:
    person, lead = known_lead(bench, bench.friend())
    walk = bench.walk(lead)
    bench.answer(person, "Hello")
    chat = bench.sandbox.parts.world.accounts[bench.account.provider_account_id].chats_by_person[person.provider_id]
    body = payloads.own_message(bench.account, person, at=bench.at, text="By hand", chat_id=chat.id)
    receipt = bench.told("messaging", {key: value for key, value in body.items() if key not in without})
    assert receipt.state == "processed"
    assert Message.objects.get().direction == "out"
    assert state(walk)[0] == "active"


@pytest.mark.parametrize("flag", [1, "1", True, "true"])
def test_things_that_happen_in_a_chat_are_no_answers(bench: Bench, flag: object) -> None:
    person, lead = known_lead(bench)
    walk = bench.walk(lead)
    answered_by(bench, person, is_event=flag, text="")
    assert state(walk)[0] == "active"
    assert Conversation.objects.get().unread == 0


@pytest.mark.parametrize("kind", ["message_reaction", "message_read", "message_delivered", "message_deleted"])
def test_what_becomes_of_a_message_is_no_answer(bench: Bench, kind: str) -> None:
    person, lead = known_lead(bench)
    walk = bench.walk(lead)
    answered_by(bench, person, event=kind, reaction="👍")
    assert state(walk)[0] == "active"
    assert not Message.objects.exists()


@pytest.mark.parametrize("flag", [True, 1, "true"])
def test_a_message_in_a_group_is_no_answer(bench: Bench, flag: object) -> None:
    person, lead = known_lead(bench)
    walk = bench.walk(lead)
    answered_by(
        bench, person, is_group=flag, attendees=[payloads.attendee(person), payloads.attendee(bench.stranger())]
    )
    assert state(walk)[0] == "active"
    assert Message.objects.get().conversation.lead is None


def test_several_others_make_a_group_even_when_the_payload_does_not_say_so(bench: Bench) -> None:
    """Older payloads leave `is_group` out (Unipile API, section 7.5)."""
    person, lead = known_lead(bench)
    walk = bench.walk(lead)
    others = [payloads.attendee(person), payloads.attendee(bench.stranger()), payloads.attendee(bench.stranger())]
    body = payloads.message(bench.account, person, at=bench.at, attendees=others)
    del body["is_group"]
    bench.told("messaging", body)
    assert state(walk)[0] == "active"


def test_an_answer_that_names_only_the_public_name_finds_its_lead(bench: Bench) -> None:
    person = bench.stranger()
    walk = bench.walk(bench.lead(person))
    bench.wait(minutes=1)
    who = {"attendee_public_identifier": person.public_identifier, "attendee_name": person.name}
    body = payloads.message(bench.account, person, at=bench.at, sender=who, attendees=[who])
    del body["account_info"]
    bench.told("messaging", body)
    assert state(walk) == GONE
    assert events("message_received")[0].data["matched_by"] == "public_identifier"


def test_a_namesake_is_not_taken_for_the_lead(bench: Bench) -> None:
    person, lead = known_lead(bench)
    walk = bench.walk(lead)
    namesake = payloads.attendee(bench.stranger(), attendee_name=person.name)
    answered_by(bench, person, sender=namesake, attendees=[namesake])
    assert state(walk)[0] == "active"


def test_a_public_name_that_passed_to_somebody_else_is_not_taken_for_the_lead(bench: Bench) -> None:
    person, lead = known_lead(bench)
    walk = bench.walk(lead)
    other = bench.stranger()
    heir = payloads.attendee(other, attendee_public_identifier=person.public_identifier)
    answered_by(bench, other, sender=heir, attendees=[heir])
    assert state(walk)[0] == "active"


def test_the_same_answer_by_webhook_and_by_poll_counts_once(bench: Bench) -> None:
    friend, lead = known_lead(bench, bench.friend())
    walk = bench.walk(lead, WRITE, WRITE_AGAIN)
    bench.tick()
    bench.wait(hours=1)
    bench.answer(friend)
    chat = bench.sandbox.parts.world.accounts[bench.account.provider_account_id].chats_by_person[friend.provider_id]
    bench.read()
    answered_by(bench, friend, chat_id=chat.id, message_id=chat.messages[-1].id)
    assert state(walk) == GONE
    assert len(events("message_received")) == 1
    assert events("message_received")[0].actor == "poll"
    assert Message.objects.filter(direction="in", is_reply=True).count() == 1


def test_the_look_before_a_follow_up_finds_an_answer_cancels_and_gives_the_quota_back(bench: Bench) -> None:
    friend, lead = known_lead(bench, bench.friend())
    walk = bench.walk(lead, WRITE, WRITE_AGAIN)
    bench.tick()
    bench.wait(minutes=30)
    bench.read()
    bench.wait(minutes=31)
    bench.answer(friend, "Wait")
    assert bench.tick() == 1
    assert len(bench.ledger()) == 1
    assert state(walk) == GONE
    assert Usage.objects.get(action="message").used == 1
    assert walk.executions.get(step__position=1).outcome == "cancelled"
    assert events("message_received")[0].actor == "engine"


def test_an_answer_on_another_account_between_reserve_and_call_cancels(bench: Bench) -> None:
    person, lead = known_lead(bench)
    walk = bench.walk(lead, INVITE)

    def news(milestone: str) -> None:
        if milestone == "after_preflight":
            answered_by(bench, person)

    with observed_by(news):
        bench.tick()
    assert bench.ledger() == []
    assert state(walk) == GONE
    assert Usage.objects.get(action="invitation").used == 0


def test_a_conversation_is_told_of_in_the_order_of_its_messages_whatever_order_they_come_in(bench: Bench) -> None:
    person, _ = known_lead(bench)
    later, earlier = bench.at + timedelta(hours=1), bench.at
    bench.told("messaging", payloads.message(bench.account, person, at=later, text="Later"))
    bench.told("messaging", payloads.message(bench.account, person, at=earlier, text="Earlier"))
    conversation = Conversation.objects.get()
    assert conversation.last_message_at == conversation.last_inbound_at == later
    assert [message.text for message in conversation.messages.all()] == ["Earlier", "Later"]


def test_messages_whose_chat_is_not_told_are_never_shown_as_one_conversation_of_two_people(bench: Bench) -> None:
    for _ in range(2):
        person, _ = known_lead(bench)
        answered_by(bench, person, chat_id=None)
    assert not Conversation.objects.filter(provider_chat_id="").exists()
    for message in Message.objects.select_related("conversation"):
        participants = message.conversation.participants.values_list("provider_id", flat=True)
        assert list(participants) == [message.conversation.person]


def test_a_message_of_nobody_we_know_is_in_the_inbox_without_a_lead(bench: Bench) -> None:
    answered_by(bench, bench.stranger())
    assert Conversation.objects.get().lead is None
    assert events("message_received") == []


def test_a_paused_account_is_still_read(bench: Bench) -> None:
    friend, lead = known_lead(bench, bench.friend())
    walk = bench.walk(lead, WRITE)
    Account.objects.update(paused_at=bench.at)
    bench.wait(minutes=1)
    bench.answer(friend)
    bench.read()
    assert state(walk) == GONE


def test_an_answer_is_taken_in_outside_working_hours(bench: Bench) -> None:
    person, lead = known_lead(bench)
    walk = bench.walk(lead)
    bench.wait(days=5)  # a Saturday
    answered_by(bench, person)
    assert state(walk) == GONE


def test_what_the_owner_wrote_by_hand_is_counted_once_however_often_it_is_told() -> None:
    bench = Bench()
    bench.provider.start_chat(
        account_id=bench.account.provider_account_id, attendee_provider_id=bench.friend().provider_id, text="Hello"
    )
    for _ in range(3):
        bench.wait(minutes=1)
        bench.read()
    assert Usage.objects.get(account=bench.account, action="message").observed == 1
