"""Steps that need no account: waiting, asking, tagging, tasks, moving on. Seen by what becomes of the lead."""

import re
from dataclasses import replace

import pytest
from django.core.exceptions import ValidationError

from campaigns.activating import activate_campaign
from campaigns.editing import StepDraft
from campaigns.models import Enrollment, ManualTask, StepExecution
from campaigns.stopping import pause_enrollment, resume_enrollment, stop_engine, stop_enrollment
from campaigns.tasking import close_task
from campaigns.versioning import drafts_of, publish
from inbox.models import Message
from leads.models import CustomField, Lead
from outreach.events.models import Event
from tests.bench import INVITE, WRITE, Bench, Crash
from tests.worlds import make_campaign

pytestmark = pytest.mark.django_db
TAG = StepDraft("tag", options={"tag": "Warm"})
END = StepDraft("end")


def ask(if_: str, *, then: int | None = None, otherwise: int | None = None, **options: object) -> StepDraft:
    return StepDraft("condition", options={"if": if_, **options}, next_position=then, else_position=otherwise)


def run(bench: Bench) -> None:
    """Everything that can be done at this moment."""
    while bench.tick():
        bench.wait(minutes=3)


def tags_of(lead: Lead) -> list[str]:
    return Lead.objects.get(pk=lead.pk).tags


def test_steps_within_the_house_are_done_one_after_the_other_at_any_hour() -> None:
    bench = Bench()
    bench.wait(hours=12)  # late in the evening
    walk = bench.walk(None, StepDraft("wait", delay_amount=2, delay_unit="hours"), TAG, END)
    run(bench)
    assert tags_of(walk.lead) == []
    bench.wait(hours=2)
    run(bench)
    walk.refresh_from_db()
    assert (tags_of(walk.lead), walk.state) == (["Warm"], "completed")
    assert list(StepExecution.objects.order_by("step__position").values_list("outcome", flat=True)) == ["done"] * 3
    assert Event.objects.filter(kind="step_done").count() == 3


def test_a_condition_goes_one_way_or_the_other() -> None:
    bench = Bench()
    steps = (ask("tag", then=1, otherwise=2, tag="vip"), StepDraft("tag", options={"tag": "yes"}, next_position=3))
    steps += (StepDraft("tag", options={"tag": "no"}), END)
    important, plain = bench.lead(tags=["VIP"]), bench.lead()
    bench.campaign([important, plain], *steps)
    run(bench)
    assert (tags_of(important), tags_of(plain)) == (["VIP", "yes"], ["no"])


@pytest.mark.parametrize(("turned", "goes"), [(False, "no"), (True, "yes")])
def test_not_turns_the_answer_round(turned: bool, goes: str) -> None:
    bench = Bench()
    walk = bench.walk(
        None,
        StepDraft("condition", options={"if": "has_email", "not": turned}, next_position=1, else_position=2),
        StepDraft("tag", options={"tag": "yes"}, next_position=3),
        StepDraft("tag", options={"tag": "no"}),
        END,
    )
    run(bench)
    assert tags_of(walk.lead) == [goes]


ACCEPTED_IN_TIME = (
    INVITE,
    ask("connected", then=2, otherwise=4, within_amount=5, within_unit="days"),
    WRITE,
    END,
    TAG,
    END,
)


def test_who_accepts_within_the_days_goes_on_at_once() -> None:
    bench = Bench()
    walk = bench.walk(None, *ACCEPTED_IN_TIME)
    run(bench)
    bench.wait(days=1)
    run(bench)
    assert [kind for kind, _ in bench.sent()] == ["invitation"]
    bench.accept(bench.person_of(walk.lead))
    bench.read()
    run(bench)
    assert [kind for kind, _ in bench.sent()] == ["invitation", "message"]
    walk.refresh_from_db()
    assert walk.state == "completed"


def test_who_does_not_accept_goes_the_other_way_when_the_days_are_over() -> None:
    bench = Bench()
    walk = bench.walk(None, *ACCEPTED_IN_TIME)
    run(bench)
    bench.wait(days=4, hours=23)
    bench.read()
    run(bench)
    assert tags_of(walk.lead) == []
    bench.wait(hours=2)
    run(bench)
    walk.refresh_from_db()
    assert (tags_of(walk.lead), walk.state) == (["Warm"], "completed")
    assert [kind for kind, _ in bench.sent()] == ["invitation"]


