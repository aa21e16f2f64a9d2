"""A POST with an Idempotency-Key takes effect once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from leads.models import Lead
from outreach.api.idempotency import claim_key
from outreach.api.models import IdempotentRequest
from outreach.clock import frozen, now
from tests.api.contract import ContractClient
from tests.api.tenants import Tenant, make_tenant, member

pytestmark = pytest.mark.django_db


def send(api: ContractClient, tenant: Tenant, *, key: str = "k", **changes: Any) -> Any:
    body = {"client": str(tenant.client.pk), "email": "eve@example.org"} | changes
    return api.post("/api/v1/leads/", body, headers={"Idempotency-Key": key})


def test_a_repetition_answers_the_same_and_makes_nothing(api: ContractClient, northwind: Tenant) -> None:
    first, again = send(api, northwind), send(api, northwind)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert (first.get("Idempotent-Replayed"), again.get("Idempotent-Replayed")) == (None, "true")
    assert Lead.objects.filter(email="eve@example.org").count() == 1


def test_the_order_of_the_fields_does_not_make_another_request(api: ContractClient, northwind: Tenant) -> None:
    first = send(api, northwind)
    body = {"email": "eve@example.org", "client": str(northwind.client.pk)}
    assert api.post("/api/v1/leads/", body, headers={"Idempotency-Key": "k"}).json() == first.json()


def test_without_a_key_every_request_counts(api: ContractClient, northwind: Tenant) -> None:
    body = {"client": str(northwind.client.pk), "email": "eve@example.org"}
    assert api.post("/api/v1/leads/", body).json()["id"] != api.post("/api/v1/leads/", body).json()["id"]


def test_a_key_with_another_request_is_refused(api: ContractClient, northwind: Tenant) -> None:
    send(api, northwind)
    assert send(api, northwind, email="eva@example.org").status_code == 422
    campaign = {"client": str(northwind.client.pk), "name": "x"}
    assert api.post("/api/v1/campaigns/", campaign, headers={"Idempotency-Key": "k"}).status_code == 422


def test_a_refused_request_can_be_mended_under_its_key(api: ContractClient, northwind: Tenant) -> None:
    assert send(api, northwind, email="nobody").status_code == 400
    assert send(api, northwind).status_code == 201


def test_while_the_first_is_under_way_a_second_is_a_conflict(api: ContractClient, northwind: Tenant) -> None:
    first = send(api, northwind)
    IdempotentRequest.objects.update(status=None, body=None)
    again = send(api, northwind)
    assert (first.status_code, again.status_code) == (201, 409)
    assert again.json()["errors"][0]["code"] == "idempotent_request_unfinished"


def test_a_request_that_broke_in_the_middle_is_not_carried_out_again(
    api: ContractClient, northwind: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*args: object) -> None:
        raise RuntimeError("after the effect")

    api.raise_request_exception = False
    with monkeypatch.context() as broken:
        broken.setattr("leads.api.custom_fields.learn", break_down)
        assert send(api, northwind).status_code == 500
    assert send(api, northwind).status_code == 409


def test_the_database_lets_one_of_two_claims_through(api: ContractClient, northwind: Tenant) -> None:
    from outreach.clients.models import User

    user, at = User.objects.get(username="admin-of-northwind"), now()
    claims = [claim_key(user=user, key="k", fingerprint="f", at=at) for _ in range(2)]
    assert [is_new for _, is_new in claims] == [True, False]
    assert claims[0][0].pk == claims[1][0].pk


def test_a_key_is_forgotten_after_a_day(api: ContractClient, northwind: Tenant) -> None:
    at = now()
    with frozen(at):
        first = send(api, northwind)
    with frozen(at + timedelta(hours=23)):
        assert send(api, northwind).json() == first.json()
    with frozen(at + timedelta(hours=24)):
        assert send(api, northwind).json()["id"] != first.json()["id"]
    assert IdempotentRequest.objects.count() == 1


@pytest.mark.parametrize("key", ["", " ", "x" * 256])
def test_a_key_of_no_use_is_refused(key: str, api: ContractClient, northwind: Tenant) -> None:
    assert send(api, northwind, key=key).status_code == 400


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_only_one_takes_effect() -> None:
    northwind = make_tenant("Northwind")
    api = member(northwind)

    def post(number: int) -> int:
        try:
            caller = ContractClient()
            caller.credentials(**api._credentials)
            return int(send(caller, northwind).status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        statuses = set(pool.map(post, range(16)))
    assert 201 in statuses <= {201, 409}
    assert Lead.objects.filter(email="eve@example.org").count() == 1
