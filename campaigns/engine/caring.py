"""Caring for accounts: too many pending invitations, or too few accepted ones, slow invitations down by themselves."""

from dataclasses import replace
from datetime import datetime, timedelta

from django.db.models import Count, Q

from campaigns.models import Enrollment
from integrations.account_care import slow_down
from integrations.allowances import local_day
from integrations.limits import DAY, ceilings
from integrations.models import Account, Action
from outreach.events.recording import Actor

EVERY = timedelta(hours=1)
LOOKS_BACK = timedelta(days=30)
# An invitation is given so long to be accepted before it counts against the account.
IS_GIVEN = timedelta(days=7)
SMALLEST_SAMPLE = 40


def care(*, at: datetime) -> int:
    """Look after every account whose turn it is. Returns how many were slowed down, or freed again."""
    changed = 0
    for account in Account.objects.filter(care_at__lte=at).exclude(status=Account.Status.DELETED):
        Account.objects.filter(pk=account.pk).update(care_at=at + EVERY)
        limit, because = verdict_on(account, at=at)
        changed += slow_down(account, limit, because, at=at, actor=Actor.ENGINE)
    return changed


def verdict_on(account: Account, *, at: datetime) -> tuple[int | None, str]:
    """How many invitations a day the account should do, and why; None when nothing speaks against its usual."""
    invited = Enrollment.objects.filter(account=account, invited_at__isnull=False).order_by()
    judged = Q(invited_at__gte=at - LOOKS_BACK, invited_at__lte=at - IS_GIVEN)
    figures = invited.aggregate(
        pending=Count("pk", filter=Q(connected_at__isnull=True, withdrawn_at__isnull=True)),
        judged=Count("pk", filter=judged),
        accepted=Count("pk", filter=judged & Q(connected_at__isnull=False)),
    )
    pending = max(figures["pending"], account.pending_seen or 0)
    if pending >= account.pending_ceiling:
        return 0, f"{pending} invitations are pending, the ceiling is {account.pending_ceiling}"
    if figures["judged"] < SMALLEST_SAMPLE:
        return None, ""
    percent = round(100 * figures["accepted"] / figures["judged"])
    if percent >= account.acceptance_floor_percent:
        return None, ""
    halved = max(1, _usual_day(account, at) // 2)
    return halved, f"{percent} % of its invitations were accepted, the floor is {account.acceptance_floor_percent} %"


def _usual_day(account: Account, at: datetime) -> int:
    """What the account may do in a day when it is not slowed: by its own setting, its plan and its ramp-up."""
    usual = replace(account.tuning(), slowed=())
    bounds = ceilings(usual, Action.INVITATION.value, local_day(account, at))
    return min(each.limit for each in bounds if each.days == DAY)
