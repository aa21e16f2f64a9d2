"""Campaigns, their steps, and the leads that walk through them."""

from typing import Any

from django.core.exceptions import ValidationError as Refused
from django.forms.models import model_to_dict
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from campaigns.actions.contract import TextUse
from campaigns.actions.registry import choices as step_kinds
from campaigns.api.statuses import LeadStatus
from campaigns.handing_over import senders_with_leads
from campaigns.models import Campaign, Enrollment, ManualTask, Step, StepExecution
from inbox.models import Message
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


class Interval(serializers.ListField):
    """From and to, on the clock of the campaign's zone."""

    child = serializers.CharField(max_length=5)


class CampaignSerializer(OwnedRow[Campaign]):
    """Leads + a sequence + senders + working hours in a time zone. Only drafts may be changed, but for the guards."""

    HOURS = (
        "time_zone",
        "opens_at",
        "closes_at",
        "weekdays",
        "week",
        "weekend",
        "weekend_percent",
        "holidays_of",
        "closed_dates",
    )

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
    week = serializers.DictField(
        child=serializers.ListField(
            child=serializers.ListField(child=serializers.CharField(max_length=5)), max_length=12
        ),
        required=False,
        help_text='Hours of each day, e.g. `{"mon": [["09:00", "12:00"], ["13:00", "17:30"]]}`; '
        "when given they replace `opens_at`, `closes_at` and `weekdays`.",
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
            "week",
            "weekend",
            "weekend_percent",
            "holidays_of",
            "use_lead_time_zone",
            "closed_dates",
            "new_leads_per_day",
            "withdraw_after_days",
            "quiet_after_hours",
            "quiet_since",
            "one_campaign_at_a_time",
            "one_sender_at_a_time",
            "company_limit",
            "colleague_pause_days",
            "not_again_within_days",
            "contact_after_reply",
            "created_at",
            "activated_at",
        )
        read_only_fields = ("status", "quiet_since", "created_at", "activated_at")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        client = self.client_of(attrs)
        if any(sender.client_id != client.pk for sender in attrs.get("senders", ())):
            raise serializers.ValidationError({"senders": "A sender must belong to the campaign's client."})
        self._check_hours(attrs)
        self._check_senders(attrs)
        return attrs

    def _check_senders(self, attrs: dict[str, Any]) -> None:
        """Nobody is taken out of a campaign while leads are still with them."""
        if self.instance is None or "senders" not in attrs:
            return
        before, kept = set(self.instance.senders.all()), set(attrs["senders"])
        if staying := [each for each in senders_with_leads(self.instance) if each in before - kept]:
            names = ", ".join(sender.name for sender in staying)
            raise serializers.ValidationError({"senders": f"{names} still has leads here; hand them over first."})

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
        fields = (
            "id",
            "origin",
            "position",
            "kind",
            "delay_amount",
            "delay_unit",
            "text",
            "weight",
            "variants",
            "options",
            "next_position",
            "else_position",
        )
        read_only_fields = fields


class VariantSerializer(Body):
    """A further text of a step. The step's own text is the variant A."""

    label = serializers.CharField(max_length=10)  # type: ignore[assignment]
    weight = serializers.IntegerField(min_value=0, max_value=1000, default=1)
    text = serializers.CharField(max_length=LONGEST_TEXT, allow_blank=True)


