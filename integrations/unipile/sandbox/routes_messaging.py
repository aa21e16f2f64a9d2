"""Chats, attendees and messages: the routes of section 5."""

from collections.abc import Callable, Iterable, Iterator
from itertools import takewhile
from typing import Any, NamedTuple

from integrations.unipile.sandbox import refusals, serialising
from integrations.unipile.sandbox.calls import Answer, Call, Effect, Route
from integrations.unipile.sandbox.paging import moment_parameter, page
from integrations.unipile.sandbox.world import Account, Chat, Message


class Letter(NamedTuple):
    """The form of a message to send."""

    account_id: str
    attendees: tuple[str, ...]
    text: str
    subject: str = ""
    is_inmail: bool = False


def chats(call: Call) -> Answer:
    return _chat_page(call, _chats_of(_accounts(call)))


def chat(call: Call, chat_id: str) -> Answer:
    found = _chat(call, chat_id)
    visible = found.visible()
    last = _telling(call)(visible[-1]) if visible else None
    return Answer({**serialising.chat(found), "lastMessage": last})


def attendees(call: Call, chat_id: str) -> Answer:
    """This list takes no parameters and always fits one page (section 5.2)."""
    items = serialising.attendees(_chat(call, chat_id))
    return Answer({"object": "ChatAttendeeList", "items": items, "cursor": None})


def chats_of_attendee(call: Call, attendee_id: str) -> Answer:
    """By attendee id or provider id, several joined by commas; nobody synchronised is a 404 (section 1.4)."""
    wanted = set(attendee_id.split(","))
    found = [chat for account in _accounts(call) for chat in _with_any(account, wanted) if chat.visible()]
    if not found:
        raise refusals.not_found("Attendee")
    return _chat_page(call, iter(sorted(found, key=_activity, reverse=True)))


def _with_any(account: Account, wanted: set[str]) -> Iterable[Chat]:
    known = [chat for one in wanted if (chat := account.chats_by_person.get(one))]
    return known or [chat for chat in account.chats.values() if chat.attendee_id in wanted]


def start_chat(call: Call) -> Answer:
    letter = _letter(call)
    account = call.account_named(letter.account_id)
    if not letter.attendees:
        raise refusals.missing_parameters("attendees_ids")
    if len(letter.attendees) > 1:
        raise _text_only("one-to-one chats")
    send = call.parts.rules.start_inmail if letter.is_inmail else call.parts.rules.start_chat
    message = send(account, letter.attendees[0], text=letter.text, at=call.at)
    known = not call.parts.faults.strikes("null_ids")
    ids = {"chat_id": message.chat.id if known else None, "message_id": message.id if known else None}
    return Answer({"object": "ChatStarted", **ids}, 201)


def send_message(call: Call, chat_id: str) -> Answer:
    letter = _letter(call)
    chat = call.world.chats.get(chat_id)
    if chat is None or not (chat.visible() or chat.is_waiting_for_the_index):
        raise refusals.not_found("Chat")
    if letter.account_id and letter.account_id != chat.account.id:
        raise refusals.invalid_parameters("the chat belongs to another account than account_id")
    message = call.parts.rules.send(chat, text=letter.text, at=call.at)
    known = not call.parts.faults.strikes("null_ids")
    return Answer({"object": "MessageSent", "message_id": message.id if known else None}, 201)


def _letter(call: Call) -> Letter:
    """From multipart, as documented, or from JSON, which is reported to work (section 5.3)."""
    kind = call.request.mimetype
    if kind == "multipart/form-data":
        letter = _letter_from_form(call)
    elif kind == "application/json":
        letter = _letter_from_json(call.json())
    else:
        raise refusals.unsupported_media_type("multipart/form-data")
    if not letter.text.strip():
        raise refusals.missing_parameters("text")
    return letter


def _letter_from_form(call: Call) -> Letter:
    form = call.request.form
    if call.request.files:
        raise _text_only("messages of text")
    return Letter(
        form.get("account_id", ""),
        tuple(form.getlist("attendees_ids")),
        form.get("text", ""),
        subject=form.get("subject", ""),
        is_inmail=form.get("linkedin[inmail]") == "true",
    )


def _letter_from_json(body: dict[str, Any]) -> Letter:
    attendees, text = body.get("attendees_ids") or [], body.get("text") or ""
    if not isinstance(attendees, list) or not isinstance(text, str):
        raise refusals.invalid_parameters("attendees_ids must be a list and text a string")
    return Letter(str(body.get("account_id") or ""), tuple(map(str, attendees)), text)


