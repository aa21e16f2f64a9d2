"""One envelope for every error, and bad input that says what is wrong."""

from typing import Any

import pytest
from django.test import Client as Browser

from tests.api.contract import ContractClient
from tests.api.tenants import Tenant

pytestmark = pytest.mark.django_db


def codes(answer: Any) -> list[tuple[str, str | None]]:
    return [(error["code"], error["attr"]) for error in answer.json()["errors"]]


@pytest.mark.parametrize("path", ["/api/", "/api/v1/", "/api/v1/lead/", "/api/v1/leads/not-an-id/", "/api/v2/leads/"])
def test_an_address_that_leads_nowhere_is_answered_in_json(path: str) -> None:
    answer = Browser().get(path)
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/json")
    assert codes(answer) == [("not_found", None)]


def test_a_forgotten_slash_is_pointed_out() -> None:
    answer = Browser().post("/api/v1/leads", {}, content_type="application/json")
    assert "end with a slash" in answer.json()["errors"][0]["detail"]


def test_a_field_that_does_not_exist_is_named(api: ContractClient, northwind: Tenant) -> None:
    answer = api.patch(f"/api/v1/leads/{northwind.lead.pk}/", {"frist_name": "Ada"})
    assert codes(answer) == [("unknown_field", "frist_name")]


def test_what_is_only_read_may_be_sent_back_and_changes_nothing(api: ContractClient, northwind: Tenant) -> None:
    path = f"/api/v1/leads/{northwind.lead.pk}/"
    shown = api.get(path).json()
    assert api.patch(path, shown | {"id": "x", "name": "Eve", "created_at": None}).json()["name"] == "Ada Lindqvist"


def test_a_filter_that_does_not_exist_is_named(api: ContractClient) -> None:
    assert codes(api.get("/api/v1/leads/?campagin=x")) == [("unknown_filter", "campagin")]


def test_a_filter_with_an_impossible_value_is_named(api: ContractClient) -> None:
    assert codes(api.get("/api/v1/leads/?campaign=x")) == [("invalid", "campaign")]


def test_a_body_that_is_no_json_is_refused(api: ContractClient) -> None:
    answer = api.post("/api/v1/leads/", "{", content_type="application/json")
    assert (answer.status_code, codes(answer)) == (400, [("parse_error", None)])


def test_a_body_that_is_no_object_is_refused(api: ContractClient) -> None:
    assert api.post("/api/v1/leads/", [1, 2]).status_code == 400


def test_pages_are_at_most_two_hundred_rows(api: ContractClient, northwind: Tenant) -> None:
    from leads.models import Lead

    Lead.objects.bulk_create([Lead(client=northwind.client, first_name=str(number)) for number in range(205)])
    first = api.get("/api/v1/leads/?page_size=1000").json()
    second = api.get(first["next"].partition("testserver")[2]).json()
    assert (len(first["results"]), len(second["results"]), second["next"]) == (200, 6, None)
    ids = [row["id"] for row in first["results"] + second["results"]]
    assert len(set(ids)) == first["count"] == 206


def test_a_page_that_does_not_exist_is_404(api: ContractClient) -> None:
    assert api.get("/api/v1/leads/?page=99").status_code == 404


@pytest.mark.parametrize("cursor", ["x", "cD1hYmM=", "cD05OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk=", "cj0xJnA9"])
@pytest.mark.parametrize("resource", ["events", "messages"])
def test_a_made_up_cursor_is_never_our_fault(resource: str, cursor: str, api: ContractClient) -> None:
    assert api.get(f"/api/v1/{resource}/", {"cursor": cursor}).status_code in (200, 404)


def test_a_caller_who_is_too_fast_is_told_when_to_come_back(api: ContractClient, settings: Any) -> None:
    from django.core.cache import cache

    cache.clear()
    settings.API_RATES = {"reads": "2/min"}
    answers = [api.get("/api/v1/me/") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[-1]["Retry-After"]) > 0
    assert codes(answers[-1]) == [("throttled", None)]
