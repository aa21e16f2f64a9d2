"""The step that invites a person to connect."""

from datetime import datetime

from campaigns.actions.contract import Evidence, Findings, Job
from campaigns.models import Step
from integrations.dispatching import Outcome
from integrations.errors import ProviderError, Verdict
from integrations.models import Account, Action, Dispatch
from integrations.unipile.client import UnipileClient

State = Dispatch.State
# One refusal, two meanings (Unipile API, section 1.4): the account's cap, or this one person is pending.
AMBIGUOUS = frozenset({Verdict.ACCOUNT_CAP, Verdict.COOLING_DOWN})


class ConnectionRequest:
    kind = Step.Kind.CONNECTION_REQUEST
    action = Action.INVITATION

    def text_limit(self, account: Account | None) -> int | None:
        return account.note_limit if account else max(Account.NOTE_LIMITS.values())

    def look(self, job: Job, client: UnipileClient) -> Findings:
        """The profile tells the stable id, and whether they are connected or invited already."""
        profile = client.profile(job.lead.identifier, account_id=job.account.provider_account_id)
        return Findings(profile=profile, already_done=profile.is_connected or profile.invitation_pending)

    def call(self, job: Job, client: UnipileClient) -> Outcome:
        dispatch = job.dispatch
        account_id = job.account.provider_account_id
        try:
            sent = client.invite(account_id=account_id, provider_id=dispatch.person, message=dispatch.text)
        except ProviderError as problem:
            if problem.verdict in AMBIGUOUS and (pending := _pending(dispatch, account_id, client)):
                return Outcome(
                    State.REJECTED,
                    verdict=Verdict.ALREADY_DONE,
                    detail="Pending already.",
                    provider_invitation_id=pending,
                )
            raise
        return Outcome(State.SENT, provider_invitation_id=sent.invitation_id)

    def reconcile(self, dispatch: Dispatch, client: UnipileClient, *, at: datetime) -> Evidence:
        """An invitation that went out is pending, or was accepted. Neither: it did not go out."""
        account_id = dispatch.account.provider_account_id
        if pending := _pending(dispatch, account_id, client):
            return Evidence(True, "pending at LinkedIn", Outcome(State.SENT, provider_invitation_id=pending))
        profile = client.profile(dispatch.person, account_id=account_id)
        if profile.is_connected:
            return Evidence(True, "connected at LinkedIn", Outcome(State.SENT), connected=True)
        if profile.invitation_pending:
            return Evidence(True, "the profile shows a pending invitation", Outcome(State.SENT))
        return Evidence(False, "neither pending nor connected at LinkedIn")


def _pending(dispatch: Dispatch, account_id: str, client: UnipileClient) -> str:
    """The id of the pending invitation to this person, or ""."""
    sent = client.sent_invitations(account_id)
    return next((each.invitation_id for each in sent if each.provider_id == dispatch.person), "")
