"""What every body has in common: unknown fields are refused, and rows of other clients do not exist."""

from collections.abc import Mapping
from typing import Any, TypeVar

from django.db import models
from django.db.models import Model, QuerySet
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied, ValidationError

from outreach.clients.models import Client
from outreach.clients.roles import may_change

M = TypeVar("M", bound=Model)


def refuse_unknown(data: object, known: Mapping[str, object]) -> None:
    """Raises ValidationError for each field that means nothing: a typo must not pass for a success."""
    unknown = sorted(set(data) - set(known)) if isinstance(data, Mapping) else []
    if unknown:
        sentence = f"There is no such field. There are: {', '.join(known)}."
        raise ValidationError({name: sentence for name in unknown}, code="unknown_field")


class Body(serializers.Serializer[Any]):
    """The input of an action."""

    def to_internal_value(self, data: Any) -> Any:
        refuse_unknown(data, self.fields)
        return super().to_internal_value(data)


class Row(serializers.ModelSerializer[M]):
    """A model's row."""

    def to_internal_value(self, data: Any) -> Any:
        refuse_unknown(data, self.fields)
        return super().to_internal_value(data)


class VisibleRow(serializers.PrimaryKeyRelatedField[M]):
    """A row named by its id in a body. What the caller may not see is answered as if it did not exist."""

    def get_queryset(self) -> QuerySet[M]:
        rows: Any = super().get_queryset()
        visible: QuerySet[M] = rows.visible_to(self.context["request"].user)
        return visible


class OwnClient(VisibleRow[Client]):
    """A client for which the caller may write."""

    def to_internal_value(self, data: Any) -> Client:
        client = super().to_internal_value(data)
        if not may_change(self.context["request"].user, client.pk):
            raise PermissionDenied("Your role with this client does not allow this.")
        return client


class OwnedRow(Row[M]):
    """A row of a client: who makes it may write for that client, and it stays with that client."""

    client = OwnClient(queryset=Client.objects.all(), help_text="The client it belongs to; never changes.")
    serializer_related_field = VisibleRow

    def validate_client(self, client: Client) -> Client:
        row: Any = self.instance
        if row is not None and client.pk != row.client_id:
            raise ValidationError("It stays with its client. Make a new one for another client.", code="immutable")
        return client

    def client_of(self, attrs: Mapping[str, Any]) -> Client:
        """The client that the row has or will have."""
        row: Any = self.instance
        owner: Client = attrs["client"] if row is None else row.client
        return owner


class ErrorType(models.TextChoices):
    VALIDATION_ERROR = "validation_error"
    CLIENT_ERROR = "client_error"
    SERVER_ERROR = "server_error"


class Error(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="Stable word for programs, e.g. `conflict`, `required`, `not_found`.")
    detail = serializers.CharField(help_text="A sentence for people: what is wrong and how to mend it.")
    attr = serializers.CharField(allow_null=True, help_text="The field it is about, as in `steps.0.text`.")


class ErrorAnswer(serializers.Serializer[Any]):
    """What every error looks like."""

    type = serializers.ChoiceField(choices=ErrorType.choices)
    errors = Error(many=True)  # type: ignore[assignment]


class InFlight(serializers.Serializer[Any]):
    """The answer to a pause: nothing new starts; these calls were already under way and may still take effect."""

    in_flight = serializers.ListField(child=serializers.UUIDField(), help_text="Ids of dispatches.")


def in_flight(dispatches: tuple[models.Model, ...]) -> dict[str, list[str]]:
    return {"in_flight": [str(dispatch.pk) for dispatch in dispatches]}
