"""The sandbox's state: accounts, relations, invitations, chats, messages, webhooks, and what was done to whom.

Plain data with indexes, and the few verbs that keep them in step. Rules and people's behaviour live elsewhere. Every
moment comes in as `at`; moments never decrease, so each list is in the order of time.
"""

import base64
import random
from bisect import bisect_right
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from integrations.unipile.reading import iso_ms
from integrations.unipile.sandbox import names
from integrations.unipile.sandbox.people import Person, Population, opaque, owner, person_rng

FIRST_INVITATION_ID = 7_449_000_000_000_000_000  # beyond what a float can hold, as in the real API (trap 6)
RELATIONS_AT_START = (12, 20)
CHATS_AT_START = 5

OK = "OK"
RESTRICTED = "RESTRICTED"  # no source status: the account looks fine and every send is refused
SOURCE_STATUSES = (OK, "CREDENTIALS", "ERROR", "STOPPED", "PERMISSIONS", "CONNECTING")


class InvitationState(StrEnum):
    PENDING = "PENDING"
    ACCEPTED = "ACCEPTED"
    WITHDRAWN = "WITHDRAWN"


@dataclass(slots=True, eq=False)
class Relation:
    person: Person
    connected_at: datetime
    number: int


@dataclass(slots=True, eq=False)
class Invitation:
    number: int
    account: "Account"
    person: Person
    note: str
    sent_at: datetime
    state: InvitationState = InvitationState.PENDING
    ended_at: datetime | None = None

    def was_pending(self, *, until: datetime | None) -> bool:
        """Whether it looks pending to somebody who has heard nothing after `until`."""
        return self.ended_at is None or (until is not None and self.ended_at > until)


@dataclass(slots=True, eq=False)
class Message:
    number: int
    id: str
    provider_id: str
    chat: "Chat"
    sender: Person
    text: str
    at: datetime
    is_own: bool
    message_type: str
    seen: bool = False
    is_indexed: bool = True  # the provider's own lists may show a message a minute late (section 5.3)
    told_at: datetime | None = None  # when an answer of the API, or a webhook that was taken, first held it
    reactions: list[tuple[str, Person]] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Chat:
    id: str
    provider_id: str
    attendee_id: str
    account: "Account"
    person: Person
    activity: int = 0
    unread: int = 0
    messages: list[Message] = field(default_factory=list)
    answers_given: int = 0
    answer_due: bool = False
    own_since_start: int = 0

    def visible(self) -> list[Message]:
        """What the account has been told of this chat, oldest first."""
        return self.account.shown(self.messages)

    @property
    def is_waiting_for_the_index(self) -> bool:
        """Whether something of this chat exists that no list shows yet."""
        return any(not message.is_indexed for message in self.messages)

    @property
    def was_answered(self) -> bool:
        """Whether the other side ever wrote here."""
        return any(not message.is_own for message in self.messages)


def _count_until(messages: list[Message], until: datetime) -> int:
    return bisect_right(messages, until, key=lambda message: message.at)


