"""Campaigns from draft to active, their steps, and the leads in them."""

from datetime import UTC, datetime
from typing import Any

import pytest

from campaigns.models import Campaign, Enrollment
from integrations.models import Dispatch
from outreach.clock import frozen
from outreach.events.models import Event
from tests.api.contract import ContractClient
from tests.api.tenants import Tenant, make_dispatch
from tests.worlds import make_account, make_lead

pytestmark = pytest.mark.django_db

CAMPAIGNS = "/api/v1/campaigns/"
SATURDAY = datetime(2026, 3, 7, 12, 0, tzinfo=UTC)
STEPS = [
    {"kind": "connection_request", "text": "Hi {{ first_name }}"},
    {"kind": "message", "text": "Thank you!", "delay_amount": 2, "delay_unit": "hours"},
]


@pytest.fixture
def path(northwind: Tenant) -> str:
    return f"{CAMPAIGNS}{northwind.campaign.pk}/"


def details(answer: Any) -> list[str]:
    return [error["detail"] for error in answer.json()["errors"]]


def draft(api: ContractClient, tenant: Tenant, **fields: Any) -> Any:
    body = {"client": str(tenant.client.pk), "name": "Autumn", "senders": [str(tenant.account.sender.pk)]}
    return api.post(CAMPAIGNS, body | fields)


def test_from_nothing_to_a_running_campaign(api: ContractClient, northwind: Tenant) -> None:
    made = draft(api, northwind, weekdays=[0, 2], closed_dates=["2026-12-25"], opens_at="08:30").json()
    path = f"{CAMPAIGNS}{made['id']}/"
    assert (made["status"], made["weekdays"], made["closed_dates"]) == ("draft", [0, 2], ["2026-12-25"])
    assert api.get(f"{path}steps/").json() == []
    assert api.get(f"{path}problems/").json() == {"problems": ["The sequence has no steps."]}
    steps = api.put(f"{path}steps/", STEPS).json()
    assert [(step["position"], step["delay_unit"]) for step in steps] == [(0, "working_days"), (1, "hours")]
    report = api.post(f"{path}enroll/", {"lead_ids": [str(northwind.lead.pk)]}).json()
    assert report == {"enrolled": 1, "refused": [], "waiting": []}
    assert api.post(f"{path}activate/").json()["status"] == "active"
    (walk,) = api.get("/api/v1/enrollments/", {"campaign": made["id"]}).json()["results"]
    assert (walk["status"], walk["next_action"]) == ("pending_invite", "invitation")


def test_who_made_a_campaign_is_on_record(api: ContractClient, northwind: Tenant) -> None:
    made = Campaign.objects.get(pk=draft(api, northwind).json()["id"])
    assert made.created_by.username == "admin-of-northwind"


def test_activating_too_early_is_refused_with_everything_that_is_missing(
    api: ContractClient, northwind: Tenant
) -> None:
    made = draft(api, northwind, senders=[]).json()
    answer = api.post(f"{CAMPAIGNS}{made['id']}/activate/")
    assert answer.status_code == 409
    assert details(answer) == ["The sequence has no steps.", "The campaign has no sender with a LinkedIn account."]


@pytest.mark.parametrize(
    "change",
    [
        {"time_zone": "Mars/Olympus"},
        {"opens_at": "18:00", "closes_at": "09:00"},
        {"weekdays": []},
        {"weekdays": [7]},
        {"closed_dates": ["25.12.2026"]},
        {"name": ""},
    ],
)
def test_impossible_working_hours_are_refused(change: dict[str, Any], api: ContractClient, path: str) -> None:
    assert api.patch(path, change).status_code == 400


def test_a_change_is_judged_together_with_what_stays(api: ContractClient, path: str) -> None:
    assert api.patch(path, {"opens_at": "16:59"}).status_code == 200
    assert api.patch(path, {"closes_at": "16:00"}).status_code == 400


def test_a_step_with_an_unknown_token_changes_nothing(api: ContractClient, northwind: Tenant, path: str) -> None:
    northwind.execution.delete()
    northwind.task.delete()
    before = api.get(f"{path}steps/").json()
    answer = api.put(f"{path}steps/", [*STEPS, {"kind": "message", "text": "Hi {{ frist_name }}"}])
    assert answer.status_code == 400
    assert "Step 3" in details(answer)[0]
    assert api.get(f"{path}steps/").json() == before


