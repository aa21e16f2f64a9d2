"""Questions asked of accounts, dispatches and receipts."""

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q

from outreach.clients.querysets import ClientOwnedQuerySet

if TYPE_CHECKING:
    from integrations.models import Account, Dispatch, WebhookReceipt  # noqa: F401  (named in quotes below)


class AccountQuerySet(ClientOwnedQuerySet["Account"]):
    def usable(self) -> Self:
        """Connected at the provider, paused neither by an operator nor with its client, and in agreement with it."""
        unpaused = self.filter(paused_at__isnull=True, client__paused_at__isnull=True)
        return unpaused.filter(status="ok", unreconciled_since__isnull=True)

    def with_free_slot(self, at: datetime) -> Self:
        """Whose spacing since the last action is over."""
        return self.filter(next_slot_at__lte=at)

    def with_alarm_rung(self, at: datetime) -> Self:
        """Which may have something to do. Served by the index `account_alarm`."""
        return self.filter(next_look_at__lte=at)

    def ring(self, at: datetime) -> int:
        """They have something to do from `at` on: look at them then, if not earlier. Returns how many were moved.

        Runs in the caller's transaction. One that is just being looked at is passed over instead of waited for, so
        that nobody waits in a circle; it is looked at again within minutes anyway.
        """
        late = self.filter(next_look_at__gt=at).select_for_update(skip_locked=True, of=("self",))
        return self.model._default_manager.filter(pk__in=late.order_by().values("pk")).update(next_look_at=at)

    def due_to_read(self, at: datetime) -> Self:
        """Whose messages or relations should be read from the provider now."""
        due = Q(messages_poll_at__lte=at) | Q(relations_poll_at__lte=at)
        return self.filter(due, status="ok")


class DispatchQuerySet(ClientOwnedQuerySet["Dispatch"]):
    def live(self) -> Self:
        """Those that stand for an effect which happened or may have happened."""
        return self.filter(state__in=("sending", "sent", "unknown"))

    def in_flight(self) -> Self:
        return self.filter(state="sending")

    def left_behind(self, since: datetime) -> Self:
        """Not recorded although reserved, or called, before `since`: a crash left them.

        A call is given its full time from the moment it began, however long the looks before it took.
        """
        uncalled = Q(called_at__isnull=True, reserved_at__lte=since)
        return self.filter(uncalled | Q(called_at__lte=since), state="sending")

    def to_settle(self, at: datetime) -> Self:
        """Of unknown outcome, due to be looked up at the provider."""
        return self.filter(state="unknown", ask_at__lte=at, needs_decision_at__isnull=True)

    def needing_decision(self) -> Self:
        return self.filter(state="unknown", needs_decision_at__isnull=False)


class ReceiptQuerySet(models.QuerySet["WebhookReceipt"]):
    def due(self, at: datetime) -> Self:
        """Stored and not yet processed, and not backing off after a failure."""
        return self.filter(state="pending", next_attempt_at__lte=at)
