"""The client: what it makes of answers that are no answers, and every route against the sandbox on both ways."""

import json
import socket
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import Any

import pytest
import requests

from integrations.errors import ProviderError, Verdict
from integrations.provider_events import MessageSeen, PersonRef
from integrations.unipile.client import UnipileClient
from integrations.unipile.sandbox import Sandbox
from integrations.unipile.sandbox.people import Answers
from integrations.unipile.sandbox.routes_control import strangers
from integrations.unipile.sandbox.transport import HOST, sandbox_session
from integrations.unipile.transport import make_session
from integrations.unipile.types import NetworkDistance
from tests.unipile.conftest import HOOK, START, Play, make_play

Reach = tuple[UnipileClient, Sandbox]


class Canned:
    """A provider that gives these answers in turn, the last one for ever, and remembers what it was asked."""

    def __init__(self, *answers: tuple[int, str, object]) -> None:
        self.answers = list(answers)
        self.asked: list[dict[str, Any]] = []

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        self.asked.append({**environ, "body": environ["wsgi.input"].read()})
        status, kind, body = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        headers = [("Content-Type", kind)]
        if isinstance(body, str) and status in (301, 302, 307):
            headers.append(("Location", body))
        start_response(f"{status} Canned", headers)
        return [body.encode() if isinstance(body, str) else json.dumps(body).encode()]


def canned(*answers: tuple[int, str, object]) -> tuple[UnipileClient, Canned]:
    provider = Canned(*answers)
    return UnipileClient(HOST, "k3y", session=sandbox_session(provider)), provider


def page(items: Sequence[object], cursor: str | None) -> tuple[int, str, object]:
    return 200, "application/json", {"object": "UserRelationsList", "items": items, "cursor": cursor}


def relation(name: str) -> dict[str, str]:
    return {"object": "UserRelation", "member_id": name}


def write(client: UnipileClient) -> object:
    return client.invite(account_id="a", provider_id="p")


def verdict_of(action: Callable[[], object]) -> Verdict:
    with pytest.raises(ProviderError) as caught:
        action()
    return caught.value.verdict


# The address and the key


@pytest.mark.parametrize("tail", ["", "/", "/api/v1", "/api/v1/"])
def test_the_base_url_is_taken_with_and_without_the_path(tail: str) -> None:
    assert repr(UnipileClient(f"https://api8.unipile.com:13443{tail}", "k")) == (
        "UnipileClient('https://api8.unipile.com:13443')"
    )


@pytest.mark.parametrize("url", ["", "api8.unipile.com:13443", "ftp://x", "https://", "https://x/?a=1"])
def test_a_base_url_that_is_none_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(ValueError, match="must look like https://api8"):
        UnipileClient(url, "k")


@pytest.mark.parametrize("key", ["", "  ", "two\nlines", "schlüssel"])
def test_a_key_that_cannot_be_one_is_refused_without_being_repeated(key: str) -> None:
    with pytest.raises(ValueError, match="API key") as caught:
        UnipileClient(HOST, key)
    assert not key.strip() or key not in str(caught.value)


def test_the_key_shows_nowhere() -> None:
    client, _ = canned((401, "application/json", {"status": 401, "type": "errors/missing_credentials"}))
    with pytest.raises(ProviderError) as caught:
        client.account("a")
    assert caught.value.verdict is Verdict.CREDENTIALS
    assert "k3y" not in f"{client!r} {client.__dict__!r} {caught.value} {caught.value!r}"


def test_every_request_names_us_and_asks_for_json() -> None:
    assert str(make_session().headers["User-Agent"]).startswith("Outreach/")
    client, provider = canned((200, "application/json", {"object": "Chat", "id": "c", "account_id": "a"}))
    client.chat("c")
    assert provider.asked[0]["HTTP_ACCEPT"] == "application/json"
    assert provider.asked[0]["HTTP_X_API_KEY"] == "k3y"


# Answers that are no answers


@pytest.mark.parametrize("status", [200, 201, 500, 502, 503])
def test_a_page_of_html_leaves_a_write_in_doubt_and_a_read_to_be_repeated(status: int) -> None:
    client, _ = canned((status, "text/html", "<html>Bad gateway</html>"))
    assert verdict_of(lambda: write(client)) is Verdict.UNKNOWN
    with pytest.raises(ProviderError, match="not Unipile's JSON") as caught:
        client.account("a")
    assert caught.value.verdict is Verdict.RETRY_LATER


@pytest.mark.parametrize("body", ["", "[]", "null", '"text"', "{"])
def test_json_that_is_no_object_is_no_answer(body: str) -> None:
    client, _ = canned((200, "application/json", body))
    assert verdict_of(lambda: write(client)) is Verdict.UNKNOWN
    assert verdict_of(lambda: client.account("a")) is Verdict.RETRY_LATER


