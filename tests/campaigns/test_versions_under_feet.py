"""Versions in the middle of everything: tasks, holds, conditions, steps that go and come back, two editors at once."""

import pytest
from django.core.exceptions import ValidationError

from campaigns.activating import activate_campaign
from campaigns.editing import StepDraft
from campaigns.engine.knowing import lead_facts
from campaigns.models import Campaign, Enrollment, ManualTask, Step
from campaigns.stopping import pause_campaign, pause_enrollment, resume_campaign
from campaigns.tasking import close_task
from campaigns.versioning import drafts_of, go_back, preview, publish
from integrations.models import OutboundCall
from leads.models import Lead
from tests.bench import INVITE, WRITE, WRITE_AGAIN, WRITE_NEXT_HOUR, Bench
from tests.campaigns.test_versions import OTHER, begun, later, written

pytestmark = pytest.mark.django_db
TASK = StepDraft("manual_task", "Call {{ first_name }}.")
LAST = StepDraft("message", "A last word.", 1, "hours")


def steps_now(campaign: Campaign) -> list[StepDraft]:
    return drafts_of(campaign.current_sequence().steps.order_by("position"))


def republish(bench: Bench, campaign: Campaign, *steps: StepDraft, move: bool = True) -> None:
    publish(campaign=campaign, steps=steps, move=move, by=None, at=bench.at)


def words(bench: Bench) -> list[str]:
    return [text.split()[0] for text in written(bench)]


# --- Nothing twice, nothing lost ------------------------------------------------------------------------


def test_a_step_that_goes_and_comes_back_is_the_same_step() -> None:
    bench = Bench()
    campaign, walk = begun(bench)
    first, second = steps_now(campaign)
    republish(bench, campaign, second)
    go_back(campaign=campaign, move=True, by=None, at=bench.at)
    first_again, second_again = steps_now(campaign)
    assert (first_again.origin, second_again.origin) == (first.origin, second.origin)
    republish(bench, campaign, second_again, first_again)
    for _ in range(3):
        later(bench)
    walk.refresh_from_db()
    assert (words(bench), walk.state) == (["Hello", "One"], "completed")


def test_a_step_taken_out_and_put_back_is_still_sent() -> None:
    bench = Bench()
    walk = bench.walk(bench.lead(bench.friend()), WRITE, WRITE_AGAIN, LAST)
    bench.read()
    bench.tick()
    first, _, last = steps_now(walk.campaign)
    republish(bench, walk.campaign, first, last)
    go_back(campaign=walk.campaign, move=True, by=None, at=bench.at)
    for _ in range(3):
        later(bench)
    assert words(bench) == ["Hello", "One", "A"]


def test_a_step_put_between_the_last_and_the_next_is_sent_first() -> None:
    bench = Bench()
    campaign, _ = begun(bench)
    first, second = steps_now(campaign)
    republish(bench, campaign, first, OTHER, second)
    for _ in range(3):
        later(bench)
    assert words(bench) == ["Hello", "A", "One"]


def test_leads_who_have_not_begun_begin_with_the_new_first_step() -> None:
    bench = Bench()
    walk = bench.walk(bench.lead(bench.friend()), WRITE_AGAIN, LAST)
    republish(bench, walk.campaign, WRITE, *steps_now(walk.campaign))
    for _ in range(4):
        later(bench)
    assert words(bench) == ["Hello", "One", "A"]


def test_what_was_called_or_asked_of_a_person_is_not_done_again_in_another_place() -> None:
    bench = Bench()
    hook = StepDraft("call_webhook", options={"url": "https://crm.example/hook"})
    walk = bench.walk(bench.lead(bench.friend()), hook, TASK, WRITE)
    bench.tick()
    bench.tick()
    close_task(task=ManualTask.objects.get(), by=None, at=bench.at)
    hook_now, task_now, write_now = steps_now(walk.campaign)
    republish(bench, walk.campaign, write_now, hook_now, task_now)
    for _ in range(4):
        later(bench)
    walk.refresh_from_db()
    assert (OutboundCall.objects.count(), ManualTask.objects.count(), walk.state) == (1, 1, "completed")


def test_another_kind_in_the_same_place_is_another_step() -> None:
    bench = Bench()
    campaign, _ = begun(bench)
    first, second = steps_now(campaign)
    tag = StepDraft("tag", options={"tag": "x"}, origin=second.origin)
    change = preview(campaign=campaign, steps=[first, tag])
    assert change.changes == ("Step 2 is new.", "Step 2 of now is gone.")


