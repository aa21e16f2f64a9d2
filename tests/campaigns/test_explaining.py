"""Why hasn't this lead moved? The sentence for each state that an operator meets."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from campaigns.explaining import campaign_state_in_words, explain, explain_in_words
from campaigns.models import Enrollment
from campaigns.planning.decisions import Because
from campaigns.stopping import (
    pause_account,
    pause_campaign,
    pause_client,
    pause_enrollment,
    stop_engine,
    stop_enrollment,
)
from integrations.models import Account, Usage
from leads.suppressing import suppress
from outreach.milestones import observed_by
from tests.bench import INVITE, WRITE, WRITE_AGAIN, Bench

pytestmark = pytest.mark.django_db


@pytest.fixture
def bench() -> Bench:
    made = Bench()
    made.unhurried()
    return made


def words(bench: Bench, walk: Enrollment) -> tuple[str, ...]:
    return explain_in_words(enrollment=Enrollment.objects.get(pk=walk.pk), at=bench.at)


def reasons(bench: Bench, walk: Enrollment) -> list[str]:
    return [reason.because for reason in explain(enrollment=Enrollment.objects.get(pk=walk.pk), at=bench.at)]


def test_a_lead_whose_turn_it_is_has_nothing_against_it_and_goes(bench: Bench) -> None:
    walk = bench.walk(None, INVITE)
    assert words(bench, walk) == ()
    assert bench.tick() == 1


def now(bench: Bench) -> dict[str, Any]:
    return {"by": None, "at": bench.at}


STOPPED: dict[str, Callable[[Bench, Enrollment], object]] = {
    "all automatic sending is switched off": lambda bench, walk: stop_engine(**now(bench)),
    "the client is paused": lambda bench, walk: pause_client(client=bench.client, **now(bench)),
    "the account is paused": lambda bench, walk: pause_account(account=bench.account, **now(bench)),
    "the campaign is not active": lambda bench, walk: pause_campaign(campaign=walk.campaign, **now(bench)),
    "the lead is paused in this campaign": lambda bench, walk: pause_enrollment(enrollment=walk, **now(bench)),
    "the account is logged out and has to be reconnected": lambda bench, walk: Account.objects.update(
        status="credentials"
    ),
    "the provider has restricted the account": lambda bench, walk: Account.objects.update(status="restricted"),
}


@pytest.mark.parametrize("sentence", STOPPED)
def test_whatever_was_stopped_is_named_alone(bench: Bench, sentence: str) -> None:
    walk = bench.walk(None, INVITE)
    STOPPED[sentence](bench, walk)
    assert words(bench, walk) == (sentence,)
    assert bench.tick() == 0


def test_a_lead_of_a_draft_waits_for_its_activation(bench: Bench) -> None:
    assert words(bench, bench.walk(None, INVITE, start=False)) == ("the campaign is not active",)


def test_outside_hours_the_next_opening_is_told_in_the_campaigns_zone(bench: Bench) -> None:
    walk = bench.walk(None, INVITE)
    bench.wait(days=4, hours=12)  # Friday evening
    assert words(bench, walk) == ("outside working hours until Mon 09:00 (Europe/London)",)


def test_a_delay_is_told_with_its_end(bench: Bench) -> None:
    walk = bench.walk(bench.lead(bench.friend()), WRITE, WRITE_AGAIN)
    bench.read()
    bench.tick()
    bench.wait(minutes=20)
    assert words(bench, walk) == ("waiting for the step's delay until Mon 10:30 (Europe/London)",)


def test_a_lead_who_was_invited_is_awaited_and_nothing_else_is_said(bench: Bench) -> None:
    walk = bench.walk()
    bench.tick()
    bench.wait(minutes=20)
    bench.read()
    (sentence,) = words(bench, walk)
    assert sentence == "waiting for the invitation to be accepted until Mon 23 Mar 2026 09:30 (Europe/London)"


def test_a_missing_value_is_named(bench: Bench) -> None:
    walk = bench.walk(bench.lead(first_name=""), INVITE)
    bench.tick()
    assert words(bench, walk) == ("the lead has no value for something the text needs: first_name",)


def test_a_note_that_is_too_long_is_explained(bench: Bench) -> None:
    walk = bench.walk(bench.lead(first_name="x" * 190), INVITE, accounts=[bench.free])
    bench.tick()
    (sentence,) = words(bench, walk)
    assert "210 characters; this account may send 200" in sentence


def test_a_used_cap_is_told_with_its_numbers_and_its_end(bench: Bench) -> None:
    Account.objects.update(invitations_per_day=1)
    _, walk = (bench.walk(name=name) for name in ("First", "Second"))
    bench.tick()
    bench.wait(minutes=1)
    assert words(bench, walk) == (
        "the account has used its cap for this action: 1 of 1: 1 a day, set for this account, "
        "until Tue 00:00 (Europe/London)",
    )


def test_a_cap_lowered_during_the_day_is_explained_as_it_is_now(bench: Bench) -> None:
    _, walk = (bench.walk(name=name) for name in ("First", "Second"))
    bench.tick()
    bench.wait(minutes=1)
    Account.objects.update(invitations_per_day=1)
    assert reasons(bench, walk) == [Because.CAP_USED]
    assert bench.tick() == 0


def test_a_sleeping_action_is_explained(bench: Bench) -> None:
    walk = bench.walk()
    bench.faults(cap=1)
    bench.tick()
    bench.wait(minutes=1)
    assert words(bench, walk) == (
        "the provider's own limit for this action was reached until Mon 13:30 (Europe/London)",
    )


def test_a_pause_between_two_actions_is_explained(bench: Bench) -> None:
    Account.objects.update(spacing_min_seconds=600, spacing_max_seconds=600)
    _, walk = (bench.walk(name=name) for name in ("First", "Second"))
    bench.tick()
    assert words(bench, walk) == ("keeping the distance to the account's last action until Mon 09:40 (Europe/London)",)


def test_an_unread_inbox_is_explained(bench: Bench) -> None:
    walk = bench.walk(bench.lead(bench.friend()), WRITE, WRITE_AGAIN)
    bench.tick()
    bench.wait(hours=2)
    assert words(bench, walk) == ("waiting until the account's inbox has been read for new answers",)


def test_a_step_in_the_air_is_explained(bench: Bench) -> None:
    walk = bench.walk(None, INVITE)
    seen: list[list[str]] = []

    def look(name: str) -> None:
        if name == "after_confirm":
            seen.append(reasons(bench, walk))

    with observed_by(look):
        bench.tick()
    assert seen[0][0] == Because.IN_FLIGHT


def test_an_unknown_outcome_is_explained(bench: Bench) -> None:
    walk = bench.walk(None, INVITE)
    bench.faults(timeout_before={"rate": 1, "times": 1})
    bench.tick()
    bench.wait(minutes=1)
    assert words(bench, walk)[0] == "nobody knows yet whether the step went out, so it is not sent again"


def test_a_failed_attempt_is_explained_with_its_next_try(bench: Bench) -> None:
    walk = bench.walk(None, INVITE)
    bench.faults(rate_limit=1)
    bench.tick()
    bench.wait(seconds=15)
    assert Because.RETRYING in reasons(bench, walk)


def test_a_lead_that_became_suppressed_is_explained_and_leaves_at_its_turn(bench: Bench) -> None:
    walk = bench.walk(bench.lead(email="ada@nordkaj.example"), INVITE)
    suppress(client=None, kind="domain", value="nordkaj.example", reason="asked", **now(bench))
    (sentence,) = words(bench, walk)
    assert sentence.startswith("the lead is on the do-not-contact list: ")
    assert "nordkaj.example" in sentence
    bench.tick()
    walk.refresh_from_db()
    assert (walk.state, walk.exit_reason) == ("exited", "suppressed")
    assert bench.ledger() == []


def test_a_lead_that_left_is_explained_by_why(bench: Bench) -> None:
    walk = bench.walk(None, INVITE)
    stop_enrollment(enrollment=walk, detail="asked by phone", **now(bench))
    assert words(bench, walk) == ("the lead has left this campaign: asked by phone",)


def test_a_lead_that_answered_is_explained_by_it(bench: Bench) -> None:
    friend = bench.friend()
    walk = bench.walk(bench.lead(friend), WRITE, WRITE_AGAIN)
    bench.tick()
    bench.wait(minutes=1)
    bench.answer(friend)
    bench.read()
    assert words(bench, walk) == ("the lead has left this campaign: Replied",)


def test_a_lead_that_failed_after_its_last_step_is_not_called_done(bench: Bench) -> None:
    """The only step of the sequence was done; then the lead was taken out while its invitation was open."""
    walk = bench.walk(None, INVITE)
    bench.tick()
    stop_enrollment(enrollment=walk, detail="asked by phone", **now(bench))
    assert words(bench, walk) == ("the lead has left this campaign: asked by phone",)


def test_a_lead_that_is_through_is_explained(bench: Bench) -> None:
    walk = bench.walk(bench.lead(bench.friend()), WRITE)
    bench.tick()
    assert words(bench, walk) == ("every step of the sequence is done",)


def test_several_reasons_are_all_told(bench: Bench) -> None:
    walk = bench.walk(bench.lead(first_name=""), INVITE)
    pause_client(client=bench.client, **now(bench))
    bench.wait(days=5)
    assert set(reasons(bench, walk)) >= {Because.CLIENT_PAUSED, Because.MISSING_VALUE, Because.OUTSIDE_HOURS}


# --- Campaigns ------------------------------------------------------------------------------------------


def summary(bench: Bench, walk: Enrollment) -> str:
    walk.campaign.refresh_from_db()
    walk.campaign.client.refresh_from_db()
    return campaign_state_in_words(campaign=walk.campaign, at=bench.at)


def test_a_campaign_says_when_it_will_act_next(bench: Bench) -> None:
    assert summary(bench, bench.walk()) == "running · next action Mon 02 Mar 09:30 (Europe/London)"


def test_a_campaign_outside_its_hours_says_when_it_goes_on(bench: Bench) -> None:
    walk = bench.walk()
    bench.wait(hours=10)
    assert summary(bench, walk) == "waiting · outside hours · next action Tue 03 Mar 09:00 (Europe/London)"


@pytest.mark.parametrize(
    ("stop", "says"),
    [
        ("all automatic sending is switched off", "blocked · the engine is stopped"),
        ("the client is paused", "blocked · the client is paused"),
        ("the account is paused", "blocked · Nuria"),
        ("the campaign is not active", "paused"),
        ("the provider has restricted the account", "is restricted by linkedin"),
    ],
)
def test_a_blocked_campaign_says_by_what(bench: Bench, stop: str, says: str) -> None:
    Account.objects.filter(pk=bench.account.pk).update(name="Nuria")
    walk = bench.walk()
    STOPPED[stop](bench, walk)
    assert says in summary(bench, walk)


def test_a_campaign_that_waits_for_acceptances_says_so(bench: Bench) -> None:
    walk = bench.walk()
    bench.tick()
    assert summary(bench, walk) == "waiting · for invitations to be accepted"


def test_a_campaign_whose_leads_are_all_held_does_not_claim_to_wait_for_acceptances(bench: Bench) -> None:
    walk = bench.walk(bench.lead(first_name=""), INVITE)
    bench.tick()
    assert "accepted" not in summary(bench, walk)


def test_a_campaign_without_leads_says_so(bench: Bench) -> None:
    campaign = bench.campaign([], INVITE)
    assert campaign_state_in_words(campaign=campaign, at=bench.at) == "idle · no lead is under way"


def test_asking_changes_nothing(bench: Bench) -> None:
    walk = bench.walk(None, INVITE)
    before = Enrollment.objects.values().get()
    bench.at += timedelta(days=5)
    words(bench, walk)
    summary(bench, walk)
    assert Enrollment.objects.values().get() == before
    assert not Usage.objects.exists()
