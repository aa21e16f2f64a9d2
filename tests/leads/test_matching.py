"""Who is this? Recognised by id and by public name, never by looks."""

import pytest

from integrations.models import Account
from integrations.provider_events import PersonRef
from leads.matching import find_lead, learn_identifiers
from leads.models import Lead
from tests.worlds import make_account, make_client, make_lead

pytestmark = pytest.mark.django_db
ADA, EVE = "ACoAAada00000000000000000000000000000", "ACoAAeve00000000000000000000000000000"


@pytest.fixture
def account() -> Account:
    return make_account(make_client())


def known(account: Account, **fields: object) -> Lead:
    return make_lead(account.client, **fields)


def found(account: Account, **person: str) -> tuple[Lead, str] | None:
    match = find_lead(account, PersonRef(**person))
    return (match.lead, match.key) if match else None


def test_the_lasting_id_decides(account: Account) -> None:
    lead = known(account, provider_id=ADA)
    assert found(account, provider_id=ADA) == (lead, "provider_id")


def test_the_id_decides_even_against_the_name(account: Account) -> None:
    lead = known(account, provider_id=ADA, public_identifier="ada")
    known(account, provider_id=EVE, public_identifier="eve")
    assert found(account, provider_id=ADA, public_identifier="eve") == (lead, "provider_id")


def test_ids_are_told_apart_by_case(account: Account) -> None:
    known(account, provider_id=ADA)
    assert found(account, provider_id=ADA.lower()) is None


@pytest.mark.parametrize("name", ["ada-lindqvist", "Ada-Lindqvist", "https://www.linkedin.com/in/Ada-Lindqvist/"])
def test_the_public_name_is_recognised_in_any_writing(account: Account, name: str) -> None:
    lead = known(account, public_identifier="ada-lindqvist")
    assert found(account, public_identifier=name) == (lead, "public_identifier")
    assert found(account, profile_url=name) == (lead, "public_identifier")


def test_a_percent_encoded_name_is_the_name(account: Account) -> None:
    lead = known(account, public_identifier="zoë-österberg")
    assert found(account, public_identifier="zo%C3%AB-%C3%B6sterberg") == (lead, "public_identifier")


def test_an_id_in_the_address_is_no_public_name(account: Account) -> None:
    known(account, public_identifier=ADA.lower())
    assert found(account, profile_url=f"https://www.linkedin.com/in/{ADA}") is None


def test_a_name_that_passed_to_somebody_else_matches_nobody(account: Account) -> None:
    known(account, provider_id=ADA, public_identifier="ada")
    assert found(account, provider_id=EVE, public_identifier="ada") is None


def test_a_lead_known_by_name_alone_is_found_although_the_provider_tells_an_id(account: Account) -> None:
    lead = known(account, public_identifier="ada")
    assert found(account, provider_id=ADA, public_identifier="ada") == (lead, "public_identifier")


@pytest.mark.parametrize("person", [{}, {"name": "Ada Lindqvist"}, {"headline": "Head"}, {"member_urn": "667788990"}])
def test_a_name_or_a_number_alone_matches_nobody(account: Account, person: dict[str, str]) -> None:
    known(account, first_name="Ada", last_name="Lindqvist", headline="Head", member_urn="667788990")
    assert found(account, **person) is None


def test_nobody_matches_nobody(account: Account) -> None:
    known(account)
    assert find_lead(account, None) is None


def test_leads_of_another_client_are_not_found(account: Account) -> None:
    make_lead(make_client("Southwind"), provider_id=ADA, public_identifier="ada")
    assert found(account, provider_id=ADA, public_identifier="ada") is None


def test_an_id_is_learned_once(account: Account) -> None:
    lead = known(account, public_identifier="ada")
    assert learn_identifiers(lead, provider_id=ADA) is None
    assert learn_identifiers(lead, provider_id=ADA) is None
    lead.refresh_from_db()
    assert (lead.provider_id, lead.public_identifier) == (ADA, "ada")


def test_learning_tells_of_the_lead_that_has_the_id_already_and_changes_nothing(account: Account) -> None:
    first = known(account, provider_id=ADA, public_identifier="ada")
    twin = known(account, public_identifier="ada-of-old")
    assert learn_identifiers(twin, provider_id=ADA) == first
    twin.refresh_from_db()
    assert twin.provider_id == ""


def test_learning_fills_a_missing_name_and_overwrites_none(account: Account) -> None:
    nameless, named = known(account), known(account, public_identifier="eve-of-old")
    learn_identifiers(nameless, provider_id=ADA, public_identifier="ada")
    learn_identifiers(named, provider_id=EVE, public_identifier="eve")
    nameless.refresh_from_db()
    named.refresh_from_db()
    assert (nameless.public_identifier, named.public_identifier) == ("ada", "eve-of-old")


def test_a_name_that_another_lead_has_does_not_keep_the_id_from_being_learned(account: Account) -> None:
    known(account, public_identifier="ada")
    nameless = known(account, email="ada@nordkaj.example")
    learn_identifiers(nameless, provider_id=ADA, public_identifier="ada")
    nameless.refresh_from_db()
    assert nameless.provider_id == ADA


def test_the_same_person_may_be_a_lead_of_two_clients(account: Account) -> None:
    make_lead(make_client("Southwind"), provider_id=ADA)
    mine = known(account, public_identifier="ada")
    assert learn_identifiers(mine, provider_id=ADA) is None
    mine.refresh_from_db()
    assert mine.provider_id == ADA