@pytest.mark.parametrize("steps", [{}, "x", [1], [{"kind": "fax"}], [{"kind": "message", "txet": "Hi"}], [{}] * 51])
def test_a_list_of_steps_that_is_none_is_refused(steps: Any, api: ContractClient, path: str) -> None:
    assert api.put(f"{path}steps/", steps).status_code == 400


def test_a_wrong_step_is_named_by_its_place(api: ContractClient, path: str) -> None:
    answer = api.put(f"{path}steps/", [STEPS[0], {"kind": "fax"}, None])
    assert {error["attr"] for error in answer.json()["errors"]} == {"steps.1.kind", "steps.2"}


def test_what_is_under_way_cannot_be_changed(api: ContractClient, path: str) -> None:
    assert api.post(f"{path}activate/").status_code == 200
    for answer in (api.patch(path, {"name": "x"}), api.put(f"{path}steps/", STEPS), api.delete(path)):
        assert (answer.status_code, details(answer)) == (409, ["Spring is active; only drafts can be changed."])


def test_an_empty_draft_can_be_removed(api: ContractClient, northwind: Tenant) -> None:
    made = draft(api, northwind).json()
    assert api.delete(f"{CAMPAIGNS}{made['id']}/").status_code == 204
    assert not Campaign.objects.filter(pk=made["id"]).exists()


def test_a_draft_with_leads_says_that_it_is_needed(api: ContractClient, northwind: Tenant, path: str) -> None:
    northwind.execution.delete()
    northwind.task.delete()
    answer = api.delete(path)
    assert answer.status_code == 409
    assert details(answer) == ["Still needed by 1 enrollment(s), e.g. Ada Lindqvist in Spring."]


def test_leads_that_may_not_be_enrolled_are_listed_with_the_reason(
    api: ContractClient, northwind: Tenant, path: str
) -> None:
    unknown = make_lead(northwind.client, first_name="Bo")
    ids = [str(northwind.lead.pk), str(unknown.pk), str(unknown.pk)]
    report = api.post(f"{path}enroll/", {"lead_ids": ids}).json()
    assert report["enrolled"] == 0
    assert [(refusal["lead"], refusal["because"]) for refusal in report["refused"]] == [
        (ids[0], "already_enrolled"),
        (ids[1], "no_identifier"),
    ]


def test_enrolling_without_a_sender_is_a_conflict(api: ContractClient, northwind: Tenant) -> None:
    made = draft(api, northwind, senders=[]).json()
    answer = api.post(f"{CAMPAIGNS}{made['id']}/enroll/", {"lead_ids": [str(northwind.lead.pk)]})
    assert answer.status_code == 409


def test_a_pause_answers_with_what_was_in_flight(api: ContractClient, northwind: Tenant, path: str) -> None:
    api.post(f"{path}activate/")
    assert api.post(f"{path}pause/").json() == {"in_flight": [str(northwind.dispatch.pk)]}
    again = api.post(f"{path}pause/")
    assert (again.status_code, details(again)) == (409, ["Spring is paused, not active."])
    assert api.post(f"{path}resume/").json()["status"] == "active"


@pytest.mark.parametrize("resource", ["clients", "accounts"])
def test_clients_and_accounts_are_paused_and_resumed(resource: str, api: ContractClient, northwind: Tenant) -> None:
    path = f"/api/v1/{resource}/{northwind.by_resource()[resource].pk}/"
    assert api.post(f"{path}pause/").json() == {"in_flight": [str(northwind.dispatch.pk)]}
    assert api.get(path).json()["paused_at"] is not None
    assert api.post(f"{path}resume/").json()["paused_at"] is None


def test_what_the_campaign_waits_for_is_said_in_words(api: ContractClient, northwind: Tenant, path: str) -> None:
    api.post(f"{path}activate/")
    with frozen(SATURDAY):
        assert "outside hours" in api.get(f"{path}explain/").json()["sentence"]


def test_why_a_lead_does_not_move_is_said_with_until_when(api: ContractClient, northwind: Tenant, path: str) -> None:
    northwind.execution.delete()
    northwind.task.delete()
    api.post(f"{path}activate/")
    with frozen(SATURDAY):
        reasons = api.get(f"/api/v1/enrollments/{northwind.enrollment.pk}/explain/").json()
    (closed,) = [reason for reason in reasons if reason["because"] == "outside_hours"]
    assert closed["until"] == "2026-03-09T09:00:00Z"
    assert closed["sentence"] == "outside working hours until Mon 09:00 (Europe/London)"


