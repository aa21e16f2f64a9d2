"""Senders, their accounts, and what was sent."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied

from integrations.allowances import allowances
from integrations.models import OWN_LIMITS, Account, Action, Dispatch, Sender
from outreach.api.serializers import OwnedRow, Row
from outreach.clients.models import Client
from outreach.clients.roles import may_administer
from outreach.clock import now

PACE = (
    "time_zone",
    *OWN_LIMITS,
    "ramp_up_started_on",
    "ramp_up_days",
    "ramp_up_percent",
    "pending_ceiling",
    "acceptance_floor_percent",
    "spacing_min_seconds",
    "spacing_max_seconds",
)
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
    "unreconciled_since",
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


class LimitSerializer(serializers.Serializer[Any]):
    """What an account may do of one action today, and which of all its limits says so."""

    action = serializers.ChoiceField(choices=Action.choices)
    used = serializers.IntegerField()
    cap = serializers.IntegerField(help_text="Today's, by the smallest limit.")
    limited_by = serializers.CharField(help_text="That limit in words; empty when nobody limits the action.")
    asleep_until = serializers.DateTimeField(allow_null=True, help_text='Resting after LinkedIn said "too many".')
    reopens_at = serializers.DateTimeField(allow_null=True, help_text="When a used-up limit lets something through.")


class AccountSerializer(Row[Account]):
    """One connected account. Its limits, pace and time zone may be changed; the rest is the provider's word."""

    invitations_per_day = serializers.IntegerField(min_value=0, max_value=LARGEST_CAP, required=False)
    messages_per_day = serializers.IntegerField(min_value=0, max_value=LARGEST_CAP, required=False)
    limits = serializers.SerializerMethodField()
    spacing_min_seconds = serializers.IntegerField(min_value=SHORTEST_PAUSE, max_value=DAY, required=False)
    spacing_max_seconds = serializers.IntegerField(min_value=SHORTEST_PAUSE, max_value=DAY, required=False)

    class Meta:
        model = Account
        fields = (*PROVIDERS_WORD, *PACE, "limits")
        read_only_fields = PROVIDERS_WORD

    @extend_schema_field(LimitSerializer(many=True))
    def get_limits(self, row: Account) -> list[dict[str, Any]]:
        known = allowances([row], at=now())
        rows = [
            {
                "action": action.value,
                "used": known[row.pk, action.value].used,
                "cap": known[row.pk, action.value].cap,
                "limited_by": known[row.pk, action.value].source,
                "asleep_until": known[row.pk, action.value].asleep_until,
                "reopens_at": known[row.pk, action.value].reopens_at,
            }
            for action in Action
        ]
        return list(LimitSerializer(rows, many=True).data)

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
