"""Taking a message in: from a webhook, a poll, or the look before a follow-up. Each message exists once (law 7)."""

from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import F, Q

from inbox.classifying import classify
from inbox.models import Conversation, Message, Participant
from integrations import by_hand
from integrations.models import Account, Action, Dispatch
from integrations.provider_events import MessageSeen, PersonRef
from integrations.unipile.reading import storable_json
from leads.matching import Match, find_lead
from leads.models import Lead

Direction, Meaning = Message.Direction, Message.Meaning
# What the owner's own messages count as, by the provider's word for their kind. Our invitation's note, which opens a
# chat when it is accepted, was counted as an invitation.
BY_HAND = {"MESSAGE": Action.MESSAGE, "INMAIL": Action.INMAIL}


@dataclass(frozen=True, slots=True)
class Ingested:
    """A message that is now in the inbox; `created` is False when it had been there before."""

    message: Message
    created: bool
    match: Match | None


def is_own(event: MessageSeen, account: Account) -> bool:
    """Whether we wrote it. Older webhooks do not say: then the ids decide (Unipile API, section 7.5)."""
    if event.is_own is not None:
        return event.is_own
    own = event.own_user_id or account.provider_user_id
    return bool(event.sender and own and event.sender.provider_id == own)


def ingest(event: MessageSeen, *, account: Account, at: datetime, actor: str) -> Ingested:
    """Store a message and its conversation, or find that both are there. Runs in the caller's transaction."""
    match = None if event.is_group else find_lead(account, event.counterpart)
    conversation = _conversation(event, account, match.lead if match else None)
    message, created = _message(event, conversation, account, at, actor)
    if created:
        _touch(conversation, message)
    if message.direction == Direction.OUTBOUND and not message.is_event:
        _bind(message, event, account, at, count=created)
    return Ingested(message, created, match)


def _conversation(event: MessageSeen, account: Account, lead: Lead | None) -> Conversation:
    person = event.counterpart or PersonRef()
    conversation, _ = Conversation.objects.get_or_create(
        account=account,
        provider_chat_id=event.chat_id,
        defaults={
            "client_id": account.client_id,
            "lead": lead,
            "name": (person.name or (lead.name if lead else ""))[:200],
            "person": person.provider_id,
        },
    )
    _fill_in(conversation, person, lead)
    return conversation


def _fill_in(conversation: Conversation, person: PersonRef, lead: Lead | None) -> None:
    """Add what an earlier, poorer payload did not say; never overwrite."""
    known = {"lead": lead, "name": (person.name or (lead.name if lead else ""))[:200], "person": person.provider_id}
    news = [name for name, value in known.items() if value and not getattr(conversation, name)]
    for name in news:
        setattr(conversation, name, known[name])
    if news:
        conversation.save(update_fields=news)
    if person.provider_id:
        Participant.objects.get_or_create(
            conversation=conversation,
            provider_id=person.provider_id,
            defaults={"client_id": conversation.client_id, "name": person.name[:200]},
        )


def _message(
    event: MessageSeen, conversation: Conversation, account: Account, at: datetime, actor: str
) -> tuple[Message, bool]:
    known = Message.objects.filter(account=account, provider_message_id=event.message_id).first()
    if known:
        return known, False
    direction = Direction.OUTBOUND if is_own(event, account) else Direction.INBOUND
    row = Message(
        client_id=account.client_id,
        conversation=conversation,
        account=account,
        direction=direction,
        provider_message_id=event.message_id,
        text=event.text,
        subject=event.subject[:300],
        kind=event.message_type[:20],
        is_event=event.is_event,
        attachments=storable_json(event.attachments),
        sent_at=event.happened_at or at,
        recorded_at=at,
        noticed_by=str(actor),
    )
    if direction == Direction.INBOUND and not event.is_event:
        _understand(row, at)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        # Told twice at the same moment: the other teller was first.
        return Message.objects.get(account=account, provider_message_id=event.message_id), False
    return row, True


BY_RULE = "rule ("


def _understand(message: Message, at: datetime) -> None:
    """What the rules say that it means, and the words that decided."""
    found = classify(message.text)
    message.meaning = found.kind.value
    message.meaning_by = f"{BY_RULE}{found.language}): {found.phrase}" if found.phrase else ""
    message.meaning_at = at


