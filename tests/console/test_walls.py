"""Nothing of one client is visible or reachable to a member of another, and a viewer only looks (law 8)."""

import pytest
from django.urls import reverse

from campaigns.models import Campaign, Enrollment
from integrations.models import Account, WebhookReceipt
from leads.models import Lead, Suppression
from outreach.clients.models import Client, Membership
from tests.console.addresses import listing, page, press, run
from tests.console.conftest import Tenant, signed_in, staff

ROWS = (
    "client", "account", "lead", "campaign", "enrollment", "conversation", "message", "dispatch", "receipt",
    "suppression", "custom_field", "usage", "execution",
)  # fmt: skip
PRIVATE = ("Fabrik", "Zelda", "fabrik")


@pytest.fixture(autouse=True)
def world(ours: Tenant, theirs: Tenant) -> Tenant:
    return theirs


@pytest.mark.parametrize("name", ROWS)
def test_a_list_shows_only_the_rows_of_the_members_client(agent, ours, theirs, name):
    answer = agent.get(listing(getattr(theirs, name)))
    shown = {row.pk for row in answer.context["cl"].result_list}
    assert shown == {getattr(ours, name).pk}
    assert not any(word in answer.content.decode() for word in PRIVATE)


@pytest.mark.parametrize("name", ROWS)
def test_a_page_of_another_client_is_not_found(agent, theirs, name):
    assert agent.get(page(getattr(theirs, name)), follow=False).status_code in (302, 403, 404)
    assert b"Zelda" not in agent.get(page(getattr(theirs, name)), follow=True).content


@pytest.mark.parametrize("name", ROWS)
def test_search_reaches_no_other_client(agent, theirs, name):
    answer = agent.get(listing(getattr(theirs, name), "?q=zelda"))
    assert not list(answer.context["cl"].result_list)


def test_the_palette_reaches_no_other_client(agent):
    answer = agent.get(reverse("admin:search"), {"s": "zelda", "extended": "1"})
    assert b"Zelda Lead" not in answer.content


@pytest.mark.parametrize(
    ("app", "model", "field"), [("campaigns", "campaign", "senders"), ("integrations", "account", "sender")]
)
def test_autocomplete_offers_no_other_clients_rows(client_admin, app, model, field):
    asked = {"app_label": app, "model_name": model, "field_name": field, "term": ""}
    answer = client_admin.get(reverse("admin:autocomplete"), asked)
    assert "Northwind" in answer.content.decode()
    assert "Fabrik" not in answer.content.decode()


def test_a_bulk_action_does_not_touch_another_clients_campaign(agent, theirs):
    run(agent, "pause_selected", theirs.campaign)
    theirs.campaign.refresh_from_db()
    assert theirs.campaign.status == Campaign.Status.ACTIVE


@pytest.mark.parametrize(
    ("name", "button"),
    [
        ("campaign", "pause"),
        ("enrollment", "stop"),
        ("account", "pause"),
        ("client", "pause"),
        ("dispatch", "it_happened"),
        ("receipt", "replay_one"),
        ("lead", "do_not_contact"),
        ("conversation", "close"),
    ],
)
def test_a_button_of_another_clients_row_is_refused(agent, theirs, name, button):
    assert press(agent, getattr(theirs, name), button).status_code in (403, 404)


def test_the_reasons_page_of_another_client_is_not_found(agent, theirs):
    assert agent.get(page(theirs.campaign, "why")).status_code in (403, 404)


def test_nobody_answers_in_another_clients_conversation(agent, theirs):
    assert agent.post(page(theirs.conversation, "answer"), {"text": "Hello"}).status_code == 404


def test_leads_cannot_be_enrolled_into_another_clients_campaign(agent, ours, theirs):
    run(agent, "enroll_selected", ours.lead, campaign=str(theirs.campaign.pk))
    assert not Enrollment.objects.filter(campaign=theirs.campaign, lead=ours.lead).exists()


def test_a_row_cannot_be_made_for_another_client(agent, theirs):
    values = {"client": str(theirs.client.pk), "first_name": "Mallory", "tags": "", "custom": ""}
    agent.post(reverse("admin:leads_lead_add"), values)
    assert not Lead.objects.filter(first_name="Mallory").exists()


def test_a_row_cannot_be_moved_to_another_client(operator, ours, theirs):
    values = {"client": str(theirs.client.pk), "first_name": "Ada", "tags": "", "custom": ""}
    operator.post(page(ours.lead), values)
    ours.lead.refresh_from_db()
    assert ours.lead.client == ours.client


