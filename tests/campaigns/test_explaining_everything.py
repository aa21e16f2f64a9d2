"""What is explained and what the engine then does never disagree; and every reason there is can be met."""

from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.admin.campaigns import why_page
from campaigns.editing import StepDraft
from campaigns.engine.quieting import watch_for_quiet
from campaigns.explaining import explain, explain_account, explain_campaign, explain_in_words
from campaigns.models import Campaign, CampaignDay, Enrollment
from campaigns.planning.decisions import Because
from campaigns.planning.explaining import PHRASES
from campaigns.stopping import (
    pause_account,
    pause_campaign,
    pause_client,
    pause_enrollment,
    resume_campaign,
    stop_engine,
    stop_enrollment,
)
from inbox.models import Conversation
from integrations import breaker
from integrations.dispatching import put_to_sleep
from integrations.models import Account
from leads.models import Connection, Lead
from leads.suppressing import suppress
from tests.api.tenants import calling_as
from tests.bench import INVITE, WRITE, WRITE_AGAIN, Bench, Crash
from tests.worlds import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def bench() -> Bench:
    made = Bench()
    made.unhurried()
    return made


def reasons(bench: Bench, walk: Enrollment) -> set[Because]:
    return {each.because for each in explain(enrollment=Enrollment.objects.get(pk=walk.pk), at=bench.at)}


def words(bench: Bench, walk: Enrollment) -> tuple[str, ...]:
    return explain_in_words(enrollment=Enrollment.objects.get(pk=walk.pk), at=bench.at)


# --- Every reason can be met ----------------------------------------------------------------------------


def held(because: str) -> Callable[[Bench], Enrollment]:
    def make(bench: Bench) -> Enrollment:
        walk = bench.walk()
        Enrollment.objects.update(held_because=because, held_at=bench.at, next_action_at=None, next_account=None)
        return walk

    return make


def changed(model: Any, **fields: Any) -> Callable[[Bench], Enrollment]:
    def make(bench: Bench) -> Enrollment:
        walk = bench.walk()
        model.objects.update(**{key: value(bench) if callable(value) else value for key, value in fields.items()})
        return walk

    return make


def after(*acts: Callable[[Bench, Enrollment], object], steps: tuple[StepDraft, ...] = ()) -> Any:
    def make(bench: Bench) -> Enrollment:
        walk = bench.walk(None, *steps)
        for act in acts:
            act(bench, walk)
        return walk

    return make


def by(bench: Bench) -> dict[str, Any]:
    return {"by": None, "at": bench.at}


def tick(bench: Bench, walk: Enrollment) -> None:
    bench.tick()
    bench.wait(minutes=1)


def in_the_air(bench: Bench) -> Enrollment:
    walk = bench.walk(None, INVITE)
    with bench.crashing_at("after_reserve"), pytest.raises(Crash):
        bench.tick()
    return walk


def uncertain(bench: Bench, walk: Enrollment) -> None:
    bench.faults(timeout_before={"rate": 1, "times": 1})
    bench.tick()


def in_two_campaigns(bench: Bench) -> Enrollment:
    lead = bench.lead()
    second = bench.walk(lead, INVITE, name="Second", one_campaign_at_a_time=True)
    other = Campaign.objects.create(client=bench.client, name="First", status="active")
    Enrollment.objects.create(
        client=bench.client,
        campaign=other,
        lead=lead,
        account=bench.account,
        sequence=second.sequence,
        enrolled_at=bench.at - timedelta(days=1),
        state="active",
    )
    return second


def talked_to(bench: Bench) -> Enrollment:
    walk = bench.walk()
    Conversation.objects.create(
        client=bench.client,
        account=bench.free,
        lead=walk.lead,
        person="p",
        provider_chat_id="c",
        last_message_at=bench.at,
    )
    return walk


def busy_company(bench: Bench) -> Enrollment:
    walk = bench.walk(bench.lead(company="Nordkaj"), INVITE, company_limit=1)
    other = Campaign.objects.create(client=bench.client, name="Other", status="active")
    Enrollment.objects.create(
        client=bench.client,
        campaign=other,
        lead=bench.lead(company="Nordkaj"),
        account=bench.account,
        sequence=walk.sequence,
        enrolled_at=bench.at,
        state="active",
        last_done_at=bench.at,
        last_sent_at=bench.at,
    )
    return walk


def answering_colleague(bench: Bench) -> Enrollment:
    walk = bench.walk(bench.lead(company="Nordkaj"), INVITE)
    Lead.objects.filter(pk=bench.lead(company="Nordkaj").pk).update(replied_at=bench.at)
    return walk


