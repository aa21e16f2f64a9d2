"""What each account may still do today, for many accounts at once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from integrations.dispatching import local_day
from integrations.models import Account, Action, ActionSleep, Usage


@dataclass(frozen=True, slots=True)
class Allowance:
    """The day's cap of one action of one account, what is used of it, and until when the action rests."""

    cap: int
    used: int = 0
    asleep_until: datetime | None = None

    @property
    def is_used_up(self) -> bool:
        return self.used >= self.cap

    def is_open(self, at: datetime) -> bool:
        return not self.is_used_up and (self.asleep_until is None or self.asleep_until <= at)


Allowances = Mapping[tuple[UUID, str], Allowance]


def allowances(accounts: Iterable[Account], *, at: datetime) -> Allowances:
    """The allowance of every action of these accounts, in two queries."""
    known = list(accounts)
    days = {account.pk: local_day(account, at) for account in known}
    rows = Usage.objects.filter(account__in=days, day__in=set(days.values()))
    used = {(row.account_id, row.action, row.day): row.used + row.observed for row in rows}
    asleep = {(row.account_id, row.action): row.until for row in ActionSleep.objects.filter(account__in=days)}
    return {
        (account.pk, action.value): Allowance(
            cap=account.daily_cap(action),
            used=used.get((account.pk, action.value, days[account.pk]), 0),
            asleep_until=asleep.get((account.pk, action.value)),
        )
        for account in known
        for action in Action
    }
