"""The outside world: senders and their accounts, what was used of each cap, what was sent, what was received."""

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from integrations.limits import DAY, MONTH, WEEK, Tuning
from integrations.querysets import AccountQuerySet, DispatchQuerySet, ReceiptQuerySet
from outreach.clients.models import Client, ClientOwned
from outreach.clients.querysets import ClientOwnedQuerySet
from outreach.clock import EPOCH
from outreach.fields import CreatedAt
from outreach.identifiers import new_id
from outreach.zones import check_zone


class Action(models.TextChoices):
    """What an account does at the provider and has a cap for."""

    INVITATION = "invitation", "Invitation"
    INVITATION_NOTE = "invitation_note", "Invitation with note"
    MESSAGE = "message", "Message"
    INMAIL = "inmail", "InMail"
    PROFILE_VIEW = "profile_view", "Profile visit"
    REACTION = "reaction", "Like"
    COMMENT = "comment", "Comment"
    ENDORSEMENT = "endorsement", "Endorsement"
    WITHDRAWAL = "withdrawal", "Withdrawal"
    SEARCH_RESULT = "search_result", "Search result"
    MAIL = "mail", "E-mail"


# The account's own limits: the action each is for, and within how many local days.
OWN_LIMITS: dict[str, tuple[str, int]] = {
    "invitations_per_day": (Action.INVITATION.value, DAY),
    "invitations_per_week": (Action.INVITATION.value, WEEK),
    "notes_per_day": (Action.INVITATION_NOTE.value, DAY),
    "notes_per_week": (Action.INVITATION_NOTE.value, WEEK),
    "notes_per_month": (Action.INVITATION_NOTE.value, MONTH),
    "messages_per_day": (Action.MESSAGE.value, DAY),
    "messages_per_week": (Action.MESSAGE.value, WEEK),
    "inmails_per_day": (Action.INMAIL.value, DAY),
    "inmails_per_week": (Action.INMAIL.value, WEEK),
    "profile_views_per_day": (Action.PROFILE_VIEW.value, DAY),
    "profile_views_per_week": (Action.PROFILE_VIEW.value, WEEK),
    "reactions_per_day": (Action.REACTION.value, DAY),
    "comments_per_day": (Action.COMMENT.value, DAY),
    "endorsements_per_day": (Action.ENDORSEMENT.value, DAY),
    "withdrawals_per_day": (Action.WITHDRAWAL.value, DAY),
    "search_results_per_day": (Action.SEARCH_RESULT.value, DAY),
    "search_results_per_week": (Action.SEARCH_RESULT.value, WEEK),
    "mails_per_day": (Action.MAIL.value, DAY),
    "mails_per_week": (Action.MAIL.value, WEEK),
}
UNLIMITED = 2_000_000_000  # what a cap is where nobody has set one


class Sender(ClientOwned):
    """A person in whose name we write. Owns one account per channel."""

    first_name = models.CharField(max_length=100)
    last_name = models.CharField(max_length=100, blank=True)
    title = models.CharField(max_length=200, blank=True)
    email = models.EmailField(blank=True)
    created_at = CreatedAt()

    objects = ClientOwnedQuerySet.as_manager()

    class Meta:
        ordering = ["first_name", "last_name"]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


