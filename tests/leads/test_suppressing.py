"""Do not contact: an entry holds whatever way it was written down, for one client or for all."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from leads.models import Lead, Suppression
from leads.suppressing import suppress, suppression_of
from outreach.clients.models import Client
from outreach.events.models import Event
from tests.worlds import MONDAY_MORNING, make_client, make_lead, make_user

pytestmark = pytest.mark.django_db
ADA = "ACoAACpQ7rStUvWxYz0123456789AbCdEfGhIjK"


@pytest.fixture
def client() -> Client:
    return make_client()


@pytest.fixture
def lead(client: Client) -> Lead:
    return make_lead(
        client,
        email="Ada.L@Nordkaj.example",
        company=" Nordkaj AB ",
        public_identifier="ada-lindqvist",
        provider_id=ADA,
    )


def forbid(client: Client | None, kind: str, value: str, **more: Any) -> Suppression:
    given: dict[str, Any] = {"reason": "asked", "by": None, "at": MONDAY_MORNING}
    return suppress(client=client, kind=kind, value=value, **(given | more))


WRITINGS = [
    ("email", "ada.l@nordkaj.example"),
    ("email", "  ADA.L@NORDKAJ.EXAMPLE "),
    ("domain", "nordkaj.example"),
    ("domain", "@Nordkaj.Example"),
    ("profile", "ada-lindqvist"),
    ("profile", "https://www.linkedin.com/in/Ada-Lindqvist/?originalSubdomain=se"),
    ("profile", ADA),
    ("profile", f"https://www.linkedin.com/in/{ADA}"),
    ("company", "nordkaj ab"),
    ("company", "NORDKAJ AB "),
    ("company", "Nordkaj"),
    ("company", "nordkaj, A.B."),
    ("domain", "https://www.nordkaj.example/about"),
]


@pytest.mark.parametrize(("kind", "value"), WRITINGS)
@pytest.mark.parametrize("everywhere", [True, False], ids=["everywhere", "one client"])
def test_an_entry_holds_however_it_is_written(lead: Lead, kind: str, value: str, everywhere: bool) -> None:
    entry = forbid(None if everywhere else lead.client, kind, value)
    assert suppression_of(lead) == entry


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("email", "ada@nordkaj.example"),
        ("domain", "kaj.example"),
        ("profile", "ada-lindqvist-2"),
        ("company", "Nordkaj Shipping"),
    ],
)
def test_an_entry_holds_for_nobody_else(lead: Lead, kind: str, value: str) -> None:
    forbid(None, kind, value)
    assert suppression_of(lead) is None


def test_an_entry_of_one_client_does_not_hold_for_another(lead: Lead) -> None:
    forbid(make_client("Southwind"), "email", lead.email)
    assert suppression_of(lead) is None


def test_the_widest_entry_is_named(lead: Lead) -> None:
    forbid(lead.client, "email", lead.email)
    everywhere = forbid(None, "company", lead.company)
    assert suppression_of(lead) == everywhere


def test_a_lead_without_an_address_or_a_company_is_not_caught_by_what_is_blank(client: Client) -> None:
    nobody = make_lead(client, company="", email="", first_name="")
    Suppression.objects.create(client=None, kind="company", value="")
    Suppression.objects.create(client=None, kind="email", value="")
    Suppression.objects.create(client=None, kind="profile", value="")
    assert suppression_of(nobody) is None


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("email", "ada"),
        ("email", " "),
        ("domain", "nordkaj"),
        ("domain", ""),
        ("company", "  "),
        ("profile", ""),
        ("profile", "https://www.linkedin.com/company/nordkaj/"),
        ("profile", "https://example.com/ada"),
    ],
)
def test_a_value_that_could_never_match_is_refused(client: Client, kind: str, value: str) -> None:
    with pytest.raises(ValidationError):
        forbid(client, kind, value)
    assert not Suppression.objects.exists()


def test_an_unknown_kind_is_refused(client: Client) -> None:
    with pytest.raises((ValidationError, ValueError)):
        forbid(client, "star sign", "leo")
    assert not Suppression.objects.exists()


@pytest.mark.parametrize("everywhere", [True, False])
def test_an_entry_is_added_once_and_keeps_its_first_reason(client: Client, everywhere: bool) -> None:
    owner = None if everywhere else client
    first = forbid(owner, "company", "Nordkaj AB", reason="asked")
    again = forbid(owner, "company", "nordkaj ab", reason="asked again")
    assert (again, again.reason) == (first, "asked")
    assert Event.objects.filter(kind="suppression_added").count() == 1


def test_adding_an_entry_is_recorded_with_its_author(client: Client) -> None:
    forbid(client, "email", "Ada@Nordkaj.example", by=make_user("nora"))
    event = Event.objects.get()
    assert (event.actor, event.client, event.data["value"]) == ("operator:nora", client, "ada@nordkaj.example")
