"""A lead's status in a campaign, as a question to the database: the twin of `Enrollment.status`."""

from django.db import models
from django.db.models import Q

from campaigns.models import Enrollment

Stage, State = Enrollment.Stage, Enrollment.State


class LeadStatus(models.TextChoices):
    """What the API shows for an enrollment, derived from its state and stage."""

    SCHEDULED = "scheduled", "Scheduled"
    PENDING_INVITE = "pending_invite", "Not invited yet"
    INVITE_SENT = "invite_sent", "Invited"
    CONNECTED = "connected", "Connected"
    MESSAGED = "messaged", "Messaged"
    RESPONDED = "responded", "Responded"
    PAUSED = "paused", "Paused"
    COMPLETED = "completed", "Completed"
    EXITED = "exited", "Exited"
    ERROR = "error", "Error"


def has_status(status: str) -> Q:
    """The condition under which an enrollment has this status."""
    responded = Q(stage=Stage.RESPONDED)
    failed = Q(state=State.FAILED) | ~Q(held_because="")
    if status == LeadStatus.RESPONDED:
        return responded
    if status == LeadStatus.ERROR:
        return failed & ~responded
    wanted = Q(state=status) if status in State.values else Q(state=State.ACTIVE, stage=status)
    return wanted & ~failed & ~responded


def has_any_status(statuses: list[str]) -> Q:
    """The condition under which an enrollment has one of these; none given means any."""
    conditions = [has_status(status) for status in statuses]
    found = conditions[0] if conditions else Q()
    for condition in conditions[1:]:
        found |= condition
    return found
