"""Events as the API shows them."""

from rest_framework import serializers

from outreach.events.models import Event


class EventSerializer(serializers.ModelSerializer[Event]):
    """One thing that happened. `data` carries what its kind carries, e.g. `text` of a message."""

    data = serializers.DictField(read_only=True)  # type: ignore[assignment]

    class Meta:
        model = Event
        fields = (
            "id",
            "kind",
            "at",
            "client",
            "actor",
            "lead_id",
            "campaign_id",
            "enrollment_id",
            "account_id",
            "data",
        )
        read_only_fields = fields