def test_a_missing_field_that_is_needed_is_named() -> None:
    client, _ = canned((200, "application/json", {"object": "UserProfile", "first_name": "Ada"}))
    with pytest.raises(ProviderError, match="UserProfile holds no usable 'provider_id'"):
        client.profile("ada", account_id="a")


def test_unknown_keys_and_an_unknown_distance_do_no_harm() -> None:
    body = {"object": "UserProfile", "provider_id": "p", "network_distance": "DISTANCE_9", "new": {"x": 1}}
    client, _ = canned((200, "application/json", body))
    assert client.profile("ada", account_id="a").network_distance is NetworkDistance.UNKNOWN


@pytest.mark.parametrize(("said", "near"), [("FIRST_DEGREE", True), ("DISTANCE_1", True), ("DISTANCE_2", False)])
def test_both_spellings_of_the_distance_are_read(said: str, near: bool) -> None:
    client, _ = canned((200, "application/json", {"provider_id": "p", "network_distance": said}))
    assert client.profile("ada", account_id="a").is_connected is near


def test_a_sent_message_without_ids_is_sent_all_the_same() -> None:
    client, _ = canned((201, "application/json", {"object": "ChatStarted", "chat_id": None, "message_id": None}))
    sent = client.start_chat(account_id="a", attendee_provider_id="p", text="Hi")
    assert (sent.chat_id, sent.message_id) == ("", "")


def test_a_connection_refused_means_surely_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert verdict_of(lambda: write(UnipileClient(f"http://127.0.0.1:{port}", "k"))) is Verdict.RETRY_LATER


def test_a_host_that_does_not_exist_means_surely_not_sent() -> None:
    assert verdict_of(lambda: write(UnipileClient("http://no-such-host.invalid", "k"))) is Verdict.RETRY_LATER


def test_silence_after_a_write_leaves_it_in_doubt() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = UnipileClient(f"http://127.0.0.1:{silent.getsockname()[1]}", "k", timeout=(5, 0.05))
        assert verdict_of(lambda: write(client)) is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("error", "on_a_write"),
    [
        (requests.ConnectTimeout("knock"), Verdict.RETRY_LATER),
        (requests.ReadTimeout("wait"), Verdict.UNKNOWN),
        (requests.ConnectionError(ConnectionResetError("reset")), Verdict.UNKNOWN),
        (requests.exceptions.ChunkedEncodingError("half an answer"), Verdict.UNKNOWN),
        (requests.exceptions.InvalidURL("bad"), Verdict.INVALID),
    ],
)
def test_what_a_broken_connection_means_depends_on_when_it_broke(
    error: requests.RequestException, on_a_write: Verdict
) -> None:
    def breaks(environ: object, start_response: object) -> list[bytes]:
        raise error

    client = UnipileClient(HOST, "k", session=sandbox_session(breaks))
    assert verdict_of(lambda: write(client)) is on_a_write
    on_a_read = Verdict.RETRY_LATER if on_a_write is Verdict.UNKNOWN else on_a_write
    assert verdict_of(lambda: client.account("a")) is on_a_read


def test_a_read_follows_a_redirect_on_the_same_host_only() -> None:
    account = (200, "application/json", {"object": "Account", "id": "a", "type": "LINKEDIN"})
    client, provider = canned((301, "text/html", "/api/v1/accounts/a/"), account)
    assert client.account("a").id == "a"
    client, provider = canned((301, "text/html", "https://elsewhere.example/api/v1/accounts/a"), account)
    assert verdict_of(lambda: client.account("a")) is Verdict.INVALID
    assert len(provider.asked) == 1


def test_a_write_follows_no_redirect() -> None:
    client, provider = canned((301, "text/html", "/api/v1/users/invite/"))
    assert verdict_of(lambda: write(client)) is Verdict.INVALID
    assert len(provider.asked) == 1


# Lists


def test_a_list_ends_where_the_cursor_is_null_not_at_a_short_page() -> None:
    client, provider = canned(page([relation("1")], "c1"), page([], "c2"), page([relation("2")], None))
    assert [one.provider_id for one in client.relations("a")] == ["1", "2"]
    assert "cursor=c2" in provider.asked[2]["QUERY_STRING"]
    assert all("account_id=a" in asked["QUERY_STRING"] for asked in provider.asked)


def test_a_list_is_read_only_as_far_as_it_is_wanted() -> None:
    client, provider = canned(page([relation("1"), relation("2")], "c1"))
    assert next(client.relations("a")).provider_id == "1"
    assert len(provider.asked) == 1


def test_a_cursor_that_loops_ends_the_list() -> None:
    client, provider = canned(page([relation("1")], "c1"), page([relation("2")], "c2"), page([relation("3")], "c1"))
    assert [one.provider_id for one in client.relations("a")] == ["1", "2", "3"]
    assert len(provider.asked) == 3


