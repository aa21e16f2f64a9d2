"""A lead's story: what the campaigns did and what was said, in one order."""

from dataclasses import dataclass
from datetime import datetime

from inbox.models import Message
from leads.models import Lead
from outreach.console.happenings import FeedItem, feed
from outreach.console.relative import relative
from outreach.events.kinds import EventKind
from outreach.events.models import Event

LENGTH = 80
# Told by the messages themselves, with their text.
SAID = (EventKind.MESSAGE_SENT, EventKind.MESSAGE_RECEIVED)


@dataclass(frozen=True, slots=True)
class Said:
    """A message in a story."""

    text: str
    is_inbound: bool
    account: str
    at: datetime
    ago: str
    conversation_id: str


def story_of(lead: Lead, *, at: datetime) -> list[FeedItem | Said]:
    """Newest first."""
    walks = list(lead.enrollments.values_list("pk", flat=True))
    events = Event.objects.filter(enrollment_id__in=walks).exclude(kind__in=SAID).order_by("-id")[:LENGTH]
    written = Message.objects.filter(conversation__lead=lead, is_event=False).select_related("account")
    messages = [_said(message, at) for message in written.order_by("-sent_at")[:LENGTH]]
    items: list[FeedItem | Said] = [*feed(events, at=at), *messages]
    return sorted(items, key=lambda item: item.at, reverse=True)[:LENGTH]


def _said(message: Message, at: datetime) -> Said:
    return Said(
        text=message.text or "(no text)",
        is_inbound=message.direction == Message.Direction.INBOUND,
        account=str(message.account),
        at=message.sent_at,
        ago=relative(message.sent_at, at),
        conversation_id=str(message.conversation_id),
    )
