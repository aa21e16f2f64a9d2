"""A campaign that should move and does not raises an alarm, once, with the reasons."""

import pytest

from campaigns.engine.quieting import watch_for_quiet, working_time
from campaigns.explaining import explain_campaign
from campaigns.models import Campaign
from campaigns.stopping import pause_account
from integrations.models import Account
from outreach.events.models import Event
from tests.bench import INVITE, WRITE_NEXT_HOUR, Bench
from tests.planning.worlds import office, utc

pytestmark = pytest.mark.django_db


def alarms() -> list[str]:
    return [" ".join(event.data["reasons"]) for event in Event.objects.filter(kind="campaign_quiet")]


@pytest.mark.parametrize(
    ("since", "until", "hours"),
    [
        ("2026-03-02 10:00", "2026-03-02 12:00", 2),
        ("2026-03-02 16:00", "2026-03-03 10:00", 2),
        ("2026-03-06 16:00", "2026-03-09 10:00", 2),
        ("2026-03-07 10:00", "2026-03-08 10:00", 0),
    ],
)
def test_only_working_hours_count(since: str, until: str, hours: int) -> None:
    assert working_time(office(), utc(since), utc(until)).total_seconds() == hours * 3600


def test_a_logged_out_account_is_noticed_after_a_working_day_and_told_once() -> None:
    bench = Bench()
    campaign = bench.campaign(bench.leads(3), INVITE)
    Account.objects.filter(pk=bench.account.pk).update(status="credentials")
    bench.wait(hours=7)
    assert watch_for_quiet(at=bench.at) == 0
    bench.wait(hours=16, minutes=30)  # the next morning at nine: seven and a half
    assert watch_for_quiet(at=bench.at) == 0
    bench.wait(hours=1)
    assert watch_for_quiet(at=bench.at) == 1
    assert watch_for_quiet(at=bench.at) == 0
    assert "logged out" in alarms()[0]
    Account.objects.filter(pk=bench.account.pk).update(status="ok")
    bench.tick()
    assert watch_for_quiet(at=bench.at) == 0
    assert Campaign.objects.get(pk=campaign.pk).quiet_since is None


def test_waiting_for_acceptances_is_no_alarm() -> None:
    bench = Bench()
    bench.campaign(bench.leads(1), INVITE, WRITE_NEXT_HOUR)
    bench.tick()
    bench.wait(days=5)
    assert watch_for_quiet(at=bench.at) == 0


def test_the_story_of_a_campaign_counts_who_can_move_and_what_keeps_the_rest() -> None:
    bench = Bench()
    bench.unhurried()
    campaign = bench.campaign(bench.leads(5), INVITE)
    bench.tick()
    bench.wait(minutes=1)
    story = explain_campaign(campaign=campaign, at=bench.at)
    assert (story.can_move, story.of) == (4, 5)
    assert any("waiting for the invitation" in line for line in story.lines)
    bench.wait(hours=12)
    story = explain_campaign(campaign=campaign, at=bench.at)
    assert story.can_move == 0
    assert story.lines[0].startswith("outside working hours until Tue 09:00")
    bench.wait(hours=12)
    pause_account(account=bench.account, by=None, at=bench.at)
    story = explain_campaign(campaign=campaign, at=bench.at)
    assert story.can_move == 0
    assert any(line.startswith(f"account {bench.account}: the account is paused") for line in story.lines)
