"""How far campaigns have come, and what each is doing: whole lists of them in a fixed number of queries."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Min, Q

from campaigns.models import Campaign, Enrollment
from campaigns.stopping import engine_is_on
from integrations.models import Account
from outreach.zones import zone

State = Enrollment.State


@dataclass(frozen=True, slots=True)
class Progress:
    """Leads of a campaign by what became of them. `next_action_at` is its earliest appointment with an account."""

    total: int = 0
    in_progress: int = 0
    finished: int = 0
    failed: int = 0
    held: int = 0
    contacted: int = 0
    invited: int = 0
    accepted: int = 0
    replied: int = 0
    next_action_at: datetime | None = None

    @property
    def done_percent(self) -> int:
        return percent(self.finished + self.failed, self.total) or 0

    @property
    def acceptance(self) -> int | None:
        """Per cent of those invited who accepted; None before the first invitation."""
        return percent(self.accepted, self.invited)

    @property
    def reply_rate(self) -> int | None:
        """Per cent of those contacted who answered; None before the first contact."""
        return percent(self.replied, self.contacted)


NOTHING_YET = Progress()


def percent(part: int, whole: int) -> int | None:
    return round(100 * part / whole) if whole else None


def _counts() -> dict[str, Any]:
    def counted(**where: Any) -> Count:
        return Count("pk", filter=Q(**where))

    return {
        "total": Count("pk"),
        "in_progress": counted(state__in=Enrollment.OPEN),
        "finished": counted(state__in=(State.COMPLETED, State.EXITED)),
        "failed": counted(state=State.FAILED),
        "held": counted(held_at__isnull=False, state__in=Enrollment.OPEN),
        "contacted": Count("pk", filter=Q(invited_at__isnull=False) | Q(last_done_at__isnull=False)),
        "invited": counted(invited_at__isnull=False),
        "accepted": counted(invited_at__isnull=False, connected_at__isnull=False),
        "replied": counted(replied_at__isnull=False),
        "next_action_at": Min("next_action_at", filter=Q(state=State.ACTIVE, next_account__isnull=False)),
    }


def progress_of(campaigns: Iterable[Campaign]) -> Mapping[UUID, Progress]:
    """The progress of each campaign, with one query."""
    ids = [campaign.pk for campaign in campaigns]
    rows: Any = Enrollment.objects.filter(campaign__in=ids).order_by().values("campaign").annotate(**_counts())
    found = {row.pop("campaign"): Progress(**row) for row in rows}
    return {key: found.get(key, NOTHING_YET) for key in ids}


def states_in_words(
    campaigns: Iterable[Campaign], progress: Mapping[UUID, Progress], *, at: datetime
) -> Mapping[UUID, str]:
    """What `explaining.campaign_state_in_words` says, for a whole list with two queries.

    Reads `campaign.client`: select it along.
    """
    rows = list(campaigns)
    active = [campaign for campaign in rows if campaign.status == Campaign.Status.ACTIVE]
    engine_on = engine_is_on()
    accounts = _accounts_by_campaign(active)
    return {
        campaign.pk: campaign.get_status_display().lower()
        if campaign.status != Campaign.Status.ACTIVE
        else _obstacle(campaign, accounts.get(campaign.pk, []), engine_on)
        or _movement(campaign, progress[campaign.pk], at)
        for campaign in rows
    }


def _accounts_by_campaign(campaigns: list[Campaign]) -> dict[UUID, list[Account]]:
    """An account stands once for each campaign that its sender serves."""
    found: dict[UUID, list[Account]] = {}
    rows: Any = Account.objects.filter(sender__campaigns__in=campaigns).annotate(serves=F("sender__campaigns"))
    for account in rows.order_by("name"):
        found.setdefault(account.serves, []).append(account)
    return found


def _obstacle(campaign: Campaign, accounts: list[Account], engine_on: bool) -> str:
    if not engine_on:
        return "blocked · the engine is stopped"
    if campaign.client.paused_at:
        return "blocked · the client is paused"
    if any(account.status == Account.Status.OK and not account.paused_at for account in accounts):
        return ""
    conditions = (f"{each} is {'paused' if each.paused_at else each.get_status_display().lower()}" for each in accounts)
    return "blocked · " + (", ".join(conditions) or "it has no account")


def next_move(campaign: Campaign, progress: Progress, *, at: datetime) -> datetime | None:
    """When the next step may go out as far as hours allow; None when none is due with an account."""
    if progress.next_action_at is None:
        return None
    return max(progress.next_action_at, campaign.hours().next_open(at))


def _stillness(progress: Progress) -> str:
    """Why a campaign without any appointment does not move."""
    if not progress.in_progress:
        return "idle · no lead is under way"
    if progress.held == progress.in_progress:
        return f"blocked · {progress.held} held until somebody acts"
    return "waiting · for invitations to be accepted"


def _movement(campaign: Campaign, progress: Progress, at: datetime) -> str:
    moment = next_move(campaign, progress, at=at)
    if moment is None:
        return _stillness(progress)
    local = f"{moment.astimezone(zone(campaign.time_zone)):%a %d %b %H:%M} ({campaign.time_zone})"
    return (
        f"running · next action {local}"
        if campaign.hours().is_open(at)
        else f"waiting · outside hours · next action {local}"
    )
