"""What needs a person, sorted by harm: the dashboard's list and the sidebar's badges."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db.models import Q
from django.http import HttpRequest

from campaigns.models import Campaign, EngineState, Enrollment, ManualTask
from inbox.models import Conversation
from integrations.models import Account, Dispatch, ProviderHealth, WebhookReceipt
from outreach.clients.models import Client, User
from outreach.clock import now
from outreach.console.columns import list_of
from outreach.console.reach import user_of, visible

BADGE_SECONDS = 30
LOGGED_OUT = ("credentials", "permissions", "error", "stopped")


class Harm(IntEnum):
    """How bad it is to leave it: the smaller, the sooner."""

    NOTHING_MOVES = 0
    MAY_BE_WRONG = 1
    SENDER_IS_OUT = 2
    LEADS_WAIT = 3
    BY_CHOICE = 4


@dataclass(frozen=True, slots=True)
class Attention:
    """One thing that waits for a person. `tone` is a colour, `url` the list that shows it."""

    harm: Harm
    text: str
    count: int
    url: str
    icon: str
    tone: str = "danger"


Watch = Callable[[User, datetime], Attention | None]


def attention(*, user: User, at: datetime) -> tuple[Attention, ...]:
    """Everything that waits for a person among what the user may see, the most harmful first."""
    found = (watch(user, at) for watch in WATCHES)
    return tuple(sorted((item for item in found if item is not None), key=lambda item: item.harm))


def _item(harm: Harm, count: int, one: str, many: str, url: str, icon: str, tone: str = "danger") -> Attention | None:
    if not count:
        return None
    return Attention(harm, one if count == 1 else many.format(count), count, url, icon, tone)


def _engine(user: User, at: datetime) -> Attention | None:
    stopped = EngineState.objects.filter(stopped_at__isnull=False).count()
    text = "The engine is stopped: nothing automatic is sent for any client"
    return _item(Harm.NOTHING_MOVES, stopped, text, text, "", "power_settings_new")


def _provider(user: User, at: datetime) -> Attention | None:
    down = ProviderHealth.objects.filter(opens_at__gt=at).count()
    text = "The provider is not answering; calls rest for a while and start again by themselves"
    url = list_of("integrations_providerhealth") if user.is_superuser else ""
    return _item(Harm.NOTHING_MOVES, down, text, text, url, "cloud_off", "warning")


def _unreconciled(user: User, at: datetime) -> Attention | None:
    rows = Account.objects.visible_to(user).filter(unreconciled_since__isnull=False)
    return _item(
        Harm.SENDER_IS_OUT,
        rows.count(),
        "1 account is compared with the provider before it sends again",
        "{} accounts are compared with the provider before they send again",
        list_of("integrations_account"),
        "published_with_changes",
        "warning",
    )


def _restricted(user: User, at: datetime) -> Attention | None:
    count = Account.objects.visible_to(user).filter(status=Account.Status.RESTRICTED).count()
    url = list_of("integrations_account", "status__exact=restricted")
    return _item(
        Harm.SENDER_IS_OUT,
        count,
        "1 account is restricted by LinkedIn",
        "{} accounts are restricted by LinkedIn",
        url,
        "gpp_bad",
    )


def _logged_out(user: User, at: datetime) -> Attention | None:
    rows = Account.objects.visible_to(user).filter(status__in=LOGGED_OUT)
    url = list_of("integrations_account")
    return _item(
        Harm.SENDER_IS_OUT, rows.count(), "1 account is logged out", "{} accounts are logged out", url, "link_off"
    )


def _quiet(user: User, at: datetime) -> Attention | None:
    rows = Campaign.objects.visible_to(user).running().filter(quiet_since__isnull=False)
    return _item(
        Harm.LEADS_WAIT,
        rows.count(),
        "1 campaign should move and does not",
        "{} campaigns should move and do not",
        list_of("campaigns_campaign", "status__exact=active"),
        "notifications_active",
        "warning",
    )


def _unread_inboxes(user: User, at: datetime) -> Attention | None:
    """Accounts whose inbox could not be read for so long that their follow-ups wait."""
    stale = at - timedelta(minutes=settings.INBOUND_MAX_AGE_MINUTES)
    old = Q(messages_read_at__isnull=True) | Q(messages_read_at__lt=stale)
    rows = Account.objects.visible_to(user).filter(old, status="ok", enrollments__state="active").distinct()
    url = list_of("integrations_account")
    return _item(
        Harm.LEADS_WAIT,
        rows.count(),
        "1 account's inbox was not read lately: its follow-ups wait",
        "{} accounts' inboxes were not read lately: their follow-ups wait",
        url,
        "mark_email_unread",
        "warning",
    )


def decisions(user: User) -> int:
    return int(Dispatch.objects.visible_to(user).needing_decision().count())


def _decisions(user: User, at: datetime) -> Attention | None:
    url = list_of("integrations_dispatch", "decision=yes")
    return _item(
        Harm.MAY_BE_WRONG,
        decisions(user),
        "1 action has an outcome that only a person can find out",
        "{} actions have an outcome that only a person can find out",
        url,
        "help",
    )


def failed_receipts(user: User) -> int:
    failed = WebhookReceipt.objects.filter(state=WebhookReceipt.State.FAILED)
    return visible(failed, user, through="client").count()


def _receipts(user: User, at: datetime) -> Attention | None:
    url = list_of("integrations_webhookreceipt", "state__exact=failed")
    text = "webhook call could not be processed"
    return _item(
        Harm.MAY_BE_WRONG,
        failed_receipts(user),
        f"1 {text}",
        "{} webhook calls could not be processed",
        url,
        "sync_problem",
    )


def held_leads(user: User) -> int:
    held = Enrollment.objects.visible_to(user).filter(held_at__isnull=False, state__in=Enrollment.OPEN)
    return int(held.count())


def _held(user: User, at: datetime) -> Attention | None:
    url = list_of("campaigns_enrollment", "held=yes")
    return _item(
        Harm.LEADS_WAIT,
        held_leads(user),
        "1 lead is held until somebody acts",
        "{} leads are held until somebody acts",
        url,
        "front_hand",
        "warning",
    )


def _senderless(user: User, at: datetime) -> Attention | None:
    usable = Account.objects.usable().values("sender")
    running = Campaign.objects.visible_to(user).filter(status="active")
    count = running.exclude(senders__in=usable).count()
    url = list_of("campaigns_campaign", "status__exact=active")
    return _item(
        Harm.SENDER_IS_OUT,
        count,
        "1 active campaign has no sender that can send",
        "{} active campaigns have no sender that can send",
        url,
        "campaign",
    )


def _paused_clients(user: User, at: datetime) -> Attention | None:
    count = Client.objects.visible_to(user).filter(paused_at__isnull=False).count()
    url = list_of("clients_client")
    return _item(Harm.BY_CHOICE, count, "1 client is paused", "{} clients are paused", url, "pause_circle", "warning")


def _paused_accounts(user: User, at: datetime) -> Attention | None:
    count = Account.objects.visible_to(user).filter(paused_at__isnull=False).count()
    url = list_of("integrations_account")
    return _item(Harm.BY_CHOICE, count, "1 account is paused", "{} accounts are paused", url, "pause_circle", "warning")


WATCHES: tuple[Watch, ...] = (
    _engine,
    _provider,
    _decisions,
    _receipts,
    _restricted,
    _logged_out,
    _unreconciled,
    _senderless,
    _unread_inboxes,
    _quiet,
    _held,
    _paused_clients,
    _paused_accounts,
)


def counts(request: HttpRequest) -> Mapping[str, int]:
    """The sidebar's badges. Every page asks, so the answer is kept for half a minute."""
    user = user_of(request)
    key = f"console-badges:{user.pk}"
    kept: Mapping[str, int] | None = cache.get(key)
    if kept is None:
        kept = _count(user, now())
        cache.set(key, kept, BADGE_SECONDS)
    return kept


def _count(user: User, at: datetime) -> dict[str, int]:
    out = Account.objects.visible_to(user).filter(status__in=(*LOGGED_OUT, Account.Status.RESTRICTED))
    unread: Any = Conversation.objects.visible_to(user).filter(unread__gt=0, lead__isnull=False)
    return {
        "decisions": decisions(user),
        "receipts": failed_receipts(user),
        "held": held_leads(user),
        "tasks": ManualTask.objects.visible_to(user).filter(state=ManualTask.State.OPEN).count(),
        "accounts": out.count(),
        "unread": unread.count(),
    }
