"""Campaigns are written on one page: settings and steps together, checked where they are typed."""

import html
import re
from datetime import time

import pytest
from django.urls import reverse

from campaigns.models import Campaign
from campaigns.versioning import drafts_of, publish
from tests.console.addresses import page
from tests.console.conftest import AT, Tenant
from tests.worlds import make_account, make_campaign


def settings_of(tenant: Tenant, **more: object) -> dict[str, object]:
    return {
        "client": str(tenant.client.pk),
        "name": "Harvest",
        "senders": [str(tenant.account.sender_id)],
        "time_zone": "Europe/London",
        "opens_at": "08:30",
        "closes_at": "16:00",
        "weekdays": ["0", "2", "4"],
        "week": "",
        "weekend": "hard_stop",
        "weekend_percent": "30",
        "holidays_of": "",
        "withdraw_after_days": "21",
        "quiet_after_hours": "8",
        "colleague_pause_days": "7",
        "not_again_within_days": "30",
        "closed_dates": "2026-12-26, 2026-12-25",
        **more,
    }


def steps(*texts: str, initial: tuple[object, ...] = ()) -> dict[str, object]:
    """The steps' part of the form: an invitation, then messages a working day apart."""
    form: dict[str, object] = {"steps-TOTAL_FORMS": len(texts), "steps-INITIAL_FORMS": len(initial)}
    for index, text in enumerate(texts):
        form |= {
            f"steps-{index}-kind": "message" if index else "connection_request",
            f"steps-{index}-delay_amount": "1" if index else "0",
            f"steps-{index}-delay_unit": "working_days",
            f"steps-{index}-text": text,
            f"steps-{index}-position": str(index),
            f"steps-{index}-id": str(initial[index].pk) if index < len(initial) else "",
        }
    return form


ADD = "admin:campaigns_campaign_add"


def test_a_campaign_is_made_with_its_steps_at_once(agent, ours):
    answer = agent.post(reverse(ADD), settings_of(ours) | steps("Hi {{ first_name }}", "How is {{ company }}?"))
    assert answer.status_code == 302
    campaign = Campaign.objects.get(name="Harvest")
    assert campaign.weekdays == [0, 2, 4]
    assert campaign.closed_dates == ["2026-12-25", "2026-12-26"]
    assert campaign.opens_at == time(8, 30)
    assert campaign.created_by.username == "agent-of-northwind"
    written = campaign.current_sequence().steps.order_by("position")
    assert [(step.kind, step.text) for step in written] == [
        ("connection_request", "Hi {{ first_name }}"),
        ("message", "How is {{ company }}?"),
    ]


def test_a_campaign_without_steps_has_its_first_sequence_too(agent, ours):
    agent.post(reverse(ADD), settings_of(ours) | steps())
    assert Campaign.objects.get(name="Harvest").current_sequence().version == 1


def test_an_unknown_token_is_an_error_beside_its_step(agent, ours):
    answer = agent.post(reverse(ADD), settings_of(ours) | steps("Hi {{ frist_name }}"))
    formset = answer.context["inline_admin_formsets"][0].formset
    assert "first_name" in str(formset.forms[0].errors["text"])
    assert not Campaign.objects.filter(name="Harvest").exists()


def test_a_custom_field_of_the_client_is_a_known_token(agent, ours):
    assert agent.post(reverse(ADD), settings_of(ours) | steps("You are in {{ industry }}")).status_code == 302


def test_a_campaign_without_a_client_is_refused_and_not_a_crash(agent, ours):
    answer = agent.post(reverse(ADD), {**settings_of(ours), "client": ""} | steps("Hi {{ first_name }}"))
    assert answer.status_code == 200
    assert "client" in answer.context["adminform"].form.errors


def test_steps_are_reordered_changed_and_removed(agent, ours):
    campaign = make_campaign(ours.client, [ours.account], name="Harvest")
    old = list(campaign.current_sequence().steps.order_by("position"))
    form = steps("Invitation", "First", "Second", initial=tuple(old))
    form |= {"steps-1-position": "2", "steps-2-position": "1", "steps-2-text": "Now first"}
    assert agent.post(page(campaign), settings_of(ours) | form).status_code == 302
    assert _texts(campaign) == ["Invitation", "Now first", "First"]
    kept = list(campaign.current_sequence().steps.order_by("position"))
    form = steps("Invitation", "Now first", "First", initial=tuple(kept)) | {"steps-1-DELETE": "on"}
    assert agent.post(page(campaign), settings_of(ours) | form).status_code == 302
    assert _texts(campaign) == ["Invitation", "First"]


def _texts(campaign: Campaign) -> list[str]:
    return [step.text for step in campaign.current_sequence().steps.order_by("position")]


def test_the_steps_of_a_running_campaign_are_shown_and_not_edited(agent, ours):
    before = _texts(ours.campaign)
    old = list(ours.campaign.current_sequence().steps.order_by("position"))
    agent.post(page(ours.campaign), settings_of(ours) | steps("Rewritten", "Rewritten", initial=tuple(old[:2])))
    assert _texts(ours.campaign) == before
    assert before[0].replace("{{ first_name }}", "").split()[0] in agent.get(page(ours.campaign)).content.decode()


