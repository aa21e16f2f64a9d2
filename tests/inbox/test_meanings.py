"""What an answer means for the sequences: away waits, "do not write" is kept for ever, an operator's word wins."""

import pytest
from django.core.exceptions import ValidationError

from campaigns.explaining import explain_in_words
from campaigns.models import Enrollment
from campaigns.overriding import override
from inbox.models import Message
from integrations.unipile.sandbox.people import Person
from leads.models import Lead, Suppression
from outreach.events.models import Event
from tests.bench import WRITE, WRITE_AGAIN, Bench
from tests.worlds import make_user

pytestmark = pytest.mark.django_db
AWAY = "I am out of the office until Thursday."


def written_to(bench: Bench) -> tuple[Person, Enrollment]:
    """A connected lead who has had the first of two messages, on a Monday."""
    person = bench.friend()
    walk = bench.walk(bench.lead(person, email="ada@nordkaj.example"), WRITE, WRITE_AGAIN)
    bench.read()
    bench.tick()
    bench.wait(minutes=5)
    return person, walk


def says(bench: Bench, person: Person, text: str) -> Message:
    bench.answer(person, text)
    bench.wait(minutes=1)
    bench.read()
    return Message.objects.filter(direction="in").latest("sent_at")


def messages_sent(bench: Bench) -> int:
    return [kind for kind, _ in bench.sent()].count("message")


def a_while(bench: Bench, **length: float) -> None:
    bench.wait(**length)
    bench.read()
    bench.tick_until_idle()


def test_who_is_away_is_written_to_again_on_the_morning_of_the_return() -> None:
    bench = Bench()
    person, walk = written_to(bench)
    message = says(bench, person, AWAY)
    walk.refresh_from_db()
    assert (message.meaning, message.is_reply, walk.state) == ("out_of_office", False, "active")
    a_while(bench, days=2)
    assert messages_sent(bench) == 1
    assert "out of office until Fri 00:00" in " ".join(explain_in_words(enrollment=walk, at=bench.at))
    a_while(bench, days=1)
    assert messages_sent(bench) == 1, "until Thursday: Thursday is still away"
    a_while(bench, days=1)
    assert messages_sent(bench) == 2
    assert Event.objects.filter(kind="out_of_office").count() == 1
    assert Lead.objects.get(pk=walk.lead_id).replied_at is None


def test_an_answer_after_the_automatic_one_stops_everything() -> None:
    bench = Bench()
    person, walk = written_to(bench)
    says(bench, person, AWAY)
    says(bench, person, "Back for a moment: sounds interesting!")
    walk.refresh_from_db()
    assert (walk.state, walk.exit_reason) == ("exited", "replied")


def test_an_automatic_answer_told_five_times_counts_once() -> None:
    bench = Bench()
    person, _ = written_to(bench)
    says(bench, person, AWAY)
    for _ in range(4):
        bench.read()
    assert Event.objects.filter(kind="out_of_office").count() == 1


def test_do_not_write_to_me_again_ends_the_walk_and_is_kept_on_the_list() -> None:
    bench = Bench()
    person, walk = written_to(bench)
    says(bench, person, "Please do not contact me again.")
    walk.refresh_from_db()
    assert walk.exit_reason == "replied"
    entries = {(entry.kind, entry.value) for entry in Suppression.objects.filter(client=bench.client)}
    assert entries == {("profile", person.provider_id.lower()), ("email", "ada@nordkaj.example")}
    assert "Asked for it" in Suppression.objects.filter(kind="email").get().reason


def test_an_operator_says_that_it_was_no_automatic_answer_and_the_walk_ends() -> None:
    bench = Bench()
    person, walk = written_to(bench)
    message = says(bench, person, AWAY)
    override(message=message, meaning="interested", by=make_user(), at=bench.at)
    walk.refresh_from_db()
    message.refresh_from_db()
    assert (walk.state, walk.exit_reason, message.is_reply) == ("exited", "replied", True)
    assert message.meaning_by == "operator:nora"


def test_an_operator_says_that_it_was_an_automatic_answer_and_the_walk_goes_on_after_it() -> None:
    bench = Bench()
    person, walk = written_to(bench)
    message = says(bench, person, "Ticket 4711 was opened. Back on Thursday.")
    walk.refresh_from_db()
    assert walk.exit_reason == "replied"
    override(message=message, meaning="out_of_office", by=None, at=bench.at)
    walk.refresh_from_db()
    assert (walk.state, walk.stage, walk.exit_reason) == ("active", "messaged", "")
    a_while(bench, days=1)
    assert messages_sent(bench) == 1
    a_while(bench, days=2)
    assert messages_sent(bench) == 2


def test_the_operators_word_survives_replays_and_edits() -> None:
    bench = Bench()
    person, _ = written_to(bench)
    message = says(bench, person, "Tell me more")
    override(message=message, meaning="referral", by=None, at=bench.at)
    bench.wait(minutes=20)
    bench.read()
    message.refresh_from_db()
    assert message.meaning == "referral"


def test_only_what_the_other_side_wrote_has_a_meaning() -> None:
    bench = Bench()
    written_to(bench)
    bench.read()
    ours = Message.objects.filter(direction="out", dispatch__isnull=False).get()
    assert ours.meaning == ""
    with pytest.raises(ValidationError, match="other side"):
        override(message=ours, meaning="interested", by=None, at=bench.at)


def test_a_follow_up_waits_until_the_inbox_was_read_after_the_last_message() -> None:
    bench = Bench()
    walk = bench.walk(bench.lead(bench.friend()), WRITE, WRITE_AGAIN)
    bench.read()
    bench.wait(minutes=1)
    assert bench.tick() == 1
    Enrollment.objects.filter(pk=walk.pk).update(next_action_at=bench.at)
    bench.wait(minutes=5)  # within the age that an inbox may have, but from before the first message
    assert bench.tick() == 0
    words = explain_in_words(enrollment=Enrollment.objects.get(pk=walk.pk), at=bench.at)
    assert any("inbox has been read" in each for each in words)