def lately(bench: Bench) -> Enrollment:
    lead = bench.lead(bench.friend())
    late = bench.walk(lead, WRITE_AGAIN, name="Late", one_campaign_at_a_time=False, one_sender_at_a_time=False)
    bench.walk(lead, WRITE, name="Early", one_campaign_at_a_time=False, one_sender_at_a_time=False)
    bench.tick()
    bench.wait(minutes=1)
    return late


def waits_for(kind: str, **options: Any) -> Callable[[Bench], Enrollment]:
    def make(bench: Bench) -> Enrollment:
        text = "Call" if kind == "manual_task" else ""
        walk = bench.walk(None, StepDraft(kind, text, options=options), StepDraft("end"))
        bench.tick()
        return walk

    return make


def new_leads_used(bench: Bench) -> Enrollment:
    walk = bench.walk(None, INVITE, new_leads_per_day=1)
    CampaignDay.objects.create(client=bench.client, campaign=walk.campaign, day=bench.at.date(), begun=1)
    return walk


def connected(bench: Bench, walk: Enrollment) -> None:
    Connection.objects.create(
        client=bench.client, account=bench.account, lead=walk.lead, connected_at=bench.at, noticed_at=bench.at
    )


def withdrawn(bench: Bench) -> Enrollment:
    walk = bench.walk()
    Enrollment.objects.filter(pk=walk.pk).update(withdrawn_at=bench.at - timedelta(days=3))
    return walk


def free_plan() -> None:
    Account.objects.update(tier="free")


def queued(bench: Bench) -> Enrollment:
    bench.walk(name="First")
    return bench.walk(name="Second")


MEET: dict[Because, Callable[[Bench], Enrollment]] = {
    Because.ENGINE_OFF: after(lambda bench, walk: stop_engine(**by(bench))),
    Because.CLIENT_PAUSED: after(lambda bench, walk: pause_client(client=bench.client, **by(bench))),
    Because.CAMPAIGN_NOT_ACTIVE: after(lambda bench, walk: pause_campaign(campaign=walk.campaign, **by(bench))),
    Because.ENROLLMENT_PAUSED: after(lambda bench, walk: pause_enrollment(enrollment=walk, **by(bench))),
    Because.ENROLLMENT_OVER: after(lambda bench, walk: stop_enrollment(enrollment=walk, **by(bench))),
    Because.SEQUENCE_DONE: waits_for("tag", tag="x"),
    Because.IN_FLIGHT: in_the_air,
    Because.OUTCOME_UNKNOWN: after(uncertain),
    Because.SUPPRESSED: after(
        lambda bench, walk: suppress(
            client=None, kind="profile", value=walk.lead.public_identifier, reason="", **by(bench)
        )
    ),
    Because.REPLIED: changed(Lead, replied_at=lambda bench: bench.at),
    Because.INVITATION_EXPIRED: after(tick, lambda bench, walk: bench.wait(days=22)),
    Because.NO_IDENTIFIER: changed(Lead, public_identifier="", provider_id=""),
    Because.ALREADY_CONNECTED: after(connected),
    Because.MISSING_VALUE: changed(Lead, first_name=""),
    Because.TEXT_UNFIT: after(
        lambda bench, walk: Lead.objects.update(first_name="x" * 190), lambda bench, walk: free_plan()
    ),
    Because.AWAITING_ACCEPTANCE: after(tick),
    Because.AWAITING_CONDITION: waits_for("condition", **{"if": "connected", "within_amount": 3}),
    Because.AWAITING_TASK: waits_for("manual_task"),
    Because.OUT_OF_OFFICE: changed(Enrollment, resting_until=lambda bench: bench.at + timedelta(days=2)),
    Because.OTHER_CAMPAIGN: in_two_campaigns,
    Because.OTHER_SENDER: talked_to,
    Because.COMPANY_BUSY: busy_company,
    Because.COLLEAGUE_REPLIED: answering_colleague,
    Because.CONTACTED_RECENTLY: lately,
    Because.NOT_DUE: changed(Enrollment, next_action_at=lambda bench: bench.at + timedelta(hours=2)),
    Because.RETRYING: after(lambda bench, walk: bench.faults(rate_limit=1), lambda bench, walk: bench.tick()),
    Because.COOLING_DOWN: withdrawn,
    Because.OUTSIDE_HOURS: after(lambda bench, walk: bench.wait(hours=12)),
    Because.ACCOUNT_MISSING: changed(Account, status="deleted"),
    Because.ACCOUNT_PAUSED: after(lambda bench, walk: pause_account(account=bench.account, **by(bench))),
    Because.ACCOUNT_DISCONNECTED: changed(Account, status="credentials"),
    Because.ACCOUNT_RESTRICTED: changed(Account, status="restricted"),
    Because.NOT_RECONCILED: changed(Account, unreconciled_since=lambda bench: bench.at),
    Because.PROVIDER_DOWN: after(
        lambda bench, walk: breaker.rest(until=bench.at + timedelta(minutes=5), at=bench.at, detail="")
    ),
    Because.INBOUND_STALE: changed(Enrollment, last_done_at=lambda bench: bench.at),
    Because.ACTION_ASLEEP: after(
        lambda bench, walk: put_to_sleep(
            bench.account, "invitation", until=bench.at + timedelta(hours=4), in_a_row=1, detail=""
        )
    ),
    Because.CAP_USED: changed(Account, invitations_per_day=0),
    Because.NEW_LEADS_USED: new_leads_used,
    Because.SPACING: changed(Account, next_slot_at=lambda bench: bench.at + timedelta(minutes=3)),
    Because.PUT_OFF: changed(
        Enrollment, next_action_at=lambda bench: bench.at + timedelta(minutes=9), waiting_because="company_busy"
    ),
    Because.QUEUED: queued,
    **{
        each: held(each.value)
        for each in (
            Because.GAVE_UP,
            Because.BROKEN,
            Because.TEXT_REFUSED,
            Because.FEATURE_MISSING,
            Because.NOT_CONNECTED,
            Because.LEAD_IMPOSSIBLE,
        )
    },
}
# These end by themselves, so they say when.
TIMED = {
    *(Because.AWAITING_ACCEPTANCE, Because.AWAITING_CONDITION, Because.OUT_OF_OFFICE, Because.COLLEAGUE_REPLIED),
    *(Because.CONTACTED_RECENTLY, Because.NOT_DUE, Because.RETRYING, Because.COOLING_DOWN, Because.OUTSIDE_HOURS),
    *(Because.PROVIDER_DOWN, Because.ACTION_ASLEEP, Because.NEW_LEADS_USED, Because.SPACING, Because.PUT_OFF),
}


