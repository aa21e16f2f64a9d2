"""Leads, the report of an import, and the do-not-contact list."""

from collections.abc import Mapping
from typing import Any

from django.core.validators import RegexValidator
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied

from leads.identifiers import LinkedInIdentity, identity_from
from leads.models import Lead, Suppression
from outreach.api.serializers import Body, OwnClient, OwnedRow, Row
from outreach.clients.models import Client

LONGEST_VALUE = 5_000
MOST_CUSTOM_FIELDS = 200
IDENTITY = ("public_identifier", "provider_id", "sales_navigator_id", "member_urn")
is_field_key = RegexValidator(
    r"^[a-z][a-z0-9_]{0,79}\Z", "A custom field's key is lower-case letters, digits and _, at most 80, a letter first."
)


class CustomValues(serializers.DictField):
    """Further fields by key, each a text."""

    child = serializers.CharField(allow_blank=True, max_length=LONGEST_VALUE, trim_whitespace=False)

    def run_child_validation(self, data: Mapping[str, Any]) -> dict[str, str]:
        if len(data) > MOST_CUSTOM_FIELDS:
            raise serializers.ValidationError(f"At most {MOST_CUSTOM_FIELDS} custom fields.", code="max_length")
        for key in data:
            is_field_key(str(key))
        values: dict[str, str] = super().run_child_validation(data)
        return values


class LeadSerializer(OwnedRow[Lead]):
    """A person of one client.

    `linkedin_url` takes any form of a profile's address, a LinkedIn name or a member id. Once set it stays:
    another profile is another person, and another lead.
    """

    name = serializers.CharField(read_only=True)
    linkedin_url = serializers.CharField(max_length=1_000, allow_blank=True, required=False)
    custom = CustomValues(required=False, help_text="A change names only the keys that change.")
    tags = serializers.ListField(
        child=serializers.CharField(max_length=60), max_length=100, required=False, help_text="A change replaces all."
    )

    class Meta:
        model = Lead
        fields: tuple[str, ...] = (
            "id",
            "client",
            "first_name",
            "last_name",
            "name",
            "email",
            "company",
            "title",
            "headline",
            "location",
            "phone",
            "website",
            "time_zone",
            "linkedin_url",
            "public_identifier",
            "provider_id",
            "custom",
            "tags",
            "source",
            "replied_at",
            "created_at",
            "updated_at",
        )
        read_only_fields = ("public_identifier", "provider_id", "source", "replied_at", "created_at", "updated_at")
        validators: tuple[Any, ...] = ()

    def validate_linkedin_url(self, text: str) -> LinkedInIdentity:
        identity = identity_from(text)
        if text.strip() and not identity:
            raise serializers.ValidationError(
                "This names no LinkedIn profile. Give an address such as https://www.linkedin.com/in/ada-example."
            )
        return identity

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        identity: LinkedInIdentity = attrs.pop("linkedin_url", LinkedInIdentity())
        self._refuse_another_person(identity)
        self._refuse_double(identity, self.client_of(attrs))
        self._refuse_unreachable(identity, attrs)
        return attrs | {name: value for name in IDENTITY if (value := getattr(identity, name))}

    def update(self, instance: Lead, validated_data: dict[str, Any]) -> Lead:
        if "custom" in validated_data:
            validated_data["custom"] = instance.custom | validated_data["custom"]
        return super().update(instance, validated_data)

    def _refuse_another_person(self, identity: LinkedInIdentity) -> None:
        for name in ("provider_id", "public_identifier"):
            known, given = getattr(self.instance, name, ""), getattr(identity, name)
            if known and given and known != given:
                sentence = f"This lead is {known}. Another profile is another person: make a new lead."
                raise serializers.ValidationError({"linkedin_url": sentence}, code="another_person")

    def _refuse_double(self, identity: LinkedInIdentity, client: Client) -> None:
        for name in ("provider_id", "public_identifier"):
            value = getattr(identity, name)
            others = Lead.objects.of(client).filter(**{name: value})
            if value and (double := others.first()) and double != self.instance:
                sentence = f"Lead {double.pk} has this profile already."
                raise serializers.ValidationError({"linkedin_url": sentence}, code="unique")

    def _refuse_unreachable(self, identity: LinkedInIdentity, attrs: dict[str, Any]) -> None:
        if self.instance is None and not identity and not attrs.get("email"):
            raise serializers.ValidationError("A lead needs a linkedin_url or an email.", code="no_identity")


class SuppressionSerializer(Row[Suppression]):
    """An entry of the do-not-contact list. `client` null: it holds everywhere; only the operator may do that."""

    client = OwnClient(queryset=Client.objects.all(), allow_null=True)
    reason = serializers.CharField(max_length=300, allow_blank=True, default="")

    class Meta:
        model = Suppression
        fields = ("id", "client", "kind", "value", "reason", "source", "created_at")
        read_only_fields = ("source", "created_at")
        validators: tuple[Any, ...] = ()

    def validate_client(self, client: Client | None) -> Client | None:
        if client is None and not self.context["request"].user.is_superuser:
            raise PermissionDenied("Only the operator may forbid contact for every client. Name a client.")
        return client


class SuppressLeadSerializer(Body):
    """Forbids every contact with this person: both their LinkedIn profile and their address are entered."""

    reason = serializers.CharField(max_length=300, allow_blank=True, default="")
