"""The values that a text may use for one lead."""

from integrations.models import Sender
from leads.models import CustomField, Lead
from outreach.clients.models import Client


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


LEAD_FIELDS = (
    *("first_name", "last_name", "name", "company", "title", "email", "location", "headline", "phone", "website"),
    *("linkedin_url", "time_zone"),
)


def fields_of(client: Client) -> frozenset[str]:
    """What a condition may ask of this client's leads: their own fields and the custom ones."""
    return custom_fields_of(client) | frozenset(LEAD_FIELDS)


def asked_of(lead: Lead) -> dict[str, str]:
    """The value of each of these fields."""
    custom = {key: str(value) for key, value in lead.custom.items() if value is not None}
    return custom | {name: str(getattr(lead, name)) for name in LEAD_FIELDS}


def custom_fields_of(client: Client) -> frozenset[str]:
    """The further tokens that texts of this client may use."""
    return frozenset(CustomField.objects.of(client).values_list("key", flat=True))
