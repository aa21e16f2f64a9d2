"""What is announced to the webhooks, in the shapes of the real payloads (Unipile API, sections 2.6, 7.4 and 7.5)."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from integrations.unipile.reading import iso_ms
from integrations.unipile.sandbox.deliveries import Courier
from integrations.unipile.sandbox.faults import Faults
from integrations.unipile.sandbox.people import Person
from integrations.unipile.sandbox.world import Account, Chat, Message, Relation, Webhook, World

Payload = dict[str, Any]


class Herald:
    """Announces what happened to every webhook that listens; an account that is not OK announces it later."""

    def __init__(self, world: World, courier: Courier, faults: Faults) -> None:
        self._world = world
        self._courier = courier
        self._faults = faults

    def relation(self, relation: Relation, account: Account, *, at: datetime) -> None:
        """`at` is when the provider noticed, hours after the relation began (section 3.6)."""
        payload = _new_relation(account, relation.person)
        if self._faults.strikes("payload_variance"):
            payload = _without("user_public_identifier", "user_picture_url")(payload, account)
        self._when_connected(account, lambda now: self._tell(account, "users", payload, at=now), at=at)

    def message(self, message: Message, *, at: datetime) -> None:
        account = message.chat.account
        payload = _message_received(message)
        if self._faults.strikes("payload_variance"):
            payload = self._varied(payload, account)
        self._when_connected(account, lambda now: self._tell(account, "messaging", payload, at=now), at=at)

    def reaction(self, message: Message, *, emoji: str, by: Person, at: datetime) -> None:
        account = message.chat.account
        payload = {
            **_message_envelope("message_reaction", message, at=at),
            "message": message.text,
            "reaction": emoji,
            "reaction_sender": _attendee(message.chat, by),
        }
        self._when_connected(account, lambda now: self._tell(account, "messaging", payload, at=now), at=at)

    def read(self, message: Message, *, by: Person, at: datetime) -> None:
        account = message.chat.account
        read_by = {"attendee_provider_id": by.provider_id}
        payload = {**_message_envelope("message_read", message, at=at), "read_by": read_by}
        self._when_connected(account, lambda now: self._tell(account, "messaging", payload, at=now), at=at)

    def status(self, account: Account, word: str, *, at: datetime) -> None:
        """Section 2.6: wrapped, no event, no moment; subscriptions name it in lower case."""
        status = {"account_id": account.id, "account_type": "LINKEDIN", "message": word}
        for webhook in self._listening(account, "account_status", word.lower()):
            self._courier.send(webhook, event=word.lower(), payload={"AccountStatus": status}, at=at)

    def fill_gap(self, account: Account, *, at: datetime) -> None:
        """After a reconnection what was missed is delivered, with its original moments (section 2.6)."""
        waiting, account.gap = account.gap, []
        for announce in waiting:
            announce(at)

    def _when_connected(self, account: Account, announce: Callable[[datetime], None], *, at: datetime) -> None:
        if account.told_until is None:
            announce(at)
        else:
            account.gap.append(announce)

    def _tell(self, account: Account, source: str, payload: Payload, *, at: datetime) -> None:
        for webhook in self._listening(account, source, payload["event"]):
            named = {"webhook_name": webhook.name, **payload}
            self._courier.send(webhook, event=payload["event"], payload=named, at=at)

    def _listening(self, account: Account, source: str, event: str) -> list[Webhook]:
        return [
            webhook
            for webhook in self._world.webhooks.values()
            if webhook.enabled
            and webhook.source == source
            and event in webhook.events
            and (not webhook.account_ids or account.id in webhook.account_ids)
        ]

    def _varied(self, payload: Payload, account: Account) -> Payload:
        """One of the ways in which real payloads differ from the documented one (section 7.5)."""
        vary = VARIATIONS[int(self._faults.draw() * len(VARIATIONS))]
        return vary(payload, account)


def _new_relation(account: Account, person: Person) -> Payload:
    return {
        "event": "new_relation",
        "account_id": account.id,
        "account_type": "LINKEDIN",
        "user_full_name": person.name,
        "user_provider_id": person.provider_id,
        "user_public_identifier": person.public_identifier,
        "user_profile_url": f"{person.address}/",
        "user_picture_url": f"https://media.licdn.example/{person.member_number}.jpg",
    }


def _message_envelope(event: str, message: Message, *, at: datetime) -> Payload:
    account = message.chat.account
    return {
        "event": event,
        "account_id": account.id,
        "account_type": "LINKEDIN",
        "account_info": {"type": "LINKEDIN", "feature": "classic", "user_id": account.owner.provider_id},
        "chat_id": message.chat.id,
        "message_id": message.id,
        "timestamp": iso_ms(at),
    }


def _message_received(message: Message) -> Payload:
    chat = message.chat
    return {
        **_message_envelope("message_received", message, at=message.at),
        "provider_chat_id": chat.provider_id,
        "provider_message_id": message.provider_id,
        "message": message.text,
        "subject": None,
        "is_sender": message.is_own,
        "sender": _attendee(chat, message.sender),
        "attendees": [_attendee(chat, chat.person)],
        "attachments": [],
        "is_event": 0,
        "event_type": None,
        "is_group": False,
        "message_type": message.message_type,
        "chat_content_type": None,
        "chat_pinned": 0,
        "quoted": None,
        "reply_to": None,
        "is_forwarded": None,
        "folder": ["INBOX", "INBOX_LINKEDIN_CLASSIC"],
    }


def _attendee(chat: Chat, person: Person) -> Payload:
    """The profile address holds the provider id here, and the slug is not told (trap 3)."""
    is_self = person is chat.account.owner
    distance = "SELF" if is_self else "DISTANCE_1" if chat.account.relation_with(person) else "DISTANCE_2"
    return {
        "attendee_id": f"{chat.attendee_id[:-1]}_" if is_self else chat.attendee_id,
        "attendee_provider_id": person.provider_id,
        "attendee_name": person.name,
        "attendee_profile_url": f"https://www.linkedin.com/in/{person.provider_id}",
        "attendee_specifics": {
            "provider": "LINKEDIN",
            "member_urn": f"urn:li:member:{person.member_number}",
            "occupation": person.headline,
            "is_company": False,
            "network_distance": distance,
        },
        "attendee_public_identifier": None,
    }


def _without(*keys: str) -> Callable[[Payload, Account], Payload]:
    def vary(payload: Payload, account: Account) -> Payload:
        return {key: value for key, value in payload.items() if key not in keys}

    return vary


def _attachments_as_object(payload: Payload, account: Account) -> Payload:
    thing = {
        "id": "att-1",
        "type": "img",
        "mimetype": "image/png",
        "url": "att://att-1",
        "size": {"height": "120", "width": "80"},
        "sticker": "false",
        "unavailable": "false",
    }
    return {**payload, "attachments": thing}


def _ourselves_first(payload: Payload, account: Account) -> Payload:
    ourselves = {"attendee_provider_id": account.owner.provider_id, "attendee_name": account.owner.name}
    return {**payload, "attendees": [ourselves, *payload["attendees"]]}


def _flags_as_words(payload: Payload, account: Account) -> Payload:
    said = "true" if payload["is_sender"] else "false"
    return {**payload, "is_sender": said, "is_event": "0", "is_group": 0}


def _sample(payload: Payload, account: Account) -> Payload:
    """The official sample's few keys, plus the account's own id."""
    kept: Mapping[str, None] = dict.fromkeys(
        (
            *("account_id", "account_type", "account_info", "event", "chat_id", "timestamp", "message_id"),
            *("message", "sender", "attendees", "attachments"),
        )
    )
    return {key: value for key, value in payload.items() if key in kept}


VARIATIONS: tuple[Callable[[Payload, Account], Payload], ...] = (
    _without("is_sender"),
    _without("is_sender", "account_info"),
    _without("attendees"),
    _without("provider_chat_id", "provider_message_id", "message_type", "is_event", "is_group"),
    _attachments_as_object,
    _ourselves_first,
    _flags_as_words,
    _sample,
)
