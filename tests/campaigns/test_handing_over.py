"""A sender leaves: untouched leads go to another, the others stay or end; nothing in flight is moved."""

from typing import Literal

import pytest
from django.core.exceptions import ValidationError

from campaigns.activating import activate_campaign
from campaigns.editing import StepDraft
from campaigns.enrolling import enroll
from campaigns.handing_over import HandOver, hand_over, who_could_leave
from campaigns.models import Campaign, Enrollment
from campaigns.stopping import pause_account, pause_enrollment, resume_enrollment
from inbox.models import Conversation
from leads.models import Connection, Lead
from outreach.events.models import Event
from outreach.milestones import observed_by
from tests.bench import INVITE, WRITE, Bench
from tests.worlds import make_account

pytestmark = pytest.mark.django_db


def begun(bench: Bench, both: bool = True) -> Enrollment:
    """Four leads with the first sender, one of them invited."""
    bench.unhurried()
    campaign = bench.campaign(bench.leads(4), INVITE)
    if both:
        campaign.senders.add(bench.free.sender)
    bench.tick()
    return campaign.enrollments.get(invited_at__isnull=False)


def test_untouched_leads_go_to_the_others_and_who_was_written_to_stays() -> None:
    bench = Bench()
    known = begun(bench)
    done = hand_over(campaign=known.campaign, sender=bench.account.sender, to=None, begun="stay", by=None, at=bench.at)
    assert (done.moved, done.stayed, done.ended) == (3, 1, 0)
    assert known.campaign.enrollments.filter(account=bench.free).count() == 3
    assert bench.account.sender not in known.campaign.senders.all(), "nobody new is given to who leaves"
    assert Event.objects.filter(kind="sender_changed").count() == 3
    bench.wait(minutes=1)
    bench.tick_until_idle()
    assert {entry["account_id"] for entry in bench.ledger()[1:]} == {bench.free.provider_account_id}


def test_or_their_walks_end_and_the_sender_is_out() -> None:
    bench = Bench()
    known = begun(bench)
    done = hand_over(campaign=known.campaign, sender=bench.account.sender, to=None, begun="end", by=None, at=bench.at)
    assert (done.moved, done.stayed, done.ended) == (3, 0, 1)
    known.refresh_from_db()
    assert (known.state, known.exit_reason) == ("exited", "sender_left")
    assert bench.account.sender not in known.campaign.senders.all()


def test_somebody_outside_the_campaign_can_take_over() -> None:
    bench = Bench()
    known = begun(bench, both=False)
    with pytest.raises(ValidationError, match="other senders have no LinkedIn account"):
        hand_over(campaign=known.campaign, sender=bench.account.sender, to=None, begun="stay", by=None, at=bench.at)
    hand_over(
        campaign=known.campaign,
        sender=bench.account.sender,
        to=bench.free.sender,
        begun="stay",
        by=None,
        at=bench.at,
    )
    assert bench.free.sender in known.campaign.senders.all()


def handed(bench: Bench, campaign: Campaign, begun: Literal["stay", "end"] = "stay") -> HandOver:
    return hand_over(campaign=campaign, sender=bench.account.sender, to=None, begun=begun, by=None, at=bench.at)


def test_new_leads_are_not_given_to_who_left_though_somebody_is_still_with_them() -> None:
    bench = Bench()
    known = begun(bench)
    handed(bench, known.campaign)
    enroll(campaign=known.campaign, leads=bench.leads(3), by=None, at=bench.at)
    assert list(known.campaign.enrollments.filter(account=bench.account)) == [known]
    bench.accept(bench.person_of(known.lead))
    assert [each.sender for each in who_could_leave(known.campaign)] == [bench.free.sender, bench.account.sender]
    handed(bench, known.campaign, "end")
    known.refresh_from_db()
    assert known.exit_reason == "sender_left"


def test_whoever_knows_the_sender_is_not_handed_over() -> None:
    """Connected without this campaign's doing, or in a conversation: another sender would be a stranger to them."""
    bench = Bench()
    friend, chatty = bench.friend(), bench.friend(number=1)
    leads = [bench.lead(each, provider_id=each.provider_id) for each in (friend, chatty)]
    bench.read()
    bench.answer(chatty, "Good morning")
    bench.read()
    Connection.objects.filter(lead=leads[1]).delete()
    campaign = bench.campaign([*leads, bench.lead()], WRITE, start=False)
    campaign.senders.add(bench.free.sender)
    done = handed(bench, campaign)
    assert (done.moved, done.stayed) == (1, 2)


