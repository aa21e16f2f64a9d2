"""Reading from the provider what its webhooks may have lost, delayed or never sent.

What is found goes the same way as a webhook's news, so finding a thing twice changes nothing (law 7).
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models.functions import Least

from integrations import breaker
from integrations.account_care import change_status, refresh
from integrations.by_hand import read_invitations
from integrations.errors import ProviderError, Verdict
from integrations.models import Account
from integrations.provider_events import MessageSeen, PersonRef, ProviderEvent
from integrations.receiving import STRANGE, hand_on, keep_unusable
from integrations.reconciling import reconcile
from integrations.unipile.client import UnipileClient
from integrations.unipile.types import Chat, ChatMessage
from outreach import chance
from outreach.clock import stopwatch
from outreach.events.recording import Actor
from outreach.running import ending

# Deliveries lag behind the moments they carry: read again what lies this close to the last reading.
MESSAGES_OVERLAP = timedelta(hours=6)
RELATIONS_OVERLAP = timedelta(days=2)
# Seconds that one round of readings may take, and for how long an account that a worker took is nobody else's.
LONGEST_ROUND = 60.0
TAKEN_FOR = timedelta(minutes=10)
# After a connection, or a reconnection, the gap may be long.
MESSAGES_LOOKBACK = timedelta(days=7)


def poll_due(*, at: datetime, client: UnipileClient, seconds: float = LONGEST_ROUND) -> int:
    """Read the accounts that are due, the longest overdue first. Returns how many were read.

    A provider that is down is left alone, and a slow one is left after so many seconds: the next round goes on where
    this one ended. Several workers at once never read the same account.
    """
    began, done = stopwatch(), 0
    due = Account.objects.due_to_read(at).order_by(Least("messages_poll_at", "relations_poll_at"), "pk")
    for account in list(due):
        if ending.has_begun() or stopwatch() - began > seconds or not breaker.is_closed(at):
            break
        if _take(account, at):
            poll(account, at=at, client=client)
            done += 1
    return done


def _take(account: Account, at: datetime) -> bool:
    """Whoever moves the next reading first has it; a worker that is lost with it costs a few minutes."""
    moments = {"messages_poll_at": account.messages_poll_at, "relations_poll_at": account.relations_poll_at}
    due = {name: at + TAKEN_FOR for name, moment in moments.items() if moment <= at}
    return bool(Account.objects.filter(pk=account.pk, **moments).update(**due))


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
            read_invitations(account, at=at, client=client)
        if account.unreconciled_since:
            reconcile(account, at=at, client=client)
    except ProviderError as problem:
        _put_off(account, problem, at)
    else:
        breaker.note_success()


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
    if breaker.speaks_of_the_provider(problem):
        breaker.note_failure(at=at, detail=str(problem))
    soon = at + timedelta(minutes=chance.uniform(2, 5))
    for name in ("messages_poll_at", "relations_poll_at"):
        if getattr(account, name) <= at:  # what was read meanwhile has its next moment already
            Account.objects.filter(pk=account.pk).update(**{name: soon})
    if problem.verdict == Verdict.ACCOUNT_DISCONNECTED:
        change_status(account, Account.Status.CREDENTIALS, at=at, actor=Actor.POLL, detail=str(problem))