class StepDraftSerializer(Body):
    """One step, in its order. The texts are checked as strictly as when they are sent."""

    kind = serializers.ChoiceField(choices=step_kinds(), help_text="What each needs: `/api/v1/step-kinds/`.")
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
    weight = serializers.IntegerField(min_value=0, max_value=1000, default=1, help_text="Of the text among variants.")
    variants = VariantSerializer(many=True, required=False, max_length=10, help_text="Further texts to try.")  # type: ignore[call-arg]
    options = serializers.DictField(
        child=serializers.JSONField(),
        required=False,
        help_text="What the kind needs; see `/api/v1/step-kinds/`.",
    )
    next_position = serializers.IntegerField(
        min_value=0, max_value=1000, allow_null=True, default=None, help_text="Where the walk goes on; null: next step."
    )
    else_position = serializers.IntegerField(
        min_value=0, max_value=1000, allow_null=True, default=None, help_text="Where a condition goes that fails."
    )
    origin = serializers.UUIDField(
        allow_null=True, default=None, help_text="The step of an earlier version that this one continues."
    )

    def get_fields(self) -> dict[str, Any]:
        """Kinds are asked for when they are needed: one that was registered late is a choice as well."""
        fields: dict[str, Any] = super().get_fields()
        fields["kind"].choices = step_kinds()
        return fields


class StepKindTold(serializers.Serializer[Any]):
    """A kind of step, and what it takes."""

    kind = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    text = serializers.ChoiceField(choices=[each.value for each in TextUse], help_text="Whether it has a text.")
    options = serializers.DictField(child=serializers.CharField(), help_text="What it takes, a sentence each.")
    action = serializers.CharField(allow_null=True, help_text="Whose caps it counts against; null: no account's.")
    needs_connection = serializers.BooleanField(help_text="It waits while an invitation is out.")
    branches = serializers.BooleanField(help_text="It goes one way or the other, by `else_position`.")
    ends = serializers.BooleanField(help_text="The walk ends with it.")


class StepsForm(serializers.Serializer[Any]):
    """All steps together, so that an error names its place: `steps.2.text`."""

    steps = StepDraftSerializer(many=True, max_length=MOST_STEPS)  # type: ignore[call-arg]


class HandOverForm(Body):
    """A sender leaves the campaign: who takes the leads, and what becomes of those who know the old sender."""

    sender = serializers.UUIDField()
    to = serializers.UUIDField(allow_null=True, default=None, help_text="null: spread over the other senders.")
    begun = serializers.ChoiceField(
        choices=(("stay", "stay"), ("end", "end")),
        default="stay",
        help_text="Leads to whom something was sent stay with the old sender, or leave the campaign.",
    )


class LeavingSerializer(serializers.Serializer[Any]):
    """Who could leave the campaign, and how many of their open leads do not know them yet and could go to another."""

    sender = serializers.UUIDField(source="sender.pk")
    name = serializers.CharField(source="sender.name")
    open = serializers.IntegerField()
    free = serializers.IntegerField()


class HandOverAnswer(serializers.Serializer[Any]):
    moved = serializers.IntegerField()
    stayed = serializers.IntegerField()
    ended = serializers.IntegerField()


class NewVersionForm(serializers.Serializer[Any]):
    """The steps of a new version of a running campaign."""

    steps = StepDraftSerializer(many=True, max_length=MOST_STEPS)  # type: ignore[call-arg]
    move = serializers.BooleanField(default=False, help_text="Take leads under way over to the new version.")
    based_on = serializers.IntegerField(
        required=False,
        allow_null=True,
        default=None,
        help_text="The version that the steps were made from; refused with 409 when there is a newer one.",
    )


class MoveSerializer(Body):
    move = serializers.BooleanField(default=True, help_text="Take leads under way over to it.")
    based_on = serializers.IntegerField(
        required=False, allow_null=True, default=None, help_text="The newest version you know; 409 if there is another."
    )


class MovedSerializer(serializers.Serializer[Any]):
    moved = serializers.IntegerField()
    stayed = serializers.IntegerField()


class VersionSerializer(serializers.Serializer[Any]):
    """One version of a campaign's steps, and how many leads are under way on it."""

    version = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    step_count = serializers.IntegerField()
    leads = serializers.IntegerField()


class ChangeSerializer(serializers.Serializer[Any]):
    """What a new version would change, and for how many leads under way."""

    changes = serializers.ListField(child=serializers.CharField())
    movable = serializers.IntegerField(help_text="Leads who find their place in it.")
    in_flight = serializers.IntegerField(help_text="Leads with a step being sent; they stay for now.")
    astray = serializers.IntegerField(help_text="Leads without a place in it; they stay on their version.")
    version = serializers.IntegerField(help_text="The newest version now: what to give as `based_on`.")


