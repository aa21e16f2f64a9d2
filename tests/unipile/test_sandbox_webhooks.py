"""What the simulated provider announces, to whom, when, and again when nobody took it."""

import json
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from integrations.errors import ProviderError
from integrations.provider_events import AccountStatusChanged, MessageChanged, MessageSeen, ProviderEvent
from integrations.unipile.sandbox.people import Answers
from integrations.unipile.sandbox.transport import HOST
from integrations.unipile.webhooks import normalise
from tests.unipile.conftest import HOOK, Play, make_play


def bodies(play: Play) -> list[dict[str, Any]]:
    return [json.loads(body) for _, _, body in play.mailbox.received]


def events(play: Play) -> list[ProviderEvent]:
    return [event for body in bodies(play) for event in normalise("", body)]


def messages(play: Play) -> list[MessageSeen]:
    return [event for event in events(play) if isinstance(event, MessageSeen)]


def test_own_messages_are_echoed(play: Play) -> None:
    play.listen("messaging", "message_received")
    friend = play.friend(play.premium, answers=Answers.NEVER)
    sent = play.client.start_chat(account_id=play.premium, attendee_provider_id=friend.provider_id, text="Hello")
    play.sandbox.advance()
    [echo] = messages(play)
    assert (echo.message_id, echo.text, echo.is_own) == (sent.message_id, "Hello", True)
    assert echo.counterpart is not None
    assert echo.counterpart.provider_id == friend.provider_id
    assert bodies(play)[0]["is_sender"] is True


@pytest.mark.parametrize("answers", [Answers.AT_ONCE, Answers.FIRST_MESSAGE, Answers.LATE, Answers.OUT_OF_OFFICE])
def test_people_answer_in_their_own_time(answers: Answers) -> None:
    play = make_play(people=2000)
    play.listen("messaging", "message_received")
    person = play.stranger(answers=answers, accepts=True)
    play.client.invite(account_id=play.premium, provider_id=person.provider_id)
    play.pass_time(days=7)
    play.client.start_chat(account_id=play.premium, attendee_provider_id=person.provider_id, text="Hello")
    sent_at = play.clock.at
    play.pass_time(days=10)
    [echo, answer] = messages(play)
    assert (echo.is_own, answer.is_own) == (True, False)
    assert answer.text
    assert answer.happened_at == sent_at + person.temperament.answer_delay


def test_some_answer_only_when_reminded() -> None:
    play = make_play(people=2000)
    person = play.stranger(answers=Answers.FOLLOW_UP, accepts=True)
    play.client.invite(account_id=play.premium, provider_id=person.provider_id)
    play.pass_time(days=7)
    chat_id = play.client.start_chat(
        account_id=play.premium, attendee_provider_id=person.provider_id, text="Hello"
    ).chat_id
    play.pass_time(days=10)
    assert [entry["kind"] for entry in play.sandbox.inbound()] == ["accepted"]
    play.client.send_message(account_id=play.premium, chat_id=chat_id, text="Did you see this?")
    play.pass_time(days=2)
    assert [entry["kind"] for entry in play.sandbox.inbound()] == ["accepted", "message"]


def test_some_only_leave_a_thumb() -> None:
    play = make_play(people=3000)
    play.listen("messaging", "message_received", "message_reaction", "message_read")
    person = play.stranger(answers=Answers.REACTS, accepts=True)
    play.client.invite(account_id=play.premium, provider_id=person.provider_id)
    play.pass_time(days=7)
    sent = play.client.start_chat(account_id=play.premium, attendee_provider_id=person.provider_id, text="Hello")
    play.pass_time(days=1)
    changes = [event for event in events(play) if isinstance(event, MessageChanged)]
    assert [(change.change, change.message_id, change.reaction) for change in changes] == [
        ("read", sent.message_id, ""),
        ("reaction", sent.message_id, "👍"),
    ]
    assert [entry["kind"] for entry in play.sandbox.inbound()] == ["accepted"]


def test_an_accepted_note_becomes_the_first_message_of_a_chat(play: Play) -> None:
    play.listen("messaging", "message_received")
    person = play.stranger(accepts=True)
    play.client.invite(account_id=play.premium, provider_id=person.provider_id, message="Shall we connect?")
    play.pass_time(days=7)
    [note] = messages(play)
    assert (note.text, note.is_own, note.message_type) == ("Shall we connect?", True, "INVITATION")
    [chat] = play.client.chats_with(person.provider_id, account_id=play.premium)
    assert [one.message_type for one in play.client.chat_messages(chat.id)] == ["INVITATION"]
    assert [entry["kind"] for entry in play.sandbox.ledger()] == ["invitation"]


