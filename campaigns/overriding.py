"""An operator says what a message means. That wins for ever, and has the effects that the meaning has."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction

from campaigns.engine.walking import replan, subject_of
from campaigns.inbound import rest, suppress_writer, take_as_answer
from campaigns.models import Enrollment
from inbox.classifying import return_of
from inbox.models import Message
from inbox.triage import set_meaning
from leads.models import Lead
from outreach.clients.models import User
from outreach.events.kinds import EventKind
from outreach.events.recording import operator, record

Meaning = Message.Meaning


def override(*, message: Message, meaning: str, by: User | None, at: datetime) -> str:
    """Set what a message means, with its effects. Returns what changed, in words.

    Raises ValidationError for a message that nobody wrote to us, or a meaning that does not exist.
    """
    if message.direction != Message.Direction.INBOUND or message.is_event:
        raise ValidationError("Only what the other side wrote has a meaning to be set.")
    if meaning not in Meaning.values:
        raise ValidationError(f"{meaning!r} is no meaning: {', '.join(Meaning.values)}.")
    with transaction.atomic():
        before = Message.objects.select_for_update().get(pk=message.pk).meaning
        set_meaning(message=message, meaning=meaning, by=by, at=at)
        return _effects(message, before, by, at)


def _effects(message: Message, before: str, by: User | None, at: datetime) -> str:
    lead, who = message.conversation.lead, operator(by)
    if lead is None:
        return "noted; nobody of your leads wrote it"
    if message.meaning == Meaning.OUT_OF_OFFICE:
        return f"{_take_up_again(message, lead, by, at)} sequence(s) wait for the return"
    stopped = take_as_answer(message, lead, at=at, actor=who)
    if message.meaning == Meaning.UNSUBSCRIBE and before != Meaning.UNSUBSCRIBE:
        suppress_writer(message, lead, by=by, at=at)
        return f"{lead} is not contacted any more"
    return f"{stopped} sequence(s) stopped" if stopped else "noted"


def _take_up_again(message: Message, lead: Lead, by: User | None, at: datetime) -> int:
    """It was no answer after all: walks that ended because of it go on after the return."""
    Message.objects.filter(pk=message.pk).update(is_reply=False)
    other = Message.objects.filter(conversation__lead=lead, is_reply=True).order_by("sent_at").first()
    Lead.objects.filter(pk=lead.pk).update(replied_at=other.sent_at if other else None)
    walks = Enrollment.objects.filter(lead=lead).select_for_update().order_by("pk")
    if other is None:
        for row in walks.filter(exit_reason=Enrollment.ExitReason.REPLIED, replied_at=message.sent_at):
            _reopen(row, by, at)
    until = return_of(message.text, written_on=message.sent_at.date())
    return rest(walks.filter(state__in=Enrollment.OPEN), until.on, message, at=at, actor=operator(by))


def _reopen(row: Enrollment, by: User | None, at: datetime) -> None:
    row.state, row.exit_reason, row.exit_detail = Enrollment.State.ACTIVE, "", ""
    row.ended_at = row.replied_at = None
    row.stage = _stage_of(row)
    row.save(update_fields=["state", "exit_reason", "exit_detail", "ended_at", "replied_at", "stage"])
    record(EventKind.ENROLLMENT_RESUMED, at=at, actor=operator(by), subject=subject_of(row))
    replan(row, at=at, actor=operator(by))


def _stage_of(row: Enrollment) -> Enrollment.Stage:
    """Where the lead was before the message that was taken for an answer."""
    sent = row.executions.filter(outcome="sent")
    if sent.filter(dispatch__action__in=("message", "inmail")).exists():
        return Enrollment.Stage.MESSAGED
    if row.connected_at:
        return Enrollment.Stage.CONNECTED
    return Enrollment.Stage.INVITE_SENT if row.invited_at else Enrollment.Stage.PENDING_INVITE
