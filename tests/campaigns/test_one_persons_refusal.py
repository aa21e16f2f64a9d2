"""Whose refusal is it? The account's cap, this one person's, or that of somebody who asks too fast."""

from datetime import timedelta

import pytest

from campaigns.engine.withdrawing import withdraw_stale
from campaigns.models import Enrollment
from integrations.models import Account, ActionSleep, Dispatch, ProviderHealth
from outreach.milestones import observed_by
from tests.bench import INVITE, Bench, breaking_the_call, used

pytestmark = pytest.mark.django_db
ALWAYS = {"opens_at": "00:00", "closes_at": "23:59", "weekdays": list(range(7))}


@pytest.fixture
def bench() -> Bench:
    made = Bench()
    made.unhurried()
    return made


def until_awake(bench: Bench) -> None:
    bench.wait_until(ActionSleep.objects.get().until + timedelta(minutes=1))


def test_a_person_withdrawn_lately_is_told_apart_from_the_cap_and_the_account_goes_on(bench: Bench) -> None:
    person = bench.stranger()
    bench.walk(bench.lead(person), INVITE, name="Before", withdraw_after_days=1)
    bench.tick()
    bench.wait(days=1)
    assert withdraw_stale(at=bench.at, client=bench.provider) == 1
    Enrollment.objects.update(withdrawn_at=bench.at - timedelta(days=40))  # ours have forgotten it, LinkedIn has not
    bench.wait(hours=1)
    lead = Enrollment.objects.get().lead
    again = bench.walk(lead, INVITE, name="Again", not_again_within_days=0, **ALWAYS)
    other = bench.walk(None, INVITE, name="Other", **ALWAYS)
    bench.faults(ambiguous=1)
    bench.tick_until_idle()
    again.refresh_from_db()
    assert (again.state, again.exit_reason) == ("exited", "cooling_down")
    assert not ActionSleep.objects.exists(), "the account is not to blame"
    assert bench.sent()[-1] == ("invitation", other.lead.public_identifier)


def test_somebody_pending_who_is_refused_in_the_words_of_the_cap_counts_as_invited(bench: Bench) -> None:
    walk = bench.walk(None, INVITE)
    person = bench.person_of(walk.lead)

    by_hand(bench, bench.account, person.provider_id)
    with breaking_the_call(bench, ambiguous=1):
        bench.tick()
    walk.refresh_from_db()
    assert (walk.stage, ActionSleep.objects.exists()) == ("invite_sent", False)


def by_hand(bench: Bench, account: Account, provider_id: str) -> None:
    body = {"account_id": account.provider_account_id, "provider_id": provider_id}
    answer = bench.session.post("http://sandbox.test/api/v1/users/invite", json=body, headers={"X-API-KEY": "sandbox"})
    assert answer.ok, answer.text


def test_one_person_who_is_refused_for_ever_does_not_keep_the_account_from_all_others(bench: Bench) -> None:
    odd, *others = bench.leads(4)
    campaign = bench.campaign([odd, *others], INVITE, **ALWAYS)
    refused = bench.person_of(odd).provider_id

    def observe(milestone: str) -> None:
        """LinkedIn takes everybody but this one."""
        called = Dispatch.objects.filter(state="sending", person=refused).exists()
        bench.faults(**({"cap": 1} if milestone == "after_confirm" and called else {}))

    with observed_by(observe):
        for _ in range(12):
            bench.tick()
            bench.wait(minutes=1)
            if ActionSleep.objects.filter(until__gt=bench.at).exists():
                until_awake(bench)
    invited = {slug for kind, slug in bench.sent() if kind == "invitation"}
    assert invited == {lead.public_identifier for lead in others}
    walk = campaign.enrollments.get(lead=odd)
    assert (walk.state, walk.exit_reason, walk.invited_at) == ("exited", "cooling_down", None)
    assert used(bench.account, "invitation") == 3


def test_two_people_refused_one_after_the_other_are_the_accounts_cap(bench: Bench) -> None:
    campaign = bench.campaign(bench.leads(3), INVITE, **ALWAYS)
    bench.faults(cap={"rate": 1, "times": 3})
    for _ in range(3):
        assert bench.tick() == 1
        until_awake(bench)
    assert len(set(Dispatch.objects.values_list("person", flat=True))) == 2
    bench.tick_until_idle()
    assert campaign.enrollments.filter(stage="invite_sent").count() == 3, "nobody was lost"


def test_an_account_that_asks_too_fast_rests_and_no_other_lead_of_it_is_tried_meanwhile(bench: Bench) -> None:
    bench.campaign(bench.leads(6), INVITE)
    bench.faults(rate_limit=1)
    for _ in range(20):
        bench.tick()
        bench.wait(minutes=1)
    refused = Dispatch.objects.filter(verdict="throttled").count()
    assert 2 <= refused <= 8
    assert not ProviderHealth.objects.filter(failures_in_a_row__gt=0).exists(), "the provider itself is well"
    bench.faults()
    bench.wait(hours=1)
    bench.tick_until_idle()
    assert len(bench.ledger()) == 6


def test_one_account_that_asks_too_fast_does_not_slow_another(bench: Bench) -> None:
    bench.walk(None, INVITE, accounts=[bench.account])
    bench.campaign(bench.leads(3), INVITE, accounts=[bench.free], name="Other")
    bench.faults(rate_limit={"rate": 1, "times": 1})
    bench.tick(limit=1)
    bench.faults()
    bench.tick_until_idle()
    by_account = [entry["account_id"] for entry in bench.ledger()]
    assert by_account.count(bench.free.provider_account_id) == 3