def test_impossible_hours_are_an_error_and_not_a_crash(agent, ours):
    answer = agent.post(reverse(ADD), {**settings_of(ours), "opens_at": "18:00"} | steps())
    assert answer.status_code == 200
    assert not Campaign.objects.filter(name="Harvest").exists()


def test_a_draft_says_what_stands_against_activating_it(agent, ours):
    bare = make_campaign(ours.client, [], name="Bare")
    assert "The campaign has no sender" in agent.get(page(bare)).content.decode()


def test_a_blank_draft_can_be_deleted_and_a_used_campaign_cannot(agent, ours):
    blank = make_campaign(ours.client, [], name="Blank")
    assert agent.post(page(blank, "delete"), {"post": "yes"}).status_code == 302
    assert not Campaign.objects.filter(pk=blank.pk).exists()
    assert agent.post(page(ours.campaign, "delete"), {"post": "yes"}).status_code == 403


def test_hours_in_detail_are_typed_a_line_a_day(agent, ours):
    typed = settings_of(ours, week="Mon–Thu 09:00–12:00, 13:00–17:30\nFri 09:00–13:00", holidays_of="GB-SCT")
    agent.post(reverse(ADD), typed | steps(""))
    made = Campaign.objects.get(name="Harvest")
    assert made.week["fri"] == [["09:00", "13:00"]]
    assert made.holidays_of == "GB-SCT"
    shown = agent.get(page(made)).content.decode()
    assert "Mon 09:00–12:00, 13:00–17:30" in shown


def test_hours_that_cannot_be_read_are_refused_with_the_line(agent, ours):
    answer = agent.post(reverse(ADD), settings_of(ours, week="Someday 09:00–12:00") | steps(""))
    assert "begin with days" in answer.content.decode()
    answer = agent.post(reverse(ADD), settings_of(ours, holidays_of="XX") | steps(""))
    assert "no holidays are known" in answer.content.decode()


def test_steps_of_a_running_campaign_are_looked_at_before_they_are_published(agent, ours):
    campaign = ours.campaign
    form = {**settings_of(ours), "name": campaign.name}
    old = list(campaign.sequences.get().steps.order_by("position"))
    changed = steps(*("Hello again {{ first_name }}" for _ in old), initial=tuple(old))
    for index, step in enumerate(old):
        changed[f"steps-{index}-id"] = str(step.pk)
    answer = agent.post(page(campaign), form | changed)
    proposal = reverse("admin:campaigns_campaign_new_steps", args=[campaign.pk])
    assert answer.url == proposal
    assert campaign.sequences.count() == 1
    shown = agent.get(proposal).content.decode()
    assert "other text" in shown
    assert "1</strong> lead under way" in shown
    agent.post(proposal, {"move": "yes"})
    assert campaign.sequences.count() == 2
    ours.enrollment.refresh_from_db()
    assert ours.enrollment.sequence.version == 2
    assert agent.get(proposal).status_code == 302


def test_a_viewer_publishes_nothing(viewer, ours):
    proposal = reverse("admin:campaigns_campaign_new_steps", args=[ours.campaign.pk])
    assert viewer.get(proposal).status_code == 403


def proposed(agent, ours, text="Hello again {{ first_name }}"):
    """The page of the running campaign, sent with other texts; returns where it leads to."""
    campaign = ours.campaign
    old = tuple(campaign.current_sequence().steps.order_by("position"))
    changed = steps(*(text for _ in old), initial=old)
    agent.post(page(campaign), {**settings_of(ours), "name": campaign.name} | changed)
    return reverse("admin:campaigns_campaign_new_steps", args=[campaign.pk])


def test_a_proposal_that_somebody_else_has_overtaken_is_refused_in_words(agent, ours):
    proposal = proposed(agent, ours)
    (first, *_) = drafts_of(ours.campaign.current_sequence().steps.order_by("position"))
    publish(campaign=ours.campaign, steps=[first], move=False, by=None, at=AT)
    answer = agent.post(proposal, {"move": "yes"})
    assert "Somebody has published version 2 meanwhile" in answer.content.decode()
    assert ours.campaign.sequences.count() == 2
    agent.post(proposal, {"drop": "yes"})
    assert agent.get(proposal).status_code == 302


def test_a_page_loaded_before_somebody_else_changed_the_steps_is_refused_in_words(agent, ours):
    campaign = ours.campaign
    old = tuple(campaign.current_sequence().steps.order_by("position"))
    form = {**settings_of(ours), "name": campaign.name} | steps(*("Mine" for _ in old), initial=old)
    (first, *_) = drafts_of(old)
    publish(campaign=campaign, steps=[first], move=False, by=None, at=AT)
    answer = agent.post(page(campaign), form)
    assert answer.status_code == 200
    assert "Somebody else has changed the steps meanwhile" in answer.content.decode()
    assert campaign.sequences.count() == 2


