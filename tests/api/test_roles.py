"""Viewers look, agents work, admins set up, the operator holds the switch."""

import pytest

from tests.api.contract import ContractClient, operations
from tests.api.tenants import Tenant, member, operator
from tests.api.test_walls import resource_of

WRITES = [(method, path) for method, path in operations() if method != "get"]


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_a_viewer_may_not_write(method: str, path: str, northwind: Tenant) -> None:
    row = northwind.by_resource().get(resource_of(path))
    answer = getattr(member(northwind, "viewer"), method)(path.replace("{id}", str(row.pk if row else "")), {})
    assert answer.status_code == 403


def test_an_agent_works_with_leads(northwind: Tenant) -> None:
    body = {"client": str(northwind.client.pk), "email": "eve@example.org"}
    assert member(northwind, "agent").post("/api/v1/leads/", body).status_code == 201


def test_an_agent_may_pause_an_account_but_not_raise_its_limits(northwind: Tenant) -> None:
    agent, account = member(northwind, "agent"), f"/api/v1/accounts/{northwind.account.pk}/"
    assert agent.post(f"{account}pause/").status_code == 200
    assert agent.patch(account, {"messages_per_day": 500}).status_code == 403


def test_an_agent_may_not_make_or_change_senders(northwind: Tenant) -> None:
    agent = member(northwind, "agent")
    body = {"client": str(northwind.client.pk), "first_name": "Eve"}
    assert agent.post("/api/v1/senders/", body).status_code == 403
    assert agent.patch(f"/api/v1/senders/{northwind.account.sender.pk}/", {"title": "CEO"}).status_code == 403


def test_a_viewer_of_one_client_and_agent_of_another_writes_only_for_the_other(
    northwind: Tenant, rival: Tenant
) -> None:
    from outreach.clients.models import Membership
    from tests.api.tenants import calling_as
    from tests.worlds import make_user

    user = make_user("both", client=northwind.client, role="viewer")
    Membership.objects.create(user=user, client=rival.client, role="agent")
    caller = calling_as(user)
    lead = {"email": "eve@example.org"}
    assert caller.post("/api/v1/leads/", lead | {"client": str(northwind.client.pk)}).status_code == 403
    assert caller.post("/api/v1/leads/", lead | {"client": str(rival.client.pk)}).status_code == 201
    assert caller.patch(f"/api/v1/leads/{northwind.lead.pk}/", {"title": "x"}).status_code == 403
    assert caller.patch(f"/api/v1/leads/{rival.lead.pk}/", {"title": "x"}).status_code == 200


def test_only_the_operator_turns_the_engine_off_and_on(api: ContractClient, northwind: Tenant, rival: Tenant) -> None:
    assert api.post("/api/v1/engine/stop/").status_code == 403
    stopped = operator().post("/api/v1/engine/stop/")
    assert set(stopped.json()["in_flight"]) == {str(northwind.dispatch.pk), str(rival.dispatch.pk)}
    assert api.get("/api/v1/engine/").json()["running"] is False
    assert operator("second").post("/api/v1/engine/start/").json()["running"] is True
    assert api.post("/api/v1/engine/reconcile/").status_code == 403
    told = operator("third").post("/api/v1/engine/reconcile/").json()
    assert (told["running"], told["accounts_to_reconcile"]) == (True, 2)
    assert told["restored_at"]


def test_the_operator_sees_every_client(northwind: Tenant, rival: Tenant) -> None:
    names = [row["name"] for row in operator().get("/api/v1/clients/").json()["results"]]
    assert names == ["Northwind", "Rival"]