@dataclass(slots=True, eq=False)
class Account:
    id: str
    owner: Person
    premium: bool
    created_at: datetime
    status: str = OK
    told_until: datetime | None = None  # set while disconnected: nothing newer has reached Unipile
    relations: dict[str, Relation] = field(default_factory=dict)
    invitations: dict[int, Invitation] = field(default_factory=dict)
    pending: dict[str, Invitation] = field(default_factory=dict)
    withdrawn: dict[str, datetime] = field(default_factory=dict)
    inmail_credits: int = 15
    invited: deque[datetime] = field(default_factory=deque)
    chats: OrderedDict[str, Chat] = field(default_factory=OrderedDict)  # least recently active first
    chats_by_person: dict[str, Chat] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    gap: list[Callable[[datetime], None]] = field(default_factory=list)  # announced after the reconnection
    unindexed: int = 0  # how many messages the index has not caught up with

    def relation_with(self, person: Person) -> Relation | None:
        """As far as the account has been told."""
        relation = self.relations.get(person.provider_id)
        hidden = relation and self.told_until and relation.connected_at > self.told_until
        return None if hidden else relation

    def pending_with(self, person: Person) -> Invitation | None:
        """As far as the account has been told; only a disconnected one needs the long way round."""
        if self.told_until is None:
            return self.pending.get(person.provider_id)
        return next((sent for sent in self.sent_newest_first() if sent.person is person), None)

    def sent_newest_first(self) -> Iterable[Invitation]:
        """Pending invitations as far as the account has been told."""
        if self.told_until is None:
            return reversed(self.pending.values())
        known = reversed(self.invitations.values())
        return (sent for sent in known if sent.was_pending(until=self.told_until))

    def visible_messages(self) -> list[Message]:
        return self.shown(self.messages)

    def shown(self, messages: list[Message]) -> list[Message]:
        """Those that the account has been told of, and that the provider's index has caught up with."""
        told = messages if self.told_until is None else messages[: _count_until(messages, self.told_until)]
        return [message for message in told if message.is_indexed] if self.unindexed else told

    def invitations_since(self, at: datetime) -> int:
        """How many went out after the moment; older ones are forgotten."""
        while self.invited and self.invited[0] <= at:
            self.invited.popleft()
        return len(self.invited)


@dataclass(slots=True, eq=False)
class Webhook:
    number: int
    id: str
    source: str
    request_url: str
    events: tuple[str, ...]
    headers: tuple[tuple[str, str], ...]
    account_ids: tuple[str, ...]
    name: str
    format: str
    enabled: bool
    data: tuple[tuple[str, str], ...]


class World:
    """Everything that is so. Not safe for threads by itself: the sandbox's lock guards it."""

    def __init__(self, *, seed: int, people: int, accounts: int, started_at: datetime) -> None:
        self.seed = seed
        self.started_at = started_at
        self.population = Population(seed=seed, size=people)
        self.accounts: dict[str, Account] = {}
        self.chats: dict[str, Chat] = {}
        self.messages: dict[str, Message] = {}
        self.webhooks: dict[str, Webhook] = {}
        self.ledger: list[dict[str, Any]] = []
        self.marks: list[dict[str, Any]] = []  # reactions and comments on posts
        self.inbound: list[dict[str, Any]] = []
        self._numbers = 0
        _furnish(self, accounts=accounts)

    def next_number(self) -> int:
        self._numbers += 1
        return self._numbers

    def new_id(self, kind: str) -> str:
        """An id as Unipile makes them: opaque, about 22 characters, the same in every run of a seed."""
        return opaque(self.seed, kind, self.next_number())

    def connect(self, account: Account, person: Person, *, at: datetime) -> Relation:
        relation = Relation(person=person, connected_at=at, number=self.next_number())
        account.relations[person.provider_id] = relation
        return relation

    def add_invitation(self, account: Account, person: Person, *, note: str, at: datetime) -> Invitation:
        number = FIRST_INVITATION_ID + self.next_number()
        invitation = Invitation(number=number, account=account, person=person, note=note, sent_at=at)
        account.invitations[number] = invitation
        account.pending[person.provider_id] = invitation
        account.invited.append(at)
        return invitation

    def end_invitation(self, invitation: Invitation, *, state: InvitationState, at: datetime) -> None:
        invitation.state, invitation.ended_at = state, at
        account, person = invitation.account, invitation.person
        account.pending.pop(person.provider_id, None)
        if state is InvitationState.WITHDRAWN:
            account.withdrawn[person.provider_id] = at

    def chat_with(self, account: Account, person: Person) -> Chat:
        """The one-to-one chat with a person, opened when there is none."""
        return account.chats_by_person.get(person.provider_id) or self._open_chat(account, person)

    def _open_chat(self, account: Account, person: Person) -> Chat:
        chat = Chat(
            id=self.new_id("chat"),
            provider_id="2-" + base64.b64encode(self.new_id("thread").encode()).decode(),
            attendee_id=opaque(self.seed, "attendee", account.id, person.provider_id),
            account=account,
            person=person,
        )
        self.chats[chat.id] = self.chats[chat.provider_id] = chat
        account.chats[chat.id] = account.chats_by_person[person.provider_id] = chat
        return chat

    def add_message(
        self, chat: Chat, *, sender: Person, text: str, at: datetime, message_type: str = "MESSAGE"
    ) -> Message:
        message = Message(
            number=self.next_number(),
            id=self.new_id("message"),
            provider_id="2-" + base64.b64encode(self.new_id("event").encode()).decode(),
            chat=chat,
            sender=sender,
            text=text,
            at=at,
            is_own=sender is chat.account.owner,
            message_type=message_type,
        )
        self.messages[message.id] = message
        chat.messages.append(message)
        chat.account.messages.append(message)
        chat.unread = 0 if message.is_own else chat.unread + 1
        chat.activity = message.number
        chat.account.chats.move_to_end(chat.id)
        return message

    def enter(self, kind: str, account: Account, person: Person, *, at: datetime, **more: str) -> None:
        """Write into the ledger a side effect that really happened."""
        self.ledger.append(_entry(kind, account, person, at=at, **more))

    def told(self, message: Message, *, at: datetime) -> None:
        """Whoever holds the key knows of this message from now on."""
        message.told_at = message.told_at or at

    def inbound_as_told(self) -> list[dict[str, Any]]:
        """What people did of their own accord, each message with the moment at which it was first made known."""
        return [{**entry, "told_at": self._told_at(entry["message_id"])} for entry in self.inbound]

    def _told_at(self, message_id: str) -> str | None:
        message = self.messages.get(message_id)
        return iso_ms(message.told_at) if message and message.told_at else None

    def enter_inbound(self, kind: str, account: Account, person: Person, *, at: datetime, **more: str) -> None:
        """Write down what a person did of their own accord."""
        self.inbound.append({"message_id": "", **_entry(kind, account, person, at=at, **more)})


