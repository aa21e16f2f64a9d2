"""What other news from outside does: acceptances, the state of accounts, edits, readings (law 7)."""

from datetime import timedelta
from typing import Any

import pytest

from campaigns.models import Campaign, Enrollment
from campaigns.stopping import pause_enrollment, resume_enrollment
from inbox.models import Message
from integrations import receiving
from integrations.account_care import refresh_all
from integrations.models import Account, Usage, WebhookReceipt
from integrations.unipile.sandbox.people import Person
from leads.models import Connection, Lead
from outreach.events.models import Event
from tests import payloads
from tests.bench import WRITE, WRITE_AGAIN, Bench

pytestmark = pytest.mark.django_db


@pytest.fixture
def bench() -> Bench:
    made = Bench()
    made.unhurried()
    return made


def events(kind: str) -> list[Event]:
    return list(Event.objects.filter(kind=kind).order_by("pk"))


def state(enrollment: Enrollment) -> tuple[str, str, str]:
    enrollment.refresh_from_db()
    return enrollment.state, enrollment.exit_reason, enrollment.stage


def answered_by(bench: Bench, person: Person, **changes: Any) -> WebhookReceipt:
    return bench.told("messaging", payloads.message(bench.account, person, at=bench.at, **changes))


def known_lead(bench: Bench, person: Person | None = None, **fields: object) -> tuple[Person, Lead]:
    """A lead whose provider id we have learned already."""
    who = person or bench.stranger()
    return who, bench.lead(who, provider_id=who.provider_id, **fields)


GONE = ("exited", "replied", "responded")


# --- Acceptances ----------------------------------------------------------------------------------------


def invited(bench: Bench) -> tuple[Person, Enrollment]:
    walk = bench.walk()
    bench.tick()
    bench.wait(minutes=5)
    return bench.person_of(walk.lead), walk


def test_an_acceptance_by_webhook_brings_the_next_step(bench: Bench) -> None:
    person, walk = invited(bench)
    bench.told("users", payloads.relation(bench.account, person))
    walk.refresh_from_db()
    assert (walk.stage, walk.next_action) == ("connected", "message")
    assert walk.next_action_at == bench.at + timedelta(hours=1)
    (event,) = events("connection_accepted")
    assert (event.actor, event.enrollment_id) == ("webhook", walk.pk)


def test_an_acceptance_by_poll_brings_the_next_step(bench: Bench) -> None:
    person, walk = invited(bench)
    bench.accept(person)
    bench.wait(minutes=1)
    bench.read()
    walk.refresh_from_db()
    assert (walk.stage, walk.next_action) == ("connected", "message")
    assert [event.actor for event in events("connection_accepted")] == ["poll"]


def test_an_acceptance_shows_in_the_chat_that_our_note_opens(bench: Bench) -> None:
    person, walk = invited(bench)
    note = payloads.own_message(
        bench.account, person, at=bench.at, text=bench.ledger()[0]["text"], message_type="INVITATION"
    )
    bench.told("messaging", note)
    walk.refresh_from_db()
    assert (walk.stage, walk.next_action) == ("connected", "message")
    assert len(events("connection_accepted")) == 1


def test_our_note_in_the_chat_does_not_use_up_the_cap_for_messages(bench: Bench) -> None:
    person, _ = invited(bench)
    note = payloads.own_message(bench.account, person, at=bench.at, text="Hi", message_type="INVITATION")
    bench.told("messaging", note)
    assert not Usage.objects.filter(action="message", observed__gt=0).exists()


def test_one_acceptance_told_three_ways_is_one_event(bench: Bench) -> None:
    person, walk = invited(bench)
    note = payloads.own_message(bench.account, person, at=bench.at, text="Hi", message_type="INVITATION")
    bench.accept(person)
    bench.wait(minutes=1)
    bench.told("users", payloads.relation(bench.account, person))
    walk.refresh_from_db()
    due_at = walk.next_action_at
    bench.wait(minutes=10)
    bench.read()
    bench.told("messaging", note)
    bench.told("users", payloads.relation(bench.account, person))
    walk.refresh_from_db()
    assert len(events("connection_accepted")) == 1
    assert walk.next_action_at == due_at, "the delay does not begin anew"
    assert Connection.objects.count() == 1


