"""Before anything is sent: steps, leads and the start of a campaign are refused with a reason that helps."""

from dataclasses import replace
from datetime import time, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from campaigns.activating import activate_campaign, activation_problems
from campaigns.editing import StepDraft, check_step, replace_steps
from campaigns.enrolling import enroll
from campaigns.models import Campaign, Enrollment, Step
from campaigns.stopping import pause_campaign
from integrations.models import Account
from leads.models import CustomField, Lead
from leads.suppressing import suppress
from outreach.clients.models import Client
from outreach.events.models import Event
from tests.bench import INVITE, WRITE, WRITE_AGAIN, Bench
from tests.worlds import MONDAY_MORNING, make_account, make_campaign, make_client, make_lead, make_user

pytestmark = pytest.mark.django_db
NOW: dict[str, Any] = {"by": None, "at": MONDAY_MORNING}
KIND = Step.Kind


@pytest.fixture
def client() -> Client:
    return make_client()


@pytest.fixture
def account(client: Client) -> Account:
    return make_account(client)


@pytest.fixture
def campaign(client: Client, account: Account) -> Campaign:
    return make_campaign(client, [account])


def person(client: Client, slug: str = "ada-lindqvist", **fields: object) -> Lead:
    return make_lead(client, public_identifier=slug, **fields)


def step(campaign: Campaign, text: str, kind: str = KIND.MESSAGE) -> Step:
    return Step(client=campaign.client, sequence=campaign.current_sequence(), position=9, kind=kind, text=text)


def complaint(error: pytest.ExceptionInfo[ValidationError]) -> str:
    return " ".join(error.value.messages)


# --- Steps ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Hi {{ first_nme }}", "first_name"),
        ("Hi {{ firstName }}", "first_name"),
        ("Hi {{ compny }}", "company"),
        ("Hi {{ shoe_size }}", "no standard token and no custom field"),
        ("Hi {first_name}", "{{ first_name }}"),
        ("Hi [First Name]", "{{ first_name }}"),
    ],
)
def test_an_unknown_token_is_refused_with_a_suggestion(campaign: Campaign, text: str, says: str) -> None:
    with pytest.raises(ValidationError) as error:
        check_step(step(campaign, text))
    assert says in complaint(error)


@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_a_message_without_a_text_is_refused_and_a_bare_invitation_is_not(campaign: Campaign, text: str) -> None:
    with pytest.raises(ValidationError, match="needs a text"):
        check_step(step(campaign, text))
    check_step(step(campaign, text, KIND.CONNECTION_REQUEST))


@pytest.mark.parametrize("text", ["Hi {{ first_name", "Hi {{ }}", "{% include 'x' %}", "{% for x in y %}{% endfor %}"])
def test_a_malformed_text_is_refused(campaign: Campaign, text: str) -> None:
    with pytest.raises(ValidationError):
        check_step(step(campaign, text))


def test_a_note_that_no_account_could_send_is_refused(campaign: Campaign) -> None:
    check_step(step(campaign, "x" * 300, KIND.CONNECTION_REQUEST))
    with pytest.raises(ValidationError, match="300"):
        check_step(step(campaign, "x" * 301, KIND.CONNECTION_REQUEST))


def test_a_custom_field_of_this_client_is_a_token_and_anothers_is_not(campaign: Campaign) -> None:
    CustomField.objects.create(client=make_client("Southwind"), key="deal_size", label="Deal size")
    with pytest.raises(ValidationError):
        check_step(step(campaign, "{{ deal_size }}"))
    CustomField.objects.create(client=campaign.client, key="deal_size", label="Deal size")
    check_step(step(campaign, "{{ deal_size }}"))


def test_an_unknown_kind_of_step_is_refused(campaign: Campaign) -> None:
    with pytest.raises(ValidationError, match="carrier_pigeon"):
        replace_steps(campaign=campaign, steps=[StepDraft("carrier_pigeon", "Hi")], **NOW)


@pytest.mark.parametrize(("amount", "unit"), [(-1, "days"), (4000, "days"), (1, "fortnights")])
def test_a_delay_that_cannot_be_is_refused(campaign: Campaign, amount: int, unit: str) -> None:
    with pytest.raises(ValidationError):
        replace_steps(campaign=campaign, steps=[StepDraft(KIND.MESSAGE, "Hi", amount, unit)], **NOW)


