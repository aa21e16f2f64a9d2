"""Conversations and messages."""

from rest_framework import serializers

from inbox.models import Conversation, Message
from outreach.api.serializers import Body, Row

LONGEST_REPLY = 8_000


class ConversationSerializer(Row[Conversation]):
    class Meta:
        model = Conversation
        fields = (
            "id",
            "client",
            "account",
            "lead",
            "name",
            "person",
            "provider_chat_id",
            "status",
            "unread",
            "last_message_at",
            "last_inbound_at",
        )
        read_only_fields = fields


class MessageSerializer(Row[Message]):
    meaning = serializers.ChoiceField(choices=Message.Meaning.choices, allow_blank=True, read_only=True)
    attachments = serializers.ListField(child=serializers.JSONField(), read_only=True)

    class Meta:
        model = Message
        fields = (
            "id",
            "client",
            "conversation",
            "account",
            "direction",
            "text",
            "subject",
            "kind",
            "is_event",
            "is_reply",
            "meaning",
            "meaning_by",
            "attachments",
            "dispatch",
            "sent_at",
            "recorded_at",
        )
        read_only_fields = fields


class ReplySerializer(Body):
    text = serializers.CharField(max_length=LONGEST_REPLY, help_text="Blanks around it are cut off.")