def test_an_item_that_moved_between_pages_comes_once() -> None:
    client, _ = canned(page([relation("1"), relation("2")], "c1"), page([relation("2"), relation("3")], None))
    assert [one.provider_id for one in client.relations("a")] == ["1", "2", "3"]


@pytest.mark.parametrize("items", [None, "x", [1], {}])
def test_a_list_without_items_is_an_error_not_an_empty_list(items: Any) -> None:
    client, _ = canned((200, "application/json", {"object": "UserRelationsList", "items": items, "cursor": None}))
    assert verdict_of(lambda: list(client.relations("a"))) is Verdict.RETRY_LATER


# Requests as they go out


def test_a_bare_invitation_has_no_message_at_all() -> None:
    client, provider = canned((200, "application/json", {"object": "UserInvitationSent", "invitation_id": "7"}))
    client.invite(account_id="a", provider_id="p")
    client.invite(account_id="a", provider_id="p", message="Hi")
    assert [json.loads(asked["body"]) for asked in provider.asked] == [
        {"account_id": "a", "provider_id": "p"},
        {"account_id": "a", "provider_id": "p", "message": "Hi"},
    ]


def test_moments_go_out_with_milliseconds() -> None:
    client, provider = canned((200, "application/json", {"items": [], "cursor": None}))
    list(client.messages("a", after=START))
    assert "after=2026-07-01T09%3A00%3A00.000Z" in provider.asked[0]["QUERY_STRING"]


@pytest.mark.parametrize(
    ("identifier", "path"),
    [("josé-x", "/users/josé-x"), ("jos%C3%A9-x", "/users/josé-x"), (" ada ", "/users/ada"), ("a?b", "/users/a?b")],
)
def test_slugs_go_out_encoded_once(identifier: str, path: str) -> None:
    client, provider = canned((200, "application/json", {"provider_id": "p"}))
    client.profile(identifier, account_id="a")
    assert provider.asked[0]["PATH_INFO"].encode("latin-1").decode() == f"/api/v1{path}"


@pytest.mark.parametrize("identifier", ["", " ", "me", "relations", "..", "ME"])
def test_words_of_the_api_are_nobodys_identifier(identifier: str) -> None:
    client, provider = canned((200, "application/json", {"provider_id": "p"}))
    assert verdict_of(lambda: client.profile(identifier, account_id="a")) is Verdict.LEAD_IMPOSSIBLE
    assert provider.asked == []


def test_an_empty_id_never_becomes_another_address() -> None:
    client, provider = canned((200, "application/json", {}))
    assert verdict_of(lambda: client.delete_webhook("")) is Verdict.INVALID
    assert provider.asked == []


# Every route, in process and over a socket


def test_accounts_and_their_owners(reach: Reach) -> None:
    client, sandbox = reach
    accounts = list(client.accounts())
    assert [account.id for account in accounts] == sandbox.account_ids
    assert [account.status for account in accounts] == ["OK", "OK"]
    assert client.account(accounts[0].id) == accounts[0]
    own = client.own_profile(accounts[0].id)
    assert own.provider_id == accounts[0].own_user_id
    assert [client.own_profile(account.id).premium for account in accounts] == [True, False]


def test_an_invitation_from_profile_to_withdrawal(reach: Reach) -> None:
    client, sandbox = reach
    account_id, person = sandbox.account_ids[0], strangers(sandbox.parts)[0]
    profile = client.profile(person.public_identifier, account_id=account_id)
    assert not (profile.is_connected or profile.invitation_pending)
    sent = client.invite(account_id=account_id, provider_id=profile.provider_id, message="Grüße 👋")
    assert client.profile(person.provider_id, account_id=account_id).invitation_pending
    [pending] = client.sent_invitations(account_id)
    assert (pending.invitation_id, pending.provider_id) == (sent.invitation_id, person.provider_id)
    assert (pending.text, pending.sent_at) == ("Grüße 👋", START)
    client.withdraw_invitation(account_id=account_id, invitation_id=sent.invitation_id)
    assert list(client.sent_invitations(account_id)) == []
    again = lambda: client.withdraw_invitation(account_id=account_id, invitation_id=sent.invitation_id)  # noqa: E731
    assert verdict_of(again) is Verdict.ALREADY_DONE
    assert [entry["kind"] for entry in sandbox.ledger()] == ["invitation", "withdrawal"]


def test_relations_page_by_page(reach: Reach) -> None:
    client, sandbox = reach
    whole = list(client.relations(sandbox.account_ids[0]))
    assert len(whole) >= 12
    assert list(client.relations(sandbox.account_ids[0], limit=5)) == whole
    moments = [one.connected_at for one in whole if one.connected_at]
    assert moments == sorted(moments, reverse=True)
    assert len(moments) == len(whole)


