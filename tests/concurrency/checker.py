"""The checker: judges what reached people, from the sandbox's ledger and a plain description of the world alone.

It imports nothing of the product, speaks HTTP with the sandbox and does its own arithmetic, so that no mistake of the
engine can be repeated here. Who describes the world gives it in plain data: hours, caps, texts, who may be contacted.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import requests

# Kinds whose text is ours. A reaction's or an endorsement's is the provider's.
WRITTEN = ("invitation", "message", "inmail", "comment")
# Into a chat that was read just before: what stood in it then is known.
INTO_A_CHAT = ("message", "inmail")
# A process may die while it takes news in. So long it may stay unknown until somebody takes it in again.
SLOW_TO_KNOW = timedelta(minutes=10)
# What leaves no trace that could be asked for is taken as done when its outcome is unknown: our books may know of more
# of these than reached anybody, and never of fewer.
TRACELESS = ("profile_view", "endorsement", "withdrawal")


@dataclass(frozen=True, slots=True)
class Account:
    """One account: the zone its days are counted in, what it may do on a day, the shortest pause in seconds."""

    id: str
    zone: str
    caps: Mapping[str, int]
    spacing: float


@dataclass(frozen=True, slots=True)
class Plan:
    """One campaign: hours by the wall clock, who may be contacted by whom, how often what, and in which words."""

    name: str
    zone: str
    weekdays: tuple[int, ...]
    opens: str
    closes: str
    accounts: tuple[str, ...]
    people: Mapping[str, Mapping[str, str]]  # public identifier: the values of that lead
    deeds: Mapping[str, int]  # kind: how many steps do it
    texts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # kind: the templates

    def concerns(self, entry: "Entry") -> bool:
        return entry.slug in self.people and entry.kind in self.deeds and entry.account in self.accounts

    def is_open(self, at: datetime) -> bool:
        wall = at.astimezone(ZoneInfo(self.zone))
        return wall.weekday() in self.weekdays and self.opens <= f"{wall:%H:%M}" < self.closes

    def words(self, kind: str, slug: str) -> set[str]:
        """Every text of this kind for that one lead; one with a value that the lead lacks is none."""
        found = {_filled(template, self.people[slug]) for template in self.texts.get(kind, ())}
        return {text for text in found if text is not None}


def _filled(template: str, values: Mapping[str, str]) -> str | None:
    for name, value in values.items():
        token = f"{{{{ {name} }}}}"
        if token in template and not value:
            return None
        template = template.replace(token, value)
    return template


@dataclass(slots=True)
class World:
    """All that the checker is told. `automatic`: texts of people that are no answers."""

    accounts: list[Account] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)
    automatic: tuple[str, ...] = ()

    def plans_for(self, entry: "Entry") -> list[Plan]:
        """The campaigns an entry can belong to; its words say which, if it has any."""
        concerned = [plan for plan in self.plans if plan.concerns(entry)]
        if entry.kind in WRITTEN and entry.text:
            return [plan for plan in concerned if entry.text in plan.words(entry.kind, entry.slug)]
        return concerned


@dataclass(frozen=True, slots=True)
class Entry:
    """One side effect that reached somebody."""

    at: datetime
    account: str
    kind: str
    person: str
    slug: str
    text: str
    post: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person wrote, and when the provider first told of it."""

    at: datetime
    told_at: datetime | None
    account: str
    person: str
    text: str


@dataclass(frozen=True, slots=True)
class Breach:
    law: int
    words: str


@dataclass(frozen=True, slots=True)
class Ledger:
    entries: list[Entry]
    answers: list[Answer]


# --- Reading the sandbox ----------------------------------------------------------------------------------


def read(sandbox_url: str) -> Ledger:
    """All that has happened so far, oldest first."""
    told = (_get(sandbox_url, path) for path in ("ledger", "inbound"))
    entries, inbound = told
    return Ledger([_entry(row) for row in entries], [_answer(row) for row in inbound if row["kind"] == "message"])


def _get(sandbox_url: str, path: str) -> list[dict[str, Any]]:
    answer = requests.get(f"{sandbox_url}/_sandbox/{path}", timeout=60)
    answer.raise_for_status()
    rows: list[dict[str, Any]] = answer.json()
    return rows


def _entry(row: Mapping[str, Any]) -> Entry:
    who = (row["account_id"], row["kind"], row["person"], row["public_identifier"])
    return Entry(_moment(row["at"]), *who, row["text"] or "", row.get("post_id", ""))


def _answer(row: Mapping[str, Any]) -> Answer:
    told_at = _moment(row["told_at"]) if row["told_at"] else None
    return Answer(_moment(row["at"]), told_at, row["account_id"], row["person"], row["text"])


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


# --- Judging ----------------------------------------------------------------------------------------------


def breaches(ledger: Ledger, world: World) -> list[Breach]:
    """Everything that should not have happened."""
    return [
        *_twice(ledger.entries),
        *_more_often_than_planned(ledger.entries, world),
        *_after_an_answer(ledger, world),
        *_outside_hours(ledger.entries, world),
        *_over_a_cap(ledger.entries, world),
        *_too_close(ledger.entries, world),
        *_wrong_words_or_people(ledger.entries, world),
    ]


