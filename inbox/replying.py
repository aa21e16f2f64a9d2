"""An operator answers in a conversation. It goes the way of every side effect, and counts against the same caps."""

from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction

from inbox.ingesting import record_sent
from inbox.models import Conversation, Message
from integrations.connecting import provider_client
from integrations.dispatching import CannotReserve, Intent, Outcome, confirm, free_slot, reserve, settle
from integrations.errors import ProviderError, Verdict
from integrations.models import Account, Action, Dispatch
from integrations.unipile.client import UnipileClient
from outreach.clients.models import User
from outreach.events.kinds import EventKind
from outreach.events.recording import Subject, operator, record
from outreach.identifiers import new_id

LONGEST = 8000


class NotSent(ValidationError):
    """The answer did not go out; the sentence says why and what to do."""


def reply(
    *, conversation: Conversation, text: str, by: User | None, at: datetime, client: UnipileClient | None = None
) -> Message | None:
    """Send `text` into the conversation now.

    None when the provider took it without saying which message it is: its echo brings it into the inbox.
    Raises NotSent, whose text an operator can act on. An unknown outcome is never resent: see Dispatch.
    """
    words = text.strip()
    if not words or len(words) > LONGEST:
        raise NotSent(f"Write between 1 and {LONGEST} characters.")
    dispatch = _reserve(conversation, words, by, at)
    try:
        sent = (client or provider_client()).send_message(
            account_id=conversation.account.provider_account_id, chat_id=conversation.provider_chat_id, text=words
        )
    except ProviderError as problem:
        _record_problem(dispatch, problem, at)
        raise NotSent(_advice(problem)) from problem
    outcome = Outcome(
        Dispatch.State.SENT, provider_chat_id=conversation.provider_chat_id, provider_message_id=sent.message_id
    )
    return _record_sent(dispatch, outcome, conversation, by, at)


def _reserve(conversation: Conversation, words: str, by: User | None, at: datetime) -> Dispatch:
    account = conversation.account
    if account.status != Account.Status.OK:
        raise NotSent(f"{account} is {account.get_status_display().lower()}. Reconnect it, then send again.")
    intent = Intent(
        key=f"reply:{new_id()}",
        account=account,
        action=Action.MESSAGE,
        person=conversation.person,
        text=words,
        actor=operator(by),
        provider_chat_id=conversation.provider_chat_id,
    )
    try:
        with transaction.atomic():
            dispatch = reserve(intent, at=at)
            confirm(dispatch, at=at)
    except CannotReserve as problem:
        raise NotSent(f"{problem} Try again {_when(problem.until, at)}.") from problem
    return dispatch


def _when(until: datetime | None, at: datetime) -> str:
    if until is None:
        return "tomorrow"
    return f"in {max(1, round((until - at) / timedelta(seconds=1)))} seconds"


def _record_sent(
    dispatch: Dispatch, outcome: Outcome, conversation: Conversation, by: User | None, at: datetime
) -> Message | None:
    with transaction.atomic():
        settle(dispatch, outcome, at=at)
        free_slot(dispatch, at)
        message = record_sent(dispatch, lead=conversation.lead, at=at)
        Conversation.objects.filter(pk=conversation.pk).update(unread=0)
        record(
            EventKind.MESSAGE_SENT,
            at=at,
            actor=operator(by),
            subject=Subject(
                client_id=conversation.client_id, lead_id=conversation.lead_id, account_id=conversation.account_id
            ),
            text=dispatch.text,
            dispatch=str(dispatch.pk),
            conversation=str(conversation.pk),
        )
    return message


def _record_problem(dispatch: Dispatch, problem: ProviderError, at: datetime) -> None:
    unknown = problem.verdict == Verdict.UNKNOWN
    state = Dispatch.State.UNKNOWN if unknown else Dispatch.State.REJECTED
    with transaction.atomic():
        settle(dispatch, Outcome(state, verdict=problem.verdict, detail=str(problem)), at=at)
        free_slot(dispatch, at)


def _advice(problem: ProviderError) -> str:
    if problem.verdict == Verdict.UNKNOWN:
        return "The provider did not say whether the message went out. It is being looked up; do not send it again."
    return f"The provider did not take the message: {problem}"
