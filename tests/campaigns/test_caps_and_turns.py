"""Caps, spacing, fairness and working time as a whole, judged by what really went out (laws 3 and 4)."""

from collections import Counter
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from campaigns.editing import StepDraft
from campaigns.engine.caring import care
from campaigns.engine.claiming import LOOK_WITHIN
from campaigns.models import Enrollment, Step
from integrations.account_care import record_tuning, tuning_of
from integrations.models import Account, Usage
from tests.bench import INVITE, WRITE, WRITE_AGAIN, Bench
from tests.worlds import MONDAY_MORNING, make_account, make_client, make_lead

pytestmark = pytest.mark.django_db
ROUND_THE_CLOCK = {"opens_at": time(0), "closes_at": time(23, 59), "weekdays": list(range(7))}


@pytest.fixture
def bench() -> Bench:
    return Bench()


def moments(bench: Bench) -> list[datetime]:
    return [datetime.fromisoformat(entry["at"].replace("Z", "+00:00")) for entry in bench.ledger()]


def test_a_cap_lets_exactly_so_many_out_each_day(bench: Bench) -> None:
    bench.unhurried(invitations_per_day=2)
    bench.campaign(bench.leads(5), INVITE)
    for _ in range(3):
        bench.tick_until_idle()
        bench.wait_until(bench.at.replace(hour=9, minute=30) + timedelta(days=1))
    per_day = Counter(moment.date() for moment in moments(bench))
    assert list(per_day.values()) == [2, 2, 1]


def test_a_cap_raised_during_the_day_takes_effect_at_once(bench: Bench) -> None:
    bench.unhurried(invitations_per_day=1)
    bench.campaign(bench.leads(3), INVITE)
    assert bench.tick_until_idle() == 1
    account = Account.objects.get(pk=bench.account.pk)
    before, account.invitations_per_day = tuning_of(account), 2
    account.save()
    record_tuning(account, before, by=None, at=bench.at)
    assert bench.tick_until_idle() == 1
    assert len(bench.ledger()) == 2


def test_a_cap_lowered_during_the_day_takes_effect_at_once(bench: Bench) -> None:
    bench.unhurried(invitations_per_day=5)
    bench.campaign(bench.leads(5), INVITE)
    bench.tick()
    bench.wait(minutes=1)
    Account.objects.update(invitations_per_day=1)
    assert bench.tick_until_idle() == 0
    assert len(bench.ledger()) == 1


def test_a_cap_of_nothing_sends_nothing(bench: Bench) -> None:
    bench.unhurried(invitations_per_day=0)
    bench.campaign(bench.leads(1), INVITE)
    assert bench.tick_until_idle() == 0


def test_a_cap_used_up_by_invitations_leaves_messages_alone(bench: Bench) -> None:
    bench.unhurried(invitations_per_day=0)
    bench.walk(bench.lead(bench.friend()), WRITE)
    bench.walk(None, INVITE)
    bench.tick_until_idle()
    assert [kind for kind, _ in bench.sent()] == ["message"]


def test_messages_of_the_owners_own_hand_use_up_the_cap(bench: Bench) -> None:
    bench.unhurried(messages_per_day=2)
    for number in range(2):
        friend = bench.friend(number=number)
        letter = {"account_id": (None, bench.account.provider_account_id), "text": (None, "By hand")}
        letter |= {"attendees_ids": (None, friend.provider_id)}
        sent = bench.session.post("http://sandbox.test/api/v1/chats", files=letter, headers={"X-API-KEY": "sandbox"})
        assert sent.status_code == 201
    bench.wait(minutes=5)
    bench.read()
    assert Usage.objects.get(action="message").observed == 2
    bench.walk(bench.lead(bench.friend(number=2)), WRITE)
    assert bench.tick_until_idle() == 0
    bench.wait_until(bench.at + timedelta(days=1))
    assert bench.tick() == 1


def test_two_actions_keep_the_shortest_distance(bench: Bench) -> None:
    bench.unhurried(spacing_min_seconds=600, spacing_max_seconds=600)
    bench.campaign(bench.leads(3), INVITE)
    for _ in range(60):
        bench.tick()
        bench.wait(seconds=30)
    sent = moments(bench)
    assert len(sent) == 3
    assert min(later - earlier for earlier, later in pairwise(sent)) >= timedelta(seconds=600)


