"""Webhook deliveries: who gets what, when, and again when nobody said 200 (Unipile API, section 7.3)."""

import heapq
import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, TypeAlias
from urllib.parse import urlencode

from integrations.unipile.reading import iso_ms
from integrations.unipile.sandbox.faults import Faults
from integrations.unipile.sandbox.happenings import whole_milliseconds
from integrations.unipile.sandbox.world import Webhook, World

Deliver: TypeAlias = Callable[[str, Mapping[str, str], bytes], int]
"""Posts a body to an address under these headers and returns the status; 0 when there was no answer."""

RETRY_DELAYS = (
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=6),
)
SHUFFLE = timedelta(seconds=90)  # how far apart reordered and duplicated deliveries may land
KEPT_FOR_SHOW = 10_000


class Outcome(StrEnum):
    WAITING = "waiting"
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"
    LOST = "lost"


@dataclass(slots=True, eq=False)
class Delivery:
    webhook: Webhook
    event: str
    headers: Mapping[str, str]
    body: bytes
    due_at: datetime
    message_id: str = ""
    tries: int = 0
    status: int | None = None
    outcome: Outcome = Outcome.WAITING

    def shown(self) -> dict[str, Any]:
        return {
            "webhook_id": self.webhook.id,
            "event": self.event,
            "request_url": self.webhook.request_url,
            "due_at": iso_ms(self.due_at),
            "tries": self.tries,
            "status": self.status,
            "outcome": self.outcome,
            "body": self.body.decode(),
        }


class Courier:
    """The queue of deliveries. The sandbox's lock guards it, except while a delivery is on its way."""

    def __init__(self, world: World, faults: Faults) -> None:
        self._world = world
        self._faults = faults
        self._heap: list[tuple[datetime, int, Delivery]] = []
        self._on_the_way = 0
        self.log: deque[Delivery] = deque(maxlen=KEPT_FOR_SHOW)

    def send(self, webhook: Webhook, *, event: str, payload: Mapping[str, Any], at: datetime) -> None:
        """Queue one delivery, subject to the faults of webhooks."""
        delivery = Delivery(
            webhook=webhook,
            event=event,
            headers=dict(webhook.headers),
            body=_encoded(webhook, payload),
            due_at=at,
            message_id=str(payload.get("message_id", "")),
        )
        self.log.append(delivery)
        if self._faults.strikes("webhook_lost"):
            delivery.outcome = Outcome.LOST
            return
        self._push(delivery, at=self._disturbed(at))
        if self._faults.strikes("webhook_duplicate"):
            self._duplicate(delivery)

    def next_after(self, at: datetime) -> datetime | None:
        """When the next delivery that is not due yet will be."""
        return min((due_at for due_at, _, _ in self._heap if due_at > at), default=None)

    def pending(self, at: datetime) -> int:
        """How many are due or on their way."""
        return self._on_the_way + sum(due_at <= at for due_at, _, _ in self._heap)

    def take_due(self, at: datetime) -> Delivery | None:
        """The next delivery to make; `settle` it afterwards."""
        if not self._heap or self._heap[0][0] > at:
            return None
        self._on_the_way += 1
        return heapq.heappop(self._heap)[2]

    def settle(self, delivery: Delivery, *, status: int, at: datetime) -> None:
        """Only 200 counts; otherwise up to five more tries, further and further apart."""
        self._on_the_way -= 1
        delivery.status = status
        delivery.tries += 1
        if status == 200:
            delivery.outcome = Outcome.DELIVERED
            if message := self._world.messages.get(delivery.message_id):
                self._world.told(message, at=at)
        elif delivery.tries > len(RETRY_DELAYS):
            delivery.outcome = Outcome.GIVEN_UP
        else:
            self._push(delivery, at=at + RETRY_DELAYS[delivery.tries - 1])

    def _push(self, delivery: Delivery, *, at: datetime) -> None:
        delivery.due_at = whole_milliseconds(at)
        heapq.heappush(self._heap, (delivery.due_at, self._world.next_number(), delivery))

    def _duplicate(self, delivery: Delivery) -> None:
        again = Delivery(
            webhook=delivery.webhook,
            event=delivery.event,
            headers=delivery.headers,
            body=delivery.body,
            due_at=delivery.due_at,
            message_id=delivery.message_id,
        )
        self.log.append(again)
        self._push(again, at=delivery.due_at + SHUFFLE * self._faults.draw())

    def _disturbed(self, at: datetime) -> datetime:
        if late := self._faults.strikes("webhook_late"):
            at += timedelta(hours=late.hours)
        if self._faults.strikes("webhook_reorder"):
            at += SHUFFLE * self._faults.draw()
        return at


def _encoded(webhook: Webhook, payload: Mapping[str, Any]) -> bytes:
    """The body in the webhook's format, with only the fields it chose, under the names it chose."""
    if webhook.data and webhook.source != "account_status":
        payload = {name: payload.get(key) for name, key in webhook.data}
    if webhook.format == "form":
        return urlencode({key: _form_value(value) for key, value in payload.items()}).encode()
    return json.dumps(payload, ensure_ascii=False).encode()


def _form_value(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
