"""What the client answers with: frozen values, strict about the fields we build on, blind to all others.

Ids and slugs a route may leave out read as "". A value that is needed and absent raises UnexpectedShape, which
the client turns into a ProviderError.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from integrations.provider_events import MessageSeen, PersonRef, RelationMade
from integrations.unipile.reading import (
    count,
    first_text,
    flag,
    mapping,
    mappings,
    member_number,
    moment,
    needed,
    needed_moment,
    slug,
    text,
)


class NetworkDistance(StrEnum):
    """How near a person is, in one spelling for the two the API has (trap 8)."""

    SELF = "self"
    FIRST = "first"
    SECOND = "second"
    THIRD = "third"
    OUT_OF_NETWORK = "out_of_network"
    UNKNOWN = "unknown"


DISTANCES: Mapping[str, NetworkDistance] = {
    "SELF": NetworkDistance.SELF,
    "FIRST_DEGREE": NetworkDistance.FIRST,
    "DISTANCE_1": NetworkDistance.FIRST,
    "SECOND_DEGREE": NetworkDistance.SECOND,
    "DISTANCE_2": NetworkDistance.SECOND,
    "THIRD_DEGREE": NetworkDistance.THIRD,
    "DISTANCE_3": NetworkDistance.THIRD,
    "OUT_OF_NETWORK": NetworkDistance.OUT_OF_NETWORK,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One feature of an account and how it is: OK, CREDENTIALS, ERROR, STOPPED, PERMISSIONS, CONNECTING."""

    id: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountInfo:
    """A connected account (section 2.2). `type` is LINKEDIN, GOOGLE_OAUTH, ..."""

    id: str
    type: str
    name: str
    created_at: datetime | None
    sources: tuple[Source, ...]
    own_user_id: str
    public_identifier: str
    premium_features: tuple[str, ...]

    @property
    def status(self) -> str:
        """There is no status of the whole: the first source that is not OK speaks, none at all is CONNECTING."""
        words = [source.status for source in self.sources] or ["CONNECTING"]
        return next((word for word in words if word != "OK"), "OK")

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> Self:
        im = mapping(mapping(body.get("connection_params")).get("im"))
        features = im.get("premiumFeatures")
        return cls(
            id=needed(body, "id"),
            type=needed(body, "type"),
            name=text(body.get("name")),
            created_at=moment(body.get("created_at")),
            sources=tuple(
                Source(id=text(item.get("id")), status=text(item.get("status")).upper())
                for item in mappings(body.get("sources"))
            ),
            own_user_id=text(im.get("id")),
            public_identifier=text(im.get("publicIdentifier")),
            premium_features=tuple(map(text, features)) if isinstance(features, list) else (),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnProfile:
    """The account owner's own profile (section 3.1)."""

    provider_id: str
    public_identifier: str
    first_name: str
    last_name: str
    headline: str
    location: str
    email: str
    premium: bool
    sales_navigator: bool
    recruiter: bool

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> Self:
        return cls(
            provider_id=needed(body, "provider_id"),
            public_identifier=text(body.get("public_identifier")),
            first_name=text(body.get("first_name")),
            last_name=text(body.get("last_name")),
            headline=first_text(body, "headline", "occupation"),
            location=text(body.get("location")),
            email=text(body.get("email")),
            premium=flag(body.get("premium")) or False,
            sales_navigator=_has_seat(body.get("sales_navigator")),
            recruiter=_has_seat(body.get("recruiter")),
        )


def _has_seat(value: object) -> bool:
    """A seat is an object; one that holds `error` is a seat that does not work now (section 3.1)."""
    seat = mapping(value)
    return bool(seat) and "error" not in seat


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Somebody's profile as the asking account sees it (section 3.2)."""

    provider_id: str
    public_identifier: str
    member_urn: str
    first_name: str
    last_name: str
    headline: str
    location: str
    profile_url: str
    network_distance: NetworkDistance
    is_relationship: bool
    invitation_type: str
    invitation_status: str

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def is_connected(self) -> bool:
        return self.is_relationship or self.network_distance is NetworkDistance.FIRST

    @property
    def invitation_pending(self) -> bool:
        """Whether an invitation that we sent still waits for an answer."""
        return (self.invitation_type, self.invitation_status) == ("SENT", "PENDING")

    @property
    def invitation_withdrawn(self) -> bool:
        """Whether an invitation that we sent was taken back, which keeps the next one out for weeks."""
        return (self.invitation_type, self.invitation_status) == ("SENT", "WITHDRAWN")

    def as_person(self) -> PersonRef:
        return PersonRef(
            provider_id=self.provider_id,
            public_identifier=self.public_identifier,
            member_urn=self.member_urn,
            name=self.name,
            profile_url=self.profile_url,
            headline=self.headline,
        )

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> Self:
        invitation = mapping(body.get("invitation"))
        distance = text(body.get("network_distance")).upper()
        return cls(
            provider_id=needed(body, "provider_id"),
            public_identifier=text(body.get("public_identifier")),
            member_urn=member_number(body.get("member_urn")),
            first_name=text(body.get("first_name")),
            last_name=text(body.get("last_name")),
            headline=text(body.get("headline")),
            location=text(body.get("location")),
            profile_url=text(body.get("public_profile_url")),
            network_distance=DISTANCES.get(distance, NetworkDistance.UNKNOWN),
            is_relationship=flag(body.get("is_relationship")) or False,
            invitation_type=text(invitation.get("type")).upper(),
            invitation_status=text(invitation.get("status")).upper(),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationSent:
    """The answer to an invitation (section 3.4).

    `usage` is the percentage of the provider's own limit, told only when it crosses a mark: never a counter.
    """

    invitation_id: str
    usage: float | None

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> Self:
        usage = body.get("usage")
        return cls(
            invitation_id=text(body.get("invitation_id")),
            usage=float(usage) if isinstance(usage, int | float) else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SentInvitation:
    """A pending invitation (section 3.5). `sent_at` is Unipile's approximation from a human text."""

    invitation_id: str
    provider_id: str
    public_identifier: str
    name: str
    description: str
    text: str
    sent_at: datetime | None

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> Self:
        return cls(
            invitation_id=needed(body, "id"),
            provider_id=text(body.get("invited_user_id")),
            public_identifier=text(body.get("invited_user_public_id")),
            name=text(body.get("invited_user")),
            description=text(body.get("invited_user_description")),
            text=text(body.get("invitation_text")),
            sent_at=moment(body.get("parsed_datetime")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """A first-degree relation (section 3.3), where the provider id is called `member_id`."""

    provider_id: str
    public_identifier: str
    first_name: str
    last_name: str
    headline: str
    profile_url: str
    connected_at: datetime | None

    def as_event(self, provider_account_id: str) -> RelationMade:
        return RelationMade(
            provider_account_id=provider_account_id,
            happened_at=self.connected_at,
            person=PersonRef(
                provider_id=self.provider_id,
                public_identifier=self.public_identifier,
                name=f"{self.first_name} {self.last_name}".strip(),
                profile_url=self.profile_url,
                headline=self.headline,
            ),
        )

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> Self:
        return cls(
            provider_id=needed(body, "member_id"),
            public_identifier=text(body.get("public_identifier")),
            first_name=text(body.get("first_name")),
            last_name=text(body.get("last_name")),
            headline=text(body.get("headline")),
            profile_url=text(body.get("public_profile_url")),
            connected_at=moment(body.get("created_at")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """A conversation (section 5.1). `name` is "" for a LinkedIn one-to-one chat."""

    id: str
    account_id: str
    provider_id: str
    attendee_provider_id: str
    name: str
    is_group: bool
    last_activity_at: datetime | None
    unread_count: int
    content_type: str

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> Self:
        return cls(
            id=needed(body, "id"),
            account_id=needed(body, "account_id"),
            provider_id=text(body.get("provider_id")),
            attendee_provider_id=text(body.get("attendee_provider_id")),
            name=text(body.get("name")),
            is_group=count(body.get("type")) != 0,
            last_activity_at=moment(body.get("timestamp")),
            unread_count=count(body.get("unread_count")),
            content_type=text(body.get("content_type")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Attendee:
    """Somebody in a chat (section 5.2), ourselves included."""

    id: str
    provider_id: str
    name: str
    is_self: bool
    profile_url: str
    member_urn: str
    headline: str

    def as_person(self) -> PersonRef:
        return PersonRef(
            provider_id=self.provider_id,
            public_identifier=slug(self.profile_url),
            member_urn=self.member_urn,
            name=self.name,
            profile_url=self.profile_url,
            headline=self.headline,
        )

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> Self:
        specifics = mapping(body.get("specifics"))
        return cls(
            id=needed(body, "id"),
            provider_id=needed(body, "provider_id"),
            name=text(body.get("name")),
            is_self=flag(body.get("is_self")) or False,
            profile_url=text(body.get("profile_url")),
            member_urn=member_number(specifics.get("member_urn")),
            headline=first_text(specifics, "occupation", "headline"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SentMessage:
    """The answer to a sent message (sections 5.3 and 5.4): sent, though the ids may not be known yet ("")."""

    chat_id: str
    message_id: str

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> Self:
        return cls(chat_id=text(body.get("chat_id")), message_id=text(body.get("message_id")))


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatMessage:
    """A message as the REST routes tell it (section 5.5)."""

    id: str
    provider_id: str
    account_id: str
    chat_id: str
    provider_chat_id: str
    sender_id: str
    text: str
    subject: str
    sent_at: datetime
    is_sender: bool | None
    is_event: bool
    message_type: str
    was_read: bool
    attachments: tuple[dict[str, Any], ...]

    def as_event(self, own_user_id: str, counterpart: PersonRef | None, *, is_group: bool = False) -> MessageSeen:
        """The event a webhook would have made of this message; `counterpart` is who the chat is with."""
        return MessageSeen(
            provider_account_id=self.account_id,
            happened_at=self.sent_at,
            message_id=self.id,
            provider_message_id=self.provider_id,
            chat_id=self.chat_id,
            provider_chat_id=self.provider_chat_id,
            text=self.text,
            subject=self.subject,
            is_own=self._is_own(own_user_id),
            own_user_id=own_user_id,
            sender=self._sender(counterpart),
            counterpart=counterpart,
            is_event=self.is_event,
            message_type=self.message_type,
            is_group=is_group,
            was_read=self.was_read and self._is_own(own_user_id) is True,
            attachments=self.attachments,
        )

    def _is_own(self, own_user_id: str) -> bool | None:
        if self.is_sender is not None:
            return self.is_sender
        return self.sender_id == own_user_id if own_user_id and self.sender_id else None

    def _sender(self, counterpart: PersonRef | None) -> PersonRef | None:
        if counterpart and counterpart.provider_id == self.sender_id:
            return counterpart
        return PersonRef(provider_id=self.sender_id) if self.sender_id else None

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> Self:
        return cls(
            id=needed(body, "id"),
            provider_id=text(body.get("provider_id")),
            account_id=needed(body, "account_id"),
            chat_id=needed(body, "chat_id"),
            provider_chat_id=text(body.get("chat_provider_id")),
            sender_id=text(body.get("sender_id")),
            text=text(body.get("text")),
            subject=text(body.get("subject")),
            sent_at=needed_moment(body, "timestamp"),
            is_sender=flag(body.get("is_sender")),
            is_event=flag(body.get("is_event")) or False,
            message_type=text(body.get("message_type")).upper() or "MESSAGE",
            was_read=flag(body.get("seen")) or False,
            attachments=tuple(dict(item) for item in mappings(body.get("attachments"))),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookInfo:
    """A registered webhook (section 7.1). The list does not tell its source; its events do."""

    id: str
    name: str
    request_url: str
    enabled: bool
    events: tuple[str, ...]
    account_ids: tuple[str, ...]

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> Self:
        events = body.get("events")
        return cls(
            id=needed(body, "id"),
            name=text(body.get("name")),
            request_url=text(body.get("request_url")),
            enabled=flag(body.get("enabled")) is not False,
            events=tuple(map(text, events)) if isinstance(events, list) else (),
            account_ids=tuple(text(item.get("id")) for item in mappings(body.get("account_ids"))),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Skill:
    """A skill as a profile shows it; only one with an id can be endorsed (section 3.2)."""

    name: str
    endorsement_id: int | None
    endorsed: bool  # by this account

    @classmethod
    def read_all(cls, body: Mapping[str, Any]) -> tuple[Self, ...]:
        return tuple(
            cls(
                name=text(each.get("name")),
                endorsement_id=count(each.get("endorsement_id")) or None,
                endorsed=flag(each.get("endorsed")) or False,
            )
            for each in mappings(body.get("skills") or ())
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A post, by the id that reacting and commenting take (section 3.5)."""

    social_id: str
    text: str
    can_react: bool
    can_comment: bool

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> Self:
        may = mapping(body.get("permissions"))
        return cls(
            social_id=needed(body, "social_id"),
            text=text(body.get("text")),
            can_react=flag(may.get("can_react")) is not False,
            can_comment=flag(may.get("can_post_comments")) is not False,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PostMark:
    """A reaction to a post, or a comment on it: whose, and its words. Who it was may not be said."""

    author_id: str
    text: str

    @classmethod
    def read_all(cls, body: Mapping[str, Any]) -> tuple[Self, ...]:
        return tuple(
            cls(author_id=_author_of(each), text=first_text(each, "text", "value"))
            for each in mappings(body.get("items") or ())
        )


def _author_of(mark: Mapping[str, Any]) -> str:
    return text(mapping(mark.get("author")).get("id")) or text(mapping(mark.get("author_details")).get("id"))