def test_a_deadline_counts_from_when_the_step_was_due_however_late_the_engine_came() -> None:
    bench = Bench()
    walk = bench.walk(None, ask("has_email", then=1, otherwise=1, within_amount=5, within_unit="hours"), END)
    bench.wait(hours=6)
    run(bench)
    walk.refresh_from_db()
    assert walk.state == "completed"


def test_a_field_that_changes_while_a_condition_waits_is_noticed_within_the_hour() -> None:
    bench = Bench()
    walk = bench.walk(None, ask("has_email", within_amount=5, within_unit="days", otherwise=2), TAG, END)
    run(bench)
    Lead.objects.filter(pk=walk.lead_id).update(email="ada@nordkaj.example")
    bench.wait(minutes=61)
    run(bench)
    assert tags_of(walk.lead) == ["Warm"]


def test_a_message_that_was_seen_ends_the_wait_for_it() -> None:
    bench = Bench()
    lead = bench.lead(bench.friend())
    seen = ask("seen", then=2, otherwise=3, within_amount=3, within_unit="days")
    bench.walk(lead, WRITE, seen, TAG, END)
    run(bench)
    message = bench.ledger()[0]
    bench.read()
    ours = Message.objects.get(dispatch__isnull=False)
    body = {
        "event": "message_read",
        "account_id": message["account_id"],
        "account_type": "LINKEDIN",
        "chat_id": ours.conversation.provider_chat_id,
        "message_id": ours.provider_message_id,
        "timestamp": "2026-03-02T12:00:00.000Z",
        "read_by": {"attendee_provider_id": message["person"]},
    }
    assert bench.told("messaging", body).effect == "seen"
    run(bench)
    assert tags_of(lead) == ["Warm"]
    assert bench.told("messaging", body).effect == "known already"


def test_a_message_whose_reading_no_webhook_told_is_found_seen_when_the_inbox_is_read() -> None:
    bench = Bench()
    lead = bench.lead(bench.friend())
    bench.walk(lead, WRITE, ask("seen", then=2, otherwise=3, within_amount=3, within_unit="days"), TAG, END)
    run(bench)
    bench.read()
    run(bench)
    assert tags_of(lead) == []
    world = bench.sandbox.parts.world
    sent = Message.objects.get(dispatch__isnull=False)
    world.accounts[bench.account.provider_account_id].chats_by_person[lead_person(bench, lead)].messages[-1].seen = True
    bench.wait(minutes=30)
    bench.read()
    sent.refresh_from_db()
    assert sent.seen_at == bench.at
    run(bench)
    assert tags_of(lead) == ["Warm"]


def lead_person(bench: Bench, lead: Lead) -> str:
    return bench.person_of(lead).provider_id


def test_a_field_is_set_from_the_leads_own_data() -> None:
    bench = Bench()
    CustomField.objects.create(client=bench.client, key="greeting", label="Greeting")
    value = {"field": "greeting", "value": "Dear {{ first_name }}"}
    walk = bench.walk(None, StepDraft("set_field", options=value), END)
    run(bench)
    lead = Lead.objects.get(pk=walk.lead_id)
    assert lead.custom["greeting"] == f"Dear {lead.first_name}"


def test_a_field_whose_value_cannot_be_worded_holds_the_lead() -> None:
    bench = Bench()
    lead = bench.lead(company="")
    walk = bench.walk(lead, StepDraft("set_field", options={"field": "title", "value": "at {{ company }}"}), END)
    run(bench)
    walk.refresh_from_db()
    assert (walk.held_because, walk.held_detail) == ("missing_value", "company")
    Lead.objects.filter(pk=lead.pk).update(company="Nordkaj")
    bench.keep_house()
    run(bench)
    assert Lead.objects.get(pk=lead.pk).title == "at Nordkaj"


TASK = StepDraft("manual_task", "Call {{ first_name }}.")


