"""The step that hands a lead to another campaign of the same client."""

from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction

from campaigns.actions.contract import Blocked, InternalStep, Over, Place, Result
from campaigns.models import Campaign, Enrollment, Step
from campaigns.planning.decisions import Because, Reason
from outreach.clients.models import Client


class MoveOn(InternalStep):
    kind = "move"
    label = "Move to another campaign"
    options = {"campaign": "The id of the other campaign, of the same client."}
    ends = True

    def problems(self, step: Step, client: Client) -> list[str]:
        target = _target(step, client.pk)
        if target is None:
            return [f'"campaign" is the id of a campaign of {client}; not {step.options.get("campaign")!r}.']
        return ["A lead cannot be moved to the campaign it is in."] if target.pk == step.sequence.campaign_id else []

    def carry_out(self, place: Place) -> Result:
        target = _target(place.step, place.enrollment.client_id)
        if target is None:
            return Blocked(Reason(Because.CAMPAIGN_NOT_ACTIVE, detail="The campaign to move to is gone."))
        try:
            refused = _hand_on(place, target)
        except ValidationError as problem:
            return Blocked(Reason(Because.ACCOUNT_MISSING, detail=" ".join(problem.messages)))
        return Over(Enrollment.ExitReason.MOVED, detail=f"{target} refused: {refused}" if refused else f"to {target}")


def _hand_on(place: Place, target: Campaign) -> str:
    """Enrol the lead there. It counts as out of here already, so that the guards see one walk and not two."""
    # Enrolling plans walks, and planning asks the registry, which names this module.
    from campaigns.enrolling import enroll

    with transaction.atomic():
        gone = {"state": Enrollment.State.EXITED, "exit_reason": Enrollment.ExitReason.MOVED}
        Enrollment.objects.filter(pk=place.enrollment.pk).update(**gone)
        report = enroll(campaign=target, leads=[place.lead], by=None, at=place.at)
    return ", ".join(refusal.detail for refusal in report.refused)


def _target(step: Step, client_id: UUID) -> Campaign | None:
    try:
        wanted = UUID(str(step.options.get("campaign")))
    except ValueError:
        return None
    return Campaign.objects.of(client_id).filter(pk=wanted).first()
