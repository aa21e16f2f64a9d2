"""Campaigns: a sequence of steps, the leads that walk through it, and every attempt at every step."""

from datetime import date, time
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from campaigns.planning.calendar import CalendarError, WorkingHours
from campaigns.planning.delays import DelayUnit
from campaigns.querysets import CampaignQuerySet, EnrollmentQuerySet
from integrations.models import Account, Action, Dispatch, Sender
from leads.models import Lead
from outreach.clients.models import ClientOwned, User
from outreach.clients.querysets import ClientOwnedQuerySet
from outreach.fields import CreatedAt
from outreach.zones import check_zone

MONDAY_TO_FRIDAY = (0, 1, 2, 3, 4)


def default_weekdays() -> list[int]:
    return list(MONDAY_TO_FRIDAY)


class EngineState(models.Model):
    """The one switch of the whole engine. There is one row; see campaigns/stopping.py."""

    stopped_at = models.DateTimeField(null=True, blank=True)
    stopped_by = models.CharField(max_length=60, blank=True)

    class Meta:
        verbose_name_plural = "engine state"

    def __str__(self) -> str:
        return "Engine stopped" if self.stopped_at else "Engine running"


class Campaign(ClientOwned):
    """Leads + a sequence + senders + working hours in a time zone.

    draft ──► active ◄──► paused
                └──► completed   (every lead is through)
    """

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        ACTIVE = "active", "Active"
        PAUSED = "paused", "Paused"
        COMPLETED = "completed", "Completed"

    name = models.CharField(max_length=200)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DRAFT, editable=False)
    senders: "models.ManyToManyField[Sender, Any]" = models.ManyToManyField(
        Sender, related_name="campaigns", blank=True
    )
    time_zone = models.CharField(max_length=64, default="Europe/London", validators=[check_zone])
    opens_at = models.TimeField("working hours from", default=time(9, 0))
    closes_at = models.TimeField("working hours to", default=time(17, 30))
    weekdays = models.JSONField(
        default=default_weekdays, help_text="Days on which messages may go out: 0 is Monday, 6 is Sunday."
    )
    closed_dates = models.JSONField(default=list, blank=True, help_text='Dates without sending, e.g. ["2026-12-25"].')
    contact_after_reply = models.BooleanField(
        default=False, help_text="Also write to leads who answered before. Off: a reply silences everything."
    )
    created_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", editable=False
    )
    created_at = CreatedAt()
    activated_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = CampaignQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        try:
            self.hours()
        except (CalendarError, ValueError, TypeError) as problem:
            raise ValidationError(f"Working hours: {problem}") from problem

    def hours(self) -> WorkingHours:
        """The working hours as planning knows them. Raises CalendarError naming what is wrong."""
        return WorkingHours.simple(
            zone=self.time_zone,
            weekdays=frozenset(self.weekdays),
            opens=self.opens_at,
            closes=self.closes_at,
            closed_dates=frozenset(date.fromisoformat(day) for day in self.closed_dates),
        )

    def current_sequence(self) -> "Sequence":
        return self.sequences.latest("version")


