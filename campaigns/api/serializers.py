"""Campaigns, their steps, and the leads that walk through them."""

from typing import Any

from django.core.exceptions import ValidationError as Refused
from django.forms.models import model_to_dict
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from campaigns.api.statuses import LeadStatus
from campaigns.models import Campaign, Enrollment, Step, StepExecution
from integrations.models import Sender
from outreach.api.errors import as_bad_input
from outreach.api.serializers import Body, OwnedRow, Row, VisibleRow

MOST_LEADS = 1_000
MOST_STEPS = 50
LONGEST_TEXT = 8_000
WALL_TIMES = ("%H:%M", "%H:%M:%S")


class IsoDates(serializers.ListField):
    """Dates, kept in JSON as they are written: 2026-12-25."""

    child = serializers.DateField()

    def to_internal_value(self, data: Any) -> list[str]:
        return [day.isoformat() for day in super().to_internal_value(data)]


@extend_schema_field({"type": "string", "pattern": r"^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$", "example": "09:00"})
class WallTime(serializers.TimeField):
    """A time on the clock of the campaign's zone. No `format: time`, which would carry an offset (RFC 3339)."""


class CampaignSerializer(OwnedRow[Campaign]):
    """Leads + a sequence + senders + working hours in a time zone. Only drafts may be changed."""

    HOURS = ("time_zone", "opens_at", "closes_at", "weekdays", "closed_dates")

    senders = VisibleRow(queryset=Sender.objects.all(), many=True, required=False)
    opens_at = WallTime(input_formats=WALL_TIMES, required=False, help_text="Working hours from.")
    closes_at = WallTime(input_formats=WALL_TIMES, required=False, help_text="Working hours to.")
    weekdays = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=6),
        min_length=1,
        max_length=7,
        required=False,
        help_text="Days on which messages may go out: 0 is Monday, 6 is Sunday.",
    )
    closed_dates = IsoDates(required=False, max_length=400, help_text="Dates without sending.")

    class Meta:
        model = Campaign
        fields = (
            "id",
            "client",
            "name",
            "status",
            "senders",
            "time_zone",
            "opens_at",
            "closes_at",
            "weekdays",
            "closed_dates",
            "contact_after_reply",
            "created_at",
            "activated_at",
        )
        read_only_fields = ("status", "created_at", "activated_at")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        client = self.client_of(attrs)
        if any(sender.client_id != client.pk for sender in attrs.get("senders", ())):
            raise serializers.ValidationError({"senders": "A sender must belong to the campaign's client."})
        self._check_hours(attrs)
        return attrs

    def _check_hours(self, attrs: dict[str, Any]) -> None:
        known = model_to_dict(self.instance or Campaign(), fields=self.HOURS)
        given = {name: attrs[name] for name in self.HOURS if name in attrs}
        try:
            Campaign(**known | given).clean()
        except Refused as refusal:
            raise as_bad_input(refusal) from refusal


class StepSerializer(serializers.ModelSerializer[Step]):
    class Meta:
        model = Step
        fields = ("id", "position", "kind", "delay_amount", "delay_unit", "text")
        read_only_fields = fields


class StepDraftSerializer(Body):
    """One step, in its order. The texts are checked as strictly as when they are sent."""

    kind = serializers.ChoiceField(choices=Step.Kind.choices)
    text = serializers.CharField(
        max_length=LONGEST_TEXT,
        allow_blank=True,
        default="",
        help_text="The message, or the note of a connection request (may be empty). "
        'Tokens: {{ first_name }}, {{ company | default: "your company" }}, {{ sender_first_name }} …',
    )
    delay_amount = serializers.IntegerField(
        min_value=0, max_value=100_000, default=0, help_text="How long to wait after the step before."
    )
    delay_unit = serializers.ChoiceField(choices=Step.Unit.choices, default=Step.Unit.WORKING_DAYS)


class StepsForm(serializers.Serializer[Any]):
    """All steps together, so that an error names its place: `steps.2.text`."""

    steps = StepDraftSerializer(many=True, max_length=MOST_STEPS)  # type: ignore[call-arg]


class EnrollSerializer(Body):
    lead_ids = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=MOST_LEADS)


class EnrollRefusal(serializers.Serializer[Any]):
    lead = serializers.UUIDField(source="lead.pk")
    because = serializers.CharField(help_text="Stable word for programs.")
    detail = serializers.CharField(help_text="The same for people.")


class EnrollAnswer(serializers.Serializer[Any]):
    """How many leads were enrolled, and why the others were not."""

    enrolled = serializers.IntegerField()
    refused = EnrollRefusal(many=True)


class Problems(serializers.Serializer[Any]):
    """What stands against activating; empty when nothing does."""

    problems = serializers.ListField(child=serializers.CharField())


class InWords(serializers.Serializer[Any]):
    sentence = serializers.CharField(help_text="E.g. `waiting · outside hours until Mon 09:00`.")


class EnrollmentSerializer(Row[Enrollment]):
    """One lead's walk through one campaign. `status` sums up state and stage."""

    status = serializers.ChoiceField(choices=LeadStatus.choices, read_only=True)
    exit_reason = serializers.ChoiceField(choices=Enrollment.ExitReason.choices, allow_blank=True, read_only=True)
    next_action = serializers.ChoiceField(choices=Enrollment.NextAction.choices, allow_blank=True, read_only=True)

    class Meta:
        model = Enrollment
        fields = (
            "id",
            "client",
            "campaign",
            "lead",
            "account",
            "status",
            "state",
            "stage",
            "exit_reason",
            "exit_detail",
            "position",
            "enrolled_at",
            "started_at",
            "last_done_at",
            "invited_at",
            "connected_at",
            "replied_at",
            "ended_at",
            "next_action",
            "next_action_at",
            "waiting_because",
            "held_because",
            "held_detail",
            "held_at",
            "attempts",
        )
        read_only_fields = fields


class EnrollmentBrief(serializers.ModelSerializer[Enrollment]):
    """Where a lead stands in one campaign."""

    status = serializers.ChoiceField(choices=LeadStatus.choices, read_only=True)

    class Meta:
        model = Enrollment
        fields = ("id", "campaign", "status")
        read_only_fields = fields


class StopSerializer(Body):
    detail = serializers.CharField(max_length=300, allow_blank=True, default="", help_text="Why, for the record.")


class ReasonSerializer(serializers.Serializer[Any]):
    """One thing that keeps the lead from moving."""

    because = serializers.CharField(help_text="Stable word for programs.")
    until = serializers.DateTimeField(allow_null=True, help_text="When it ends by itself; null: somebody must end it.")
    sentence = serializers.CharField(help_text="The same for people.")


class StepExecutionSerializer(Row[StepExecution]):
    """One attempt at one step for one lead: what was to be sent, and what came of it."""

    class Meta:
        model = StepExecution
        fields = (
            "id",
            "client",
            "enrollment",
            "step",
            "attempt",
            "outcome",
            "dispatch",
            "text",
            "because",
            "detail",
            "reserved_at",
            "settled_at",
        )
        read_only_fields = fields


class SettleSerializer(Body):
    happened = serializers.BooleanField(help_text="Whether the message or invitation did reach the person.")


class EngineSerializer(serializers.Serializer[Any]):
    running = serializers.BooleanField(help_text="False: nothing automatic is sent, for any client.")
    stopped_at = serializers.DateTimeField(allow_null=True)
