"""Clients are walls (law 8): tried on every operation of the document, so that a new one cannot be forgotten."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from outreach.events.models import Event
from tests.api.contract import ContractClient, operations
from tests.api.tenants import Tenant, member
from tests.worlds import make_user

WITH_ID = [(method, path) for method, path in operations() if "{id}" in path]
OF_NOBODY = ("engine", "step-kinds")  # what belongs to no client
LISTS = [
    path
    for method, path in operations()
    if method == "get" and "{id}" not in path and not any(word in path for word in OF_NOBODY)
]


def resource_of(path: str) -> str:
    return path.split("/")[3]


@pytest.mark.parametrize(("method", "path"), WITH_ID)
def test_a_row_of_another_client_does_not_exist(method: str, path: str, api: ContractClient, rival: Tenant) -> None:
    row = rival.by_resource()[resource_of(path)]
    before = Event.objects.count()
    answer = getattr(api, method)(path.replace("{id}", str(row.pk)), {})
    assert answer.status_code == 404
    assert Event.objects.count() == before


@pytest.mark.parametrize(("method", "path"), [each for each in WITH_ID if each[0] == "get"])
def test_a_row_of_the_own_client_is_shown(method: str, path: str, api: ContractClient, northwind: Tenant) -> None:
    row = northwind.by_resource()[resource_of(path)]
    assert api.get(path.replace("{id}", str(row.pk))).status_code == 200


@pytest.mark.parametrize("path", [path for path in LISTS if path != "/api/v1/me/"])
def test_a_list_holds_the_own_rows_only(path: str, api: ContractClient, northwind: Tenant, rival: Tenant) -> None:
    resource = resource_of(path)
    ids = {str(row["id"]) for row in api.get(path).json()["results"]}
    assert str(northwind.by_resource()[resource].pk) in ids
    assert str(rival.by_resource()[resource].pk) not in ids


@pytest.mark.parametrize("path", [path for path in LISTS if path not in ("/api/v1/me/", "/api/v1/clients/")])
def test_filtering_by_another_client_finds_nothing(path: str, api: ContractClient, rival: Tenant) -> None:
    assert api.get(path, {"client": str(rival.client.pk)}).json()["results"] == []


@pytest.mark.parametrize("path", [path for path in LISTS if path != "/api/v1/me/"])
def test_somebody_without_a_client_sees_nothing(path: str, northwind: Tenant) -> None:
    from tests.api.tenants import calling_as

    assert calling_as(make_user("stranger")).get(path).json()["results"] == []


@pytest.mark.parametrize(
    ("resource", "body"),
    [
        ("senders", {"first_name": "Eve"}),
        ("leads", {"linkedin_url": "https://www.linkedin.com/in/eve-example"}),
        ("suppressions", {"kind": "domain", "value": "example.org"}),
        ("campaigns", {"name": "Eve's"}),
    ],
)
def test_nothing_can_be_made_for_another_client(
    resource: str, body: dict[str, Any], api: ContractClient, rival: Tenant
) -> None:
    answer = api.post(f"/api/v1/{resource}/", body | {"client": str(rival.client.pk)})
    assert answer.status_code == 400
    assert answer.json()["errors"] == [
        {
            "code": "does_not_exist",
            "detail": f'Invalid pk "{rival.client.pk}" - object does not exist.',
            "attr": "client",
        }
    ]


def test_a_file_cannot_be_imported_into_another_client(api: ContractClient, rival: Tenant) -> None:
    upload = SimpleUploadedFile("leads.csv", b"First Name,LinkedIn URL\nEve,https://linkedin.com/in/eve-x\n")
    answer = api.post("/api/v1/leads/import/", {"client": rival.client.pk, "file": upload}, format="multipart")
    assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (400, "client")


def test_leads_of_another_client_cannot_be_enrolled(api: ContractClient, northwind: Tenant, rival: Tenant) -> None:
    path = f"/api/v1/campaigns/{northwind.campaign.pk}/enroll/"
    theirs = api.post(path, {"lead_ids": [str(rival.lead.pk)]})
    nobodys = api.post(path, {"lead_ids": [str(rival.client.pk)]})
    assert theirs.status_code == nobodys.status_code == 400
    assert theirs.json()["errors"][0]["code"] == nobodys.json()["errors"][0]["code"] == "does_not_exist"
    assert rival.lead.enrollments.count() == 1


def test_a_sender_of_another_client_cannot_be_taken_for_a_campaign(
    api: ContractClient, northwind: Tenant, rival: Tenant
) -> None:
    body = {"senders": [str(rival.account.sender.pk)]}
    answer = api.patch(f"/api/v1/campaigns/{northwind.campaign.pk}/", body)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "does_not_exist")


def test_who_serves_two_clients_cannot_mix_them(northwind: Tenant, rival: Tenant) -> None:
    from outreach.clients.models import Membership
    from tests.api.tenants import calling_as

    user = make_user("both", client=northwind.client, role="admin")
    Membership.objects.create(user=user, client=rival.client, role="admin")
    caller = calling_as(user)
    campaign = f"/api/v1/campaigns/{northwind.campaign.pk}/"
    assert caller.patch(campaign, {"senders": [str(rival.account.sender.pk)]}).status_code == 400
    assert caller.post(f"{campaign}enroll/", {"lead_ids": [str(rival.lead.pk)]}).status_code == 400
    assert caller.patch(campaign, {"client": str(rival.client.pk)}).json()["errors"][0]["code"] == "immutable"


def test_an_entry_that_holds_everywhere_can_only_be_made_by_the_operator(
    api: ContractClient, northwind: Tenant
) -> None:
    from tests.api.tenants import operator

    body = {"client": None, "kind": "domain", "value": "Example.ORG", "reason": "asked"}
    assert api.post("/api/v1/suppressions/", body).status_code == 403
    answer = operator().post("/api/v1/suppressions/", body)
    assert (answer.status_code, answer.json()["value"]) == (201, "example.org")


def test_an_idempotency_key_of_one_user_is_not_anothers(api: ContractClient, northwind: Tenant, rival: Tenant) -> None:
    body = {"kind": "domain", "value": "example.org"}
    mine = api.post(
        "/api/v1/suppressions/", body | {"client": str(northwind.client.pk)}, headers={"Idempotency-Key": "1"}
    )
    theirs = member(rival).post(
        "/api/v1/suppressions/", body | {"client": str(rival.client.pk)}, headers={"Idempotency-Key": "1"}
    )
    assert (mine.status_code, theirs.status_code) == (201, 201)
    assert mine.json()["id"] != theirs.json()["id"]
