"""The sandbox itself: a WSGI application over a world that lives in its own time."""

import json
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from werkzeug import Request, Response
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.routing import Map, Rule

from integrations.unipile.sandbox import (
    refusals,
    routes_control,
    routes_messaging,
    routes_social,
    routes_users,
    routes_webhooks,
)
from integrations.unipile.sandbox.calls import Answer, Call, Effect, Route
from integrations.unipile.sandbox.deliveries import Deliver, Delivery
from integrations.unipile.sandbox.faults import AROUND_SENDS, BEFORE_ACTING, Fault
from integrations.unipile.sandbox.happenings import whole_milliseconds
from integrations.unipile.sandbox.parts import Parts, Setup, assemble
from integrations.unipile.sandbox.refusals import Refusal

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

API_ROUTES = routes_users.ROUTES + routes_messaging.ROUTES + routes_social.ROUTES + routes_webhooks.ROUTES
API, CONTROL = "/api/v1", "/_sandbox"
HOLD = "outreach.sandbox.hold"
"""Where a transport puts its own way of holding an answer back: a callable that takes seconds."""

GATEWAY_PAGE = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


class Held(Exception):
    """The answer of this request is held back: past the client's patience, or, when there is one, only late."""

    def __init__(self, seconds: float, answer: Answer | None = None) -> None:
        super().__init__(seconds)
        self.seconds = seconds
        self.answer = answer


def nobody_listens(url: str, headers: Mapping[str, str], body: bytes) -> int:
    """The delivery of a sandbox that was given no way to deliver."""
    return 0


def no_wait(seconds: float) -> None:
    """Holding an answer back without a server to do it in: the gateway's timeout comes at once."""


