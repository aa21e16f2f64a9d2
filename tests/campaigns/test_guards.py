"""Guards: who is left alone, at enrolment and in the gate, with the reason in words."""

from datetime import timedelta

import pytest

from campaigns.activating import activate_campaign
from campaigns.enrolling import enroll
from campaigns.explaining import explain_in_words
from campaigns.models import Enrollment
from campaigns.stopping import pause_enrollment, stop_enrollment
from leads.models import Lead
from tests.bench import INVITE, WRITE, WRITE_NEXT_HOUR, Bench
from tests.worlds import make_campaign, make_lead

pytestmark = pytest.mark.django_db


def refused(bench: Bench, lead: Lead, **fields: object) -> list[tuple[str, str]]:
    campaign = make_campaign(bench.client, [bench.account], steps=(INVITE,), name="Second", at=bench.at, **fields)
    report = enroll(campaign=campaign, leads=[lead], by=None, at=bench.at)
    return [(str(refusal.because), refusal.detail) for refusal in report.refused]


def why(bench: Bench, walk: Enrollment) -> str:
    walk.refresh_from_db()
    return " ".join(explain_in_words(enrollment=walk, at=bench.at))


def test_the_same_person_is_not_enrolled_in_a_second_running_campaign() -> None:
    bench = Bench()
    walk = bench.walk(bench.lead(email="ada@nordkaj.example"), name="First")
    assert refused(bench, walk.lead) == [("other_campaign", "the same person is in another running campaign: First")]
    twin = make_lead(bench.client, email="Ada@nordkaj.example", public_identifier="another-ada")
    assert [because for because, _ in refused(bench, twin)] == ["other_campaign"]
    assert refused(bench, walk.lead, one_campaign_at_a_time=False) == []


def test_of_two_walks_the_one_enrolled_first_goes_first_and_the_other_after_it() -> None:
    bench = Bench()
    bench.unhurried()
    lead = bench.lead()
    first = bench.campaign([lead], INVITE, name="First", start=False)
    second = bench.campaign([lead], INVITE, name="Second", start=False, not_again_within_days=0)
    activate_campaign(campaign=second, by=None, at=bench.at)
    activate_campaign(campaign=first, by=None, at=bench.at)
    bench.tick_until_idle()
    (ours,) = first.enrollments.all()
    (theirs,) = second.enrollments.all()
    assert (ours.invited_at is not None, theirs.invited_at) == (True, None)
    assert "another running campaign: First" in why(bench, theirs)
    stop_enrollment(enrollment=ours, by=None, at=bench.at)
    bench.wait(minutes=20)
    assert "another running campaign" not in why(bench, theirs)


def test_a_person_another_sender_talks_to_is_left_to_them() -> None:
    bench = Bench()
    friend = bench.friend(bench.free)
    lead = bench.lead(friend)
    bench.sandbox.advance()
    bench.answer(friend, "Good morning", account=bench.free)
    bench.read()
    found = refused(bench, lead)
    assert [because for because, _ in found] == ["other_sender"]
    assert bench.free.name in found[0][1]
    assert refused(bench, lead, one_sender_at_a_time=False) == []


def test_a_lead_is_given_to_the_sender_who_knows_them() -> None:
    bench = Bench()
    lead = bench.lead(bench.friend(bench.free))
    Lead.objects.filter(pk=lead.pk).update(provider_id=bench.person_of(lead).provider_id)
    bench.read()
    campaign = bench.campaign([lead], WRITE, accounts=[bench.account, bench.free])
    assert campaign.enrollments.get().account == bench.free


def test_only_so_many_people_of_one_company_at_once() -> None:
    bench = Bench()
    bench.unhurried()
    leads = [bench.lead(company=" Nordkaj " if number % 2 else "NORDKAJ") for number in range(4)]
    Lead.objects.filter(company=" Nordkaj ").update(company="Nordkaj")
    campaign = bench.campaign(leads, INVITE, company_limit=2)
    bench.tick_until_idle()
    assert len(bench.sent()) == 2
    waiting = campaign.enrollments.filter(invited_at=None).first()
    assert waiting is not None
    assert "enough people of this company" in why(bench, waiting)
    begun = campaign.enrollments.filter(invited_at__isnull=False).first()
    assert begun is not None
    stop_enrollment(enrollment=begun, by=None, at=bench.at)
    bench.wait(minutes=20)
    bench.tick_until_idle()
    assert len(bench.sent()) == 3


def test_colleagues_are_left_alone_for_days_after_an_answer_and_then_go_on() -> None:
    bench = Bench()
    bench.unhurried()
    leads = [bench.lead(bench.friend(number=number), company="Nordkaj") for number in range(2)]
    campaign = bench.campaign(leads, WRITE, WRITE_NEXT_HOUR, colleague_pause_days=3)
    bench.read()
    bench.tick_until_idle()
    assert len(bench.sent()) == 2
    bench.answer(bench.person_of(leads[0]))
    bench.read()
    bench.wait(hours=2)
    bench.read()
    bench.tick_until_idle()
    other = campaign.enrollments.get(lead=leads[1])
    assert len(bench.sent()) == 2
    assert "a colleague has answered" in why(bench, other)
    bench.wait_until(bench.at + timedelta(days=3))
    bench.read()
    bench.tick_until_idle()
    assert len(bench.sent()) == 3


def test_nobody_is_written_to_again_by_another_campaign_within_the_days() -> None:
    bench = Bench()
    walk = bench.walk(None, INVITE, name="First")
    bench.tick()
    stop_enrollment(enrollment=walk, by=None, at=bench.at)
    bench.wait(days=5)
    found = refused(bench, walk.lead)
    assert [because for because, _ in found] == ["contacted_recently"]
    assert refused(bench, walk.lead, not_again_within_days=3) == []


def test_a_paused_walk_still_counts_as_another_campaign() -> None:
    bench = Bench()
    walk = bench.walk(name="First")
    pause_enrollment(enrollment=walk, by=None, at=bench.at)
    assert [because for because, _ in refused(bench, walk.lead)] == ["other_campaign"]


def test_the_gate_leaves_somebody_to_another_sender_who_began_to_talk_after_the_enrolment() -> None:
    bench = Bench()
    friend = bench.friend(bench.free)
    walk = bench.walk(bench.lead(friend, provider_id=friend.provider_id), INVITE)
    bench.provider.start_chat(
        account_id=bench.free.provider_account_id, attendee_provider_id=friend.provider_id, text="Good morning"
    )
    bench.wait(minutes=1)
    bench.read()
    bench.tick()
    assert [kind for kind, _ in bench.sent()] == ["message"], "the other sender's own words, and no invitation"
    assert bench.free.name in why(bench, walk)


def test_the_gate_waits_out_the_days_since_another_campaign_wrote() -> None:
    bench = Bench()
    bench.unhurried()
    lead = bench.lead()
    first = bench.campaign([lead], INVITE, name="First", start=False)
    second = bench.campaign(
        [lead], INVITE, name="Second", start=False, one_campaign_at_a_time=False, not_again_within_days=5
    )
    activate_campaign(campaign=first, by=None, at=bench.at)
    bench.tick()
    stop_enrollment(enrollment=first.enrollments.get(), by=None, at=bench.at)
    activate_campaign(campaign=second, by=None, at=bench.at)
    for _ in range(4):
        bench.wait(days=1)
        bench.tick()
    execution = second.enrollments.get().executions.first()
    assert execution is None, "the second campaign began within the days"
    bench.wait(days=3)
    bench.tick()
    assert second.enrollments.get().executions.exists()
