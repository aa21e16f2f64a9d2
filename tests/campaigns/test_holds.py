"""The right words or none (law 6): what holds a lead, and what releases it."""

from datetime import timedelta
from pathlib import Path

import pytest

from campaigns.editing import StepDraft
from campaigns.models import Enrollment, Step
from campaigns.planning.decisions import Because
from integrations.models import Sender
from leads.importing import import_leads
from leads.models import CustomField, Lead
from outreach import clock
from outreach.events.models import Event
from outreach.milestones import observed_by
from tests.bench import INVITE, WRITE, Bench

pytestmark = pytest.mark.django_db
ASK = StepDraft(Step.Kind.CONNECTION_REQUEST, "Hi {{ first_name }}, how is {{ company }}?")


@pytest.fixture
def bench() -> Bench:
    made = Bench()
    made.unhurried()
    return made


def edit(bench: Bench, lead: Lead, **changes: object) -> None:
    """An operator changes the lead now: the rows' own moments follow the bench's clock."""
    Lead.objects.filter(pk=lead.pk).update(**changes, updated_at=bench.at)


def held(bench: Bench, *steps: StepDraft, **fields: object) -> Enrollment:
    enrollment = bench.walk(bench.lead(**fields), *(steps or (ASK,)))
    bench.tick()
    enrollment.refresh_from_db()
    return enrollment


@pytest.mark.parametrize("blank", ["", "   "])
def test_a_missing_value_holds_the_lead_and_names_the_token(bench: Bench, blank: str) -> None:
    enrollment = held(bench, company=blank)
    assert bench.ledger() == []
    assert enrollment.held_because == Because.MISSING_VALUE
    assert "company" in enrollment.held_detail
    assert enrollment.status == "error"
    event = Event.objects.get(kind="step_held")
    assert event.data == {"step": 0, "because": "missing_value", "detail": "company"}


def test_every_missing_token_is_named(bench: Bench) -> None:
    assert held(bench, company="", first_name="").held_detail == "first_name, company"


def test_a_lead_is_released_when_it_gets_the_value(bench: Bench) -> None:
    enrollment = held(bench, company="")
    bench.wait(minutes=5)
    assert bench.keep_house()["released"] == 0, "nothing has changed yet"
    edit(bench, enrollment.lead, company="Nordkaj")
    assert bench.keep_house()["released"] == 1
    bench.tick()
    assert bench.ledger()[0]["text"].endswith("how is Nordkaj?")
    assert Event.objects.filter(kind="step_released").count() == 1


def test_a_lead_that_got_another_value_is_held_again(bench: Bench) -> None:
    enrollment = held(bench, company="")
    bench.wait(minutes=5)
    edit(bench, enrollment.lead, title="Head of Logistics")
    bench.keep_house()
    bench.tick()
    enrollment.refresh_from_db()
    assert enrollment.held_because == Because.MISSING_VALUE
    assert bench.ledger() == []


def test_an_import_that_brings_the_value_releases_the_lead(bench: Bench, tmp_path: Path) -> None:
    enrollment = held(bench, company="")
    bench.wait(minutes=5)
    address = f"https://www.linkedin.com/in/{enrollment.lead.public_identifier}"
    file = tmp_path / "leads.csv"
    file.write_text(f"First Name,Company,Profile URL\n{enrollment.lead.first_name},Nordkaj,{address}\n")
    with file.open("rb") as stream:
        import_leads(client=bench.client, stream=stream, filename="leads.csv", by=None, at=bench.at)
    assert Lead.objects.get().company == "Nordkaj"
    assert bench.keep_house()["released"] == 1


def test_a_value_missing_on_the_senders_side_is_released_when_the_sender_gets_it(bench: Bench) -> None:
    Sender.objects.update(last_name="")
    signed = StepDraft(Step.Kind.CONNECTION_REQUEST, "Hi {{ first_name }}! {{ sender_last_name }}")
    enrollment = held(bench, signed)
    assert enrollment.held_because == Because.MISSING_VALUE
    bench.wait(minutes=5)
    for sender in Sender.objects.all():
        sender.last_name = "Verhoeven"
        sender.save()
    bench.keep_house()
    bench.tick()
    assert len(bench.ledger()) == 1


def test_a_note_too_long_for_a_free_account_goes_out_once_the_account_is_premium(bench: Bench) -> None:
    enrollment = bench.walk(bench.lead(first_name="x" * 190), INVITE, accounts=[bench.free])
    bench.tick()
    enrollment.refresh_from_db()
    assert enrollment.held_because == Because.TEXT_UNFIT
    bench.wait(minutes=5)
    bench.free.tier = "premium"
    bench.free.save()
    bench.sandbox.parts.world.accounts[bench.free.provider_account_id].premium = True
    bench.keep_house()
    bench.tick()
    assert len(bench.ledger()) == 1


def test_a_default_stands_in_for_a_missing_value(bench: Bench) -> None:
    mild = StepDraft(Step.Kind.CONNECTION_REQUEST, 'Hi {{ first_name | default: "there" }}!')
    held(bench, mild, first_name="")
    assert bench.ledger()[0]["text"] == "Hi there!"


def test_a_custom_field_is_a_token_and_its_absence_holds(bench: Bench) -> None:
    CustomField.objects.create(client=bench.client, key="deal_size", label="Deal size")
    custom = StepDraft(Step.Kind.CONNECTION_REQUEST, "About {{ deal_size }} …")
    enrollment = held(bench, custom)
    assert enrollment.held_detail == "deal_size"
    bench.wait(minutes=5)
    edit(bench, enrollment.lead, custom={"deal_size": "two million"})
    bench.keep_house()
    bench.tick()
    assert bench.ledger()[0]["text"] == "About two million …"


