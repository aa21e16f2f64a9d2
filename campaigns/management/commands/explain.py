"""`manage.py explain ID`: why a lead, a campaign or an account does not move, and until when."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q

from campaigns.explaining import campaign_state_in_words, explain_account, explain_campaign, explain_in_words
from campaigns.models import Campaign, Enrollment
from integrations.models import Account
from leads.models import Lead
from outreach import clock


class Command(BaseCommand):
    help = (
        "Says why a lead in a campaign, a whole campaign, or an account does not move. Takes the id of any, or a name."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("id", help="Of an enrollment, a lead, a campaign or an account; or its exact name.")

    def handle(self, *args: Any, **options: Any) -> None:
        lines = [
            line for key in _keys(options["id"]) for line in (*_of_walks(key), *_of_campaign(key), *_of_account(key))
        ]
        if not lines:
            raise CommandError(f"There is no lead, enrollment, campaign or account with the id {options['id']}.")
        for line in lines:
            self.stdout.write(line)


def _keys(words: str) -> list[UUID]:
    """The id itself, or those of whatever has this name: all of them are explained."""
    try:
        return [UUID(words)]
    except ValueError:
        pass
    first, _, last = words.partition(" ")
    named = (
        Campaign.objects.filter(name__iexact=words),
        Account.objects.filter(name__iexact=words),
        Lead.objects.filter(Q(first_name__iexact=first, last_name__iexact=last) | Q(email__iexact=words)),
        Lead.objects.filter(public_identifier__iexact=words),
    )
    found = dict.fromkeys(key for rows in named for key in rows.values_list("pk", flat=True))
    if not found:
        raise CommandError(f"{words!r} is no id, and nobody's name. Ids stand in the console's addresses.")
    return list(found)


def _of_walks(key: UUID) -> list[str]:
    """The walk itself, or every walk of the lead."""
    at = clock.now()
    walks = Enrollment.objects.select_related("lead", "campaign", "client", "account__sender")
    lines = []
    for walk in walks.filter(pk=key) | walks.filter(lead_id=key):
        reasons = explain_in_words(enrollment=walk, at=at) or ("nothing stands against it; the next tick takes it",)
        lines += [f"{walk} ({walk.status})", *(f"  – {reason}" for reason in reasons)]
    return lines


def _of_campaign(key: UUID) -> list[str]:
    campaign = Campaign.objects.filter(pk=key).select_related("client").first()
    if campaign is None:
        return []
    story = explain_campaign(campaign=campaign, at=clock.now())
    heading = f"{campaign}: {campaign_state_in_words(campaign=campaign, at=clock.now())}"
    return [heading, f"  {story.can_move} of {story.of} leads can move now", *(f"  – {line}" for line in story.lines)]


def _of_account(key: UUID) -> list[str]:
    account = Account.objects.filter(pk=key).select_related("client").first()
    if account is None:
        return []
    reasons = explain_account(account=account, at=clock.now()) or ("free to act",)
    return [str(account), *(f"  – {reason}" for reason in reasons)]