def test_the_acceptance_of_a_person_not_invited_is_historical(bench: Bench) -> None:
    person = bench.stranger()
    walk = bench.walk(bench.lead(person))
    bench.told("users", payloads.relation(bench.account, person))
    walk.refresh_from_db()
    assert (walk.stage, walk.next_action, walk.invited_at) == ("connected", "message", None)
    assert events("connection_accepted") == []
    assert len(events("connection_accepted_historical")) == 1


def test_an_acceptance_after_the_walk_is_over_is_recorded_and_starts_nothing(bench: Bench) -> None:
    person, walk = invited(bench)
    bench.wait(days=22)
    bench.read()
    bench.keep_house()
    bench.told("users", payloads.relation(bench.account, person))
    assert state(walk)[:2] == ("exited", "not_accepted")
    assert walk.next_action_at is None
    assert len(events("connection_accepted")) == 1


def test_an_acceptance_with_another_account_does_not_count_for_this_one(bench: Bench) -> None:
    person, walk = invited(bench)
    bench.told("users", payloads.relation(bench.free, person))
    walk.refresh_from_db()
    assert (walk.stage, walk.next_action) == ("invite_sent", "expire")


def test_a_relation_of_nobody_we_know_is_no_news(bench: Bench) -> None:
    receipt = bench.told("users", payloads.relation(bench.account, bench.stranger()))
    assert (receipt.state, receipt.effect) == ("processed", "not a lead")
    assert not Connection.objects.exists()


def test_an_acceptance_teaches_us_the_lasting_id(bench: Bench) -> None:
    person = bench.stranger()
    lead = bench.lead(person)
    bench.told("users", payloads.relation(bench.account, person))
    lead.refresh_from_db()
    assert lead.provider_id == person.provider_id


def test_an_acceptance_while_paused_takes_effect_at_the_resumption(bench: Bench) -> None:
    person, walk = invited(bench)
    pause_enrollment(enrollment=walk, by=None, at=bench.at)
    bench.told("users", payloads.relation(bench.account, person))
    assert bench.tick() == 0
    resume_enrollment(enrollment=walk, by=None, at=bench.at)
    assert walk.next_action == "message"


# --- Accounts -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "status"),
    [("CREDENTIALS", "credentials"), ("ERROR", "error"), ("STOPPED", "stopped"), ("PERMISSIONS", "permissions")],
)
def test_a_lost_account_is_written_down_and_stops(bench: Bench, word: str, status: str) -> None:
    bench.walk()
    bench.told("accounts", payloads.status(bench.account, word))
    bench.account.refresh_from_db()
    assert bench.account.status == status
    assert bench.tick() == 0


def test_a_found_account_is_read_before_anybody_is_followed_up(bench: Bench) -> None:
    friend, lead = known_lead(bench, bench.friend())
    walk = bench.walk(lead, WRITE, WRITE_AGAIN)
    bench.tick()
    bench.wait(minutes=30)
    bench.read()
    bench.wait(minutes=20)
    bench.told("accounts", payloads.status(bench.account, "CREDENTIALS"))
    bench.wait(minutes=20)
    bench.answer(friend)
    bench.told("accounts", payloads.status(bench.account, "RECONNECTED"))
    bench.account.refresh_from_db()
    assert bench.account.status == "ok"
    assert bench.tick() == 0, "the last reading is fresh, but from before the gap"
    bench.read()
    assert state(walk) == GONE


def test_an_answer_from_a_long_logout_is_still_found(bench: Bench) -> None:
    friend, lead = known_lead(bench, bench.friend())
    walk = bench.walk(lead, WRITE)
    bench.tick()
    bench.read()
    bench.wait(hours=1)
    bench.answer(friend)
    bench.told("accounts", payloads.status(bench.account, "CREDENTIALS"))
    bench.wait(days=12)
    bench.told("accounts", payloads.status(bench.account, "OK"))
    bench.read()
    assert state(walk)[2] == "responded"


def test_a_status_told_five_times_is_one_event(bench: Bench) -> None:
    for _ in range(5):
        bench.told("accounts", payloads.status(bench.account, "CREDENTIALS"))
    assert len(events("account_status_changed")) == 1


