"""A sender leaves: untouched leads go to another, the others stay or end; nothing in flight is moved."""

import pytest
from django.core.exceptions import ValidationError

from campaigns.handing_over import hand_over
from campaigns.models import Enrollment
from outreach.events.models import Event
from tests.bench import INVITE, Bench

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
    assert bench.account.sender in known.campaign.senders.all(), "one lead still needs them"
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


def test_nobody_hands_over_to_themselves() -> None:
    bench = Bench()
    known = begun(bench)
    with pytest.raises(ValidationError, match="to themselves"):
        me = bench.account.sender
        hand_over(campaign=known.campaign, sender=me, to=me, begun="stay", by=None, at=bench.at)