def test_a_wrong_step_is_named_by_its_number_and_nothing_is_half_written(campaign: Campaign) -> None:
    before = list(campaign.current_sequence().steps.values_list("pk", "text"))
    steps = [StepDraft(KIND.MESSAGE, "Fine"), StepDraft(KIND.MESSAGE, "{{ nobody_knows }}")]
    with pytest.raises(ValidationError, match="Step 2"):
        replace_steps(campaign=campaign, steps=steps, **NOW)
    assert list(campaign.current_sequence().steps.values_list("pk", "text")) == before


def test_the_steps_of_a_started_campaign_cannot_be_replaced(campaign: Campaign) -> None:
    activate_campaign(campaign=campaign, **NOW)
    with pytest.raises(ValidationError, match="active"):
        replace_steps(campaign=campaign, steps=[WRITE], **NOW)
    pause_campaign(campaign=campaign, **NOW)
    with pytest.raises(ValidationError, match="paused"):
        replace_steps(campaign=campaign, steps=[WRITE], **NOW)
    assert campaign.current_sequence().steps.count() == 3


def test_a_page_opened_while_it_was_a_draft_cannot_replace_the_steps_either(campaign: Campaign) -> None:
    stale = Campaign.objects.get(pk=campaign.pk)
    activate_campaign(campaign=campaign, **NOW)
    with pytest.raises(ValidationError):
        replace_steps(campaign=stale, steps=[WRITE], **NOW)
    assert campaign.current_sequence().steps.count() == 3


def test_replacing_steps_is_recorded_with_its_author(campaign: Campaign) -> None:
    replace_steps(campaign=campaign, steps=[WRITE], by=make_user("nora"), at=MONDAY_MORNING)
    event = Event.objects.filter(kind="sequence_changed").latest("pk")
    assert (event.actor, event.data["steps"]) == ("operator:nora", 1)


# --- Hours ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"time_zone": "Mars/Olympus"}, "Mars/Olympus"),
        ({"opens_at": time(17), "closes_at": time(9)}, "clos"),
        ({"opens_at": time(9), "closes_at": time(9)}, "clos"),
        ({"weekdays": []}, "day"),
        ({"weekdays": [7]}, "7"),
        ({"weekdays": ["monday"]}, "monday"),
        ({"weekdays": None}, ""),
        ({"closed_dates": ["25.12.2026"]}, "25.12.2026"),
        ({"closed_dates": [20261225]}, ""),
    ],
)
def test_hours_that_cannot_be_are_refused_when_entered_and_when_activated(
    campaign: Campaign, fields: dict[str, Any], says: str
) -> None:
    for name, value in fields.items():
        setattr(campaign, name, value)
    with pytest.raises(ValidationError) as error:
        campaign.full_clean()
    assert says in complaint(error)
    if fields.get("weekdays", ()) is not None:
        Campaign.objects.filter(pk=campaign.pk).update(**fields)
        with pytest.raises(ValidationError):
            activate_campaign(campaign=campaign, **NOW)


# --- Activating -----------------------------------------------------------------------------------------


def problems_with(campaign: Campaign, *steps: StepDraft) -> str:
    replace_steps(campaign=campaign, steps=steps, **NOW)
    return " ".join(activation_problems(campaign))


def test_a_sound_campaign_has_no_problems(campaign: Campaign) -> None:
    assert activation_problems(campaign) == ()


def test_two_invitations_are_a_problem(campaign: Campaign) -> None:
    assert "invites twice" in problems_with(campaign, INVITE, WRITE, INVITE)


def test_two_invitations_on_ways_that_part_are_none(campaign: Campaign) -> None:
    asks = StepDraft("condition", options={"if": "has_email"}, next_position=1, else_position=2)
    steps = (asks, replace(INVITE, next_position=3), INVITE, WRITE)
    assert problems_with(campaign, *steps) == ""
    assert "in step 2 and in step 3" in problems_with(campaign, asks, INVITE, INVITE, WRITE)


def test_a_note_that_one_of_the_accounts_could_never_send_is_a_problem(campaign: Campaign) -> None:
    Account.objects.filter(sender__campaigns=campaign).update(tier="free")
    note = StepDraft("connection_request", "x" * 250)
    assert "at least 250 characters" in problems_with(campaign, note, WRITE)
    Account.objects.filter(sender__campaigns=campaign).update(tier="premium")
    assert problems_with(campaign, note, WRITE) == ""


def test_a_message_before_the_invitation_is_a_problem(campaign: Campaign) -> None:
    assert "put it first" in problems_with(campaign, WRITE, INVITE)