def test_a_task_blocks_the_lead_until_it_is_done() -> None:
    bench = Bench()
    walk = bench.walk(None, TASK, TAG, END)
    run(bench)
    task = ManualTask.objects.get()
    assert task.instructions == f"Call {walk.lead.first_name}."
    bench.wait(days=3)
    run(bench)
    assert bench.keep_house()["taken_up"] == 0
    assert tags_of(walk.lead) == []
    close_task(task=task, by=None, at=bench.at, note="She calls back.")
    run(bench)
    assert tags_of(walk.lead) == ["Warm"]
    assert "She calls back." in StepExecution.objects.get(step__kind="manual_task").detail
    with pytest.raises(ValidationError, match="already"):
        close_task(task=task, by=None, at=bench.at, skipped=True)


def test_a_task_done_while_the_lead_is_paused_counts_when_it_is_resumed() -> None:
    bench = Bench()
    walk = bench.walk(None, TASK, TAG, END)
    run(bench)
    pause_enrollment(enrollment=walk, by=None, at=bench.at)
    close_task(task=ManualTask.objects.get(), by=None, at=bench.at)
    run(bench)
    assert tags_of(walk.lead) == []
    resume_enrollment(enrollment=walk, by=None, at=bench.at)
    run(bench)
    assert tags_of(walk.lead) == ["Warm"]


def test_a_task_is_dropped_with_the_walk_that_needed_it() -> None:
    bench = Bench()
    walk = bench.walk(None, TASK, END)
    run(bench)
    stop_enrollment(enrollment=walk, by=None, at=bench.at)
    assert ManualTask.objects.get().state == "dropped"


def test_a_lead_moves_to_another_campaign_and_walks_on_there() -> None:
    bench = Bench()
    there = make_campaign(bench.client, [bench.account], name="Later", steps=(TAG, END), at=bench.at)
    activate_campaign(campaign=there, by=None, at=bench.at)
    walk = bench.walk(None, StepDraft("move", options={"campaign": str(there.pk)}))
    run(bench)
    walk.refresh_from_db()
    assert (walk.state, walk.exit_reason) == ("exited", "moved")
    assert Enrollment.objects.get(campaign=there).state == "completed"
    assert tags_of(walk.lead) == ["Warm"]


def test_a_stopped_engine_does_nothing_in_the_house_either() -> None:
    bench = Bench()
    walk = bench.walk(None, TAG, END)
    stop_engine(by=None, at=bench.at)
    run(bench)
    assert tags_of(walk.lead) == []


def test_a_crash_within_an_internal_step_costs_nothing_and_repeats_nothing() -> None:
    bench = Bench()
    walk = bench.walk(None, TAG, END)
    for _ in range(2):
        with bench.crashing_at("inside_internal"), pytest.raises(Crash):
            bench.tick()
    assert tags_of(walk.lead) == []
    run(bench)
    assert tags_of(walk.lead) == ["Warm"]
    assert StepExecution.objects.filter(outcome="done").count() == 2


WRONG = {
    "goes back": (TAG, StepDraft("wait", next_position=0)),
    "never reached": (StepDraft("wait", next_position=2), TAG, END),
    "there are 2": (StepDraft("wait", next_position=7), END),
    "only a condition": (StepDraft("wait", else_position=1), END),
    "nothing follows the end": (StepDraft("end", next_position=1), END),
    "is missing": (StepDraft("tag"),),
    "says what is asked": (StepDraft("condition"),),
    "also needs": (StepDraft("condition", options={"if": "tag"}),),
    "does not take": (StepDraft("wait", options={"colour": "blue"}),),
    "has no text": (StepDraft("wait", "Hello"),),
    "needs a text": (StepDraft("manual_task"),),
    "earlier step": (StepDraft("condition", options={"if": "variant", "step": 3, "label": "B"}),),
    "no step follows it": (TAG, ask("has_email")),
    "is a word": (StepDraft("call_webhook", options={"url": "https://example.com/", "event": 5}),),
    "what the field becomes": (StepDraft("set_field", options={"field": "title"}),),
    "is one of": (StepDraft("set_field", options={"field": "first_name", "value": "x"}),),
    "is the id of a campaign": (StepDraft("move", options={"campaign": "none"}),),
}