def test_a_lead_is_paused_resumed_and_taken_out(api: ContractClient, northwind: Tenant, path: str) -> None:
    northwind.execution.delete()
    northwind.task.delete()
    api.post(f"{path}activate/")
    walk = f"/api/v1/enrollments/{northwind.enrollment.pk}/"
    assert api.post(f"{walk}pause/").json() == {"in_flight": []}
    assert api.get(walk).json()["status"] == "paused"
    assert api.post(f"{walk}resume/").json()["status"] == "pending_invite"
    assert api.post(f"{walk}stop/", {"detail": "asked us"}).json() == {"in_flight": []}
    shown = api.get(walk).json()
    assert (shown["status"], shown["exit_reason"], shown["exit_detail"]) == ("exited", "stopped_by_hand", "asked us")
    assert api.post(f"{walk}stop/").status_code == 409


def test_every_change_names_the_person_who_made_it(api: ContractClient, path: str) -> None:
    api.post(f"{path}activate/")
    assert Event.objects.get(kind="campaign_activated").actor == "operator:admin-of-northwind"


def test_enrollments_are_found_by_status(api: ContractClient, northwind: Tenant) -> None:
    walks = "/api/v1/enrollments/"
    assert api.get(walks, {"status": "scheduled"}).json()["count"] == 1
    Enrollment.objects.update(held_because="missing_value")
    assert api.get(walks, {"status": "scheduled"}).json()["count"] == 0
    assert api.get(walks, {"status": ["scheduled", "error"]}).json()["count"] == 1
    assert api.get(walks, {"status": "gone"}).status_code == 400


def test_attempts_are_found_by_campaign_and_lead(api: ContractClient, northwind: Tenant) -> None:
    found = {"campaign": str(northwind.campaign.pk), "lead": str(northwind.lead.pk)}
    assert api.get("/api/v1/step-executions/", found).json()["count"] == 1
    assert api.get("/api/v1/step-executions/", found | {"lead": found["campaign"]}).json()["count"] == 0


def test_what_nobody_knows_is_decided_once(api: ContractClient, northwind: Tenant) -> None:
    at = datetime(2026, 3, 2, tzinfo=UTC)
    unknown = make_dispatch(northwind.account, key="reply:1", state=Dispatch.State.UNKNOWN, needs_decision_at=at)
    waiting = api.get("/api/v1/dispatches/", {"needs_decision": "true"}).json()["results"]
    assert [row["id"] for row in waiting] == [str(unknown.pk)]
    path = f"/api/v1/dispatches/{unknown.pk}/settle/"
    assert api.post(path, {}).status_code == 400
    assert api.post(path, {"happened": True}).json()["state"] == "sent"
    assert api.post(path, {"happened": False}).status_code == 409
    assert api.get("/api/v1/dispatches/", {"needs_decision": "true"}).json()["count"] == 0
    assert api.get("/api/v1/dispatches/", {"needs_decision": "false"}).json()["count"] == 2


def test_an_accounts_limits_are_changed_and_its_provider_facts_are_not(api: ContractClient, northwind: Tenant) -> None:
    path = f"/api/v1/accounts/{northwind.account.pk}/"
    changed = api.patch(path, {"messages_per_day": 40, "status": "error"}).json()
    assert (changed["messages_per_day"], changed["status"]) == (40, "ok")


@pytest.mark.parametrize(
    "change", [{"spacing_max_seconds": 20}, {"spacing_min_seconds": 5}, {"messages_per_day": -1}, {"time_zone": "x"}]
)
def test_an_impossible_pace_is_refused(change: dict[str, Any], api: ContractClient, northwind: Tenant) -> None:
    assert api.patch(f"/api/v1/accounts/{northwind.account.pk}/", change).status_code == 400


def test_a_sender_is_made_changed_and_removed(api: ContractClient, northwind: Tenant) -> None:
    body = {"client": str(northwind.client.pk), "first_name": "Eve", "email": ""}
    made = api.post("/api/v1/senders/", body).json()
    path = f"/api/v1/senders/{made['id']}/"
    assert api.patch(path, {"last_name": "Example"}).json()["name"] == "Eve Example"
    assert api.delete(path).status_code == 204


