"""Bodies of webhook calls, in the shapes of the provider's contract (Unipile API, sections 2.6, 7.4 and 7.5)."""

import json
from datetime import datetime
from typing import Any

from integrations.models import Account
from integrations.unipile.reading import iso_ms
from integrations.unipile.sandbox.people import Person

Body = dict[str, Any]


def encoded(body: Body) -> bytes:
    return json.dumps(body).encode()


def attendee(person: Person, **changes: Any) -> Body:
    return {
        "attendee_id": f"att-{person.provider_id[-6:]}",
        "attendee_provider_id": person.provider_id,
        "attendee_name": person.name,
        "attendee_profile_url": f"https://www.linkedin.com/in/{person.provider_id}",
        "attendee_public_identifier": None,
    } | changes


def message(account: Account, person: Person, *, at: datetime, text: str = "Tell me more", **changes: Any) -> Body:
    """A message of the person to the account."""
    who = attendee(person)
    return {
        "event": "message_received",
        "account_id": account.provider_account_id,
        "account_type": "LINKEDIN",
        "account_info": {"type": "LINKEDIN", "feature": "classic", "user_id": account.provider_user_id},
        "chat_id": f"chat-{account.provider_account_id[-4:]}-{person.provider_id[-6:]}",
        "message_id": f"msg-{person.provider_id[-6:]}-{text[:20]}",
        "timestamp": iso_ms(at),
        "message": text,
        "subject": None,
        "is_sender": False,
        "sender": who,
        "attendees": [who],
        "attachments": [],
        "is_event": 0,
        "is_group": False,
        "message_type": "MESSAGE",
    } | changes


def own_message(account: Account, person: Person, *, at: datetime, text: str, **changes: Any) -> Body:
    """A message of the account to the person."""
    ourselves = {"attendee_provider_id": account.provider_user_id, "attendee_name": account.name}
    return message(account, person, at=at, text=text, **({"is_sender": True, "sender": ourselves} | changes))


def relation(account: Account, person: Person, **changes: Any) -> Body:
    return {
        "event": "new_relation",
        "account_id": account.provider_account_id,
        "account_type": "LINKEDIN",
        "user_full_name": person.name,
        "user_provider_id": person.provider_id,
        "user_public_identifier": person.public_identifier,
        "user_profile_url": f"{person.address}/",
    } | changes


def status(account: Account, word: str) -> Body:
    told = {"account_id": account.provider_account_id, "account_type": "LINKEDIN", "message": word}
    return {"AccountStatus": told}
