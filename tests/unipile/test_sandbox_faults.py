"""Misbehaviour on command, and the promise that the same seed misbehaves the same."""

import json
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import requests
from django.core.management import CommandError, call_command

from integrations.errors import ProviderError, Verdict
from integrations.management.commands.sandbox import Command
from integrations.provider_events import MessageSeen, RelationMade
from integrations.unipile.client import UnipileClient
from integrations.unipile.sandbox.faults import NAMES, SANE_MIX
from integrations.unipile.sandbox.server import Served, served
from integrations.unipile.sandbox.transport import HOST
from integrations.unipile.types import Relation
from integrations.unipile.webhooks import normalise
from tests.unipile.conftest import START, Clock, Play, make_play


def invite(play: Play) -> Callable[[], object]:
    person = play.stranger(accepts=False)
    return lambda: play.client.invite(account_id=play.premium, provider_id=person.provider_id)


def failure(action: Callable[[], object]) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        action()
    return caught.value


@pytest.mark.parametrize(
    ("fault", "verdict", "status", "acted"),
    [
        ("rate_limit", Verdict.THROTTLED, 429, False),
        ("unavailable", Verdict.RETRY_LATER, 503, False),
        ("cap", Verdict.ACCOUNT_CAP, 422, False),
        ("html", Verdict.UNKNOWN, 502, False),
        ("error_before", Verdict.UNKNOWN, 500, False),
        ("error_after", Verdict.UNKNOWN, 500, True),
        ("timeout_before", Verdict.UNKNOWN, None, False),
        ("timeout_after", Verdict.UNKNOWN, None, True),
    ],
)
def test_each_fault_of_a_send(play: Play, fault: str, verdict: Verdict, status: int | None, acted: bool) -> None:
    play.faults(**{fault: 1})
    error = failure(invite(play))
    assert (error.verdict, error.status) == (verdict, status)
    assert [entry["kind"] for entry in play.sandbox.ledger()] == ["invitation"] * acted
    play.faults()
    assert len(list(play.client.sent_invitations(play.premium))) == acted


@pytest.mark.parametrize("fault", ["rate_limit", "unavailable", "html"])
def test_reads_suffer_too_but_are_never_in_doubt(play: Play, fault: str) -> None:
    play.faults(**{fault: 1})
    expected = Verdict.THROTTLED if fault == "rate_limit" else Verdict.RETRY_LATER
    assert failure(lambda: play.client.own_profile(play.premium)).verdict is expected


@pytest.mark.parametrize("fault", ["error_before", "timeout_before", "timeout_after", "cap", "disconnect"])
def test_faults_of_sends_spare_the_reads(play: Play, fault: str) -> None:
    play.faults(**{fault: 1})
    assert play.client.own_profile(play.premium).premium


def test_a_deed_that_is_refused_is_refused_whatever_would_have_come_after(play: Play) -> None:
    play.faults(timeout_after=1)
    friend = play.friend(play.premium)
    error = failure(lambda: play.client.invite(account_id=play.premium, provider_id=friend.provider_id))
    assert error.type == "errors/already_connected"


def test_a_fault_strikes_as_often_as_it_is_told_to(play: Play) -> None:
    play.faults(unavailable={"rate": 1, "times": 2})
    assert [play.get("/api/v1/accounts").status_code for _ in range(4)] == [503, 503, 200, 200]


def test_ids_may_be_withheld_from_something_that_was_sent(play: Play) -> None:
    play.faults(null_ids=1)
    friend = play.friend(play.premium)
    sent = play.client.start_chat(account_id=play.premium, attendee_provider_id=friend.provider_id, text="Hello")
    assert (sent.chat_id, sent.message_id) == ("", "")
    [chat] = play.client.chats_with(friend.provider_id, account_id=play.premium)
    assert next(play.client.chat_messages(chat.id)).text == "Hello"


def test_a_session_may_be_lost_on_a_send_and_comes_back_by_itself(play: Play) -> None:
    play.faults(disconnect={"rate": 1, "hours": 3, "times": 1})
    action = invite(play)
    assert failure(action).verdict is Verdict.ACCOUNT_DISCONNECTED
    play.pass_time(hours=2, minutes=59)
    assert play.client.account(play.premium).status == "CREDENTIALS"
    play.pass_time(minutes=1)
    assert play.client.account(play.premium).status == "OK"
    action()


