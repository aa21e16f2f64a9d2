"""What happened at a provider, in our own words.

A provider's normaliser makes these from webhooks, its client makes them from what polling finds. Who receives them
need not know where they came from, and must expect each of them more than once and in any order.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

Change: TypeAlias = Literal["read", "reaction", "edited", "deleted", "delivered"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRef:
    """All a provider told us about who somebody is; every field may be "" (not said).

    `provider_id` is the only field to join on. `public_identifier` is the profile's slug, which its owner may change.
    """

    provider_id: str = ""
    public_identifier: str = ""
    member_urn: str = ""
    name: str = ""
    profile_url: str = ""
    headline: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderEvent:
    """`happened_at` is None where the provider did not say when."""

    provider_account_id: str
    happened_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationMade(ProviderEvent):
    """The account and this person are connected now, whoever invited whom."""

    person: PersonRef


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageSeen(ProviderEvent):
    """A message exists in a chat of the account, written by either side.

    `is_own` None means the payload cannot tell: compare `own_user_id`, or the account's stored id, with the sender.
    `counterpart` None means the payload does not name the other side: ask the provider for the chat.
    """

    message_id: str
    chat_id: str
    provider_message_id: str = ""
    provider_chat_id: str = ""
    text: str = ""
    subject: str = ""
    is_own: bool | None = None
    own_user_id: str = ""
    sender: PersonRef | None = None
    counterpart: PersonRef | None = None
    is_event: bool = False
    message_type: str = "MESSAGE"
    is_group: bool = False
    was_read: bool = False  # a message of ours, by somebody on the other side
    attachments: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageChanged(ProviderEvent):
    """Something became of a message seen earlier. `text` is the new text of an edited one."""

    change: Change
    message_id: str
    chat_id: str = ""
    text: str = ""
    reaction: str = ""
    person: PersonRef | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountStatusChanged(ProviderEvent):
    """`status` is the provider's word in upper case: OK, CREDENTIALS, STOPPED, ..."""

    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownEvent(ProviderEvent):
    """A call we keep, count and show, but do not understand; `reason` says why."""

    name: str
    reason: str
