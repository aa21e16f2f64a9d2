"""Reading from the provider what its webhooks may have lost, delayed or never sent.

What is found goes the same way as a webhook's news, so finding a thing twice changes nothing (law 7).
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings

from integrations.account_care import change_status, refresh
from integrations.errors import ProviderError, Verdict
from integrations.models import Account
from integrations.provider_events import MessageSeen, PersonRef, ProviderEvent
from integrations.receiving import STRANGE, hand_on, keep_unusable
from integrations.reconciling import reconcile
from integrations.unipile.client import UnipileClient
from integrations.unipile.types import Chat, ChatMessage
from outreach import chance
from outreach.events.recording import Actor
from outreach.running import ending

# Deliveries lag behind the moments they carry: read again what lies this close to the last reading.
MESSAGES_OVERLAP = timedelta(hours=6)
RELATIONS_OVERLAP = timedelta(days=2)
# After a connection, or a reconnection, the gap may be long.
MESSAGES_LOOKBACK = timedelta(days=7)


def poll_due(*, at: datetime, client: UnipileClient) -> int:
    """Read every account that is due. Returns how many were read."""
    done = 0
    for account in Account.objects.due_to_read(at):
        if ending.has_begun():
            break
        poll(account, at=at, client=client)
        done += 1
    return done


def poll(account: Account, *, at: datetime, client: UnipileClient) -> None:
    """Read what is due of one account: messages, relations."""
    try:
        if account.unreconciled_since:
            refresh(account, client, at=at)  # a restored backup may take a lost account for connected
            if account.status != Account.Status.OK:
                return
        if account.messages_poll_at <= at:
            poll_messages(account, at=at, client=client)
        if account.relations_poll_at <= at:
            poll_relations(account, at=at, client=client)
        if account.unreconciled_since:
            reconcile(account, at=at, client=client)
    except ProviderError as problem:
        _put_off(account, problem, at)


def poll_messages(account: Account, *, at: datetime, client: UnipileClient) -> int:
    """Hand on every message since the last reading. Returns how many there were."""
    since = account.messages_read_at - MESSAGES_OVERLAP if account.messages_read_at else at - MESSAGES_LOOKBACK
    count = 0
    for event in _messages(account, client, since):
        _take_in(event, account, at)
        count += 1
    _mark_read(account, at, "messages", settings.MESSAGES_POLL_MINUTES)
    return count


def poll_relations(account: Account, *, at: datetime, client: UnipileClient) -> int:
    """Hand on every relation since the last reading; the first time, all of them. Returns how many there were."""
    since = account.relations_read_at - RELATIONS_OVERLAP if account.relations_read_at else None
    count = 0
    for relation in client.relations(account.provider_account_id):
        event = relation.as_event(account.provider_account_id)
        if since and event.happened_at and event.happened_at < since:
            break  # Newest first (Unipile API, section 3.3): the rest was read before.
        _take_in(event, account, at)
        count += 1
    _mark_read(account, at, "relations", settings.RELATIONS_POLL_MINUTES)
    return count


def _take_in(event: ProviderEvent, account: Account, at: datetime) -> None:
    """One strange thing must keep neither the rest of this account nor other accounts from being read."""
    try:
        hand_on(event, account=account, at=at, actor=Actor.POLL)
    except STRANGE as problem:
        keep_unusable(event, problem, account=account, at=at)


def _messages(account: Account, client: UnipileClient, since: datetime) -> Iterator[MessageSeen]:
    """Messages as events, each with the other side of its chat. Oldest first, as they were written."""
    chats: dict[str, Chat] = {}
    for message in sorted(client.messages(account.provider_account_id, after=since), key=lambda each: each.sent_at):
        if message.chat_id not in chats:
            chats[message.chat_id] = client.chat(message.chat_id)
        yield _as_event(message, chats[message.chat_id], account)


def _as_event(message: ChatMessage, chat: Chat, account: Account) -> MessageSeen:
    counterpart = None if chat.is_group else PersonRef(provider_id=chat.attendee_provider_id, name=chat.name)
    return message.as_event(account.provider_user_id, counterpart, is_group=chat.is_group)


def _mark_read(account: Account, at: datetime, what: str, minutes: int) -> None:
    """Everything up to `at` has been read, unless the account was lost meanwhile. The next moment is random."""
    pause = timedelta(minutes=minutes * chance.uniform(0.5, 1.5))
    changes = {f"{what}_read_at": at, f"{what}_poll_at": at + pause}
    Account.objects.filter(pk=account.pk, status=Account.Status.OK).update(**changes)
    for name, value in changes.items():
        setattr(account, name, value)


def _put_off(account: Account, problem: ProviderError, at: datetime) -> None:
    """The provider did not answer: try again soon. Coverage ages, and holds follow-ups back by itself."""
    soon = at + timedelta(minutes=chance.uniform(2, 5))
    Account.objects.filter(pk=account.pk, messages_poll_at__lte=at).update(messages_poll_at=soon)
    Account.objects.filter(pk=account.pk, relations_poll_at__lte=at).update(relations_poll_at=soon)
    if problem.verdict == Verdict.ACCOUNT_DISCONNECTED:
        change_status(account, Account.Status.CREDENTIALS, at=at, actor=Actor.POLL, detail=str(problem))