def test_a_session_lost_again_is_not_found_by_the_first_recovery(play: Play) -> None:
    play.faults(disconnect={"rate": 1, "hours": 3, "times": 1})
    failure(invite(play))
    play.control(f"/accounts/{play.premium}/status", status="OK")
    play.pass_time(hours=1)
    play.control(f"/accounts/{play.premium}/status", status="CREDENTIALS")
    play.pass_time(hours=5)
    assert play.client.account(play.premium).status == "CREDENTIALS"


def received(play: Play) -> list[MessageSeen]:
    found = [normalise("messaging", json.loads(body))[0] for _, _, body in play.mailbox.received]
    return [event for event in found if isinstance(event, MessageSeen)]


def hear(play: Play, count: int, **length: float) -> list[str]:
    """The texts that arrive when so many are written, one a second."""
    play.listen("messaging", "message_received")
    friend = play.friend(play.premium)
    for number in range(count):
        play.control("/answer", account_id=play.premium, person=friend.provider_id, text=str(number))
        play.pass_time(seconds=1)
    play.pass_time(**length)
    return [event.text for event in received(play)]


def test_a_webhook_may_be_lost(play: Play) -> None:
    play.faults(webhook_lost=1)
    assert hear(play, 3, days=1) == []


def test_a_webhook_may_come_twice(play: Play) -> None:
    play.faults(webhook_duplicate=1)
    assert sorted(hear(play, 2, hours=1)) == ["0", "0", "1", "1"]


def test_a_webhook_may_come_hours_late(play: Play) -> None:
    play.faults(webhook_late={"rate": 1, "hours": 5})
    assert hear(play, 2, hours=4) == []
    play.pass_time(hours=2)
    assert len(received(play)) == 2


def test_webhooks_may_come_in_another_order(play: Play) -> None:
    play.faults(webhook_reorder=1)
    texts = hear(play, 12, minutes=5)
    assert texts != sorted(texts, key=int)
    assert sorted(texts, key=int) == [str(number) for number in range(12)]


def test_payloads_vary_but_still_tell_who_wrote_what(play: Play) -> None:
    play.faults(payload_variance=1)
    texts = hear(play, 60, minutes=1)
    assert texts == [str(number) for number in range(60)]
    shapes = {frozenset(json.loads(body)) for _, _, body in play.mailbox.received}
    assert len(shapes) >= 5
    owner = play.account(play.premium).owner.provider_id
    for event in received(play):
        assert event.is_own is not True
        assert event.sender is not None
        assert event.sender.provider_id != owner


def test_a_relation_may_be_announced_without_its_slug(play: Play) -> None:
    play.faults(payload_variance=1)
    play.listen("users", "new_relation")
    person = play.stranger(accepts=True)
    play.client.invite(account_id=play.premium, provider_id=person.provider_id)
    play.pass_time(days=8)
    [(_, _, body)] = play.mailbox.received
    assert "user_public_identifier" not in json.loads(body)
    [event] = normalise("users", json.loads(body))
    assert isinstance(event, RelationMade)
    assert event.person.provider_id == person.provider_id


@pytest.mark.parametrize(
    "wanted", [{"gremlins": 1}, {"cap": 2}, {"cap": -1}, {"cap": "often"}, {"cap": {"chance": 1}}, [], "some", 3]
)
def test_faults_that_make_no_sense_are_refused_and_change_nothing(play: Play, wanted: Any) -> None:
    play.faults(cap=0.5)
    answer = play.control("/faults", faults=wanted)
    assert answer.status_code == 400
    assert list(play.session.get(f"{HOST}/_sandbox/faults").json()["faults"]) == ["cap"]


def test_all_is_a_sane_mix_that_single_faults_may_override(play: Play) -> None:
    assert set(SANE_MIX) == NAMES - {"slow"}
    assert play.control("/faults", faults="all").json()["faults"].keys() == NAMES - {"slow"}
    mixed = play.control("/faults", faults={"all": True, "cap": 0}).json()["faults"]
    assert (mixed["cap"]["rate"], mixed["rate_limit"]["rate"]) == (0, SANE_MIX["rate_limit"].rate)
    assert play.control("/faults", faults={}).json() == {"faults": {}}


# The same seed, the same story


def story(seed: int, people: int = 300) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[bytes]]:
    """Two weeks of an account that invites and writes while everything misbehaves."""
    play = make_play(seed=seed, people=people)
    play.listen("messaging", "message_received")
    play.listen("users", "new_relation")
    play.faults(all=True)
    for person in play.strangers()[:40]:
        _try(play.client.invite, account_id=play.premium, provider_id=person.provider_id)
        play.pass_time(minutes=20)
    for _ in range(3):
        play.pass_time(days=4)
        for one in _relations(play):
            whom = {"account_id": play.premium, "attendee_provider_id": one.provider_id}
            _try(play.client.start_chat, **whom, text="Hello")
    return play.sandbox.ledger(), play.sandbox.inbound(), [body for _, _, body in play.mailbox.received]


