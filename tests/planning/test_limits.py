"""Limits, stacked: the smallest of all wins, and can be named."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.limits import DAY, MONTH, WEEK, Ceiling, Tuning, ceilings, shared, smallest

DAY_ONE = date(2026, 3, 2)


def bound(tuning: Tuning, action: str, *, day: date = DAY_ONE, **earlier: int) -> tuple[int, str]:
    before = {WEEK: earlier.get("week", 0), MONTH: earlier.get("month", 0)}
    ceiling = smallest(ceilings(tuning, action, day), before)
    assert ceiling is not None
    return ceiling.room(before), ceiling.words(before)


def of_free(**own: int) -> Tuning:
    days = {"day": DAY, "week": WEEK}
    return Tuning("free", own=tuple(("invitation", days[name], limit) for name, limit in own.items()))


@pytest.mark.parametrize(
    ("tuning", "used_in_week", "room", "words"),
    [
        (of_free(day=25), 0, 25, "25 a day, set for this account"),
        (of_free(day=500), 0, 30, "30 a day, LinkedIn Free"),
        (of_free(day=25, week=60), 50, 10, "50 of 60 in seven days, set for this account"),
        (of_free(day=25), 140, 10, "140 of 150 in seven days, LinkedIn Free"),
        (of_free(day=25), 200, 0, "200 of 150 in seven days, LinkedIn Free"),
        (Tuning("sales_navigator"), 0, 80, "80 a day, Sales Navigator"),
    ],
)
def test_the_smallest_limit_wins_and_says_whose_it_is(tuning: Tuning, used_in_week: int, room: int, words: str) -> None:
    assert bound(tuning, "invitation", week=used_in_week) == (room, words)


def test_notes_of_a_free_account_are_counted_by_the_month() -> None:
    assert bound(Tuning("free"), "invitation_note", month=4) == (1, "4 of 5 in thirty days, LinkedIn Free")


def test_inmail_needs_a_premium_account() -> None:
    assert bound(Tuning("free"), "inmail")[0] == 0
    assert bound(Tuning("premium"), "inmail")[0] == 30


def test_what_linkedin_does_not_speak_of_has_our_own_figure_until_somebody_sets_one() -> None:
    assert bound(Tuning("premium"), "reaction") == (50, "50 a day, our own caution")
    assert bound(Tuning("premium", own=(("reaction", DAY, 90),)), "reaction") == (90, "90 a day, set for this account")
    assert smallest(ceilings(Tuning("premium"), "mail", DAY_ONE), {}) is None


@pytest.mark.parametrize(("gone", "room"), [(0, 6), (14, 18), (27, 29), (28, 30), (400, 30)])
def test_a_new_account_gains_evenly_until_it_may_do_all_of_its_day(gone: int, room: int) -> None:
    tuning = Tuning("free", ramp_up_started_on=DAY_ONE)
    found = bound(tuning, "invitation", day=DAY_ONE + timedelta(days=gone))
    assert found[0] == room
    assert (f"day {gone + 1} of its ramp-up" in found[1]) == (gone < 28)


@given(
    st.lists(st.builds(Ceiling, st.integers(0, 200), st.sampled_from((DAY, WEEK, MONTH)), st.just("x")), min_size=1),
    st.integers(0, 300),
    st.integers(0, 300),
)
def test_what_the_smallest_leaves_is_within_every_ceiling(bounds: list[Ceiling], week: int, month: int) -> None:
    earlier = {WEEK: week, MONTH: week + month}
    least = smallest(tuple(bounds), earlier)
    assert least is not None
    for each in bounds:
        assert least.room(earlier) == 0 or earlier.get(each.days, 0) + least.room(earlier) <= each.limit


def test_a_share_of_a_small_cap_is_not_nothing() -> None:
    assert [shared(cap, 0.3) for cap in (0, 1, 3, 10)] == [0, 1, 1, 3]


def test_a_share_is_never_one_too_many_for_a_hair() -> None:
    for percent in range(101):
        for cap in range(0, 201, 5):
            assert shared(cap, percent / 100) == -(-cap * percent // 100)


# Unipile API, section 8: the lower figure where pages differ.
SECTION_8 = [
    ("free", "invitation", {DAY: 30, WEEK: 150}),
    ("premium", "invitation", {DAY: 80, WEEK: 200}),
    ("free", "invitation_note", {MONTH: 5}),
    ("free", "message", {DAY: 100}),
    ("premium", "message", {DAY: 100}),
    ("free", "profile_view", {DAY: 80}),
    ("premium", "profile_view", {DAY: 100}),
    ("sales_navigator", "profile_view", {DAY: 150}),
    ("free", "search_result", {DAY: 1000}),
    ("premium", "search_result", {DAY: 2500}),
    ("sales_navigator", "search_result", {DAY: 2500}),
    ("free", "inmail", {DAY: 0}),
    ("premium", "inmail", {DAY: 30, MONTH: 800}),
]


@pytest.mark.parametrize(("tier", "action", "limits"), SECTION_8)
def test_the_plans_have_the_providers_own_figures(tier: str, action: str, limits: dict[int, int]) -> None:
    assert {each.days: each.limit for each in ceilings(Tuning(tier), action, DAY_ONE)} == limits