def test_even_the_operator_cannot_give_a_campaign_another_clients_sender(operator, ours, theirs):
    values = {
        "client": str(ours.client.pk),
        "name": "Mixed",
        "senders": [str(theirs.account.sender_id)],
        "time_zone": "Europe/London",
        "opens_at": "09:00",
        "closes_at": "17:00",
        "weekdays": ["0"],
        "steps-TOTAL_FORMS": "0",
        "steps-INITIAL_FORMS": "0",
    }
    answer = operator.post(reverse("admin:campaigns_campaign_add"), values)
    assert "belongs to another client" in answer.content.decode()
    assert not Campaign.objects.filter(name="Mixed").exists()


def test_the_dashboard_tells_nothing_of_another_client(agent):
    page_text = agent.get(reverse("admin:index")).content.decode()
    assert "Northwind" in page_text
    assert not any(word in page_text for word in PRIVATE)


def test_a_member_of_nothing_sees_an_empty_console(theirs):
    from tests.worlds import make_user

    nobody = signed_in(make_user("nobody", is_staff=True))
    assert nobody.get(reverse("admin:index")).status_code == 200
    assert nobody.get(listing(Lead)).status_code == 403


@pytest.mark.parametrize("name", ROWS)
def test_a_viewer_looks_and_changes_nothing(viewer, ours, name):
    row = getattr(ours, name)
    assert viewer.get(page(row)).status_code == 200
    assert viewer.post(page(row), {"name": "changed"}).status_code == 403


def test_a_viewer_is_offered_no_action(viewer, ours):
    run(viewer, "pause_selected", ours.campaign)
    assert press(viewer, ours.campaign, "pause").status_code == 403
    ours.campaign.refresh_from_db()
    assert ours.campaign.status == Campaign.Status.ACTIVE


def test_a_viewer_neither_adds_nor_imports(viewer):
    assert viewer.get(reverse("admin:leads_lead_add")).status_code == 403
    assert viewer.get(reverse("admin:leads_lead_import")).status_code == 403


def test_roles_of_different_clients_are_not_mixed(ours, theirs):
    """Who may write for one client and look at another does not act on both by selecting both."""
    both = staff(ours, Membership.Role.AGENT)
    Membership.objects.create(user=both, client=theirs.client, role=Membership.Role.VIEWER)
    answer = run(signed_in(both), "pause_selected", ours.campaign, theirs.campaign)
    assert "1 paused, 1 refused: you may only look" in answer.content.decode()
    assert Campaign.objects.get(pk=theirs.campaign.pk).status == Campaign.Status.ACTIVE


def test_an_agent_pauses_an_account_and_leaves_its_caps_to_the_clients_admin(agent, client_admin, ours):
    assert agent.post(page(ours.account), {"invitations_per_day": 500}).status_code == 403
    assert press(agent, ours.account, "pause").status_code == 200
    assert Account.objects.get(pk=ours.account.pk).paused_at is not None
    assert client_admin.get(page(ours.account)).context["has_change_permission"]


def test_a_clients_admin_makes_nobody_a_member_and_no_client(client_admin):
    assert client_admin.get(reverse("admin:clients_membership_add")).status_code == 403
    assert client_admin.get(reverse("admin:clients_client_add")).status_code == 403
    assert client_admin.get(reverse("admin:clients_user_changelist")).status_code == 403


def test_an_entry_for_every_client_is_the_operators(agent, ours):
    values = {"client": "", "kind": "domain", "value": "everywhere.example", "reason": ""}
    agent.post(reverse("admin:leads_suppression_add"), values)
    assert not Suppression.objects.filter(value="everywhere.example").exists()


def test_calls_that_nobody_could_place_are_the_operators(agent, operator, ours):
    stray = WebhookReceipt.objects.create(
        source="users", received_at=ours.receipt.received_at, body=b"{}", next_attempt_at=ours.receipt.received_at
    )
    assert stray not in agent.get(listing(stray)).context["cl"].result_list
    assert stray in operator.get(listing(stray)).context["cl"].result_list


def test_a_filter_names_no_other_client(operator, agent, ours, theirs):
    assert "Fabrik" in operator.get(listing(Lead)).content.decode()
    assert Client.objects.count() == 2
    assert "Fabrik" not in agent.get(listing(Lead)).content.decode()
