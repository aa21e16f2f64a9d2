"""Custom fields that become known because a lead has them."""

from collections.abc import Iterable

from leads.models import CustomField
from outreach.clients.models import Client


def learn(client: Client, keys: Iterable[str]) -> None:
    """Make each key a custom field of the client, so that texts may use it as a token."""
    fields = [CustomField(client=client, key=key, label=key.replace("_", " ").capitalize()) for key in keys]
    CustomField.objects.bulk_create(fields, ignore_conflicts=True)
