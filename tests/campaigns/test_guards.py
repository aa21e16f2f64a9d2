"""Guards: who is left alone, at enrolment and in the gate, with the reason in words."""

from datetime import timedelta

import pytest

from campaigns.activating import activate_campaign
from campaigns.editing import StepDraft
from campaigns.enrolling import enroll
from campaigns.explaining import explain_in_words
from campaigns.models import Enrollment
from campaigns.stopping import pause_campaign, pause_enrollment, resume_campaign, stop_enrollment
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


def test_a_tag_before_the_first_message_does_not_get_round_the_guards() -> None:
    bench = Bench()
    bench.unhurried()
    lead, tag = bench.lead(), StepDraft("tag", options={"tag": "x"})
    walks = [
        bench.campaign([lead], tag, INVITE, name=name, start=False, not_again_within_days=0)
        for name in ("First", "Second")
    ]
    for campaign in walks:
        activate_campaign(campaign=campaign, by=None, at=bench.at)
    bench.read()
    bench.tick_until_idle()
    assert len(bench.ledger()) == 1
    assert "another running campaign: First" in why(bench, walks[1].enrollments.get())


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


TAG = StepDraft("tag", options={"tag": "new"})


def on_and_on(bench: Bench) -> None:
    for _ in range(6):
        bench.read()
        bench.tick()
        bench.wait(minutes=1)


def test_a_tag_or_a_wait_in_front_lets_nobody_past_the_guards() -> None:
    bench = Bench()
    bench.unhurried()
    lead = bench.lead()
    first = bench.campaign([lead], TAG, INVITE, name="First", start=False)
    second = bench.campaign([lead], TAG, INVITE, name="Second", start=False)
    for campaign in (second, first):
        activate_campaign(campaign=campaign, by=None, at=bench.at)
    on_and_on(bench)
    assert len(bench.sent()) == 1
    assert first.enrollments.get().invited_at is not None
    assert "another running campaign: First" in why(bench, second.enrollments.get())


def test_a_company_is_the_same_however_it_is_spelled() -> None:
    bench = Bench()
    bench.unhurried()
    names = ("Nordkaj", "NORDKAJ  GmbH", "Nordkaj, Inc.", "nordkaj a/s")
    campaign = bench.campaign([bench.lead(company=name) for name in names], TAG, INVITE, company_limit=2)
    on_and_on(bench)
    assert len(bench.sent()) == 2
    waiting = campaign.enrollments.filter(invited_at=None)[0]
    assert "2 of " in why(bench, waiting)


def test_enrolling_tells_who_will_wait_for_colleagues() -> None:
    bench = Bench()
    bench.unhurried()
    friend = bench.friend()
    bench.campaign([bench.lead(friend, company="Nordkaj")], WRITE)
    bench.read()
    bench.tick()
    bench.wait(minutes=1)
    colleague = bench.lead(company="Nordkaj AB")
    campaign = make_campaign(bench.client, [bench.account], steps=(INVITE,), name="Second", company_limit=1)
    report = enroll(campaign=campaign, leads=[colleague], by=None, at=bench.at)
    assert (report.enrolled, [str(each.because) for each in report.waiting]) == (1, [])
    Enrollment.objects.filter(campaign=campaign).delete()
    bench.walk(bench.lead(bench.friend(number=1), company="NORDKAJ"), WRITE, WRITE_NEXT_HOUR, name="Third")
    bench.read()
    bench.tick()
    report = enroll(campaign=campaign, leads=[colleague], by=None, at=bench.at)
    assert [str(each.because) for each in report.waiting] == ["company_busy"]
    assert "the limit is 1" in report.waiting[0].detail
    Enrollment.objects.filter(campaign=campaign).delete()
    bench.wait(minutes=1)
    bench.answer(friend)
    bench.read()
    report = enroll(campaign=campaign, leads=[colleague], by=None, at=bench.at)
    assert [str(each.because) for each in report.waiting] == ["colleague_replied"]


