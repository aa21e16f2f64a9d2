"""Questions asked of campaigns and enrollments."""

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from outreach.clients.querysets import ClientOwnedQuerySet

if TYPE_CHECKING:
    from campaigns.models import Campaign, Enrollment  # noqa: F401  (named in quotes below)


class CampaignQuerySet(ClientOwnedQuerySet["Campaign"]):
    def running(self) -> Self:
        """Active, of a client that is not paused."""
        return self.filter(status="active", client__paused_at__isnull=True)


class EnrollmentQuerySet(ClientOwnedQuerySet["Enrollment"]):
    def walking(self) -> Self:
        """Under way: neither paused nor over."""
        return self.filter(state__in=("scheduled", "active"))

    def open(self) -> Self:
        """Not over: under way or paused."""
        return self.filter(state__in=("scheduled", "active", "paused"))

    def due(self, at: datetime) -> Self:
        return self.filter(state="active", next_action_at__lte=at)

    def internal_steps_due(self, at: datetime) -> Self:
        """Due steps that need no account, the oldest first. Served by the index `enrollment_internal_steps`."""
        return self.due(at).filter(next_action="internal").order_by("next_action_at")

    def offered_by(self, account: Any, *, actions: Collection[str], campaigns: Collection[Any], at: datetime) -> Self:
        """The due appointments of one account, best first: follow-ups before new invitations, then the oldest.

        Served by the partial index `enrollment_appointments`.
        """
        due = self.due(at).filter(next_account=account, next_action__in=actions, campaign__in=campaigns)
        return due.order_by("priority", "next_action_at", "id")
