"""The projection counts with everything that the engine counts with: kinds of steps, branches, and every limit."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from campaigns.activating import activate_campaign
from campaigns.editing import StepDraft
from campaigns.engine.caring import care
from campaigns.engine.withdrawing import withdraw_stale
from campaigns.models import Enrollment, Step
from campaigns.planning.calendar import WorkingHours
from campaigns.planning.conditions import LeadFacts
from campaigns.planning.decisions import ActionKind, Because
from campaigns.planning.delays import Delay, DelayUnit
from campaigns.planning.sequencing import StepPlan, Walk
from campaigns.simulating import Assumptions, Projection, project, simulate, with_more_senders
from campaigns.simulating.projection import Ending, LimitedBy
from campaigns.simulating.world import Nature, SimulatedLead, SimulatedWorld
from campaigns.tasking import close_task
from integrations.limits import Tuning
from integrations.models import Account, Usage
from leads.models import Lead
from outreach.clock import stopwatch
from tests.bench import INVITE, Bench
from tests.campaigns.test_simulating import (
    EVERYBODY_ACCEPTS,
    HOURS,
    NOBODY_ACCEPTS,
    SEQUENCE,
    a_campaign,
    a_world,
    an_account,
    kinds,
    sends,
    simulated,
)
from tests.worlds import MONDAY_MORNING

AT_ONCE = Delay(0, DelayUnit.DAYS)
FREE = Tuning(tier="free", own=(("invitation", 1, 100),))
PREMIUM = Tuning(tier="premium", own=(("invitation", 1, 100),))


def plan(position: int, action: ActionKind | None, days: int = 0, **ways: Any) -> StepPlan:
    needs = action is ActionKind.MESSAGE
    return StepPlan(str(position), position, action, Delay(days, DelayUnit.DAYS), needs_connection=needs, **ways)


def told(steps: tuple[StepPlan, ...], natures: dict[int, Nature], leads: int = 1, **of_all: Any) -> SimulatedWorld:
    world = a_world(leads)
    rows = (replace(each, steps=steps, natures=natures, **of_all) for each in world.leads)
    return replace(world, leads=tuple(rows))


def invitations(projection: Projection, account: int = 0) -> list[int]:
    return [day.invitations for day in projection.accounts[account].days()]


# --- Kinds of steps and branches ------------------------------------------------------------------------


def test_every_kind_of_action_goes_out_and_counts_for_itself() -> None:
    steps = (
        plan(0, ActionKind.PROFILE_VIEW),
        plan(1, ActionKind.INVITATION),
        plan(2, ActionKind.REACTION),
        plan(3, None),
        plan(4, ActionKind.MESSAGE),
        plan(5, ActionKind.ENDORSEMENT),
        plan(6, ActionKind.INMAIL, 1),
    )
    projection = project(told(steps, {}), assumptions=EVERYBODY_ACCEPTS)
    assert [kind.value for kind in kinds(projection)] == [
        "profile_view",
        "invitation",
        "reaction",
        "message",
        "endorsement",
        "inmail",
    ]
    assert projection.accounts[0].days()[0].others == {ActionKind.PROFILE_VIEW: 1, ActionKind.REACTION: 1}
    assert projection.as_json()["accounts"][0]["days"][0]["profile_view"] == 1


CONNECTED = Nature(question={"if": "connected"}, patience=Delay(2, DelayUnit.DAYS))


@pytest.mark.parametrize(("accepted", "goes"), [(1.0, "message"), (0.0, "inmail")])
def test_a_condition_waits_for_its_answer_and_takes_the_way_that_the_assumed_share_takes(
    accepted: float, goes: str
) -> None:
    steps = (
        plan(0, ActionKind.INVITATION),
        plan(1, None, else_position=4),
        plan(2, ActionKind.MESSAGE),
        plan(3, None),
        plan(4, ActionKind.INMAIL),
    )
    natures = {1: CONNECTED, 3: Nature(ends=True)}
    assumed = Assumptions(accepted=accepted, answered=0, accepted_after=timedelta(hours=20))
    projection = project(told(steps, natures), assumptions=assumed)
    sent = sends(projection)
    assert [each.action.value for each in sent] == ["invitation", goes]
    days = (sent[1].at - sent[0].at) / timedelta(days=1)
    assert 0.8 < days < 1.1 if accepted else days == 2


def test_a_condition_on_data_is_asked_of_each_leads_own_data() -> None:
    steps = (plan(0, None, else_position=2), plan(1, ActionKind.INMAIL), plan(2, ActionKind.PROFILE_VIEW))
    world = told(steps, {0: Nature(question={"if": "tag", "tag": "Warm"})}, leads=2)
    warm = replace(world.leads[0], facts=LeadFacts(tags=frozenset({"warm"})))
    projection = project(replace(world, leads=(warm, world.leads[1])), assumptions=NOBODY_ACCEPTS)
    assert Counter(kinds(projection)) == {ActionKind.INMAIL: 1, ActionKind.PROFILE_VIEW: 2}


def test_a_task_takes_as_long_as_people_are_assumed_to_take_and_a_move_ends_the_walk_here() -> None:
    steps = (plan(0, ActionKind.PROFILE_VIEW), plan(1, None), plan(2, ActionKind.INMAIL), plan(3, None))
    natures = {1: Nature(is_task=True), 3: Nature(ends=True, moves=True)}
    assumed = Assumptions(accepted=0, answered=0, tasks_after=timedelta(hours=48))
    projection = project(told(steps, natures), assumptions=assumed)
    first, second = sends(projection)
    assert second.at - first.at == timedelta(hours=48)
    assert projection.endings[Ending.MOVED] == 1


# --- Limits ---------------------------------------------------------------------------------------------


def test_the_weeks_ceiling_of_the_plan_holds_on_top_of_the_days_and_is_named() -> None:
    world = a_world(400, an_account(tuning=PREMIUM))
    projection = project(world, days=30, assumptions=NOBODY_ACCEPTS)
    by_day = {day.day: day.invitations for day in projection.accounts[0].days()}
    assert max(by_day.values()) == 80
    for day in by_day:
        week = [day - timedelta(days=number) for number in range(7)]
        assert sum(by_day.get(each, 0) for each in week) <= 200
    which = projection.accounts[0].ceilings[LimitedBy.INVITATION_CAP]
    assert set(which) == {"80 a day, LinkedIn Premium", "200 in seven days, LinkedIn Premium"}


def test_what_the_last_days_have_used_counts_for_the_week() -> None:
    friday = MONDAY_MORNING.date() - timedelta(days=3)
    world = a_world(400, an_account(tuning=FREE, spent={ActionKind.INVITATION: {friday: 140}}))
    assert invitations(project(world, days=5, assumptions=NOBODY_ACCEPTS)) == [10, 30]


def test_a_new_account_does_more_each_day_of_its_ramp_up() -> None:
    tuning = Tuning(
        tier="premium",
        own=(("invitation", 1, 10),),
        ramp_up_started_on=MONDAY_MORNING.date(),
        ramp_up_days=4,
        ramp_up_percent=20,
    )
    projection = project(a_world(60, an_account(tuning=tuning)), days=8, assumptions=NOBODY_ACCEPTS)
    assert invitations(projection) == [2, 4, 6, 8, 10, 10]


def test_an_account_that_is_slowed_down_is_projected_slowly() -> None:
    tuning = Tuning(tier="premium", own=(("invitation", 1, 10),), slowed=(("invitation", 3, "few accept"),))
    projection = project(a_world(9, an_account(tuning=tuning)), assumptions=NOBODY_ACCEPTS)
    assert invitations(projection) == [3, 3, 3]


def test_a_campaign_begins_with_only_so_many_leads_a_day_over_all_its_accounts() -> None:
    world = replace(a_world(20, an_account(), an_account("acc-1")), new_leads_per_day=4, begun_today=1)
    projection = project(world, assumptions=NOBODY_ACCEPTS)
    days = Counter(send.day for send in sends(projection))
    assert list(days.values()) == [3, 4, 4, 4, 4, 1]
    assert projection.accounts[0].limits[LimitedBy.NEW_LEADS] >= 4


def test_a_reduced_weekend_gets_its_share_of_the_caps() -> None:
    week = (((time(9), time(17, 30)),),) * 7
    hours = WorkingHours(zone="Europe/London", intervals=week, reduced_days=frozenset({5, 6}), reduced_share=0.3)
    projection = project(replace(a_world(60, an_account(invitations=10)), hours=hours), assumptions=NOBODY_ACCEPTS)
    assert invitations(projection) == [10, 10, 10, 10, 10, 3, 3, 4]


def test_with_too_many_invitations_pending_nobody_is_invited_until_some_are_answered() -> None:
    account = an_account(invitations=20, pending=3, pending_ceiling=10)
    world = replace(a_world(30, account), withdraw_after=timedelta(days=5))
    projection = project(world, days=20, assumptions=NOBODY_ACCEPTS)
    assert invitations(projection)[0] == 7
    assert projection.accounts[0].limits[LimitedBy.PENDING_CEILING] >= 3
    assert projection.accounts[0].total(ActionKind.WITHDRAWAL) > 0


def test_stale_invitations_are_taken_back_and_their_leads_leave_with_it() -> None:
    world = replace(a_world(3), withdraw_after=timedelta(days=4))
    projection = project(world, assumptions=NOBODY_ACCEPTS)
    assert Counter(kinds(projection)) == {ActionKind.INVITATION: 3, ActionKind.WITHDRAWAL: 3}
    assert projection.endings[Ending.NOT_ACCEPTED] == 3
    assert projection.finishes_at is not None
    assert projection.finishes_at < MONDAY_MORNING + timedelta(days=5)


def test_no_more_people_of_one_company_are_written_to_at_once_than_allowed() -> None:
    world = a_world(5)
    leads = tuple(replace(each, company="Nordkaj") for each in world.leads)
    projection = project(replace(world, leads=leads, company_limit=2), days=50, assumptions=NOBODY_ACCEPTS)
    assert invitations(projection) == [2, 2, 1]
    assert projection.accounts[0].limits[LimitedBy.COMPANY_LIMIT] > 10
    assert projection.unfinished == 1


def test_colleagues_are_left_alone_after_an_answer() -> None:
    assumed = Assumptions(accepted=1, answered=0.2)
    world = a_world(4)
    assert [assumed.answers(number) for number in range(4)].count(True) >= 1
    leads = tuple(replace(each, company="Nordkaj") for each in world.leads)
    quiet = project(replace(world, leads=leads, colleague_pause=timedelta(days=30)), assumptions=assumed)
    loud = project(world, assumptions=assumed)
    assert quiet.last_send_at and loud.last_send_at
    assert quiet.last_send_at >= loud.last_send_at + timedelta(days=20)


def test_a_lead_with_a_clock_of_its_own_is_written_to_by_it() -> None:
    world = a_world(2)
    tokyo = WorkingHours.simple(zone="Asia/Tokyo", weekdays=frozenset(range(5)), opens=time(9), closes=time(17, 30))
    leads = (replace(world.leads[0], hours=tokyo), world.leads[1])
    projection = project(replace(world, leads=leads), assumptions=NOBODY_ACCEPTS)
    assert [(send.lead, send.at.hour) for send in sends(projection)] == [(1, 9), (0, 0)]


def test_a_note_that_may_not_be_left_out_waits_for_the_months_notes() -> None:
    natures = {0: Nature(has_note=True, may_go_bare=False)}
    world = a_world(12, an_account(tuning=FREE))
    leads = tuple(replace(each, natures=natures) for each in world.leads)
    projection = project(replace(world, leads=leads), days=45, assumptions=NOBODY_ACCEPTS)
    assert invitations(projection) == [5, 5]
    assert projection.bottleneck
    assert projection.bottleneck.limited_by is LimitedBy.NOTE_CAP
    bare = tuple(replace(each, natures={0: Nature(has_note=True)}) for each in world.leads)
    assert invitations(project(replace(world, leads=bare), assumptions=NOBODY_ACCEPTS)) == [12]


def test_one_more_sender_has_a_week_of_its_own() -> None:
    friday = MONDAY_MORNING.date() - timedelta(days=3)
    world = a_world(300, an_account(tuning=FREE, spent={ActionKind.INVITATION: {friday: 150}}))
    grown = project(with_more_senders(world, 1), days=5, assumptions=NOBODY_ACCEPTS)
    assert invitations(grown, 0) == [30]
    assert invitations(grown, 1) == [30, 30, 30, 30, 30]


# --- From the database ----------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_campaign_with_every_kind_of_step_can_be_projected() -> None:
    ways = (
        StepDraft("visit_profile"),
        StepDraft("connection_request", "Hi"),
        StepDraft("like_post"),
        StepDraft("condition", options={"if": "connected", "within_amount": 3}, else_position=11),
        StepDraft("message", "Hello", variants=({"label": "B", "weight": 1, "text": "Good day"},)),
        StepDraft("condition", options={"if": "seen", "within_amount": 1}),
        StepDraft("tag", options={"tag": "warm"}),
        StepDraft("set_field", options={"field": "title", "value": "Friend"}),
        StepDraft("manual_task", "Call {{ first_name }}"),
        StepDraft("wait", "", 2, Step.Unit.WORKING_DAYS),
        StepDraft("end"),
        StepDraft("withdraw_invitation"),
        StepDraft("inmail", "Hello", options={"subject": "Hello"}),
        StepDraft("end"),
    )
    projection = simulated(a_campaign(4, steps=ways))
    assert Counter(kinds(projection))[ActionKind.MESSAGE] == 4
    assert projection.endings[Ending.COMPLETED] == 4
    nobody = simulate(campaign=a_campaign_of(), at=MONDAY_MORNING, assumptions=NOBODY_ACCEPTS)
    assert Counter(kinds(nobody))[ActionKind.INMAIL] == 4


def a_campaign_of() -> Any:
    from campaigns.models import Campaign

    return Campaign.objects.get()


@pytest.mark.django_db
def test_the_limits_of_the_account_and_of_the_campaign_are_read() -> None:
    campaign = a_campaign(9, new_leads_per_day=5, withdraw_after_days=3)
    Account.objects.update(invitations_per_day=25, invitations_per_week=6)
    account = Account.objects.get()
    Usage.objects.create(account=account, action="invitation", day=date(2026, 2, 26), cap=9, used=3)
    invited = Counter(send.day for send in sends(simulated(campaign)) if send.action is ActionKind.INVITATION)
    # Those of the Thursday before come back on Thursday, those of Monday on Monday.
    assert invited == {date(2026, 3, 2): 3, date(2026, 3, 5): 3, date(2026, 3, 9): 3}


@pytest.mark.django_db
def test_who_is_away_or_was_written_to_lately_or_is_elsewhere_is_not_projected_at_once() -> None:
    campaign = a_campaign(3)
    away, *_ = campaign.enrollments.order_by("pk")
    Enrollment.objects.filter(pk=away.pk).update(resting_until=datetime(2026, 3, 10, 9, tzinfo=UTC))
    firsts = {send.lead: send.day for send in reversed(sends(simulated(campaign)))}
    assert firsts[0] == date(2026, 3, 10)
    other = type(campaign).objects.create(client=campaign.client, name="Other", status="active")
    sequence = campaign.current_sequence()
    Enrollment.objects.create(
        client=campaign.client,
        campaign=other,
        lead=Lead.objects.order_by("pk")[1],
        sequence=sequence,
        account=Account.objects.get(),
        state="active",
        enrolled_at=MONDAY_MORNING - timedelta(days=2),
    )
    assert simulated(campaign).left_out == {Because.OTHER_CAMPAIGN: 1}


@pytest.mark.django_db
def test_the_engine_does_day_by_day_what_was_projected_of_a_campaign_with_everything() -> None:
    """Two accounts, visits, a condition, a task, caps by the week, new leads a day, a withdrawal."""
    assumed = Assumptions(accepted=0.5, answered=0, accepted_after=timedelta(hours=20), tasks_after=timedelta(hours=20))
    bench = Bench()
    bench.unhurried(invitations_per_day=4, invitations_per_week=7, profile_views_per_day=3)
    steps = (
        StepDraft("visit_profile"),
        INVITE,
        StepDraft("condition", options={"if": "connected", "within_amount": 2}, else_position=6),
        StepDraft("message", "Thank you!", 1, Step.Unit.HOURS),
        StepDraft("manual_task", "Call"),
        StepDraft("message", "One more thought.", 1, Step.Unit.WORKING_DAYS),
        StepDraft("tag", options={"tag": "through"}),
    )
    accounts = [bench.account, bench.free]
    leads = bench.leads(14)
    fields = {"company_limit": None, "new_leads_per_day": 5, "withdraw_after_days": 3}
    campaign = bench.campaign(leads, *steps, accounts=accounts, start=False, **fields)
    projection = simulate(campaign=campaign, at=bench.at, days=6, assumptions=assumed)
    activate_campaign(campaign=campaign, by=None, at=bench.at)
    ends_at = bench.at + timedelta(days=5)
    while bench.at < ends_at:
        _people_do_as_assumed(bench, leads, assumed)
        bench.read()
        bench.tick()
        bench.keep_house()
        withdraw_stale(at=bench.at, client=bench.provider)
        care(at=bench.at)
        _to_the_next_thing(bench)
    account_of = {each.provider_account_id: str(each.pk) for each in accounts}
    done = Counter((e["at"][:10], account_of[e["account_id"]], KINDS.get(e["kind"], e["kind"])) for e in bench.ledger())
    last = ends_at.date().isoformat()
    planned = Counter(
        (send.day.isoformat(), each.key, send.action.value) for each in projection.accounts for send in each.sends
    )
    assert {key: n for key, n in done.items() if key[0] < last} == {k: n for k, n in planned.items() if k[0] < last}
    assert {kind for _, _, kind in done} >= {"profile_view", "invitation", "message", "withdrawal"}


KINDS = {"profile_visit": "profile_view"}


def _people_do_as_assumed(bench: Bench, leads: list[Lead], assumed: Assumptions) -> None:
    numbers = {lead.pk: number for number, lead in enumerate(leads)}
    for row in Enrollment.objects.filter(invited_at__isnull=False, connected_at__isnull=True).select_related("lead"):
        due_at = row.invited_at + assumed.accepted_after if row.invited_at else bench.at
        if assumed.accepts(numbers[row.lead_id]) and due_at <= bench.at and not row.withdrawn_at:
            bench.accept(bench.person_of(row.lead), row.account)
    from campaigns.models import ManualTask

    for task in ManualTask.objects.filter(state="open", opened_at__lte=bench.at - assumed.tasks_after):
        close_task(task=task, skipped=False, note="", by=None, at=bench.at)


def _to_the_next_thing(bench: Bench) -> None:
    """Within working hours every half hour; over the night until shortly before they begin."""
    if 8 <= bench.at.hour < 17:
        bench.wait(minutes=30)
    else:
        bench.wait_until((bench.at + timedelta(hours=12)).replace(hour=8, minute=55))


# --- Speed ----------------------------------------------------------------------------------------------


def test_five_thousand_leads_on_five_steps_over_ninety_days_take_seconds() -> None:
    """The promise is thirty seconds; a machine that is busy with other things still keeps it."""
    accounts = [an_account(f"acc-{number}", tuning=Tuning(tier="premium")) for number in range(8)]
    world = replace(a_world(5000, *accounts), new_leads_per_day=200, withdraw_after=timedelta(days=21), company_limit=3)
    leads = tuple(replace(each, company=f"Company {each.number % 1500}") for each in world.leads)
    began = stopwatch()
    projection = project(replace(world, leads=leads), days=90)
    assert stopwatch() - began < 30
    assert projection.leads == 5000
    assert len(sends(projection)) > 6000


def test_the_hours_are_those_of_the_engine() -> None:
    assert HOURS.is_open(MONDAY_MORNING)
    assert SimulatedLead(number=0, account="a", steps=SEQUENCE, walk=Walk(started_at=MONDAY_MORNING)).is_untouched
