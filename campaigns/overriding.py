"""An operator says what a message means. That wins for ever, and has the effects that the meaning has."""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from campaigns.engine.walking import replan, subject_of
from campaigns.enrolling import start_scheduled, take_up_again
from campaigns.inbound import rest, source_of, suppress_writer, take_as_answer
from campaigns.models import Campaign, Enrollment, ManualTask
from inbox.classifying import return_of
from inbox.models import Message
from inbox.triage import set_meaning
from leads.models import Lead
from leads.suppressing import lift_made_from
from outreach.clients.models import User
from outreach.events.kinds import EventKind
from outreach.events.models import Event
from outreach.events.recording import operator, record

Meaning, State = Message.Meaning, Enrollment.State


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
    lifted = _lift_entries(message, lead, by, at) if message.meaning != Meaning.UNSUBSCRIBE else 0
    also = f"; {lifted} entries of the do-not-contact list removed" if lifted else ""
    if message.meaning == Meaning.OUT_OF_OFFICE:
        return f"{_take_up_walks(message, lead, by, at)} sequence(s) wait for the return{also}"
    stopped = take_as_answer(message, lead, at=at, actor=who)
    if message.meaning == Meaning.UNSUBSCRIBE and before != Meaning.UNSUBSCRIBE:
        suppress_writer(message, lead, by=by, at=at)
        return f"{lead} is not contacted any more"
    return f"{stopped} sequence(s) stopped{also}" if stopped else f"noted{also}"


def _lift_entries(message: Message, lead: Lead, by: User | None, at: datetime) -> int:
    """It was no wish not to be written to: what was entered because of it, and nothing else, is taken back."""
    return lift_made_from(client=lead.client, source=source_of(message), by=by, at=at)


def _take_up_walks(message: Message, lead: Lead, by: User | None, at: datetime) -> int:
    """It was no answer after all: walks that ended because of it go on after the return."""
    Message.objects.filter(pk=message.pk).update(is_reply=False)
    walks = Enrollment.objects.filter(lead=lead).select_for_update(of=("self",)).order_by("pk")
    rows = list(walks.select_related("campaign", "lead"))
    other = Message.objects.filter(conversation__lead=lead, is_reply=True).order_by("sent_at").first()
    Lead.objects.filter(pk=lead.pk).update(replied_at=other.sent_at if other else None)
    if other is None:
        for row in rows:
            if row.replied_at == message.sent_at:
                _unanswer(row, by, at)
    until = return_of(message.text, written_on=message.sent_at.date())
    return rest(walks.filter(state__in=Enrollment.OPEN), until.on, message, at=at, actor=operator(by))


def _unanswer(row: Enrollment, by: User | None, at: datetime) -> None:
    """This walk has had no answer. If it ended because of one, it stands where it stood before."""
    row.replied_at, row.stage = None, _stage_of(row)
    row.save(update_fields=["replied_at", "stage"])
    if row.exit_reason == Enrollment.ExitReason.REPLIED:
        _reopen(row, by, at)


def _reopen(row: Enrollment, by: User | None, at: datetime) -> None:
    ended_at, row.ended_at = row.ended_at, None
    row.state, row.exit_reason, row.exit_detail = _state_before(row), "", ""
    row.save(update_fields=["state", "exit_reason", "exit_detail", "ended_at"])
    dropped = ManualTask.objects.filter(enrollment=row, state=ManualTask.State.DROPPED, closed_at=ended_at)
    dropped.update(state=ManualTask.State.OPEN, closed_at=None)
    if row.campaign.status == Campaign.Status.COMPLETED:
        take_up_again(row.campaign, by=by, at=at)
    if row.state == State.ACTIVE:
        record(EventKind.ENROLLMENT_RESUMED, at=at, actor=operator(by), subject=subject_of(row))
        if not row.is_flying:  # what is on its way is planned on when its outcome is known
            replan(row, at=at, actor=operator(by))
    else:
        about: dict[str, Any] = {"before": State.EXITED, "after": row.state, "detail": "the message was no answer"}
        record(EventKind.STATUS_CHANGED_MANUALLY, at=at, actor=operator(by), subject=subject_of(row), **about)
    if row.state == State.SCHEDULED and row.campaign.status == Campaign.Status.ACTIVE:
        start_scheduled(campaign=row.campaign, at=at, actor=operator(by))


def _state_before(row: Enrollment) -> Enrollment.State:
    """Stop means stop: who was paused before the message is paused after it."""
    if _was_paused(row):
        return State.PAUSED
    return State.SCHEDULED if row.started_at is None else State.ACTIVE


def _was_paused(row: Enrollment) -> bool:
    told = Event.objects.filter(
        enrollment_id=row.pk, kind__in=(EventKind.ENROLLMENT_PAUSED, EventKind.ENROLLMENT_RESUMED)
    )
    last = told.order_by("-id").first()
    return last is not None and last.kind == EventKind.ENROLLMENT_PAUSED


def _stage_of(row: Enrollment) -> Enrollment.Stage:
    """Where the lead was before the message that was taken for an answer."""
    sent = row.executions.filter(outcome="sent")
    if sent.filter(dispatch__action__in=("message", "inmail")).exists():
        return Enrollment.Stage.MESSAGED
    if row.connected_at:
        return Enrollment.Stage.CONNECTED
    return Enrollment.Stage.INVITE_SENT if row.invited_at else Enrollment.Stage.PENDING_INVITE
