"""One entry of the ledger, with the step that it belongs to."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from campaigns.models import Enrollment, StepExecution
from integrations.models import Dispatch
from leads.models import Lead
from tests.simulation.facts import AccountFacts, CampaignFacts, moment_of

if TYPE_CHECKING:
    from tests.simulation.judge import Judge

MANUAL = "[manual]"
MARK = re.compile(r"\[c(\d+)k(\d+)\] ")
WORDED = ("invitation", "message", "inmail", "comment")
KIND_OF_STEP = {
    "invitation": "connection_request",
    "message": "message",
    "inmail": "inmail",
    "profile_view": "visit_profile",
    "reaction": "like_post",
    "comment": "comment_post",
    "endorsement": "endorse_skill",
    "withdrawal": "withdraw_invitation",
}


@dataclass
class Entry:
    """What the provider has received, and which of our intents it was. A bookkeeping row is read, never believed."""

    kind: str
    person: str
    text: str
    at: datetime
    account: AccountFacts
    dispatch: Dispatch | None
    lead: Lead | None
    walk: Enrollment | None
    campaign: CampaignFacts | None
    name: int | None  # of the step, as the world calls it
    execution: StepExecution | None
    is_forgotten: bool = False  # a restored backup does not know of it

    @property
    def is_manual(self) -> bool:
        return self.text.startswith(MANUAL)

    @property
    def is_stale_withdrawal(self) -> bool:
        return self.kind == "withdrawal" and self.execution is None

    @classmethod
    def read(cls, raw: dict[str, Any], judge: "Judge") -> "Entry":
        at = moment_of(raw)
        account = judge.accounts[raw["account_id"]]
        dispatch = _dispatch(raw, at, account)
        execution = _execution(dispatch)
        walk = execution.enrollment if execution else _walk_of(dispatch)
        campaigns = {facts.pk: facts for facts in judge.stage.builder.campaigns}
        campaign = campaigns[walk.campaign_id] if walk else None
        marked = MARK.match(str(raw["text"]))
        name = int(marked[2]) if marked and raw["kind"] in WORDED else _name(campaign, execution)
        return cls(
            kind=raw["kind"],
            person=raw["person"],
            text=raw["text"] if raw["kind"] in WORDED else "",
            at=at,
            account=account,
            dispatch=dispatch,
            lead=Lead.objects.of(judge.stage.builder.client).filter(provider_id=raw["person"]).first(),
            walk=walk,
            campaign=campaign,
            name=name,
            execution=execution,
        )


def _dispatch(raw: dict[str, Any], at: datetime, account: AccountFacts) -> Dispatch | None:
    """The intent that was called last before the entry was made."""
    rows = Dispatch.objects.filter(account=account.pk, action=raw["kind"], person=raw["person"])
    return rows.filter(called_at__lte=at + timedelta(seconds=1)).order_by("-called_at", "-pk").first()


def _execution(dispatch: Dispatch | None) -> StepExecution | None:
    rows = StepExecution.objects.select_related("enrollment__lead", "step__sequence")
    return rows.filter(dispatch=dispatch).first() if dispatch else None


def _walk_of(dispatch: Dispatch | None) -> Enrollment | None:
    """An invitation that grew stale belongs to a walk without being one of its steps."""
    if dispatch is None or not dispatch.key.startswith("withdraw:"):
        return None
    return Enrollment.objects.select_related("lead").get(pk=dispatch.key.partition(":")[2])


def _name(campaign: CampaignFacts | None, execution: StepExecution | None) -> int | None:
    if campaign is None or execution is None:
        return None
    version = campaign.versions[execution.step.sequence.version - 1]
    return next((step.name for step in version if step.origin == execution.step.origin), None)
