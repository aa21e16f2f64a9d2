"""From a step's text and one lead's own data to the exact words that are sent (law 6)."""

from dataclasses import dataclass

from campaigns.models import Step
from campaigns.rendering import Missing, TemplateError, render
from integrations.models import Sender
from leads.models import CustomField, Lead
from outreach.clients.models import Client


@dataclass(frozen=True, slots=True)
class Wording:
    """The words, or what keeps them from being said."""

    text: str = ""
    missing: tuple[str, ...] = ()
    problem: str = ""


def values_for(lead: Lead, sender: Sender) -> dict[str, str]:
    """Every token a text may use for this lead. A custom field never hides a standard one."""
    custom = {key: str(value) for key, value in lead.custom.items() if value is not None}
    return custom | {
        "first_name": lead.first_name,
        "last_name": lead.last_name,
        "name": lead.name,
        "company": lead.company,
        "title": lead.title,
        "email": lead.email,
        "location": lead.location,
        "headline": lead.headline,
        "phone": lead.phone,
        "website": lead.website,
        "sender_first_name": sender.first_name,
        "sender_last_name": sender.last_name,
        "sender_name": sender.name,
    }


def word(step: Step, *, lead: Lead, sender: Sender, limit: int | None) -> Wording:
    """Render a step for a lead. An empty note is a bare invitation and needs no words."""
    if not step.text.strip():
        return Wording()
    try:
        rendered = render(step.text, values_for(lead, sender))
    except TemplateError as problem:
        return Wording(problem=str(problem))
    if isinstance(rendered, Missing):
        return Wording(missing=rendered.names or ("any text",))
    if limit is not None and len(rendered.text) > limit:
        return Wording(problem=f"{len(rendered.text)} characters; this account may send {limit}")
    return Wording(text=rendered.text)


def custom_fields_of(client: Client) -> frozenset[str]:
    """The further tokens that texts of this client may use."""
    return frozenset(CustomField.objects.of(client).values_list("key", flat=True))
