"""Accounts kept from harm: weeks, notes, new leads a day, stale invitations, slow-downs. Judged by the ledger."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import time, timedelta

import pytest
from django.db.models import CharField, Value
from django.db.models.functions import Cast, Concat

from campaigns.editing import StepDraft
from campaigns.engine import withdrawing
from campaigns.engine.caring import care
from campaigns.engine.withdrawing import withdraw_stale
from campaigns.explaining import explain_in_words
from campaigns.models import Campaign, Enrollment
from campaigns.stopping import pause_campaign, resume_campaign, stop_engine
from integrations.errors import ProviderError, Verdict
from integrations.models import Account, Dispatch, Usage
from integrations.rebuilding import rebuild_usage
from integrations.unipile.types import SentInvitation
from leads.models import Lead
from outreach.events.models import Event
from outreach.milestones import observed_by
from tests.bench import INVITE, WRITE_NEXT_HOUR, Bench, breaking_the_call

pytestmark = pytest.mark.django_db


def invited(bench: Bench) -> int:
    return [kind for kind, _ in bench.sent()].count("invitation")


def a_day(bench: Bench) -> None:
    """A whole working day, read and ticked, to the next morning."""
    bench.read()
    bench.tick_until_idle()
    bench.wait_until(bench.at.replace(hour=9, minute=30) + timedelta(days=1))


def test_a_weekly_limit_holds_over_any_seven_days_and_says_when_it_reopens() -> None:
    bench = Bench()
    bench.unhurried(invitations_per_day=4, invitations_per_week=6)
    campaign = bench.campaign(bench.leads(12))
    counts = []
    for _ in range(9):
        before = invited(bench)
        a_day(bench)
        counts.append(invited(bench) - before)
    # Monday to Tuesday of the week after: Monday's four are free again on the next Monday.
    assert counts == [4, 2, 0, 0, 0, 0, 0, 4, 2]
    waiting = campaign.enrollments.filter(next_action="invitation").first()
    assert waiting is None or "seven days" in " ".join(explain_in_words(enrollment=waiting, at=bench.at))
    assert rebuild_usage(dry_run=True) == []


def test_the_sentence_names_the_week_and_its_end() -> None:
    bench = Bench()
    bench.unhurried(invitations_per_day=4, invitations_per_week=2)
    campaign = bench.campaign(bench.leads(3))
    bench.tick_until_idle()
    bench.wait(days=1)
    waiting = campaign.enrollments.get(invited_at=None)
    Enrollment.objects.filter(pk=waiting.pk).update(next_action_at=bench.at)
    waiting.refresh_from_db()
    words = " ".join(explain_in_words(enrollment=waiting, at=bench.at))
    assert "2 of 2 in seven days, set for this account" in words
    assert "until Mon 00:00" in words


def test_when_the_notes_are_used_up_invitations_go_out_bare() -> None:
    bench = Bench()
    bench.unhurried(notes_per_month=2)
    bench.campaign(bench.leads(4), INVITE)
    bench.tick_until_idle()
    texts = [entry["text"] for entry in bench.ledger()]
    assert [bool(text) for text in texts] == [True, True, False, False]
    assert Usage.objects.get(action="invitation_note").used == 2
    assert rebuild_usage(dry_run=True) == []


def test_unless_the_step_insists_on_its_note() -> None:
    bench = Bench()
    bench.unhurried(notes_per_month=2)
    insists = StepDraft("connection_request", "Hi {{ first_name }}!", options={"bare_if_refused": False})
    bench.campaign(bench.leads(4), insists)
    bench.tick_until_idle()
    assert invited(bench) == 2


def test_a_campaign_begins_with_only_so_many_new_leads_a_day_and_follow_ups_do_not_count() -> None:
    bench = Bench()
    bench.unhurried()
    friends = [bench.lead(bench.friend(number=number)) for number in range(2)]
    campaign = bench.campaign([*friends, *bench.leads(5)], INVITE, WRITE_NEXT_HOUR, new_leads_per_day=2)
    counts = []
    for _ in range(3):
        before = len(bench.ledger())
        a_day(bench)
        counts.append(len(bench.ledger()) - before)
    assert counts == [2, 2, 2]
    assert campaign.days.count() == 3


def test_steps_within_the_house_do_not_use_up_the_new_leads_of_a_day_nor_escape_them() -> None:
    bench = Bench()
    bench.unhurried()
    tag = StepDraft("tag", options={"tag": "seen"})
    campaign = bench.campaign(bench.leads(5), tag, INVITE, new_leads_per_day=2)
    bench.tick()
    assert campaign.days.count() == 0
    counts = []
    for _ in range(3):
        before = invited(bench)
        a_day(bench)
        counts.append(invited(bench) - before)
    assert counts == [2, 2, 1]


def test_a_first_step_that_did_not_go_out_gives_its_place_back() -> None:
    bench = Bench()
    bench.unhurried()
    campaign = bench.campaign(bench.leads(2), INVITE, new_leads_per_day=1)

    def pause(milestone: str) -> None:
        if milestone == "after_preflight":
            pause_campaign(campaign=campaign, by=None, at=bench.at)

    with observed_by(pause):
        bench.tick()
    assert bench.ledger() == []
    assert campaign.days.get().begun == 0
    resume_campaign(campaign=campaign, by=None, at=bench.at)
    bench.wait(minutes=5)
    bench.tick_until_idle()
    assert (invited(bench), campaign.days.get().begun) == (1, 1)


def test_a_first_step_that_the_provider_refused_gives_its_place_back() -> None:
    bench = Bench()
    bench.unhurried()
    campaign = bench.campaign(bench.leads(2), INVITE, new_leads_per_day=1)
    with breaking_the_call(bench, rate_limit=1):
        bench.tick()
    assert (bench.ledger(), campaign.days.get().begun) == ([], 0)
    bench.wait(minutes=10)
    bench.tick()
    assert (invited(bench), campaign.days.get().begun) == (1, 1)


def test_a_stale_invitation_is_withdrawn_once_and_its_lead_leaves() -> None:
    bench = Bench()
    walk = bench.walk(None, INVITE, WRITE_NEXT_HOUR, withdraw_after_days=10)
    bench.tick()
    bench.wait(days=9)
    assert withdraw_stale(at=bench.at, client=bench.provider) == 0
    bench.wait(days=1)
    assert withdraw_stale(at=bench.at, client=bench.provider) == 1
    bench.wait(hours=1)
    assert withdraw_stale(at=bench.at, client=bench.provider) == 0
    walk.refresh_from_db()
    assert (walk.state, walk.exit_reason, walk.withdrawn_at is not None) == ("exited", "not_accepted", True)
    assert list(bench.provider.sent_invitations(bench.account.provider_account_id)) == []
    assert Event.objects.filter(kind="invitation_withdrawn").count() == 1
    assert Dispatch.objects.filter(action="withdrawal", state="sent").count() == 1


@pytest.mark.parametrize("days", [10, 21, 45])
def test_an_acceptance_is_awaited_as_long_as_the_invitation_may_stand(days: int) -> None:
    bench = Bench()
    walk = bench.walk(None, INVITE, WRITE_NEXT_HOUR, withdraw_after_days=days)
    bench.tick()
    bench.wait(days=days, hours=-1)
    bench.read()
    bench.keep_house()
    walk.refresh_from_db()
    assert (walk.state, walk.next_action) == ("active", "expire")
    assert any("accepted" in words for words in explain_in_words(enrollment=walk, at=bench.at))
    bench.accept(bench.person_of(walk.lead))
    bench.read()
    walk.refresh_from_db()
    assert (walk.state, walk.next_action) == ("active", "message")


def test_who_accepted_at_the_last_moment_is_not_lost_when_the_invitation_is_to_be_withdrawn() -> None:
    bench = Bench()
    walk = bench.walk(None, INVITE, WRITE_NEXT_HOUR, withdraw_after_days=10)
    bench.tick()
    bench.wait(days=10)
    bench.accept(bench.person_of(walk.lead))
    assert withdraw_stale(at=bench.at, client=bench.provider) == 1
    walk.refresh_from_db()
    assert (walk.state, walk.stage, walk.next_action, walk.withdrawn_at) == ("active", "connected", "message", None)
    assert not Event.objects.filter(kind="invitation_withdrawn").exists()
    assert Event.objects.filter(kind="connection_accepted").count() == 1


def test_a_withdrawal_that_linkedin_refuses_is_not_tried_again_all_day() -> None:
    bench = Bench()
    bench.unhurried()
    bench.walk(None, INVITE, withdraw_after_days=10)
    bench.tick()
    bench.wait(days=10)
    tries = []
    with breaking_withdrawals(bench):
        for _ in range(5):
            tries.append(withdraw_stale(at=bench.at, client=bench.provider))
            bench.wait(minutes=5)
    assert tries == [1, 0, 0, 0, 0]
    bench.wait(days=1)
    assert withdraw_stale(at=bench.at, client=bench.provider) == 1
    assert Enrollment.objects.get().withdrawn_at is not None


@contextmanager
def breaking_withdrawals(bench: Bench) -> Iterator[None]:
    """LinkedIn says no to each, for a reason that does not pass."""
    right = bench.provider.withdraw_invitation

    def refuse(*, account_id: str, invitation_id: str) -> None:
        raise ProviderError(Verdict.FEATURE_MISSING, status=403, title="Not allowed")

    bench.provider.withdraw_invitation = refuse  # type: ignore[method-assign]
    yield
    bench.provider.withdraw_invitation = right  # type: ignore[method-assign]


def test_many_stale_invitations_of_one_account_do_not_hold_up_anothers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(withdrawing, "BATCH", 2)
    bench = Bench()
    bench.unhurried()
    night = bench.campaign(bench.leads(25), INVITE, withdraw_after_days=10, name="Night")
    Enrollment.objects.update(invited_at=bench.at - timedelta(days=30))
    Lead.objects.update(provider_id=Concat(Value("ACoAA"), Cast("pk", CharField())))
    Campaign.objects.filter(pk=night.pk).update(opens_at=time(22), closes_at=time(23))
    bench.walk(None, INVITE, accounts=[bench.free], withdraw_after_days=10, name="Other")
    bench.tick()
    bench.wait(days=10)
    assert withdraw_stale(at=bench.at, client=bench.provider) == 1


def test_an_invitation_that_does_not_say_to_whom_it_is_is_never_withdrawn_for_somebody_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = Bench()
    nameless = SentInvitation.read({"id": "744", "invited_user_id": None})
    monkeypatch.setattr(bench.provider, "sent_invitations", lambda account_id: iter([nameless]))
    walk = bench.walk(None, StepDraft("withdraw_invitation"))
    bench.tick_until_idle()
    walk.refresh_from_db()
    assert (walk.state, walk.withdrawn_at) == ("completed", None)
    assert not Dispatch.objects.filter(called_at__isnull=False).exists()


def test_nothing_is_withdrawn_from_who_has_answered() -> None:
    """They answered the note without accepting: a person is in the conversation now (law 2)."""
    bench = Bench()
    walk = bench.walk(None, INVITE, withdraw_after_days=10)
    bench.tick()
    bench.wait(days=1)
    bench.answer(bench.person_of(walk.lead))
    bench.read()
    bench.wait(days=9)
    assert withdraw_stale(at=bench.at, client=bench.provider) == 0
    assert [kind for kind, _ in bench.sent()] == ["invitation"]


def test_nothing_is_withdrawn_outside_hours_or_while_stopped() -> None:
    bench = Bench()
    bench.walk(None, INVITE, withdraw_after_days=10)
    bench.tick()
    bench.wait(days=10, hours=12)
    assert withdraw_stale(at=bench.at, client=bench.provider) == 0
    bench.wait(hours=12)
    stop_engine(by=None, at=bench.at)
    assert withdraw_stale(at=bench.at, client=bench.provider) == 0


def test_a_withdrawal_whose_answer_was_lost_is_settled_by_the_list_of_the_pending() -> None:
    bench = Bench()
    walk = bench.walk(None, INVITE, withdraw_after_days=10)
    bench.tick()
    bench.wait(days=10)
    bench.faults(timeout_after=1.0)
    withdraw_stale(at=bench.at, client=bench.provider)
    bench.faults()
    assert Dispatch.objects.get(action="withdrawal").state == "unknown"
    bench.wait(minutes=30)
    bench.recover()
    bench.wait(hours=2)
    withdraw_stale(at=bench.at, client=bench.provider)
    walk.refresh_from_db()
    assert walk.withdrawn_at is not None
    assert Dispatch.objects.filter(action="withdrawal", state="sent").count() == 1


def test_who_was_withdrawn_is_not_invited_again_for_three_weeks() -> None:
    bench = Bench()
    walk = bench.walk(None, INVITE, withdraw_after_days=10)
    bench.tick()
    bench.wait(days=10)
    withdraw_stale(at=bench.at, client=bench.provider)
    again = bench.walk(walk.lead, INVITE, name="Again", not_again_within_days=0)
    bench.wait(days=1)
    bench.tick_until_idle()
    assert invited(bench) == 1
    assert "invited too recently" in " ".join(explain_in_words(enrollment=again, at=bench.at))
    bench.wait_until(bench.at + timedelta(days=21))
    bench.tick_until_idle()
    assert invited(bench) == 2


def test_too_many_pending_invitations_stop_new_ones_until_there_are_fewer() -> None:
    bench = Bench()
    bench.unhurried(pending_ceiling=3)
    campaign = bench.campaign(bench.leads(5), INVITE)
    for _ in range(3):
        bench.tick()
        bench.wait(minutes=1)
    assert care(at=bench.at) == 1
    assert bench.tick() == 0
    assert Account.objects.get(pk=bench.account.pk).slowed_because == "3 invitations are pending, the ceiling is 3"
    first = campaign.enrollments.filter(invited_at__isnull=False).first()
    assert first is not None
    bench.accept(bench.person_of(first.lead))
    bench.read()
    bench.wait(hours=2)
    assert care(at=bench.at) == 1
    assert bench.tick() == 1
    assert list(Event.objects.filter(kind__startswith="account_").values_list("kind", flat=True)) != []


@pytest.mark.parametrize(("accepted", "slowed_to"), [(3, 12), (8, None)])
def test_a_low_rate_of_acceptance_halves_the_day(accepted: int, slowed_to: int | None) -> None:
    bench = Bench()
    leads = bench.leads(40)
    bench.campaign(leads, INVITE)
    Enrollment.objects.update(invited_at=bench.at)
    bench.wait(days=8)
    for row in Enrollment.objects.all()[:accepted]:
        Enrollment.objects.filter(pk=row.pk).update(connected_at=bench.at)
    care(at=bench.at)
    assert Account.objects.get(pk=bench.account.pk).invitations_slowed_to == slowed_to


def test_half_of_a_day_is_half_of_what_the_smallest_limit_leaves() -> None:
    bench = Bench()
    bench.unhurried(invitations_per_day=200)  # the plan's 30 is the smaller one
    bench.campaign(bench.leads(40), INVITE, accounts=[bench.free])
    Enrollment.objects.update(invited_at=bench.at)
    bench.wait(days=8)
    care(at=bench.at)
    assert Account.objects.get(pk=bench.free.pk).invitations_slowed_to == 15


def test_a_restricted_account_stops_alone() -> None:
    bench = Bench()
    bench.unhurried()
    bench.campaign(bench.leads(4), INVITE, accounts=[bench.account, bench.free])
    Account.objects.filter(pk=bench.account.pk).update(status="restricted")
    bench.tick_until_idle()
    assert {entry["account_id"] for entry in bench.ledger()} == {bench.free.provider_account_id}
    assert invited(bench) == 2
