"""The append-only log: one row for everything that happened (law 9)."""

from typing import Any, NoReturn

from django.db import models

from outreach.clients.models import Client
from outreach.clients.querysets import ClientOwnedQuerySet
from outreach.events.kinds import EventKind


class AppendOnly(Exception):
    """Events are evidence: they are added, never changed and never removed."""


class EventQuerySet(ClientOwnedQuerySet["Event"]):
    def update(self, **kwargs: Any) -> NoReturn:
        raise AppendOnly("Events are never changed.")

    def delete(self) -> NoReturn:
        raise AppendOnly("Events are never removed.")


class Event(models.Model):
    """What happened, when, to whom, and by whom.

    The key is a growing integer, which live updates resume from. Subjects are plain ids, not foreign keys:
    events stand on the lowest floor and outlive what they speak of.
    """

    kind = models.CharField(max_length=40, choices=EventKind.choices)
    at = models.DateTimeField()
    client = models.ForeignKey(Client, null=True, on_delete=models.PROTECT, related_name="+")
    actor = models.CharField(max_length=60, help_text="engine, webhook, poll, recovery, or operator:<username>")
    lead_id = models.UUIDField(null=True)
    campaign_id = models.UUIDField(null=True)
    enrollment_id = models.UUIDField(null=True)
    account_id = models.UUIDField(null=True)
    data = models.JSONField(default=dict)

    objects = EventQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["client", "kind", "at"], name="event_client_kind_at"),  # analytics
            models.Index(fields=["enrollment_id", "id"], name="event_enrollment"),  # a lead's timeline
            models.Index(fields=["campaign_id", "kind", "at"], name="event_campaign_kind_at"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.at:%Y-%m-%d %H:%M}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Adds the row; a row that is there is never written again."""
        if not self._state.adding or kwargs.get("update_fields"):
            raise AppendOnly("Events are never changed.")
        super().save(*args, **(kwargs | {"force_insert": True}))

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnly("Events are never removed.")
