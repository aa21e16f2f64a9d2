"""What each refusal of the provider means for the account, the lead, the quota and the log."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from campaigns.editing import StepDraft
from campaigns.engine.recording import MOST_ATTEMPTS
from campaigns.models import Enrollment
from campaigns.planning.decisions import Because
from integrations import breaker
from integrations.dispatching import wake
from integrations.models import Account, ActionSleep, Dispatch
from integrations.unipile.client import UnipileClient
from integrations.unipile.sandbox.transport import HOST
from leads.models import Connection
from outreach.events.models import Event
from outreach.milestones import observed_by
from tests.bench import INVITE, WRITE, WRITE_AGAIN, Bench, breaking_the_call, the_dispatch, used

pytestmark = pytest.mark.django_db


@pytest.fixture
def bench() -> Bench:
    made = Bench()
    made.unhurried()
    return made


def kinds(enrollment: Enrollment | None = None) -> list[str]:
    rows = Event.objects.filter(enrollment_id=enrollment.pk) if enrollment else Event.objects.all()
    return list(rows.order_by("pk").values_list("kind", flat=True))


# --- Later ----------------------------------------------------------------------------------------------


def test_a_429_gives_the_quota_back_and_is_tried_again_later(bench: Bench) -> None:
    enrollment = bench.walk(None, INVITE)
    with breaking_the_call(bench, rate_limit=1):
        bench.tick()
    enrollment.refresh_from_db()
    assert bench.ledger() == []
    assert used(bench.account, "invitation") == 0
    assert the_dispatch().state == Dispatch.State.REJECTED
    assert (enrollment.state, enrollment.stage, enrollment.attempts) == ("active", "pending_invite", 1)
    assert enrollment.next_action_at and enrollment.next_action_at > bench.at
    assert enrollment.waiting_because == Because.RETRYING
    assert "step_failed" in kinds(enrollment)
    bench.wait_until(enrollment.next_action_at + timedelta(minutes=2))
    bench.tick()
    assert [kind for kind, _ in bench.sent()] == ["invitation"]
    enrollment.refresh_from_db()
    assert enrollment.attempts == 0
    assert used(bench.account, "invitation") == 1


def test_a_429_on_the_look_before_the_call_is_tried_again_too(bench: Bench) -> None:
    enrollment = bench.walk(None, INVITE)
    bench.faults(rate_limit=1)
    bench.tick()
    enrollment.refresh_from_db()
    assert (enrollment.state, enrollment.attempts) == ("active", 1)
    assert used(bench.account, "invitation") == 0


def test_a_step_that_fails_again_and_again_is_put_before_an_operator(bench: Bench) -> None:
    enrollment = bench.walk(None, INVITE)
    bench.faults(rate_limit=1)
    for _ in range(400):
        bench.wait(hours=1)
        bench.tick()
        enrollment.refresh_from_db()
        if enrollment.held_because:
            break
    assert enrollment.held_because == Because.GAVE_UP
    assert enrollment.executions.count() == MOST_ATTEMPTS
    assert enrollment.status == "error"
    assert used(bench.account, "invitation") == 0


def test_a_provider_that_is_down_is_left_alone_for_a_while_and_then_tried_again(bench: Bench) -> None:
    """Five failures in a row open the circuit, for every account."""
    bench.campaign(bench.leads(8), INVITE)
    bench.faults(unavailable=1)
    for _ in range(5):
        assert bench.tick() == 1
        bench.wait(seconds=15)
    assert bench.tick() == 0
    assert not breaker.is_closed(bench.at)
    bench.faults()
    bench.wait(minutes=3)
    assert bench.tick() == 1
    assert len(bench.ledger()) == 1


# --- The account's own limits ---------------------------------------------------------------------------


def test_a_cap_of_the_provider_puts_the_action_to_sleep_and_leaves_the_lead_where_it_was(bench: Bench) -> None:
    bench.faults(cap={"rate": 1, "times": 1})
    first, second = (bench.walk(name=name) for name in ("First", "Second"))
    due_at = first.next_action_at
    bench.tick()
    first.refresh_from_db()
    assert (first.state, first.stage, first.attempts) == ("active", "pending_invite", 0)
    assert first.next_action_at == due_at, "it keeps its place in the queue"
    assert first.invited_at is None
    assert used(bench.account, "invitation") == 0
    sleep = ActionSleep.objects.get()
    assert (sleep.account, sleep.action, sleep.until) == (bench.account, "invitation", bench.at + timedelta(hours=4))
    assert "account_cap_reached" in kinds()
    bench.wait(hours=3)
    assert bench.tick() == 0
    bench.wait(hours=1, minutes=1)
    assert bench.tick() == 1
    assert bench.sent() == [("invitation", first.lead.public_identifier)]
    second.refresh_from_db()
    assert second.stage == "pending_invite"


def test_a_sleeping_action_does_not_keep_the_other_from_working(bench: Bench) -> None:
    bench.faults(cap=1)
    bench.walk(None, INVITE)
    bench.tick()
    bench.walk(bench.lead(bench.friend()), WRITE, name="Friends")
    bench.wait(minutes=1)
    bench.tick()
    assert [kind for kind, _ in bench.sent()] == ["message"]


def test_caps_met_in_a_row_make_the_sleep_longer_and_a_success_ends_the_row(bench: Bench) -> None:
    bench.faults(cap={"rate": 1, "times": 3})
    bench.campaign(bench.leads(3), INVITE, opens_at="00:00", closes_at="23:59", weekdays=list(range(7)))
    sleeps = []
    for _ in range(3):
        assert bench.tick() == 1
        until = ActionSleep.objects.get().until
        sleeps.append(until - bench.at)
        bench.wait_until(until)
    assert sleeps == [timedelta(hours=4), timedelta(hours=24), timedelta(hours=48)]
    assert bench.tick() == 1
    assert not ActionSleep.objects.exists()


def test_an_operator_wakes_what_rests_and_the_next_refusal_lets_it_rest_longer(bench: Bench) -> None:
    bench.faults(cap={"rate": 1, "times": 2})
    bench.campaign(bench.leads(2), INVITE)
    bench.tick()
    bench.wait(minutes=10)
    assert bench.tick() == 0
    assert wake(account=bench.account, by=None, at=bench.at) == 1
    assert "account_woken" in kinds()
    assert bench.tick() == 1
    assert ActionSleep.objects.get().until == bench.at + timedelta(hours=24)
    bench.wait(minutes=10)
    wake(account=bench.account, by=None, at=bench.at)
    assert bench.tick() == 1
    assert len(bench.ledger()) == 1
    with pytest.raises(ValidationError, match="is at rest"):
        wake(account=bench.account, by=None, at=bench.at)


@pytest.mark.parametrize(("bare", "texts", "held"), [(True, [""], ""), (False, [], "text_refused")])
def test_a_note_that_linkedin_refuses_is_left_out_unless_the_step_insists(
    bench: Bench, bare: bool, texts: list[str], held: str
) -> None:
    """We take the account for premium; LinkedIn knows better, and takes no note of that length."""
    bench.sandbox.parts.world.accounts[bench.account.provider_account_id].premium = False
    walk = bench.walk(None, StepDraft("connection_request", "x" * 250, options={"bare_if_refused": bare}))
    bench.tick_until_idle()
    walk.refresh_from_db()
    assert [entry["text"] or "" for entry in bench.ledger()] == texts
    assert (walk.held_because, used(bench.account, "invitation_note")) == (held, 0)


# --- The account itself ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("word", "status"), [("CREDENTIALS", "credentials"), ("RESTRICTED", "restricted")])
def test_an_account_that_is_lost_stops_and_its_leads_keep_their_place(bench: Bench, word: str, status: str) -> None:
    enrollment = bench.walk(None, INVITE)
    due_at = enrollment.next_action_at
    bench.provider_status(word)
    bench.tick()
    account = Account.objects.get(pk=bench.account.pk)
    enrollment.refresh_from_db()
    assert account.status == status
    assert account.status_changed_at == bench.at
    assert (enrollment.state, enrollment.next_action_at, enrollment.attempts) == ("active", due_at, 0)
    assert used(bench.account, "invitation") == 0
    assert Event.objects.get(kind="account_status_changed").data["after"] == status
    bench.wait(hours=1)
    assert bench.tick() == 0


def test_a_lost_account_does_not_stop_another(bench: Bench) -> None:
    bench.walk(None, INVITE)
    bench.walk(None, INVITE, accounts=[bench.free], name="Other")
    bench.provider_status("CREDENTIALS")
    bench.tick()
    assert len(bench.ledger()) == 1


def test_a_refused_key_stops_everything_for_a_quarter_of_an_hour(bench: Bench) -> None:
    enrollment = bench.walk(None, INVITE)
    right, bench.provider = bench.provider, UnipileClient(HOST, "old-key", session=bench.session)
    bench.tick()
    enrollment.refresh_from_db()
    assert (enrollment.state, enrollment.attempts) == ("active", 0)
    assert used(bench.account, "invitation") == 0
    bench.provider = right
    bench.wait(minutes=14)
    assert bench.tick() == 0
    bench.wait(minutes=2)
    assert bench.tick() == 1
    assert len(bench.ledger()) == 1


# --- The lead -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("slug", ["gone-somebody", "locked-somebody"])
def test_somebody_who_does_not_exist_ends_the_walk_as_failed(bench: Bench, slug: str) -> None:
    enrollment = bench.walk(bench.lead(public_identifier=slug), INVITE)
    bench.tick()
    enrollment.refresh_from_db()
    assert (enrollment.state, enrollment.exit_reason) == ("failed", "lead_impossible")
    assert enrollment.exit_detail
    assert enrollment.status == "error"
    assert used(bench.account, "invitation") == 0
    assert kinds(enrollment)[-1] == "enrollment_exited"
    assert bench.ledger() == []


def test_a_message_to_somebody_who_is_not_connected_ends_the_walk(bench: Bench) -> None:
    enrollment = bench.walk(None, WRITE)
    bench.tick()
    enrollment.refresh_from_db()
    assert (enrollment.state, enrollment.exit_reason) == ("exited", "not_connected")
    assert used(bench.account, "message") == 0
    assert bench.ledger() == []


def test_a_connection_that_was_ended_meanwhile_is_noticed_by_the_refusal(bench: Bench) -> None:
    friend = bench.friend()
    enrollment = bench.walk(bench.lead(friend), WRITE, WRITE_AGAIN)
    bench.tick()
    account = bench.sandbox.parts.world.accounts[bench.account.provider_account_id]
    del account.relations[friend.provider_id]
    bench.wait(hours=2)
    bench.read()
    bench.tick()
    enrollment.refresh_from_db()
    assert (enrollment.state, enrollment.exit_reason) == ("exited", "not_connected")
    assert used(bench.account, "message") == 1


@pytest.mark.parametrize(("length", "goes"), [(200, True), (201, False)])
def test_a_note_too_long_for_a_free_account_is_held_before_anything_is_sent(
    bench: Bench, length: int, goes: bool
) -> None:
    name = "x" * (length - len("Hi , may we connect?"))
    enrollment = bench.walk(bench.lead(first_name=name), INVITE, accounts=[bench.free])
    requests = len(bench.sandbox.parts.world.ledger)
    bench.tick()
    enrollment.refresh_from_db()
    assert (len(bench.ledger()) - requests == 1) is goes
    if not goes:
        assert enrollment.held_because == Because.TEXT_UNFIT
        assert "201 characters" in enrollment.held_detail and "200" in enrollment.held_detail
        assert not Dispatch.objects.exists()
        assert used(bench.free, "invitation") == 0


def test_the_same_note_goes_out_from_a_premium_account(bench: Bench) -> None:
    bench.walk(bench.lead(first_name="x" * 181), INVITE)
    assert bench.tick() == 1
    assert len(bench.ledger()[0]["text"]) == 201


# --- Done already ---------------------------------------------------------------------------------------


def test_somebody_connected_already_is_not_invited_but_written_to(bench: Bench) -> None:
    friend = bench.friend()
    enrollment = bench.walk(bench.lead(friend))
    bench.tick()
    enrollment.refresh_from_db()
    assert bench.ledger() == []
    assert used(bench.account, "invitation") == 0
    assert (enrollment.stage, enrollment.next_action) == ("connected", "message")
    assert kinds(enrollment).count("connection_accepted_historical") == 1
    assert "connection_request_sent" not in kinds(enrollment)
    bench.wait(hours=1, minutes=1)
    bench.read()
    bench.tick()
    assert bench.sent() == [("message", friend.public_identifier)]


def test_somebody_connected_already_does_not_count_as_invited(bench: Bench) -> None:
    enrollment = bench.walk(bench.lead(bench.friend()))
    bench.tick()
    enrollment.refresh_from_db()
    assert enrollment.invited_at is None


def test_somebody_known_to_be_connected_skips_the_invitation_without_any_call(bench: Bench) -> None:
    lead = bench.lead(bench.friend())
    Connection.objects.create(
        client=bench.client, account=bench.account, lead=lead, connected_at=bench.at, noticed_at=bench.at
    )
    enrollment = bench.walk(lead)
    assert enrollment.next_action == "message"
    assert "step_skipped" in kinds(enrollment)


def test_somebody_who_connects_between_look_and_call_is_not_lost(bench: Bench) -> None:
    enrollment = bench.walk()
    person = bench.person_of(enrollment.lead)
    account = bench.sandbox.parts.world.accounts[bench.account.provider_account_id]

    def connect(milestone: str) -> None:
        if milestone == "after_confirm":
            bench.sandbox.parts.world.connect(account, person, at=bench.at)

    with observed_by(connect):
        bench.tick()
    enrollment.refresh_from_db()
    assert (enrollment.state, enrollment.stage, enrollment.next_action) == ("active", "connected", "message")
    assert used(bench.account, "invitation") == 0


def test_somebody_invited_by_hand_before_is_awaited_and_not_invited_again(bench: Bench) -> None:
    enrollment = bench.walk()
    person = bench.person_of(enrollment.lead)
    bench.provider.invite(account_id=bench.account.provider_account_id, provider_id=person.provider_id)
    bench.tick()
    enrollment.refresh_from_db()
    assert len(bench.ledger()) == 1, "only the one by hand"
    assert used(bench.account, "invitation") == 0
    assert (enrollment.stage, enrollment.next_action) == ("invite_sent", "expire")
    bench.accept(person)
    bench.wait(minutes=1)
    bench.read()
    enrollment.refresh_from_db()
    assert enrollment.next_action == "message"


def test_an_invitation_that_turns_out_pending_at_the_call_is_awaited(bench: Bench) -> None:
    """The provider says "already invited recently", and its list says that it is pending."""
    enrollment = bench.walk()
    person = bench.person_of(enrollment.lead)

    def by_hand(milestone: str) -> None:
        if milestone == "after_confirm":
            bench.provider.invite(account_id=bench.account.provider_account_id, provider_id=person.provider_id)

    with observed_by(by_hand):
        bench.tick()
    enrollment.refresh_from_db()
    assert (enrollment.state, enrollment.stage) == ("active", "invite_sent")
    assert used(bench.account, "invitation") == 0
    assert not ActionSleep.objects.exists()


def test_somebody_whose_invitation_was_withdrawn_is_left_alone(bench: Bench) -> None:
    enrollment = bench.walk()
    person = bench.person_of(enrollment.lead)
    account_id = bench.account.provider_account_id
    sent = bench.provider.invite(account_id=account_id, provider_id=person.provider_id)
    bench.provider.withdraw_invitation(account_id=account_id, invitation_id=sent.invitation_id)
    bench.tick()
    enrollment.refresh_from_db()
    assert (enrollment.state, enrollment.exit_reason) == ("exited", "cooling_down")
    assert used(bench.account, "invitation") == 0
