"""Adding a kind of step is one class and one entry: docs/adding-a-step-kind.md, tried with two made-up kinds.

One is carried out here, one by an account at the provider. Nothing else is told of either, and yet sequences, checks,
the API, the console, the gate, caps, look-ups after a crash and explanations know them.
"""

from collections.abc import Iterator
from datetime import datetime

import pytest
from django.core.exceptions import ValidationError
from django.test import Client as Browser
from django.urls import reverse
from rest_framework.test import APIClient

from campaigns.actions import registry
from campaigns.actions.contract import (
    AccountStep,
    Blocked,
    Evidence,
    Findings,
    InternalStep,
    Job,
    Passed,
    Place,
    Result,
)
from campaigns.activating import activate_campaign, activation_problems
from campaigns.editing import StepDraft
from campaigns.explaining import explain_in_words
from campaigns.models import Step
from campaigns.planning.decisions import Because, Reason
from integrations.dispatching import Outcome
from integrations.models import Account, Action, Dispatch
from integrations.rebuilding import rebuild_usage
from integrations.unipile.client import UnipileClient
from leads.models import Lead
from outreach.clients.models import Client, User
from outreach.events.models import Event
from tests.bench import Bench, Crash, used
from tests.campaigns.test_internal_steps import tags_of
from tests.worlds import make_campaign, make_user

pytestmark = pytest.mark.django_db


class Greeting(InternalStep):
    """Writes a greeting into the lead's headline."""

    kind = "greeting"
    label = "Write a greeting"
    options = {"greeting": "The words; tokens may be used."}
    worded_options = ("greeting",)

    def problems(self, step: Step, client: Client) -> list[str]:
        return [] if step.options.get("greeting") else ['"greeting" is missing.']

    def carry_out(self, place: Place) -> Result:
        words = place.wording.options["greeting"]
        if len(words) > 60:
            return Blocked(Reason(Because.TEXT_UNFIT, detail="too long for a greeting"))
        Lead.objects.filter(pk=place.lead.pk).update(headline=words)
        return Passed(detail=words)


class SecondGlance(AccountStep):
    """Visits a profile, for premium accounts only."""

    kind = "second_glance"
    label = "Glance at the profile"
    action = Action.PROFILE_VIEW

    def problems_with(self, account: Account) -> str:
        return "A glance needs a premium account" if account.tier == Account.Tier.FREE else ""

    def look(self, job: Job, client: UnipileClient) -> Findings:
        return Findings(profile=client.profile(job.lead.identifier, account_id=job.account.provider_account_id))

    def call(self, job: Job, client: UnipileClient) -> Outcome:
        client.visit(job.dispatch.person, account_id=job.account.provider_account_id)
        return Outcome(Dispatch.State.SENT)

    def reconcile(self, dispatch: Dispatch, client: UnipileClient, *, at: datetime) -> Evidence:
        return Evidence(True, "taken as done", Outcome(Dispatch.State.SENT))