def test_follow_ups_go_before_new_invitations(bench: Bench) -> None:
    bench.unhurried()
    bench.campaign(bench.leads(3), INVITE)
    bench.walk(bench.lead(bench.friend()), WRITE, name="Later")
    bench.tick()
    assert [kind for kind, _ in bench.sent()] == ["message"]


def test_the_oldest_of_equal_appointments_goes_first(bench: Bench) -> None:
    bench.unhurried()
    leads = bench.leads(3)
    for lead in leads:
        bench.walk(lead, INVITE, name=f"for {lead}")
        bench.wait(minutes=2)
    bench.tick_until_idle()
    assert [slug for _, slug in bench.sent()] == [lead.public_identifier for lead in leads]


def test_one_clients_many_due_rows_do_not_delay_anothers_one(bench: Bench) -> None:
    other = make_client("Southwind")
    Account.objects.filter(pk=bench.free.pk).update(client=other)
    bench.free.sender.client = other
    bench.free.sender.save()
    bench.free.refresh_from_db()
    bench.unhurried()
    bench.campaign(bench.leads(20), INVITE)
    lonely = bench.lead(client=other)
    bench.campaign([lonely], INVITE, accounts=[bench.free])
    for _ in range(2):
        bench.tick(limit=1)
        bench.wait(seconds=11)
    assert ("invitation", lonely.public_identifier) in bench.sent()


def test_many_leads_that_must_wait_do_not_hide_one_that_may_go(bench: Bench) -> None:
    """More of them than one account's candidates of a tick; the next tick goes on behind them."""
    bench.unhurried()
    nameless = [bench.lead(first_name="") for _ in range(30)]
    bench.campaign(nameless, INVITE)
    bench.wait(minutes=1)
    good = bench.walk(None, INVITE, name="Good")
    for _ in range(3):
        bench.tick()
    assert bench.sent() == [("invitation", good.lead.public_identifier)]


def test_an_account_of_a_closed_campaign_does_not_keep_an_open_one_waiting(bench: Bench) -> None:
    bench.unhurried()
    bench.campaign(bench.leads(3), INVITE, time_zone="Asia/Tokyo", name="Asleep")
    awake = bench.walk(None, INVITE, name="Awake")
    bench.tick_until_idle()
    assert bench.sent() == [("invitation", awake.lead.public_identifier)]


# --- Working time ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "at",
    [
        datetime(2026, 3, 2, 8, 59, 59, tzinfo=UTC),
        datetime(2026, 3, 2, 17, 0, 0, tzinfo=UTC),
        datetime(2026, 3, 7, 12, 0, tzinfo=UTC),  # a Saturday
        datetime(2026, 3, 8, 12, 0, tzinfo=UTC),  # a Sunday
        datetime(2026, 12, 25, 12, 0, tzinfo=UTC),  # a Friday, closed
        datetime(2026, 3, 30, 7, 59, tzinfo=UTC),  # 08:59 in London, the day after the clocks went forward
        datetime(2026, 10, 26, 8, 30, tzinfo=UTC),  # 08:30 in London, the day after they went back
    ],
)
def test_nothing_goes_out_outside_working_hours(at: datetime) -> None:
    bench = Bench(at=at)
    bench.campaign(bench.leads(1), INVITE, closed_dates=["2026-12-25"])
    assert bench.tick() == 0
    assert bench.ledger() == []


@pytest.mark.parametrize(
    "at",
    [
        datetime(2026, 3, 2, 9, 0, tzinfo=UTC),
        datetime(2026, 3, 2, 16, 59, 59, tzinfo=UTC),
        datetime(2026, 3, 30, 8, 0, tzinfo=UTC),
    ],
)
def test_working_hours_include_their_first_and_last_moment(at: datetime) -> None:
    bench = Bench(at=at)
    bench.campaign(bench.leads(1), INVITE)
    assert bench.tick() == 1