class Sequence(ClientOwned):
    """One version of a campaign's steps. Enrollments stay on the version they began with."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="sequences")
    version = models.PositiveIntegerField(default=1)
    created_at = CreatedAt()

    objects = ClientOwnedQuerySet.as_manager()

    class Meta:
        ordering = ["campaign", "-version"]
        constraints = [models.UniqueConstraint(fields=["campaign", "version"], name="one_sequence_per_version")]

    def __str__(self) -> str:
        return f"{self.campaign} · version {self.version}"


class Step(ClientOwned):
    """One step: what to do, and how long to wait before it."""

    class Kind(models.TextChoices):
        CONNECTION_REQUEST = "connection_request", "Connection request"
        MESSAGE = "message", "Message"

    class Unit(models.TextChoices):
        MINUTES = DelayUnit.MINUTES.value, "minutes"
        HOURS = DelayUnit.HOURS.value, "hours"
        DAYS = DelayUnit.DAYS.value, "days"
        WORKING_DAYS = DelayUnit.WORKING_DAYS.value, "working days"

    sequence = models.ForeignKey(Sequence, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField(help_text="Steps run in this order, beginning with 0.")
    kind = models.CharField(max_length=30, choices=Kind.choices)
    delay_amount = models.PositiveIntegerField(
        "wait", default=0, help_text="After the step before (or the acceptance)."
    )
    delay_unit = models.CharField("of", max_length=20, choices=Unit.choices, default=Unit.WORKING_DAYS)
    text = models.TextField(
        blank=True,
        help_text="The message, or the note of a connection request (may be empty). "
        'Tokens: {{ first_name }}, {{ company | default: "your company" }}, {{ sender_first_name }} …',
    )

    objects = ClientOwnedQuerySet.as_manager()

    class Meta:
        ordering = ["sequence", "position"]
        constraints = [models.UniqueConstraint(fields=["sequence", "position"], name="one_step_per_position")]

    def __str__(self) -> str:
        return f"{self.position + 1}. {self.get_kind_display()}"

    def clean(self) -> None:
        from campaigns.editing import check_step

        check_step(self)


class Enrollment(ClientOwned):
    """One lead's walk through one campaign, and its next appointment.

        scheduled ──► active ◄──► paused
                        ├──► completed   every step is done
                        ├──► exited      left early: `exit_reason` says why
                        └──► failed      gave up: `exit_reason` says why

    While a step is in flight, or the lead is held, there is no appointment (`next_action_at` is empty), so that
    nobody can claim it.
    """

    class State(models.TextChoices):
        SCHEDULED = "scheduled", "Scheduled"
        ACTIVE = "active", "Active"
        PAUSED = "paused", "Paused"
        COMPLETED = "completed", "Completed"
        EXITED = "exited", "Exited"
        FAILED = "failed", "Failed"

    OPEN = frozenset({State.SCHEDULED, State.ACTIVE, State.PAUSED})
    TERMINAL = frozenset({State.COMPLETED, State.EXITED, State.FAILED})

    class Stage(models.TextChoices):
        PENDING_INVITE = "pending_invite", "Not invited yet"
        INVITE_SENT = "invite_sent", "Invited"
        CONNECTED = "connected", "Connected"
        MESSAGED = "messaged", "Messaged"
        RESPONDED = "responded", "Responded"

    class ExitReason(models.TextChoices):
        REPLIED = "replied", "Replied"
        SUPPRESSED = "suppressed", "Do not contact"
        NOT_ACCEPTED = "not_accepted", "Invitation not accepted"
        LEAD_IMPOSSIBLE = "lead_impossible", "Cannot be reached"
        COOLING_DOWN = "cooling_down", "Invited too recently"
        NOT_CONNECTED = "not_connected", "Not connected"
        TEXT_REFUSED = "text_refused", "Text refused"
        TOO_MANY_ATTEMPTS = "too_many_attempts", "Too many attempts"
        STOPPED_BY_HAND = "stopped_by_hand", "Stopped by hand"
        REFUSED = "refused", "Refused by the provider"

    class NextAction(models.TextChoices):
        INVITATION = Action.INVITATION.value, "Invitation"
        MESSAGE = Action.MESSAGE.value, "Message"
        EXPIRE = "expire", "Invitation runs out"

    FOLLOW_UP_FIRST, NEW_LEAD = 0, 1

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="enrollments")
    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="enrollments")
    sequence = models.ForeignKey(Sequence, on_delete=models.PROTECT, related_name="enrollments")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="enrollments")
    state = models.CharField(max_length=10, choices=State.choices, default=State.SCHEDULED)
    stage = models.CharField(max_length=20, choices=Stage.choices, default=Stage.PENDING_INVITE)
    exit_reason = models.CharField(max_length=30, choices=ExitReason.choices, blank=True)
    exit_detail = models.CharField(max_length=300, blank=True)
    position = models.PositiveSmallIntegerField(default=0, help_text="Of the next step not yet done.")
    enrolled_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True, help_text="When the campaign began to work on it.")
    last_done_at = models.DateTimeField(null=True, blank=True)
    invited_at = models.DateTimeField(null=True, blank=True)
    connected_at = models.DateTimeField(null=True, blank=True)
    replied_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    next_account = models.ForeignKey(Account, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    next_action = models.CharField(max_length=20, choices=NextAction.choices, blank=True)
    next_action_at = models.DateTimeField(null=True, blank=True)
    priority = models.PositiveSmallIntegerField(default=NEW_LEAD)
    waiting_because = models.CharField(max_length=40, blank=True, help_text="What the gate said last.")
    held_because = models.CharField(max_length=40, blank=True, help_text="Blocked until somebody acts.")
    held_detail = models.CharField(max_length=300, blank=True)
    held_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0, help_text="Failed attempts at the present step.")

    objects = EnrollmentQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "lead"], name="one_enrollment_per_campaign_lead"),
        ]
        indexes = [
            # The tick: the best due appointment of one account.
            models.Index(
                fields=["next_account", "priority", "next_action_at"],
                name="enrollment_appointments",
                condition=Q(state="active", next_action_at__isnull=False),
            ),
            # Appointments that need no account: invitations that run out.
            models.Index(
                fields=["next_action_at"],
                name="enrollment_without_account",
                condition=Q(state="active", next_account__isnull=True, next_action_at__isnull=False),
            ),
            models.Index(fields=["lead", "state"], name="enrollment_by_lead"),
            models.Index(fields=["held_at"], name="enrollment_held", condition=Q(held_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.lead} in {self.campaign}"

    @property
    def status(self) -> str:
        """What the API and the console show: derived from state and stage, never stored."""
        if self.stage == self.Stage.RESPONDED:
            return "responded"
        if self.state == self.State.FAILED or self.held_because:
            return "error"
        if self.state in (self.State.SCHEDULED, self.State.PAUSED, self.State.COMPLETED, self.State.EXITED):
            return self.state
        return self.stage

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN


class StepExecution(ClientOwned):
    """One attempt at one step for one enrollment: what was to be sent, what was decided, what came of it."""

    class Outcome(models.TextChoices):
        IN_FLIGHT = "in_flight", "In flight"
        SENT = "sent", "Sent"
        SKIPPED = "skipped", "Skipped"
        CANCELLED = "cancelled", "Cancelled"
        REFUSED = "refused", "Refused"
        UNKNOWN = "unknown", "Unknown"

    enrollment = models.ForeignKey(Enrollment, on_delete=models.PROTECT, related_name="executions")
    step = models.ForeignKey(Step, on_delete=models.PROTECT, related_name="executions")
    attempt = models.PositiveSmallIntegerField(default=1)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.IN_FLIGHT)
    dispatch = models.OneToOneField(Dispatch, null=True, blank=True, on_delete=models.PROTECT, related_name="execution")
    text = models.TextField(blank=True, help_text="As rendered for this lead; exactly this was sent.")
    because = models.CharField(max_length=40, blank=True)
    detail = models.CharField(max_length=500, blank=True)
    reserved_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)

    objects = ClientOwnedQuerySet.as_manager()

    class Meta:
        ordering = ["-reserved_at"]
        constraints = [
            # Law 1: a step that is in flight, was sent or may have been sent exists once per enrollment.
            models.UniqueConstraint(
                fields=["enrollment", "step"],
                condition=Q(outcome__in=("in_flight", "sent", "unknown")),
                name="one_live_execution_per_step",
            ),
            models.UniqueConstraint(fields=["enrollment", "step", "attempt"], name="one_execution_per_attempt"),
        ]

    def __str__(self) -> str:
        return f"{self.step} · {self.get_outcome_display()}"