# --- In every state -------------------------------------------------------------------------------------


def test_an_open_task_goes_along_and_is_asked_once() -> None:
    bench = Bench()
    walk = bench.walk(bench.lead(bench.friend()), TASK, WRITE)
    bench.tick()
    republish(bench, walk.campaign, StepDraft("tag", options={"tag": "x"}), *steps_now(walk.campaign))
    bench.tick()
    task = ManualTask.objects.get()
    close_task(task=task, by=None, at=bench.at)
    later(bench)
    assert words(bench) == ["Hello"]
    assert ManualTask.objects.count() == 1


def test_a_task_whose_step_is_gone_is_dropped_and_the_lead_goes_on() -> None:
    bench = Bench()
    walk = bench.walk(bench.lead(bench.friend()), WRITE, TASK, WRITE_AGAIN)
    bench.read()
    bench.tick()
    bench.tick()
    first, _, last = steps_now(walk.campaign)
    republish(bench, walk.campaign, first, last)
    task = ManualTask.objects.get()
    assert task.state == "dropped"
    with pytest.raises(ValidationError, match="no longer needed"):
        close_task(task=task, by=None, at=bench.at)
    later(bench)
    assert words(bench) == ["Hello", "One"]


def test_a_held_lead_whose_text_was_mended_goes_on() -> None:
    bench = Bench()
    unlike = StepDraft("message", "Hello {{ first_name }} of {{ company }}.")
    walk = bench.walk(bench.lead(bench.friend(), company=""), unlike)
    bench.read()
    bench.tick()
    walk.refresh_from_db()
    assert walk.held_because == "missing_value"
    republish(bench, walk.campaign, WRITE_AGAIN, move=False)
    walk.refresh_from_db()
    assert walk.held_because == "missing_value", "it stays on its version"
    (again,) = steps_now(walk.campaign)
    republish(bench, walk.campaign, StepDraft("message", "Dear {{ first_name }}.", 1, "hours", origin=again.origin))
    walk.refresh_from_db()
    assert walk.held_because == ""
    later(bench)
    assert words(bench) == ["Dear"]


def test_what_an_operator_has_to_settle_stays_held() -> None:
    bench = Bench()
    campaign, walk = begun(bench)
    Enrollment.objects.filter(pk=walk.pk).update(
        held_because="lead_impossible", held_detail="a twin", held_at=bench.at, next_action_at=None
    )
    first, _ = steps_now(campaign)
    republish(bench, campaign, first, OTHER)
    walk.refresh_from_db()
    assert (walk.sequence.version, walk.held_because, walk.next_action_at) == (2, "lead_impossible", None)


def test_waiting_for_an_acceptance_outlives_the_move() -> None:
    bench = Bench()
    walk = bench.walk(None, INVITE, WRITE_NEXT_HOUR)
    bench.tick()
    invite, _ = steps_now(walk.campaign)
    republish(bench, walk.campaign, invite, OTHER)
    walk.refresh_from_db()
    assert (walk.next_action, walk.position) == ("expire", 1)
    bench.accept(bench.person_of(walk.lead))
    bench.wait(minutes=5)
    for _ in range(3):
        later(bench)
    assert [kind for kind, _ in bench.sent()] == ["invitation", "message"]
    assert words(bench)[1:] == ["A"]


def test_at_a_condition_the_lead_goes_the_way_it_was_going() -> None:
    """The step of its branch is deleted: it goes on where the condition leads it, not into the other branch."""
    bench = Bench()
    ask = StepDraft("condition", options={"if": "tag", "tag": "vip"}, else_position=3)
    vip = StepDraft("message", "Vip, {{ first_name }}.", 1, "hours", next_position=4)
    common = StepDraft("message", "Common, {{ first_name }}.", 1, "hours")
    walk = bench.walk(bench.lead(bench.friend(), tags=["vip"]), WRITE, ask, vip, common, LAST)
    bench.read()
    bench.tick()
    bench.tick()
    walk.refresh_from_db()
    assert walk.position == 2
    first, asked, _, other, last = steps_now(walk.campaign)
    asked = StepDraft("condition", options=asked.options, next_position=3, else_position=2, origin=asked.origin)
    republish(bench, walk.campaign, first, asked, other, last)
    for _ in range(3):
        later(bench)
    assert words(bench) == ["Hello", "A"]