def _try(action: Callable[..., Any], **arguments: str) -> Any:
    try:
        return action(**arguments)
    except ProviderError:
        return None


def _relations(play: Play) -> list[Relation]:
    return _try(lambda: list(play.client.relations(play.premium))) or []


def test_the_same_seed_tells_the_same_story_to_the_letter() -> None:
    first, second = story(7), story(7)
    assert first == second
    assert all(first)


def test_another_seed_tells_another_story() -> None:
    assert story(7)[0] != story(8)[0]


def test_people_are_the_same_however_many_there_are() -> None:
    few, many = make_play(people=50), make_play(people=200)
    assert few.sandbox.parts.world.population.born == many.sandbox.parts.world.population.born[:50]


def test_a_reset_starts_over_and_may_change_the_seed(play: Play) -> None:
    before, people = play.sandbox.account_ids, play.sandbox.people_csv(5)
    invite(play)()
    play.faults(cap=1)
    play.control("/reset")
    assert (play.sandbox.ledger(), play.sandbox.account_ids) == ([], before)
    assert play.sandbox.people_csv(5) == people
    assert play.session.get(f"{HOST}/_sandbox/faults").json() == {"faults": {}}
    play.control("/reset", seed=2)
    assert play.sandbox.account_ids != before


# Looking at it


def test_next_tells_what_to_wait_for(play: Play) -> None:
    def coming() -> dict[str, Any]:
        return dict(play.session.get(f"{HOST}/_sandbox/next").json())

    assert coming() == {"next_at": None, "pending_deliveries": 0}
    play.listen("messaging", "message_received")
    play.control("/answer", account_id=play.premium, person=play.friend(play.premium).provider_id, text="Hi")
    assert coming() == {"next_at": None, "pending_deliveries": 1}
    play.mailbox.status = 503
    play.sandbox.advance()
    assert coming() == {"next_at": "2026-07-01T09:00:30.000Z", "pending_deliveries": 0}
    play.clock.at += timedelta(seconds=30)
    assert coming() == {"next_at": None, "pending_deliveries": 1}


def test_the_ledger_and_the_inbound_tell_who_what_and_when(play: Play) -> None:
    person = play.stranger(accepts=False)
    play.client.invite(account_id=play.premium, provider_id=person.provider_id, message="Hi")
    entry = play.session.get(f"{HOST}/_sandbox/ledger").json()[0]
    assert entry | {"id": ""} == {
        "at": "2026-07-01T09:00:00.000Z",
        "account_id": play.premium,
        "kind": "invitation",
        "person": person.provider_id,
        "public_identifier": person.public_identifier,
        "text": "Hi",
        "id": "",
    }
    play.control("/answer", account_id=play.premium, person=person.public_identifier, text="Why?")
    [heard] = play.session.get(f"{HOST}/_sandbox/inbound").json()
    assert (heard["kind"], heard["person"], heard["text"]) == ("message", person.provider_id, "Why?")
    assert play.client.message(heard["message_id"]).text == "Why?"
    assert play.session.get(f"{HOST}/_sandbox/state").json()["ledger"] == 1


def test_time_never_runs_backwards_in_there(play: Play) -> None:
    play.pass_time(days=1)
    play.clock.at = START
    invite(play)()
    assert play.sandbox.ledger()[0]["at"] == "2026-07-02T09:00:00.000Z"


# Over real sockets


@pytest.fixture
def hurried() -> Any:
    with served(now=Clock(), hold_seconds=0.05) as serving:
        yield serving


def test_an_answer_held_back_by_a_server_ends_in_a_gateway_timeout(hurried: Served) -> None:
    client = UnipileClient(hurried.url, "sandbox")
    requests.post(f"{hurried.url}/_sandbox/faults", json={"faults": {"timeout_after": 1}}, timeout=5)
    person = hurried.sandbox.parts.world.population.born[0]
    account_id = hurried.sandbox.account_ids[0]
    error = failure(lambda: client.invite(account_id=account_id, provider_id=person.provider_id))
    assert (error.verdict, error.status) == (Verdict.UNKNOWN, 504)
    assert len(hurried.sandbox.ledger()) == 1


