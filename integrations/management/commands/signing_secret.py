"""The secret with which a client's receivers check the signature of our calls."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from integrations.calling_out import signing_secret
from outreach.clients.models import Client


class Command(BaseCommand):
    help = "Prints the secret with which receivers of this client's webhook steps check Outreach-Signature."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("client", help="The client's short name.")

    def handle(self, *args: Any, **options: Any) -> None:
        client = Client.objects.filter(slug=options["client"]).first()
        if client is None:
            known = ", ".join(Client.objects.values_list("slug", flat=True)) or "none"
            raise CommandError(f"There is no client {options['client']!r}. Known: {known}.")
        self.stdout.write(signing_secret(client))
