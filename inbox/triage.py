"""Putting conversations away and taking them up again."""

from datetime import datetime
from typing import Any

from django.db import transaction

from inbox.models import Conversation, Message
from outreach.clients.models import User
from outreach.events.kinds import EventKind
from outreach.events.recording import Subject, operator, record

Status = Conversation.Status


def close_conversation(*, conversation: Conversation, by: User | None, at: datetime) -> bool:
    """Done with it; a new message from the other side opens it again. False when it was closed already."""
    return _move(conversation, Status.CLOSED, EventKind.CONVERSATION_CLOSED, by, at)


def reopen_conversation(*, conversation: Conversation, by: User | None, at: datetime) -> bool:
    """Back into the open ones. False when it was open already."""
    return _move(conversation, Status.OPEN, EventKind.CONVERSATION_REOPENED, by, at)


def mark_read(*, conversation: Conversation) -> None:
    """Somebody has seen every message of it."""
    Conversation.objects.filter(pk=conversation.pk).update(unread=0)


def set_meaning(*, message: Message, meaning: str, by: User | None, at: datetime) -> None:
    """Write what a person says a message means. No rule changes it any more."""
    before = message.meaning
    message.meaning, message.meaning_by, message.meaning_at = meaning, operator(by), at
    message.save(update_fields=["meaning", "meaning_by", "meaning_at"])
    chat = message.conversation
    about = Subject(client_id=message.client_id, lead_id=chat.lead_id, account_id=message.account_id)
    data: dict[str, Any] = {"message": str(message.pk), "before": before, "after": meaning}
    record(EventKind.MEANING_SET, at=at, actor=operator(by), subject=about, client=None, **data)


def _move(
    conversation: Conversation, status: Conversation.Status, kind: EventKind, by: User | None, at: datetime
) -> bool:
    changes: dict[str, object] = {"status": status} | ({"unread": 0} if status == Status.CLOSED else {})
    about = Subject(client_id=conversation.client_id, lead_id=conversation.lead_id, account_id=conversation.account_id)
    with transaction.atomic():
        moved = Conversation.objects.filter(pk=conversation.pk).exclude(status=status).update(**changes)
        if moved:
            record(kind, at=at, actor=operator(by), subject=about, conversation=str(conversation.pk))
    conversation.refresh_from_db()
    return bool(moved)
