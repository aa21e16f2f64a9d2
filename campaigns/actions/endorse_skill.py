"""The step that endorses a skill of a person we are connected with."""

from datetime import datetime

from campaigns.actions.contract import AccountStep, Evidence, Findings, Job
from campaigns.models import Step
from integrations.dispatching import Outcome
from integrations.errors import ProviderError, Verdict
from integrations.models import Action, Dispatch
from integrations.unipile.client import UnipileClient
from outreach.clients.models import Client

State = Dispatch.State


class EndorseSkill(AccountStep):
    kind = "endorse_skill"
    label = "Endorse a skill"
    action = Action.ENDORSEMENT
    needs_connection = True
    options = {"skill": "Part of the skill's name; the first skill of the profile when left out."}

    def problems(self, step: Step, client: Client) -> list[str]:
        skill = step.options.get("skill", "")
        return [] if isinstance(skill, str) else [f'"skill" is a text, not {skill!r}.']

    def look(self, job: Job, client: UnipileClient) -> Findings:
        account_id = job.account.provider_account_id
        profile = client.profile(job.lead.identifier, account_id=account_id)
        if not profile.is_connected:
            return Findings(profile=profile, problem=ProviderError(Verdict.NOT_CONNECTED, title="Not connected"))
        wanted = str(job.step.options.get("skill", "")).casefold()
        skills = client.skills(profile.provider_id, account_id=account_id)
        free = (each for each in skills if each.endorsement_id and not each.endorsed)
        chosen = next((each for each in free if wanted in each.name.casefold()), None)
        if chosen is None:
            return Findings(profile=profile, nothing_to_do="has no such skill left to endorse")
        return Findings(profile=profile, data={"skill": chosen.name, "endorsement_id": chosen.endorsement_id})

    def call(self, job: Job, client: UnipileClient) -> Outcome:
        client.endorse(
            account_id=job.account.provider_account_id,
            provider_id=job.dispatch.person,
            endorsement_id=int(job.dispatch.data["endorsement_id"]),
        )
        return Outcome(State.SENT)

    def reconcile(self, dispatch: Dispatch, client: UnipileClient, *, at: datetime) -> Evidence:
        """Who has endorsed a skill is not told. It is taken as done: LinkedIn counts each endorser once."""
        return Evidence(True, "endorsers are not told, and endorsing is not repeated", Outcome(State.SENT))