def _twice(entries: list[Entry]) -> Iterator[Breach]:
    """Law 1. Every text names its campaign and step, so equal words to one person are one step done twice."""
    seen = Counter((e.kind, e.slug, e.text) for e in entries if e.kind in WRITTEN and e.text)
    marks = Counter((e.kind, e.account, e.post or e.text) for e in entries if e.kind in ("reaction", "comment"))
    skills = Counter((e.account, e.slug, e.text) for e in entries if e.kind == "endorsement")
    for counts in (seen, marks, skills):
        yield from (Breach(1, f"{count} times: {what}") for what, count in counts.items() if count > 1)
    yield from _invited_again(entries)


def _invited_again(entries: list[Entry]) -> Iterator[Breach]:
    """An account invites a person once, and takes back only what it has sent."""
    pending: set[tuple[str, str]] = set()
    for entry in entries:
        pair = (entry.account, entry.person)
        if entry.kind == "invitation":
            if pair in pending:
                yield Breach(1, f"invited twice: {entry}")
            pending.add(pair)
        elif entry.kind == "withdrawal" and pair not in pending:
            yield Breach(1, f"taken back twice, or never sent: {entry}")
        elif entry.kind == "withdrawal":
            pending.discard(pair)


def _more_often_than_planned(entries: list[Entry], world: World) -> Iterator[Breach]:
    """Law 1, for what has no words of its own: no more visits than the person's campaigns have steps that visit."""
    done = Counter((e.kind, e.slug) for e in entries)
    for (kind, slug), count in done.items():
        planned = sum(plan.deeds.get(kind, 0) for plan in world.plans if slug in plan.people)
        if count > planned:
            yield Breach(1, f"{count} × {kind} to {slug}; planned were {planned}")


def _after_an_answer(ledger: Ledger, world: World) -> Iterator[Breach]:
    """Law 2. A chat is read before it is written into; what came in elsewhere is known once it was told."""
    answers: dict[str, list[Answer]] = defaultdict(list)
    for answer in ledger.answers:
        if answer.text not in world.automatic:
            answers[answer.person].append(answer)
    for entry in ledger.entries:
        for answer in answers[entry.person]:
            if _should_be_known(answer, entry):
                yield Breach(2, f"{entry} although the person had written: {answer}")


def _should_be_known(answer: Answer, entry: Entry) -> bool:
    if entry.kind in INTO_A_CHAT and answer.account == entry.account:
        return answer.at < entry.at
    return answer.told_at is not None and answer.told_at + SLOW_TO_KNOW < entry.at


def _outside_hours(entries: list[Entry], world: World) -> Iterator[Breach]:
    """Law 3. Whatever belongs to no campaign is another law's business."""
    for entry in entries:
        plans = world.plans_for(entry)
        if plans and not any(plan.is_open(entry.at) for plan in plans):
            yield Breach(3, f"outside working time: {entry}")


def _over_a_cap(entries: list[Entry], world: World) -> Iterator[Breach]:
    """Law 4: the caps of each local day."""
    for account in world.accounts:
        days: Counter[tuple[str, date]] = Counter()
        for entry in entries:
            if entry.account == account.id:
                days[entry.kind, entry.at.astimezone(ZoneInfo(account.zone)).date()] += 1
        for (kind, day), count in days.items():
            if count > account.caps.get(kind, count):
                yield Breach(4, f"{count} × {kind} by {account.id} on {day}; the cap is {account.caps[kind]}")


def _too_close(entries: list[Entry], world: World) -> Iterator[Breach]:
    """Law 4: the shortest pause between two actions of an account."""
    for account in world.accounts:
        mine = sorted((entry for entry in entries if entry.account == account.id), key=lambda entry: entry.at)
        for earlier, later in pairwise(mine):
            gap = (later.at - earlier.at).total_seconds()
            if gap < account.spacing - 0.01:
                yield Breach(4, f"{gap} s between {earlier} and {later}; the shortest pause is {account.spacing}")


def _wrong_words_or_people(entries: list[Entry], world: World) -> Iterator[Breach]:
    """Law 6. Only leads, only by their campaign's accounts, only in words rendered from that one lead's values."""
    for entry in entries:
        if not any(plan.concerns(entry) for plan in world.plans):
            yield Breach(6, f"to nobody's lead, or by a strange account: {entry}")
        elif not world.plans_for(entry):
            yield Breach(6, f"words of no step for this lead: {entry}")


# --- The books ----------------------------------------------------------------------------------------------

Row = tuple[str, str, str, str]


def differences(ledger: Ledger, books: Iterable[Row]) -> list[Breach]:
    """Law 10: what the books say was done – (account, kind, person, text) – is what the ledger says."""
    ours = Counter(_row(*row) for row in books)
    theirs = Counter(_row(e.account, e.kind, e.person, e.text) for e in ledger.entries)
    more = [row for row in (ours - theirs).elements() if row[1] not in TRACELESS]
    return [
        *(Breach(10, f"only in our books: {row}") for row in more),
        *(Breach(10, f"only in the ledger: {row}") for row in (theirs - ours).elements()),
    ]


def _row(account: str, kind: str, person: str, text: str) -> Row:
    return (account, kind, person, " ".join(text.split()) if kind in WRITTEN else "")
