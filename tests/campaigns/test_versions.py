"""Steps changed while a campaign runs: who stays, who moves, and nothing is sent twice."""

import pytest
from django.core.exceptions import ValidationError

from campaigns.editing import StepDraft
from campaigns.models import Campaign, Enrollment
from campaigns.stopping import pause_enrollment, resume_enrollment
from campaigns.versioning import drafts_of, go_back, move_to_newest, preview, publish
from outreach.events.models import Event
from outreach.milestones import observed_by
from tests.bench import WRITE, WRITE_AGAIN, Bench

pytestmark = pytest.mark.django_db
OTHER = StepDraft("message", "A better thought, {{ first_name }}.", 1, "hours")


def begun(bench: Bench) -> tuple[Campaign, Enrollment]:
    """A connected lead who has had the first of two messages."""
    walk = bench.walk(bench.lead(bench.friend()), WRITE, WRITE_AGAIN)
    bench.read()
    bench.tick()
    return walk.campaign, walk


def written(bench: Bench) -> list[str]:
    return [str(entry["text"]).split(",")[0] for entry in bench.ledger()]


def later(bench: Bench, hours: int = 2) -> None:
    bench.wait(hours=hours)
    bench.read()
    bench.tick()


def test_leads_stay_on_their_version_unless_they_are_moved() -> None:
    bench = Bench()
    campaign, _ = begun(bench)
    done = publish(campaign=campaign, steps=[WRITE, OTHER], move=False, by=None, at=bench.at)
    assert (done.sequence.version, done.moved, done.stayed) == (2, 0, 1)
    later(bench)
    assert written(bench)[1] == "One more thought"


def test_moved_leads_go_on_where_they_were_and_get_nothing_twice() -> None:
    bench = Bench()
    campaign, walk = begun(bench)
    new = [*drafts_of(walk.sequence.steps.all()), StepDraft("message", "A last word.", 1, "hours")]
    assert publish(campaign=campaign, steps=new, move=True, by=None, at=bench.at).moved == 1
    for _ in range(4):
        later(bench)
    walk.refresh_from_db()
    assert [text.split()[0] for text in written(bench)] == ["Hello", "One", "A"]
    assert (walk.sequence.version, walk.state) == (2, "completed")
    assert Event.objects.filter(kind="sequence_moved").count() == 1


def test_steps_put_in_front_are_not_sent_to_leads_who_are_past_them() -> None:
    bench = Bench()
    campaign, walk = begun(bench)
    first, second = drafts_of(walk.sequence.steps.order_by("position"))
    publish(campaign=campaign, steps=[OTHER, first, second], move=True, by=None, at=bench.at)
    walk.refresh_from_db()
    assert walk.position == 2
    later(bench)
    assert written(bench)[1:] == ["One more thought"]


def test_a_step_that_is_moved_behind_the_lead_is_still_sent_once() -> None:
    """Swapping the two: the first, already sent, is now second; its origin keeps it from going out again."""
    bench = Bench()
    campaign, walk = begun(bench)
    first, second = drafts_of(walk.sequence.steps.order_by("position"))
    publish(campaign=campaign, steps=[second, first], move=True, by=None, at=bench.at)
    for _ in range(3):
        later(bench)
    walk.refresh_from_db()
    assert [text.split()[0] for text in written(bench)] == ["Hello", "One"]
    assert walk.state == "completed"


def test_the_next_step_gone_the_lead_goes_on_after_the_last_it_had() -> None:
    bench = Bench()
    campaign, walk = begun(bench)
    first = drafts_of(walk.sequence.steps.order_by("position"))[0]
    tag = StepDraft("tag", options={"tag": "late"})
    publish(campaign=campaign, steps=[first, tag], move=True, by=None, at=bench.at)
    later(bench)
    walk.lead.refresh_from_db()
    assert walk.lead.tags == ["late"]


def test_the_operator_sees_what_changes_and_for_how_many() -> None:
    bench = Bench()
    campaign, walk = begun(bench)
    first, second = drafts_of(walk.sequence.steps.order_by("position"))
    change = preview(campaign=campaign, steps=[first, OTHER, StepDraft("end")])
    assert change.changes == ("Step 2: other text.", "Step 3 is new.")
    assert (change.movable, change.in_flight, change.astray) == (1, 0, 0)
    assert not preview(campaign=campaign, steps=[first, second]).is_any
    assert campaign.sequences.count() == 1


def test_a_lead_with_a_step_in_flight_stays_until_it_has_landed() -> None:
    bench = Bench()
    walk = bench.walk(bench.lead(bench.friend()), WRITE, WRITE_AGAIN)
    bench.read()
    seen = []

    def edit(milestone: str) -> None:
        if milestone == "after_preflight":
            steps = [WRITE, OTHER]
            seen.append(preview(campaign=walk.campaign, steps=steps).in_flight)
            seen.append(publish(campaign=walk.campaign, steps=steps, move=True, by=None, at=bench.at).stayed)

    with observed_by(edit):
        bench.tick()
    assert seen == [1, 1]
    assert move_to_newest(campaign=walk.campaign, by=None, at=bench.at) == (1, 0)
    later(bench)
    assert written(bench)[1:] == ["A better thought"]


def test_one_click_goes_back() -> None:
    bench = Bench()
    campaign, _ = begun(bench)
    publish(campaign=campaign, steps=[WRITE, OTHER], move=True, by=None, at=bench.at)
    back = go_back(campaign=campaign, move=True, by=None, at=bench.at)
    assert (back.sequence.version, back.moved) == (3, 1)
    later(bench)
    assert written(bench)[1:] == ["One more thought"]


def test_a_paused_lead_moves_and_goes_on_when_it_is_resumed() -> None:
    bench = Bench()
    campaign, walk = begun(bench)
    pause_enrollment(enrollment=walk, by=None, at=bench.at)
    publish(campaign=campaign, steps=[WRITE, OTHER], move=True, by=None, at=bench.at)
    later(bench)
    assert len(written(bench)) == 1
    resume_enrollment(enrollment=walk, by=None, at=bench.at)
    later(bench)
    assert written(bench)[1:] == ["A better thought"]


def test_wrong_steps_change_nothing() -> None:
    bench = Bench()
    campaign, _ = begun(bench)
    with pytest.raises(ValidationError, match="Step 2"):
        publish(campaign=campaign, steps=[WRITE, StepDraft("message", "")], move=True, by=None, at=bench.at)
    assert campaign.sequences.count() == 1
    with pytest.raises(ValidationError, match="one version only"):
        go_back(campaign=campaign, move=False, by=None, at=bench.at)


def test_a_step_that_was_taken_out_and_comes_back_is_the_step_that_it_was() -> None:
    """Going back brings it under its own name, so that who had it does not get it again."""
    bench = Bench()
    campaign, walk = begun(bench)
    first = list(walk.sequence.steps.order_by("position"))
    publish(campaign=campaign, steps=drafts_of(first[1:]), move=True, by=None, at=bench.at)
    back = go_back(campaign=campaign, move=False, by=None, at=bench.at)
    again = list(back.sequence.steps.order_by("position"))
    assert [step.origin for step in again] == [step.origin for step in first]
    other = [*drafts_of(again[:1]), OTHER]
    publish(campaign=campaign, steps=other, move=True, by=None, at=bench.at)
    later(bench)
    assert len(written(bench)) == len(set(written(bench)))