class PublishedSerializer(serializers.Serializer[Any]):
    version = serializers.IntegerField(source="sequence.version")
    moved = serializers.IntegerField()
    stayed = serializers.IntegerField()


class EnrollSerializer(Body):
    lead_ids = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=MOST_LEADS)


class EnrollRefusal(serializers.Serializer[Any]):
    lead = serializers.UUIDField(source="lead.pk")
    because = serializers.CharField(help_text="Stable word for programs.")
    detail = serializers.CharField(help_text="The same for people.")


class EnrollAnswer(serializers.Serializer[Any]):
    """How many leads were enrolled, and why the others were not. `waiting` were enrolled and wait for their turn."""

    enrolled = serializers.IntegerField()
    refused = EnrollRefusal(many=True)
    waiting = EnrollRefusal(many=True)


class Problems(serializers.Serializer[Any]):
    """What stands against activating; empty when nothing does."""

    problems = serializers.ListField(child=serializers.CharField())


class InWords(serializers.Serializer[Any]):
    sentence = serializers.CharField(help_text="E.g. `waiting · outside hours until Mon 09:00`.")


class CampaignStorySerializer(InWords):
    """What the campaign is doing, and what keeps its leads."""

    can_move = serializers.IntegerField(help_text="Leads whose next step may go out now.")
    of = serializers.IntegerField(help_text="Leads under way.")
    lines = serializers.ListField(child=serializers.CharField(), help_text="What keeps the others, and the accounts.")


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
            "variant",
            "text",
            "because",
            "detail",
            "reserved_at",
            "settled_at",
        )
        read_only_fields = fields


class TaskSerializer(Row[ManualTask]):
    """Something a person has to do before a lead goes on."""

    class Meta:
        model = ManualTask
        fields = (
            "id",
            "client",
            "enrollment",
            "step",
            "state",
            "instructions",
            "note",
            "opened_at",
            "closed_at",
            "closed_by",
        )
        read_only_fields = fields


class CloseTaskSerializer(Body):
    skipped = serializers.BooleanField(default=False, help_text="Nobody did it; the lead goes on all the same.")
    note = serializers.CharField(max_length=500, allow_blank=True, default="", help_text="What came of it.")


class MeaningSerializer(Body):
    meaning = serializers.ChoiceField(choices=Message.Meaning.choices)


class SettleSerializer(Body):
    happened = serializers.BooleanField(help_text="Whether the message or invitation did reach the person.")


class AccountStorySerializer(serializers.Serializer[Any]):
    lines = serializers.ListField(
        child=serializers.CharField(), help_text="Sentences, each with its end if it has one."
    )


class CircuitSerializer(serializers.Serializer[Any]):
    provider = serializers.ChoiceField(choices=["unipile"], default="unipile")


class ProviderSerializer(serializers.Serializer[Any]):
    """How a provider answers: `closed` is well, `open` is left alone, `half_open` is tried out with one call."""

    provider = serializers.CharField()
    state = serializers.ChoiceField(choices=["closed", "open", "half_open"])
    opens_at = serializers.DateTimeField(allow_null=True, help_text="When calls start again by themselves.")
    failures_in_a_row = serializers.IntegerField()
    detail = serializers.CharField(help_text="What failed last.")


class EngineSerializer(serializers.Serializer[Any]):
    running = serializers.BooleanField(help_text="False: nothing automatic is sent, for any client.")
    stopped_at = serializers.DateTimeField(allow_null=True)
    restored_at = serializers.DateTimeField(allow_null=True, help_text="When the database last looked restored.")
    providers = ProviderSerializer(many=True)
    accounts_to_reconcile = serializers.IntegerField(
        help_text="Accounts that send nothing until they were compared with the provider."
    )
