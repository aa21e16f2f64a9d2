"""From webhook bodies, as they are and as they vary, to what they mean."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.provider_events import (
    AccountStatusChanged,
    MessageChanged,
    MessageSeen,
    RelationMade,
    UnknownEvent,
)
from integrations.unipile.webhooks import normalise

US = "ACoAABcD3fGhIjKlMnOpQrStUvWxYz012345678"
THEM = "ACoAACpQ7rStUvWxYz0123456789AbCdEfGhIjK"

TOMAS = {
    "attendee_id": "aT1zX3cV5bN7mQ9wE2rY4u",
    "attendee_provider_id": THEM,
    "attendee_name": "Tomas Lindqvist",
    "attendee_profile_url": f"https://www.linkedin.com/in/{THEM}",
    "attendee_specifics": {
        "provider": "LINKEDIN",
        "member_urn": "urn:li:member:667788990",
        "occupation": "Head of Logistics at Nordkaj",
        "network_distance": "DISTANCE_1",
    },
    "attendee_public_identifier": None,
}
NADIA = {"attendee_id": "n", "attendee_provider_id": US, "attendee_name": "Nadia Verhoeven"}

MESSAGE: Mapping[str, Any] = {
    "event": "message_received",
    "account_id": "k3JxQmZVTdyU8rWb1oLh2A",
    "account_type": "LINKEDIN",
    "account_info": {"type": "LINKEDIN", "feature": "classic", "user_id": US},
    "webhook_name": "app-messages",
    "chat_id": "wQ2eR5tY8uI1oP4aS7dF0g",
    "provider_chat_id": "2-ZTFhMmIzYzRkNWU2Xzg5MA==",
    "message_id": "mB6nV4cX2zL0kJ8hG6fD4s",
    "provider_message_id": "2-MTc4MzAwMDAwMDAwMGI=",
    "timestamp": "2026-07-02T07:55:46.625Z",
    "message": "Sounds good, Tuesday?",
    "subject": None,
    "is_sender": False,
    "sender": TOMAS,
    "attendees": [TOMAS],
    "attachments": [],
    "is_event": 0,
    "event_type": None,
    "is_group": False,
    "message_type": "MESSAGE",
    "quoted": None,
}
RELATION: Mapping[str, Any] = {
    "event": "new_relation",
    "account_id": "k3JxQmZVTdyU8rWb1oLh2A",
    "account_type": "LINKEDIN",
    "webhook_name": "app-relations",
    "user_full_name": "Tomas Lindqvist",
    "user_provider_id": THEM,
    "user_public_identifier": "tomas-lindqvist",
    "user_profile_url": "https://www.linkedin.com/in/tomas-lindqvist/",
}


def without(body: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key not in keys}


def message(body: Mapping[str, Any], source: str = "messaging") -> MessageSeen:
    [event] = normalise(source, body)
    assert isinstance(event, MessageSeen), event
    return event


def relation(body: Mapping[str, Any]) -> RelationMade:
    [event] = normalise("users", body)
    assert isinstance(event, RelationMade), event
    return event


def test_a_recorded_message_reads_whole() -> None:
    event = message(MESSAGE)
    assert event.provider_account_id == "k3JxQmZVTdyU8rWb1oLh2A"
    assert event.happened_at == datetime(2026, 7, 2, 7, 55, 46, 625000, tzinfo=UTC)
    assert (event.message_id, event.chat_id) == ("mB6nV4cX2zL0kJ8hG6fD4s", "wQ2eR5tY8uI1oP4aS7dF0g")
    assert (event.text, event.subject, event.message_type) == ("Sounds good, Tuesday?", "", "MESSAGE")
    assert (event.is_own, event.is_event, event.is_group) == (False, False, False)
    assert event.own_user_id == US
    assert event.sender == event.counterpart
    assert event.counterpart is not None
    assert event.counterpart.provider_id == THEM
    assert event.counterpart.member_urn == "667788990"
    assert event.counterpart.headline == "Head of Logistics at Nordkaj"


def test_a_profile_address_that_holds_a_provider_id_is_no_slug() -> None:
    event = message(MESSAGE)
    assert event.counterpart is not None
    assert event.counterpart.public_identifier == ""


@pytest.mark.parametrize("said", [True, 1, "1", "true", "True"])
def test_own_messages_are_own_however_it_is_said(said: object) -> None:
    event = message({**MESSAGE, "is_sender": said, "sender": NADIA})
    assert event.is_own is True
    assert event.counterpart is not None
    assert event.counterpart.provider_id == THEM


@pytest.mark.parametrize("said", [False, 0, "0", "false", "False"])
def test_their_messages_are_theirs_however_it_is_said(said: object) -> None:
    assert message({**MESSAGE, "is_sender": said}).is_own is False


@pytest.mark.parametrize(("sender", "own"), [(NADIA, True), (TOMAS, False)])
def test_without_is_sender_the_sender_is_compared_with_the_account(sender: dict[str, Any], own: bool) -> None:
    event = message({**without(MESSAGE, "is_sender"), "sender": sender})
    assert event.is_own is own
    assert event.counterpart is not None
    assert event.counterpart.provider_id == THEM


def test_without_is_sender_and_account_info_nobody_can_tell() -> None:
    event = message(without(MESSAGE, "is_sender", "account_info"))
    assert event.is_own is None
    assert event.own_user_id == ""
    assert event.counterpart is None
    assert event.sender is not None
    assert event.sender.provider_id == THEM


def test_without_account_info_the_sender_of_a_message_not_ours_is_the_counterpart() -> None:
    event = message(without(MESSAGE, "account_info"))
    assert event.counterpart is not None
    assert event.counterpart.provider_id == THEM


def test_without_account_info_the_counterpart_of_our_message_is_the_other_attendee() -> None:
    body = {**without(MESSAGE, "account_info"), "is_sender": True, "sender": NADIA, "attendees": [NADIA, TOMAS]}
    event = message(body)
    assert event.counterpart is not None
    assert event.counterpart.provider_id == THEM


@pytest.mark.parametrize("attendees", [[NADIA, TOMAS], [TOMAS, NADIA], TOMAS, [], None, "odd"])
def test_the_counterpart_is_found_in_whatever_the_attendees_are(attendees: object) -> None:
    event = message({**MESSAGE, "attendees": attendees})
    assert event.counterpart is not None
    assert event.counterpart.provider_id == THEM


def test_our_own_message_without_attendees_names_no_counterpart() -> None:
    assert message({**MESSAGE, "is_sender": True, "sender": NADIA, "attendees": []}).counterpart is None


def test_a_sender_nested_under_data_is_found() -> None:
    body = {**without(MESSAGE, "sender", "attendees"), "data": {"sender": TOMAS}}
    event = message(body)
    assert event.sender is not None
    assert event.sender.provider_id == THEM


@pytest.mark.parametrize(
    ("attachments", "expected"),
    [
        ([], 0),
        (None, 0),
        ({"id": "1", "type": "img", "unavailable": "false"}, 1),
        ([{"attachment_id": "1", "attachment_type": "img"}, {"id": "2"}], 2),
        (["att://1"], 0),
    ],
)
def test_attachments_come_as_a_list_as_one_object_or_not_at_all(attachments: object, expected: int) -> None:
    assert len(message({**MESSAGE, "attachments": attachments}).attachments) == expected


@pytest.mark.parametrize(("said", "is_event"), [(0, False), (1, True), ("1", True), (True, True), (None, False)])
def test_an_event_in_a_chat_is_told_from_a_message(said: object, is_event: bool) -> None:
    assert message({**MESSAGE, "is_event": said}).is_event is is_event


@pytest.mark.parametrize("text", [None, "", [], {}])
def test_a_message_without_text_has_none(text: object) -> None:
    assert message({**MESSAGE, "message": text}).text == ""


@pytest.mark.parametrize("moment", [None, "", "yesterday", "2026-07-02T99:00:00.000Z", [], True, 1e30])
def test_a_moment_that_cannot_be_read_is_not_said(moment: object) -> None:
    assert message({**MESSAGE, "timestamp": moment}).happened_at is None


@pytest.mark.parametrize("moment", ["2026-07-02T07:55:46.625Z", 1782978946625, "1782978946625"])
def test_moments_are_read_from_texts_and_from_milliseconds(moment: object) -> None:
    event = message({**MESSAGE, "timestamp": moment})
    assert event.happened_at == datetime(2026, 7, 2, 7, 55, 46, 625000, tzinfo=UTC)


def test_the_few_keys_of_the_official_sample_are_enough() -> None:
    keys = {"account_id", "event", "chat_id", "timestamp", "message_id", "message", "sender", "attendees"}
    event = message({key: value for key, value in MESSAGE.items() if key in keys})
    assert (event.message_type, event.is_group, event.provider_chat_id) == ("MESSAGE", False, "")


def test_the_source_helps_a_body_that_names_no_event() -> None:
    assert message(without(MESSAGE, "event")).text == "Sounds good, Tuesday?"
    assert relation(without(RELATION, "event")).person.provider_id == THEM


def test_the_body_outweighs_the_source() -> None:
    assert isinstance(normalise("users", MESSAGE)[0], MessageSeen)
    assert isinstance(normalise("messaging", RELATION)[0], RelationMade)


def test_a_recorded_relation_reads_whole_and_has_no_moment() -> None:
    event = relation(RELATION)
    assert event.happened_at is None
    assert (event.person.provider_id, event.person.public_identifier) == (THEM, "tomas-lindqvist")
    assert event.person.name == "Tomas Lindqvist"


def test_a_relation_without_a_slug_takes_it_from_the_address() -> None:
    body = {**RELATION, "user_public_identifier": None, "user_profile_url": "https://www.linkedin.com/in/jos%C3%A9-x/"}
    assert relation(body).person.public_identifier == "josé-x"


def test_a_nested_relation_is_understood() -> None:
    body = {"event": "new_relation", "data": {"account_id": "a", "user": {"provider_id": THEM, "name": "Tomas"}}}
    event = relation(body)
    assert (event.provider_account_id, event.person.provider_id, event.person.name) == ("a", THEM, "Tomas")


@pytest.mark.parametrize(
    ("extra", "change", "person"),
    [
        ({"event": "message_read", "read_by": {"attendee_provider_id": THEM}}, "read", THEM),
        ({"event": "message_read", "read_by": THEM}, "read", THEM),
        ({"event": "message_read", "read_by": [{"provider_id": THEM}]}, "read", THEM),
        ({"event": "message_read"}, "read", None),
        ({"event": "message_reaction", "reaction": "👍", "reaction_sender": TOMAS}, "reaction", THEM),
        ({"event": "message_edited", "message": "New words"}, "edited", None),
        ({"event": "message_deleted", "message": None}, "deleted", None),
        ({"event": "message_delivered"}, "delivered", None),
    ],
)
def test_what_becomes_of_a_message(extra: dict[str, Any], change: str, person: str | None) -> None:
    [event] = normalise("messaging", {**MESSAGE, **extra})
    assert isinstance(event, MessageChanged)
    assert (event.change, event.message_id) == (change, MESSAGE["message_id"])
    assert (event.person.provider_id if event.person else None) == person
    assert event.reaction == extra.get("reaction", "")


@pytest.mark.parametrize("source", ["accounts", "users"])
def test_an_account_status_is_read_from_its_wrapper(source: str) -> None:
    body = {"AccountStatus": {"account_id": "k3", "account_type": "LINKEDIN", "message": "credentials"}}
    assert normalise(source, body) == [AccountStatusChanged(provider_account_id="k3", status="CREDENTIALS")]


def test_the_callback_of_the_hosted_page_is_an_account_status() -> None:
    body = {"status": "CREATION_SUCCESS", "account_id": "k3", "name": "user-481:7f0c1e9ab2"}
    assert normalise("accounts", body) == [AccountStatusChanged(provider_account_id="k3", status="CREATION_SUCCESS")]


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({}, "messaging"),
        ({"event": "mail_received", "account_id": "k3"}, "mail_received"),
        ({"event": "calendar_event_created"}, "calendar_event_created"),
        ({"event": ["message_received"]}, "messaging"),
        ({"hello": "world"}, "messaging"),
        (without(MESSAGE, "message_id"), "message_received"),
        (without(MESSAGE, "account_id"), "message_received"),
        ({"event": "new_relation", "account_id": "k3"}, "new_relation"),
        ({"AccountStatus": {"account_id": "k3"}}, "account_status"),
        ({"AccountStatus": "OK"}, "messaging"),
    ],
)
def test_what_cannot_be_understood_is_kept_with_a_reason(body: dict[str, Any], name: str) -> None:
    [event] = normalise("messaging", body)
    assert isinstance(event, UnknownEvent)
    assert event.name == name
    assert event.reason


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KEYS = [*MESSAGE, *RELATION, "AccountStatus", "data", "status", "user"]
ODD_BODIES = st.builds(
    lambda base, changes: {**base, **changes},
    st.sampled_from([MESSAGE, RELATION, {"event": "message_read"}, {"AccountStatus": {}}, {}]),
    st.dictionaries(st.sampled_from(KEYS), JSON, max_size=6),
)


@given(source=st.sampled_from(["users", "messaging", "accounts", ""]), body=ODD_BODIES)
def test_no_body_however_odd_breaks_the_normaliser(source: str, body: dict[str, Any]) -> None:
    events = normalise(source, body)
    assert len(events) == 1
