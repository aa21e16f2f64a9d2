"""The step that invites a person to connect."""

from collections.abc import Sequence
from datetime import datetime

from campaigns.actions.contract import AccountStep, Evidence, Findings, Job, TextUse
from campaigns.models import Enrollment, Step
from integrations.dispatching import Outcome
from integrations.errors import ProviderError, Verdict
from integrations.models import Account, Action, Dispatch
from integrations.unipile.client import UnipileClient
from outreach.clients.models import Client
from outreach.events.kinds import EventKind

State = Dispatch.State
BARE_IF_REFUSED = "bare_if_refused"
# What LinkedIn says of a note that it does not take, be it too long or too many of them.
NOTE_REFUSALS = frozenset({Verdict.TEXT_REFUSED, Verdict.FEATURE_MISSING})
# One refusal, two meanings (Unipile API, section 1.4): the account's cap, or this one person is pending.
AMBIGUOUS = frozenset({Verdict.ACCOUNT_CAP, Verdict.COOLING_DOWN})


class ConnectionRequest(AccountStep):
    kind = "connection_request"
    label = "Connection request"
    action = Action.INVITATION
    text = TextUse.OPTIONAL
    stage = Enrollment.Stage.INVITE_SENT
    done_event = EventKind.CONNECTION_REQUEST_SENT
    options = {
        BARE_IF_REFUSED: "Invite without the note when LinkedIn refuses it or the notes are used up (true or false)."
    }

    def problems(self, step: Step, client: Client) -> list[str]:
        given = step.options.get(BARE_IF_REFUSED, True)
        return [] if isinstance(given, bool) else [f"{BARE_IF_REFUSED} is true or false, not {given!r}."]

    def text_limit(self, account: Account | None) -> int | None:
        return account.note_limit if account else max(Account.NOTE_LIMITS.values())

    def may_go_bare(self, step: Step) -> bool:
        return bool(step.options.get(BARE_IF_REFUSED, True))

    def goes_bare(self, step: Step, earlier: Sequence[str]) -> bool:
        return self.may_go_bare(step) and bool(NOTE_REFUSALS & set(earlier))

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
            if problem.verdict == Verdict.ACCOUNT_CAP and _was_withdrawn(dispatch, account_id, client):
                raise _of_this_person(problem) from problem
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


def _was_withdrawn(dispatch: Dispatch, account_id: str, client: UnipileClient) -> bool:
    """Whether the profile shows that our last invitation to this person was taken back."""
    try:
        return client.profile(dispatch.person, account_id=account_id).invitation_withdrawn
    except ProviderError:
        return False  # The refusal stands as it came.


def _of_this_person(problem: ProviderError) -> ProviderError:
    detail = "The invitation before was withdrawn lately."
    return ProviderError(
        Verdict.COOLING_DOWN, status=problem.status, type=problem.type, title=problem.title, detail=detail
    )
