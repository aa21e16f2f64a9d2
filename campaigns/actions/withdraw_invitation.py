"""The step that takes back an invitation that nobody answered."""

from datetime import datetime

from campaigns.actions.contract import AccountStep, Evidence, Findings, Job
from integrations.dispatching import Outcome
from integrations.models import Action, Dispatch
from integrations.unipile.client import UnipileClient
from outreach.events.kinds import EventKind

State = Dispatch.State


class WithdrawInvitation(AccountStep):
    kind = "withdraw_invitation"
    label = "Withdraw the invitation"
    action = Action.WITHDRAWAL
    done_event = EventKind.INVITATION_WITHDRAWN

    def look(self, job: Job, client: UnipileClient) -> Findings:
        """Only what is still pending can be taken back."""
        pending = pending_invitation(job.lead.provider_id, job.account.provider_account_id, client)
        if not pending:
            return Findings(nothing_to_do="no invitation is pending")
        return Findings(data={"invitation_id": pending})

    def call(self, job: Job, client: UnipileClient) -> Outcome:
        return withdraw(job.dispatch, client)

    def reconcile(self, dispatch: Dispatch, client: UnipileClient, *, at: datetime) -> Evidence:
        """What is not pending any more was taken back, or was accepted meanwhile: either way nothing is left to do."""
        if pending_invitation(dispatch.person, dispatch.account.provider_account_id, client):
            return Evidence(False, "the invitation is still pending")
        return Evidence(True, "the invitation is not pending any more", Outcome(State.SENT))


def withdraw(dispatch: Dispatch, client: UnipileClient) -> Outcome:
    """The call itself. Raises ProviderError; one that is not pending any more is ALREADY_DONE."""
    invitation = str(dispatch.data["invitation_id"])
    client.withdraw_invitation(account_id=dispatch.account.provider_account_id, invitation_id=invitation)
    return Outcome(State.SENT, provider_invitation_id=invitation)


def pending_invitation(person: str, account_id: str, client: UnipileClient) -> str:
    """The id of the pending invitation to this person, or "". Of some the list does not say to whom they are."""
    if not person:
        return ""
    sent = client.sent_invitations(account_id)
    return next((each.invitation_id for each in sent if each.provider_id == person), "")