def test_over_two_weeks_everything_falls_into_working_hours(bench: Bench) -> None:
    bench.unhurried(invitations_per_day=1, time_zone="America/New_York")
    bench.campaign(
        bench.leads(8), INVITE, time_zone="America/New_York", closed_dates=["2026-03-04"], closes_at=time(11)
    )
    for _ in range(14 * 24 * 2):
        bench.tick()
        bench.wait(minutes=30)
    walls = [moment.astimezone(ZoneInfo("America/New_York")) for moment in moments(bench)]
    assert len(walls) == 8
    assert all(wall.weekday() < 5 and 9 <= wall.hour < 11 for wall in walls)
    assert "2026-03-04" not in {str(wall.date()) for wall in walls}


def follow_up_after(bench: Bench, amount: int, unit: str, **fields: object) -> datetime:
    """When the second message goes out, the first having gone out now; the inbox is read all the time."""
    follow_up = StepDraft(Step.Kind.MESSAGE, "And again, {{ first_name }}.", amount, unit)
    bench.walk(bench.lead(bench.friend()), WRITE, follow_up, **fields)
    bench.tick()
    due_at = Enrollment.objects.get().next_action_at
    assert due_at
    for early in (timedelta(seconds=1), timedelta()):
        bench.wait_until(due_at - early)
        bench.read()
        bench.tick()
    assert len(bench.ledger()) == 2
    return moments(bench)[-1]


def test_a_delay_in_working_days_passes_over_weekend_and_closed_dates() -> None:
    bench = Bench(at=datetime(2026, 3, 5, 10, 0, tzinfo=UTC))  # a Thursday
    at = follow_up_after(bench, 2, Step.Unit.WORKING_DAYS, closed_dates=["2026-03-06"])
    assert at == datetime(2026, 3, 10, 10, 0, tzinfo=UTC)


def test_a_delay_in_days_that_ends_on_a_weekend_waits_for_monday_morning() -> None:
    bench = Bench(at=datetime(2026, 3, 5, 10, 0, tzinfo=UTC))
    at = follow_up_after(bench, 2, Step.Unit.DAYS)
    assert at == datetime(2026, 3, 9, 9, 0, tzinfo=UTC)


def test_a_delay_in_minutes_is_kept_to_the_minute(bench: Bench) -> None:
    assert follow_up_after(bench, 30, Step.Unit.MINUTES) == MONDAY_MORNING + timedelta(minutes=30)


def test_a_days_delay_over_a_clock_change_keeps_the_time_on_the_wall() -> None:
    bench = Bench(at=datetime(2026, 3, 27, 10, 0, tzinfo=UTC))  # the Friday before the clocks go forward
    at = follow_up_after(bench, 1, Step.Unit.WORKING_DAYS)
    assert at == datetime(2026, 3, 30, 9, 0, tzinfo=UTC)  # ten o'clock in London


# --- Freshness ------------------------------------------------------------------------------------------


def test_a_follow_up_waits_until_the_inbox_has_been_read(bench: Bench) -> None:
    bench.walk(bench.lead(bench.friend()), WRITE, WRITE_AGAIN)
    bench.tick()
    bench.wait(hours=3)
    assert bench.tick() == 0
    bench.read()
    bench.wait(minutes=11)
    assert bench.tick() == 1


def test_a_first_message_needs_no_reading(bench: Bench) -> None:
    bench.walk(bench.lead(bench.friend()), WRITE)
    assert Account.objects.get(pk=bench.account.pk).messages_read_at is None
    assert bench.tick() == 1


def test_a_reading_that_is_two_hours_old_is_too_old(bench: Bench) -> None:
    bench.walk(bench.lead(bench.friend()), WRITE, WRITE_AGAIN)
    bench.tick()
    bench.wait(hours=1)
    bench.read()
    bench.wait(hours=2, seconds=1)
    assert bench.tick() == 0


def test_a_lead_of_an_account_that_does_not_exist_any_more_is_not_sent_from_another(bench: Bench) -> None:
    gone = make_account(bench.client, provider_account_id="gone", status=Account.Status.DELETED)
    lead = make_lead(bench.client, public_identifier="somebody-else")
    campaign = bench.campaign([bench.lead()], INVITE, start=False)
    walk = campaign.enrollments.get()
    Enrollment.objects.filter(pk=walk.pk).update(account=gone, lead=lead)
    assert bench.tick_until_idle() == 0


