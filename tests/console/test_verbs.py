"""Actions and buttons carry out the verbs, and say what came of it with reasons."""

from datetime import timedelta

import pytest
from django.urls import reverse

from campaigns.models import Campaign, EngineState, Enrollment
from campaigns.stopping import pause_campaign, pause_enrollment
from integrations.models import Account, Dispatch, WebhookReceipt
from leads.models import Lead, Suppression
from outreach.clients.models import ApiKey, Client
from tests.console.addresses import listing, page, press, run, told
from tests.console.conftest import AT
from tests.worlds import make_campaign, make_lead


def test_activating_several_reports_the_refused_with_their_reason(agent, ours):
    ready = make_campaign(ours.client, [ours.account], name="Ready")
    bare = make_campaign(ours.client, [], name="Bare")
    said = told(run(agent, "activate_selected", ready, bare))
    assert said == "1 activated, 1 refused: The campaign has no sender with a LinkedIn account."
    assert Campaign.objects.get(pk=ready.pk).status == Campaign.Status.ACTIVE
    assert Campaign.objects.get(pk=bare.pk).status == Campaign.Status.DRAFT


def test_campaigns_are_paused_and_resumed(agent, ours):
    assert told(run(agent, "pause_selected", ours.campaign)) == "1 paused."
    assert Campaign.objects.get(pk=ours.campaign.pk).status == Campaign.Status.PAUSED
    assert told(run(agent, "resume_selected", ours.campaign)) == "1 resumed."
    assert Campaign.objects.get(pk=ours.campaign.pk).status == Campaign.Status.ACTIVE


def test_pausing_tells_what_could_not_be_called_back(agent, ours):
    ours.dispatch.state = Dispatch.State.SENDING
    ours.dispatch.save()
    ours.execution.dispatch = ours.dispatch
    ours.execution.save()
    assert "1 action was already on the way" in told(run(agent, "pause_selected", ours.campaign))


def test_a_button_only_asks_until_it_is_answered(agent, ours):
    asked = agent.get(page(ours.campaign, "pause"))
    assert b"Nothing further goes out" in asked.content
    assert Campaign.objects.get(pk=ours.campaign.pk).status == Campaign.Status.ACTIVE


def test_a_button_carries_out_and_leads_back_to_the_page(agent, ours):
    answer = press(agent, ours.campaign, "pause")
    assert answer.headers["HX-Redirect"] == page(ours.campaign)
    assert Campaign.objects.get(pk=ours.campaign.pk).status == Campaign.Status.PAUSED


def test_a_refused_button_says_why(agent, ours):
    pause_campaign(campaign=ours.campaign, by=None, at=AT)
    press(agent, ours.campaign, "pause")
    assert "is paused, not active" in told(agent.get(page(ours.campaign)))


def test_only_fitting_buttons_are_offered(agent, ours):
    offered = agent.get(page(ours.campaign)).content.decode()
    assert page(ours.campaign, "pause") in offered
    assert page(ours.campaign, "resume") not in offered
    assert page(ours.campaign, "activate") not in offered


def test_a_lead_is_taken_out_of_a_campaign_with_a_note(agent, ours):
    press(agent, ours.enrollment, "stop", detail="asked to stop")
    row = Enrollment.objects.get(pk=ours.enrollment.pk)
    assert (row.state, row.exit_reason, row.exit_detail) == ("exited", "stopped_by_hand", "asked to stop")


def test_leads_in_campaigns_are_paused_and_resumed(agent, ours):
    run(agent, "pause_selected", ours.enrollment)
    assert Enrollment.objects.get(pk=ours.enrollment.pk).state == "paused"
    press(agent, ours.enrollment, "resume")
    assert Enrollment.objects.get(pk=ours.enrollment.pk).state == "active"


def test_the_page_of_a_lead_in_a_campaign_says_why_it_waits(agent, ours):
    pause_enrollment(enrollment=ours.enrollment, by=None, at=AT)
    shown = agent.get(page(ours.enrollment)).content.decode()
    assert "the lead is paused in this campaign" in shown
    assert "Thank you, Ada! How is Nordkaj?" in shown


def test_the_reasons_page_lists_every_lead_under_way(agent, ours):
    Account.objects.filter(pk=ours.account.pk).update(status="credentials")
    shown = agent.get(page(ours.campaign, "why")).content.decode()
    assert "Ada Lead" in shown
    assert "logged out" in shown


def test_an_uncertain_dispatch_is_settled_by_hand(agent, ours):
    press(agent, ours.dispatch, "it_happened")
    assert Dispatch.objects.get(pk=ours.dispatch.pk).state == Dispatch.State.SENT


def test_an_uncertain_dispatch_is_settled_as_not_sent(agent, ours):
    assert told(run(agent, "did_not_happen_selected", ours.dispatch)) == "1 settled as not sent."
    assert Dispatch.objects.get(pk=ours.dispatch.pk).state == Dispatch.State.REJECTED


def test_a_settled_dispatch_is_not_settled_again(agent, ours):
    Dispatch.objects.filter(pk=ours.dispatch.pk).update(state=Dispatch.State.SENT)
    assert "there is nothing to decide" in told(run(agent, "did_not_happen_selected", ours.dispatch))
    assert Dispatch.objects.get(pk=ours.dispatch.pk).state == Dispatch.State.SENT


def test_a_failed_receipt_is_replayed(agent, ours):
    run(agent, "replay_selected", ours.receipt)
    assert WebhookReceipt.objects.get(pk=ours.receipt.pk).state == WebhookReceipt.State.PENDING