def _text_only(what: str) -> refusals.Refusal:
    return refusals.Refusal(501, "feature_not_implemented", "Not implemented", f"The sandbox knows only {what}.")


def patch_chat(call: Call, chat_id: str) -> Answer:
    body, chat = call.json(), _chat(call, chat_id)
    if body.get("action") != "setReadStatus" or not isinstance(body.get("value"), bool):
        detail = "The sandbox knows only the action setReadStatus with a boolean value."
        raise refusals.Refusal(400, "invalid_action", "Invalid action", detail)
    chat.unread = 0 if body["value"] else max(1, chat.unread)
    return Answer({"object": "ChatPatched"})


def chat_messages(call: Call, chat_id: str) -> Answer:
    return _message_page(call, _chat(call, chat_id).visible())


def messages(call: Call) -> Answer:
    listed = [account.visible_messages() for account in _accounts(call)]
    merged = listed[0] if len(listed) == 1 else sorted((one for many in listed for one in many), key=_number)
    return _message_page(call, merged)


def message(call: Call, message_id: str) -> Answer:
    found = call.world.messages.get(message_id)
    if found is None or found not in found.chat.visible():
        raise refusals.not_found("Message")
    return Answer(_telling(call)(found))


def _accounts(call: Call) -> list[Account]:
    """One, a comma list, or all (section 5.1)."""
    named = call.request.args.get("account_id")
    return [call.account_named(one) for one in named.split(",")] if named else list(call.world.accounts.values())


def _chat(call: Call, chat_id: str) -> Chat:
    chat = call.world.chats.get(chat_id)
    if chat is None or not chat.visible():
        raise refusals.not_found("Chat")
    return chat


def _chats_of(accounts: list[Account]) -> Iterator[Chat]:
    """Most recently active first; what an account has not been told of is not there."""
    if len(accounts) == 1:
        return (chat for chat in reversed(accounts[0].chats.values()) if chat.visible())
    everything = (chat for account in accounts for chat in account.chats.values() if chat.visible())
    return iter(sorted(everything, key=_activity, reverse=True))


def _chat_page(call: Call, found: Iterator[Chat]) -> Answer:
    before, after = moment_parameter(call.request, "before"), moment_parameter(call.request, "after")
    unread = call.request.args.get("unread")
    if after:
        found = (chat for chat in found if chat.visible()[-1].at > after)
    if before:
        found = (chat for chat in found if chat.visible()[-1].at < before)
    if unread in ("true", "false"):
        found = (chat for chat in found if (chat.unread > 0) == (unread == "true"))
    return Answer(page(call.request, found, name="ChatList", number=_activity, shape=serialising.chat))


def _message_page(call: Call, found: list[Message]) -> Answer:
    """`found` is in the order of time; the answer is newest first."""
    before, after = moment_parameter(call.request, "before"), moment_parameter(call.request, "after")
    sender_id = call.request.args.get("sender_id")
    newest: Iterator[Message] = reversed(found)
    if after:
        newest = takewhile(lambda message: message.at > after, newest)
    if before:
        newest = (message for message in newest if message.at < before)
    if sender_id:
        newest = (message for message in newest if message.sender.provider_id == sender_id)
    return Answer(page(call.request, newest, name="MessageList", number=_number, shape=_telling(call)))


def _telling(call: Call) -> Callable[[Message], dict[str, Any]]:
    """The shape of a message, which is known to the caller from now on."""

    def shape(found: Message) -> dict[str, Any]:
        call.world.told(found, at=call.at)
        return serialising.message(found)

    return shape


def _activity(chat: Chat) -> int:
    return chat.activity


def _number(message: Message) -> int:
    return message.number


ROUTES = (
    Route("GET", "/chats", chats),
    Route("POST", "/chats", start_chat, Effect.SEND),
    Route("GET", "/chats/<chat_id>", chat),
    Route("PATCH", "/chats/<chat_id>", patch_chat),
    Route("GET", "/chats/<chat_id>/attendees", attendees),
    Route("GET", "/chats/<chat_id>/messages", chat_messages),
    Route("POST", "/chats/<chat_id>/messages", send_message, Effect.SEND),
    Route("GET", "/chat_attendees/<attendee_id>/chats", chats_of_attendee),
    Route("GET", "/messages", messages),
    Route("GET", "/messages/<message_id>", message),
)
