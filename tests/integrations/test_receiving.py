"""Webhook calls: who may tell us something, what is kept of it, and that it takes effect once (law 7)."""

import inspect
import json
from collections.abc import Iterator
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from django.db import connection

from campaigns.models import Enrollment
from inbox.models import Conversation, Message
from integrations import receiving
from integrations.models import Account, RefusedDelivery, WebhookReceipt
from integrations.tasks import process_receipts
from leads.models import Lead
from outreach import clock
from outreach.events.models import Event
from tests import payloads
from tests.bench import INVITE, WRITE_NEXT_HOUR, Bench, Crash

pytestmark = pytest.mark.django_db


@pytest.fixture
def bench() -> Bench:
    return Bench()


def refusals() -> dict[str, int]:
    return dict(RefusedDelivery.objects.values_list("reason", "count"))


def answered(bench: Bench, **changes: Any) -> dict[str, Any]:
    """The body of a lead's answer; the lead is enrolled."""
    person = bench.stranger()
    bench.walk(bench.lead(person, provider_id=person.provider_id))
    bench.wait(hours=1)
    return payloads.message(bench.account, person, at=bench.at, **changes)


# --- Who may speak --------------------------------------------------------------------------------------


@pytest.mark.parametrize("secret", ["", "wrong", "test-webhook-secre", "test-webhook-secret ", "tést-webhook-secret"])
def test_a_wrong_secret_is_refused_counted_and_nothing_is_kept(bench: Bench, secret: str) -> None:
    for _ in range(3):
        answer = bench.deliver("messaging", answered(bench), HTTP_UNIPILE_AUTH=secret)
        assert answer.status_code == 401
    assert WebhookReceipt.objects.count() == 0
    assert refusals() == {"the Unipile-Auth header is missing or wrong": 3}


def test_a_missing_secret_is_refused(bench: Bench) -> None:
    answer = bench.browser.post("/api/v1/webhooks/unipile/users", b"{}", content_type="application/json")
    assert answer.status_code == 401
    assert WebhookReceipt.objects.count() == 0


def test_the_answer_to_a_wrong_secret_does_not_tell_the_right_one(bench: Bench) -> None:
    answer = bench.deliver("messaging", {"event": "x"}, HTTP_UNIPILE_AUTH="wrong")
    assert b"test-webhook-secret" not in answer.content


def test_secrets_are_compared_in_constant_time() -> None:
    assert "constant_time_compare(" in inspect.getsource(receiving.verify)


def test_only_post_is_taken(bench: Bench) -> None:
    assert bench.browser.get("/api/v1/webhooks/unipile/users").status_code == 405


# --- What is kept ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [b"", b"{", b"not json", b"\xff\xfe", b'{"a": 1} trailing', b"[" * 100_000])
def test_what_is_not_json_is_counted_and_not_kept(bench: Bench, body: bytes) -> None:
    assert bench.deliver("messaging", body).status_code == 400
    assert WebhookReceipt.objects.count() == 0
    assert refusals() == {"the body is not JSON": 1}


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"7", b"null", b"true", b'[{"event": "new_relation"}]'])
def test_json_that_is_no_object_is_counted_and_not_kept(bench: Bench, body: bytes) -> None:
    assert bench.deliver("messaging", body).status_code == 400
    assert WebhookReceipt.objects.count() == 0
    assert refusals() == {"the body is not a JSON object": 1}


def test_a_body_over_the_limit_is_refused_and_counted(bench: Bench, settings: Any) -> None:
    settings.WEBHOOK_MAX_BYTES = 1000
    answer = bench.deliver("messaging", {"event": "message_received", "message": "x" * 1000})
    assert answer.status_code == 413
    assert WebhookReceipt.objects.count() == 0
    assert refusals() == {"the body is too large": 1}