def test_an_account_with_nothing_to_do_is_not_looked_at_until_it_has(bench: Bench) -> None:
    """Its alarm rings at its next appointment, at midnight for what is used up, and when something new is planned."""
    bench.unhurried(invitations_per_day=1)
    bench.campaign(bench.leads(2), INVITE)
    assert bench.tick_until_idle() == 1
    account = Account.objects.get(pk=bench.account.pk)
    assert bench.at < account.next_look_at <= bench.at + LOOK_WITHIN
    bench.walk(bench.lead(bench.friend()), WRITE, name="Friends")
    account.refresh_from_db()
    assert account.next_look_at <= bench.at, "a new appointment rings"
    assert bench.tick_until_idle() == 1
    bench.walk(
        bench.lead(bench.friend(number=1)), StepDraft(Step.Kind.MESSAGE, "Hi!", 2, Step.Unit.MINUTES), name="Later"
    )
    bench.wait(minutes=1)
    bench.tick()
    account.refresh_from_db()
    assert account.next_look_at > bench.at, "and not before it is due"
    bench.wait(minutes=1)
    assert bench.tick() == 1


def invite_by_hand(bench: Bench, *, note: str = "") -> str:
    """The owner invites somebody at LinkedIn. Returns the person's provider id."""
    person = bench.stranger().provider_id
    body = {"account_id": bench.account.provider_account_id, "provider_id": person} | (
        {"message": note} if note else {}
    )
    answer = bench.session.post("http://sandbox.test/api/v1/users/invite", json=body, headers={"X-API-KEY": "sandbox"})
    assert answer.ok, answer.text
    return person


def observed(bench: Bench, action: str) -> dict[str, int]:
    rows = Usage.objects.filter(account=bench.account, action=action, observed__gt=0)
    return {f"{row.day:%a}": row.observed for row in rows.order_by("day")}


def test_invitations_of_the_owners_own_hand_use_up_the_caps_each_once_even_when_they_were_accepted(
    bench: Bench,
) -> None:
    bench.unhurried(invitations_per_day=3)
    first = invite_by_hand(bench, note="Hello")
    invite_by_hand(bench)
    bench.read()
    bench.wait(minutes=5)
    bench.control("/accept", account_id=bench.account.provider_account_id, person=first)
    bench.read()
    assert (observed(bench, "invitation"), observed(bench, "invitation_note")) == ({"Mon": 2}, {"Mon": 1})
    invite_by_hand(bench)
    bench.read()
    bench.read()
    assert observed(bench, "invitation") == {"Mon": 3}
    bench.campaign(bench.leads(2), INVITE)
    assert bench.tick_until_idle() == 0


def test_invitations_of_the_engine_are_not_taken_for_the_owners(bench: Bench) -> None:
    bench.unhurried()
    bench.campaign(bench.leads(3), INVITE)
    bench.tick_until_idle()
    bench.read()
    bench.wait(days=9)
    bench.read()
    assert observed(bench, "invitation") == {}
    assert Account.objects.get(pk=bench.account.pk).pending_seen == 3


def test_what_the_owner_did_yesterday_counts_for_the_week_on_the_day_it_was_done(bench: Bench) -> None:
    bench.unhurried(invitations_per_week=3, messages_per_week=1)
    invite_by_hand(bench)
    invite_by_hand(bench)
    letter = {"account_id": (None, bench.account.provider_account_id), "text": (None, "By hand")}
    letter |= {"attendees_ids": (None, bench.friend().provider_id)}
    bench.session.post("http://sandbox.test/api/v1/chats", files=letter, headers={"X-API-KEY": "sandbox"})
    bench.wait_until(bench.at + timedelta(days=1))
    bench.read()
    assert (observed(bench, "invitation"), observed(bench, "message")) == ({"Mon": 2}, {"Mon": 1})
    bench.campaign(bench.leads(3), INVITE)
    bench.walk(bench.lead(bench.friend(number=1)), WRITE, name="Friends")
    assert bench.tick_until_idle() == 1


def test_what_the_owner_has_pending_counts_against_the_ceiling(bench: Bench) -> None:
    bench.unhurried(pending_ceiling=2)
    invite_by_hand(bench)
    invite_by_hand(bench)
    bench.read()
    care(at=bench.at)
    assert "2 invitations are pending" in Account.objects.get(pk=bench.account.pk).slowed_because