def test_a_sender_who_is_needed_is_not_removed(api: ContractClient, northwind: Tenant) -> None:
    answer = api.delete(f"/api/v1/senders/{northwind.account.sender.pk}/")
    assert (answer.status_code, details(answer)) == (409, ["Still needed by 1 campaign(s), e.g. Spring."])
    northwind.campaign.senders.clear()
    answer = api.delete(f"/api/v1/senders/{northwind.account.sender.pk}/")
    assert details(answer) == ["Still needed by 1 account(s), e.g. Nadia Verhoeven."]
    other = make_account(northwind.client, provider_account_id="acc-2", name="Bo")
    assert api.get("/api/v1/accounts/", {"sender": str(other.sender.pk)}).json()["count"] == 1


def test_a_running_campaign_gets_a_new_version_after_a_look_at_it(
    api: ContractClient, northwind: Tenant, path: str
) -> None:
    assert api.post(f"{path}versions/", {"steps": STEPS}).status_code == 409, "a draft's steps are replaced"
    Campaign.objects.filter(pk=northwind.campaign.pk).update(status="active")
    change = api.post(f"{path}versions/preview/", {"steps": STEPS}).json()
    assert change["changes"]
    assert northwind.campaign.sequences.count() == 1
    done = api.post(f"{path}versions/", {"steps": STEPS, "move": True}).json()
    assert (done["version"], done["moved"] + done["stayed"]) == (2, 1)
    back = api.post(f"{path}versions/back/", {}).json()
    assert back["version"] == 3


def test_of_two_programs_that_change_the_steps_the_second_is_told(api: ContractClient, northwind: Tenant) -> None:
    path = f"{CAMPAIGNS}{northwind.campaign.pk}/"
    assert api.post(f"{path}activate/").status_code == 200
    newcomer = make_lead(northwind.client, public_identifier="newcomer")
    api.post(f"{path}enroll/", {"lead_ids": [str(newcomer.pk)]})
    seen = api.post(f"{path}versions/preview/", {"steps": STEPS}).json()["version"]
    assert api.post(f"{path}versions/", {"steps": STEPS, "based_on": seen}).status_code == 200
    answer = api.post(f"{path}versions/", {"steps": STEPS[:1], "based_on": seen})
    assert answer.status_code == 409
    assert "version 2 meanwhile" in details(answer)[0]
    assert api.post(f"{path}versions/back/", {"based_on": seen}).status_code == 409
    versions = api.get(f"{path}versions/").json()
    assert [(each["version"], each["step_count"]) for each in versions] == [(2, 2), (1, versions[1]["step_count"])]
    assert (versions[0]["leads"], versions[1]["leads"]) == (0, 2)
    assert api.post(f"{path}versions/move/").json() == {"moved": 1, "stayed": 1}, "a step of one is in flight"
    assert api.get(f"{path}versions/").json()[0]["leads"] == 1


def test_wrong_steps_are_refused_before_anybody_publishes_them(api: ContractClient, northwind: Tenant) -> None:
    path = f"{CAMPAIGNS}{northwind.campaign.pk}/"
    assert api.post(f"{path}activate/").status_code == 200
    for address in ("versions/preview/", "versions/"):
        answer = api.post(f"{path}{address}", {"steps": [STEPS[0], STEPS[0]]})
        assert answer.status_code == 409
        assert "invites twice" in details(answer)[0]


def test_before_a_hand_over_the_figures_can_be_read(api: ContractClient, northwind: Tenant) -> None:
    newcomer = make_lead(northwind.client, public_identifier="newcomer")
    api.post(f"{CAMPAIGNS}{northwind.campaign.pk}/enroll/", {"lead_ids": [str(newcomer.pk)]})
    path = f"{CAMPAIGNS}{northwind.campaign.pk}/hand-over/"
    (leaving,) = api.get(path).json()
    assert (leaving["name"], leaving["open"], leaving["free"]) == (northwind.account.sender.name, 2, 1)
    answer = api.post(path, {"sender": leaving["sender"]})
    assert answer.status_code == 409
    other = make_account(northwind.client, provider_account_id="acc-other", name="Other Sender")
    done = api.post(path, {"sender": leaving["sender"], "to": str(other.sender_id)}).json()
    assert done == {"moved": 1, "stayed": 1, "ended": 0}


def test_guards_are_switched_while_the_campaign_runs_and_nothing_else_is(
    api: ContractClient, northwind: Tenant, path: str
) -> None:
    Campaign.objects.filter(pk=northwind.campaign.pk).update(status="active")
    changed = api.patch(path, {"company_limit": None, "one_sender_at_a_time": False}).json()
    assert (changed["company_limit"], changed["one_sender_at_a_time"]) == (None, False)
    assert api.patch(path, {"company_limit": 2, "name": "Other"}).status_code == 409
