"""The step that writes to a person we are connected with."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F

from campaigns.actions.contract import AccountStep, Evidence, Findings, Job, TextUse
from campaigns.models import Enrollment
from inbox.ingesting import same_words
from inbox.models import Conversation
from integrations.dispatching import Outcome
from integrations.errors import ProviderError, Verdict
from integrations.models import Account, Action, Dispatch
from integrations.provider_events import MessageSeen, PersonRef
from integrations.unipile.client import UnipileClient
from outreach.events.kinds import EventKind

State = Dispatch.State
# Clocks differ: a message of ours may carry a moment a little before we noted the call.
CLOCK_SKEW = timedelta(minutes=2)
# LinkedIn's own limit for a message to a relation (characters).
MESSAGE_LIMIT = 8000


class SendMessage(AccountStep):
    kind = "message"
    label = "Message"
    action = Action.MESSAGE
    needs_connection = True
    text = TextUse.REQUIRED
    writes = True
    stage = Enrollment.Stage.MESSAGED
    done_event = EventKind.MESSAGE_SENT

    def text_limit(self, account: Account | None) -> int | None:
        return MESSAGE_LIMIT

    def look(self, job: Job, client: UnipileClient) -> Findings:
        """Read the chat before writing into it: an answer found now stops the step."""
        account_id, profile = job.account.provider_account_id, None
        if not (job.connected and job.lead.provider_id):
            profile = client.profile(job.lead.identifier, account_id=account_id)
            if not profile.is_connected:
                return Findings(profile=profile, problem=_not_connected(job))
        person = profile.provider_id if profile else job.lead.provider_id
        chat_id, seen = written_in_chat(person, job, client)
        return Findings(profile=profile, chat_id=chat_id, messages=seen)

    def call(self, job: Job, client: UnipileClient) -> Outcome:
        dispatch, account_id = job.dispatch, job.account.provider_account_id
        if dispatch.provider_chat_id:
            sent = client.send_message(account_id=account_id, chat_id=dispatch.provider_chat_id, text=dispatch.text)
        else:
            sent = client.start_chat(account_id=account_id, attendee_provider_id=dispatch.person, text=dispatch.text)
        return Outcome(
            State.SENT,
            provider_chat_id=sent.chat_id or dispatch.provider_chat_id,
            provider_message_id=sent.message_id,
        )

    def reconcile(self, dispatch: Dispatch, client: UnipileClient, *, at: datetime) -> Evidence:
        """Our words stand in the chat since the call, or they were not sent."""
        account = dispatch.account
        chat_id = dispatch.provider_chat_id or _chat_with(dispatch.person, account.provider_account_id, client)
        if not chat_id:
            return Evidence(False, "there is no chat with this person")
        since = dispatch.called_at or dispatch.reserved_at
        seen = tuple(_read(chat_id, dispatch.person, account, client, since=since))
        ours = next((each for each in seen if _is_it(each, dispatch)), None)
        if ours is None:
            return Evidence(False, "the chat does not hold our words", messages=seen)
        found = Outcome(State.SENT, provider_chat_id=chat_id, provider_message_id=ours.message_id)
        return Evidence(True, "our words stand in the chat", found, messages=seen)


def written_in_chat(person: str, job: Job, client: UnipileClient) -> tuple[str, tuple[MessageSeen, ...]]:
    """The chat with this person, "" when there is none, and what was said in it since the walk began."""
    account_id = job.account.provider_account_id
    chat_id = job.dispatch.provider_chat_id or _chat_with(person, account_id, client)
    since = job.enrollment.started_at or job.enrollment.enrolled_at
    seen = _read(chat_id, person, job.account, client, since=since) if chat_id else ()
    return chat_id, tuple(seen)


def _chat_with(person: str, account_id: str, client: UnipileClient) -> str:
    return next((chat.id for chat in client.chats_with(person, account_id=account_id)), "")


def _read(
    chat_id: str, person: str, account: Account, client: UnipileClient, *, since: datetime
) -> Iterable[MessageSeen]:
    counterpart = PersonRef(provider_id=person)
    for message in client.chat_messages(chat_id, after=since - CLOCK_SKEW):
        yield message.as_event(account.provider_user_id, counterpart)


def _not_connected(job: Job) -> ProviderError:
    return ProviderError(Verdict.NOT_CONNECTED, title=f"{job.lead} is not connected with {job.account}")


def _is_it(seen: MessageSeen, dispatch: Dispatch) -> bool:
    """Our own words, since the call, and not those of another dispatch."""
    since = (dispatch.called_at or dispatch.reserved_at) - CLOCK_SKEW
    fresh = seen.happened_at is None or seen.happened_at >= since
    if not (seen.is_own and fresh and same_words(dispatch.text, seen.text)):
        return False
    others = Dispatch.objects.filter(account=dispatch.account_id, provider_message_id=seen.message_id)
    return not others.exclude(pk=dispatch.pk).exists()


def known_chats(accounts: Iterable[UUID], people: Iterable[str]) -> Mapping[tuple[UUID, str], str]:
    """The newest chats that the inbox knows of these people, by account and person; one query for all."""
    wanted = [person for person in people if person]
    if not wanted:
        return {}
    rows = Conversation.objects.filter(account__in=accounts, person__in=wanted).exclude(provider_chat_id="")
    newest_last = rows.order_by(F("last_message_at").asc(nulls_first=True))
    return {
        (account, person): chat
        for account, person, chat in newest_last.values_list("account_id", "person", "provider_chat_id")
    }
