"""Laws 1 to 4, asked of the sandbox's ledger: what really reached people, by nobody's account but the receiver's."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

import requests

from campaigns.models import Campaign, Enrollment
from inbox.models import Message
from integrations.models import Account
from outreach.zones import zone


@dataclass(frozen=True, slots=True)
class Entry:
    """One side effect that reached somebody."""

    at: datetime
    account: str
    kind: str
    person: str
    text: str


@dataclass(frozen=True, slots=True)
class Violation:
    law: int
    words: str


def read_ledger(sandbox_url: str) -> list[Entry]:
    """The ledger of a running sandbox, oldest first."""
    answer = requests.get(f"{sandbox_url}/_sandbox/ledger", timeout=30)
    answer.raise_for_status()
    return [read_entry(row) for row in answer.json() if row["kind"] in ("invitation", "message")]


def read_entry(row: Mapping[str, Any]) -> Entry:
    return Entry(datetime.fromisoformat(row["at"]), row["account_id"], row["kind"], row["person"], row["text"] or "")


def violations(ledger: list[Entry]) -> list[Violation]:
    return [
        *_twice(ledger),
        *_after_a_reply(ledger),
        *_outside_hours(ledger),
        *_over_a_limit(ledger),
    ]


def _twice(ledger: list[Entry]) -> Iterator[Violation]:
    """Law 1. One invitation to a person from an account; no words twice to a person."""
    seen = Counter((e.account, e.kind, e.person, e.text if e.kind == "message" else "") for e in ledger)
    for (_, kind, person, _), count in seen.items():
        if count > 1:
            yield Violation(1, f"{kind} to {person} {count} times")


def _after_a_reply(ledger: list[Entry]) -> Iterator[Violation]:
    """Law 2. Nothing after the moment at which an answer was in our inbox."""
    recorded: dict[str, datetime] = {}
    rows = Message.objects.filter(is_reply=True).values_list("conversation__person", "recorded_at")
    for person, at in rows:
        recorded[person] = min(at, recorded.get(person, at))
    for entry in ledger:
        if entry.person in recorded and entry.at > recorded[entry.person]:
            yield Violation(2, f"{entry.kind} to {entry.person} at {entry.at}, answered {recorded[entry.person]}")


def _outside_hours(ledger: list[Entry]) -> Iterator[Violation]:
    """Law 3, by the wall clock of the campaign."""
    campaigns = _campaigns()
    for entry in ledger:
        hours = campaigns[(entry.account, entry.person)]
        if not any(_is_open(campaign, entry.at) for campaign in hours):
            yield Violation(3, f"{entry.kind} to {entry.person} at {entry.at}")


def _campaigns() -> dict[tuple[str, str], list[Campaign]]:
    found: dict[tuple[str, str], list[Campaign]] = defaultdict(list)
    for row in Enrollment.objects.select_related("campaign", "lead", "account"):
        found[(row.account.provider_account_id, row.lead.provider_id)].append(row.campaign)
    return found


def _is_open(campaign: Campaign, at: datetime) -> bool:
    wall = at.astimezone(zone(campaign.time_zone))
    return wall.weekday() in campaign.weekdays and campaign.opens_at <= wall.time() < campaign.closes_at


def _over_a_limit(ledger: list[Entry]) -> Iterator[Violation]:
    """Law 4: the caps of each local day, and the shortest pause."""
    for account in Account.objects.all():
        mine = [entry for entry in ledger if entry.account == account.provider_account_id]
        days = Counter((entry.kind, entry.at.astimezone(zone(account.time_zone)).date()) for entry in mine)
        for (kind, day), count in days.items():
            cap = account.invitations_per_day if kind == "invitation" else account.messages_per_day
            if kind in ("invitation", "message") and count > cap:
                yield Violation(4, f"{account}: {count} {kind}s on {day}, the cap is {cap}")
        yield from _too_close(account, mine)


def _too_close(account: Account, mine: Iterable[Entry]) -> Iterator[Violation]:
    moments = sorted(entry.at for entry in mine)
    for earlier, later in pairwise(moments):
        gap = (later - earlier).total_seconds()
        if gap < account.spacing_min_seconds - 1:
            yield Violation(4, f"{account}: {gap:.0f} s between two actions at {later}")