def test_there_is_a_way_to_meet_every_reason() -> None:
    assert set(MEET) == set(Because) == set(PHRASES)


@pytest.mark.parametrize("because", list(Because))
def test_a_reason_is_met_told_and_nothing_is_sent(bench: Bench, because: Because) -> None:
    walk = MEET[because](bench)
    told = {each.because: each for each in explain(enrollment=Enrollment.objects.get(pk=walk.pk), at=bench.at)}
    assert because in told
    assert (told[because].until is not None) or because not in TIMED
    assert any(PHRASES[because] in sentence for sentence in words(bench, walk))
    before = {entry["public_identifier"] for entry in bench.ledger()}
    bench.tick()
    gone = [e for e in bench.ledger() if e["public_identifier"] == walk.lead.public_identifier]
    assert not gone or walk.lead.public_identifier in before


# --- What is said is what happens -----------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
def test_in_a_random_world_what_is_said_is_what_happens(seed: int) -> None:
    """Nothing against it: the next tick sends. Only one reason, with an end: nothing is sent before that end."""
    rng, bench = Random(seed), Bench()
    bench.unhurried(
        invitations_per_day=rng.choice((1, 2, 25)), spacing_min_seconds=rng.choice((10, 300)), spacing_max_seconds=300
    )
    fields = {
        "new_leads_per_day": rng.choice((None, 2)),
        "company_limit": rng.choice((None, 1)),
        "weekend": rng.choice(("hard_stop", "reduced")),
        "colleague_pause_days": rng.choice((0, 2)),
    }
    steps = rng.choice(((INVITE, WRITE), (INVITE,), (StepDraft("visit_profile"), INVITE), (WRITE, WRITE_AGAIN)))
    company = rng.choice(("", "Nordkaj"))
    people = [bench.friend(number=number) if steps[0] is WRITE else bench.stranger() for number in range(3)]
    leads = [bench.lead(person, company=company or person.company) for person in people]
    bench.campaign(leads, *steps, accounts=[bench.account], **fields)
    barred: dict[Any, Any] = {}
    for _ in range(14):
        if rng.random() < 0.5:
            bench.read()
        if rng.random() < 0.3:
            bench.keep_house()
        free = []
        for walk in Enrollment.objects.select_related("lead", "campaign", "client", "account__sender"):
            said = explain(enrollment=walk, at=bench.at)
            if not said:
                free.append(walk)
            elif len(said) == 1 and said[0].until is not None and said[0].because is not Because.AWAITING_ACCEPTANCE:
                barred[walk.lead.public_identifier] = said[0]
        before = len(bench.ledger())
        bench.tick()
        fresh = [entry["public_identifier"] for entry in bench.ledger()[before:]]
        for walk in free:
            walk.refresh_from_db()
            passed = walk.state == "completed" or walk.waiting_because != "" or walk.held_because
            assert walk.lead.public_identifier in fresh or passed, f"nothing stood against {walk}, and it did not go"
        for person in fresh:
            assert person not in barred or barred[person].until <= bench.at, f"{person}: {barred[person]}"
        bench.wait(minutes=rng.choice((1, 4, 90, 700)))


