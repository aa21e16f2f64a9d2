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
        """Connected at the provider, and paused neither by an operator nor with its client."""
        return self.filter(status="ok", paused_at__isnull=True, client__paused_at__isnull=True)

    def with_free_slot(self, at: datetime) -> Self:
        """Whose spacing since the last action is over."""
        return self.filter(next_slot_at__lte=at)

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