@pytest.mark.parametrize("word", ["OK", "SYNC_SUCCESS", "RECONNECTED"])
def test_a_restriction_is_lifted_by_an_operator_and_by_nobody_else(bench: Bench, word: str) -> None:
    """The provider's own status knows nothing of it: it says OK all the while."""
    Account.objects.filter(pk=bench.account.pk).update(status="restricted")
    bench.told("accounts", payloads.status(bench.account, word))
    refresh_all(bench.provider, at=bench.at)
    bench.account.refresh_from_db()
    assert bench.account.status == "restricted"


def test_the_replay_of_an_old_status_does_not_undo_the_present_one(bench: Bench) -> None:
    old = bench.told("accounts", payloads.status(bench.account, "CREDENTIALS"))
    bench.wait(hours=1)
    bench.told("accounts", payloads.status(bench.account, "OK"))
    bench.wait(hours=1)
    receiving.replay(receipt=old, at=bench.at)
    bench.process()
    bench.account.refresh_from_db()
    assert bench.account.status == "ok"


def test_an_unknown_word_changes_nothing(bench: Bench) -> None:
    receipt = bench.told("accounts", payloads.status(bench.account, "DANCING"))
    bench.account.refresh_from_db()
    assert bench.account.status == "ok"
    assert "DANCING" in receipt.effect


def test_statuses_nobody_told_of_are_found_by_asking(bench: Bench) -> None:
    bench.provider_status("CREDENTIALS", bench.free)
    assert refresh_all(bench.provider, at=bench.at) == 1
    bench.free.refresh_from_db()
    assert bench.free.status == "credentials"
    bench.provider_status("OK", bench.free)
    assert refresh_all(bench.provider, at=bench.at) == 1


def test_an_account_that_the_provider_does_not_know_any_more_is_removed(bench: Bench) -> None:
    Account.objects.filter(pk=bench.free.pk).update(provider_account_id="forgotten")
    refresh_all(bench.provider, at=bench.at)
    bench.free.refresh_from_db()
    assert bench.free.status == "deleted"


# --- Edits and reading ----------------------------------------------------------------------------------


def test_an_edited_message_shows_its_new_words(bench: Bench) -> None:
    person = bench.stranger()
    answered_by(bench, person, text="Helo")
    answered_by(bench, person, text="Helo", event="message_edited", message="Hello")
    assert Message.objects.get().text == "Hello"


def test_an_edit_that_does_not_tell_the_words_erases_nothing(bench: Bench) -> None:
    person = bench.stranger()
    answered_by(bench, person, text="Hello")
    body = payloads.message(bench.account, person, at=bench.at, text="Hello", event="message_edited")
    del body["message"]
    bench.told("messaging", body)
    assert Message.objects.get().text == "Hello"


def test_an_edit_told_by_one_account_does_not_touch_anothers_message(bench: Bench) -> None:
    person = bench.stranger()
    answered_by(bench, person, text="Hello")
    edited = payloads.message(bench.free, person, at=bench.at, text="Hello", event="message_edited", message="Bye")
    bench.told("messaging", edited | {"message_id": Message.objects.get().provider_message_id})
    assert Message.objects.get().text == "Hello"


def test_a_reading_that_fails_is_tried_again_soon_and_does_not_count_as_read(bench: Bench) -> None:
    bench.faults(unavailable=1)
    bench.read()
    bench.account.refresh_from_db()
    assert bench.account.messages_read_at is None
    assert bench.at < bench.account.messages_poll_at <= bench.at + timedelta(minutes=5)


def test_one_account_that_fails_does_not_keep_the_next_from_being_read(bench: Bench) -> None:
    Account.objects.filter(pk=bench.account.pk).update(provider_account_id="forgotten")
    bench.read()
    bench.free.refresh_from_db()
    assert bench.free.messages_read_at == bench.at


def test_old_conversations_are_history_and_mark_nobody(bench: Bench) -> None:
    """The sandbox's accounts have talked before; reading them must not stop anybody."""
    account = bench.sandbox.parts.world.accounts[bench.account.provider_account_id]
    walks = [bench.walk(bench.lead(chat.person), name=chat.person.name) for chat in account.chats_by_person.values()]
    bench.read()
    assert Message.objects.filter(direction="in").exists()
    assert {state(walk)[0] for walk in walks} == {"active"}
    assert Campaign.objects.filter(enrollments__stage="responded").count() == 0