def reword(message: Message, text: str, *, at: datetime) -> bool:
    """The writer has changed the words. True when they mean something else now.

    A person's word about the meaning stands. So does a wish not to be written to: only a person lifts it. And what
    was an answer stays one, even if it looks like an automatic one now.
    """
    before, decided = message.meaning, (message.meaning, message.meaning_by, message.meaning_at)
    message.text = text
    ruled = not message.meaning_by or message.meaning_by.startswith(BY_RULE)
    if message.direction == Direction.INBOUND and not message.is_event and ruled and before != Meaning.UNSUBSCRIBE:
        _understand(message, at)
        if message.is_reply and message.meaning == Meaning.OUT_OF_OFFICE:
            message.meaning, message.meaning_by, message.meaning_at = decided
    message.save(update_fields=["text", "meaning", "meaning_by", "meaning_at"])
    return message.meaning != before


def _touch(conversation: Conversation, message: Message) -> None:
    """Bring the conversation's summary up to date; messages arrive in any order."""
    rows = Conversation.objects.filter(pk=conversation.pk)
    later = Q(last_message_at__isnull=True) | Q(last_message_at__lt=message.sent_at)
    rows.filter(later).update(last_message_at=message.sent_at)
    if message.direction == Direction.INBOUND and not message.is_event:
        later = Q(last_inbound_at__isnull=True) | Q(last_inbound_at__lt=message.sent_at)
        rows.filter(later).update(last_inbound_at=message.sent_at)
        rows.update(unread=F("unread") + 1, status=Conversation.Status.OPEN)


def _bind(message: Message, event: MessageSeen, account: Account, at: datetime, *, count: bool) -> None:
    """Find the dispatch that this message of ours is; one without was written by the owner by hand."""
    if message.dispatch_id:
        return
    dispatch = dispatch_of(message, event, account)
    if dispatch is not None:
        Message.objects.filter(pk=message.pk, dispatch__isnull=True).update(dispatch=dispatch)
        message.dispatch = dispatch
    elif count and (action := BY_HAND.get(event.message_type)):
        by_hand.count(account, action, done_at=message.sent_at, at=at)


def dispatch_of(message: Message, event: MessageSeen, account: Account) -> Dispatch | None:
    """By the provider's message id; else the oldest unclaimed dispatch of the same words to the same person."""
    ours = Dispatch.objects.filter(account=account, action__in=BY_HAND.values(), message__isnull=True).live()
    by_id = ours.filter(provider_message_id=event.message_id).first()
    if by_id or event.counterpart is None:
        return by_id
    same = ours.filter(provider_message_id="", person=event.counterpart.provider_id, called_at__isnull=False)
    candidates = same.order_by("reserved_at")
    return next((each for each in candidates if same_words(each.text, message.text)), None)


def same_words(ours: str, theirs: str) -> bool:
    """Equal but for white space, which LinkedIn trims and folds."""
    return ours.split() == theirs.split()


def record_sent(dispatch: Dispatch, *, lead: Lead | None, at: datetime) -> Message | None:
    """Put a message that we have just sent into the inbox, unless its echo was faster.

    None when the provider did not say in which chat it is (Unipile API, section 5.3): the echo or the next poll
    brings it and binds it to the dispatch.
    """
    if not dispatch.provider_chat_id:
        return None
    conversation, _ = Conversation.objects.get_or_create(
        account_id=dispatch.account_id,
        provider_chat_id=dispatch.provider_chat_id,
        defaults={
            "client_id": dispatch.client_id,
            "lead": lead,
            "name": lead.name if lead else "",
            "person": dispatch.person,
        },
    )
    if lead and conversation.lead_id is None:
        Conversation.objects.filter(pk=conversation.pk).update(lead=lead)
    message = _sent_message(dispatch, conversation, at)
    if message:
        _touch(conversation, message)
    return message


def _sent_message(dispatch: Dispatch, conversation: Conversation, at: datetime) -> Message | None:
    """The row of a sent message: the echo's when it is there already, otherwise a new one."""
    bound = Message.objects.filter(dispatch=dispatch).first()
    if bound or not dispatch.provider_message_id:
        return bound
    message, _ = Message.objects.get_or_create(
        account_id=dispatch.account_id,
        provider_message_id=dispatch.provider_message_id,
        defaults={
            "client_id": dispatch.client_id,
            "conversation": conversation,
            "direction": Direction.OUTBOUND,
            "text": dispatch.text,
            "kind": "MESSAGE",
            "sent_at": dispatch.called_at or at,
            "recorded_at": at,
            "noticed_by": dispatch.actor,
            "dispatch": dispatch,
        },
    )
    if message.dispatch_id is None:
        Message.objects.filter(pk=message.pk, dispatch__isnull=True).update(dispatch=dispatch)
    return message
