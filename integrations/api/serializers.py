"""Senders, their accounts, and what was sent."""

from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied

from integrations.models import Account, Dispatch, Sender
from outreach.api.serializers import OwnedRow, Row
from outreach.clients.models import Client
from outreach.clients.roles import may_administer

PACE = ("time_zone", "invitations_per_day", "messages_per_day", "spacing_min_seconds", "spacing_max_seconds")
# Wider than anything sensible; each database has its own widest integer, the API has one.
LARGEST_CAP, SHORTEST_PAUSE, DAY = 10_000, 10, 86_400
PROVIDERS_WORD = (
    "id",
    "client",
    "sender",
    "channel",
    "name",
    "provider_account_id",
    "provider_user_id",
    "public_identifier",
    "tier",
    "status",
    "status_changed_at",
    "paused_at",
    "next_slot_at",
    "messages_read_at",
    "relations_read_at",
    "created_at",
)


class SenderSerializer(OwnedRow[Sender]):
    name = serializers.CharField(read_only=True)

    class Meta:
        model = Sender
        fields = ("id", "client", "first_name", "last_name", "name", "title", "email", "created_at")
        read_only_fields = ("created_at",)

    def validate_client(self, client: Client) -> Client:
        if not may_administer(self.context["request"].user, client.pk):
            raise PermissionDenied("Only an admin of this client may change its senders.")
        return super().validate_client(client)


class AccountSerializer(Row[Account]):
    """One connected account. Its limits, pace and time zone may be changed; the rest is the provider's word."""

    invitations_per_day = serializers.IntegerField(min_value=0, max_value=LARGEST_CAP, required=False)
    messages_per_day = serializers.IntegerField(min_value=0, max_value=LARGEST_CAP, required=False)
    spacing_min_seconds = serializers.IntegerField(min_value=SHORTEST_PAUSE, max_value=DAY, required=False)
    spacing_max_seconds = serializers.IntegerField(min_value=SHORTEST_PAUSE, max_value=DAY, required=False)

    class Meta:
        model = Account
        fields = (*PROVIDERS_WORD, *PACE)
        read_only_fields = PROVIDERS_WORD

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        pause = {name: attrs.get(name, getattr(self.instance, name)) for name in PACE if name.startswith("spacing")}
        if pause["spacing_max_seconds"] < pause["spacing_min_seconds"]:
            raise serializers.ValidationError({"spacing_max_seconds": "Must be at least the shortest pause."})
        return attrs


class DispatchSerializer(Row[Dispatch]):
    """One side effect at the provider, exactly once; `key` says what it is."""

    class Meta:
        model = Dispatch
        fields = (
            "id",
            "client",
            "key",
            "state",
            "account",
            "action",
            "person",
            "text",
            "actor",
            "reserved_at",
            "called_at",
            "settled_at",
            "verdict",
            "detail",
            "asked",
            "needs_decision_at",
        )
        read_only_fields = fields
