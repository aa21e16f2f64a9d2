"""Campaigns: a sequence of steps, the leads that walk through it, and every attempt at every step."""

from datetime import time
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from campaigns.calendars import working_hours
from campaigns.planning.calendar import CalendarError, WorkingHours
from campaigns.planning.delays import DelayUnit
from campaigns.querysets import CampaignQuerySet, EnrollmentQuerySet
from integrations.models import Account, Action, Dispatch, Sender
from leads.models import Lead
from outreach.clients.models import ClientOwned, User
from outreach.clients.querysets import ClientOwnedQuerySet
from outreach.fields import CreatedAt
from outreach.identifiers import new_id
from outreach.zones import check_zone

MONDAY_TO_FRIDAY = (0, 1, 2, 3, 4)


def default_weekdays() -> list[int]:
    return list(MONDAY_TO_FRIDAY)


def kinds_of_step() -> list[tuple[str, str]]:
    """Asked when needed, so that a new kind of step is no change of the database."""
    from campaigns.actions.registry import choices

    return choices()


class EngineState(models.Model):
    """The one switch of the whole engine. There is one row; see campaigns/stopping.py."""

    stopped_at = models.DateTimeField(null=True, blank=True)
    stopped_by = models.CharField(max_length=60, blank=True)
    house = models.UUIDField(default=new_id, editable=False, help_text="Which database this is.")
    mark = models.BigIntegerField(default=0, editable=False, help_text="Grows while workers run.")
    restored_at = models.DateTimeField(null=True, blank=True, help_text="When it last looked like a restored backup.")

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

    class Weekend(models.TextChoices):
        HARD_STOP = "hard_stop", "Nothing goes out"
        REDUCED = "reduced", "Less goes out"

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
    week = models.JSONField(
        "hours in detail",
        default=dict,
        blank=True,
        help_text='Hours of each day, e.g. {"mon": [["09:00", "12:00"], ["13:00", "17:30"]]}; they replace the above.',
    )
    weekend = models.CharField(
        max_length=10,
        choices=Weekend.choices,
        default=Weekend.HARD_STOP,
        help_text="What happens on a Saturday or Sunday without hours of its own.",
    )
    weekend_percent = models.PositiveSmallIntegerField(
        default=30,
        validators=[MaxValueValidator(100)],
        help_text="Share of the daily caps that a reduced weekend may use.",
    )
    holidays_of = models.CharField(
        "public holidays of",
        max_length=10,
        blank=True,
        help_text="A country, such as GB, or a part of it, such as GB-SCT: nothing goes out on its public holidays.",
    )
    use_lead_time_zone = models.BooleanField(
        "by the lead's clock",
        default=False,
        help_text="Keep these hours in the lead's own zone where it is known.",
    )
    closed_dates = models.JSONField(default=list, blank=True, help_text='Dates without sending, e.g. ["2026-12-25"].')
    quiet_after_hours = models.PositiveSmallIntegerField(
        default=8,
        validators=[MinValueValidator(1)],
        help_text="Working hours without anything sent, although leads are due, after which there is an alarm.",
    )
    quiet_since = models.DateTimeField(null=True, blank=True, editable=False)
    new_leads_per_day = models.PositiveIntegerField(
        null=True, blank=True, help_text="How many leads may get their first step on a day. Empty: as many as can."
    )
    withdraw_after_days = models.PositiveSmallIntegerField(
        default=21,
        validators=[MinValueValidator(1)],
        help_text="Invitations that are still unanswered after so many days are withdrawn.",
    )
    one_campaign_at_a_time = models.BooleanField(
        default=True, help_text="Not while the same person is in another running campaign of the client."
    )
    one_sender_at_a_time = models.BooleanField(
        default=True, help_text="Not while another sender of the client is talking with the person."
    )
    company_limit = models.PositiveSmallIntegerField(
        "people of one company at once", null=True, blank=True, default=3, help_text="Empty: as many as there are."
    )
    colleague_pause_days = models.PositiveSmallIntegerField(
        default=7, help_text="Days that colleagues are left alone after one has answered. 0: not at all."
    )
    not_again_within_days = models.PositiveSmallIntegerField(
        default=30, help_text="Days since the last message of another campaign to the person. 0: not asked."
    )
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
        return working_hours(self)

    def current_sequence(self) -> "Sequence":
        return self.sequences.latest("version")


