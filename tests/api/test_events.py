"""The log, to read and to follow."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from outreach.events.kinds import EventKind
from outreach.events.models import Event
from outreach.events.recording import Actor, Subject, record
from tests.api.contract import ContractClient
from tests.api.tenants import Tenant, operator

pytestmark = pytest.mark.django_db

EVENTS = "/api/v1/events/"
AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def happen(tenant: Tenant, count: int) -> list[int]:
    about = Subject(client_id=tenant.client.pk, lead_id=tenant.lead.pk, campaign_id=tenant.campaign.pk)
    return [
        record(
            EventKind.MESSAGE_RECEIVED, at=AT + timedelta(hours=hour), actor=Actor.POLL, subject=about, text=str(hour)
        ).pk
        for hour in range(count)
    ]


def ids(answer: Any) -> list[int]:
    return [row["id"] for row in answer.json()["results"]]


def test_the_newest_comes_first_and_the_cursor_leads_through_all_of_it(api: ContractClient, northwind: Tenant) -> None:
    happen(northwind, 5)
    expected = list(Event.objects.filter(client=northwind.client).order_by("-id").values_list("pk", flat=True))
    seen: list[int] = []
    path = f"{EVENTS}?page_size=2"
    while path:
        answer = api.get(path)
        seen += ids(answer)
        path = (answer.json()["next"] or "").partition("testserver")[2]
    assert seen == expected


def test_who_follows_from_an_id_gets_what_came_after_it_in_order(api: ContractClient, northwind: Tenant) -> None:
    first, *rest = happen(northwind, 4)
    assert ids(api.get(EVENTS, {"since": first})) == rest
    assert ids(api.get(EVENTS, {"since": rest[-1]})) == []


@pytest.mark.parametrize("since", ["-1", "x", "1.5", str(2**63), "NaN", "1e400"])
def test_an_id_that_cannot_be_one_is_refused(since: str, api: ContractClient) -> None:
    assert api.get(EVENTS, {"since": since}).status_code == 400


def test_events_are_found_by_kind_subject_and_time(api: ContractClient, northwind: Tenant) -> None:
    one, two, three = happen(northwind, 3)
    assert ids(api.get(EVENTS, {"kind": "message_received"})) == [three, two, one]
    assert ids(api.get(EVENTS, {"kind": ["message_received", "message_sent"]})) == [three, two, one]
    assert ids(api.get(EVENTS, {"kind": "message_sent"})) == []
    window = {"after": (AT + timedelta(hours=1)).isoformat(), "before": (AT + timedelta(hours=2)).isoformat()}
    assert ids(api.get(EVENTS, window)) == [two]
    assert ids(api.get(EVENTS, window | {"lead": str(northwind.lead.pk)})) == [two]
    assert ids(api.get(EVENTS, window | {"campaign": str(northwind.lead.pk)})) == []


@pytest.mark.parametrize(
    ("moment", "status"),
    [
        ("2026-03-02T09:00:00+20:52", 200),
        ("2026-03-02T09:00:00", 200),
        ("0001-01-01T00:00:00+14:00", 400),
        ("9999-12-31T23:59:59-14:00", 400),
        ("yesterday", 400),
    ],
)
def test_any_offset_is_understood_and_what_is_no_moment_is_refused(
    moment: str, status: int, api: ContractClient
) -> None:
    assert api.get(EVENTS, {"after": moment}).status_code == status


def test_an_event_carries_its_data(api: ContractClient, northwind: Tenant) -> None:
    (number,) = happen(northwind, 1)
    assert api.get(f"{EVENTS}{number}/").json()["data"] == {"text": "0"}


def test_an_id_larger_than_any_is_not_found(api: ContractClient) -> None:
    assert api.get(f"{EVENTS}{2**70}/").status_code == 404


def test_what_concerns_no_client_is_seen_by_the_operator_only(api: ContractClient, northwind: Tenant) -> None:
    stopped = record(EventKind.ENGINE_STARTED, at=AT, actor="system")
    assert api.get(f"{EVENTS}{stopped.pk}/").status_code == 404
    assert operator().get(f"{EVENTS}{stopped.pk}/").json()["client"] is None


def test_events_cannot_be_changed_or_removed(api: ContractClient, northwind: Tenant) -> None:
    path = f"{EVENTS}{northwind.event.pk}/"
    assert [api.patch(path, {}).status_code, api.delete(path).status_code] == [405, 405]
    assert api.post(EVENTS, {}).status_code == 405
