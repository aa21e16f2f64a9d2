"""How many new leads a campaign takes up in a day. A lead counts from its first step, and once."""

from datetime import datetime

from django.db.models import F

from campaigns.models import Campaign, CampaignDay, Enrollment
from campaigns.planning.pacing import local_day, next_local_day
from integrations.dispatching import CannotReserve


class NewLeadsUsed(CannotReserve):
    """The campaign has begun with as many new leads as it may on this day."""


def is_new(enrollment: Enrollment) -> bool:
    """Nothing has reached this lead yet. Steps within the house (a tag, a wait) go before it unseen."""
    return enrollment.last_sent_at is None and enrollment.begun_on is None


def begin(enrollment: Enrollment, *, campaign: Campaign, at: datetime) -> None:
    """Take one of the day's new leads, if the campaign counts them. The database refuses one too many.

    Raises NewLeadsUsed.
    """
    if campaign.new_leads_per_day is None or not is_new(enrollment):
        return
    day = local_day(at, campaign.time_zone)
    CampaignDay.objects.get_or_create(campaign=campaign, day=day, defaults={"client_id": campaign.client_id})
    room = CampaignDay.objects.filter(campaign=campaign, day=day, begun__lt=campaign.new_leads_per_day)
    if not room.update(begun=F("begun") + 1):
        raise NewLeadsUsed(
            f"{campaign} has begun with its new leads of the day.", until=next_local_day(at, campaign.time_zone)
        )
    enrollment.begun_on = day
    enrollment.save(update_fields=["begun_on"])


def unbegin(enrollment: Enrollment) -> None:
    """Give the day back: the first step surely did not go out."""
    if enrollment.begun_on is None or enrollment.last_sent_at is not None:
        return
    rows = CampaignDay.objects.filter(campaign=enrollment.campaign_id, day=enrollment.begun_on, begun__gt=0)
    rows.update(begun=F("begun") - 1)
    enrollment.begun_on = None
    enrollment.save(update_fields=["begun_on"])
