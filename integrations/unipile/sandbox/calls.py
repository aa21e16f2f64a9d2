"""What a route's handler gets and gives: the parts of the sandbox, the request, the moment; an answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple, TypeAlias

from werkzeug import Request

from integrations.unipile.sandbox import refusals
from integrations.unipile.sandbox.parts import Parts
from integrations.unipile.sandbox.world import Account, World


class Effect(StrEnum):
    """What a route can do to the world outside, which decides the faults it may suffer."""

    NONE = "none"
    SEND = "send"


class Answer(NamedTuple):
    """A body and its status. A `str` body is sent as it is, under `content_type`."""

    body: Mapping[str, Any] | list[Any] | str
    status: int = 200
    content_type: str = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Call:
    """One request at one moment."""

    parts: Parts
    request: Request
    at: datetime
    reset: Callable[[int | None], None]

    @property
    def world(self) -> World:
        return self.parts.world

    def json(self) -> dict[str, Any]:
        """The body as a JSON object, whatever its content type says; raises Refusal."""
        try:
            body = self.request.get_json(force=True)
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise refusals.Refusal(400, "malformed_request", "Malformed request", "The body is no JSON object.")
        return body

    def account(self) -> Account:
        """The account of the query's `account_id`, which is required."""
        return self.account_named(self.request.args.get("account_id"))

    def account_named(self, account_id: object) -> Account:
        if not account_id:
            raise refusals.missing_parameters("account_id")
        account = self.world.accounts.get(str(account_id))
        if account is None:
            raise refusals.not_found("Account")
        return account


Handler: TypeAlias = Callable[..., Answer]


class Route(NamedTuple):
    method: str
    path: str
    handler: Handler
    effect: Effect = Effect.NONE


def required(body: Mapping[str, Any], name: str) -> str:
    """A text that must be there; raises Refusal."""
    value = body.get(name)
    if not value:
        raise refusals.missing_parameters(name)
    if not isinstance(value, str):
        raise refusals.invalid_parameters(f"{name} must be a string")
    return value
