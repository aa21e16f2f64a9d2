"""The dashboard: what it says, to whom, and at what price."""

from datetime import timedelta

import pytest
from django.urls import reverse

from analytics.attention import Harm, attention
from analytics.series import daily
from analytics.summary import dashboard
from campaigns.explaining import campaign_state_in_words
from campaigns.models import Campaign, Enrollment
from campaigns.progress import progress_of, states_in_words
from campaigns.stopping import pause_account, pause_client, stop_engine
from integrations.models import Account
from leads.models import Lead
from outreach.clients.models import User
from outreach.events.kinds import EventKind
from outreach.events.recording import Subject, record
from tests.console.conftest import AT, Tenant, make_tenant
from tests.worlds import make_campaign, make_lead

QUERIES = 29
NOW = AT + timedelta(minutes=5)


@pytest.fixture
def boss(db):
    return User.objects.create_superuser("boss", password="secret-word")


def active_campaign(tenant: Tenant, **fields: object) -> Campaign:
    campaign = make_campaign(tenant.client, [tenant.account], **fields)
    Campaign.objects.filter(pk=campaign.pk).update(status=Campaign.Status.ACTIVE)
    return campaign


def test_its_queries_do_not_grow_with_what_it_shows(boss, django_assert_max_num_queries):
    make_tenant("Northwind", person="Ada")
    with django_assert_max_num_queries(QUERIES) as few:
        dashboard(user=boss, at=NOW)
    for number in range(5):
        tenant = make_tenant(f"Client{number}", person=f"Person{number}")
        for extra in range(3):
            make_campaign(tenant.client, [tenant.account], name=f"Extra {extra}")
    with django_assert_max_num_queries(len(few.captured_queries)):
        dashboard(user=boss, at=NOW)


def test_the_list_of_campaigns_costs_the_same_for_any_number(operator, ours, django_assert_max_num_queries):
    address = reverse("admin:campaigns_campaign_changelist")
    operator.get(address)
    with django_assert_max_num_queries(30) as few:
        operator.get(address)
    for number in range(6):
        active_campaign(ours, name=f"More {number}")
    with django_assert_max_num_queries(len(few.captured_queries)):
        operator.get(address)


def test_it_counts_what_was_sent_today_against_the_caps(boss, ours):
    figures = dashboard(user=boss, at=NOW).figures
    assert (figures.invitations.used, figures.invitations.cap) == (7, 25)
    assert (figures.messages.used, figures.messages.cap) == (0, 100)
    assert figures.replies_waiting == 1


def test_what_was_sent_yesterday_is_not_todays(boss, ours):
    assert dashboard(user=boss, at=NOW + timedelta(days=1)).figures.invitations.used == 0


def test_today_begins_at_the_accounts_own_midnight(boss, ours):
    """Just before midnight UTC it is already tomorrow in Tokyo."""
    Account.objects.filter(pk=ours.account.pk).update(time_zone="Asia/Tokyo")
    evening = NOW.replace(hour=22)
    assert dashboard(user=boss, at=evening).figures.invitations.used == 0


def test_rates_are_of_those_invited_and_of_those_contacted(boss, ours):
    for number, (accepted, replied) in enumerate([(True, True), (True, False), (False, False)]):
        lead = make_lead(ours.client, public_identifier=f"lead-{number}")
        Enrollment.objects.create(
            client=ours.client,
            campaign=ours.campaign,
            lead=lead,
            sequence=ours.enrollment.sequence,
            account=ours.account,
            enrolled_at=AT,
            invited_at=AT,
            connected_at=AT if accepted else None,
            replied_at=AT if replied else None,
        )
    figures = dashboard(user=boss, at=NOW).figures
    assert (figures.acceptance, figures.reply_rate) == (67, 33)


def test_without_any_invitation_there_is_no_rate(boss, ours):
    assert dashboard(user=boss, at=NOW).figures.acceptance is None


def test_attention_is_sorted_by_harm(boss, ours):
    Enrollment.objects.filter(pk=ours.enrollment.pk).update(held_because="missing_value", held_at=AT)
    Account.objects.filter(pk=ours.account.pk).update(status="credentials")
    stop_engine(by=boss, at=AT)
    items = attention(user=boss, at=NOW)
    assert [item.harm for item in items] == sorted(item.harm for item in items)
    assert items[0].text.startswith("The engine is stopped")
    texts = " | ".join(item.text for item in items)
    for words in ("1 action has an outcome", "1 webhook call", "1 account is logged out", "1 lead is held"):
        assert words in texts


def test_attention_links_to_the_list_that_shows_it(operator, ours):
    user = User.objects.get(username="operator")
    for item in attention(user=user, at=NOW):
        if item.url:
            assert operator.get(item.url).status_code == 200


def test_a_calm_installation_asks_for_nothing(boss, db):
    assert attention(user=boss, at=NOW) == ()


def test_pausing_is_shown_as_chosen_and_not_as_an_alarm(boss, ours):
    pause_account(account=ours.account, by=boss, at=AT)
    item = next(item for item in attention(user=boss, at=NOW) if "paused" in item.text)
    assert (item.harm, item.tone) == (Harm.BY_CHOICE, "warning")


def test_the_list_of_campaigns_says_what_explaining_says(boss, ours, theirs):
    make_campaign(ours.client, [ours.account], name="Draft")
    active_campaign(ours, name="Senderless").senders.clear()
    active_campaign(ours, name="Idle")
    night = active_campaign(ours, name="Night", time_zone="Asia/Tokyo")
    Enrollment.objects.filter(pk=ours.enrollment.pk).update(campaign=night)
    pause_client(client=theirs.client, by=boss, at=AT)
    _assert_same_words()
    Account.objects.filter(pk=ours.account.pk).update(status="credentials")
    _assert_same_words()
    stop_engine(by=boss, at=AT)
    _assert_same_words()


def _assert_same_words() -> None:
    campaigns = list(Campaign.objects.select_related("client"))
    told = states_in_words(campaigns, progress_of(campaigns), at=NOW)
    assert told == {campaign.pk: campaign_state_in_words(campaign=campaign, at=NOW) for campaign in campaigns}


def test_the_series_counts_events_on_their_days(boss, ours):
    about = Subject(client_id=ours.client.pk)
    for back in (0, 0, 3, 13, 14):
        record(EventKind.MESSAGE_SENT, at=NOW - timedelta(days=back), actor="engine", subject=about)
    messages = next(line for line in daily(user=boss, at=NOW).lines if line.label == "Messages")
    assert len(messages.counts) == 14
    assert (messages.counts[-1], messages.counts[-4], messages.counts[0], messages.total) == (2, 1, 1, 4)


def test_a_badge_counts_what_waits(operator, ours):
    assert Lead.objects.exists()
    shown = operator.get(reverse("admin:index")).context["sidebar_navigation"]
    badges = {item["title"]: item.get("badge") for group in shown for item in group["items"]}
    assert badges["Decisions"] == "1"
    assert badges["Failed receipts"] == "1"
    assert badges["Held leads"] is None
