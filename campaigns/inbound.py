"""What each ProviderEvent does, one function a kind. Webhooks, polls and looks before a call all end here.

Every function is safe to repeat and indifferent to order: what it writes exists once by a constraint of the
database (law 7). Each event is one transaction.
"""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from campaigns.calendars import hours_for
from campaigns.engine.walking import leave, replan, subject_of
from campaigns.models import Enrollment
from campaigns.planning.decisions import Because
from inbox.classifying import return_of
from inbox.ingesting import ingest, reword
from inbox.models import Conversation, Message
from integrations.account_care import STATUS_WORDS, change_status
from integrations.models import Account
from integrations.provider_events import (
    AccountStatusChanged,
    MessageChanged,
    MessageSeen,
    PersonRef,
    ProviderEvent,
    RelationMade,
    UnknownEvent,
)
from leads.matching import Match, find_lead, learn_identifiers
from leads.models import Connection, Lead
from leads.suppressing import names_of_person, suppress_person
from outreach.clients.models import User
from outreach.events.kinds import EventKind
from outreach.events.models import Event
from outreach.events.recording import Actor, Subject, operator, record
from outreach.milestones import passing
from outreach.zones import local_midnight

Stage = Enrollment.Stage


def handle(event: ProviderEvent, *, account: Account | None, at: datetime, actor: str) -> str:
    """Take one event in. Returns what changed, in words for the receipt."""
    with transaction.atomic():
        effect = HANDLERS[type(event)](event, account=account, at=at, actor=actor)
        passing("inside_inbound")
    passing("after_inbound")
    return effect


# --- A relation was made --------------------------------------------------------------------------------


def relation_made(event: RelationMade, *, account: Account, at: datetime, actor: str) -> str:
    """Somebody and the account are connected now: the walks that waited for it go on."""
    match = find_lead(account, event.person)
    if match is None:
        return "not a lead"
    recognise(match.lead, event.person, at=at, actor=actor)
    _, is_news = Connection.objects.get_or_create(
        account=account,
        lead=match.lead,
        defaults={
            "client_id": account.client_id,
            "connected_at": event.happened_at or at,
            "noticed_at": at,
            "noticed_by": str(actor),
        },
    )
    if not is_news:
        return "known already"
    walks = _walks(match.lead).filter(account=account, connected_at__isnull=True)
    for enrollment in walks:
        _connect(enrollment, match, event, at=at, actor=actor)
    return f"{match.lead} is connected with {account}"


def _connect(enrollment: Enrollment, match: Match, event: RelationMade, *, at: datetime, actor: str) -> None:
    """One walk learns of the connection. What is in flight is planned when it is recorded."""
    invited = enrollment.invited_at is not None
    kind = EventKind.CONNECTION_ACCEPTED if invited else EventKind.CONNECTION_ACCEPTED_HISTORICAL
    accepted_at = event.happened_at or at
    record(
        kind,
        at=at,
        actor=actor,
        subject=subject_of(enrollment),
        matched_by=match.key,
        accepted_at=accepted_at.isoformat(),
    )
    enrollment.connected_at = at
    if enrollment.stage in (Stage.PENDING_INVITE, Stage.INVITE_SENT):
        enrollment.stage = Stage.CONNECTED
    enrollment.save(update_fields=["connected_at", "stage"])
    if enrollment.state == Enrollment.State.ACTIVE and enrollment.next_action_at:
        replan(enrollment, at=at, actor=actor)


# --- A message was seen ---------------------------------------------------------------------------------


def message_seen(event: MessageSeen, *, account: Account, at: datetime, actor: str) -> str:
    """Into the inbox; a lead's answer silences everything automatic of this client (law 2)."""
    ingested = ingest(event, account=account, at=at, actor=actor)
    message, match = ingested.message, ingested.match
    if match is None or message.is_event:
        return "in the inbox"
    if message.direction == Message.Direction.INBOUND:
        # Also when it was told before: then, perhaps, nobody knew yet whose message it is.
        return _answered(message, match, at=at, actor=actor)
    if event.was_read and message.seen_at is None:
        _mark_seen(message, seen_at=at, at=at, actor=actor)
    if not ingested.created:
        return "known already"
    if event.message_type == "INVITATION" and event.counterpart:
        # Our note stands in a chat: LinkedIn opens one when the invitation is accepted (Unipile API, section 3.6).
        happened = RelationMade(provider_account_id=event.provider_account_id, person=event.counterpart)
        return relation_made(happened, account=account, at=at, actor=actor)
    return "in the inbox"


def recognise(lead: Lead, person: PersonRef, *, at: datetime, actor: str) -> Lead | None:
    """Learn what the provider calls a lead, and take in what that person wrote before anybody knew who it was.

    Returns the other lead that has this provider id already, if there is one.
    """
    if not person.provider_id or lead.provider_id == person.provider_id:
        return None
    with transaction.atomic():
        twin = learn_identifiers(lead, provider_id=person.provider_id, public_identifier=person.public_identifier)
        if twin is not None:
            return twin
        claim_strays(lead, at=at, actor=actor)
    return None