class Sandbox:
    """A simulated Unipile. Every moment it knows comes from `now`, everything random from the seed.

    The world catches up with `now` on each request. Webhooks leave only by `advance`, which a server calls all the
    time and a simulation when it pleases, so that no webhook arrives in the middle of a request.
    """

    def __init__(
        self,
        seed: int = 1,
        *,
        now: Callable[[], datetime],
        people: int = 500,
        accounts: int = 2,
        key: str = "sandbox",
        deliver: Deliver = nobody_listens,
        hold: Callable[[float], None] = no_wait,
        hold_seconds: float = 3.0,
        weekly_invitations: int = 200,
        relation_delay: timedelta = timedelta(hours=8),
    ) -> None:
        self._now = now
        self._key = key
        self._deliver = deliver
        self._hold = hold
        self._hold_seconds = hold_seconds
        self._lock = threading.RLock()
        self._advancing = threading.Lock()
        setup = Setup(
            seed=seed,
            people=people,
            accounts=accounts,
            weekly_invitations=weekly_invitations,
            relation_delay=relation_delay,
        )
        self._latest = whole_milliseconds(now())
        self.parts: Parts = assemble(setup, at=self._latest)
        self._urls = Map([*_rules(API, API_ROUTES), *_rules(CONTROL, routes_control.ROUTES)], merge_slashes=False)

    @property
    def account_ids(self) -> list[str]:
        return list(self.parts.world.accounts)

    @property
    def key(self) -> str:
        return self._key

    def ledger(self) -> list[dict[str, Any]]:
        """Every side effect that really happened, oldest first."""
        with self._lock:
            return list(self.parts.world.ledger)

    def inbound(self) -> list[dict[str, Any]]:
        """What people did of their own accord, oldest first."""
        with self._lock:
            return list(self.parts.world.inbound)

    def people_csv(self, count: int) -> str:
        """A lead file of people no account is connected with."""
        with self._lock:
            return routes_control.csv_of_strangers(self.parts, count)

    def next_at(self) -> datetime | None:
        """The earliest happening or delivery after now."""
        with self._lock:
            return routes_control.next_at(self.parts, self._catch_up())

    def reset(self, seed: int | None = None) -> None:
        """Start over from now, with the same or another seed."""
        with self._lock:
            setup = self.parts.setup if seed is None else replace(self.parts.setup, seed=seed)
            self.parts = assemble(setup, at=self._moment())

    def advance(self) -> int:
        """Let happen and deliver all that is due; returns how many deliveries were made.

        Deliveries are made outside the lock, so that their receiver may call the sandbox. Where another call is
        advancing already, this one leaves the deliveries to it.
        """
        with self._lock:
            self._catch_up()
        if not self._advancing.acquire(blocking=False):
            return 0
        try:
            return self._deliver_due()
        finally:
            self._advancing.release()

    def _deliver_due(self) -> int:
        made = 0
        while taken := self._take_due():
            parts, delivery = taken
            status = self._deliver(delivery.webhook.request_url, delivery.headers, delivery.body)
            with self._lock:
                parts.courier.settle(delivery, status=status, at=self._moment())
            made += 1
        return made

    def _take_due(self) -> tuple[Parts, Delivery] | None:
        with self._lock:
            delivery = self.parts.courier.take_due(self._catch_up())
            return (self.parts, delivery) if delivery else None

    def _moment(self) -> datetime:
        """Now, which never goes back whatever the clock does."""
        self._latest = max(self._latest, whole_milliseconds(self._now()))
        return self._latest

    def _catch_up(self) -> datetime:
        at = self._moment()
        self.parts.schedule.run_until(at)
        return at

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        request = Request(environ)
        try:
            answer = self._answer(request)
        except Held as held:
            environ.get(HOLD, self._hold)(held.seconds)
            answer = held.answer or _refused(refusals.request_timeout())
        return _response(answer)(environ, start_response)

    def _answer(self, request: Request) -> Answer:
        try:
            route, arguments = self._route(request)
            request.get_data(parse_form_data=True)  # from the socket, before the lock is taken
            with self._lock:
                at = self._catch_up()
                call = Call(self.parts, request, at, self.reset)
                if request.path.startswith(CONTROL):
                    return route.handler(call, **arguments)
                return self._api_answer(route, call, arguments)
        except Refusal as refusal:
            return _refused(refusal)

    def _route(self, request: Request) -> tuple[Route, dict[str, Any]]:
        try:
            route, arguments = self._urls.bind_to_environ(request.environ).match()
        except NotFound:
            raise refusals.not_found(f"Cannot {request.method} {request.path}: route") from None
        except HTTPException as error:
            raise Refusal(error.code or 400, "invalid_request", error.name) from error
        return route, dict(arguments)

    def _api_answer(self, route: Route, call: Call, arguments: dict[str, Any]) -> Answer:
        if call.request.headers.get("X-API-KEY") != self._key:
            raise refusals.missing_credentials()
        faults = call.parts.faults
        if struck := faults.first_of(BEFORE_ACTING):
            return _broken_before(struck[0])
        struck = faults.first_of(AROUND_SENDS) if route.effect is Effect.SEND else None
        if struck is None:
            return route.handler(call, **arguments)
        return self._broken_send(struck, lambda: route.handler(call, **arguments))

    def _broken_send(self, struck: tuple[str, Fault], act: Callable[[], Answer]) -> Answer:
        """The deed is done or not, and the client cannot tell which – or only waits. A refused deed is refused as
        always."""
        name, fault = struck
        seconds = self._hold_seconds if fault.hold is None else fault.hold
        if name == "slow":
            raise Held(seconds, act())
        if name.endswith("_after"):
            act()
        if name.startswith("timeout"):
            raise Held(seconds)
        raise refusals.provider_error()


def _rules(prefix: str, routes: Iterable[Route]) -> list[Rule]:
    """No address redirects to its twin with a slash at the end: both are served."""
    return [Rule(prefix + route.path, endpoint=route, methods=[route.method], strict_slashes=False) for route in routes]


def _broken_before(name: str) -> Answer:
    if name == "html":
        return Answer(GATEWAY_PAGE, HTTPStatus.BAD_GATEWAY, "text/html")
    raise refusals.too_many_requests() if name == "rate_limit" else refusals.service_unavailable()


def _refused(refusal: Refusal) -> Answer:
    return Answer(refusal.body(), refusal.status)


def _response(answer: Answer) -> Response:
    body = answer.body if isinstance(answer.body, str) else json.dumps(answer.body, ensure_ascii=False)
    return Response(body, status=answer.status, content_type=answer.content_type)