class CampaignDay(ClientOwned):
    """How many new leads a campaign has begun with on one day of its zone."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="days")
    day = models.DateField()
    begun = models.PositiveIntegerField(default=0)

    objects = ClientOwnedQuerySet.as_manager()

    class Meta:
        ordering = ["-day"]
        constraints = [models.UniqueConstraint(fields=["campaign", "day"], name="one_row_per_campaign_day")]

    def __str__(self) -> str:
        return f"{self.campaign} {self.day}: {self.begun}"


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

    class Kind:
        """The words of the kinds that the engine itself speaks of. All kinds: campaigns/actions/registry.py."""

        CONNECTION_REQUEST = "connection_request"
        MESSAGE = "message"

    class Unit(models.TextChoices):
        MINUTES = DelayUnit.MINUTES.value, "minutes"
        HOURS = DelayUnit.HOURS.value, "hours"
        DAYS = DelayUnit.DAYS.value, "days"
        WORKING_DAYS = DelayUnit.WORKING_DAYS.value, "working days"

    sequence = models.ForeignKey(Sequence, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField(help_text="Steps run in this order, beginning with 0.")
    origin = models.UUIDField(
        default=new_id, editable=False, help_text="The same step in every version: it is sent to a lead once."
    )
    kind = models.CharField(max_length=30, choices=kinds_of_step)
    delay_amount = models.PositiveIntegerField(
        "wait", default=0, help_text="After the step before (or the acceptance)."
    )
    delay_unit = models.CharField("of", max_length=20, choices=Unit.choices, default=Unit.WORKING_DAYS)
    text = models.TextField(
        blank=True,
        help_text="The message, or the note of a connection request (may be empty). "
        'Tokens: {{ first_name }}, {{ company | default: "your company" }}, {{ sender_first_name }} …',
    )
    weight = models.PositiveSmallIntegerField(default=1, help_text="Of this text among its variants.")
    variants = models.JSONField(
        default=list, blank=True, help_text='Further texts to try, e.g. [{"label": "B", "weight": 1, "text": "…"}].'
    )
    options = models.JSONField(default=dict, blank=True, help_text="What the kind of step needs to know.")
    next_position = models.PositiveSmallIntegerField(
        "then go to", null=True, blank=True, help_text="Position of the step that follows; empty: the next one."
    )
    else_position = models.PositiveSmallIntegerField(
        "otherwise go to", null=True, blank=True, help_text="Of a condition: where to go when it does not hold."
    )

    objects = ClientOwnedQuerySet.as_manager()

    class Meta:
        ordering = ["sequence", "position"]
        constraints = [models.UniqueConstraint(fields=["sequence", "position"], name="one_step_per_position")]

    def __str__(self) -> str:
        return f"{self.position + 1}. {self.get_kind_display()}"

    def texts(self) -> list[tuple[str, int, str]]:
        """Label, weight and text of every variant; the step's own text is the first, A."""
        further = [(str(each["label"]), int(each["weight"]), str(each["text"])) for each in self.variants]
        return [("A", self.weight, self.text), *further]

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
        MOVED = "moved", "Moved to another campaign"
        SENDER_LEFT = "sender_left", "The sender left"

    class NextAction(models.TextChoices):
        INVITATION = Action.INVITATION.value, "Invitation"
        MESSAGE = Action.MESSAGE.value, "Message"
        INMAIL = "inmail", "InMail"
        PROFILE_VIEW = "profile_view", "Profile visit"
        REACTION = "reaction", "Like"
        COMMENT = "comment", "Comment"
        ENDORSEMENT = "endorsement", "Endorsement"
        WITHDRAWAL = "withdrawal", "Withdrawal"
        MAIL = "mail", "E-mail"
        INTERNAL = "internal", "Step without an account"
        EXPIRE = "expire", "Invitation runs out"

    WITHOUT_ACCOUNT = frozenset({NextAction.INTERNAL, NextAction.EXPIRE})
    PRIORITIES = FOLLOW_UP_FIRST, NEW_LEAD = 0, 1

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
    begun_on = models.DateField(null=True, blank=True, help_text="The campaign's day that its first step counts for.")
    last_done_at = models.DateTimeField(null=True, blank=True)
    last_sent_at = models.DateTimeField(null=True, blank=True, help_text="Of the steps that reached the lead.")
    invited_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True, help_text="When the invitation was taken back.")
    connected_at = models.DateTimeField(null=True, blank=True)
    replied_at = models.DateTimeField(null=True, blank=True)
    resting_until = models.DateTimeField(null=True, blank=True, help_text="The lead is out of office until then.")
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
            # Steps that need no account: conditions, tags, tasks.
            models.Index(
                fields=["next_action_at"],
                name="enrollment_internal_steps",
                condition=Q(state="active", next_action="internal"),
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

    @property
    def is_flying(self) -> bool:
        """A step of it is being sent, or nobody knows yet whether it was."""
        return self.executions.filter(outcome__in=("in_flight", "unknown")).exists()


class StepExecution(ClientOwned):
    """One attempt at one step for one enrollment: what was to be sent, what was decided, what came of it."""

    class Outcome(models.TextChoices):
        IN_FLIGHT = "in_flight", "In flight"
        SENT = "sent", "Sent"
        DONE = "done", "Done"
        SKIPPED = "skipped", "Skipped"
        CANCELLED = "cancelled", "Cancelled"
        REFUSED = "refused", "Refused"
        UNKNOWN = "unknown", "Unknown"

    enrollment = models.ForeignKey(Enrollment, on_delete=models.PROTECT, related_name="executions")
    step = models.ForeignKey(Step, on_delete=models.PROTECT, related_name="executions")
    attempt = models.PositiveSmallIntegerField(default=1)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.IN_FLIGHT)
    dispatch = models.OneToOneField(Dispatch, null=True, blank=True, on_delete=models.PROTECT, related_name="execution")
    variant = models.CharField(max_length=10, blank=True, help_text="Which of the step's texts it was.")
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
                condition=Q(outcome__in=("in_flight", "sent", "done", "unknown")),
                name="one_live_execution_per_step",
            ),
            models.UniqueConstraint(fields=["enrollment", "step", "attempt"], name="one_execution_per_attempt"),
        ]

    def __str__(self) -> str:
        return f"{self.step} · {self.get_outcome_display()}"


class ManualTask(ClientOwned):
    """Something a person has to do before a lead goes on: done or skipped in the console or the API."""

    class State(models.TextChoices):
        OPEN = "open", "Open"
        DONE = "done", "Done"
        SKIPPED = "skipped", "Skipped"
        DROPPED = "dropped", "No longer needed"

    enrollment = models.ForeignKey(Enrollment, on_delete=models.CASCADE, related_name="tasks")
    step = models.ForeignKey(Step, on_delete=models.PROTECT, related_name="tasks")
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    instructions = models.TextField(help_text="As worded for this lead.")
    note = models.CharField(max_length=500, blank=True, help_text="What came of it.")
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.CharField(max_length=60, blank=True)

    objects = ClientOwnedQuerySet.as_manager()

    class Meta:
        ordering = ["-opened_at"]
        constraints = [models.UniqueConstraint(fields=["enrollment", "step"], name="one_task_per_step")]
        indexes = [models.Index(fields=["opened_at"], name="task_open", condition=Q(state="open"))]

    def __str__(self) -> str:
        return self.instructions[:60] or "Task"
