"""A sandbox, its clock in the test's hand, and clients that reach it in process and over a real socket."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from integrations.unipile.client import UnipileClient
from integrations.unipile.sandbox import Sandbox
from integrations.unipile.sandbox.people import Answers, Person
from integrations.unipile.sandbox.routes_control import strangers
from integrations.unipile.sandbox.server import Served, served
from integrations.unipile.sandbox.transport import HOST, sandbox_session
from integrations.unipile.sandbox.world import Account

START = datetime(2026, 7, 1, 9, tzinfo=UTC)
HOOK = "https://app.example/hooks/unipile"


@dataclass
class Clock:
    """A clock that moves only when told."""

    at: datetime = START

    def __call__(self) -> datetime:
        return self.at


@dataclass
class Mailbox:
    """A receiver of webhooks; `status` is what it answers."""

    status: int = 200
    received: list[tuple[str, Mapping[str, str], bytes]] = field(default_factory=list)

    def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        self.received.append((url, headers, body))
        return self.status


@dataclass
class Play:
    """A sandbox with everything a test wants to hold of it."""

    sandbox: Sandbox
    clock: Clock
    mailbox: Mailbox
    session: requests.Session
    client: UnipileClient

    @property
    def premium(self) -> str:
        return self.sandbox.account_ids[0]

    @property
    def free(self) -> str:
        return self.sandbox.account_ids[1]

    def account(self, account_id: str) -> Account:
        return self.sandbox.parts.world.accounts[account_id]

    def strangers(self) -> list[Person]:
        return strangers(self.sandbox.parts)

    def stranger(self, **mood: Any) -> Person:
        """Somebody no account knows, of this temperament; `accepts` is whether they ever would."""
        return next(person for person in self.strangers() if _is(person, **mood))

    def friend(self, account_id: str, **mood: Any) -> Person:
        """A relation of the account, of this temperament."""
        known = self.account(account_id).relations.values()
        return next(relation.person for relation in known if _is(relation.person, **mood))

    def pass_time(self, **length: float) -> None:
        """Let time pass, in steps short enough that retries fall due one by one."""
        until = self.clock.at + timedelta(**length)
        self.sandbox.advance()
        while (coming := self.sandbox.next_at()) and coming <= until:
            self.clock.at = coming
            self.sandbox.advance()
        self.clock.at = until
        self.sandbox.advance()

    def get(self, path: str, *, key: str = "sandbox", **query: Any) -> requests.Response:
        return self.session.get(f"{HOST}{path}", params=query, headers={"X-API-KEY": key})

    def control(self, path: str, **body: Any) -> requests.Response:
        return self.session.post(f"{HOST}/_sandbox{path}", json=body)

    def faults(self, **wanted: Any) -> None:
        assert self.control("/faults", faults=wanted).ok

    def listen(self, source: str, *events: str) -> None:
        self.client.create_webhook(source=source, request_url=HOOK, events=events, headers={"Unipile-Auth": "s3cr3t"})


def _is(person: Person, *, answers: Answers | None = None, accepts: bool | None = None, notes: bool = False) -> bool:
    mood = person.temperament
    return (
        (answers is None or mood.answers is answers)
        and (accepts is None or (mood.accepts_after is not None) is accepts)
        and mood.answers_note is notes
    )


def make_play(**options: Any) -> Play:
    clock, mailbox = Clock(), Mailbox()
    sandbox = Sandbox(**{"now": clock, "deliver": mailbox, **options})
    session = sandbox_session(sandbox)
    return Play(sandbox, clock, mailbox, session, UnipileClient(HOST, sandbox.key, session=session))


@pytest.fixture
def play() -> Play:
    return make_play()


@pytest.fixture(scope="module")
def served_sandbox() -> Iterator[Served]:
    with served(now=Clock()) as serving:
        yield serving


@pytest.fixture(params=["in process", "over a socket"])
def reach(request: pytest.FixtureRequest) -> tuple[UnipileClient, Sandbox]:
    """A client and the sandbox it reaches, fresh, on both ways there are."""
    if request.param == "in process":
        play = make_play()
        return play.client, play.sandbox
    serving: Served = request.getfixturevalue("served_sandbox")
    serving.sandbox.reset()
    return UnipileClient(serving.url, serving.sandbox.key), serving.sandbox