def test_a_custom_field_never_hides_a_standard_one(bench: Bench) -> None:
    held(bench, INVITE, first_name="Ada", custom={"first_name": "Somebody else"})
    assert bench.ledger()[0]["text"] == "Hi Ada, may we connect?"


def test_an_edit_is_dated_by_the_projects_clock_not_the_machines(bench: Bench) -> None:
    """The demo's clock runs ahead of the machine's: an edit must not look older than the hold it mends."""
    enrollment = held(bench, company="")
    lead = enrollment.lead
    with clock.frozen(bench.at):
        lead.company = "Nordkaj"
        lead.save()
    lead.refresh_from_db()
    assert lead.updated_at == bench.at


@pytest.mark.parametrize("name", ["{{ company }}", "{% if true %}x{% endif %}", "<script>", "O'Neil & Søn", "Zoë 🦊"])
def test_a_value_is_sent_as_it_is_and_never_read_as_a_template(bench: Bench, name: str) -> None:
    held(bench, INVITE, first_name=name)
    assert bench.ledger()[0]["text"] == f"Hi {name}, may we connect?"


def test_what_is_stored_is_what_is_sent_even_when_the_lead_changes_meanwhile(bench: Bench) -> None:
    lead = bench.lead(bench.friend(), first_name="Ada")
    enrollment = bench.walk(lead, WRITE)

    def rename(milestone: str) -> None:
        if milestone == "after_reserve":
            edit(bench, lead, first_name="Eve", company="Elsewhere")

    with observed_by(rename):
        bench.tick()
    execution = enrollment.executions.get()
    assert execution.dispatch
    assert execution.text == execution.dispatch.text == bench.ledger()[0]["text"]


def test_every_lead_gets_its_own_words(bench: Bench) -> None:
    leads = bench.leads(6)
    bench.campaign(leads, ASK)
    bench.tick_until_idle()
    told = {entry["public_identifier"]: entry["text"] for entry in bench.ledger()}
    assert told == {lead.public_identifier: f"Hi {lead.first_name}, how is {lead.company}?" for lead in leads}


def test_a_held_lead_does_not_keep_the_next_one_waiting(bench: Bench) -> None:
    nameless, named = bench.lead(first_name=""), bench.lead()
    bench.campaign([nameless, named], INVITE)
    assert bench.tick() == 1
    assert bench.sent() == [("invitation", named.public_identifier)]


def test_the_same_person_twice_is_invited_once_and_the_twin_is_named(bench: Bench) -> None:
    """Two rows of a lead file: the public name, and an older name of the same person."""
    person = bench.stranger()
    first = bench.lead(person, provider_id=person.provider_id, public_identifier="an-older-name")
    second = bench.lead(person)
    campaign = bench.campaign([first, second], INVITE)
    bench.tick_until_idle()
    assert len(bench.ledger()) == 1
    twin = campaign.enrollments.get(lead=second)
    assert twin.held_because == Because.LEAD_IMPOSSIBLE
    assert str(first.pk) in twin.held_detail


def test_a_lead_that_answers_while_held_leaves(bench: Bench) -> None:
    friend = bench.friend()
    lead = bench.lead(friend, provider_id=friend.provider_id, company="")
    enrollment = bench.walk(lead, WRITE)
    bench.tick()
    bench.wait(minutes=1)
    bench.answer(friend)
    bench.read()
    enrollment.refresh_from_db()
    assert (enrollment.state, enrollment.held_because) == ("exited", "")
    edit(bench, lead, company="Nordkaj")
    bench.wait(days=1)
    assert bench.keep_house()["released"] == 0


def test_an_invitation_that_nobody_accepts_runs_out_after_three_weeks(bench: Bench) -> None:
    enrollment = bench.walk()
    bench.tick()
    bench.wait(days=20, hours=23)
    assert bench.keep_house()["expired"] == 0
    bench.wait(hours=2)
    assert bench.keep_house()["expired"] == 0, "perhaps somebody has accepted, and nobody has told us yet"
    bench.read()
    assert bench.keep_house() == {
        "claimed": 0,
        "expired": 1,
        "released": 0,
        "taken_up": 0,
        "completed": 1,
        "slowed": 0,
        "quiet": 0,
    }
    enrollment.refresh_from_db()
    assert (enrollment.state, enrollment.exit_reason) == ("exited", "not_accepted")


def test_a_campaign_whose_leads_are_all_through_is_completed_once(bench: Bench) -> None:
    enrollment = bench.walk(bench.lead(bench.friend()), WRITE)
    assert bench.keep_house()["completed"] == 0
    bench.tick()
    assert bench.keep_house()["completed"] == 1
    assert bench.keep_house()["completed"] == 0
    enrollment.campaign.refresh_from_db()
    assert enrollment.campaign.status == "completed"
    assert Event.objects.filter(kind="campaign_completed").count() == 1


def test_an_answer_after_the_end_still_counts(bench: Bench) -> None:
    friend = bench.friend()
    enrollment = bench.walk(bench.lead(friend), WRITE)
    bench.tick()
    bench.wait(days=3)
    bench.answer(friend)
    bench.wait(minutes=1)
    bench.read()
    enrollment.refresh_from_db()
    assert (enrollment.state, enrollment.stage, enrollment.status) == ("completed", "responded", "responded")
    assert enrollment.replied_at == bench.at - timedelta(minutes=1)