class Account(ClientOwned):
    """One connected LinkedIn account: its state at the provider, its caps and its pace.

    Status moves with the provider's word (webhook or poll); pausing is the operator's and separate from it.
    """

    class Channel(models.TextChoices):
        LINKEDIN = "linkedin", "LinkedIn"

    class Status(models.TextChoices):
        CONNECTING = "connecting", "Connecting"
        OK = "ok", "Connected"
        CREDENTIALS = "credentials", "Logged out"
        PERMISSIONS = "permissions", "Permissions missing"
        ERROR = "error", "Error"
        STOPPED = "stopped", "Stopped"
        RESTRICTED = "restricted", "Restricted by LinkedIn"
        DELETED = "deleted", "Removed"

    class Tier(models.TextChoices):
        FREE = "free", "Free"
        PREMIUM = "premium", "Premium"
        SALES_NAVIGATOR = "sales_navigator", "Sales Navigator"

    # Characters of an invitation note. Unipile API, section 3.4: free accounts are refused above 200.
    NOTE_LIMITS = {Tier.FREE: 200, Tier.PREMIUM: 300, Tier.SALES_NAVIGATOR: 300}

    sender = models.ForeignKey(Sender, on_delete=models.PROTECT, related_name="accounts")
    channel = models.CharField(max_length=20, choices=Channel.choices, default=Channel.LINKEDIN)
    provider_account_id = models.CharField("Unipile account id", max_length=80, unique=True)
    provider_user_id = models.CharField("own LinkedIn id", max_length=80, blank=True)
    public_identifier = models.CharField(max_length=200, blank=True)
    name = models.CharField(max_length=200)
    tier = models.CharField(max_length=20, choices=Tier.choices, default=Tier.FREE)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.CONNECTING)
    status_changed_at = models.DateTimeField(null=True, blank=True, editable=False)
    paused_at = models.DateTimeField(null=True, blank=True, editable=False)
    time_zone = models.CharField(
        max_length=64,
        default="UTC",
        validators=[check_zone],
        help_text="The day of a daily cap begins here at midnight.",
    )
    invitations_per_day = models.PositiveIntegerField(default=25)
    messages_per_day = models.PositiveIntegerField(default=100)
    invitations_per_week = models.PositiveIntegerField(null=True, blank=True)
    messages_per_week = models.PositiveIntegerField(null=True, blank=True)
    notes_per_day = models.PositiveIntegerField("invitations with note per day", null=True, blank=True)
    notes_per_week = models.PositiveIntegerField("invitations with note per week", null=True, blank=True)
    notes_per_month = models.PositiveIntegerField("invitations with note per month", null=True, blank=True)
    inmails_per_day = models.PositiveIntegerField("InMails per day", null=True, blank=True)
    inmails_per_week = models.PositiveIntegerField("InMails per week", null=True, blank=True)
    profile_views_per_day = models.PositiveIntegerField(null=True, blank=True)
    profile_views_per_week = models.PositiveIntegerField(null=True, blank=True)
    reactions_per_day = models.PositiveIntegerField("likes per day", null=True, blank=True)
    comments_per_day = models.PositiveIntegerField(null=True, blank=True)
    endorsements_per_day = models.PositiveIntegerField(null=True, blank=True)
    withdrawals_per_day = models.PositiveIntegerField(null=True, blank=True)
    search_results_per_day = models.PositiveIntegerField(null=True, blank=True)
    search_results_per_week = models.PositiveIntegerField(null=True, blank=True)
    mails_per_day = models.PositiveIntegerField("e-mails per day", null=True, blank=True)
    mails_per_week = models.PositiveIntegerField("e-mails per week", null=True, blank=True)
    ramp_up_started_on = models.DateField(
        "ramp-up since", null=True, blank=True, help_text="A new account does less at first. Empty: no ramp-up."
    )
    ramp_up_days = models.PositiveSmallIntegerField(default=28, help_text="Until it may do all of its day.")
    ramp_up_percent = models.PositiveSmallIntegerField(
        default=20, validators=[MaxValueValidator(100)], help_text="Share of the day that it begins with."
    )
    pending_ceiling = models.PositiveIntegerField(
        default=400, help_text="With so many invitations pending, no new ones go out."
    )
    acceptance_floor_percent = models.PositiveSmallIntegerField(
        default=20,
        validators=[MaxValueValidator(100)],
        help_text="Below this rate of acceptance, half as many go out.",
    )
    pending_seen = models.PositiveIntegerField(
        "pending at LinkedIn", null=True, blank=True, editable=False, help_text="Invitations, whoever sent them."
    )
    invitations_slowed_to = models.PositiveIntegerField(null=True, blank=True, editable=False)
    care_at = models.DateTimeField(default=EPOCH, editable=False)
    slowed_because = models.CharField(max_length=200, blank=True, editable=False)
    spacing_min_seconds = models.PositiveIntegerField(
        default=40, validators=[MinValueValidator(10)], help_text="Shortest pause between two actions."
    )
    spacing_max_seconds = models.PositiveIntegerField(default=140, help_text="Longest pause drawn at random.")
    next_slot_at = models.DateTimeField(default=EPOCH, editable=False)
    # The account's alarm: when the engine looks at it next. Whatever gives it something to do earlier rings it.
    next_look_at = models.DateTimeField(default=EPOCH, editable=False)
    messages_read_at = models.DateTimeField(null=True, blank=True, editable=False)
    relations_read_at = models.DateTimeField(null=True, blank=True, editable=False)
    messages_poll_at = models.DateTimeField(default=EPOCH, editable=False)
    relations_poll_at = models.DateTimeField(default=EPOCH, editable=False)
    unreconciled_since = models.DateTimeField(
        "not compared since",
        null=True,
        blank=True,
        editable=False,
        help_text="After a restored backup nothing is sent until the account was compared with the provider.",
    )
    created_at = CreatedAt()

    objects = AccountQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        indexes = [
            # The tick's first question: whose alarm has rung? Accounts that cannot act, or have nothing to do, cost
            # nothing until then.
            models.Index(
                fields=["next_look_at"],
                name="account_alarm",
                condition=Q(status="ok", paused_at__isnull=True, unreconciled_since__isnull=True),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(spacing_max_seconds__gte=F("spacing_min_seconds")), name="account_spacing_is_a_range"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if self.spacing_max_seconds < self.spacing_min_seconds:
            raise ValidationError({"spacing_max_seconds": "Must be at least the shortest pause."})

    @property
    def note_limit(self) -> int:
        return self.NOTE_LIMITS[Account.Tier(self.tier)]

    def tuning(self) -> Tuning:
        """What bounds this account, as integrations/limits.py counts with it."""
        limits = ((action, days, getattr(self, name)) for name, (action, days) in OWN_LIMITS.items())
        slowed: tuple[tuple[str, int, str], ...] = ()
        if self.invitations_slowed_to is not None:
            slowed = ((Action.INVITATION.value, self.invitations_slowed_to, self.slowed_because),)
        return Tuning(
            tier=self.tier,
            own=tuple((action, days, limit) for action, days, limit in limits if limit is not None),
            ramp_up_started_on=self.ramp_up_started_on,
            ramp_up_days=self.ramp_up_days,
            ramp_up_percent=self.ramp_up_percent,
            slowed=slowed,
        )


class ActionSleep(models.Model):
    """An action of an account that rests after the provider said "too many"."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="sleeps")
    action = models.CharField(max_length=20, choices=Action.choices)
    until = models.DateTimeField()
    in_a_row = models.PositiveSmallIntegerField(default=1, help_text="Refusals since the last success.")
    detail = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "action"], name="one_sleep_per_account_action")]

    def __str__(self) -> str:
        return f"{self.account}: {self.get_action_display()} until {self.until:%Y-%m-%d %H:%M}"


class Usage(models.Model):
    """How much of a cap an account has used on one of its local days.

    `used` is taken by us and the database refuses to let it pass `cap`; `observed` is what the owner did by
    hand, seen at the provider, which may exceed it.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="usage")
    action = models.CharField(max_length=20, choices=Action.choices)
    day = models.DateField(help_text="In the account's time zone.")
    cap = models.PositiveIntegerField()
    used = models.PositiveIntegerField(default=0)
    observed = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-day", "account", "action"]
        verbose_name_plural = "usage"
        constraints = [
            models.UniqueConstraint(fields=["account", "action", "day"], name="one_usage_per_account_action_day"),
            models.CheckConstraint(condition=Q(used__lte=F("cap")), name="usage_never_over_cap"),
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.day} {self.action}: {self.used}/{self.cap}"


class InvitationByHand(models.Model):
    """An invitation that the owner of an account sent by hand: the memory of its having been counted."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="invitations_by_hand")
    provider_invitation_id = models.CharField(max_length=80)
    sent_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "provider_invitation_id"], name="one_row_per_invitation_by_hand")
        ]

    def __str__(self) -> str:
        return f"{self.account}: {self.provider_invitation_id}"


class Dispatch(ClientOwned):
    """One side effect at a provider, exactly once (laws 1 and 10).

        sending ──► sent        the provider said yes
           │  └───► rejected    it surely did not happen (refused, cancelled, never called)
           └──────► unknown     called, and nobody knows: ask the provider, else a person decides
                       └──► sent | rejected

    `called_at` is written just before the call: a dispatch without it surely never left.
    """

    class State(models.TextChoices):
        SENDING = "sending", "Sending"
        SENT = "sent", "Sent"
        REJECTED = "rejected", "Not sent"
        UNKNOWN = "unknown", "Unknown"

    LIVE = frozenset({State.SENDING, State.SENT, State.UNKNOWN})

    key = models.CharField(max_length=120, help_text="What this effect is; at most one live dispatch may have it.")
    state = models.CharField(max_length=10, choices=State.choices, default=State.SENDING)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="dispatches")
    action = models.CharField(max_length=20, choices=Action.choices)
    person = models.CharField("provider id of the person", max_length=200, blank=True)
    text = models.TextField(blank=True, help_text="Exactly what is sent.")
    provider_chat_id = models.CharField(max_length=80, blank=True)
    data = models.JSONField(default=dict, blank=True, help_text="What else the call needs, e.g. which post.")
    usage = models.ForeignKey(Usage, null=True, on_delete=models.PROTECT, related_name="dispatches")
    note_usage = models.ForeignKey(
        Usage, null=True, on_delete=models.PROTECT, related_name="noted_dispatches", help_text="Of a note's own cap."
    )
    actor = models.CharField(max_length=60)
    reserved_at = models.DateTimeField()
    called_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    provider_invitation_id = models.CharField(max_length=80, blank=True)
    provider_message_id = models.CharField(max_length=80, blank=True)
    verdict = models.CharField(max_length=30, blank=True)
    detail = models.CharField(max_length=500, blank=True)
    ask_at = models.DateTimeField(null=True, blank=True, help_text="When to ask the provider about an unknown outcome.")
    asked = models.PositiveSmallIntegerField(default=0)
    needs_decision_at = models.DateTimeField(null=True, blank=True)

    objects = DispatchQuerySet.as_manager()

    class Meta:
        ordering = ["-reserved_at"]
        verbose_name_plural = "dispatches"
        constraints = [
            models.UniqueConstraint(
                fields=["key"], condition=Q(state__in=("sending", "sent", "unknown")), name="one_live_dispatch_per_key"
            ),
            models.UniqueConstraint(
                fields=["account", "provider_message_id"],
                condition=~Q(provider_message_id=""),
                name="one_dispatch_per_provider_message",
            ),
        ]
        indexes = [
            # Recovery: what was left in flight, what is unknown.
            models.Index(
                fields=["state", "reserved_at"], name="dispatch_open", condition=Q(state__in=("sending", "unknown"))
            ),
            models.Index(fields=["account", "action", "-reserved_at"], name="dispatch_by_account"),
            models.Index(fields=["account", "person"], name="dispatch_by_person"),
            # Withdrawals that LinkedIn refused lately.
            models.Index(
                fields=["settled_at"],
                name="dispatch_refused_withdrawals",
                condition=Q(state="rejected", action="withdrawal"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_action_display()} · {self.get_state_display()}"

    @property
    def is_live(self) -> bool:
        return self.state in self.LIVE


class ProviderHealth(models.Model):
    """The circuit breaker of one provider, shared by every process."""

    provider = models.CharField(max_length=40, primary_key=True)
    failures_in_a_row = models.PositiveIntegerField(default=0)
    opens_at = models.DateTimeField(default=EPOCH, help_text="No call starts before this.")
    openings = models.PositiveIntegerField(default=0, help_text="How often it was opened without an answer between.")
    probing_until = models.DateTimeField(null=True, blank=True, help_text="One call finds out how the provider is.")
    detail = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name_plural = "provider health"

    def __str__(self) -> str:
        return self.provider


class WebhookReceipt(models.Model):
    """One inbound call exactly as received, and what became of it (law 7).

    pending ──► processed   its facts were taken in
       │  └───► unknown     understood as JSON, of a kind we do not know; kept
       └──────► failed      gave up after `MAX_ATTEMPTS`; replayable
    """

    class State(models.TextChoices):
        PENDING = "pending", "Waiting"
        PROCESSED = "processed", "Processed"
        UNKNOWN = "unknown", "Unknown kind"
        FAILED = "failed", "Failed"

    MAX_ATTEMPTS = 8

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    provider = models.CharField(max_length=20, default="unipile")
    source = models.CharField(max_length=30)
    received_at = models.DateTimeField()
    headers = models.JSONField(default=dict)
    body = models.BinaryField()
    client = models.ForeignKey(Client, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    account = models.ForeignKey(Account, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    meaning = models.CharField(max_length=200, blank=True, help_text="What the call said, in our words.")
    effect = models.CharField(max_length=300, blank=True, help_text="What changed because of it.")
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    processed_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)

    objects = ReceiptQuerySet.as_manager()

    class Meta:
        ordering = ["-received_at"]
        indexes = [
            models.Index(fields=["next_attempt_at"], name="receipt_due", condition=Q(state="pending")),
            models.Index(fields=["source", "-received_at"], name="receipt_by_source"),
        ]

    def __str__(self) -> str:
        return f"{self.source} · {self.received_at:%Y-%m-%d %H:%M:%S}"

    @property
    def text(self) -> str:
        """The body for people to read."""
        return bytes(self.body).decode("utf-8", errors="replace")


class RefusedDelivery(models.Model):
    """How many webhook calls were turned away, by reason. Their bodies are not kept."""

    source = models.CharField(max_length=30)
    reason = models.CharField(max_length=60)
    day = models.DateField()
    count = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-day"]
        verbose_name_plural = "refused deliveries"
        constraints = [models.UniqueConstraint(fields=["source", "reason", "day"], name="one_refusal_row_per_day")]

    def __str__(self) -> str:
        return f"{self.day} {self.source}: {self.count} × {self.reason}"


class OutboundCall(ClientOwned):
    """A call to somebody else's system that a sequence asked for: delivered at least once, under one id.

    pending ──► delivered   their system answered with success
       └──────► failed      gave up after `MAX_ATTEMPTS`; can be tried again
    """

    class State(models.TextChoices):
        PENDING = "pending", "Waiting"
        DELIVERED = "delivered", "Delivered"
        FAILED = "failed", "Failed"

    MAX_ATTEMPTS = 8

    url = models.CharField(max_length=1000)
    payload = models.JSONField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    created_at = CreatedAt()
    delivered_at = models.DateTimeField(null=True, blank=True)
    detail = models.CharField(max_length=300, blank=True, help_text="What their system said last.")

    objects = ClientOwnedQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["next_attempt_at"], name="outbound_due", condition=Q(state="pending"))]

    def __str__(self) -> str:
        return f"{self.url} · {self.get_state_display()}"