def test_an_answer_held_back_keeps_nobody_else_waiting() -> None:
    with served(now=Clock(), hold_seconds=30) as serving:
        client = UnipileClient(serving.url, "sandbox", timeout=(5, 0.2))
        requests.post(f"{serving.url}/_sandbox/faults", json={"faults": {"timeout_before": 1}}, timeout=5)
        account_id, person = serving.sandbox.account_ids[0], serving.sandbox.parts.world.population.born[0]
        for _ in range(3):
            error = failure(lambda: client.invite(account_id=account_id, provider_id=person.provider_id))
            assert (error.verdict, error.status) == (Verdict.UNKNOWN, None)
        assert client.own_profile(account_id).premium


def test_webhooks_arrive_over_sockets_without_a_content_type_of_their_own() -> None:
    arrived = threading.Event()
    taken: list[tuple[dict[str, str], bytes]] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()
            arrived.set()

        def log_message(self, *args: object) -> None:
            """Quiet."""

    receiver = HTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    with served(now=Clock()) as serving:
        client = UnipileClient(serving.url, "sandbox")
        hook = {
            "source": "messaging",
            "request_url": f"http://127.0.0.1:{receiver.server_port}/hook",
            "headers": [{"key": "Unipile-Auth", "value": "s3cr3t"}],
        }
        requests.post(f"{serving.url}/api/v1/webhooks", json=hook, headers={"X-API-KEY": "sandbox"}, timeout=5)
        chat = next(client.chats(serving.sandbox.account_ids[0]))
        client.send_message(account_id=chat.account_id, chat_id=chat.id, text="Grüße")
        assert arrived.wait(10)
    receiver.shutdown()
    receiver.server_close()
    headers, body = taken[0]
    assert headers["Unipile-Auth"] == "s3cr3t"
    assert "Content-Type" not in headers
    assert json.loads(body)["message"] == "Grüße"


def test_a_receiver_that_is_not_there_is_a_failed_try() -> None:
    with served(now=Clock()) as serving:
        client = UnipileClient(serving.url, "sandbox")
        client.create_webhook(
            source="messaging", request_url="http://127.0.0.1:9/hook", events=["message_received"], headers={}
        )
        chat = next(client.chats(serving.sandbox.account_ids[0]))
        client.send_message(account_id=chat.account_id, chat_id=chat.id, text="Hello")
        deadline = time.monotonic() + 10
        shown: dict[str, Any] = {}
        while not shown.get("tries") and time.monotonic() < deadline:
            [shown] = requests.get(f"{serving.url}/_sandbox/deliveries", timeout=5).json()
        assert (shown["tries"], shown["status"], shown["outcome"]) == (1, 0, "waiting")


def test_many_clients_at_once_leave_the_books_straight() -> None:
    with served(now=Clock()) as serving:
        account_id = serving.sandbox.account_ids[0]
        people = serving.sandbox.parts.world.population.born[:40]

        def work(part: int) -> None:
            client = UnipileClient(serving.url, "sandbox")
            for person in people[part::2]:
                _try(client.invite, account_id=account_id, provider_id=person.provider_id)

        threads = [threading.Thread(target=work, args=(number % 2,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        invited = [entry["person"] for entry in serving.sandbox.ledger()]
        assert len(invited) == len(set(invited))
        assert len(invited) >= 30


# The command


def test_the_command_writes_a_lead_file(tmp_path: Path) -> None:
    path, out = tmp_path / "leads.csv", StringIO()
    call_command(Command(stdout=out), write_leads=path, count=3)
    assert len(path.read_text().splitlines()) == 4
    assert str(path) in out.getvalue()


def test_the_command_names_a_clock_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="does not exist"):
        call_command(Command(), clock=tmp_path / "clock")


def test_what_was_just_sent_may_show_a_minute_late(play: Play) -> None:
    """Section 5.3: the chat and its messages may not be found for 30 to 60 seconds."""
    person = play.stranger(accepts=False)
    account = play.sandbox.parts.world.accounts[play.premium]
    play.sandbox.parts.world.connect(account, person, at=play.clock.at)
    play.faults(index_lag={"rate": 1, "times": 1})
    sent = play.client.start_chat(account_id=play.premium, attendee_provider_id=person.provider_id, text="Hello")

    def shows() -> bool:
        return bool(list(play.client.chats_with(person.provider_id, account_id=play.premium)))

    play.clock.at += timedelta(seconds=29)
    assert not shows(), "it was sent, and nothing shows it yet"
    play.client.send_message(account_id=play.premium, chat_id=sent.chat_id, text="Again")
    assert [each.text for each in play.client.chat_messages(sent.chat_id)] == ["Again"]
    play.clock.at += timedelta(seconds=31)
    assert [each.text for each in play.client.chat_messages(sent.chat_id)] == ["Again", "Hello"]