def test_no_steps_are_a_problem(campaign: Campaign) -> None:
    assert "no steps" in problems_with(campaign)


def test_messages_alone_are_no_problem(campaign: Campaign) -> None:
    assert problems_with(campaign, WRITE, WRITE_AGAIN) == ""


def test_a_token_whose_field_was_removed_is_a_problem(campaign: Campaign) -> None:
    field = CustomField.objects.create(client=campaign.client, key="deal_size", label="Deal size")
    assert problems_with(campaign, StepDraft(KIND.MESSAGE, "{{ deal_size }}")) == ""
    field.delete()
    (problem,) = activation_problems(campaign)
    assert problem.startswith("Step 1:")
    assert "deal_size" in problem


def test_no_sender_is_a_problem(campaign: Campaign) -> None:
    campaign.senders.clear()
    assert activation_problems(campaign) == ("The campaign has no sender with a LinkedIn account.",)


def test_senders_who_are_all_logged_out_are_a_problem_that_names_them(campaign: Campaign, account: Account) -> None:
    Account.objects.update(status="credentials")
    (problem,) = activation_problems(campaign)
    assert str(account) in problem
    assert "credentials" in problem


def test_all_problems_are_told_at_once(campaign: Campaign) -> None:
    campaign.senders.clear()
    replace_steps(campaign=campaign, steps=[WRITE, INVITE, INVITE], **NOW)
    with pytest.raises(ValidationError) as error:
        activate_campaign(campaign=campaign, **NOW)
    assert len(error.value.messages) == 3
    campaign.refresh_from_db()
    assert campaign.status == "draft"


@pytest.mark.parametrize("status", ["active", "paused", "completed"])
def test_only_a_draft_can_be_activated(campaign: Campaign, status: str) -> None:
    Campaign.objects.update(status=status)
    with pytest.raises(ValidationError, match="not a draft"):
        activate_campaign(campaign=campaign, **NOW)


def test_activation_is_recorded_and_every_enrolled_lead_begins(campaign: Campaign) -> None:
    leads = [person(campaign.client, f"lead-{number}") for number in range(3)]
    enroll(campaign=campaign, leads=leads, **NOW)
    assert set(campaign.enrollments.values_list("state", "next_action_at")) == {("scheduled", None)}
    later = MONDAY_MORNING + timedelta(days=1)
    activate_campaign(campaign=campaign, by=make_user("nora"), at=later)
    assert set(campaign.enrollments.values_list("state", "started_at")) == {("active", later)}
    assert (campaign.status, campaign.activated_at) == ("active", later)
    assert Event.objects.get(kind="campaign_activated").actor == "operator:nora"


# --- Enrolling ------------------------------------------------------------------------------------------


def refusal(campaign: Campaign, lead: Lead) -> tuple[str, str]:
    report = enroll(campaign=campaign, leads=[lead], **NOW)
    assert report.enrolled == 0
    (refused,) = report.refused
    assert refused.lead == lead
    return refused.because, refused.detail


def test_a_lead_is_in_a_campaign_once(campaign: Campaign) -> None:
    lead = person(campaign.client)
    report = enroll(campaign=campaign, leads=[lead, lead], **NOW)
    assert (report.enrolled, len(report.refused)) == (1, 1)
    assert refusal(campaign, lead)[0] == "already_enrolled"
    assert campaign.enrollments.count() == 1


def test_a_lead_that_has_left_is_not_taken_in_again(campaign: Campaign) -> None:
    lead = person(campaign.client)
    enroll(campaign=campaign, leads=[lead], **NOW)
    Enrollment.objects.update(state="exited")
    assert refusal(campaign, lead)[0] == "already_enrolled"


def test_a_suppressed_lead_is_refused_with_the_entry(campaign: Campaign) -> None:
    lead = person(campaign.client, email="ada@nordkaj.example")
    suppress(client=None, kind="domain", value="nordkaj.example", reason="asked", **NOW)
    because, detail = refusal(campaign, lead)
    assert because == "suppressed"
    assert "nordkaj.example" in detail


def test_a_lead_that_answered_is_refused_unless_the_campaign_says_otherwise(campaign: Campaign) -> None:
    lead = person(campaign.client, replied_at=MONDAY_MORNING - timedelta(days=9))
    because, detail = refusal(campaign, lead)
    assert because == "replied"
    assert "21 Feb 2026" in detail
    campaign.contact_after_reply = True
    campaign.save()
    assert enroll(campaign=campaign, leads=[lead], **NOW).enrolled == 1


