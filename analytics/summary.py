"""What the dashboard shows: typed, built with few queries, for one user at one moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, Q

from analytics.attention import Attention, attention
from analytics.series import Series, daily
from campaigns.models import Campaign, EngineState, Enrollment
from campaigns.progress import NOTHING_YET, Progress, percent, progress_of, states_in_words
from inbox.models import Conversation
from integrations.allowances import Allowances, allowances
from integrations.models import Account, Action
from integrations.today import standing
from outreach.clients.models import User
from outreach.console.happenings import FeedItem, feed
from outreach.console.relative import relative
from outreach.events.models import Event

RATES_OVER = timedelta(days=30)
# A slot that opens within this is as good as free to a reader.
SOON = timedelta(minutes=1)
SHOWN_CAMPAIGNS = 8
SHOWN_ACCOUNTS = 12
SHOWN_EVENTS = 9
# The order of the campaigns table: what runs, what could run, what is over.
RANK = {"active": 0, "paused": 1, "draft": 2, "completed": 3}


@dataclass(frozen=True, slots=True)
class Engine:
    """Whether anything automatic happens at all."""

    is_on: bool
    stopped_by: str = ""
    stopped_ago: str = ""


@dataclass(frozen=True, slots=True)
class Share:
    """How much of today's caps is used, over several accounts."""

    used: int
    cap: int

    @property
    def percent(self) -> int:
        return min(100, percent(self.used, self.cap) or 0)


@dataclass(frozen=True, slots=True)
class CampaignRow:
    """A campaign with its progress and its state in words."""

    id: UUID
    name: str
    client: str
    words: str
    progress: Progress

    @property
    def state(self) -> str:
        return self.words.partition(" · ")[0]

    @property
    def reason(self) -> str:
        return self.words.partition(" · ")[2]


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account's day: what it sent against its caps, and when it may act next."""

    id: UUID
    name: str
    client: str
    state: str
    state_words: str
    invitations: Share
    messages: Share
    next_slot: str


@dataclass(frozen=True, slots=True)
class Figures:
    """The numbers at the top. Rates are of the last 30 days and None while there is nothing to divide by."""

    active_campaigns: int
    leads_under_way: int
    invitations: Share
    messages: Share
    acceptance: int | None
    reply_rate: int | None
    replies_waiting: int


@dataclass(frozen=True, slots=True)
class Dashboard:
    """Everything on the first page."""

    engine: Engine
    figures: Figures
    attention: tuple[Attention, ...]
    campaigns: tuple[CampaignRow, ...]
    accounts: tuple[AccountRow, ...]
    feed: tuple[FeedItem, ...]
    series: Series


def dashboard(*, user: User, at: datetime) -> Dashboard:
    """The dashboard of one user at one moment. The number of queries does not depend on the number of rows."""
    accounts = list(Account.objects.visible_to(user).exclude(status=Account.Status.DELETED).select_related("client"))
    used = allowances(accounts, at=at)
    return Dashboard(
        engine=engine_state(at),
        figures=_figures(user, at, accounts, used),
        attention=attention(user=user, at=at),
        campaigns=campaign_rows(user=user, at=at),
        accounts=_account_rows(accounts, used, at),
        feed=feed(Event.objects.visible_to(user).order_by("-id")[:SHOWN_EVENTS], at=at),
        series=daily(user=user, at=at),
    )


def engine_state(at: datetime) -> Engine:
    row = EngineState.objects.filter(stopped_at__isnull=False).first()
    if row is None or row.stopped_at is None:
        return Engine(is_on=True)
    return Engine(False, row.stopped_by.removeprefix("operator:"), relative(row.stopped_at, at))


def _figures(user: User, at: datetime, accounts: Sequence[Account], used: Allowances) -> Figures:
    active = Campaign.objects.visible_to(user).running().count()
    rates = _rates(user, at)
    return Figures(
        active_campaigns=active,
        leads_under_way=rates["under_way"],
        invitations=_total(Action.INVITATION, accounts, used),
        messages=_total(Action.MESSAGE, accounts, used),
        acceptance=percent(rates["accepted"], rates["invited"]),
        reply_rate=percent(rates["replied"], rates["contacted"]),
        replies_waiting=Conversation.objects.visible_to(user).filter(unread__gt=0, lead__isnull=False).count(),
    )


def _rates(user: User, at: datetime) -> Mapping[str, int]:
    """Of the leads first contacted within the period, with one query."""
    recent = Q(invited_at__gte=at - RATES_OVER)
    contacted = recent | Q(invited_at__isnull=True, started_at__gte=at - RATES_OVER, last_done_at__isnull=False)
    counted: Mapping[str, int] = Enrollment.objects.visible_to(user).aggregate(
        under_way=Count("pk", filter=Q(state__in=("scheduled", "active"), campaign__status=Campaign.Status.ACTIVE)),
        invited=Count("pk", filter=recent),
        accepted=Count("pk", filter=recent & Q(connected_at__isnull=False)),
        contacted=Count("pk", filter=contacted),
        replied=Count("pk", filter=contacted & Q(replied_at__isnull=False)),
    )
    return counted


def _share(account: Account, action: Action, used: Allowances) -> Share:
    allowed = used[account.pk, action.value]
    return Share(allowed.used, allowed.cap)


def _total(action: Action, accounts: Sequence[Account], used: Allowances) -> Share:
    shares = [_share(account, action, used) for account in accounts]
    return Share(sum(share.used for share in shares), sum(share.cap for share in shares))


def campaign_rows(*, user: User, at: datetime) -> tuple[CampaignRow, ...]:
    """The newest campaigns, running ones first."""
    rows = list(Campaign.objects.visible_to(user).select_related("client")[: SHOWN_CAMPAIGNS * 4])
    rows = sorted(rows, key=lambda campaign: RANK[campaign.status])[:SHOWN_CAMPAIGNS]
    progress = progress_of(rows)
    words = states_in_words(rows, progress, at=at)
    return tuple(
        CampaignRow(row.pk, row.name, str(row.client), words[row.pk], progress.get(row.pk, NOTHING_YET)) for row in rows
    )


def _account_rows(accounts: Sequence[Account], used: Allowances, at: datetime) -> tuple[AccountRow, ...]:
    """Accounts in trouble first, then by name."""
    ordered = sorted(accounts, key=lambda account: (standing(account)[0] == "ok", account.name))
    return tuple(_account_row(account, used, at) for account in ordered[:SHOWN_ACCOUNTS])


def _account_row(account: Account, used: Allowances, at: datetime) -> AccountRow:
    state, words = standing(account)
    slot = "free now" if account.next_slot_at <= at + SOON else f"next slot {relative(account.next_slot_at, at)}"
    return AccountRow(
        id=account.pk,
        name=account.name,
        client=str(account.client),
        state=state,
        state_words=words,
        invitations=_share(account, Action.INVITATION, used),
        messages=_share(account, Action.MESSAGE, used),
        next_slot=slot if state == "ok" else words.lower(),
    )
