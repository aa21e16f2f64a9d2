"""Leads, their import, and the do-not-contact list."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from campaigns.models import Enrollment
from leads.models import CustomField, Lead, Suppression
from leads.suppressing import suppression_of
from tests.api.contract import ContractClient
from tests.api.tenants import Tenant
from tests.worlds import make_lead

pytestmark = pytest.mark.django_db

LEADS = "/api/v1/leads/"


def errors(answer: Any) -> list[tuple[str, str | None]]:
    return [(error["code"], error["attr"]) for error in answer.json()["errors"]]


def names(answer: Any) -> list[str]:
    return sorted(row["first_name"] for row in answer.json()["results"])


def test_a_new_lead_is_recognised_by_any_form_of_its_address(api: ContractClient, northwind: Tenant) -> None:
    body = {"client": str(northwind.client.pk), "linkedin_url": "http://uk.linkedin.com/in/Eve-Example/?trk=x"}
    made = api.post(LEADS, body)
    assert made.status_code == 201
    assert made.json()["public_identifier"] == "eve-example"
    assert made.json()["linkedin_url"] == "https://www.linkedin.com/in/eve-example"


def test_an_address_that_names_nobody_is_refused(api: ContractClient, northwind: Tenant) -> None:
    body = {"client": str(northwind.client.pk), "linkedin_url": "https://www.linkedin.com/company/acme"}
    assert errors(api.post(LEADS, body)) == [("invalid", "linkedin_url")]


def test_a_lead_that_can_be_reached_in_no_way_is_refused(api: ContractClient, northwind: Tenant) -> None:
    answer = api.post(LEADS, {"client": str(northwind.client.pk), "first_name": "Eve"})
    assert errors(answer) == [("no_identity", "non_field_errors")]


def test_the_same_profile_twice_is_refused_and_names_the_lead(api: ContractClient, northwind: Tenant) -> None:
    body = {"client": str(northwind.client.pk), "linkedin_url": northwind.lead.linkedin_url}
    answer = api.post(LEADS, body)
    assert errors(answer) == [("unique", "linkedin_url")]
    assert str(northwind.lead.pk) in answer.json()["errors"][0]["detail"]


def test_a_lead_never_becomes_another_person(api: ContractClient, northwind: Tenant) -> None:
    answer = api.patch(f"{LEADS}{northwind.lead.pk}/", {"linkedin_url": "https://www.linkedin.com/in/eve-example"})
    assert errors(answer) == [("another_person", "linkedin_url")]


def test_a_change_leaves_what_it_does_not_name(api: ContractClient, northwind: Tenant) -> None:
    path = f"{LEADS}{northwind.lead.pk}/"
    api.patch(path, {"custom": {"industry": "Shipping", "size": "40"}, "tags": ["vip"]})
    changed = api.patch(path, {"custom": {"size": "50"}, "title": "CEO"}).json()
    assert changed["custom"] == {"industry": "Shipping", "size": "50"}
    assert (changed["title"], changed["company"], changed["tags"]) == ("CEO", "Nordkaj", ["vip"])


def test_a_custom_value_makes_its_key_usable_in_texts(api: ContractClient, northwind: Tenant) -> None:
    api.patch(f"{LEADS}{northwind.lead.pk}/", {"custom": {"industry": "Shipping"}})
    assert CustomField.objects.get(client=northwind.client).key == "industry"


@pytest.mark.parametrize("key", ["", "Industry", "in dustry", "1st", "a\x00", "x" * 81])
def test_a_custom_key_that_no_text_could_use_is_refused(key: str, api: ContractClient, northwind: Tenant) -> None:
    assert api.patch(f"{LEADS}{northwind.lead.pk}/", {"custom": {key: "x"}}).status_code == 400


def test_leads_cannot_be_removed(api: ContractClient, northwind: Tenant) -> None:
    assert api.delete(f"{LEADS}{northwind.lead.pk}/").status_code == 405


def test_leads_are_found_by_words_and_by_tag(api: ContractClient, northwind: Tenant) -> None:
    make_lead(northwind.client, first_name="Zoë", company="Möller", tags=["Größe L", "vip"])
    make_lead(northwind.client, first_name="Bo", company="Möller & Co", tags=['"vip" no', "vipers"])
    assert names(api.get(LEADS, {"text": "Zo Möller"})) == ["Zoë"]
    assert names(api.get(LEADS, {"tag": "VIP"})) == ["Zoë"]
    assert names(api.get(LEADS, {"tag": "Größe L"})) == ["Zoë"]
    assert names(api.get(LEADS, {"tag": "vi"})) == []


def test_status_and_campaign_speak_of_the_same_walk(api: ContractClient, northwind: Tenant) -> None:
    from campaigns.enrolling import enroll
    from outreach.clock import now
    from tests.worlds import make_campaign

    other = make_campaign(northwind.client, [northwind.account], name="Autumn")
    enroll(campaign=other, leads=[northwind.lead], by=None, at=now())
    Enrollment.objects.filter(campaign=other).update(state="active", stage="connected")
    in_first, in_other = {"campaign": str(northwind.campaign.pk)}, {"campaign": str(other.pk)}
    assert names(api.get(LEADS, in_other | {"status": "connected"})) == ["Ada"]
    assert names(api.get(LEADS, in_first | {"status": "connected"})) == []
    assert names(api.get(LEADS, in_first | {"status": ["connected", "scheduled"]})) == ["Ada"]
    assert names(api.get(LEADS, {"status": "connected"})) == ["Ada"]
    assert names(api.get(LEADS, {"status": "error"})) == []


def test_a_lead_shows_where_it_stands(api: ContractClient, northwind: Tenant) -> None:
    shown = api.get(f"{LEADS}{northwind.lead.pk}/").json()["enrollments"]
    assert shown == [
        {"id": str(northwind.enrollment.pk), "campaign": str(northwind.campaign.pk), "status": "scheduled"}
    ]


def test_a_page_of_leads_costs_a_handful_of_queries(
    api: ContractClient, northwind: Tenant, django_assert_max_num_queries: Any
) -> None:
    for number in range(10):
        make_lead(northwind.client, first_name=str(number))
    api.get(LEADS)
    with django_assert_max_num_queries(4):
        api.get(LEADS)


FILE = (
    "First Name,Last Name,URL,Email Address,Company,Position,Connected On\n"
    "Eve,Example,https://www.linkedin.com/in/eve-example,,Acme,CEO,08 Feb 2026\n"
    "Nobody,,,,,,08 Feb 2026\n"
)


def upload(api: ContractClient, tenant: Tenant, content: bytes = FILE.encode(), **fields: Any) -> Any:
    headers = fields.pop("headers", {})
    file = SimpleUploadedFile("leads.csv", content, content_type="text/csv")
    body = {"client": str(tenant.client.pk), "file": file} | fields
    return api.post(f"{LEADS}import/", body, format="multipart", headers=headers)


def test_an_import_reports_every_row(api: ContractClient, northwind: Tenant) -> None:
    report = upload(api, northwind, tags=["expo", "north"]).json()
    assert (report["format"], report["created"], report["dry_run"]) == ("linkedin_connections", 1, False)
    assert [row["line"] for row in report["rejected"]] == [3]
    assert Lead.objects.get(public_identifier="eve-example").tags == ["expo", "north"]


def test_a_dry_run_reports_the_same_and_changes_nothing(api: ContractClient, northwind: Tenant) -> None:
    report = upload(api, northwind, dry_run=True).json()
    assert (report["created"], report["dry_run"], Lead.objects.count()) == (1, True, 1)


def test_a_file_that_is_no_list_of_leads_is_refused(api: ContractClient, northwind: Tenant) -> None:
    answer = upload(api, northwind, b"PK\x03\x04not a csv")
    assert (answer.status_code, errors(answer)) == (400, [("lead_file", "file")])


def test_the_same_upload_with_one_key_is_carried_out_once(api: ContractClient, northwind: Tenant) -> None:
    key = {"Idempotency-Key": "monday"}
    first, again = upload(api, northwind, headers=key), upload(api, northwind, headers=key)
    assert again.json() == first.json()
    assert again["Idempotent-Replayed"] == "true"
    other = upload(api, northwind, FILE.replace("Eve", "Eva").encode(), headers=key)
    assert (other.status_code, errors(other)) == (422, [("idempotency_key_reused", None)])


def test_a_suppressed_lead_is_entered_by_profile_and_address(api: ContractClient, northwind: Tenant) -> None:
    answer = api.post(f"{LEADS}{northwind.lead.pk}/suppress/", {"reason": "asked by phone"})
    assert [(entry["kind"], entry["value"]) for entry in answer.json()] == [
        ("profile", "ada-northwind"),
        ("email", "ada@northwind.example"),
    ]
    assert suppression_of(northwind.lead) is not None


def test_a_lead_without_any_identity_cannot_be_suppressed(api: ContractClient, northwind: Tenant) -> None:
    nobody = make_lead(northwind.client)
    assert api.post(f"{LEADS}{nobody.pk}/suppress/").status_code == 409


def test_an_entry_of_no_use_is_refused(api: ContractClient, northwind: Tenant) -> None:
    body = {"client": str(northwind.client.pk), "kind": "email", "value": "nobody"}
    answer = api.post("/api/v1/suppressions/", body)
    assert answer.status_code == 400
    assert "is not a" in answer.json()["errors"][0]["detail"]


def test_an_entry_can_be_taken_back(api: ContractClient, northwind: Tenant) -> None:
    assert api.delete(f"/api/v1/suppressions/{northwind.suppression.pk}/").status_code == 204
    assert not Suppression.objects.exists()


def test_an_entry_that_exists_is_answered_with_itself(api: ContractClient, northwind: Tenant) -> None:
    body = {"client": str(northwind.client.pk), "kind": "domain", "value": "gone-northwind.EXAMPLE"}
    assert api.post("/api/v1/suppressions/", body).json()["id"] == str(northwind.suppression.pk)
