"""Inbound calls: verify → store → acknowledge → normalise → hand on.

The body is stored exactly as received before anything is made of it. Processing is safe to repeat, so a crash
anywhere costs a repetition and nothing else (laws 7 and 10).
"""

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError, models
from django.utils.crypto import constant_time_compare
from django.utils.module_loading import import_string

from integrations.errors import ProviderError
from integrations.models import Account, RefusedDelivery, WebhookReceipt
from integrations.provider_events import AccountStatusChanged, MessageSeen, PersonRef, ProviderEvent, UnknownEvent
from integrations.unipile.client import UnipileClient
from integrations.unipile.reading import storable
from integrations.unipile.webhooks import normalise
from outreach.events.recording import Actor
from outreach.milestones import passing

State = WebhookReceipt.State
# Unipile API v1 signs nothing (section 7.3): a secret header, set when the webhook is made, is all there is.
SECRET_HEADER = "Unipile-Auth"  # noqa: S105  (the name of a header)
KEPT_HEADERS = ("Content-Type", "User-Agent", "Content-Length")
# A receipt taken up is nobody else's for this long; after a crash it becomes due again by itself.
CLAIM = timedelta(minutes=2)
UNFINISHED = "Processing began and did not end. The worker's log says why; mend it, then replay."

Handler = Callable[..., str]


# What a body that is valid JSON, but like no call of Unipile's, can lead to. One of them must not hold up the others.
STRANGE = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError, ObjectDoesNotExist, DatabaseError)
log = logging.getLogger(__name__)


class CannotProcess(Exception):
    """A receipt that makes no sense here now, however often it is tried. It is kept and can be replayed."""


class Refused(Exception):
    """A call that is not stored: its secret is wrong or its body is no JSON object."""

    def __init__(self, reason: str, status: int) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True, slots=True)
class Delivery:
    """One inbound call as it came in."""

    source: str
    body: bytes
    headers: Mapping[str, str]


def verify(delivery: Delivery) -> None:
    """Raises Refused unless the secret is right and the body is a JSON object."""
    given = delivery.headers.get(SECRET_HEADER, "")
    if not constant_time_compare(given, settings.UNIPILE_WEBHOOK_SECRET):
        raise Refused(f"the {SECRET_HEADER} header is missing or wrong", 401)
    if len(delivery.body) > settings.WEBHOOK_MAX_BYTES:
        raise Refused("the body is too large", 413)
    try:
        payload = json.loads(delivery.body)
    except (ValueError, RecursionError):
        raise Refused("the body is not JSON", 400) from None
    if not isinstance(payload, dict):
        raise Refused("the body is not a JSON object", 400)


def count_refusal(source: str, reason: str, at: datetime) -> None:
    """Keep a number, not the body: strangers must not be able to fill the database."""
    row, _ = RefusedDelivery.objects.get_or_create(source=source, reason=reason[:60], day=at.date())
    RefusedDelivery.objects.filter(pk=row.pk).update(count=models.F("count") + 1)


def store(delivery: Delivery, *, at: datetime) -> WebhookReceipt:
    """Keep a verified call as evidence, due for processing at once."""
    receipt = WebhookReceipt.objects.create(
        source=delivery.source,
        received_at=at,
        headers={name: delivery.headers[name] for name in KEPT_HEADERS if name in delivery.headers},
        body=delivery.body,
        next_attempt_at=at,
    )
    passing("receipt_stored")
    return receipt


def claim(receipt_id: UUID, *, at: datetime) -> WebhookReceipt | None:
    """Take a due receipt, or None when it is done, taken, or backing off.

    One that ended its worker every time it was taken up is given up, so that it cannot end workers for ever.
    """
    due = WebhookReceipt.objects.due(at).filter(pk=receipt_id)
    if not due.update(next_attempt_at=at + CLAIM, attempts=models.F("attempts") + 1, error=UNFINISHED):
        return None
    receipt = WebhookReceipt.objects.get(pk=receipt_id)
    if receipt.attempts > WebhookReceipt.MAX_ATTEMPTS:
        _give_up(receipt, UNFINISHED, at)
        return None
    return receipt


def process(receipt: WebhookReceipt, *, at: datetime, client: UnipileClient) -> None:
    """Take in what a claimed receipt says, and write on it what became of it."""
    try:
        _take_in(receipt, at=at, client=client)
    except CannotProcess as problem:
        _give_up(receipt, str(problem), at)
    except ProviderError as problem:
        _try_later(receipt, str(problem), at)
    except STRANGE as problem:
        log.exception("Receipt %s could not be taken in", receipt.pk)
        _try_later(receipt, storable(f"{type(problem).__name__}: {problem}"), at)


