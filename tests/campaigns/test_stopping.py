"""Stop means stop (law 5): what every pause returns, what it keeps from starting, and how things go on."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from campaigns.activating import activate_campaign
from campaigns.enrolling import enroll
from campaigns.models import Enrollment
from campaigns.stopping import (
    engine_is_on,
    pause_account,
    pause_campaign,
    pause_client,
    pause_enrollment,
    pause_sender,
    release_enrollment,
    resume_account,
    resume_campaign,
    resume_client,
    resume_enrollment,
    resume_sender,
    start_engine,
    stop_engine,
    stop_enrollment,
)
from integrations.models import Dispatch
from outreach.events.models import Event
from outreach.milestones import observed_by
from tests.bench import INVITE, WRITE, WRITE_AGAIN, Bench, used
from tests.worlds import make_client, make_user

pytestmark = pytest.mark.django_db
InFlight = tuple[Dispatch, ...]


@pytest.fixture
def bench() -> Bench:
    made = Bench()
    made.unhurried()
    return made


def now(bench: Bench) -> dict[str, Any]:
    return {"by": None, "at": bench.at}


PAUSES: dict[str, Callable[[Bench, Enrollment], InFlight]] = {
    "engine": lambda bench, walk: stop_engine(**now(bench)),
    "client": lambda bench, walk: pause_client(client=bench.client, **now(bench)),
    "account": lambda bench, walk: pause_account(account=bench.account, **now(bench)),
    "sender": lambda bench, walk: pause_sender(sender=bench.account.sender, **now(bench)),
    "campaign": lambda bench, walk: pause_campaign(campaign=walk.campaign, **now(bench)),
    "lead": lambda bench, walk: pause_enrollment(enrollment=walk, **now(bench)),
}
RESUMPTIONS: dict[str, Callable[[Bench, Enrollment], None]] = {
    "engine": lambda bench, walk: start_engine(**now(bench)),
    "client": lambda bench, walk: resume_client(client=bench.client, **now(bench)),
    "account": lambda bench, walk: resume_account(account=bench.account, **now(bench)),
    "sender": lambda bench, walk: resume_sender(sender=bench.account.sender, **now(bench)),
    "campaign": lambda bench, walk: resume_campaign(campaign=walk.campaign, **now(bench)),
    "lead": lambda bench, walk: resume_enrollment(enrollment=walk, **now(bench)),
}
SCOPES = list(PAUSES)


@pytest.mark.parametrize("scope", SCOPES)
def test_nothing_starts_after_a_pause(bench: Bench, scope: str) -> None:
    walk = bench.walk(None, INVITE)
    assert PAUSES[scope](bench, walk) == ()
    for _ in range(3):
        bench.wait(hours=1)
        assert bench.tick() == 0
        bench.keep_house()
    assert bench.ledger() == []


@pytest.mark.parametrize("scope", SCOPES)
def test_after_a_resumption_it_goes_on(bench: Bench, scope: str) -> None:
    walk = bench.walk(None, INVITE)
    PAUSES[scope](bench, walk)
    bench.wait(hours=1)
    RESUMPTIONS[scope](bench, walk)
    assert bench.tick() == 1
    assert bench.sent() == [("invitation", walk.lead.public_identifier)]


@pytest.mark.parametrize("milestone", ["after_reserve", "after_preflight"])
@pytest.mark.parametrize("scope", SCOPES)
def test_what_is_reserved_but_not_called_is_returned_and_does_not_go_out(
    bench: Bench, scope: str, milestone: str
) -> None:
    walk = bench.walk(None, INVITE)
    returned: list[InFlight] = []

    def pause(name: str) -> None:
        if name == milestone:
            returned.append(PAUSES[scope](bench, walk))

    with observed_by(pause):
        bench.tick()
    assert bench.ledger() == []
    ((dispatch,),) = returned
    dispatch.refresh_from_db()
    assert dispatch.state == Dispatch.State.REJECTED
    assert dispatch.detail
    assert used(bench.account, "invitation") == 0
    RESUMPTIONS[scope](bench, walk)
    bench.wait(minutes=6)
    assert bench.tick() == 1
    assert len(bench.ledger()) == 1


@pytest.mark.parametrize("scope", SCOPES)
def test_what_is_being_called_is_returned_and_recorded_truly(bench: Bench, scope: str) -> None:
    walk = bench.walk(None, INVITE)
    returned: list[InFlight] = []

    def pause(name: str) -> None:
        if name == "after_confirm":
            returned.append(PAUSES[scope](bench, walk))

    with observed_by(pause):
        bench.tick()
    assert len(bench.ledger()) == 1
    ((dispatch,),) = returned
    dispatch.refresh_from_db()
    assert dispatch.state == Dispatch.State.SENT
    walk.refresh_from_db()
    assert (walk.position, walk.stage) == (1, "invite_sent")
    listed = Event.objects.filter(data__has_key="in_flight").get()
    assert listed.data["in_flight"] == [str(dispatch.pk)]


@pytest.mark.parametrize("scope", ["client", "account", "sender", "campaign", "lead"])
def test_a_pause_lists_only_what_it_concerns(bench: Bench, scope: str) -> None:
    walk = bench.walk(None, INVITE)
    other = make_client("Southwind")
    bench.free.sender.client = other
    bench.free.sender.save()
    type(bench.free).objects.filter(pk=bench.free.pk).update(client=other)
    bench.free.refresh_from_db()
    bench.walk(bench.lead(client=other), INVITE, accounts=[bench.free])
    returned: list[InFlight] = []

    def pause(name: str) -> None:
        if name == "after_reserve":
            returned.append(PAUSES[scope](bench, walk))

    with observed_by(pause):
        bench.tick()
    ((dispatch,),) = returned
    assert dispatch.account == bench.account
    assert [entry["account_id"] for entry in bench.ledger()] == [bench.free.provider_account_id]


def test_a_pause_says_who_did_it(bench: Bench) -> None:
    walk = bench.walk(None, INVITE)
    pause_campaign(campaign=walk.campaign, by=make_user("nora"), at=bench.at)
    event = Event.objects.get(kind="campaign_paused")
    assert (event.actor, event.campaign_id, event.at) == ("operator:nora", walk.campaign_id, bench.at)


def test_a_second_pause_keeps_the_moment_of_the_first(bench: Bench) -> None:
    pause_client(client=bench.client, **now(bench))
    first = bench.at
    bench.wait(hours=1)
    pause_client(client=bench.client, **now(bench))
    assert bench.client.paused_at == first


def test_the_engine_is_off_for_every_client(bench: Bench) -> None:
    assert engine_is_on()
    stop_engine(**now(bench))
    assert not engine_is_on()
    stop_engine(**now(bench))
    start_engine(**now(bench))
    assert engine_is_on()


def test_a_stopped_engine_takes_nothing_up(bench: Bench) -> None:
    bench.walk(None, INVITE)
    stop_engine(**now(bench))
    assert (bench.tick(), Dispatch.objects.count()) == (0, 0)


def test_a_campaign_in_the_wrong_state_says_so(bench: Bench) -> None:
    campaign = bench.campaign([bench.lead()], INVITE, start=False)
    with pytest.raises(ValidationError, match="draft, not active"):
        pause_campaign(campaign=campaign, **now(bench))
    with pytest.raises(ValidationError, match="draft, not paused"):
        resume_campaign(campaign=campaign, **now(bench))
    campaign.refresh_from_db()
    assert campaign.status == "draft"


def test_a_lead_in_the_wrong_state_says_so(bench: Bench) -> None:
    walk = bench.walk(None, INVITE)
    with pytest.raises(ValidationError, match="active, not paused"):
        resume_enrollment(enrollment=walk, **now(bench))
    stop_enrollment(enrollment=walk, **now(bench))
    with pytest.raises(ValidationError, match="exited"):
        pause_enrollment(enrollment=walk, **now(bench))
    with pytest.raises(ValidationError, match="already exited"):
        stop_enrollment(enrollment=walk, **now(bench))


def test_a_lead_stopped_by_hand_is_out_for_good(bench: Bench) -> None:
    walk = bench.walk(None, INVITE)
    stop_enrollment(enrollment=walk, detail="asked to", by=make_user("nora"), at=bench.at)
    assert (walk.state, walk.exit_reason, walk.exit_detail) == ("exited", "stopped_by_hand", "asked to")
    assert Event.objects.get(kind="enrollment_exited").actor == "operator:nora"
    bench.wait(hours=1)
    assert bench.tick() == 0


def test_a_lead_stopped_by_hand_between_reserve_and_call_is_not_written_to(bench: Bench) -> None:
    walk = bench.walk(None, INVITE)
    returned: list[InFlight] = []

    def stop(name: str) -> None:
        if name == "after_preflight":
            returned.append(stop_enrollment(enrollment=walk, **now(bench)))

    with observed_by(stop):
        bench.tick()
    assert bench.ledger() == []
    assert len(returned[0]) == 1


def test_a_walk_paused_while_its_outcome_is_unknown_is_not_sent_again_on_resumption(bench: Bench) -> None:
    walk = bench.walk(None, INVITE)
    bench.faults(timeout_after={"rate": 1, "times": 1})
    bench.tick()
    pause_enrollment(enrollment=walk, **now(bench))
    resume_enrollment(enrollment=walk, **now(bench))
    for _ in range(8):
        bench.wait(minutes=4)
        bench.keep_house()
        bench.tick()
        bench.recover()
    assert len(bench.ledger()) == 1
    walk.refresh_from_db()
    assert (walk.position, walk.held_because, walk.next_action) == (1, "", "expire"), "it goes on by itself"


def test_a_delay_that_ended_during_the_pause_goes_out_at_the_resumption(bench: Bench) -> None:
    walk = bench.walk(bench.lead(bench.friend()), WRITE, WRITE_AGAIN)
    bench.tick()
    pause_enrollment(enrollment=walk, **now(bench))
    bench.wait(hours=2)
    resume_enrollment(enrollment=walk, **now(bench))
    bench.read()
    assert bench.tick() == 1
    assert len(bench.ledger()) == 2


def test_a_held_lead_stays_held_over_pause_and_resumption(bench: Bench) -> None:
    walk = bench.walk(bench.lead(first_name=""), INVITE)
    bench.tick()
    pause_enrollment(enrollment=walk, **now(bench))
    resume_enrollment(enrollment=walk, **now(bench))
    walk.refresh_from_db()
    assert walk.held_because == "missing_value"
    assert walk.next_action_at is None


def test_a_held_lead_is_released_by_hand_and_looked_at_anew(bench: Bench) -> None:
    walk = bench.walk(bench.lead(first_name=""), INVITE)
    bench.tick()
    walk.lead.first_name = "Ada"
    walk.lead.save()
    release_enrollment(enrollment=walk, by=make_user("nora"), at=bench.at)
    assert Event.objects.get(kind="step_released").actor == "operator:nora"
    assert bench.tick() == 1
    with pytest.raises(ValidationError, match="not held"):
        release_enrollment(enrollment=walk, **now(bench))


def test_a_release_without_a_cure_is_held_again_and_sends_nothing(bench: Bench) -> None:
    walk = bench.walk(bench.lead(first_name=""), INVITE)
    bench.tick()
    release_enrollment(enrollment=walk, **now(bench))
    assert bench.tick() == 0
    walk.refresh_from_db()
    assert walk.held_because == "missing_value"


def test_a_restricted_account_is_looked_at_anew_when_an_operator_resumes_it(bench: Bench) -> None:
    type(bench.account).objects.filter(pk=bench.account.pk).update(status="restricted")
    resume_account(account=bench.account, **now(bench))
    assert bench.account.status == "connecting"


def test_leads_added_to_a_paused_campaign_begin_with_its_resumption(bench: Bench) -> None:
    campaign = bench.campaign([bench.lead()], INVITE)
    pause_campaign(campaign=campaign, **now(bench))
    late = bench.lead()
    assert enroll(campaign=campaign, leads=[late], **now(bench)).enrolled == 1
    resume_campaign(campaign=campaign, **now(bench))
    bench.tick_until_idle()
    assert ("invitation", late.public_identifier) in bench.sent()


def test_a_lead_paused_and_resumed_before_the_start_begins_with_the_others(bench: Bench) -> None:
    campaign = bench.campaign(bench.leads(2), INVITE, start=False)
    walk = campaign.enrollments.order_by("pk")[0]
    pause_enrollment(enrollment=walk, **now(bench))
    resume_enrollment(enrollment=walk, **now(bench))
    assert bench.tick() == 0
    bench.wait(minutes=5)
    activate_campaign(campaign=campaign, **now(bench))
    assert bench.tick_until_idle() == 2


def test_a_lead_paused_before_the_start_stays_behind(bench: Bench) -> None:
    campaign = bench.campaign(bench.leads(2), INVITE, start=False)
    walk = campaign.enrollments.order_by("pk")[0]
    pause_enrollment(enrollment=walk, **now(bench))
    activate_campaign(campaign=campaign, **now(bench))
    assert bench.tick_until_idle() == 1
    resume_enrollment(enrollment=walk, **now(bench))
    assert bench.tick_until_idle() == 1