def test_somebody_whom_another_sender_has_invited_is_refused_or_given_to_that_sender() -> None:
    bench = Bench()
    walk = bench.walk(accounts=[bench.free], name="First")
    bench.tick()
    pause_enrollment(enrollment=walk, by=None, at=bench.at)
    fields = {"one_campaign_at_a_time": False, "not_again_within_days": 0}
    assert [because for because, _ in refused(bench, walk.lead, **fields)] == ["other_sender"]
    both = make_campaign(bench.client, [bench.account, bench.free], steps=(INVITE,), name="Both", **fields)
    enroll(campaign=both, leads=[walk.lead], by=None, at=bench.at)
    assert both.enrollments.get().account == bench.free


def test_the_refusal_names_the_campaign_that_wrote_lately() -> None:
    bench = Bench()
    walk = bench.walk(None, INVITE, name="First")
    bench.tick()
    stop_enrollment(enrollment=walk, by=None, at=bench.at)
    assert "First on 02 Mar" in refused(bench, walk.lead)[0][1]


def test_a_campaign_resumed_into_another_lets_only_the_one_that_was_there_before_go_on() -> None:
    bench = Bench()
    bench.unhurried()
    lead = bench.lead(bench.friend())
    fields = {"not_again_within_days": 0, "one_sender_at_a_time": False}
    much_later = StepDraft("message", "A last word, {{ first_name }}.", 5, "days")
    first = bench.walk(lead, WRITE, WRITE_NEXT_HOUR, much_later, name="First", **fields)
    bench.read()
    bench.tick()
    pause_campaign(campaign=first.campaign, by=None, at=bench.at)
    bench.wait(minutes=1)
    again = StepDraft("message", "Once more, {{ first_name }}.", 1, "hours")
    second = bench.walk(lead, StepDraft("message", "A word, {{ first_name }}."), again, name="Second", **fields)
    bench.read()
    bench.tick()
    resume_campaign(campaign=first.campaign, by=None, at=bench.at)
    bench.wait(hours=2)
    bench.read()
    bench.tick_until_idle()
    second.refresh_from_db()
    assert (len(bench.sent()), second.position) == (3, 1)
    assert "another running campaign: First" in why(bench, second)
    stop_enrollment(enrollment=first, by=None, at=bench.at)
    bench.wait(minutes=20)
    bench.read()
    bench.tick_until_idle()
    assert len(bench.sent()) == 4


def test_new_leads_of_the_day_are_counted_when_something_first_reaches_them() -> None:
    bench = Bench()
    bench.unhurried()
    bench.campaign(bench.leads(4), TAG, INVITE, new_leads_per_day=2)
    on_and_on(bench)
    assert len(bench.sent()) == 2


def test_whoever_is_moved_to_another_campaign_is_not_kept_out_by_what_the_first_one_sent() -> None:
    bench = Bench()
    bench.unhurried()
    there = bench.campaign([], WRITE_NEXT_HOUR, name="There")
    move = StepDraft("move", options={"campaign": str(there.pk)})
    bench.walk(bench.lead(bench.friend()), WRITE, move, name="Here")
    bench.read()
    bench.tick()
    bench.tick()
    bench.wait(hours=2)
    bench.read()
    bench.tick_until_idle()
    assert len(bench.sent()) == 2
    assert there.enrollments.get().state == "completed"


def test_a_sequence_that_begins_within_the_house_is_guarded_all_the_same() -> None:
    """A tag or a wait reaches nobody: what comes after it is still the first step that the lead sees."""
    bench = Bench()
    bench.unhurried()
    tag = StepDraft("tag", options={"tag": "seen"})
    leads = [bench.lead(company="Nordkaj"), bench.lead(company="Nordkaj")]
    campaign = bench.campaign(leads, tag, INVITE, company_limit=1)
    bench.read()
    bench.tick_until_idle()
    invited = campaign.enrollments.filter(invited_at__isnull=False)
    assert (invited.count(), len(bench.ledger())) == (1, 1)
    assert "enough people of this company" in why(bench, campaign.enrollments.get(invited_at=None))


def test_a_sequence_that_begins_within_the_house_begins_with_as_many_new_leads_as_any() -> None:
    bench = Bench()
    bench.unhurried()
    campaign = bench.campaign(bench.leads(3), StepDraft("wait"), INVITE, new_leads_per_day=1)
    bench.read()
    bench.tick_until_idle()
    assert len(bench.ledger()) == 1
    assert campaign.days.get().begun == 1
    bench.wait(days=1)
    bench.read()
    bench.tick_until_idle()
    assert len(bench.ledger()) == 2


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
