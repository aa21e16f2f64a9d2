"""Conversations with leads and other people, as the provider shows them, and the messages in them."""

from django.db import models
from django.db.models import Q

from integrations.models import Account, Dispatch
from leads.models import Lead
from outreach.clients.models import ClientOwned
from outreach.clients.querysets import ClientOwnedQuerySet


class Conversation(ClientOwned):
    """One chat of one of our accounts. Opened by whichever message is seen first."""

    class Status(models.TextChoices):
        OPEN = "open", "Open"
        CLOSED = "closed", "Closed"

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="conversations")
    lead = models.ForeignKey(Lead, null=True, blank=True, on_delete=models.SET_NULL, related_name="conversations")
    provider_chat_id = models.CharField(max_length=80)
    name = models.CharField(max_length=200, blank=True, help_text="Of the other person, as the provider shows it.")
    person = models.CharField("provider id of the person", max_length=200, blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    last_message_at = models.DateTimeField(null=True, blank=True)
    last_inbound_at = models.DateTimeField(null=True, blank=True)
    unread = models.PositiveIntegerField(default=0)

    objects = ClientOwnedQuerySet.as_manager()

    class Meta:
        ordering = ["-last_message_at"]
        constraints = [
            models.UniqueConstraint(fields=["account", "provider_chat_id"], name="one_conversation_per_chat"),
        ]
        indexes = [
            models.Index(fields=["client", "-last_message_at"], name="conversation_recent"),
            models.Index(fields=["account", "person"], name="conversation_by_person"),
        ]

    def __str__(self) -> str:
        return self.name or (str(self.lead) if self.lead else self.provider_chat_id)


class Participant(ClientOwned):
    """Somebody who takes part in a conversation, by provider id."""

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="participants")
    provider_id = models.CharField(max_length=200)
    name = models.CharField(max_length=200, blank=True)
    is_self = models.BooleanField(default=False)

    objects = ClientOwnedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["conversation", "provider_id"], name="one_participant_per_person"),
        ]

    def __str__(self) -> str:
        return self.name or self.provider_id


class Message(ClientOwned):
    """One message of a conversation. The provider's id makes it exist once, however often it is told (law 7)."""

    class Direction(models.TextChoices):
        INBOUND = "in", "From them"
        OUTBOUND = "out", "From us"

    class Meaning(models.TextChoices):
        INTERESTED = "interested", "Interested"
        NOT_INTERESTED = "not_interested", "Not interested"
        REFERRAL = "referral", "Referral"
        OUT_OF_OFFICE = "out_of_office", "Out of office"
        UNSUBSCRIBE = "unsubscribe", "Do not write again"
        UNKNOWN = "unknown", "Not clear"

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="messages")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    direction = models.CharField(max_length=3, choices=Direction.choices)
    provider_message_id = models.CharField(max_length=80, blank=True)
    dispatch = models.OneToOneField(Dispatch, null=True, blank=True, on_delete=models.PROTECT, related_name="message")
    text = models.TextField(blank=True)
    subject = models.CharField(max_length=300, blank=True)
    kind = models.CharField(max_length=20, blank=True, help_text="The provider's message type.")
    is_event = models.BooleanField(default=False, help_text="Something that happened in the chat, written by nobody.")
    is_reply = models.BooleanField(default=False, help_text="A lead's answer, which stops the sequences.")
    meaning = models.CharField(
        max_length=20, choices=Meaning.choices, blank=True, help_text="Of what the other side wrote."
    )
    meaning_by = models.CharField(max_length=160, blank=True, help_text="The rule and the words, or the person.")
    meaning_at = models.DateTimeField(null=True, blank=True)
    attachments = models.JSONField(default=list, blank=True)
    sent_at = models.DateTimeField()
    seen_at = models.DateTimeField(null=True, blank=True, help_text="When the other side read it, as far as known.")
    recorded_at = models.DateTimeField()
    noticed_by = models.CharField(max_length=40)

    objects = ClientOwnedQuerySet.as_manager()

    class Meta:
        ordering = ["sent_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "provider_message_id"],
                condition=~Q(provider_message_id=""),
                name="one_message_per_provider_id",
            ),
        ]
        indexes = [models.Index(fields=["conversation", "sent_at"], name="message_in_order")]

    def __str__(self) -> str:
        return self.text[:60] or f"({self.kind.lower() or 'no text'})"
