"""How the console words moments, states and events."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from campaigns.models import Campaign, Enrollment, StepExecution
from integrations.models import Account, Dispatch, WebhookReceipt
from outreach.console.fields import DatesField, PairsField, WeekdaysField, WordsField
from outreach.console.happenings import TELLINGS, detail, sentence
from outreach.console.outcomes import Outcome
from outreach.console.relative import relative
from outreach.console.subjects import Names
from outreach.console.tones import Tone, tone_of
from outreach.events.kinds import EventKind
from outreach.events.models import Event
from tests.worlds import MONDAY_MORNING as AT


@pytest.mark.parametrize(
    ("moved", "words"),
    [
        (timedelta(seconds=-5), "just now"),
        (timedelta(seconds=5), "now"),
        (timedelta(seconds=-50), "1 min ago"),
        (timedelta(minutes=-59), "59 min ago"),
        (timedelta(hours=-2, minutes=-10), "2 h ago"),
        (timedelta(hours=3), "in 3 h"),
        (timedelta(days=6), "in 6 d"),
        (timedelta(days=-40), "21 Jan 2026"),
    ],
)
def test_moments_are_told_from_the_given_now(moved, words):
    assert relative(AT + moved, AT) == words


@pytest.mark.parametrize("kind", EventKind)
def test_every_kind_of_event_has_its_sentence(kind):
    assert kind in TELLINGS
    told = sentence(Event(kind=kind, at=AT), Names())
    assert told
    assert "{" not in told


def test_an_event_of_an_unknown_kind_is_still_told():
    assert sentence(Event(kind="moon_landing", at=AT), Names()) == "moon landing"


def test_an_events_text_is_shown_as_written():
    assert detail(Event(kind="message_sent", at=AT, data={"text": "a_b {c}"})) == "a_b {c}"


@pytest.mark.parametrize(
    "states", [Account.Status, Dispatch.State, WebhookReceipt.State, Enrollment.State, Campaign.Status]
)
def test_what_went_wrong_is_never_green(states):
    for state in states:
        if state.value in {"error", "failed", "restricted", "rejected", "stopped", "unknown", "credentials"}:
            assert tone_of(state.value) in {Tone.HARM, Tone.CARE}
    assert {tone_of(outcome.value) for outcome in StepExecution.Outcome} - {Tone.CALM}


def test_an_outcome_names_each_reason_once_with_its_count():
    outcome = Outcome(results=(None, None), refusals=("no sender", "no steps", "no sender"))
    assert outcome.sentence("activated") == "2 activated, 3 refused: no sender (2×); no steps"


def test_words_pairs_and_dates_survive_being_shown_and_typed_again():
    for field, stored in (
        (WordsField(), ["warm", "q4"]),
        (PairsField(), {"industry": "Freight: sea", "size": "200"}),
        (DatesField(), ["2026-12-25", "2026-12-26"]),
    ):
        assert field.clean(field.prepare_value(stored)) == stored
        assert not field.has_changed(stored, field.prepare_value(stored))


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [(DatesField(), "25.12.2026", "Write it as 2026-12-25"), (PairsField(), "just words", "key: value")],
)
def test_a_mistyped_value_is_refused_with_an_example(field, typed, words):
    with pytest.raises(ValidationError, match=words):
        field.clean(typed)


def test_weekdays_are_kept_as_sorted_numbers():
    assert WeekdaysField().clean(["4", "0"]) == [0, 4]
