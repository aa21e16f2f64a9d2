"""The projected calendar: the planning of the engine on a virtual clock, without a provider and without a write."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from io import StringIO
from itertools import pairwise

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.activating import activate_campaign
from campaigns.editing import StepDraft
from campaigns.enrolling import enroll
from campaigns.models import Campaign, Enrollment, Step, StepExecution
from campaigns.planning.calendar import WorkingHours
from campaigns.planning.decisions import ActionKind, Because
from campaigns.planning.delays import Delay, DelayUnit
from campaigns.planning.sequencing import StepPlan, Walk
from campaigns.simulating import Assumptions, Projection, SimulationError, project, simulate, with_more_senders
from campaigns.simulating.projection import Ending, LimitedBy, ProjectedSend
from campaigns.simulating.world import Limit, SimulatedAccount, SimulatedLead, SimulatedWorld
from campaigns.stopping import pause_account, pause_enrollment, stop_engine
from integrations.dispatching import put_to_sleep
from integrations.models import Account, Usage
from leads.models import Connection, Lead
from leads.suppressing import suppress
from outreach import clock
from tests.bench import Bench
from tests.worlds import MONDAY_MORNING, make_account, make_campaign, make_client, make_lead

INVITE = StepDraft(Step.Kind.CONNECTION_REQUEST)
WRITE_NEXT_HOUR = StepDraft(Step.Kind.MESSAGE, "Thank you!", 1, Step.Unit.HOURS)
EVERYBODY_ACCEPTS = Assumptions(accepted=1, answered=0, accepted_after=timedelta(hours=20))
NOBODY_ACCEPTS = Assumptions(accepted=0, answered=0)
HOURS = WorkingHours.simple(zone="Europe/London", weekdays=frozenset(range(5)), opens=time(9), closes=time(17, 30))
SEQUENCE = (
    StepPlan("invite", 0, ActionKind.INVITATION, Delay(0, DelayUnit.DAYS)),
    StepPlan("first", 1, ActionKind.MESSAGE, Delay(1, DelayUnit.HOURS), needs_connection=True),
    StepPlan("second", 2, ActionKind.MESSAGE, Delay(2, DelayUnit.WORKING_DAYS), needs_connection=True),
    StepPlan("third", 3, ActionKind.MESSAGE, Delay(4, DelayUnit.WORKING_DAYS), needs_connection=True),
    StepPlan("fourth", 4, ActionKind.MESSAGE, Delay(1, DelayUnit.DAYS), needs_connection=True),
)


def an_account(key: str = "acc-0", *, invitations: int = 25, messages: int = 100, **fields: object) -> SimulatedAccount:
    limits = {ActionKind.INVITATION: Limit(invitations), ActionKind.MESSAGE: Limit(messages)}
    settings: dict[str, object] = {
        "name": key,
        "day_zone": "Europe/London",
        "limits": limits,
        "spacing_min_seconds": 40,
        "spacing_max_seconds": 140,
        "free_at": MONDAY_MORNING,
    }
    return SimulatedAccount(key=key, **(settings | fields))  # type: ignore[arg-type]


def a_world(leads: int, *accounts: SimulatedAccount, at: datetime = MONDAY_MORNING) -> SimulatedWorld:
    """A new campaign whose leads are dealt out to the accounts in turn."""
    those = accounts or (an_account(),)
    return SimulatedWorld(
        campaign_id="spring",
        campaign="Spring",
        at=at,
        hours=HOURS,
        accounts=those,
        leads=tuple(
            SimulatedLead(
                number=number, account=those[number % len(those)].key, steps=SEQUENCE, walk=Walk(started_at=at)
            )
            for number in range(leads)
        ),
    )


def sends(projection: Projection) -> list[ProjectedSend]:
    return sorted((send for each in projection.accounts for send in each.sends), key=lambda send: send.at)


def kinds(projection: Projection) -> list[ActionKind]:
    return [send.action for send in sends(projection)]


def at_of(day: int, clock_time: str) -> datetime:
    return datetime.combine(date(2026, 3, day), time.fromisoformat(clock_time), UTC)


# --- Limits and order -----------------------------------------------------------------------------------


def test_caps_hold_on_each_of_the_accounts_own_days() -> None:
    far = an_account("far", invitations=7, messages=5, day_zone="Pacific/Auckland")
    projection = project(a_world(120, an_account(invitations=11, messages=9), far), days=40)
    for each, most in zip(projection.accounts, ((11, 9), (7, 5)), strict=True):
        assert all(day.invitations <= most[0] and day.messages <= most[1] for day in each.days())
    near, other = (each.days()[0] for each in projection.accounts)
    assert (near.day, other.day) == (date(2026, 3, 2), date(2026, 3, 2))
    assert near.invitations == 11
    # Midnight in Auckland is at eleven in the morning in London: its second day begins within the hours.
    auckland = [send for send in projection.accounts[1].sends if send.day == date(2026, 3, 3)]
    assert auckland[0].at == at_of(2, "11:00")


def test_what_was_used_today_is_not_given_again() -> None:
    used = {ActionKind.INVITATION: Limit(10, used=8), ActionKind.MESSAGE: Limit(100)}
    projection = project(a_world(20, an_account(limits=used)), assumptions=NOBODY_ACCEPTS)
    assert [day.invitations for day in projection.accounts[0].days()] == [2, 10, 8]


def test_nothing_goes_out_outside_working_hours_clock_change_included() -> None:
    projection = project(a_world(400, an_account(invitations=15)), days=60)
    assert max(send.at for send in sends(projection)) > datetime(2026, 4, 1, tzinfo=UTC)
    assert all(HOURS.is_open(send.at) for send in sends(projection))


def test_two_actions_keep_the_mean_of_the_accounts_pauses() -> None:
    moments = [send.at for send in sends(project(a_world(30)))]
    assert min(later - earlier for earlier, later in pairwise(moments)) == timedelta(seconds=90)


def test_follow_ups_go_before_new_invitations() -> None:
    projection = project(a_world(10, an_account(invitations=3)), days=2, assumptions=EVERYBODY_ACCEPTS)
    tuesday = [send.action for send in sends(projection) if send.day == date(2026, 3, 3)]
    assert tuesday == [ActionKind.MESSAGE] * 3 + [ActionKind.INVITATION] * 3


def test_the_older_of_two_equal_leads_goes_first() -> None:
    projection = project(a_world(40, an_account(invitations=15)), assumptions=NOBODY_ACCEPTS)
    assert [send.lead for send in sends(projection)] == list(range(40))


def test_an_action_that_rests_begins_again_when_its_rest_is_over() -> None:
    until = at_of(4, "12:00")
    limits = {ActionKind.INVITATION: Limit(25, asleep_until=until), ActionKind.MESSAGE: Limit(100)}
    projection = project(a_world(5, an_account(limits=limits)), assumptions=NOBODY_ACCEPTS)
    assert projection.first_send_at == until
    assert projection.accounts[0].limits[LimitedBy.ACTION_ASLEEP] == 2


def test_a_stopped_account_sends_nothing_and_is_named_as_the_bottleneck() -> None:
    stopped = an_account("ill", stopped=Because.ACCOUNT_DISCONNECTED)
    projection = project(a_world(4, an_account(), stopped), days=50)
    assert projection.accounts[1].sends == ()
    assert projection.finishes_at is None
    assert projection.unfinished == 2
    assert projection.bottleneck
    assert (projection.bottleneck.account, projection.bottleneck.limited_by) == ("ill", LimitedBy.ACCOUNT_STOPPED)


# --- People ---------------------------------------------------------------------------------------------


def test_the_assumed_shares_are_kept_and_independent() -> None:
    assumed = Assumptions(accepted=0.4, answered=0.25)
    accepting = [number for number in range(1000) if assumed.accepts(number)]
    answering = [number for number in accepting if assumed.answers(number)]
    assert abs(len(accepting) - 400) <= 5
    assert abs(len(answering) - 100) <= 5


def test_whoever_answers_gets_one_message_and_nobody_else_fewer_than_all() -> None:
    projection = project(a_world(60), assumptions=Assumptions(accepted=1, answered=0.5))
    messages = Counter(send.lead for send in sends(projection) if send.action is ActionKind.MESSAGE)
    assert set(messages.values()) == {1, 4}
    assert list(messages.values()).count(1) == projection.endings[Ending.ANSWERED] > 20


def test_whoever_does_not_accept_leaves_when_the_invitation_runs_out() -> None:
    projection = project(a_world(1), assumptions=NOBODY_ACCEPTS)
    assert kinds(projection) == [ActionKind.INVITATION]
    assert projection.finishes_at == MONDAY_MORNING + timedelta(days=21)
    assert projection.bottleneck
    assert projection.bottleneck.limited_by is LimitedBy.ACCEPTANCE


@pytest.mark.parametrize("wrong", [{"accepted": 1.1}, {"answered": -0.1}, {"accepted_after": timedelta(hours=-1)}])
def test_an_assumption_that_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="not"):
        Assumptions(**wrong)  # type: ignore[arg-type]


# --- The whole ------------------------------------------------------------------------------------------


def test_the_same_world_has_the_same_projection() -> None:
    world = a_world(80, an_account(), an_account("acc-1"))
    assert project(world) == project(world)


def test_a_cap_that_holds_a_campaign_up_is_named_with_its_account() -> None:
    projection = project(a_world(80, an_account(invitations=2)), days=30, assumptions=EVERYBODY_ACCEPTS)
    assert projection.bottleneck
    assert projection.bottleneck.limited_by is LimitedBy.INVITATION_CAP
    assert projection.bottleneck.days == 22  # the working days from 2 to 31 March


def test_pauses_that_do_not_fit_into_the_hours_are_named() -> None:
    slow = an_account(spacing_min_seconds=3600, spacing_max_seconds=3600)
    projection = project(a_world(100, slow), days=5, assumptions=NOBODY_ACCEPTS)
    assert projection.accounts[0].limits == {LimitedBy.SPACING: 5}
    assert projection.accounts[0].days()[1].invitations == 9  # nine to five, and half an hour to spare


def test_a_weekend_is_counted_as_a_lack_of_hours() -> None:
    friday_evening = at_of(6, "18:00")
    projection = project(a_world(1, at=friday_evening), assumptions=NOBODY_ACCEPTS)
    assert projection.accounts[0].limits[LimitedBy.HOURS] == 3
    assert projection.first_send_at == at_of(9, "09:00")


def test_more_senders_finish_earlier_or_at_the_same_time() -> None:
    world = a_world(300, an_account(invitations=4), an_account("acc-1", invitations=20))
    finishes = [project(with_more_senders(world, more), days=200).finishes_at for more in range(5)]
    assert None not in finishes
    assert finishes == sorted(finishes, reverse=True)  # type: ignore[type-var]
    assert finishes[1] < finishes[0]  # type: ignore[operator]


def test_more_senders_take_over_only_leads_to_whom_nothing_was_sent() -> None:
    world = a_world(10)
    invited = replace(world.leads[9], walk=replace(world.leads[9].walk, position=1, invited_at=MONDAY_MORNING))
    world = replace(world, leads=(*world.leads[:9], invited))
    grown = with_more_senders(world, 1)
    assert Counter(lead.account for lead in grown.leads) == {"acc-0": 5, "extra-1": 5}
    assert grown.leads[9].account == "acc-0"


def test_more_senders_leave_the_leads_of_a_stopped_account_where_they_are() -> None:
    world = a_world(10, an_account(stopped=Because.ACCOUNT_PAUSED))
    assert with_more_senders(world, 3) == world


@pytest.mark.parametrize("days", [0, -1, 4000])
def test_a_number_of_days_that_cannot_be_is_refused(days: int) -> None:
    with pytest.raises(ValueError, match="1 to 3650 days"):
        project(a_world(1), days=days)


def test_five_thousand_leads_on_five_steps_are_all_accounted_for() -> None:
    accounts = [an_account(f"acc-{number}", invitations=80, messages=300) for number in range(5)]
    projection = project(a_world(5000, *accounts), days=90, assumptions=Assumptions(accepted=0.5, answered=0))
    assert projection.unfinished == 0
    assert projection.leads == 5000
    invited = kinds(projection).count(ActionKind.INVITATION)
    accepted = projection.endings[Ending.COMPLETED]
    assert invited == 5000
    assert abs(accepted - 2500) <= 10
    assert kinds(projection).count(ActionKind.MESSAGE) == 4 * accepted


# --- From the database ----------------------------------------------------------------------------------


def a_campaign(leads: int = 5, *, senders: int = 1, steps: Iterable[StepDraft] = (), **fields: object) -> Campaign:
    """A draft with leads; each account invites two a day and pauses exactly a minute."""
    client = make_client()
    pace = {"invitations_per_day": 2, "spacing_min_seconds": 60, "spacing_max_seconds": 60}
    accounts = [
        make_account(client, provider_account_id=f"acc-{number}", name=f"Sender {number}", **pace)
        for number in range(senders)
    ]
    chosen = tuple(steps) or (INVITE, WRITE_NEXT_HOUR)
    campaign = make_campaign(client, accounts, steps=chosen, **fields)
    rows = [
        make_lead(client, public_identifier=f"person-{number}", company=f"Company {number}") for number in range(leads)
    ]
    if accounts and rows:
        enroll(campaign=campaign, leads=rows, by=None, at=MONDAY_MORNING)
    return campaign


def simulated(campaign: Campaign, **options: object) -> Projection:
    return simulate(campaign=campaign, at=MONDAY_MORNING, assumptions=EVERYBODY_ACCEPTS, **options)  # type: ignore[arg-type]


def typed(*words: str) -> str:
    out = StringIO()
    with clock.frozen(MONDAY_MORNING):
        call_command("simulate", *words, stdout=out)
    return out.getvalue()


@pytest.mark.django_db
def test_a_small_draft_finishes_when_a_hand_with_a_calendar_says_so() -> None:
    """Two invitations a day; who was invited one day has accepted by the next morning and is written to first."""
    projection = simulated(a_campaign(5))
    assert [(send.at, send.action.value, send.lead) for send in sends(projection)] == [
        (at_of(2, "09:30:00"), "invitation", 0),
        (at_of(2, "09:31:00"), "invitation", 1),
        (at_of(3, "09:00:00"), "message", 0),
        (at_of(3, "09:01:00"), "message", 1),
        (at_of(3, "09:02:00"), "invitation", 2),
        (at_of(3, "09:03:00"), "invitation", 3),
        (at_of(4, "09:00:00"), "message", 2),
        (at_of(4, "09:01:00"), "message", 3),
        (at_of(4, "09:02:00"), "invitation", 4),
        (at_of(5, "09:00:00"), "message", 4),
    ]
    assert projection.finishes_at == at_of(5, "09:00")
    assert projection.endings == {Ending.COMPLETED: 5, Ending.ANSWERED: 0, Ending.NOT_ACCEPTED: 0}
    assert projection.bottleneck
    assert projection.bottleneck.limited_by is LimitedBy.INVITATION_CAP


@pytest.mark.django_db
def test_an_active_campaign_is_projected_like_its_draft() -> None:
    campaign = a_campaign(5)
    before = simulated(campaign)
    activate_campaign(campaign=campaign, by=None, at=MONDAY_MORNING)
    assert simulated(campaign) == before


@pytest.mark.django_db
def test_the_engine_then_does_what_was_projected() -> None:
    """Day by day, in this order, to these leads, when people do as assumed."""
    assumed = Assumptions(accepted=0.6, answered=0)
    bench = Bench()
    bench.unhurried(invitations_per_day=3)
    leads = bench.leads(8)
    campaign = bench.campaign(leads, INVITE, WRITE_NEXT_HOUR, start=False)
    projection = simulate(campaign=campaign, at=bench.at, days=5, assumptions=assumed)
    activate_campaign(campaign=campaign, by=None, at=bench.at)
    for _ in range(5):
        bench.tick_until_idle()
        bench.wait_until((bench.at + timedelta(days=1)).replace(hour=5, minute=45))
        for number in _invited_and_accepting(bench, leads, assumed):
            bench.accept(bench.person_of(leads[number]))
        bench.read()
        bench.wait_until(bench.at.replace(hour=9, minute=0))
        bench.read()
    numbers = {lead.public_identifier: number for number, lead in enumerate(leads)}
    done = [(entry["at"][:10], entry["kind"], numbers[entry["public_identifier"]]) for entry in bench.ledger()]
    assert done == [(send.day.isoformat(), send.action.value, send.lead) for send in sends(projection)]
    assert len(done) > 10


def _invited_and_accepting(bench: Bench, leads: list[Lead], assumed: Assumptions) -> list[int]:
    rows = Enrollment.objects.filter(invited_at__isnull=False, connected_at__isnull=True)
    invited = set(rows.values_list("lead_id", flat=True))
    return [number for number, lead in enumerate(leads) if lead.pk in invited and assumed.accepts(number)]


@pytest.mark.django_db
def test_simulating_only_reads() -> None:
    campaign = a_campaign(3)
    bare = Campaign.objects.create(client=campaign.client, name="Bare")
    with CaptureQueriesContext(connection) as queries:
        simulated(campaign, extra_senders=1)
        typed(str(campaign.pk), "--senders", "+1")
        with pytest.raises(SimulationError):
            simulated(bare)
    asked = [query["sql"].split()[0] for query in queries.captured_queries]
    assert set(asked) == {"SELECT"}


@pytest.mark.django_db
def test_the_number_of_queries_does_not_grow_with_the_leads() -> None:
    campaign = a_campaign(2)
    with CaptureQueriesContext(connection) as few:
        simulated(campaign)
    more = [make_lead(campaign.client, public_identifier=f"later-{number}") for number in range(30)]
    enroll(campaign=campaign, leads=more, by=None, at=MONDAY_MORNING)
    with CaptureQueriesContext(connection) as many:
        simulated(campaign)
    assert len(many) == len(few)


@pytest.mark.django_db
def test_todays_usage_and_the_rest_of_an_account_are_read() -> None:
    campaign = a_campaign(3)
    account = Account.objects.get()
    Usage.objects.create(account=account, action="invitation", day=MONDAY_MORNING.date(), cap=2, used=0, observed=1)
    assert [day.invitations for day in simulated(campaign).accounts[0].days()[:2]] == [1, 2]
    put_to_sleep(account, "invitation", until=at_of(6, "10:00"), in_a_row=1, detail="")
    assert simulated(campaign).first_send_at == at_of(6, "10:00")


@pytest.mark.django_db
def test_a_lead_half_way_goes_on_from_where_it_is() -> None:
    campaign = a_campaign(1)
    activate_campaign(campaign=campaign, by=None, at=MONDAY_MORNING)
    Enrollment.objects.update(
        position=1,
        invited_at=at_of(1, "12:00"),
        last_done_at=at_of(1, "12:00"),
        next_action="expire",
        next_account=None,
        next_action_at=at_of(22, "12:00"),
    )
    # Twenty hours after the invitation are over already: it is accepted as if it went out now.
    assert [(send.at, send.action) for send in sends(simulated(campaign))] == [(at_of(3, "09:00"), ActionKind.MESSAGE)]
    Enrollment.objects.update(connected_at=MONDAY_MORNING, next_action="message", next_action_at=at_of(2, "10:30"))
    assert simulated(campaign).first_send_at == at_of(2, "10:30")


@pytest.mark.django_db
def test_a_step_in_the_air_counts_as_gone_out_and_one_of_unknown_outcome_is_left_out() -> None:
    campaign = a_campaign(2)
    activate_campaign(campaign=campaign, by=None, at=MONDAY_MORNING)
    step = Step.objects.order_by("position")[0]
    for row, outcome in zip(campaign.enrollments.order_by("pk"), ("in_flight", "unknown"), strict=True):
        StepExecution.objects.create(
            client=campaign.client, enrollment=row, step=step, outcome=outcome, reserved_at=MONDAY_MORNING
        )
    Enrollment.objects.update(next_account=None, next_action="", next_action_at=None)
    projection = simulated(campaign)
    assert [(send.lead, send.action) for send in sends(projection)] == [(0, ActionKind.MESSAGE)]
    assert projection.left_out == {Because.OUTCOME_UNKNOWN: 1}


@pytest.mark.django_db
def test_an_appointment_that_was_put_off_is_kept() -> None:
    campaign = a_campaign(1)
    activate_campaign(campaign=campaign, by=None, at=MONDAY_MORNING)
    Enrollment.objects.update(next_action_at=at_of(4, "11:15"))
    assert simulated(campaign).first_send_at == at_of(4, "11:15")


@pytest.mark.django_db
def test_a_lead_who_is_connected_already_is_not_invited() -> None:
    campaign = a_campaign(1)
    Connection.objects.create(
        client=campaign.client,
        account=Account.objects.get(),
        lead=Lead.objects.get(),
        connected_at=MONDAY_MORNING,
        noticed_at=MONDAY_MORNING,
    )
    assert kinds(simulated(campaign)) == [ActionKind.MESSAGE]


@pytest.mark.django_db
def test_leads_to_whom_nothing_may_go_are_left_out_and_counted_by_reason() -> None:
    campaign = a_campaign(5)
    paused, barred, answered, held, _ = campaign.enrollments.select_related("lead").order_by("pk")
    pause_enrollment(enrollment=paused, by=None, at=MONDAY_MORNING)
    Lead.objects.filter(pk=barred.lead_id).update(email="ada@barred.example")
    suppress(client=campaign.client, kind="domain", value="barred.example", reason="", by=None, at=MONDAY_MORNING)
    Lead.objects.filter(pk=answered.lead_id).update(replied_at=MONDAY_MORNING)
    Enrollment.objects.filter(pk=held.pk).update(held_because="text_refused", held_at=MONDAY_MORNING)
    projection = simulated(campaign)
    assert projection.left_out == {
        Because.ENROLLMENT_PAUSED: 1,
        Because.SUPPRESSED: 1,
        Because.REPLIED: 1,
        Because.TEXT_REFUSED: 1,
    }
    assert projection.leads == 1
    assert {send.lead for send in sends(projection)} == {4}


@pytest.mark.django_db
def test_one_more_sender_like_the_present_ones_halves_the_days() -> None:
    campaign = a_campaign(8)
    now, more = simulated(campaign), simulated(campaign, extra_senders=1)
    assert (now.finishes_at, more.finishes_at) == (at_of(6, "09:01"), at_of(4, "09:01"))
    assert [each.name for each in more.accounts] == ["Sender 0", "+1, like Sender 0"]


# --- What is missing ------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_draft_without_senders_says_what_is_missing() -> None:
    with pytest.raises(SimulationError, match="no sender with a LinkedIn account"):
        simulated(a_campaign(0, senders=0))


@pytest.mark.django_db
def test_a_draft_without_leads_says_what_is_missing() -> None:
    with pytest.raises(SimulationError, match="enroll leads"):
        simulated(a_campaign(0))


@pytest.mark.django_db
def test_the_commands_errors_say_what_to_type_instead() -> None:
    campaign = a_campaign(1)
    with pytest.raises(CommandError, match="did you mean 'Spring'"):
        typed("Sprin")
    make_campaign(make_client("Southwind"), [])
    with pytest.raises(CommandError, match=f"2 campaigns are named 'Spring'.*{campaign.pk}"):
        typed("Spring")
    with pytest.raises(CommandError, match=r"0\.4 is 40%"):
        typed(str(campaign.pk), "--accept", "40")
    with pytest.raises(CommandError, match="1 to 3650 days"):
        typed(str(campaign.pk), "--days", "0")
    with pytest.raises(CommandError, match="so many more senders cannot be: -1"):
        typed(str(campaign.pk), "--senders", "-1")
    with pytest.raises(CommandError, match="--accept-after takes hours"):
        typed(str(campaign.pk), "--accept-after", "nan")


# --- What is said ---------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_report_holds_the_calendar_the_finish_and_the_bottleneck() -> None:
    a_campaign(5)
    report = typed("Spring", "--accept", "1", "--reply", "0", "--senders", "+1")
    assert "Tue  3 Mar 2026  Sender 0            2         2" in report
    assert "Finished    Thu 5 Mar 2026 09:00 (Europe/London)" in report
    assert "Bottleneck  Sender 0: its cap of invitations (2 of 4 days)" in report
    assert "Sender 0  its cap of invitations     2" in report
    assert "With 1 more" in report


@pytest.mark.django_db
def test_the_report_says_what_it_takes_for_granted() -> None:
    campaign = a_campaign(3, senders=2)
    pause_account(account=Account.objects.get(name="Sender 1"), by=None, at=MONDAY_MORNING)
    stop_engine(by=None, at=MONDAY_MORNING)
    elsewhere = make_campaign(campaign.client, list(Account.objects.filter(name="Sender 0")), name="Other")
    enroll(campaign=elsewhere, leads=[make_lead(campaign.client, public_identifier="x")], by=None, at=MONDAY_MORNING)
    activate_campaign(campaign=elsewhere, by=None, at=MONDAY_MORNING)
    report = typed("Spring", "--days", "30")
    assert "not within 30 days: 1 of 3 leads still under way" in report
    assert "Sender 1: the account is paused (1 lead)" in report
    assert "All automatic sending is switched off" in report
    assert "Leads of other running campaigns with Sender 0: 1." in report


@pytest.mark.django_db
def test_json_tells_the_same() -> None:
    campaign = a_campaign(5)
    answer = json.loads(typed("Spring", "--accept", "1", "--reply", "0", "--senders", "1", "--json"))
    more = answer.pop("with_more_senders")
    assert answer == {
        "campaign": {"id": str(campaign.pk), "name": "Spring"},
        "at": "2026-03-02T09:30:00+00:00",
        "days": 60,
        "assumptions": {
            "accepted": 1.0,
            "answered": 0.0,
            "accepted_after_hours": 20.0,
            "seen": 0.6,
            "tasks_after_hours": 24.0,
        },
        "leads": 5,
        "left_out": {},
        "endings": {"completed": 5, "answered": 0, "not_accepted": 0},
        "unfinished": 0,
        "first_send_at": "2026-03-02T09:30:00+00:00",
        "last_send_at": "2026-03-05T09:00:00+00:00",
        "finishes_at": "2026-03-05T09:00:00+00:00",
        "bottleneck": {
            "account": "Sender 0",
            "limited_by": "invitation_cap",
            "days": 2,
            "of_days": 4,
            "limit": "2 a day, set for this account",
        },
        "accounts": [
            {
                "id": str(Account.objects.get().pk),
                "name": "Sender 0",
                "stopped_because": None,
                "invitations": 5,
                "messages": 5,
                "unfinished": 0,
                "open_days": 4,
                "limits": {"invitation_cap": 2, "nothing": 2},
                "days": [
                    {"day": "2026-03-02", "invitations": 2, "messages": 0},
                    {"day": "2026-03-03", "invitations": 2, "messages": 2},
                    {"day": "2026-03-04", "invitations": 1, "messages": 2},
                    {"day": "2026-03-05", "invitations": 0, "messages": 1},
                ],
            }
        ],
        "remarks": [],
    }
    assert set(more) == set(answer)
    assert more["finishes_at"] < answer["finishes_at"]