def test_what_did_not_reach_the_lead_or_bound_nobody_does_not_keep_it() -> None:
    bench = Bench()
    bench.unhurried()
    tag = StepDraft("tag", options={"tag": "new"})
    campaign = bench.campaign([bench.lead()], tag, StepDraft("visit_profile"), INVITE)
    campaign.senders.add(bench.free.sender)
    bench.tick()
    bench.read()
    bench.wait(minutes=1)
    bench.tick()
    assert campaign.enrollments.get().position == 2
    assert handed(bench, campaign).moved == 1
    bench.read()
    bench.wait(minutes=1)
    bench.tick()
    assert bench.ledger()[-1]["account_id"] == bench.free.provider_account_id


@pytest.mark.parametrize("state", ["scheduled", "paused", "held"])
def test_leads_in_every_state_go_along_and_go_on_with_the_new_sender(state: str) -> None:
    bench = Bench()
    lead = bench.lead(company="" if state == "held" else "Nordkaj")
    note = StepDraft("connection_request", "Hi, how is {{ company }}?")
    campaign = bench.campaign([lead], note, start=state != "scheduled")
    campaign.senders.add(bench.free.sender)
    walk = campaign.enrollments.get()
    if state == "held":
        bench.tick()
        walk.refresh_from_db()
        assert walk.held_because == "missing_value"
    if state == "paused":
        pause_enrollment(enrollment=walk, by=None, at=bench.at)
    assert handed(bench, campaign).moved == 1
    if state == "scheduled":
        activate_campaign(campaign=campaign, by=None, at=bench.at)
    if state == "paused":
        resume_enrollment(enrollment=walk, by=None, at=bench.at)
    if state == "held":
        Lead.objects.filter(pk=lead.pk).update(company="Nordkaj")
        bench.keep_house()
    bench.wait(minutes=1)
    bench.tick()
    assert [entry["account_id"] for entry in bench.ledger()] == [bench.free.provider_account_id]


def test_a_lead_goes_to_the_one_of_the_others_who_knows_them() -> None:
    bench = Bench()
    third = make_account(bench.client, provider_account_id="acc-3", name="Third Person")
    lead = bench.lead()
    campaign = bench.campaign([lead], INVITE, start=False)
    campaign.senders.add(bench.free.sender, third.sender)
    Conversation.objects.create(
        client=bench.client, account=third, lead=lead, provider_chat_id="c", last_message_at=bench.at
    )
    handed(bench, campaign)
    assert campaign.enrollments.get().account == third


def test_a_lead_stays_with_the_sender_who_talks_with_them_even_while_that_one_cannot_act() -> None:
    bench = Bench()
    friend = bench.friend(bench.free)
    lead = bench.lead(friend, provider_id=friend.provider_id)
    bench.read()
    pause_account(account=bench.free, by=None, at=bench.at)
    campaign = bench.campaign([lead, bench.lead()], WRITE, accounts=[bench.account, bench.free], start=False)
    assert campaign.enrollments.get(lead=lead).account == bench.free
    assert campaign.enrollments.exclude(lead=lead).get().account == bench.account


def test_a_step_in_flight_is_finished_by_the_one_who_began_it() -> None:
    bench = Bench()
    walk = bench.walk(None, INVITE)
    walk.campaign.senders.add(bench.free.sender)
    seen = []

    def leave(milestone: str) -> None:
        if milestone == "after_preflight":
            seen.append(handed(bench, walk.campaign, "end"))

    with observed_by(leave):
        bench.tick()
    walk.refresh_from_db()
    assert (seen[0].moved, seen[0].stayed, seen[0].ended) == (0, 1, 0)
    assert (walk.account, walk.stage, len(bench.sent())) == (bench.account, "invite_sent", 1)


def test_nobody_hands_over_to_themselves() -> None:
    bench = Bench()
    known = begun(bench)
    with pytest.raises(ValidationError, match="to themselves"):
        me = bench.account.sender
        hand_over(campaign=known.campaign, sender=me, to=me, begun="stay", by=None, at=bench.at)
