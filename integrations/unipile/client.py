"""The Unipile client: one short method for each endpoint we use, in the order of the API's chapters.

Reads may be repeated by the session; writes go out exactly once. Every failure is a ProviderError whose verdict says
what to do. Lists are lazy: pages are fetched as the caller goes on.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote, unquote

import requests

from integrations.errors import ProviderError, Verdict
from integrations.unipile.reading import UnexpectedShape, iso_ms, text
from integrations.unipile.transport import Json, Query, Transport, make_session
from integrations.unipile.types import (
    AccountInfo,
    Attendee,
    Chat,
    ChatMessage,
    InvitationSent,
    OwnProfile,
    Post,
    PostMark,
    Profile,
    Relation,
    SentInvitation,
    SentMessage,
    Skill,
    WebhookInfo,
)

log = logging.getLogger(__name__)

PAGE = 250
RELATIONS_PAGE = 500
POSTS_PAGE = 100
INVITATIONS_PAGE = 100  # the bound on which the documents agree (section 1.2)

# Words that follow /users/ in the API itself, and path segments that mean something else to a URL.
RESERVED_IDENTIFIERS = frozenset({"", ".", "..", "me", "invite", "relations", "followers", "following", "connections"})

Value = TypeVar("Value")


class UnipileClient:
    """Talks to one Unipile tenant. `base_url` is its host with port, with or without the API's path."""

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        session: requests.Session | None = None,
        timeout: tuple[float, float] = (5, 30),
    ) -> None:
        """`timeout` is seconds to connect and seconds between bytes of the answer."""
        self._http = Transport(base_url, api_key, session=session or make_session(), timeout=timeout)

    def __repr__(self) -> str:
        return f"UnipileClient({self._http.base!r})"

    # Accounts (section 2)

    def accounts(self) -> Iterator[AccountInfo]:
        return self._list("/accounts", {"limit": PAGE}, AccountInfo.read, key="id")

    def account(self, account_id: str) -> AccountInfo:
        return self._get(f"/accounts/{_segment(account_id)}", AccountInfo.read)

    # People (section 3)

    def own_profile(self, account_id: str) -> OwnProfile:
        return self._get("/users/me", OwnProfile.read, {"account_id": account_id})

    def profile(self, identifier: str, *, account_id: str) -> Profile:
        """By slug or provider id. A person who does not exist is LEAD_IMPOSSIBLE."""
        path = f"/users/{_person_segment(identifier)}"
        return self._get(path, Profile.read, {"account_id": account_id}, missing=Verdict.LEAD_IMPOSSIBLE)

    def invite(self, *, account_id: str, provider_id: str, message: str = "") -> InvitationSent:
        """A bare invitation leaves `message` out; an empty one would be refused (section 3.4)."""
        body = {"account_id": account_id, "provider_id": provider_id}
        if message:
            body["message"] = message
        answer = self._http.write("POST", "/users/invite", json=body, missing=Verdict.LEAD_IMPOSSIBLE)
        return InvitationSent.read(answer)

    def sent_invitations(self, account_id: str) -> Iterator[SentInvitation]:
        """Pending ones only."""
        query: Query = {"account_id": account_id, "limit": INVITATIONS_PAGE}
        return self._list("/users/invite/sent", query, SentInvitation.read, key="id")

    def withdraw_invitation(self, *, account_id: str, invitation_id: str) -> None:
        """One that is not pending any more counts as ALREADY_DONE."""
        path = f"/users/invite/sent/{_segment(invitation_id)}"
        self._http.write("DELETE", path, query={"account_id": account_id}, missing=Verdict.ALREADY_DONE)

    def visit(self, identifier: str, *, account_id: str) -> None:
        """Look at a profile so that its owner sees it. Not repeated by the session: each one is seen."""
        query: Query = {"account_id": account_id, "notify": "true"}
        path = f"/users/{_person_segment(identifier)}"
        self._http.write("GET", path, query=query, missing=Verdict.LEAD_IMPOSSIBLE)

    def skills(self, identifier: str, *, account_id: str) -> tuple[Skill, ...]:
        """Those of a person that this account could endorse."""
        query: Query = {"account_id": account_id, "linkedin_sections": "skills"}
        path = f"/users/{_person_segment(identifier)}"
        return self._get(path, Skill.read_all, query, missing=Verdict.LEAD_IMPOSSIBLE)

    def endorse(self, *, account_id: str, provider_id: str, endorsement_id: int) -> None:
        body = {"account_id": account_id, "profile_id": provider_id, "skill_endorsement_id": endorsement_id}
        self._http.write("POST", "/linkedin/profile/endorse", json=body, missing=Verdict.LEAD_IMPOSSIBLE)

    # Posts (section 3.5)

    def posts(self, provider_id: str, *, account_id: str) -> Iterator[Post]:
        """Of a person, the newest first; by provider id only."""
        query: Query = {"account_id": account_id, "limit": POSTS_PAGE}
        return self._list(f"/users/{_segment(provider_id)}/posts", query, Post.read, key="social_id")

    def reactions(self, social_id: str, *, account_id: str) -> tuple[PostMark, ...]:
        """Of a post, its first hundred: the cursor of this list is inside `paging` (section 3.5)."""
        query: Query = {"account_id": account_id, "limit": POSTS_PAGE}
        return self._get(f"/posts/{_segment(social_id)}/reactions", PostMark.read_all, query)

    def comments(self, social_id: str, *, account_id: str) -> tuple[PostMark, ...]:
        query: Query = {"account_id": account_id, "limit": POSTS_PAGE}
        return self._get(f"/posts/{_segment(social_id)}/comments", PostMark.read_all, query)

    def react(self, *, account_id: str, social_id: str, reaction: str = "like") -> None:
        """A second reaction to the same post replaces the first."""
        body = {"account_id": account_id, "post_id": social_id, "reaction_type": reaction}
        self._http.write("POST", "/posts/reaction", json=body)

    def comment(self, *, account_id: str, social_id: str, text: str) -> None:
        body = {"account_id": account_id, "text": text}
        self._http.write("POST", f"/posts/{_segment(social_id)}/comments", json=body)

    def relations(self, account_id: str, *, limit: int = RELATIONS_PAGE) -> Iterator[Relation]:
        """Newest first; `limit` is the page's size (1 to 1000), not the number of relations."""
        query: Query = {"account_id": account_id, "limit": limit}
        return self._list("/users/relations", query, Relation.read, key="member_id")

    # Messaging (section 5)

    def chats(self, account_id: str, *, after: datetime | None = None) -> Iterator[Chat]:
        """Those with activity after the moment, most recent first."""
        return self._list("/chats", _since(after, account_id=account_id), Chat.read, key="id")

    def chat(self, chat_id: str) -> Chat:
        return self._get(f"/chats/{_segment(chat_id)}", Chat.read)

    def chats_with(self, attendee_provider_id: str, *, account_id: str) -> Iterator[Chat]:
        """One-to-one chats with a person; somebody never written to is unknown there, which means none."""
        path = f"/chat_attendees/{_segment(attendee_provider_id)}/chats"
        found = self._list(path, _since(None, account_id=account_id), Chat.read, key="id")
        return _none_if_missing(found)

    def attendees(self, chat_id: str) -> Iterator[Attendee]:
        """Everybody in the chat, ourselves included."""
        return self._list(f"/chats/{_segment(chat_id)}/attendees", {}, Attendee.read, key="id")

    def mark_read(self, chat_id: str) -> None:
        self._http.write("PATCH", f"/chats/{_segment(chat_id)}", json={"action": "setReadStatus", "value": True})

    def start_chat(self, *, account_id: str, attendee_provider_id: str, text: str) -> SentMessage:
        """Reuses the chat with that person if there is one (section 5.3)."""
        form = [("account_id", account_id), ("attendees_ids", attendee_provider_id), ("text", text)]
        return SentMessage.read(self._http.write("POST", "/chats", form=form, missing=Verdict.LEAD_IMPOSSIBLE))

    def start_inmail(self, *, account_id: str, attendee_provider_id: str, subject: str, text: str) -> SentMessage:
        """To somebody who need not be a relation; costs a credit (section 5.3)."""
        form = [
            ("account_id", account_id),
            ("attendees_ids", attendee_provider_id),
            ("subject", subject),
            ("text", text),
            ("linkedin[api]", "classic"),
            ("linkedin[inmail]", "true"),
        ]
        return SentMessage.read(self._http.write("POST", "/chats", form=form, missing=Verdict.LEAD_IMPOSSIBLE))

    def inmail_credits(self, account_id: str) -> int | None:
        """What a premium account has left; None for one that has none by its plan."""
        body = self._http.read("/linkedin/inmail_balance", {"account_id": account_id})
        found = body.get("premium")
        return found if isinstance(found, int) else None

    def send_message(self, *, account_id: str, chat_id: str, text: str) -> SentMessage:
        """`account_id` makes Unipile refuse a chat of another account (section 5.4)."""
        form = [("account_id", account_id), ("text", text)]
        answer = self._http.write("POST", f"/chats/{_segment(chat_id)}/messages", form=form)
        return SentMessage.read({"chat_id": chat_id, **answer})

    def chat_messages(self, chat_id: str, *, after: datetime | None = None) -> Iterator[ChatMessage]:
        path = f"/chats/{_segment(chat_id)}/messages"
        return self._list(path, _since(after), ChatMessage.read, key="id")

    def messages(self, account_id: str, *, after: datetime | None = None) -> Iterator[ChatMessage]:
        """Of all chats of the account, newest first as far as observed: sort by `sent_at` where order matters."""
        return self._list("/messages", _since(after, account_id=account_id), ChatMessage.read, key="id")

    def message(self, message_id: str) -> ChatMessage:
        return self._get(f"/messages/{_segment(message_id)}", ChatMessage.read)

    # Webhooks (section 7.1)

    def webhooks(self) -> Iterator[WebhookInfo]:
        return self._list("/webhooks", {"limit": PAGE}, WebhookInfo.read, key="id")

    def create_webhook(
        self,
        *,
        source: str,
        request_url: str,
        events: Sequence[str],
        headers: Mapping[str, str],
        name: str = "",
        account_ids: Sequence[str] = (),
    ) -> str:
        """Registers one source and returns the webhook's id. No account ids means all, present and future.

        JSON is announced in a header only when that header is one of ours (section 7.3), so it is added.
        """
        sent = {"Content-Type": "application/json", **headers}
        body = {
            "source": source,
            "request_url": request_url,
            "events": list(events),
            "headers": [{"key": key, "value": value} for key, value in sent.items()],
            "name": name,
            "account_ids": list(account_ids),
            "format": "json",
            "enabled": True,
        }
        return text(self._http.write("POST", "/webhooks", json=body).get("webhook_id"))

    def delete_webhook(self, webhook_id: str) -> None:
        """One that is gone already counts as ALREADY_DONE. There is no update: delete and create."""
        self._http.write("DELETE", f"/webhooks/{_segment(webhook_id)}", missing=Verdict.ALREADY_DONE)

    # Reading

    def _get(
        self,
        path: str,
        read: Callable[[Json], Value],
        query: Query | None = None,
        *,
        missing: Verdict = Verdict.INVALID,
    ) -> Value:
        return _shaped(read, self._http.read(path, query, missing=missing))

    def _list(self, path: str, query: Query, read: Callable[[Json], Value], *, key: str) -> Iterator[Value]:
        """Every item once. Items move between pages while we read, so the same id may turn up again."""
        seen: set[str] = set()
        for page in self._pages(path, query):
            for item in _items(page):
                identity = text(item.get(key))
                if identity in seen:
                    continue
                seen.add(identity)
                yield _shaped(read, item)

    def _pages(self, path: str, query: Query) -> Iterator[Json]:
        """The cursor goes back as it came, together with the first query (section 1.2); null ends the list."""
        cursors: set[str] = set()
        cursor = ""
        while True:
            page = self._http.read(path, {**query, "cursor": cursor} if cursor else query)
            yield page
            cursor = text(page.get("cursor"))
            if cursor in cursors:
                log.warning("Unipile gave the same cursor twice for %s; the list ends here", path)
            if not cursor or cursor in cursors:
                return
            cursors.add(cursor)