def _entry(kind: str, account: Account, person: Person, *, at: datetime, **more: str) -> dict[str, Any]:
    return {
        "at": iso_ms(at),
        "account_id": account.id,
        "kind": kind,
        "person": person.provider_id,
        "public_identifier": person.public_identifier,
        "text": "",
        **more,
    }


def _furnish(world: World, *, accounts: int) -> None:
    """The accounts of the start, each with relations and a past; the first is premium, the second free."""
    strangers = list(world.population.born)
    person_rng(world.seed, "relations").shuffle(strangers)
    for number in range(1, accounts + 1):
        rng = person_rng(world.seed, "account", number)
        account = _account(world, number)
        friends = strangers[-rng.randint(*RELATIONS_AT_START) :]
        del strangers[-len(friends) :]
        _befriend(world, account, friends, rng)
        _reminisce(world, account, rng)


def _account(world: World, number: int) -> Account:
    account = Account(
        id=opaque(world.seed, "account", number),
        owner=world.population.add(owner(world.seed, number)),
        premium=number % 2 == 1,
        created_at=world.started_at - timedelta(days=30),
    )
    world.accounts[account.id] = account
    return account


def _befriend(world: World, account: Account, friends: list[Person], rng: random.Random) -> None:
    ages = sorted((timedelta(days=rng.randint(40, 900), minutes=rng.randint(0, 1439)) for _ in friends), reverse=True)
    for person, age in zip(friends, ages, strict=True):
        world.connect(account, person, at=world.started_at - age)


def _reminisce(world: World, account: Account, rng: random.Random) -> None:
    """A few old conversations, in the order of time over all chats of the account; the first two are unread."""
    relations = list(account.relations.values())
    talkers = rng.sample(relations, k=min(CHATS_AT_START, len(relations)))
    minutes = sorted(rng.sample(range(60, 30 * 24 * 60), k=len(talkers) * 3), reverse=True)
    for index, minute in enumerate(minutes):
        person = talkers[index % len(talkers)].person
        own = index // len(talkers) == 1  # they, we, they again
        message = world.add_message(
            world.chat_with(account, person),
            sender=account.owner if own else person,
            text=rng.choice(names.LATER_ANSWERS if own else names.OLD_OPENERS),
            at=world.started_at - timedelta(minutes=minute),
        )
        message.seen = True
    for relation in talkers[2:]:
        world.chat_with(account, relation.person).unread = 0