def test_a_body_up_to_the_limit_is_taken_however_django_limits_forms(bench: Bench) -> None:
    """Three megabytes: below our own limit, above Django's DATA_UPLOAD_MAX_MEMORY_SIZE of old."""
    body = payloads.encoded({"event": "message_received", "message": "x" * (3 * 1024 * 1024)})
    assert bench.deliver("messaging", body).status_code == 200
    assert bytes(WebhookReceipt.objects.get().body) == body


def test_a_huge_body_is_answered_with_too_large_and_counted(bench: Bench) -> None:
    answer = bench.deliver("messaging", b'{"a": "' + b"x" * (6 * 1024 * 1024) + b'"}')
    assert answer.status_code == 413
    assert refusals() == {"the body is too large": 1}


@pytest.mark.parametrize("content_type", ["", "application/json", "text/plain", "application/x-www-form-urlencoded"])
def test_the_body_is_kept_byte_by_byte_whatever_the_content_type_says(bench: Bench, content_type: str) -> None:
    body = b'\n{ "event":"new_thing" ,\t"name": "\\u00e9\xc3\xa9",  "n": 1e3 }\r\n'
    assert bench.deliver("users", body, content_type=content_type).status_code == 200
    assert bytes(WebhookReceipt.objects.get().body) == body


def test_the_secret_is_not_kept_with_the_receipt(bench: Bench) -> None:
    bench.deliver("users", {"event": "x"})
    assert "test-webhook-secret" not in json.dumps(WebhookReceipt.objects.get().headers)


def test_an_event_of_an_unknown_kind_is_taken_and_kept_as_unknown(bench: Bench) -> None:
    receipt = bench.told("messaging", {"event": "profile_poked", "account_id": bench.account.provider_account_id})
    assert receipt.state == WebhookReceipt.State.UNKNOWN
    assert "profile_poked" in receipt.meaning


def test_a_call_is_answered_before_anything_is_made_of_it(bench: Bench) -> None:
    body = answered(bench)
    assert bench.deliver("messaging", body).status_code == 200
    assert WebhookReceipt.objects.get().state == WebhookReceipt.State.PENDING
    assert not Message.objects.exists()


def test_a_provider_that_is_down_does_not_keep_a_call_from_being_taken(bench: Bench) -> None:
    bench.faults(unavailable=1)
    body = answered(bench)
    for key in ("attendees", "sender"):
        del body[key]
    assert bench.deliver("messaging", body).status_code == 200


# --- Once -----------------------------------------------------------------------------------------------


def effects() -> dict[str, Any]:
    """Everything that a message and a relation may change."""
    return {
        "messages": sorted(Message.objects.values_list("provider_message_id", "is_reply", "direction")),
        "unread": sorted(Conversation.objects.values_list("provider_chat_id", "unread")),
        "events": sorted(Event.objects.exclude(kind="step_skipped").values_list("kind", "lead_id")),
        "walks": sorted(Enrollment.objects.values_list("pk", "state", "stage", "exit_reason", "next_action_at")),
        "replied": sorted(Lead.objects.values_list("pk", "replied_at")),
    }


def test_five_deliveries_of_one_answer_count_once(bench: Bench) -> None:
    body = answered(bench)
    bench.told("messaging", body)
    before = effects()
    for _ in range(4):
        bench.told("messaging", body)
    assert WebhookReceipt.objects.filter(state="processed").count() == 5
    assert effects() == before
    assert Event.objects.filter(kind="message_received").count() == 1


@pytest.mark.parametrize("seed", range(4))
def test_calls_in_any_order_and_doubled_come_to_the_same(bench: Bench, seed: int) -> None:
    person = bench.stranger()
    enrollment = bench.walk(bench.lead(person), INVITE, WRITE_NEXT_HOUR)
    bench.tick()
    bench.wait(hours=2)
    calls = [
        ("users", payloads.relation(bench.account, person)),
        ("messaging", payloads.own_message(bench.account, person, at=bench.at, text="By hand")),
        ("messaging", payloads.message(bench.account, person, at=bench.at, text="First")),
        ("messaging", payloads.message(bench.account, person, at=bench.at + timedelta(minutes=1), text="Second")),
    ] * 2
    Random(seed).shuffle(calls)
    for source, body in calls:
        bench.deliver(source, body)
    bench.process()
    assert Message.objects.count() == 3
    assert Event.objects.filter(kind="message_received").count() == 2
    assert Event.objects.filter(kind__startswith="connection_accepted").count() == 1
    enrollment.refresh_from_db()
    assert (enrollment.state, enrollment.exit_reason, enrollment.stage) == ("exited", "replied", "responded")
    conversation = Conversation.objects.get()
    assert conversation.unread == 2
    assert conversation.last_inbound_at == bench.at + timedelta(minutes=1)


