"""The log: added to, never changed, and never told more than its kinds may carry (law 9)."""

from typing import Any

import pytest
from django.db import transaction

from outreach.events.kinds import DATA_KEYS, EventKind
from outreach.events.models import AppendOnly, Event
from outreach.events.recording import Actor, Happening, Subject, operator, record, record_all
from tests.worlds import MONDAY_MORNING, make_client, make_lead, make_user

pytestmark = pytest.mark.django_db
AT = MONDAY_MORNING


def written(**data: Any) -> Event:
    return record(EventKind.STEP_SKIPPED, at=AT, actor=Actor.ENGINE, **({"step": 1} | data))


def test_an_event_says_what_when_whom_and_by_whom() -> None:
    client = make_client()
    lead = make_lead(client)
    event = record(
        EventKind.STEP_SKIPPED,
        at=AT,
        actor=operator(make_user("nora")),
        subject=Subject(client_id=client.pk, lead_id=lead.pk),
        step=1,
        because="already_connected",
    )
    event.refresh_from_db()
    assert (event.kind, event.at, event.actor) == ("step_skipped", AT, "operator:nora")
    assert (event.client, event.lead_id) == (client, lead.pk)
    assert event.data == {"step": 1, "because": "already_connected"}


def test_an_unknown_key_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="carries no mood"):
        written(mood="sunny")
    assert not Event.objects.exists()


@pytest.mark.parametrize("kind", EventKind, ids=str)
def test_every_kind_refuses_what_it_does_not_carry(kind: EventKind) -> None:
    with pytest.raises(ValueError, match="nonsense"):
        record(kind, at=AT, actor="system", nonsense=1)


def test_every_key_belongs_to_a_kind_that_exists() -> None:
    assert set(DATA_KEYS) <= set(EventKind)


def test_one_wrong_event_of_several_writes_none() -> None:
    good = Happening(EventKind.STEP_SKIPPED, AT, "engine", data={"step": 1})
    bad = Happening(EventKind.STEP_SKIPPED, AT, "engine", data={"mood": "sunny"})
    with pytest.raises(ValueError, match="mood"):
        record_all([good, bad])
    assert not Event.objects.exists()


def test_an_event_goes_with_the_change_it_speaks_of() -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        written()
        raise RuntimeError("the change failed")
    assert not Event.objects.exists()


def test_events_grow_in_the_order_they_are_written() -> None:
    first = [written() for _ in range(3)]
    then = record_all([Happening(EventKind.STEP_SKIPPED, AT, "engine") for _ in range(3)])
    keys = [event.pk for event in first + then]
    assert keys == sorted(keys)


@pytest.mark.parametrize(
    "change",
    [
        lambda event: Event.objects.update(actor="nobody"),
        lambda event: Event.objects.filter(pk=event.pk).update(actor="nobody"),
        lambda event: Event.objects.filter(pk=event.pk).delete(),
        lambda event: Event.objects.all().delete(),
        lambda event: Event.objects.bulk_update([event], ["actor"]),
        lambda event: Event.objects.update_or_create(pk=event.pk, defaults={"actor": "nobody"}),
        lambda event: event.save(),
        lambda event: event.save(update_fields=["actor"]),
        lambda event: event.delete(),
    ],
    ids=["update", "update of some", "delete", "delete all", "bulk", "or create", "save", "save of some", "own delete"],
)
def test_what_is_written_is_neither_changed_nor_removed(change: Any) -> None:
    event = written()
    event.actor = "nobody"
    with pytest.raises(AppendOnly), transaction.atomic():
        change(event)
    assert Event.objects.get().actor == "engine"


def test_a_user_with_a_very_long_name_still_fits() -> None:
    assert len(operator(make_user("n" * 150))) <= 60
