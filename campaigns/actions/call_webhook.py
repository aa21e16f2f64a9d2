"""The step that tells another system about a lead: a signed call, delivered beside the walk."""

from django.core.exceptions import ValidationError

from campaigns.actions.contract import InternalStep, Passed, Place, Result
from campaigns.models import Step
from integrations.calling_out import check_url
from integrations.models import OutboundCall
from leads.models import Lead
from outreach.clients.models import Client

LEAD_FIELDS = (
    *("first_name", "last_name", "email", "company", "title", "headline", "location", "phone", "website"),
    *("linkedin_url", "custom", "tags"),
)


class CallWebhook(InternalStep):
    kind = "call_webhook"
    label = "Call a webhook"
    options = {"url": "Where to; https only, never into a private network.", "event": "A word for the receiver."}

    def problems(self, step: Step, client: Client) -> list[str]:
        if not isinstance(step.options.get("event", ""), str):
            return [f'"event" is a word, not {step.options["event"]!r}.']
        url = step.options.get("url")
        if not isinstance(url, str) or not url:
            return ['"url" is missing: say where to call.']
        try:
            check_url(url)
        except ValidationError as problem:
            return list(problem.messages)
        return []

    def carry_out(self, place: Place) -> Result:
        """Written down with the step: the call is made afterwards, and made again until it arrives."""
        OutboundCall.objects.create(
            client_id=place.enrollment.client_id,
            url=place.step.options["url"],
            payload=_payload(place),
            next_attempt_at=place.at,
        )
        return Passed(detail=str(place.step.options["url"]))


def _payload(place: Place) -> dict[str, object]:
    return {
        "event": str(place.step.options.get("event", "step_reached")),
        "at": place.at.isoformat(),
        "campaign": {"id": str(place.campaign.pk), "name": place.campaign.name},
        "enrollment": str(place.enrollment.pk),
        "lead": {"id": str(place.lead.pk), **_told_of(place.lead)},
    }


def _told_of(lead: Lead) -> dict[str, object]:
    return {name: getattr(lead, name) for name in LEAD_FIELDS}