def claim_strays(lead: Lead, *, at: datetime, actor: str) -> int:
    """Give a lead the conversations that were held with its provider id. Returns how many there were."""
    strays = Conversation.objects.of(lead.client_id).filter(person=lead.provider_id, lead__isnull=True)
    found = list(strays.values_list("pk", flat=True))
    Conversation.objects.filter(pk__in=found).update(lead=lead)
    wrote = Message.objects.filter(conversation__in=found, direction=Message.Direction.INBOUND, is_event=False)
    for message in wrote.order_by("sent_at"):
        _answered(message, Match(lead, "provider_id"), at=at, actor=actor)
    return len(found)


def _answered(message: Message, match: Match, *, at: datetime, actor: str) -> str:
    """A lead wrote. It is an answer when we had taken the lead up before; older messages are history."""
    lead = match.lead
    if message.meaning == Message.Meaning.OUT_OF_OFFICE:
        return _is_away(message, lead, at=at, actor=actor)
    effect = _silence(message, match, at=at, actor=actor)
    if message.meaning == Message.Meaning.UNSUBSCRIBE:
        # Whoever asks for it need not be in a campaign, nor know that they answered one.
        _heed(message, lead, at=at)
    return effect


def _silence(message: Message, match: Match, *, at: datetime, actor: str) -> str:
    """An answer ends every walk that was there when it was written."""
    lead = match.lead
    walks = list(_walks(lead).filter(enrolled_at__lte=message.sent_at))
    if not walks:
        return "in the inbox"
    if not Message.objects.filter(pk=message.pk, is_reply=False).update(is_reply=True):
        return "known already"
    earlier = Q(replied_at__isnull=True) | Q(replied_at__lt=message.sent_at)
    Lead.objects.filter(earlier, pk=lead.pk).update(replied_at=message.sent_at)
    _record_answer(message, match, walks, at=at, actor=actor)
    for enrollment in walks:
        _stop(enrollment, message, at=at, actor=actor)
    return f"{lead} answered; {len(walks)} sequence(s) silent"


def take_as_answer(message: Message, lead: Lead, *, at: datetime, actor: str) -> int:
    """An operator says that a message is an answer. Returns how many sequences it stopped."""
    open_before = _walks(lead).filter(state__in=Enrollment.OPEN).count()
    _silence(message, Match(lead, "operator"), at=at, actor=actor)
    return int(open_before - _walks(lead).filter(state__in=Enrollment.OPEN).count())


def suppress_writer(message: Message, lead: Lead, *, by: User | None, at: datetime) -> None:
    """Who asks not to be written to again is on the do-not-contact list of the client from then on."""
    reason = f"Asked for it: {message.text[:200]}"
    if names_of_person(lead):
        suppress_person(lead=lead, reason=reason, by=by, at=at, source=source_of(message))
    about = Subject(client_id=lead.client_id, lead_id=lead.pk, account_id=message.account_id)
    actor = operator(by) if by else Actor.ENGINE
    record(
        EventKind.UNSUBSCRIBED, at=at, actor=actor, subject=about, message=str(message.pk), detail=message.meaning_by
    )


def source_of(message: Message) -> str:
    """What the entries that a message asks for name as their source."""
    return f"message:{message.pk}"


def _heed(message: Message, lead: Lead, *, at: datetime) -> None:
    """Once for each message: an operator may have removed the entries since, and that stands."""
    told = Event.objects.filter(client_id=lead.client_id, kind=EventKind.UNSUBSCRIBED, lead_id=lead.pk)
    if not told.filter(data__message=str(message.pk)).exists():
        suppress_writer(message, lead, by=None, at=at)


def _is_away(message: Message, lead: Lead, *, at: datetime, actor: str) -> str:
    """An automatic answer is not the person's: the walks wait for the return and go on then."""
    back = return_of(message.text, written_on=message.sent_at.date())
    resting = rest(_walks(lead).filter(state__in=Enrollment.OPEN), back.on, message, at=at, actor=actor)
    return f"{lead} is away until {back.on}; {resting} sequence(s) wait" if resting else "in the inbox"


def rest(walks: Any, back_on: date, message: Message, *, at: datetime, actor: str) -> int:
    """Let these walks wait for the morning of that day, by their campaigns' clocks. Returns how many do."""
    resting = 0
    for walk in walks.filter(enrolled_at__lte=message.sent_at).select_related("campaign", "lead"):
        hours = hours_for(walk.campaign, walk.lead)
        until = local_midnight(back_on, hours.zone)
        if until <= at or (walk.resting_until and walk.resting_until >= until):
            continue
        walk.resting_until = until
        walk.save(update_fields=["resting_until"])
        detail = message.text[:300]
        about: dict[str, Any] = {"message": str(message.pk), "until": until.isoformat(), "detail": detail}
        record(EventKind.OUT_OF_OFFICE, at=at, actor=actor, subject=subject_of(walk), client=None, **about)
        resting += 1
    return resting


