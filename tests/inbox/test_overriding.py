"""What an operator's word, an edited message and a wish not to be written to do to walks and to the list."""

import pytest

from campaigns.actions.contract import Evidence
from campaigns.editing import StepDraft
from campaigns.engine.recovering import conclude, job_of
from campaigns.models import Enrollment, ManualTask
from campaigns.overriding import override
from campaigns.stopping import pause_enrollment, resume_enrollment
from inbox.models import Message
from integrations.models import Account
from integrations.receiving import replay
from leads.models import Lead, Suppression
from leads.suppressing import lift, suppress
from outreach.events.models import Event
from tests import payloads
from tests.bench import WRITE, WRITE_AGAIN, Bench, breaking_the_call, the_dispatch
from tests.inbox.test_meanings import AWAY, a_while, messages_sent, says, written_to

pytestmark = pytest.mark.django_db
NEVER_AGAIN = "Please do not contact me again."


def fresh(walk: Enrollment) -> Enrollment:
    walk.refresh_from_db()
    return walk


def entries(bench: Bench) -> set[str]:
    return set(Suppression.objects.filter(client=bench.client).values_list("kind", flat=True))


def edited(bench: Bench, message: Message, text: str) -> None:
    body = {"event": "message_edited", "account_id": bench.account.provider_account_id}
    bench.told("messaging", {**body, "message_id": message.provider_message_id, "message": text})
    message.refresh_from_db()


# --- No answer after all --------------------------------------------------------------------------------


def test_who_was_paused_before_the_message_is_paused_after_it() -> None:
    bench = Bench()
    person, walk = written_to(bench)
    pause_enrollment(enrollment=walk, by=None, at=bench.at)
    message = says(bench, person, "Ticket 4711 was opened.")
    assert fresh(walk).state == "exited"
    override(message=message, meaning="out_of_office", by=None, at=bench.at)
    assert fresh(walk).state == "paused"
    a_while(bench, days=14)
    assert messages_sent(bench) == 1
    resume_enrollment(enrollment=walk, by=None, at=bench.at)
    a_while(bench, hours=1)
    assert messages_sent(bench) == 2


def test_a_task_that_was_dropped_with_the_walk_is_open_again() -> None:
    bench = Bench()
    person = bench.friend()
    walk = bench.walk(bench.lead(person), WRITE, StepDraft("manual_task", "Call {{ first_name }}."), WRITE_AGAIN)
    bench.read()
    bench.tick()
    a_while(bench, minutes=5)
    assert ManualTask.objects.get().state == "open"
    message = says(bench, person, "Ticket 4711 was opened.")
    assert ManualTask.objects.get().state == "dropped"
    override(message=message, meaning="out_of_office", by=None, at=bench.at)
    assert ManualTask.objects.get().state == "open"
    a_while(bench, days=14)
    assert (fresh(walk).position, messages_sent(bench)) == (1, 1), "the lead waits for the task, and nobody passes it"


def test_a_step_whose_outcome_is_unknown_is_settled_before_the_walk_goes_on() -> None:
    bench = Bench()
    bench.unhurried()
    person = bench.friend()
    walk = bench.walk(bench.lead(person), WRITE, WRITE_AGAIN)
    bench.read()
    with breaking_the_call(bench, timeout_after={"rate": 1, "times": 1}):
        bench.tick()
    bench.wait(minutes=1)
    message = says(bench, person, "Ticket 4711 was opened.")
    override(message=message, meaning="out_of_office", by=None, at=bench.at)
    assert (fresh(walk).state, walk.next_action_at) == ("active", None)
    dispatch = the_dispatch()
    conclude(dispatch, job_of(dispatch), Evidence(True, "seen"), at=bench.at, actor="recovery")
    assert (fresh(walk).position, walk.held_because) == (1, "")
    a_while(bench, days=14)
    assert messages_sent(bench) == 2


def test_a_campaign_that_was_over_meanwhile_goes_on() -> None:
    bench = Bench()
    person, walk = written_to(bench)
    message = says(bench, person, "Ticket 4711 was opened.")
    bench.keep_house()
    walk.campaign.refresh_from_db()
    assert walk.campaign.status == "completed"
    override(message=message, meaning="out_of_office", by=None, at=bench.at)
    a_while(bench, days=14)
    assert messages_sent(bench) == 2


def test_a_finished_walk_counts_as_answered_no_longer() -> None:
    bench = Bench()
    person = bench.friend()
    walk = bench.walk(bench.lead(person), WRITE)
    bench.read()
    bench.tick()
    bench.wait(minutes=5)
    message = says(bench, person, "Ticket 4711 was opened.")
    assert (fresh(walk).state, walk.stage) == ("completed", "responded")
    override(message=message, meaning="out_of_office", by=None, at=bench.at)
    assert (fresh(walk).state, walk.stage, walk.replied_at) == ("completed", "messaged", None)


# --- Not to be written to -------------------------------------------------------------------------------


