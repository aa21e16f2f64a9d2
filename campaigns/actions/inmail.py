"""The step that writes to somebody we are not connected with, for one of a premium account's credits."""

from datetime import datetime

from campaigns.actions.contract import AccountStep, Evidence, Findings, Job, TextUse
from campaigns.actions.message import SendMessage, written_in_chat
from campaigns.models import Enrollment, Step
from integrations.dispatching import Outcome
from integrations.models import Account, Action, Dispatch
from integrations.unipile.client import UnipileClient
from outreach.clients.models import Client
from outreach.events.kinds import EventKind

State = Dispatch.State
# LinkedIn's own limits (characters); the provider's schema names none (Unipile API, section 8).
SUBJECT_LIMIT, INMAIL_LIMIT = 200, 1900


class SendInMail(AccountStep):
    kind = "inmail"
    label = "InMail"
    action = Action.INMAIL
    text = TextUse.REQUIRED
    writes = True
    stage = Enrollment.Stage.MESSAGED
    done_event = EventKind.MESSAGE_SENT
    options = {"subject": "What it is about; tokens may be used."}
    worded_options = ("subject",)

    def text_limit(self, account: Account | None) -> int | None:
        return INMAIL_LIMIT

    def problems(self, step: Step, client: Client) -> list[str]:
        subject = step.options.get("subject")
        if not isinstance(subject, str) or not subject.strip():
            return ['An InMail needs a "subject".']
        return [f"A subject has at most {SUBJECT_LIMIT} characters."] if len(subject) > SUBJECT_LIMIT else []

    def problems_with(self, account: Account) -> str:
        return "InMail needs a premium account" if account.tier == Account.Tier.FREE else ""

    def look(self, job: Job, client: UnipileClient) -> Findings:
        """The profile tells who it is; what stands in their chat with us, if there is one, is read first."""
        account_id = job.account.provider_account_id
        profile = client.profile(job.lead.identifier, account_id=account_id)
        chat_id, seen = written_in_chat(profile.provider_id, job, client)
        return Findings(profile=profile, chat_id=chat_id, messages=seen)

    def call(self, job: Job, client: UnipileClient) -> Outcome:
        sent = client.start_inmail(
            account_id=job.account.provider_account_id,
            attendee_provider_id=job.dispatch.person,
            subject=str(job.dispatch.data["subject"]),
            text=job.dispatch.text,
        )
        return Outcome(State.SENT, provider_chat_id=sent.chat_id, provider_message_id=sent.message_id)

    def reconcile(self, dispatch: Dispatch, client: UnipileClient, *, at: datetime) -> Evidence:
        """Our words stand in the chat with this person, as those of a message do."""
        return SendMessage().reconcile(dispatch, client, at=at)
