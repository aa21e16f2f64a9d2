"""Questions asked of campaigns and enrollments."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from django.db import connection

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

    def best_of_each(
        self, actions: Mapping[UUID, Collection[str]], *, campaigns: Collection[Any], at: datetime
    ) -> "list[Enrollment]":
        """The best due appointment of each account, locked; what others hold is passed over.

        `actions` says of each account what it may still do. PostgreSQL answers for all accounts at once; elsewhere
        they are asked one after the other.
        """
        if connection.vendor == "postgresql":
            return self._best_by_one_query({key: list(each) for key, each in actions.items() if each}, campaigns, at)
        offers = (self.offered_by(key, actions=each, campaigns=campaigns, at=at) for key, each in actions.items())
        return [best for rows in offers if (best := rows.select_for_update(skip_locked=True, of=("self",)).first())]

    def _best_by_one_query(
        self, actions: Mapping[UUID, list[str]], campaigns: Collection[Any], at: datetime
    ) -> "list[Enrollment]":
        """The same question as `offered_by`, laterally for each account. Names come from the model alone."""
        if not actions:
            return []
        columns = ", ".join(f'e."{field.column}"' for field in self.model._meta.concrete_fields)
        sql = f"""
            SELECT best.* FROM unnest(%s::uuid[], %s::text[]) AS mine(account, actions), LATERAL (
                SELECT {columns} FROM "{self.model._meta.db_table}" e
                WHERE e.state = 'active' AND e.next_action_at <= %s AND e.next_account_id = mine.account
                  AND e.next_action = ANY(string_to_array(mine.actions, ',')) AND e.campaign_id = ANY(%s)
                ORDER BY e.priority, e.next_action_at, e.id LIMIT 1 FOR UPDATE SKIP LOCKED
            ) AS best"""  # noqa: S608
        given = [list(actions), [",".join(each) for each in actions.values()], at, list(campaigns)]
        return list(self.raw(sql, given))

    def offered_by(self, account: Any, *, actions: Collection[str], campaigns: Collection[Any], at: datetime) -> Self:
        """The due appointments of one account, best first: follow-ups before new invitations, then the oldest.

        Served by the partial index `enrollment_appointments`.
        """
        due = self.due(at).filter(next_account=account, next_action__in=actions, campaign__in=campaigns)
        return due.order_by("priority", "next_action_at", "id")
