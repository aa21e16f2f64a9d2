"""Evidence is read by those who may see it and edited by nobody, the operator included."""

import pytest
from django.urls import reverse

from campaigns.models import EngineState, Enrollment, StepExecution
from inbox.models import Conversation, Message
from integrations.models import Dispatch, ProviderHealth, RefusedDelivery, Usage, WebhookReceipt
from outreach.events.models import Event
from tests.console.addresses import listing, page, run

LEDGERS = (
    Event, Dispatch, WebhookReceipt, RefusedDelivery, ProviderHealth, Usage, StepExecution, Enrollment, Conversation,
    Message, EngineState,
)  # fmt: skip


def named(model):
    return model._meta.label


@pytest.fixture(autouse=True)
def world(ours):
    EngineState.objects.get_or_create(pk=1)
    return ours


@pytest.mark.parametrize("model", LEDGERS, ids=named)
def test_nothing_is_added(operator, model):
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add")
    assert operator.get(address).status_code == 403
    assert operator.post(address, {}).status_code == 403


@pytest.mark.parametrize("model", LEDGERS, ids=named)
def test_nothing_is_changed(operator, model):
    row = model._default_manager.first()
    assert operator.post(page(row), {"text": "rewritten", "state": "sent"}).status_code == 403


@pytest.mark.parametrize("model", LEDGERS, ids=named)
def test_nothing_is_removed(operator, model):
    row = model._default_manager.first()
    assert operator.post(page(row, "delete"), {"post": "yes"}).status_code == 403
    run(operator, "delete_selected", row, post="yes")
    assert model._default_manager.filter(pk=row.pk).exists()


def test_events_are_told_as_sentences(operator, world):
    told = operator.get(listing(Event)).content.decode()
    assert "Ada Lead joined Northwind spring" in told
    assert "Northwind spring was activated" in told


def test_a_long_ledger_is_not_counted_to_its_end(operator, django_assert_max_num_queries):
    with django_assert_max_num_queries(20) as asked:
        operator.get(listing(Event))
    counts = [
        query["sql"]
        for query in asked.captured_queries
        if "COUNT(" in query["sql"] and '"events_event"' in query["sql"]
    ]
    assert counts
    assert all("LIMIT" in sql for sql in counts)


def test_a_receipts_body_is_indented_for_reading(operator, world):
    told = operator.get(page(world.receipt)).content.decode()
    assert "{\n  &quot;event&quot;: &quot;message_received&quot;\n}" in told