def test_a_replay_changes_nothing(bench: Bench) -> None:
    receipt = bench.told("messaging", answered(bench))
    before = effects()
    receiving.replay(receipt=receipt, at=bench.at)
    assert bench.process() == 1
    assert effects() == before
    receipt.refresh_from_db()
    assert receipt.state == WebhookReceipt.State.PROCESSED


def test_one_receipt_is_taken_up_by_one_worker_only(bench: Bench) -> None:
    bench.deliver("messaging", answered(bench))
    pk = WebhookReceipt.objects.get().pk
    assert receiving.claim(pk, at=bench.at)
    assert receiving.claim(pk, at=bench.at) is None
    assert receiving.claim(pk, at=bench.at + timedelta(minutes=5)), "a crashed worker's receipt is due again"


# --- When it cannot be taken in -------------------------------------------------------------------------


def test_a_call_for_an_account_that_is_not_here_fails_with_advice_and_can_be_replayed(bench: Bench) -> None:
    body = answered(bench)
    known = bench.account.provider_account_id
    Account.objects.filter(pk=bench.account.pk).update(provider_account_id="not-yet")
    receipt = bench.told("messaging", body)
    assert receipt.state == WebhookReceipt.State.FAILED
    assert known in receipt.error
    assert "replay" in receipt.error
    Account.objects.filter(pk=bench.account.pk).update(provider_account_id=known)
    receiving.replay(receipt=receipt, at=bench.at)
    bench.process()
    receipt.refresh_from_db()
    assert (receipt.state, receipt.error) == ("processed", "")
    assert Message.objects.get().is_reply


def incomplete(bench: Bench) -> dict[str, Any]:
    """An answer whose payload does not say whom the chat is with; only the provider knows."""
    friend = bench.friend()
    bench.walk(bench.lead(friend, provider_id=friend.provider_id))
    bench.wait(minutes=1)
    bench.answer(friend)
    chat = bench.sandbox.parts.world.accounts[bench.account.provider_account_id].chats_by_person[friend.provider_id]
    body = payloads.message(bench.account, friend, at=bench.at, chat_id=chat.id, message_id=chat.messages[-1].id)
    return {key: value for key, value in body.items() if key not in ("attendees", "sender")}


def test_a_call_that_needs_a_question_waits_while_the_provider_is_down(bench: Bench) -> None:
    body = incomplete(bench)
    bench.faults(unavailable=1)
    receipt = bench.told("messaging", body)
    assert receipt.state == WebhookReceipt.State.PENDING
    assert "503" in receipt.error
    assert bench.process() == 0, "it backs off"
    bench.faults()
    bench.wait(minutes=10)
    assert bench.process() == 1
    receipt.refresh_from_db()
    assert (receipt.state, receipt.error) == ("processed", "")
    assert Message.objects.get().is_reply


def test_a_provider_that_stays_down_makes_the_receipt_fail_after_ever_longer_waits(bench: Bench) -> None:
    body = incomplete(bench)
    bench.faults(unavailable=1)
    bench.deliver("messaging", body)
    pauses: list[timedelta] = []
    while WebhookReceipt.objects.get().state == WebhookReceipt.State.PENDING:
        bench.process()
        pause = WebhookReceipt.objects.get().next_attempt_at - bench.at
        pauses.append(pause)
        bench.wait(seconds=pause.total_seconds())
    assert len(pauses) == WebhookReceipt.MAX_ATTEMPTS
    assert pauses[:-1] == sorted(set(pauses[:-1])), "each pause is longer than the one before"
    assert WebhookReceipt.objects.get().state == WebhookReceipt.State.FAILED
    bench.faults()
    receiving.replay(receipt=WebhookReceipt.objects.get(), at=bench.at)
    bench.process()
    assert WebhookReceipt.objects.get().state == WebhookReceipt.State.PROCESSED


