"""From the body of a Unipile webhook to what it means (Unipile API, section 7).

Keys of a webhook are conditional: absent and null both occur, flags come in three types, lists as single objects.
Whatever cannot be understood becomes an UnknownEvent that says why; nothing here raises.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from integrations.provider_events import (
    AccountStatusChanged,
    Change,
    MessageChanged,
    MessageSeen,
    PersonRef,
    ProviderEvent,
    RelationMade,
    UnknownEvent,
)
from integrations.unipile.reading import (
    first_text,
    flag,
    mapping,
    mappings,
    member_number,
    moment,
    slug,
    text,
)

Body: TypeAlias = Mapping[str, Any]


def normalise(source: str, payload: Mapping[str, Any]) -> list[ProviderEvent]:
    """All that a payload says happened. The body decides, `source` only helps a body that names no event."""
    body = _flattened(mapping(payload))
    if not body:
        return [_unknown(body, name=source, reason="the body is not a JSON object with anything in it")]
    if status := mapping(body.get("AccountStatus")):
        return [_account_status(status, word=text(status.get("message")))]
    name = text(body.get("event")).strip().lower() or _implied_event(source, body)
    if reader := READERS.get(name):
        return [reader(body)]
    if not name and text(body.get("status")):
        return [_account_status(body, word=text(body["status"]))]
    return [_unknown(body, name=name or source, reason="no event of this name is known")]


def _flattened(payload: Body) -> Body:
    """The envelope is flat (section 7.4); where a relay nested it under `data`, the outer keys win."""
    return {**mapping(payload.get("data")), **payload}


def _implied_event(source: str, body: Body) -> str:
    if source == "users" and text(body.get("user_provider_id")):
        return "new_relation"
    is_change = any(body.get(key) for key in ("reaction", "reaction_sender", "read_by"))
    return "message_received" if source == "messaging" and "message" in body and not is_change else ""


def _unknown(body: Body, *, name: str, reason: str) -> UnknownEvent:
    return UnknownEvent(provider_account_id=text(body.get("account_id")), name=name, reason=reason)


def _account_status(body: Body, *, word: str) -> ProviderEvent:
    """Section 2.6, and the callback of the hosted page (section 2.5), which speaks the same words."""
    account_id = text(body.get("account_id"))
    if not (account_id and word):
        return _unknown(body, name="account_status", reason="account_id or the status is missing")
    return AccountStatusChanged(provider_account_id=account_id, status=word.strip().upper())


def _relation(body: Body) -> ProviderEvent:
    """Section 7.4. Samples carry no timestamp: when it happened is then not said."""
    user = mapping(body.get("user"))
    person = PersonRef(
        provider_id=first_text(body, "user_provider_id") or first_text(user, "provider_id", "id"),
        public_identifier=_public_identifier({**user, **body}),
        name=first_text(body, "user_full_name") or first_text(user, "full_name", "name"),
        profile_url=first_text(body, "user_profile_url") or first_text(user, "profile_url"),
    )
    account_id = text(body.get("account_id"))
    if not account_id or not (person.provider_id or person.public_identifier):
        return _unknown(body, name="new_relation", reason="account_id or the person's identifier is missing")
    return RelationMade(provider_account_id=account_id, happened_at=moment(body.get("timestamp")), person=person)


def _public_identifier(body: Body) -> str:
    return slug(first_text(body, "user_public_identifier", "public_identifier", "user_profile_url"))


def _message(body: Body) -> ProviderEvent:
    """Section 7.5: `message_received`, which own messages and gap messages arrive as too."""
    account_id, message_id = text(body.get("account_id")), _message_id(body)
    if not (account_id and message_id):
        return _unknown(body, name="message_received", reason="account_id or message_id is missing")
    sender = _sender(body)
    own_user_id = text(mapping(body.get("account_info")).get("user_id"))
    is_own = _is_own(body, sender=sender, own_user_id=own_user_id)
    return MessageSeen(
        provider_account_id=account_id,
        happened_at=moment(body.get("timestamp")),
        message_id=message_id,
        provider_message_id=text(body.get("provider_message_id")),
        chat_id=text(body.get("chat_id")),
        provider_chat_id=text(body.get("provider_chat_id")),
        text=_words(body),
        subject=text(body.get("subject")),
        is_own=is_own,
        own_user_id=own_user_id,
        sender=sender,
        counterpart=_counterpart(body, sender=sender, own_user_id=own_user_id, is_own=is_own),
        is_event=flag(body.get("is_event")) or False,
        message_type=text(body.get("message_type")).upper() or "MESSAGE",
        is_group=_is_group(body, own_user_id=own_user_id),
        attachments=tuple(dict(item) for item in mappings(body.get("attachments"))),
    )


def _message_id(body: Body) -> str:
    return text(body.get("message_id")) or first_text(mapping(body.get("message")), "id", "message_id")


def _words(body: Body) -> str:
    """The text is under `message` here and under `text` in the REST answers (trap 7)."""
    return first_text(body, "message", "text") or text(mapping(body.get("message")).get("text"))


def _sender(body: Body) -> PersonRef | None:
    nested = mapping(mapping(body.get("data")).get("sender"))
    return _person(mapping(body.get("sender")) or nested)


def _is_own(body: Body, *, sender: PersonRef | None, own_user_id: str) -> bool | None:
    said = flag(body.get("is_sender"))
    if said is not None:
        return said
    if own_user_id and sender and sender.provider_id:
        return sender.provider_id == own_user_id
    return None


def _counterpart(body: Body, *, sender: PersonRef | None, own_user_id: str, is_own: bool | None) -> PersonRef | None:
    """The first of attendees and sender that is not us; None when the payload cannot tell who we are."""
    if is_own and sender and not own_user_id:
        own_user_id = sender.provider_id
    if not own_user_id:
        return sender if is_own is False else None
    attendees = (_person(item) for item in mappings(body.get("attendees")))
    others = (who for who in (*attendees, sender) if who and who.provider_id not in ("", own_user_id))
    return next(others, None)


def _is_group(body: Body, *, own_user_id: str) -> bool:
    """As it says; where it does not, several attendees beside us make a group."""
    said = flag(body.get("is_group"))
    people = {who.provider_id for item in mappings(body.get("attendees")) if (who := _person(item))}
    return len(people - {"", own_user_id}) > 1 if said is None else said


def _person(body: Body) -> PersonRef | None:
    """An attendee, with the keys of a webhook or of a REST answer. The profile address holds no slug (trap 3)."""
    if not body:
        return None
    specifics = mapping(body.get("attendee_specifics") or body.get("specifics"))
    return PersonRef(
        provider_id=first_text(body, "attendee_provider_id", "provider_id"),
        public_identifier=slug(first_text(body, "attendee_public_identifier", "public_identifier")),
        member_urn=member_number(specifics.get("member_urn")),
        name=first_text(body, "attendee_name", "name"),
        profile_url=first_text(body, "attendee_profile_url", "profile_url"),
        headline=first_text(specifics, "occupation", "headline"),
    )


def _changed(change: Change, who: str = "") -> Callable[[Body], ProviderEvent]:
    """A reader for one of the variants of section 7.5; `who` is the key that names who did it."""

    def read(body: Body) -> ProviderEvent:
        account_id, message_id = text(body.get("account_id")), _message_id(body)
        if not (account_id and message_id):
            return _unknown(body, name=f"message_{change}", reason="account_id or message_id is missing")
        return MessageChanged(
            provider_account_id=account_id,
            happened_at=moment(body.get("timestamp")),
            change=change,
            message_id=message_id,
            chat_id=text(body.get("chat_id")),
            text=_words(body),
            reaction=text(body.get("reaction")),
            person=_doer(body.get(who)),
        )

    return read


def _doer(value: object) -> PersonRef | None:
    """Who read or reacted: an object, a list of them, or a bare id; the documentation leaves it open."""
    found = mappings(value)
    if found:
        return _person(found[0])
    return PersonRef(provider_id=text(value)) if text(value) else None


READERS: Mapping[str, Callable[[Body], ProviderEvent]] = {
    "new_relation": _relation,
    "message_received": _message,
    "message_read": _changed("read", "read_by"),
    "message_reaction": _changed("reaction", "reaction_sender"),
    "message_edited": _changed("edited"),
    "message_deleted": _changed("deleted"),
    "message_delivered": _changed("delivered"),
}