def test_clients_and_accounts_have_their_switches(agent, ours):
    press(agent, ours.client, "pause")
    assert Client.objects.get(pk=ours.client.pk).paused_at is not None
    press(agent, ours.client, "resume")
    assert Client.objects.get(pk=ours.client.pk).paused_at is None
    run(agent, "pause_selected", ours.account)
    assert Account.objects.get(pk=ours.account.pk).paused_at is not None


def test_the_operator_stops_and_starts_the_engine(operator, ours):
    operator.post(reverse("admin:campaigns_enginestate_stop"), {"_form_submitted": "on"})
    assert EngineState.objects.filter(stopped_at__isnull=False).exists()
    assert "The engine is stopped" in operator.get(reverse("admin:index")).content.decode()
    operator.post(reverse("admin:campaigns_enginestate_start"), {"_form_submitted": "on"})
    assert not EngineState.objects.filter(stopped_at__isnull=False).exists()


def test_nobody_else_touches_the_engine(client_admin, ours):
    assert client_admin.post(reverse("admin:campaigns_enginestate_stop"), {"_form_submitted": "on"}).status_code == 403
    assert "Stop engine" not in client_admin.get(reverse("admin:index")).content.decode()


def test_leads_are_enrolled_in_a_chosen_campaign(agent, ours):
    fresh = make_lead(ours.client, first_name="Björn", public_identifier="bjorn")
    asked = run(agent, "enroll_selected", fresh, ours.lead)
    assert "Enrol 2 leads" in asked.content.decode()
    said = told(run(agent, "enroll_selected", fresh, ours.lead, campaign=str(ours.campaign.pk)))
    assert said == "1 enrolled in Northwind spring, 1 refused: is in this campaign already."
    assert Enrollment.objects.filter(campaign=ours.campaign, lead=fresh).exists()


def test_a_lead_is_put_on_the_do_not_contact_list(agent, ours):
    press(agent, ours.lead, "do_not_contact")
    assert Suppression.objects.filter(client=ours.client, kind="profile", value="ada-lead").exists()
    assert "Do not contact" in agent.get(page(ours.lead)).content.decode()


def test_a_leads_page_tells_its_story(agent, ours):
    shown = agent.get(page(ours.lead)).content.decode()
    assert "Hello from Ada" in shown
    assert "Ada Lead joined Northwind spring" in shown


def test_a_do_not_contact_entry_is_stored_in_its_plain_form(agent, ours):
    values = {"client": str(ours.client.pk), "kind": "email", "value": " Ada@Example.COM ", "reason": "asked"}
    agent.post(reverse("admin:leads_suppression_add"), values)
    assert Suppression.objects.filter(client=ours.client, value="ada@example.com").exists()


def test_a_useless_entry_is_refused_beside_its_field(agent, ours):
    values = {"client": str(ours.client.pk), "kind": "email", "value": "nobody", "reason": ""}
    answer = agent.post(reverse("admin:leads_suppression_add"), values)
    assert "is not a e-mail address" in answer.content.decode()


def test_a_lead_keeps_the_name_out_of_a_pasted_profile_address(agent, ours):
    values = {
        "client": str(ours.client.pk),
        "first_name": "Björn",
        "public_identifier": "https://www.linkedin.com/in/Bjorn-Kaya/?x=1",
        "tags": "warm, nordics, warm",
        "custom": "industry: Logistics\nsize: 200",
    }
    agent.post(reverse("admin:leads_lead_add"), values)
    lead = Lead.objects.get(first_name="Björn")
    assert lead.public_identifier == "bjorn-kaya"
    assert lead.tags == ["warm", "nordics"]
    assert lead.custom == {"industry": "Logistics", "size": "200"}


def test_a_new_key_shows_its_token_once_and_acts_as_its_owner(agent, ours):
    answer = agent.post(reverse("admin:clients_apikey_add"), _key(agent, "reports"), follow=True)
    token = told(answer).split("again: ")[1].split()[0]
    key = ApiKey.objects.get(name="reports")
    assert key.digest == ApiKey.digest_of(token)
    assert key.user.username == "agent-of-northwind"
    assert token not in agent.get(page(key)).content.decode()


def test_a_key_can_be_revoked(agent, ours):
    agent.post(reverse("admin:clients_apikey_add"), _key(agent, "reports"))
    key = ApiKey.objects.get(name="reports")
    run(agent, "revoke", key)
    key.refresh_from_db()
    assert not key.is_valid(AT + timedelta(days=1))


def test_nobody_makes_a_key_that_acts_as_somebody_else(agent, operator, ours):
    other = ApiKey.objects.get(name="a key").user
    agent.post(reverse("admin:clients_apikey_add"), {**_key(agent, "stolen"), "user": str(other.pk)})
    assert not ApiKey.objects.filter(name="stolen").exists()
    assert not list(agent.get(listing(ApiKey)).context["cl"].result_list)


def _key(browser, name):
    return {"user": browser.session["_auth_user_id"], "name": name, "expires_at_0": "", "expires_at_1": ""}


@pytest.mark.parametrize(
    ("action", "field", "value"), [("mark_read", "unread", 0), ("close_selected", "status", "closed")]
)
def test_conversations_are_triaged_in_bulk(agent, ours, action, field, value):
    run(agent, action, ours.conversation)
    ours.conversation.refresh_from_db()
    assert getattr(ours.conversation, field) == value
