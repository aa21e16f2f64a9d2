"""Every registered list, add page and detail page opens for the operator, and its search and filters work."""

import pytest
from django.contrib import admin
from django.urls import reverse

from tests.console.addresses import listing, page
from tests.console.conftest import Tenant, make_tenant

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)

# Filters that had nothing to choose from appear with the second client; each may count its own choices.
FIRST_FILTERS = 2


def named(model):
    return model._meta.label


@pytest.fixture(autouse=True)
def world(ours: Tenant) -> Tenant:
    return ours


@pytest.mark.parametrize("model", MODELS, ids=named)
def test_the_list_opens(operator, model):
    assert operator.get(listing(model)).status_code == 200


@pytest.mark.parametrize("model", [model for model in MODELS if admin.site._registry[model].search_fields], ids=named)
def test_the_list_can_be_searched(operator, model):
    assert operator.get(listing(model, "?q=northwind")).status_code == 200


@pytest.mark.parametrize("model", MODELS, ids=named)
def test_the_page_for_a_new_row_opens_or_is_refused_to_a_ledger(operator, model):
    answer = operator.get(reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add"))
    may_add = admin.site._registry[model].has_add_permission(answer.wsgi_request)
    assert answer.status_code == (200 if may_add else 403)


@pytest.mark.parametrize("model", MODELS, ids=named)
def test_the_page_of_a_row_opens(operator, model):
    row = model._default_manager.first()
    if row is not None:
        assert operator.get(page(row)).status_code == 200


@pytest.mark.parametrize("model", MODELS, ids=named)
def test_every_value_of_every_filter_works(operator, model):
    answer = operator.get(listing(model))
    for chosen in answer.context["cl"].filter_specs:
        for name in chosen.expected_parameters():
            if name and not name.endswith("__isnull"):
                assert operator.get(listing(model, f"?{name}=no-such-value")).status_code in (200, 302)


@pytest.mark.parametrize("model", MODELS, ids=named)
def test_a_list_asks_the_database_no_more_for_more_rows(operator, model, django_assert_max_num_queries):
    operator.get(listing(model))  # fills what the process keeps: content types, badges
    with django_assert_max_num_queries(60) as few:
        operator.get(listing(model))
    before = model._default_manager.count()
    for number in range(3):
        make_tenant(f"More{number}", person=f"Person{number}")
    if model._default_manager.count() == before:
        return
    with django_assert_max_num_queries(len(few.captured_queries) + FIRST_FILTERS):
        operator.get(listing(model))


@pytest.mark.parametrize(
    ("label", "query"),
    [
        ("integrations.Dispatch", "?decision=yes"),
        ("integrations.WebhookReceipt", "?state__exact=failed"),
        ("campaigns.Enrollment", "?held=yes"),
        ("campaigns.Enrollment", "?status=pending_invite"),
        ("leads.Lead", "?profile=missing"),
        ("leads.Lead", "?replied=yes"),
        ("inbox.Conversation", "?unread=yes"),
        ("campaigns.Campaign", "?status__exact=active"),
    ],
)
def test_the_lists_that_other_pages_link_to_open(operator, label, query):
    model = next(model for model in MODELS if model._meta.label == label)
    assert operator.get(listing(model, query)).status_code == 200


def test_the_palette_finds_a_lead_by_name(operator, world):
    answer = operator.get(reverse("admin:search"), {"s": "ada", "extended": "1"})
    assert world.lead.name in answer.content.decode()


def test_the_login_page_opens_without_anybody(client):
    assert client.get(reverse("admin:login")).status_code == 200
