"""Clients, and the caller."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from outreach.api.serializers import Row
from outreach.clients.models import ApiKey, Client, Membership, User


class ClientSerializer(Row[Client]):
    class Meta:
        model = Client
        fields = ("id", "name", "slug", "paused_at", "created_at")
        read_only_fields = fields


class MembershipSerializer(serializers.ModelSerializer[Membership]):
    client = ClientSerializer(read_only=True)

    class Meta:
        model = Membership
        fields = ("client", "role")
        read_only_fields = fields


class ApiKeySerializer(serializers.ModelSerializer[ApiKey]):
    class Meta:
        model = ApiKey
        fields = ("id", "name", "prefix", "created_at", "expires_at")
        read_only_fields = fields


class MeSerializer(serializers.ModelSerializer[User]):
    """Who is calling, for which clients, and with which key (null: logged in to the console)."""

    name = serializers.CharField(source="get_full_name", read_only=True)
    email = serializers.EmailField(read_only=True, allow_blank=True)
    is_operator = serializers.BooleanField(
        source="is_superuser", read_only=True, help_text="The operator sees every client, member or not."
    )
    memberships = MembershipSerializer(many=True, read_only=True)
    api_key = serializers.SerializerMethodField()

    class Meta:
        model = User
        fields = ("id", "username", "name", "email", "is_operator", "memberships", "api_key")
        read_only_fields = fields

    @extend_schema_field(ApiKeySerializer(allow_null=True))
    def get_api_key(self, user: User) -> dict[str, Any] | None:
        key = self.context["request"].auth
        return ApiKeySerializer(key).data if isinstance(key, ApiKey) else None
