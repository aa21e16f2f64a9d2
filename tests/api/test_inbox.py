"""Conversations: reading, triage, and answering through the sandbox."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from inbox.models import Conversation, Message
from integrations.models import Dispatch
from integrations.unipile.client import UnipileClient
from integrations.unipile.sandbox import Sandbox
from integrations.unipile.sandbox.transport import HOST, sandbox_session
from outreach.clock import frozen
from tests.api.contract import ContractClient
from tests.api.tenants import Tenant, make_conversation
from tests.worlds import MONDAY_MORNING, connect_sandbox

pytestmark = pytest.mark.django_db

CHATS = "/api/v1/conversations/"


class Desk:
    """An operator's desk in front of the sandbox: one chat with a person, and a clock."""

    def __init__(self, tenant: Tenant, api: ContractClient) -> None:
        self.at: datetime = MONDAY_MORNING
        self.api = api
        self.sandbox = Sandbox(1, now=lambda: self.at, people=30)
        self.session = sandbox_session(self.sandbox)
        self.provider = UnipileClient(HOST, "sandbox", session=self.session)
        account = connect_sandbox(tenant.client, self.sandbox, self.provider)[0]
        chat = next(each for each in self.provider.chats(account.provider_account_id) if not each.is_group)
        self.chat = make_conversation(account, tenant.lead, chat_id=chat.id)
        Conversation.objects.filter(pk=self.chat.pk).update(person=chat.attendee_provider_id)

    def reply(self, text: str, **headers: str) -> Any:
        with frozen(self.at):
            return self.api.post(f"{CHATS}{self.chat.pk}/reply/", {"text": text}, headers=headers)

    def misbehave(self, **faults: Any) -> None:
        assert self.session.post(f"{HOST}/_sandbox/faults", json={"faults": faults}).ok

    def sent(self) -> list[str]:
        return [entry["text"] for entry in self.sandbox.ledger() if entry["kind"] == "message"]


@pytest.fixture
def desk(northwind: Tenant, api: ContractClient, monkeypatch: pytest.MonkeyPatch) -> Desk:
    made = Desk(northwind, api)
    to_the_sandbox: Callable[[], UnipileClient] = lambda: made.provider  # noqa: E731
    monkeypatch.setattr("inbox.replying.provider_client", to_the_sandbox)
    return made


def test_an_answer_is_sent_once_and_shown(desk: Desk) -> None:
    answer = desk.reply("  Gladly, tomorrow at ten?\n")
    assert (answer.status_code, answer.json()["text"]) == (201, "Gladly, tomorrow at ten?")
    assert desk.sent() == ["Gladly, tomorrow at ten?"]
    assert Dispatch.objects.get(pk=answer.json()["dispatch"]).actor == "operator:admin-of-northwind"
    assert desk.api.get(f"{CHATS}{desk.chat.pk}/").json()["unread"] == 0


def test_a_repeated_answer_with_the_same_key_is_not_sent_again(desk: Desk) -> None:
    first = desk.reply("Gladly!", **{"Idempotency-Key": "a"})
    desk.at += timedelta(hours=1)
    assert desk.reply("Gladly!", **{"Idempotency-Key": "a"}).json() == first.json()
    assert desk.sent() == ["Gladly!"]


def test_an_account_that_is_pausing_between_two_actions_is_a_conflict_and_frees_the_key(desk: Desk) -> None:
    desk.reply("One")
    refused = desk.reply("Two", **{"Idempotency-Key": "b"})
    assert refused.status_code == 409
    assert "Try again" in refused.json()["errors"][0]["detail"]
    desk.at += timedelta(hours=1)
    assert desk.reply("Two", **{"Idempotency-Key": "b"}).status_code == 201
    assert desk.sent() == ["One", "Two"]


def test_when_nobody_knows_whether_it_went_out_the_key_stays_taken(desk: Desk) -> None:
    desk.api.raise_request_exception = False  # 504 is an answer here, not a bug
    desk.misbehave(timeout_after={"rate": 1, "times": 1})
    lost = desk.reply("Gladly!", **{"Idempotency-Key": "c"})
    assert (lost.status_code, lost.json()["errors"][0]["code"]) == (504, "outcome_unknown")
    desk.at += timedelta(hours=1)
    again = desk.reply("Gladly!", **{"Idempotency-Key": "c"})
    assert (again.status_code, again.json()["errors"][0]["code"]) == (409, "idempotent_request_unfinished")
    assert desk.sent() == ["Gladly!"]
    assert Dispatch.objects.get(key__startswith="reply:").state == "unknown"


def test_what_the_provider_refused_is_a_conflict(desk: Desk) -> None:
    desk.misbehave(rate_limit={"rate": 1, "times": 1})
    assert desk.reply("Gladly!").status_code == 409
    assert desk.sent() == []


@pytest.mark.parametrize("text", ["", "   ", "x" * 8001, None, [], "\x00"])
def test_a_text_that_cannot_be_sent_is_refused(text: Any, api: ContractClient, northwind: Tenant) -> None:
    answer = api.post(f"{CHATS}{northwind.conversation.pk}/reply/", {"text": text})
    assert answer.status_code == 400
    assert Dispatch.objects.filter(key__startswith="reply:").count() == 0


def test_a_conversation_is_closed_opened_and_read(api: ContractClient, northwind: Tenant) -> None:
    chat = f"{CHATS}{northwind.conversation.pk}/"
    assert api.get(CHATS, {"unread": "true"}).json()["count"] == 1
    assert api.post(f"{chat}close/").json()["status"] == "closed"
    assert api.get(CHATS, {"status": "open"}).json()["count"] == 0
    assert api.post(f"{chat}open/").json()["status"] == "open"
    assert api.post(f"{chat}read/").json()["unread"] == 0
    assert api.get(CHATS, {"unread": "true"}).json()["count"] == 0
    assert api.get(CHATS, {"unread": "false"}).json()["count"] == 1


def test_a_conversation_without_any_message_comes_last(api: ContractClient, northwind: Tenant) -> None:
    empty = make_conversation(northwind.account, northwind.lead, chat_id="chat-2")
    Conversation.objects.filter(pk=empty.pk).update(last_message_at=None)
    shown = [row["id"] for row in api.get(CHATS).json()["results"]]
    assert shown == [str(northwind.conversation.pk), str(empty.pk)]


def test_messages_of_the_same_moment_are_neither_skipped_nor_repeated(api: ContractClient, northwind: Tenant) -> None:
    first = northwind.message
    for number in range(5):
        Message.objects.create(
            client=northwind.client,
            conversation=northwind.conversation,
            account=northwind.account,
            direction="out",
            provider_message_id=f"out-{number}",
            sent_at=first.sent_at,
            recorded_at=first.sent_at,
            noticed_by="poll",
        )
    seen: list[str] = []
    path = f"/api/v1/messages/?conversation={northwind.conversation.pk}&page_size=2"
    while path:
        page = api.get(path).json()
        seen += [row["id"] for row in page["results"]]
        path = (page["next"] or "").partition("testserver")[2]
    assert len(seen) == len(set(seen)) == 6