def test_a_proposal_that_was_left_does_not_come_back_with_the_next_change_of_the_settings(agent, ours):
    proposal = proposed(agent, ours)
    old = tuple(ours.campaign.current_sequence().steps.order_by("position"))
    form = {**settings_of(ours), "name": "Renamed"} | steps(*(step.text for step in old), initial=old)
    for index, step in enumerate(old):
        form |= {
            f"steps-{index}-delay_amount": str(step.delay_amount),
            f"steps-{index}-delay_unit": step.delay_unit,
            f"steps-{index}-options": "{}",
            f"initial-steps-{index}-options": "{}",  # as the page itself sends them along
            f"steps-{index}-variants": "[]",
            f"initial-steps-{index}-variants": "[]",
            f"steps-{index}-weight": "1",
        }
    answer = agent.post(page(ours.campaign), form)
    assert answer.url != proposal
    assert agent.get(proposal).url == page(ours.campaign)


def test_steps_that_would_not_be_activated_are_not_published_either(agent, ours):
    campaign = ours.campaign
    old = tuple(campaign.current_sequence().steps.order_by("position"))
    changed = steps(*("Hello" for _ in old), initial=old) | {"steps-1-kind": "connection_request"}
    agent.post(page(campaign), {**settings_of(ours), "name": campaign.name} | changed)
    shown = agent.get(reverse("admin:campaigns_campaign_new_steps", args=[campaign.pk])).content.decode()
    assert "The sequence invites twice" in shown
    assert "Publish" not in shown


def test_who_left_the_campaign_does_not_stand_against_saving_its_page(agent, ours):
    other = make_account(ours.client, provider_account_id="acc-other", name="Other Sender")
    campaign = ours.campaign
    campaign.senders.set([other.sender])  # as after a hand-over: a lead is still with the first sender
    old = tuple(campaign.current_sequence().steps.order_by("position"))
    form = {**settings_of(ours), "name": "Renamed", "senders": [str(other.sender_id)]}
    agent.post(page(campaign), form | steps(*(step.text for step in old), initial=old))
    campaign.refresh_from_db()
    assert campaign.name == "Renamed"


def branched(*rows: dict[str, object]) -> dict[str, object]:
    """The steps' part of the form, with whatever each row says beside its kind."""
    form: dict[str, object] = {"steps-TOTAL_FORMS": len(rows), "steps-INITIAL_FORMS": 0}
    for index, row in enumerate(rows):
        usual = {"delay_amount": "0", "delay_unit": "working_days", "text": "", "position": str(index), "id": ""}
        form |= {f"steps-{index}-{name}": value for name, value in {**usual, **row}.items()}
    return form


ASK = {"kind": "condition", "options": '{"if": "has_email"}'}
TAG = {"kind": "tag", "options": '{"tag": "mail"}'}
WAIT = {"kind": "wait"}


def test_a_branching_sequence_is_written_with_steps_numbered_as_people_count_them(agent, ours):
    rows = ({**ASK, "next_position": "2", "else_position": "3"}, {**TAG, "next_position": "4"}, WAIT, {"kind": "end"})
    answer = agent.post(reverse(ADD), settings_of(ours) | branched(*rows))
    assert answer.status_code == 302
    campaign = Campaign.objects.get(name="Harvest")
    ways = campaign.current_sequence().steps.order_by("position").values_list("next_position", "else_position")
    assert list(ways) == [(1, 2), (3, None), (None, None), (None, None)]
    shown = agent.get(page(campaign)).content.decode()
    assert re.search(r'name="steps-0-else_position"[^>]*value="3"|value="3"[^>]*name="steps-0-else_position"', shown)


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (({**WAIT, "next_position": "1"},), "goes back to step 1"),
        (({**WAIT, "next_position": "3"}, TAG, {"kind": "end"}), "Step 2 (Add a tag) is never reached"),
        (({**WAIT, "next_position": "9"}, {"kind": "end"}), "goes to step 9, but there are 2"),
        ((WAIT, ASK), "no step follows it"),
        (({**ASK, "options": '{"if": "has_email", "not": "false"}'}, WAIT), "is true or false, without quotes"),
        (({"kind": "condition", "options": '{"if": "variant", "step": 5, "label": "B"}'}, WAIT), "earlier step"),
        (({"kind": "tag", "options": '["x"]'},), "Options are names with values."),
        (({"kind": "tag", "options": "tag: x"},), "valid JSON"),
    ],
)
def test_a_sequence_that_leads_nowhere_is_refused_on_its_page_and_nothing_is_made(agent, ours, rows, sentence):
    answer = agent.post(reverse(ADD), settings_of(ours) | branched(*rows))
    assert answer.status_code == 200
    assert sentence in html.unescape(answer.content.decode())
    assert not Campaign.objects.filter(name="Harvest").exists()
