"""How many new leads a campaign takes up in a day. A lead counts from the first step that reaches it, and once."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import F

from campaigns.models import Campaign, CampaignDay, Enrollment
from campaigns.planning.pacing import local_day, next_local_day
from integrations.dispatching import CannotReserve


class NewLeadsUsed(CannotReserve):
    """The campaign has begun with as many new leads as it may on this day."""


def is_new(enrollment: Enrollment) -> bool:
    """Nothing has reached this lead yet; what was only done here – a tag, a wait, a question – does not count."""
    return enrollment.last_sent_at is None and enrollment.begun_on is None


def begin(walks: Iterable[Enrollment], *, campaign: Campaign, at: datetime) -> None:
    """Take one of the day's new leads for each of these that is new, if the campaign counts them.

    The database refuses one too many: all of them, or none. Raises NewLeadsUsed.
    """
    new = [walk for walk in walks if is_new(walk)]
    if campaign.new_leads_per_day is None or not new:
        return
    day = local_day(at, campaign.time_zone)
    CampaignDay.objects.get_or_create(campaign=campaign, day=day, defaults={"client_id": campaign.client_id})
    room = CampaignDay.objects.filter(campaign=campaign, day=day, begun__lte=campaign.new_leads_per_day - len(new))
    if not room.update(begun=F("begun") + len(new)):
        raise NewLeadsUsed(
            f"{campaign} has begun with its new leads of the day.", until=next_local_day(at, campaign.time_zone)
        )
    # Not on the objects: the caller's savepoint may still be undone, and then they are as new as before.
    Enrollment.objects.filter(pk__in=[walk.pk for walk in new]).update(begun_on=day)


def unbegin(enrollment: Enrollment) -> None:
    """Give the day back: the first step surely did not go out."""
    if enrollment.begun_on is None or enrollment.last_sent_at is not None:
        return
    rows = CampaignDay.objects.filter(campaign=enrollment.campaign_id, day=enrollment.begun_on, begun__gt=0)
    rows.update(begun=F("begun") - 1)
    enrollment.begun_on = None
    enrollment.save(update_fields=["begun_on"])