def test_an_acceptance_without_a_note_opens_no_chat(play: Play) -> None:
    person = play.stranger(accepts=True)
    play.client.invite(account_id=play.premium, provider_id=person.provider_id)
    play.pass_time(days=7)
    assert play.client.profile(person.provider_id, account_id=play.premium).is_connected
    assert list(play.client.chats_with(person.provider_id, account_id=play.premium)) == []


def test_some_answer_the_note_before_they_connect_and_may_be_answered_there() -> None:
    play = make_play(people=3000)
    play.listen("messaging", "message_received")
    person = play.stranger(accepts=False, notes=True)
    play.client.invite(account_id=play.premium, provider_id=person.provider_id, message="Shall we connect?")
    play.pass_time(days=2)
    note, answer = messages(play)
    assert (note.message_type, answer.is_own) == ("INVITATION", False)
    assert not play.client.profile(person.provider_id, account_id=play.premium).is_connected
    play.client.send_message(account_id=play.premium, chat_id=answer.chat_id, text="It is about this")


def test_a_new_relation_is_noticed_hours_after_it_began() -> None:
    noticed_at: dict[str, datetime] = {}

    def notice(url: str, headers: object, body: bytes) -> int:
        noticed_at[json.loads(body)["user_provider_id"]] = play.clock.at
        return 200

    play = make_play(deliver=notice)
    play.listen("users", "new_relation")
    for person in [one for one in play.strangers() if one.temperament.accepts_after][:40]:
        play.client.invite(account_id=play.premium, provider_id=person.provider_id)
    play.pass_time(days=8)
    began_at = {one.provider_id: one.connected_at for one in play.client.relations(play.premium)}
    delays = [at - (began_at[person] or at) for person, at in noticed_at.items()]
    assert len(delays) == 40
    assert timedelta() < min(delays) < timedelta(hours=2)
    assert timedelta(hours=6) < max(delays) <= timedelta(hours=8)


def test_only_what_was_subscribed_is_announced(play: Play) -> None:
    play.client.create_webhook(source="users", request_url=HOOK, events=["new_relation"], headers={})
    friend = play.friend(play.premium)
    play.control("/answer", account_id=play.premium, person=friend.provider_id, text="Hello")
    play.client.create_webhook(
        source="messaging", request_url=HOOK, events=["message_received"], headers={}, account_ids=[play.free]
    )
    play.control("/answer", account_id=play.premium, person=friend.provider_id, text="Hello?")
    play.sandbox.advance()
    assert play.mailbox.received == []
    play.control("/answer", account_id=play.free, person=play.friend(play.free).provider_id, text="Hello!")
    play.sandbox.advance()
    assert [body["message"] for body in bodies(play)] == ["Hello!"]


def test_only_configured_headers_are_sent(play: Play) -> None:
    headers = [{"key": "Unipile-Auth", "value": "s3cr3t"}]
    body = {"source": "messaging", "request_url": HOOK, "headers": headers}
    made = play.session.post(f"{HOST}/api/v1/webhooks", json=body, headers={"X-API-KEY": "sandbox"})
    assert (made.status_code, made.json()["object"]) == (201, "WebhookCreated")
    play.control("/answer", account_id=play.premium, person=play.friend(play.premium).provider_id, text="Hi")
    play.sandbox.advance()
    url, sent, _ = play.mailbox.received[0]
    assert (url, dict(sent)) == (HOOK, {"Unipile-Auth": "s3cr3t"})


@pytest.mark.parametrize("status", [0, 201, 204, 302, 500])
def test_only_200_ends_the_tries_and_there_are_five_more(play: Play, status: int) -> None:
    play.listen("messaging", "message_received")
    play.mailbox.status = status
    play.control("/answer", account_id=play.premium, person=play.friend(play.premium).provider_id, text="Hi")
    play.pass_time(days=2)
    assert len(play.mailbox.received) == 6
    assert len({body for _, _, body in play.mailbox.received}) == 1
    [shown] = play.session.get(f"{HOST}/_sandbox/deliveries").json()
    assert (shown["outcome"], shown["tries"], shown["status"]) == ("given_up", 6, status)


def test_the_tries_are_further_and_further_apart() -> None:
    tries = []

    def refuse(url: str, headers: object, body: bytes) -> int:
        tries.append(play.clock.at)
        return 503

    play = make_play(deliver=refuse)
    play.listen("messaging", "message_received")
    play.control("/answer", account_id=play.premium, person=play.friend(play.premium).provider_id, text="Hi")
    play.pass_time(days=2)
    gaps = [later - earlier for earlier, later in pairwise(tries)]
    assert gaps == sorted(set(gaps))
    assert len(gaps) == 5