def _items(page: Json) -> list[dict[str, Any]]:
    items = page.get("items")
    if isinstance(items, list) and all(isinstance(item, dict) for item in items):
        return items
    raise _unexpected(UnexpectedShape(page, "items"))


def _shaped(read: Callable[[Json], Value], body: Json) -> Value:
    try:
        return read(body)
    except UnexpectedShape as error:
        raise _unexpected(error) from error


def _unexpected(error: UnexpectedShape) -> ProviderError:
    """A success whose content breaks the contract. It was a read, so trying again harms nobody."""
    return ProviderError(Verdict.RETRY_LATER, status=200, title="Unexpected answer", detail=str(error))


def _none_if_missing(found: Iterator[Value]) -> Iterator[Value]:
    """404 "Attendee not found" means "not synchronised here" (section 1.4)."""
    try:
        yield from found
    except ProviderError as error:
        if error.status != 404:
            raise


def _since(after: datetime | None, **query: str) -> dict[str, str | int]:
    """The usual query of a list; `after` is exclusive."""
    return {**query, "limit": PAGE, **({"after": iso_ms(after)} if after else {})}


def _segment(identifier: str) -> str:
    """An id as one segment of a path."""
    if identifier in ("", ".", ".."):
        raise ProviderError(Verdict.INVALID, title="No id was given", detail=f"{identifier!r} names nothing")
    return quote(identifier, safe="")


def _person_segment(identifier: str) -> str:
    """A slug or provider id as one segment; slugs come with and without percent-encoding (trap 3)."""
    plain = unquote(identifier.strip())
    if plain.lower() in RESERVED_IDENTIFIERS:
        raise ProviderError(
            Verdict.LEAD_IMPOSSIBLE,
            title="Not a person's identifier",
            detail=f"{identifier!r} is neither the slug of a profile address nor a provider id",
        )
    return quote(plain, safe="")
