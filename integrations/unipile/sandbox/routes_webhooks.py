"""Administration of webhooks: the routes of section 7.1."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from integrations.unipile.sandbox import refusals, serialising
from integrations.unipile.sandbox.calls import Answer, Call, Route, required
from integrations.unipile.sandbox.paging import page
from integrations.unipile.sandbox.world import Webhook

# Known events by source, and the ones subscribed when none are named (sections 2.6 and 7.2).
EVENTS: Mapping[str, tuple[str, ...]] = {
    "messaging": (
        *("message_received", "message_read", "message_reaction"),
        *("message_edited", "message_deleted", "message_delivered"),
    ),
    "users": ("new_relation",),
    "account_status": (
        *("creation_success", "creation_fail", "deleted", "reconnected", "sync_success", "error", "credentials"),
        *("permissions", "connecting", "ok", "stopped"),
    ),
}
DEFAULT_EVENTS: Mapping[str, tuple[str, ...]] = {
    "messaging": EVENTS["messaging"][:1],
    "users": EVENTS["users"],
    "account_status": EVENTS["account_status"][:-3],
}


def webhooks(call: Call) -> Answer:
    return Answer(
        page(
            call.request,
            reversed(call.world.webhooks.values()),
            name="WebhookList",
            number=lambda webhook: webhook.number,
            shape=lambda webhook: serialising.webhook(webhook, call.world),
        )
    )


def create(call: Call) -> Answer:
    webhook = _read(call, call.json())
    call.world.webhooks[webhook.id] = webhook
    return Answer({"object": "WebhookCreated", "webhook_id": webhook.id}, 201)


def _read(call: Call, body: dict[str, Any]) -> Webhook:
    source = _source(body)
    return Webhook(
        number=call.world.next_number(),
        id=call.world.new_id("webhook"),
        source=source,
        request_url=_address(body),
        events=_events(body, source),
        headers=_pairs(body, "headers", "key", "value"),
        account_ids=tuple(call.account_named(one).id for one in _texts(body, "account_ids")),
        name=str(body.get("name") or ""),
        format="form" if body.get("format") == "form" else "json",
        enabled=body.get("enabled") is not False,
        data=_pairs(body, "data", "name", "key"),
    )


def _source(body: dict[str, Any]) -> str:
    source = required(body, "source")
    if source not in EVENTS:
        raise refusals.invalid_parameters(f"source must be one of {', '.join(EVENTS)} in the sandbox")
    return source


def _address(body: dict[str, Any]) -> str:
    address = required(body, "request_url")
    if urlsplit(address).scheme not in ("http", "https") or not urlsplit(address).netloc:
        raise refusals.invalid_parameters("request_url must be an http or https address")
    return address


def _events(body: dict[str, Any], source: str) -> tuple[str, ...]:
    events = _texts(body, "events") or DEFAULT_EVENTS[source]
    unknown = sorted(set(events) - set(EVENTS[source]))
    if unknown:
        raise refusals.invalid_parameters(f"source {source} has no event {', '.join(unknown)}")
    return tuple(events)


def _texts(body: dict[str, Any], name: str) -> tuple[str, ...]:
    values = body.get(name) or []
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise refusals.invalid_parameters(f"{name} must be a list of strings")
    return tuple(values)


def _pairs(body: dict[str, Any], name: str, left: str, right: str) -> tuple[tuple[str, str], ...]:
    items = body.get(name) or []
    whole = isinstance(items, list) and all(isinstance(item, dict) and {left, right} <= item.keys() for item in items)
    if not whole:
        raise refusals.invalid_parameters(f"{name} must be a list of objects with {left} and {right}")
    return tuple((str(item[left]), str(item[right])) for item in items)


def delete(call: Call, webhook_id: str) -> Answer:
    if call.world.webhooks.pop(webhook_id, None) is None:
        raise refusals.not_found("Webhook")
    return Answer({"object": "WebhookDeleted"})


ROUTES = (
    Route("GET", "/webhooks", webhooks),
    Route("POST", "/webhooks", create),
    Route("DELETE", "/webhooks/<webhook_id>", delete),
)
