"""`manage.py simulate CAMPAIGN`: the projected calendar of a campaign, before anybody presses Activate."""

import json
from argparse import ArgumentParser
from datetime import timedelta
from difflib import get_close_matches
from math import isfinite
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from campaigns.models import Campaign
from campaigns.simulating import Assumptions, project, read_world, with_more_senders
from campaigns.simulating.telling import told
from outreach import clock

MOST_HOURS = 24 * 365


class Command(BaseCommand):
    help = (
        "Says what a campaign would send on which day, when it is through and what holds it up, with the limits its "
        "accounts have now. Nothing is sent and nothing is written."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("campaign", help="Its id, or its exact name.")
        parser.add_argument("--days", type=int, default=60, help="Calendar days, today included.")
        parser.add_argument("--senders", type=int, default=0, metavar="+N", help="Also with so many more senders.")
        parser.add_argument("--accept", type=float, default=0.4, metavar="SHARE", help="Of those invited, 0 to 1.")
        parser.add_argument("--accept-after", type=float, default=20, metavar="HOURS", help="How soon they accept.")
        parser.add_argument("--reply", type=float, default=0.2, metavar="SHARE", help="Of those written to, 0 to 1.")
        parser.add_argument(
            "--seen", type=float, default=0.6, metavar="SHARE", help="Of those written to, who read it."
        )
        parser.add_argument("--task-after", type=float, default=24, metavar="HOURS", help="How soon tasks are done.")
        parser.add_argument("--json", action="store_true", help="The same as JSON, for other software.")

    def handle(self, *args: Any, **options: Any) -> None:
        campaign = find_campaign(options["campaign"])
        try:
            self.stdout.write(_report(campaign, options))
        except ValueError as problem:
            raise CommandError(str(problem)) from problem


def _report(campaign: Campaign, options: dict[str, Any]) -> str:
    days, senders = options["days"], options["senders"]
    assumed = _assumptions(options)
    world = read_world(campaign, at=clock.now())
    now = project(world, days=days, assumptions=assumed)
    more = project(with_more_senders(world, senders), days=days, assumptions=assumed) if senders else None
    if options["json"]:
        return json.dumps(now.as_json() | {"with_more_senders": more.as_json() if more else None}, indent=2)
    return told(now, more=more, senders=senders, zone=campaign.time_zone)


def _assumptions(options: dict[str, Any]) -> Assumptions:
    return Assumptions(
        accepted=options["accept"],
        answered=options["reply"],
        accepted_after=_hours(options, "accept_after"),
        seen=options["seen"],
        tasks_after=_hours(options, "task_after"),
    )


def _hours(options: dict[str, Any], name: str) -> timedelta:
    hours = options[name]
    if not isfinite(hours) or abs(hours) > MOST_HOURS:
        raise CommandError(f"--{name.replace('_', '-')} takes hours, 0 to {MOST_HOURS}, not {hours}")
    return timedelta(hours=hours)


def find_campaign(words: str) -> Campaign:
    """The campaign of this id, or else of this exact name. Raises CommandError when there is none, or several."""
    campaigns = Campaign.objects.select_related("client")
    key = _id_from(words)
    found = list(campaigns.filter(pk=key)) if key else []
    found = found or list(campaigns.filter(name=words).order_by("pk"))
    if not found:
        raise CommandError(_nobody(words))
    if len(found) > 1:
        listed = ", ".join(f"{each.pk} ({each.client}, {each.get_status_display().lower()})" for each in found)
        raise CommandError(f"{len(found)} campaigns are named {words!r}; give the id of one: {listed}")
    return found[0]


def _id_from(words: str) -> UUID | None:
    try:
        return UUID(words)
    except ValueError:
        return None


def _nobody(words: str) -> str:
    near = get_close_matches(words, sorted(set(Campaign.objects.values_list("name", flat=True))), n=1)
    advice = f"did you mean {near[0]!r}?" if near else "ids and names stand in the console under Campaigns."
    return f"There is no campaign with the id or name {words!r}: {advice}"
