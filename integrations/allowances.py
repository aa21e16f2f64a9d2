"""What each account may still do today, and which ceiling says so; for many accounts at once."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from integrations.limits import DAY, MONTH, WINDOWS, Ceiling, ceilings, smallest
from integrations.models import UNLIMITED, Account, Action, ActionSleep, Usage
from outreach.zones import local_midnight, zone

Key = tuple[UUID, str]
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Allowance:
    """The cap of one action of one account for today, what is used of it, and until when the action rests.

    `cap` is what the smallest ceiling leaves for today; `source` is that ceiling in words, and `reopens_at` the
    local midnight at which it lets something through again, once it is used up (None: not by itself).
    """

    cap: int
    used: int = 0
    source: str = ""
    asleep_until: datetime | None = None
    reopens_at: datetime | None = None
    written: "DayUse | None" = None  # the day's row, if there is one

    @property
    def is_used_up(self) -> bool:
        return self.used >= self.cap

    def is_open(self, at: datetime) -> bool:
        return not self.is_used_up and (self.asleep_until is None or self.asleep_until <= at)


Allowances = Mapping[Key, Allowance]


def allowances(accounts: Iterable[Account], *, at: datetime) -> Allowances:
    """The allowance of every action of these accounts, in two queries."""
    known = {account.pk: account for account in accounts}
    spent = _spent(known.values(), at)
    asleep = {(row.account_id, row.action): row.until for row in ActionSleep.objects.filter(account__in=known)}
    found: dict[Key, Allowance] = {}
    for account in known.values():
        tuning, today = account.tuning(), local_day(account, at)
        for action in Action:
            key = (account.pk, action.value)
            bounds = ceilings(tuning, action.value, today)
            found[key] = _allowance(account, bounds, spent.get(key, NOTHING), today, asleep.get(key))
    return found


def local_day(account: Account, at: datetime) -> date:
    """The account's calendar day, on which its caps are counted."""
    return at.astimezone(zone(account.time_zone)).date()


class DayUse(NamedTuple):
    """The row of one account, action and local day."""

    pk: UUID
    cap: int
    used: int
    observed: int

    @property
    def all(self) -> int:
        """The owner's own actions count."""
        return self.used + self.observed


Spent = Mapping[date, DayUse]
NOTHING: Spent = {}


def _spent(accounts: Iterable[Account], at: datetime) -> Mapping[Key, Spent]:
    """What was used on each of the days that any window looks back on."""
    found: dict[Key, dict[date, DayUse]] = defaultdict(dict)
    first = at.date() - ONE_DAY * MONTH
    rows = Usage.objects.filter(account__in=[account.pk for account in accounts], day__gte=first).order_by()
    for account, action, day, *use in rows.values_list("account_id", "action", "day", *DayUse._fields):
        found[account, action][day] = DayUse(*use)
    return found


def _allowance(
    account: Account, bounds: tuple[Ceiling, ...], spent: Spent, today: date, asleep_until: datetime | None
) -> Allowance:
    earlier = earlier_use(spent, today)
    bound = smallest(bounds, earlier)
    use = spent.get(today)
    used = use.all if use else 0
    if bound is None:
        return Allowance(UNLIMITED, used, asleep_until=asleep_until, written=use)
    cap = bound.room(earlier)
    reopens_on = next(_reopenings(bounds, spent, today), None) if used >= cap else None
    return Allowance(
        cap=cap,
        used=used,
        source=bound.words(earlier),
        asleep_until=asleep_until,
        reopens_at=local_midnight(reopens_on, account.time_zone) if reopens_on else None,
        written=use,
    )


UNUSED = dict.fromkeys(WINDOWS, 0)


def earlier_use(spent: Spent, today: date) -> Mapping[int, int]:
    """What the days before today have used of each window that today belongs to."""
    if not spent:
        return UNUSED
    return {
        days: sum(use.all for day, use in spent.items() if today - ONE_DAY * days < day < today) for days in WINDOWS
    }


def _reopenings(bounds: tuple[Ceiling, ...], spent: Spent, today: date) -> Iterator[date]:
    """The coming days on which every ceiling leaves room, if nothing more is used until then."""
    for number in range(DAY, MONTH + 1):
        day = today + ONE_DAY * number
        bound = smallest(bounds, earlier_use(spent, day))
        if bound is None or bound.room(earlier_use(spent, day)):
            yield day


def cap_today(account: Account, action: str, *, at: datetime) -> int:
    """What the smallest ceiling leaves of an action for today, whatever of it is used. One query."""
    today = local_day(account, at)
    earlier = earlier_use(_spent([account], at).get((account.pk, action), NOTHING), today)
    bound = smallest(ceilings(account.tuning(), action, today), earlier)
    return UNLIMITED if bound is None else bound.room(earlier)