GREET = StepDraft("greeting", options={"greeting": "Hi {{ first_name }}"})
GLANCE = StepDraft("second_glance")
TAG = StepDraft("tag", options={"tag": "done"})


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The one line in the registry, for each."""
    for kind in (Greeting(), SecondGlance()):
        monkeypatch.setitem(registry.KINDS, kind.kind, kind)
    yield


@pytest.fixture
def bench() -> Bench:
    made = Bench()
    made.unhurried()
    return made


def test_a_lead_walks_through_both_once_within_the_caps_and_with_a_record(bench: Bench) -> None:
    walk = bench.walk(None, GREET, GLANCE, TAG)
    bench.read()
    bench.tick_until_idle()
    walk.refresh_from_db()
    assert walk.state == "completed"
    assert Lead.objects.get(pk=walk.lead_id).headline == f"Hi {walk.lead.first_name}"
    assert [entry["kind"] for entry in bench.ledger()] == ["profile_view"]
    assert used(bench.account, "profile_view") == 1
    kinds = Event.objects.filter(kind="step_done").order_by("pk").values_list("data__step_kind", flat=True)
    assert list(kinds) == ["greeting", "second_glance", "tag"]
    assert rebuild_usage(dry_run=True) == []


def test_it_waits_behind_its_cap_and_the_reason_is_told(bench: Bench) -> None:
    bench.unhurried(profile_views_per_day=1)
    campaign = bench.campaign(bench.leads(2), GLANCE)
    bench.tick_until_idle()
    assert len(bench.ledger()) == 1
    waiting = campaign.enrollments.get(last_sent_at=None)
    assert "1 a day, set for this account" in " ".join(explain_in_words(enrollment=waiting, at=bench.at))


def test_a_lost_answer_is_asked_for_and_never_repeated(bench: Bench) -> None:
    walk = bench.walk(None, GLANCE, TAG)
    with bench.crashing_at("after_call"), pytest.raises(Crash):
        bench.tick()
    assert len(bench.ledger()) == 1
    bench.wait(minutes=10)
    bench.recover()
    bench.wait(minutes=10)
    bench.recover()
    bench.read()
    bench.tick_until_idle()
    assert (tags_of(walk.lead), len(bench.ledger())) == (["done"], 1)


def test_it_is_checked_when_saved_and_before_activation(bench: Bench) -> None:
    with pytest.raises(ValidationError, match='Step 1: "greeting" is missing'):
        bench.campaign([], StepDraft("greeting"))
    with pytest.raises(ValidationError, match="frist_name"):
        bench.campaign([], StepDraft("greeting", options={"greeting": "Hi {{ frist_name }}"}))
    with pytest.raises(ValidationError, match="does not take 'colour'"):
        bench.campaign([], StepDraft("greeting", options={"greeting": "Hi", "colour": "red"}))
    campaign = make_campaign(bench.client, [bench.free], steps=(GLANCE,), at=bench.at)
    assert "Step 1: A glance needs a premium account" in " ".join(activation_problems(campaign))
    with pytest.raises(ValidationError, match="premium"):
        activate_campaign(campaign=campaign, by=None, at=bench.at)


def test_what_blocks_it_holds_the_lead_with_the_reason(bench: Bench) -> None:
    walk = bench.walk(None, StepDraft("greeting", options={"greeting": "Hi " + "x" * 80}))
    bench.tick_until_idle()
    walk.refresh_from_db()
    assert (walk.held_because, walk.held_detail) == ("text_unfit", "too long for a greeting")


def test_the_api_takes_it_names_it_and_tells_what_it_needs(bench: Bench) -> None:
    api = APIClient()
    api.force_authenticate(make_user("nora", client=bench.client, role="admin"))
    campaign = make_campaign(bench.client, [bench.account], steps=(TAG,), at=bench.at)
    rows = [{"kind": "greeting", "options": {"greeting": "Hello"}}, {"kind": "second_glance"}]
    answer = api.put(f"/api/v1/campaigns/{campaign.pk}/steps/", rows, format="json")
    assert answer.status_code == 200, answer.content
    assert [row["kind"] for row in answer.json()] == ["greeting", "second_glance"]
    told = {row["kind"]: row for row in api.get("/api/v1/step-kinds/").json()}
    assert told["greeting"]["options"] == {"greeting": "The words; tokens may be used."}
    assert (told["second_glance"]["action"], told["greeting"]["action"]) == ("profile_view", None)
    refused = api.put(f"/api/v1/campaigns/{campaign.pk}/steps/", [{"kind": "greeting"}], format="json")
    assert (refused.status_code, "is missing" in refused.content.decode()) == (400, True)


def test_the_console_offers_it_and_says_what_it_takes(bench: Bench) -> None:
    browser = Browser()
    browser.force_login(User.objects.create_superuser("operator", password="secret-word"))
    campaign = make_campaign(bench.client, [bench.account], steps=(GREET,), at=bench.at)
    shown = browser.get(reverse("admin:campaigns_campaign_change", args=[campaign.pk])).content.decode()
    assert '<option value="greeting" selected>Write a greeting</option>' in shown
    assert '<option value="second_glance">Glance at the profile</option>' in shown
    assert "<code>greeting</code> The words; tokens may be used." in shown