def test_taking_back_a_wish_takes_back_its_entries_and_no_others() -> None:
    bench = Bench()
    person, walk = written_to(bench)
    known = {"client": bench.client, "by": None, "at": bench.at, "reason": "by hand"}
    suppress(kind="email", value="ada@nordkaj.example", **known)  # type: ignore[arg-type]
    message = says(bench, person, NEVER_AGAIN)
    assert Suppression.objects.get(kind="profile").source == f"message:{message.pk}"
    override(message=message, meaning="out_of_office", by=None, at=bench.at)
    assert entries(bench) == {"email"}, "that one was there before"
    Suppression.objects.all().delete()
    assert fresh(walk).state == "active"
    a_while(bench, days=14)
    assert messages_sent(bench) == 2


def test_a_wish_counts_once_whoever_tells_it() -> None:
    bench = Bench()
    person, walk = written_to(bench)
    message = says(bench, person, AWAY)
    override(message=message, meaning="unsubscribe", by=None, at=bench.at)
    assert entries(bench) == {"profile", "email"}
    assert (fresh(walk).exit_reason, Event.objects.filter(kind="unsubscribed").count()) == ("replied", 1)
    override(message=message, meaning="interested", by=None, at=bench.at)
    assert entries(bench) == set()
    override(message=message, meaning="unsubscribe", by=None, at=bench.at)
    assert entries(bench) == {"profile", "email"}


def test_a_wish_of_somebody_in_no_campaign_is_kept_too_and_removed_entries_stay_removed() -> None:
    bench = Bench()
    person = bench.friend()
    bench.lead(person, provider_id=person.provider_id, email="ada@nordkaj.example")
    bench.read()
    says(bench, person, NEVER_AGAIN)
    assert entries(bench) == {"profile", "email"}
    for entry in Suppression.objects.all():
        lift(entry=entry, by=None, at=bench.at)
    bench.wait(minutes=30)
    bench.read()
    assert entries(bench) == set()
    assert Event.objects.filter(kind="unsubscribed").count() == 1


# --- Edited words ---------------------------------------------------------------------------------------


def test_an_automatic_answer_edited_into_a_real_one_stops_the_walk() -> None:
    bench = Bench()
    person, walk = written_to(bench)
    message = says(bench, person, AWAY)
    edited(bench, message, "Sounds interesting, tell me more.")
    assert (message.meaning, message.is_reply, fresh(walk).exit_reason) == ("interested", True, "replied")


def test_an_answer_edited_into_a_wish_not_to_be_written_to_is_kept() -> None:
    bench = Bench()
    person, _ = written_to(bench)
    message = says(bench, person, "Tell me more")
    edited(bench, message, NEVER_AGAIN)
    assert (message.meaning, entries(bench)) == ("unsubscribe", {"profile", "email"})
    edited(bench, message, "Tell me more")
    assert (message.meaning, entries(bench)) == ("unsubscribe", {"profile", "email"}), "only an operator lifts it"


@pytest.mark.parametrize("said", ["interested", "out_of_office", "unknown"])
def test_an_operators_word_outlives_edits_replays_and_readings(said: str) -> None:
    bench = Bench()
    person, walk = written_to(bench)
    message = says(bench, person, "Ticket 4711 was opened.")
    override(message=message, meaning=said, by=None, at=bench.at)
    state = fresh(walk).state
    edited(bench, message, NEVER_AGAIN)
    body = payloads.message(
        bench.account, person, at=message.sent_at, text=NEVER_AGAIN, message_id=message.provider_message_id
    )
    receipt = bench.told("messaging", body)
    replay(receipt=receipt, at=bench.at)
    bench.process()
    bench.read()
    message.refresh_from_db()
    assert (message.meaning, fresh(walk).state, entries(bench)) == (said, state, set())


# --- Away -----------------------------------------------------------------------------------------------


def test_nothing_is_asked_or_done_while_the_lead_is_away() -> None:
    bench = Bench()
    person = bench.friend()
    tag = StepDraft("tag", options={"tag": "silent"}, delay_amount=1, delay_unit="days")
    bench.walk(bench.lead(person), WRITE, tag, WRITE_AGAIN)
    bench.read()
    bench.tick()
    bench.wait(minutes=5)
    says(bench, person, AWAY)
    a_while(bench, days=2)
    assert Lead.objects.get().tags == []
    a_while(bench, days=2)
    assert Lead.objects.get().tags == ["silent"]


def test_an_answer_that_mentions_an_absence_is_an_answer() -> None:
    bench = Bench()
    person, walk = written_to(bench)
    says(bench, person, "Sorry, I was out of the office. Yes, let's talk.")
    assert fresh(walk).exit_reason == "replied"


def test_every_account_of_the_client_waits_for_the_return() -> None:
    bench = Bench()
    person, walk = written_to(bench)
    Account.objects.filter(pk=bench.free.pk).update(paused_at=bench.at)
    other = bench.walk(walk.lead, WRITE, one_campaign_at_a_time=False, not_again_within_days=0, name="Other")
    bench.wait(minutes=1)
    says(bench, person, AWAY)
    assert fresh(other).resting_until == fresh(walk).resting_until is not None