WRONG_VALUES = [
    ({"if": "has_email", "not": "false"}, "is true or false, without quotes"),
    ({"if": "has_email", "not": 1}, "is true or false"),
    ({"if": "has_email", "within_amount": "5"}, "whole number"),
    ({"if": "has_email", "within_amount": 2.5}, "whole number"),
    ({"if": "has_email", "within_amount": True}, "whole number"),
    ({"if": "has_email", "within_amount": None}, "whole number"),
    ({"if": "has_email", "within_amount": -1}, "whole number"),
    ({"if": "has_email", "within_amount": 99999}, "This wait cannot be"),
    ({"if": "has_email", "within_amount": 5, "within_unit": "weeks"}, "This wait cannot be"),
    ({"if": "has_email", "within_unit": "days"}, 'needs "within_amount"'),
    ({"if": "has_email", "tag": "vip"}, "says nothing to"),
    ({"if": "tag", "tag": ["vip"]}, "is a text"),
    ({"if": "tag", "tag": 5}, "is a text"),
    ({"if": "field_is", "field": "company", "value": 5}, "is a text"),
    ({"if": "field_known", "field": "frist_name"}, '"field" is one of'),
    ({"if": ["tag"]}, "says what is asked"),
    ({"if": "variant", "step": "0", "label": "B"}, "counted from 0"),
    ({"if": "variant", "step": 0, "label": "Z"}, "has no variant 'Z'; it has A, B"),
    ({"if": "variant", "step": 1, "label": "A"}, "Step 2 has no variant"),
]


@pytest.mark.parametrize(("options", "sentence"), WRONG_VALUES, ids=[str(options) for options, _ in WRONG_VALUES])
def test_a_condition_whose_options_mean_something_else_is_refused_with_the_step_named(
    options: dict[str, object], sentence: str
) -> None:
    bench = Bench()
    other = ({"label": "B", "weight": 1, "text": "Call soon."},)
    steps = (StepDraft("manual_task", "Call.", variants=other), TAG, StepDraft("condition", options=options), END)
    with pytest.raises(ValidationError, match="Step 3.*" + re.escape(sentence)):
        make_campaign(bench.client, [bench.account], steps=steps, at=bench.at)


def test_any_field_of_a_lead_can_be_asked_for() -> None:
    bench = Bench()
    CustomField.objects.create(client=bench.client, key="industry", label="Industry")
    asked = (("industry", "Rail"), ("company", "nordkaj"), ("time_zone", "Europe/Berlin"))
    for field, value in asked:
        lead = bench.lead(custom={"industry": "rail"}, company="Nordkaj", time_zone="Europe/Berlin")
        steps = (ask("field_is", otherwise=2, field=field, value=value), TAG, END)
        bench.campaign([lead], *steps, name=field)
        run(bench)
        assert tags_of(lead) == ["Warm"], field


def test_a_variant_taken_of_a_task_can_be_asked_for_and_after_a_new_version_too() -> None:
    bench = Bench()
    texts = ({"label": "B", "weight": 1, "text": "Write."},)
    task = StepDraft("manual_task", "Call.", weight=0, variants=texts)
    pause = StepDraft("wait", delay_amount=1, delay_unit="days")
    took = ask("variant", then=2 + 1, otherwise=4, step=0, label="B")
    campaign = bench.campaign([bench.lead()], task, pause, took, TAG, END)
    run(bench)
    close_task(task=ManualTask.objects.get(), by=None, at=bench.at)
    steps = [StepDraft("wait"), *drafts_of(campaign.current_sequence().steps.order_by("position"))]
    moved = [
        replace(
            step,
            options={**step.options, "step": 1} if step.kind == "condition" else step.options,
            next_position=step.next_position and step.next_position + 1,
            else_position=step.else_position and step.else_position + 1,
        )
        for step in steps
    ]
    assert publish(campaign=campaign, steps=moved, move=True, by=None, at=bench.at).moved == 1
    bench.wait(days=1)
    run(bench)
    assert tags_of(campaign.enrollments.get().lead) == ["Warm"]


@pytest.mark.parametrize("sentence", WRONG)
def test_a_wrong_sequence_is_refused_with_the_step_named(sentence: str) -> None:
    bench = Bench()
    with pytest.raises(ValidationError, match=r"(?s)Step \d.*" + sentence):
        make_campaign(bench.client, [bench.account], steps=WRONG[sentence], at=bench.at)
