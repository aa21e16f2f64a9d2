"""Results by variant: assignment that never changes, honest figures, no winner before there is one."""

from collections import Counter
from dataclasses import replace

import pytest

from analytics.variants import Result, compare, comparisons
from campaigns.editing import StepDraft
from campaigns.models import Step
from campaigns.planning.variants import chosen
from campaigns.versioning import drafts_of, go_back, publish
from campaigns.wording import variant_for
from integrations.models import Account
from tests.bench import Bench

pytestmark = pytest.mark.django_db
A_B = StepDraft(
    "message", "Hello {{ first_name }}.", variants=({"label": "B", "weight": 3, "text": "Good day, {{ first_name }}."},)
)


@pytest.mark.parametrize("weights", [(1, 1), (1, 3), (5, 0, 5)])
def test_texts_are_given_in_proportion_to_their_weights_and_always_the_same(weights: tuple[int, ...]) -> None:
    given = [chosen(weights, key=f"lead {number}") for number in range(4000)]
    assert given == [chosen(weights, key=f"lead {number}") for number in range(4000)]
    counts = Counter(given)
    for index, weight in enumerate(weights):
        assert counts[index] / 4000 == pytest.approx(weight / sum(weights), abs=0.03)


def test_what_was_chosen_is_what_is_sent_and_what_is_counted() -> None:
    bench = Bench()
    bench.unhurried()
    leads = [bench.lead(bench.friend(number=number)) for number in range(6)]
    campaign = bench.campaign(leads, A_B)
    bench.read()
    bench.tick_until_idle()
    expected = {}
    for walk in campaign.enrollments.all():
        label, _ = variant_for(walk, walk.sequence.steps.get())
        expected[walk.lead.provider_id] = label
    sent = {entry["person"]: "B" if entry["text"].startswith("Good") else "A" for entry in bench.ledger()}
    assert sent == {person: label for person, label in expected.items()}
    (found,) = comparisons(campaign)
    assert {each.label: each.sent for each in found.results} == {
        label: Counter(expected.values())[label] for label in ("A", "B")
    }
    assert found.verdict.startswith("Not yet")


def test_an_answer_counts_for_the_last_message_before_it() -> None:
    bench = Bench()
    bench.unhurried()
    person = bench.friend()
    again = StepDraft("message", "Again A.", 1, "hours", variants=({"label": "B", "weight": 0, "text": "Again B."},))
    campaign = bench.campaign([bench.lead(person)], A_B, again)
    bench.read()
    bench.tick()
    bench.wait(hours=2)
    bench.read()
    bench.tick()
    bench.wait(minutes=1)
    bench.answer(person)
    bench.read()
    first, second = comparisons(campaign)
    assert (sum(each.good for each in first.results), sum(each.good for each in second.results)) == (0, 1)


@pytest.mark.parametrize(
    ("figures", "winner", "verdict"),
    [
        (((99, 60), (400, 20)), "", "Not yet: each text needs 100 sends, the least has 99."),
        (((150, 30), (150, 20)), "", "Not yet: the difference could still be chance."),
        (((400, 120), (400, 60)), "A", "A does better."),
        (((400, 60), (400, 120)), "B", "B does better."),
    ],
)
def test_a_winner_is_named_only_when_chance_is_ruled_out(
    figures: tuple[tuple[int, int], ...], winner: str, verdict: str
) -> None:
    results = [Result(label, sent, good) for label, (sent, good) in zip("AB", figures, strict=True)]
    found = compare(Step(), results)
    assert (found.winner, found.verdict) == (winner, verdict)


def test_the_interval_holds_the_rate_and_narrows_with_the_sample() -> None:
    few, many = Result("A", 20, 5).interval, Result("A", 2000, 500).interval
    assert few is not None
    assert many is not None
    assert few[0] < many[0] < 25 < many[1] < few[1]
    assert Result("A", 0, 0).interval is None


def with_note(text: str, other: str) -> StepDraft:
    return StepDraft("connection_request", text, variants=({"label": "B", "weight": 1, "text": other},))


def test_a_bare_invitation_counts_for_none_of_the_notes() -> None:
    """The notes of the month are used up: whoever is invited without one has seen neither A nor B."""
    bench = Bench()
    bench.unhurried()
    campaign = bench.campaign(bench.leads(4), with_note("Hi {{ first_name }}.", "Hello {{ first_name }}."))
    Account.objects.update(tier=Account.Tier.FREE, notes_per_month=1)
    bench.tick_until_idle()
    assert len([entry for entry in bench.ledger() if not entry["text"]]) == 3
    (found,) = comparisons(campaign)
    assert sum(each.sent for each in found.results) == 1


def test_no_note_at_all_is_a_variant_like_others() -> None:
    bench = Bench()
    bench.unhurried()
    campaign = bench.campaign(bench.leads(6), with_note("", "Hello {{ first_name }}."))
    bench.tick_until_idle()
    (found,) = comparisons(campaign)
    bare = len([entry for entry in bench.ledger() if not entry["text"]])
    assert {each.label: each.sent for each in found.results} == {"A": bare, "B": 6 - bare}


def test_new_words_begin_at_nothing_also_under_an_old_label() -> None:
    bench = Bench()
    bench.unhurried()
    leads = [bench.lead(bench.friend(number=number)) for number in range(6)]
    campaign = bench.campaign(leads, A_B)
    bench.read()
    bench.tick_until_idle()
    before = {each.label: each.sent for each in comparisons(campaign)[0].results}
    assert before["B"] > 0
    other_b = {"label": "B", "weight": 3, "text": "Quite other words."}
    (step,) = drafts_of(campaign.current_sequence().steps.all())
    publish(campaign=campaign, steps=[replace(step, variants=(other_b,))], move=True, by=None, at=bench.at)
    (found,) = comparisons(campaign)
    assert {each.label: each.sent for each in found.results} == {"A": before["A"], "B": 0}
    go_back(campaign=campaign, move=True, by=None, at=bench.at)
    (found,) = comparisons(campaign)
    assert {each.label: each.sent for each in found.results} == before


def test_a_text_that_is_not_tried_any_more_does_not_hold_up_the_others() -> None:
    results = [Result("A", 400, 120), Result("B", 400, 60), Result("C", 7, 1, weight=0)]
    assert compare(Step(), results).winner == "A"
    only = compare(Step(), [Result("A", 400, 120), Result("B", 7, 1, weight=0)])
    assert (only.winner, only.verdict) == ("", "Not yet: only one text is being tried.")


def test_the_variant_is_the_same_after_the_lead_has_moved() -> None:
    bench = Bench()
    walk = bench.walk(bench.lead(bench.friend()), A_B)
    (step,) = walk.sequence.steps.all()
    label = variant_for(walk, step)[0]
    (draft,) = drafts_of([step])
    publish(
        campaign=walk.campaign,
        steps=[StepDraft("tag", options={"tag": "x"}), draft],
        move=True,
        by=None,
        at=bench.at,
    )
    walk.refresh_from_db()
    (moved,) = walk.sequence.steps.filter(kind="message")
    assert moved.pk != step.pk
    assert variant_for(walk, moved)[0] == label