def test_a_crash_after_storing_leaves_the_receipt_to_the_sweep(bench: Bench) -> None:
    body = answered(bench)
    with bench.crashing_at("receipt_stored"), pytest.raises(Crash):
        bench.deliver("messaging", body)
    with clock.frozen(bench.at):
        assert process_receipts() == 1
    assert Message.objects.get().is_reply
    assert WebhookReceipt.objects.get().state == WebhookReceipt.State.PROCESSED


@pytest.mark.parametrize("milestone", ["inside_inbound", "after_inbound"])
def test_a_crash_while_processing_costs_a_repetition_and_nothing_else(bench: Bench, milestone: str) -> None:
    bench.deliver("messaging", answered(bench))
    with bench.crashing_at(milestone), pytest.raises(Crash):
        bench.process()
    assert bench.process() == 0, "another worker may still be at it"
    bench.wait(minutes=3)
    assert bench.process() == 1
    assert Event.objects.filter(kind="message_received").count() == 1
    assert Event.objects.filter(kind="enrollment_exited").count() == 1
    assert WebhookReceipt.objects.get().state == WebhookReceipt.State.PROCESSED


POISON = {
    "half of an emoji, as JavaScript cuts it": {"message": "\ud83d"},
    "half of an emoji in a name": {"sender": {"attendee_provider_id": "ACoAAsomebody", "attendee_name": "\ud83d"}},
    "a NUL": {"message": "a\x00b"},
    "a very long chat id": {"chat_id": "c" * 500},
    "a very long name": {"sender": {"attendee_provider_id": "ACoAAsomebody", "attendee_name": "n" * 5000}},
    "a long kind of message": {"message_type": "M" * 200},
    "a number that JSON has not": {"attachments": [{"size": float("nan")}]},
    "a moment before all time zones": {"timestamp": "0001-01-01T00:00:00Z", "is_sender": True},
    "no chat": {"chat_id": None},
    "lists where words belong": {"message": ["a"], "timestamp": {}, "message_type": [], "is_event": []},
}


@pytest.fixture
def strange_calls(bench: Bench) -> Iterator[Bench]:
    Account.objects.filter(pk=bench.account.pk).update(time_zone="America/New_York")
    yield bench


@pytest.mark.parametrize("changes", POISON.values(), ids=POISON)
def test_a_strange_call_does_not_keep_the_next_one_from_being_taken_in(
    strange_calls: Bench, changes: dict[str, Any]
) -> None:
    """Whatever stands in a call: the sweep goes on, and in the end the call is either taken in or shown as failed."""
    bench = strange_calls
    strange = payloads.message(bench.account, bench.stranger(), at=bench.at, **changes)
    fine = answered(bench)
    for body in (strange, fine):
        assert bench.deliver("messaging", body).status_code == 200
        bench.wait(seconds=1)
    for _ in range(WebhookReceipt.MAX_ATTEMPTS + 1):
        with clock.frozen(bench.at):
            process_receipts()
        bench.wait(hours=10)
    states = list(WebhookReceipt.objects.order_by("received_at").values_list("state", flat=True))
    assert states[1] == "processed"
    assert states[0] in ("processed", "failed", "unknown")


def test_a_strange_call_makes_no_trouble_for_the_database_itself(bench: Bench) -> None:
    """The receipt is kept as bytes, so that nothing in it can be refused."""
    assert bench.deliver("messaging", b'{"message": "\\ud83d\\u0000", "event": "message_received"}').status_code == 200
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM integrations_webhookreceipt")
        assert cursor.fetchone()[0] == 1