def test_a_lead_without_an_identifier_is_refused(campaign: Campaign) -> None:
    assert refusal(campaign, make_lead(campaign.client))[0] == "no_identifier"


def test_some_refused_leads_do_not_keep_the_others_out(campaign: Campaign) -> None:
    good = [person(campaign.client, f"lead-{number}") for number in range(2)]
    report = enroll(campaign=campaign, leads=[good[0], make_lead(campaign.client), good[1]], **NOW)
    assert (report.enrolled, len(report.refused)) == (2, 1)


def test_a_lead_of_another_client_is_an_error_and_nobody_is_enrolled(campaign: Campaign) -> None:
    stranger = person(make_client("Southwind"))
    with pytest.raises(ValidationError, match="not a lead of"):
        enroll(campaign=campaign, leads=[person(campaign.client, "mine"), stranger], **NOW)
    assert not Enrollment.objects.exists()


def test_without_a_sender_nobody_is_enrolled(campaign: Campaign) -> None:
    campaign.senders.clear()
    with pytest.raises(ValidationError, match="Add a sender"):
        enroll(campaign=campaign, leads=[person(campaign.client)], **NOW)


def test_leads_are_shared_out_evenly_among_the_senders(client: Client) -> None:
    accounts = [make_account(client, provider_account_id=f"acc-{number}") for number in range(3)]
    campaign = make_campaign(client, accounts)
    enroll(campaign=campaign, leads=[person(client, f"lead-{number}") for number in range(9)], **NOW)
    loads = [Enrollment.objects.filter(account=account).count() for account in accounts]
    assert loads == [3, 3, 3]


def test_a_sender_with_much_to_do_gets_fewer(client: Client) -> None:
    busy, idle = (make_account(client, provider_account_id=f"acc-{number}") for number in range(2))
    enroll(campaign=make_campaign(client, [busy]), leads=[person(client, f"old-{n}") for n in range(4)], **NOW)
    both = make_campaign(client, [busy, idle], name="Both")
    enroll(campaign=both, leads=[person(client, f"new-{n}") for n in range(4)], **NOW)
    assert both.enrollments.filter(account=idle).count() == 4


def test_a_removed_account_gets_no_leads(client: Client) -> None:
    gone, here = (make_account(client, provider_account_id=f"acc-{number}") for number in range(2))
    Account.objects.filter(pk=gone.pk).update(status="deleted")
    campaign = make_campaign(client, [gone, here])
    enroll(campaign=campaign, leads=[person(client, f"lead-{n}") for n in range(2)], **NOW)
    assert set(campaign.enrollments.values_list("account", flat=True)) == {here.pk}


def test_leads_added_to_an_active_campaign_begin_at_once(campaign: Campaign) -> None:
    activate_campaign(campaign=campaign, **NOW)
    enroll(campaign=campaign, leads=[person(campaign.client)], **NOW)
    walk = campaign.enrollments.get()
    assert (walk.state, walk.next_action) == ("active", "invitation")


def test_leads_added_from_a_page_that_showed_a_draft_begin_too(campaign: Campaign) -> None:
    stale = Campaign.objects.get(pk=campaign.pk)
    activate_campaign(campaign=campaign, **NOW)
    enroll(campaign=stale, leads=[person(campaign.client)], **NOW)
    assert campaign.enrollments.get().state == "active"


def test_leads_are_not_lost_in_a_campaign_that_is_over() -> None:
    """Either they are refused, or they are worked on; a lead that silently never moves is neither."""
    bench = Bench()
    bench.unhurried()
    campaign = bench.campaign([bench.lead(bench.friend())], WRITE)
    bench.tick()
    bench.keep_house()
    campaign.refresh_from_db()
    assert campaign.status == "completed"
    late = bench.lead(bench.friend(number=1))
    try:
        enroll(campaign=campaign, leads=[late], by=None, at=bench.at)
    except ValidationError:
        return
    bench.wait(minutes=5)
    assert bench.tick() == 1


def test_being_enrolled_is_recorded_for_every_lead(campaign: Campaign) -> None:
    leads = [person(campaign.client, f"lead-{number}") for number in range(3)]
    enroll(campaign=campaign, leads=leads, by=make_user("nora"), at=MONDAY_MORNING)
    told = Event.objects.filter(kind="enrollment_started")
    assert set(told.values_list("lead_id", "actor")) == {(lead.pk, "operator:nora") for lead in leads}
