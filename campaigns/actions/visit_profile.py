"""The step that looks at a profile so that its owner sees it."""

from datetime import datetime

from campaigns.actions.contract import AccountStep, Evidence, Findings, Job
from integrations.dispatching import Outcome
from integrations.models import Action, Dispatch
from integrations.unipile.client import UnipileClient

State = Dispatch.State


class VisitProfile(AccountStep):
    kind = "visit_profile"
    label = "Visit the profile"
    action = Action.PROFILE_VIEW

    def look(self, job: Job, client: UnipileClient) -> Findings:
        """A quiet look tells who it is, so that the visit goes to the right person."""
        return Findings(profile=client.profile(job.lead.identifier, account_id=job.account.provider_account_id))

    def call(self, job: Job, client: UnipileClient) -> Outcome:
        client.visit(job.dispatch.person, account_id=job.account.provider_account_id)
        return Outcome(State.SENT)

    def reconcile(self, dispatch: Dispatch, client: UnipileClient, *, at: datetime) -> Evidence:
        """A visit leaves nothing that could be asked for. It is taken as done: a second one would look odd."""
        return Evidence(True, "a visit leaves no trace to ask for, and is not repeated", Outcome(State.SENT))
