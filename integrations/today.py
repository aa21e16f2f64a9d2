"""Accounts as operators look at them: how they stand, and what they have used of today's caps."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from integrations.dispatching import local_day
from integrations.models import Account, Usage

UsedToday = Mapping[tuple[UUID, str], int]


def used_today(accounts: Iterable[Account], *, at: datetime) -> UsedToday:
    """How much each account has used of each cap on its own present day, with one query.

    Counts what was seen of the owner's manual actions too.
    """
    days = {account.pk: local_day(account, at) for account in accounts}
    around = [(at + timedelta(days=offset)).date() for offset in (-1, 0, 1)]
    rows = Usage.objects.filter(account__in=days, day__in=around)
    return {(row.account_id, row.action): row.used + row.observed for row in rows if row.day == days[row.account_id]}


def standing(account: Account) -> tuple[str, str]:
    """The state that matters to an operator: a pause hides what the provider says."""
    return ("paused", "Paused") if account.paused_at else (account.status, account.get_status_display())