def _record_answer(message: Message, match: Match, walks: list[Enrollment], *, at: datetime, actor: str) -> None:
    """One event a message, told of the walk on whose account it came in.

    An operator may say that it was none, and then that it was one after all: it came in once.
    """
    told = Event.objects.filter(kind=EventKind.MESSAGE_RECEIVED, lead_id=match.lead.pk, data__message=str(message.pk))
    if match.key == "operator" and told.exists():
        return
    walk = next((each for each in walks if each.account_id == message.account_id), None)
    about = (
        subject_of(walk)
        if walk
        else Subject(client_id=message.client_id, lead_id=match.lead.pk, account_id=message.account_id)
    )
    record(
        EventKind.MESSAGE_RECEIVED,
        at=at,
        actor=actor,
        subject=about,
        text=message.text,
        conversation=str(message.conversation_id),
        message=str(message.pk),
        matched_by=match.key,
    )


def _stop(enrollment: Enrollment, message: Message, *, at: datetime, actor: str) -> None:
    enrollment.stage = Stage.RESPONDED
    enrollment.replied_at = enrollment.replied_at or message.sent_at
    if enrollment.is_open:
        leave(enrollment, Enrollment.ExitReason.REPLIED, at=at, actor=actor, message=str(message.pk))
    else:
        enrollment.save(update_fields=["stage", "replied_at"])


def _walks(lead: Lead) -> Any:
    """Every walk of a lead, locked in the order in which the engine locks them, so that neither waits for the other.

    Walks are locked before their lead.
    """
    return Enrollment.objects.filter(lead=lead).select_for_update().order_by("pk")


# --- The rest -------------------------------------------------------------------------------------------


def message_changed(event: MessageChanged, *, account: Account, at: datetime, actor: str) -> str:
    """Something became of a message: the inbox shows edited words as they stand now."""
    rows = Message.objects.filter(account=account, provider_message_id=event.message_id)
    if event.change == "read":
        return _seen(event, account, rows.first(), at=at, actor=actor)
    if event.change == "edited" and event.text:
        message = rows.select_for_update(of=("self",)).first()
        return _edited(message, event.text, at=at, actor=actor) if message else "message not known here"
    return f"noted: {event.change}"


def _edited(message: Message, text: str, *, at: datetime, actor: str) -> str:
    """Other words may mean something else; what they mean anew has its effects."""
    if not reword(message, text, at=at):
        return "text changed"
    lead = message.conversation.lead
    return _answered(message, Match(lead, "message"), at=at, actor=actor) if lead else "text changed"


def _seen(event: MessageChanged, account: Account, message: Message | None, *, at: datetime, actor: str) -> str:
    """The other side has read what we wrote: that message and all before it. Walks that waited for it go on."""
    if message is None or message.direction != Message.Direction.OUTBOUND:
        return "noted: read"
    if event.person and event.person.provider_id == account.provider_user_id:
        return "read by ourselves"
    is_news = _mark_seen(message, seen_at=event.happened_at or at, at=at, actor=actor)
    return "seen" if is_news else "known already"


def _mark_seen(message: Message, *, seen_at: datetime, at: datetime, actor: str) -> bool:
    """Whoever reads a message has read those before it. A webhook tells it, or the chat itself when it is read."""
    unseen = message.conversation.messages.filter(
        direction=Message.Direction.OUTBOUND, seen_at__isnull=True, sent_at__lte=message.sent_at
    )
    if not unseen.update(seen_at=seen_at):
        return False
    lead = message.conversation.lead
    if lead is not None:
        for walk in _walks(lead).filter(state="active", waiting_because=Because.AWAITING_CONDITION):
            replan(walk, at=at, actor=actor)
    return True


def account_status_changed(event: AccountStatusChanged, *, account: Account, at: datetime, actor: str) -> str:
    status = STATUS_WORDS.get(event.status)
    if status is None:
        return f"unknown status {event.status}"
    if event.happened_at and account.status_changed_at and event.happened_at < account.status_changed_at:
        return "older than what is known"
    changed = change_status(account, status, at=at, actor=actor)
    return f"{account} is {status.label.lower()}" if changed else "known already"


def unknown(event: UnknownEvent, *, account: Account | None, at: datetime, actor: str) -> str:
    return ""


HANDLERS: dict[type[ProviderEvent], Callable[..., str]] = {
    RelationMade: relation_made,
    MessageSeen: message_seen,
    MessageChanged: message_changed,
    AccountStatusChanged: account_status_changed,
    UnknownEvent: unknown,
}
