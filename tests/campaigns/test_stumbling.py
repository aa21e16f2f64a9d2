"""A kind of step stumbles over what nobody foresaw: its lead is set aside, and all others go on."""

import pytest

from campaigns.actions.tagging import AddTag
from campaigns.actions.visit_profile import VisitProfile
from campaigns.editing import StepDraft
from campaigns.models import Enrollment
from campaigns.stopping import release_enrollment
from integrations.models import Dispatch
from leads.models import Lead
from tests.bench import INVITE, Bench, used

pytestmark = pytest.mark.django_db
TAG = StepDraft("tag", options={"tag": "done"})
VISIT = StepDraft("visit_profile")


@pytest.fixture
def bench() -> Bench:
    made = Bench()
    made.unhurried()
    return made


def test_an_internal_step_that_stumbles_holds_its_lead_and_nobody_else(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = bench.leads(3)
    campaign = bench.campaign([first, second, third], TAG)
    right = AddTag.carry_out

    def stumble(kind: AddTag, place: object) -> object:
        if place.lead.pk == first.pk:  # type: ignore[attr-defined]
            Lead.objects.filter(pk=first.pk).update(company="half done")
            raise KeyError("nobody thought of that")
        return right(kind, place)  # type: ignore[arg-type]

    monkeypatch.setattr(AddTag, "carry_out", stumble)
    bench.walk(None, INVITE, name="Beside")
    bench.tick_until_idle()
    held = campaign.enrollments.get(lead=first)
    assert (held.held_because, "nobody thought of that" in held.held_detail) == ("broken", True)
    assert Lead.objects.get(pk=first.pk).company == first.company, "what it had begun is undone"
    assert campaign.enrollments.filter(state="completed").count() == 2
    assert [kind for kind, _ in bench.sent()] == ["invitation"]
    monkeypatch.undo()
    release_enrollment(enrollment=held, by=None, at=bench.at)
    bench.tick_until_idle()
    assert Lead.objects.get(pk=first.pk).tags == ["done"]


def test_a_look_that_stumbles_calls_nothing_gives_the_quota_back_and_lets_the_batch_go_on(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    walk = bench.walk(None, VISIT)
    bench.walk(None, INVITE, accounts=[bench.free], name="Other")

    def stumble(kind: VisitProfile, job: object, client: object) -> object:
        raise IndexError("an empty list")

    monkeypatch.setattr(VisitProfile, "look", stumble)
    bench.tick_until_idle()
    walk.refresh_from_db()
    assert (walk.held_because != "", "an empty list" in walk.held_detail) == (True, True)
    assert used(bench.account, "profile_view") == 0
    assert [kind for kind, _ in bench.sent()] == ["invitation"]


def test_a_call_that_stumbles_may_have_happened_and_is_asked_for(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    walk = bench.walk(None, VISIT, TAG)
    right = VisitProfile.call

    def stumble(kind: VisitProfile, job: object, client: object) -> object:
        right(kind, job, client)  # type: ignore[arg-type]
        raise ValueError("the answer had no id")

    monkeypatch.setattr(VisitProfile, "call", stumble)
    bench.tick()
    assert Dispatch.objects.get().state == "unknown"
    bench.wait(minutes=6)
    bench.recover()
    bench.read()
    bench.tick_until_idle()
    assert Enrollment.objects.get(pk=walk.pk).state == "completed"
    assert [entry["kind"] for entry in bench.ledger()] == ["profile_view"]