def test_a_try_that_is_taken_is_the_last(play: Play) -> None:
    play.listen("messaging", "message_received")
    play.mailbox.status = 503
    play.control("/answer", account_id=play.premium, person=play.friend(play.premium).provider_id, text="Hi")
    play.sandbox.advance()
    play.mailbox.status = 200
    play.pass_time(days=2)
    assert len(play.mailbox.received) == 2


def test_a_receiver_may_call_the_provider_while_it_is_being_told() -> None:
    found = []

    def curious(url: str, headers: object, body: bytes) -> int:
        message = json.loads(body)
        found.append(play.client.message(message["message_id"]).text)
        play.sandbox.advance()
        return 200

    play = make_play(deliver=curious)
    play.listen("messaging", "message_received")
    for text in ("One", "Two"):
        play.control("/answer", account_id=play.premium, person=play.friend(play.premium).provider_id, text=text)
    play.sandbox.advance()
    assert found == ["One", "Two"]


def test_a_lost_session_is_announced_and_the_gap_delivered_afterwards(play: Play) -> None:
    play.listen("messaging", "message_received")
    play.listen("account_status", "credentials", "ok", "reconnected")
    play.control(f"/accounts/{play.premium}/status", status="CREDENTIALS")
    play.pass_time(hours=1)
    play.control("/answer", account_id=play.premium, person=play.friend(play.premium).provider_id, text="Anyone?")
    written_at = play.clock.at
    play.pass_time(hours=1)
    assert events(play) == [AccountStatusChanged(provider_account_id=play.premium, status="CREDENTIALS")]
    play.control(f"/accounts/{play.premium}/status", status="OK")
    play.sandbox.advance()
    assert [event.status for event in events(play) if isinstance(event, AccountStatusChanged)] == [
        "CREDENTIALS",
        "RECONNECTED",
        "OK",
    ]
    assert [(event.text, event.happened_at) for event in messages(play)] == [("Anyone?", written_at)]
    assert bodies(play)[0] == {
        "AccountStatus": {"account_id": play.premium, "account_type": "LINKEDIN", "message": "CREDENTIALS"}
    }


def test_the_default_subscription_leaves_out_recoveries(play: Play) -> None:
    body = {"source": "account_status", "request_url": HOOK}
    play.session.post(f"{HOST}/api/v1/webhooks", json=body, headers={"X-API-KEY": "sandbox"})
    [webhook] = play.client.webhooks()
    assert not {"ok", "connecting", "stopped"} & set(webhook.events)
    assert {"credentials", "reconnected", "permissions"} <= set(webhook.events)


@pytest.mark.parametrize(
    "change",
    [
        {"source": "gossip"},
        {"request_url": "not an address"},
        {"events": ["new_relation"]},
        {"events": "message_received"},
        {"headers": [{"name": "X", "value": "1"}]},
        {"account_ids": ["nobody"]},
    ],
)
def test_a_webhook_that_makes_no_sense_is_refused(play: Play, change: dict[str, Any]) -> None:
    body = {"source": "messaging", "request_url": HOOK, **change}
    answer = play.session.post(f"{HOST}/api/v1/webhooks", json=body, headers={"X-API-KEY": "sandbox"})
    assert 400 <= answer.status_code < 500
    assert list(play.client.webhooks()) == []


def test_chosen_fields_and_the_form_format_are_honoured(play: Play) -> None:
    body = {
        "source": "messaging",
        "request_url": HOOK,
        "format": "form",
        "data": [{"name": "who", "key": "account_id"}, {"name": "words", "key": "message"}],
    }
    play.session.post(f"{HOST}/api/v1/webhooks", json=body, headers={"X-API-KEY": "sandbox"})
    play.control("/answer", account_id=play.premium, person=play.friend(play.premium).provider_id, text="a b")
    play.sandbox.advance()
    assert play.mailbox.received[0][2] == f"who={play.premium}&words=a+b".encode()


def test_a_person_made_to_accept_is_connected_at_once(play: Play) -> None:
    person = play.stranger(accepts=False)
    asked = {"account_id": play.premium, "person": person.public_identifier}
    assert play.control("/accept", **asked).status_code == 404
    play.client.invite(account_id=play.premium, provider_id=person.provider_id)
    assert play.control("/accept", **asked).status_code == 200
    assert play.client.profile(person.provider_id, account_id=play.premium).is_connected
    with pytest.raises(ProviderError, match="already_connected"):
        play.client.invite(account_id=play.premium, provider_id=person.provider_id)