def test_a_conversation_from_the_first_message_to_reading_it(reach: Reach) -> None:
    client, sandbox = reach
    account_id = sandbox.account_ids[0]
    talked_to = {chat.attendee_provider_id for chat in client.chats(account_id)}
    friend = next(one for one in client.relations(account_id) if one.provider_id not in talked_to)
    assert list(client.chats_with(friend.provider_id, account_id=account_id)) == []
    first = client.start_chat(account_id=account_id, attendee_provider_id=friend.provider_id, text="Zażółć 🚀\nline 2")
    second = client.send_message(account_id=account_id, chat_id=first.chat_id, text="And another")
    assert second.chat_id == first.chat_id
    [chat] = client.chats_with(friend.provider_id, account_id=account_id)
    assert chat == client.chat(first.chat_id)
    assert (chat.name, chat.is_group, chat.attendee_provider_id) == ("", False, friend.provider_id)
    texts = {message.id: message.text for message in client.chat_messages(chat.id)}
    assert texts == {first.message_id: "Zażółć 🚀\nline 2", second.message_id: "And another"}
    assert client.message(first.message_id).is_sender is True
    assert [one.is_self for one in client.attendees(chat.id)] == [False, True]


def test_an_unread_chat_is_marked_as_read(reach: Reach) -> None:
    client, sandbox = reach
    chat = next(chat for chat in client.chats(sandbox.account_ids[0]) if chat.unread_count)
    client.mark_read(chat.id)
    assert client.chat(chat.id).unread_count == 0


def test_messages_after_a_moment(reach: Reach) -> None:
    client, sandbox = reach
    account_id = sandbox.account_ids[0]
    everything = list(client.messages(account_id))
    moments = [message.sent_at for message in everything]
    assert moments == sorted(moments, reverse=True)
    assert all(moment < START for moment in moments)
    middle = moments[len(moments) // 2]
    assert list(client.messages(account_id, after=middle)) == [one for one in everything if one.sent_at > middle]
    assert list(client.messages(account_id, after=START)) == []


def test_webhooks_are_made_listed_and_deleted(reach: Reach) -> None:
    client, sandbox = reach
    before = list(client.webhooks())
    webhook_id = client.create_webhook(
        source="messaging", request_url=HOOK, events=["message_received"], headers={"Unipile-Auth": "s"}, name="app"
    )
    [made] = [one for one in client.webhooks() if one not in before]
    assert (made.id, made.request_url, made.events, made.name) == (webhook_id, HOOK, ("message_received",), "app")
    assert set(made.account_ids) == set(sandbox.account_ids)
    client.delete_webhook(webhook_id)
    assert list(client.webhooks()) == before
    assert verdict_of(lambda: client.delete_webhook(webhook_id)) is Verdict.ALREADY_DONE


# What becomes of what was read


def test_a_message_read_and_the_same_message_announced_are_one_event(play: Play) -> None:
    from integrations.unipile.webhooks import normalise

    play.listen("messaging", "message_received")
    friend = play.friend(play.premium, answers=Answers.NEVER)
    sent = play.client.start_chat(account_id=play.premium, attendee_provider_id=friend.provider_id, text="Hello")
    play.sandbox.advance()
    [announced] = normalise("messaging", json.loads(play.mailbox.received[0][2]))
    assert isinstance(announced, MessageSeen)
    own_id = play.client.own_profile(play.premium).provider_id
    read = play.client.message(sent.message_id).as_event(own_id, announced.counterpart)
    for field in ("message_id", "chat_id", "provider_message_id", "text", "is_own", "counterpart", "happened_at"):
        assert getattr(read, field) == getattr(announced, field), field


def test_a_message_that_does_not_say_whose_it_is_is_judged_by_its_sender() -> None:
    body = {"id": "m", "account_id": "a", "chat_id": "c", "timestamp": "2026-07-02T07:55:46.625Z", "sender_id": "us"}
    client, _ = canned((200, "application/json", body))
    read = client.message("m")
    them = PersonRef(provider_id="them")
    assert read.as_event("us", them).is_own is True
    assert read.as_event("them", them).is_own is False
    assert read.as_event("", them).is_own is None


def test_a_relation_becomes_an_event_with_its_moment(play: Play) -> None:
    newest = next(play.client.relations(play.premium))
    event = newest.as_event(play.premium)
    assert (event.person.provider_id, event.happened_at) == (newest.provider_id, newest.connected_at)


def test_thousands_of_relations_are_read_page_by_page() -> None:
    play = make_play(people=3000)
    world, account = play.sandbox.parts.world, play.account(play.premium)
    for number, person in enumerate(play.strangers()[:2500]):
        world.connect(account, person, at=START + timedelta(seconds=number))
    assert len(list(play.client.relations(play.premium))) == len(account.relations)
