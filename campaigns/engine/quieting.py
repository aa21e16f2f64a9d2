"""A campaign that should move and does not: the alarm for what otherwise nobody notices for days."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max, Q

from campaigns.explaining import explain_campaign
from campaigns.models import Campaign, Enrollment
from campaigns.planning.calendar import WorkingHours
from campaigns.planning.decisions import Because
from outreach.events.kinds import EventKind
from outreach.events.models import Event
from outreach.events.recording import Actor, Subject, record

# Waiting for these is how a sequence goes.
ORDINARY = frozenset(
    {
        Because.NOT_DUE,
        Because.AWAITING_ACCEPTANCE,
        Because.AWAITING_CONDITION,
        Because.OUT_OF_OFFICE,
        Because.COOLING_DOWN,
        Because.IN_FLIGHT,
    }
)


def watch_for_quiet(*, at: datetime) -> int:
    """Raise the alarm for active campaigns in which nothing has gone out for too long, and end it where it has.

    Returns how many alarms were raised. One is raised once for each spell of quiet.
    """
    raised = 0
    for campaign in Campaign.objects.running().select_related("client"):
        quiet = _is_quiet(campaign, at)
        if quiet and campaign.quiet_since is None:
            raised += _raise(campaign, at)
        elif not quiet and campaign.quiet_since is not None:
            Campaign.objects.filter(pk=campaign.pk).update(quiet_since=None)
    return raised


def _is_quiet(campaign: Campaign, at: datetime) -> bool:
    """Nothing sent for the campaign's number of working hours, although something should have moved."""
    patience = timedelta(hours=campaign.quiet_after_hours)
    since = _last_move(campaign)
    if since is None or working_time(campaign.hours(), since, at, enough=patience) < patience:
        return False
    resumed_at = _last_resumption(campaign, since)
    if resumed_at and working_time(campaign.hours(), resumed_at, at, enough=patience) < patience:
        return False
    stuck = Q(next_action_at__lte=at) | ~Q(waiting_because__in=[*ORDINARY, ""]) | Q(held_at__isnull=False)
    return Enrollment.objects.filter(stuck, campaign=campaign, state=Enrollment.State.ACTIVE).exists()


def _last_resumption(campaign: Campaign, since: datetime) -> datetime | None:
    """When it was last set free to move, after it had moved last: the time before is no time of silence."""
    kinds = Q(kind=EventKind.CAMPAIGN_RESUMED, campaign_id=campaign.pk)
    kinds |= Q(kind=EventKind.CLIENT_RESUMED, client_id=campaign.client_id) | Q(kind=EventKind.ENGINE_STARTED)
    last: datetime | None = Event.objects.filter(kinds, at__gt=since).aggregate(last=Max("at"))["last"]
    return last


def _last_move(campaign: Campaign) -> datetime | None:
    """When something last went out, or else when the campaign began."""
    # Every step that is done leaves its moment on its walk: nothing is read of the ever longer list of attempts.
    last = Enrollment.objects.filter(campaign=campaign).aggregate(last=Max("last_done_at"))["last"]
    return max((each for each in (last, campaign.activated_at) if each), default=None)


def working_time(
    hours: WorkingHours, since: datetime, until: datetime, *, enough: timedelta = timedelta.max
) -> timedelta:
    """How much of the time between two moments lies within working hours; counting ends where it is enough."""
    total, moment = timedelta(0), since
    while moment < until and total < enough:
        opens = hours.next_open(moment)
        if opens >= until:
            break
        closes = min(hours.closes_at(opens), until)
        total += closes - opens
        moment = closes
    return total


def _raise(campaign: Campaign, at: datetime) -> bool:
    with transaction.atomic():
        if not Campaign.objects.filter(pk=campaign.pk, quiet_since__isnull=True).update(quiet_since=at):
            return False
        story = explain_campaign(campaign=campaign, at=at)
        about = Subject(client_id=campaign.client_id, campaign_id=campaign.pk)
        record(EventKind.CAMPAIGN_QUIET, at=at, actor=Actor.ENGINE, subject=about, reasons=list(story.lines))
    return True
