"""When the engine has something to do next. A virtual clock jumps from one such moment to the next."""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import F, Min, Q
from django.db.models.functions import Coalesce

from campaigns.engine.facts import Surroundings, surroundings
from campaigns.models import Campaign, Enrollment
from campaigns.planning.pacing import next_local_day
from campaigns.stopping import engine_is_on
from integrations.dispatching import lease
from integrations.models import Account, Dispatch, WebhookReceipt


def next_due(at: datetime) -> datetime | None:
    """The earliest moment after `at` at which something becomes due; None when nothing ever will by itself."""
    return min((moment for moment in _moments(at) if moment > at), default=None)


def is_anything_due(at: datetime) -> bool:
    """Whether a worker that looked now would find something to do."""
    return any(moment <= at for moment in _moments(at))


def _moments(at: datetime) -> Iterator[datetime]:
    """Every moment at which something is, was or becomes due."""
    for found in (_appointments(at), _readings(), _loose_ends()):
        yield from (moment for moment in found if moment is not None)


def _appointments(at: datetime) -> Iterator[datetime | None]:
    """For each campaign, account and action: when its first appointment can be kept."""
    if engine_is_on():
        campaigns = {campaign.pk: campaign.hours() for campaign in Campaign.objects.running()}
        accounts = {account.pk: account for account in Account.objects.usable()}
        around = surroundings(accounts.values(), at=at)
        rows = Enrollment.objects.filter(
            state=Enrollment.State.ACTIVE, campaign__in=campaigns, next_account__in=accounts
        ).order_by()
        first = rows.values("campaign_id", "next_account_id", "next_action").annotate(due=Min("next_action_at"))
        for row in first:
            account = accounts[row["next_account_id"]]
            moment = max(row["due"], _ready_at(account, row["next_action"], around, at), at)
            yield campaigns[row["campaign_id"]].next_open(moment)
        internal = Enrollment.objects.filter(state="active", next_action="internal", campaign__in=campaigns)
        yield internal.aggregate(due=Min("next_action_at"))["due"]
    # What ran out waits for the account's relations to be read, which is a moment of its own.
    told = Q(next_action_at__gt=at) | Q(account__relations_read_at__gte=F("next_action_at"))
    expiring = Enrollment.objects.filter(told, state="active", next_action="expire")
    yield expiring.aggregate(due=Min("next_action_at"))["due"]


def _ready_at(account: Account, action: str, around: Surroundings, at: datetime) -> datetime:
    """When the account may do this action next: its slot, its rest, its cap, the provider's health."""
    allowance = around.allowances[(account.pk, action)]
    waits = (
        account.next_slot_at,
        account.next_look_at,
        allowance.asleep_until,
        around.provider_open_at,
        (allowance.reopens_at or next_local_day(at, account.time_zone)) if allowance.is_used_up else None,
    )
    return max(moment for moment in waits if moment is not None)


def _readings() -> Iterator[datetime | None]:
    usable = Account.objects.filter(status=Account.Status.OK)
    found = usable.aggregate(messages=Min("messages_poll_at"), relations=Min("relations_poll_at"))
    yield from (found["messages"], found["relations"])


def _loose_ends() -> Iterator[datetime | None]:
    """Receipts that wait, dispatches whose lease ends or whose outcome is to be asked for."""
    yield WebhookReceipt.objects.filter(state="pending").aggregate(due=Min("next_attempt_at"))["due"]
    flying = Dispatch.objects.in_flight().aggregate(since=Min(Coalesce("called_at", "reserved_at")))["since"]
    yield flying + lease() if flying else None
    unknown = Dispatch.objects.filter(state="unknown", needs_decision_at__isnull=True)
    yield unknown.aggregate(due=Min("ask_at"))["due"]
