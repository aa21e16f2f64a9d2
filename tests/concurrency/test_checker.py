"""The checker finds each law broken once, in ledgers forged for it, and nothing in a clean one."""

import ast
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.concurrency import checker
from tests.concurrency.checker import Account, Answer, Entry, Ledger, Plan, World, breaches, differences

MONDAY = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
OFFICE = "I am out of the office."


def world() -> World:
    """Two accounts, one campaign of every kind of deed, two leads; one of them has no company."""
    people = {"ada": {"first_name": "Ada", "company": "Nordkaj"}, "bo": {"first_name": "Bo", "company": ""}}
    plan = Plan(
        name="c",
        zone="Europe/London",
        weekdays=(0, 1, 2, 3, 4),
        opens="09:00",
        closes="17:00",
        accounts=("a1",),
        people=people,
        deeds={"profile_view": 1, "invitation": 1, "message": 2, "reaction": 1, "comment": 1, "endorsement": 1}
        | {"withdrawal": 1},
        texts={
            "invitation": ("[c.1] Hi {{ first_name }}",),
            "message": ("[c.2] How is {{ company }}?", "[c.3] Bye {{ first_name }}"),
            "comment": ("[c.4] Well done",),
        },
    )
    caps = {"message": 2}
    accounts = [Account("a1", "Europe/London", caps, 60), Account("a2", "Europe/London", caps, 60)]
    return World(accounts, [plan], automatic=(OFFICE,))


def entry(
    kind: str, text: str = "", *, minutes: float, slug: str = "ada", account: str = "a1", post: str = ""
) -> Entry:
    return Entry(MONDAY + timedelta(minutes=minutes), account, kind, f"id-{slug}", slug, text, post)


def answer(*, minutes: float, told: float | None = None, text: str = "Yes", account: str = "a1") -> Answer:
    told_at = None if told is None else MONDAY + timedelta(minutes=told)
    return Answer(MONDAY + timedelta(minutes=minutes), told_at, account, "id-ada", text)


def clean() -> list[Entry]:
    return [
        entry("profile_view", minutes=0),
        entry("invitation", "[c.1] Hi Ada", minutes=2),
        entry("message", "[c.2] How is Nordkaj?", minutes=4),
        entry("reaction", "LIKE", minutes=6, post="p1"),
        entry("comment", "[c.4] Well done", minutes=8, post="p1"),
        entry("endorsement", "Python", minutes=10),
        entry("invitation", "", minutes=12, slug="bo"),
        entry("withdrawal", minutes=14, slug="bo"),
    ]


def found(entries: list[Entry], *answers: Answer) -> set[int]:
    return {breach.law for breach in breaches(Ledger(entries, list(answers)), world())}


def test_a_clean_ledger_is_clean() -> None:
    assert found(clean()) == set()


AT_1659 = 7.0 * 60 + 29
FORGERIES: dict[str, tuple[int, Callable[[], list[Entry]]]] = {
    "a message twice": (1, lambda: [*clean(), entry("message", "[c.2] How is Nordkaj?", minutes=60)]),
    "the same words by another account": (
        1,
        lambda: [*clean(), entry("message", "[c.2] How is Nordkaj?", minutes=60, account="a2")],
    ),
    "an invitation twice": (1, lambda: [*clean(), entry("invitation", "", minutes=60)]),
    "a visit twice": (1, lambda: [*clean(), entry("profile_view", minutes=60)]),
    "a like twice": (1, lambda: [*clean(), entry("reaction", "LIKE", minutes=60, post="p1")]),
    "a skill endorsed twice": (1, lambda: [*clean(), entry("endorsement", "Python", minutes=60)]),
    "taken back twice": (1, lambda: [*clean(), entry("withdrawal", minutes=60, slug="bo")]),
    "before opening": (3, lambda: [entry("profile_view", minutes=-31)]),
    "after closing": (3, lambda: [entry("profile_view", minutes=AT_1659 + 1)]),
    "on a Sunday": (3, lambda: [entry("profile_view", minutes=-24 * 60)]),
    "in winter time when it is summer": (
        3,
        lambda: [replace(entry("profile_view", minutes=0), at=datetime(2026, 4, 1, 16, 30, tzinfo=UTC))],
    ),
    "too soon": (4, lambda: [*clean(), entry("message", "[c.3] Bye Ada", minutes=14.5)]),
    "a third message of the day": (
        4,
        lambda: [
            *clean(),
            entry("message", "[c.3] Bye Ada", minutes=60),
            entry("message", "[c.3] Bye Bo", minutes=62, slug="bo"),
        ],
    ),
    "somebody who is no lead": (6, lambda: [entry("profile_view", minutes=0, slug="zoe")]),
    "by an account of another campaign": (6, lambda: [entry("profile_view", minutes=0, account="a2")]),
    "a deed that no step does": (6, lambda: [entry("inmail", "[c.2] How is Nordkaj?", minutes=0)]),
    "another lead's name": (6, lambda: [entry("message", "[c.3] Bye Bo", minutes=0)]),
    "a token left in": (6, lambda: [entry("message", "[c.3] Bye {{ first_name }}", minutes=0)]),
    "a gap where a value is missing": (6, lambda: [entry("message", "[c.2] How is ?", minutes=0, slug="bo")]),
    "words cut short": (6, lambda: [entry("message", "[c.3] Bye", minutes=0)]),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_law_that_was_broken_is_found(name: str) -> None:
    law, forged = FORGERIES[name]
    assert law in found(forged())


def test_the_last_minute_of_the_day_is_working_time() -> None:
    assert found([entry("profile_view", minutes=AT_1659)]) == set()


@pytest.mark.parametrize(
    ("wrote", "kind", "is_broken"),
    [
        (answer(minutes=3), "message", True),  # it stood in the chat
        (answer(minutes=4), "message", False),  # it came in the same instant
        (answer(minutes=3, text=OFFICE, told=3), "message", False),
        (answer(minutes=3, account="a2"), "message", False),  # another chat, and nobody was told of it
        (answer(minutes=-30, told=-20, account="a2"), "message", True),
        (answer(minutes=-30, told=-20), "reaction", True),
        (answer(minutes=-30, told=0), "reaction", False),  # a process may just have died over it
        (answer(minutes=-30), "reaction", False),
    ],
)
def test_silence_after_an_answer(wrote: Answer, kind: str, is_broken: bool) -> None:
    text = "[c.2] How is Nordkaj?" if kind == "message" else "LIKE"
    assert (2 in found([entry(kind, text, minutes=4, post="p")], wrote)) is is_broken


def test_books_and_ledger_are_compared_both_ways() -> None:
    ledger = Ledger(clean(), [])
    books = [(e.account, e.kind, e.person, e.text) for e in clean()]
    assert differences(ledger, books) == []
    (lost,) = differences(ledger, books[:2] + books[3:])
    assert "only in the ledger" in lost.words and "How is Nordkaj" in lost.words
    (claimed,) = differences(ledger, [*books, ("a1", "message", "id-bo", "[c.3] Bye Bo")])
    assert "only in our books" in claimed.words
    assert differences(ledger, [*books, ("a1", "profile_view", "id-bo", "")]) == [], "a visit leaves no trace"


def test_the_checker_shares_no_code_with_the_product() -> None:
    tree = ast.parse(Path(checker.__file__).read_text())
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    known = {"collections", "dataclasses", "datetime", "itertools", "typing", "zoneinfo", "requests"}
    assert {name.partition(".")[0] for name in imported} == known