def test_a_lead_that_was_put_off_does_not_claim_to_wait_for_its_delay(bench: Bench) -> None:
    walk = busy_company(bench)
    bench.tick()
    assert Because.NOT_DUE not in reasons(bench, walk)
    assert Because.COMPANY_BUSY in reasons(bench, walk)
    Campaign.objects.update(company_limit=None)
    (sentence,) = words(bench, walk)
    assert sentence.startswith("put off, and looked at again: enough people of this company")


def test_of_many_leads_whose_turn_it_could_be_only_the_first_is_told_to_go(bench: Bench) -> None:
    campaign = bench.campaign(bench.leads(4), INVITE)
    told = [reasons(bench, walk) for walk in campaign.enrollments.order_by("pk")]
    assert told == [set(), {Because.QUEUED}, {Because.QUEUED}, {Because.QUEUED}]


# --- Campaigns and accounts -----------------------------------------------------------------------------


def test_a_used_up_cap_moves_nobody_and_says_when_it_does_again(bench: Bench) -> None:
    Account.objects.update(invitations_per_week=1)
    campaign = bench.campaign(bench.leads(3), INVITE)
    bench.tick()
    bench.wait(minutes=1)
    story = explain_campaign(campaign=campaign, at=bench.at)
    assert (story.can_move, story.of) == (0, 3)
    assert "1 of 1, 0 of 1 in seven days, set for this account, until Mon 9 Mar 2026" in story.sentence
    assert "waiting for the invitation to be accepted, the next Mon 23 Mar 2026 09:30 (Europe/London)" in story.sentence


def test_new_leads_used_up_and_inboxes_unread_are_told_of_the_campaign(bench: Bench) -> None:
    campaign = bench.campaign(bench.leads(3), INVITE, new_leads_per_day=1)
    bench.tick()
    bench.wait(minutes=1)
    story = explain_campaign(campaign=campaign, at=bench.at)
    assert story.can_move == 0
    assert "new leads of the day until Tue 00:00 (Europe/London)" in story.sentence


def test_by_the_leads_own_clocks_a_campaign_is_not_called_closed(bench: Bench) -> None:
    campaign = bench.campaign([bench.lead(time_zone="Asia/Tokyo")], INVITE, use_lead_time_zone=True)
    bench.wait_until(bench.at.replace(hour=23, minute=59))
    bench.wait(hours=1)
    assert explain_campaign(campaign=campaign, at=bench.at).can_move == 1
    assert bench.tick() == 1


def test_an_account_that_is_compared_first_says_so_everywhere(bench: Bench) -> None:
    from outreach import clock

    bench.walk()
    Account.objects.update(unreconciled_since=bench.at)
    bench.account.refresh_from_db()
    (line,) = explain_account(account=bench.account, at=bench.at)
    assert line.startswith("the account is compared with the provider first")
    with clock.frozen(bench.at):
        api = calling_as(make_user("nora", client=bench.client))
        answer = api.get(f"/api/v1/accounts/{bench.account.pk}/explain/")
    assert answer.json() == {"lines": [line]}


def test_the_cost_of_the_why_page_is_bounded_by_its_rows(bench: Bench) -> None:
    campaign = bench.campaign(bench.leads(12), INVITE, WRITE)
    with CaptureQueriesContext(connection) as few:
        why_page(campaign, "1", at=bench.at)
    assert len(few) <= 12 * 12 + 20


# --- Quiet ----------------------------------------------------------------------------------------------


def test_a_campaign_that_was_paused_for_a_week_is_not_quiet_the_moment_it_goes_on(bench: Bench) -> None:
    campaign = bench.campaign(bench.leads(2), INVITE)
    bench.tick()
    pause_campaign(campaign=campaign, **by(bench))
    bench.wait(days=7)
    resume_campaign(campaign=campaign, **by(bench))
    assert watch_for_quiet(at=bench.at) == 0
    bench.wait(days=2)
    assert watch_for_quiet(at=bench.at) == 1