def test_resting_and_paused_leads_move_and_keep_resting_and_paused() -> None:
    bench = Bench()
    campaign, walk = begun(bench)
    until = bench.at.replace(day=9)
    Enrollment.objects.filter(pk=walk.pk).update(resting_until=until)
    pause_enrollment(enrollment=walk, by=None, at=bench.at)
    republish(bench, campaign, steps_now(campaign)[0], OTHER)
    walk.refresh_from_db()
    assert (walk.state, walk.resting_until, walk.sequence.version) == ("paused", until, 2)


def test_scheduled_leads_begin_with_the_version_they_are_on() -> None:
    bench = Bench()
    campaign = bench.campaign([], WRITE_AGAIN, LAST)
    pause_campaign(campaign=campaign, by=None, at=bench.at)
    from campaigns.enrolling import enroll

    enroll(campaign=campaign, leads=[bench.lead(bench.friend())], by=None, at=bench.at)
    republish(bench, campaign, StepDraft("tag", options={"tag": "late"}, delay_amount=9, delay_unit="days"), move=False)
    enroll(campaign=campaign, leads=[bench.lead(bench.friend(number=1))], by=None, at=bench.at)
    resume_campaign(campaign=campaign, by=None, at=bench.at)
    first, second = campaign.enrollments.order_by("pk")
    assert (first.next_action, second.next_action) == ("message", "internal")
    assert (second.next_action_at - bench.at).days == 9  # type: ignore[operator]
    later(bench)
    assert words(bench) == ["One"]
    assert all(lead.tags == [] for lead in Lead.objects.all())


# --- Editing --------------------------------------------------------------------------------------------


def test_of_two_editors_the_second_is_told_and_changes_nothing() -> None:
    bench = Bench()
    campaign, _ = begun(bench)
    first, second = steps_now(campaign)
    seen = preview(campaign=campaign, steps=[first]).version
    publish(campaign=campaign, steps=[first, second, LAST], move=True, by=None, at=bench.at, based_on=seen)
    with pytest.raises(ValidationError, match="version 2 meanwhile"):
        publish(campaign=campaign, steps=[first], move=True, by=None, at=bench.at, based_on=seen)
    with pytest.raises(ValidationError, match="version 2 meanwhile"):
        go_back(campaign=campaign, move=True, by=None, at=bench.at, based_on=seen)
    assert campaign.sequences.count() == 2


@pytest.mark.parametrize("verb", ["preview", "publish"])
def test_a_new_version_is_checked_as_strictly_as_the_first(verb: str) -> None:
    bench = Bench()
    walk = bench.walk(None, INVITE, WRITE_NEXT_HOUR)
    campaign = walk.campaign
    invite, write = steps_now(campaign)

    def attempt(*steps: StepDraft) -> None:
        if verb == "preview":
            preview(campaign=campaign, steps=steps)
        else:
            republish(bench, campaign, *steps)

    with pytest.raises(ValidationError, match="invites twice"):
        attempt(invite, write, INVITE)
    with pytest.raises(ValidationError, match="Step 2"):
        attempt(invite, StepDraft("message", "Hi {{ nobody }}"))
    with pytest.raises(ValidationError, match="both continue the same step"):
        attempt(invite, write, StepDraft("message", "Again.", origin=write.origin))
    with pytest.raises(ValidationError, match="at least one step"):
        attempt()
    assert campaign.sequences.count() == 1


def test_a_condition_about_a_variant_finds_it_after_the_steps_were_moved() -> None:
    bench = Bench()
    a_b = StepDraft("message", "Hello.", variants=({"label": "B", "weight": 1, "text": "Hello there."},))
    walk = bench.walk(bench.lead(bench.friend()), a_b, LAST)
    bench.read()
    bench.tick()
    walk.refresh_from_db()
    label = walk.executions.get().variant
    assert lead_facts(walk).variants == {0: label}
    republish(bench, walk.campaign, StepDraft("tag", options={"tag": "x"}), *steps_now(walk.campaign))
    walk.refresh_from_db()
    assert lead_facts(walk).variants == {1: label}


def test_a_draft_is_not_published() -> None:
    bench = Bench()
    campaign = bench.campaign([], WRITE, start=False)
    with pytest.raises(ValidationError, match="is a draft"):
        republish(bench, campaign, WRITE)
    activate_campaign(campaign=campaign, by=None, at=bench.at)
    assert Step.objects.filter(sequence__campaign=campaign).count() == 1