def _take_in(receipt: WebhookReceipt, *, at: datetime, client: UnipileClient) -> None:
    events = normalise(receipt.source, json.loads(bytes(receipt.body)))
    account = _account_of(events)
    complete = (_complete(event, client, receipt.received_at) for event in events)
    effects = [hand_on(event, account=account, at=at, actor=Actor.WEBHOOK) for event in complete]
    known = not all(isinstance(event, UnknownEvent) for event in events)
    _close(receipt, State.PROCESSED if known else State.UNKNOWN, events, effects, account, at)


def _account_of(events: list[ProviderEvent]) -> Account | None:
    """The account that the events speak of. Raises CannotProcess when it is not one of ours."""
    named = next((event.provider_account_id for event in events if event.provider_account_id), "")
    account = Account.objects.filter(provider_account_id=named).select_related("client").first()
    if account is None and not all(isinstance(event, UnknownEvent) for event in events):
        raise CannotProcess(f"No account here has the Unipile id {named!r}. Add the account, then replay this receipt.")
    return account


def _complete(event: ProviderEvent, client: UnipileClient, received_at: datetime) -> ProviderEvent:
    """Ask the provider for what a payload left out: which chat it is, and with whom (Unipile API, section 7.5).

    A change of status carries no moment (section 2.6); then the moment of receipt is the nearest truth.
    """
    if isinstance(event, AccountStatusChanged) and event.happened_at is None:
        return replace(event, happened_at=received_at)
    if not isinstance(event, MessageSeen):
        return event
    if not event.chat_id:
        event = replace(event, chat_id=client.message(event.message_id).chat_id)
    if event.counterpart or event.is_group:
        return event
    return replace(event, counterpart=PersonRef(provider_id=client.chat(event.chat_id).attendee_provider_id))


def hand_on(event: ProviderEvent, *, account: Account | None, at: datetime, actor: str) -> str:
    """Call the project's handler, named in settings. Returns what it changed, in words."""
    handler: Handler = import_string(settings.PROVIDER_EVENT_HANDLER)
    return handler(event, account=account, at=at, actor=actor)


def keep_unusable(event: ProviderEvent, problem: Exception, *, account: Account, at: datetime) -> None:
    """Something that polling found could not be taken in: keep it where operators look, and go on with the rest."""
    log.exception("Found by polling, and not taken in: %s", type(event).__name__)
    WebhookReceipt.objects.create(
        source="poll",
        received_at=at,
        body=repr(event).encode("utf-8", "replace"),
        client_id=account.client_id,
        account=account,
        state=State.FAILED,
        meaning=meaning(event),
        next_attempt_at=at,
        processed_at=at,
        error=storable(f"{type(problem).__name__}: {problem}"),
    )


def _close(
    receipt: WebhookReceipt,
    state: WebhookReceipt.State,
    events: list[ProviderEvent],
    effects: list[str],
    account: Account | None,
    at: datetime,
) -> None:
    changes: dict[str, Any] = {
        "state": state,
        "meaning": ", ".join(meaning(event) for event in events)[:200],
        "effect": "; ".join(effect for effect in effects if effect)[:300],
        "account": account,
        "client_id": account.client_id if account else None,
        "processed_at": at,
        "error": "",
    }
    WebhookReceipt.objects.filter(pk=receipt.pk).update(**changes)


def meaning(event: ProviderEvent) -> str:
    """What an event is, in words for the receipts page."""
    if isinstance(event, UnknownEvent):
        return f"unknown: {event.name} ({event.reason})"
    words = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in type(event).__name__)
    return words.strip()


def _give_up(receipt: WebhookReceipt, error: str, at: datetime) -> None:
    WebhookReceipt.objects.filter(pk=receipt.pk).update(state=State.FAILED, error=error, processed_at=at)


def _try_later(receipt: WebhookReceipt, error: str, at: datetime) -> None:
    """Back off; after the last attempt the receipt is failed, shown, and replayable."""
    if receipt.attempts >= WebhookReceipt.MAX_ATTEMPTS:
        return _give_up(receipt, error, at)
    pause = timedelta(minutes=2 ** min(receipt.attempts, 9))
    WebhookReceipt.objects.filter(pk=receipt.pk).update(error=error, next_attempt_at=at + pause)
    return None


def replay(*, receipt: WebhookReceipt, at: datetime) -> None:
    """Make a receipt due again. Whatever it has already effected stays effected once."""
    WebhookReceipt.objects.filter(pk=receipt.pk).update(state=State.PENDING, attempts=0, next_attempt_at=at, error="")
