"""A lead file goes through upload, preview and confirmation, and nothing is written before that."""

from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from leads.models import Lead
from tests.console.conftest import signed_in, staff
from tests.worlds import make_lead

UPLOAD = "admin:leads_lead_import"
PREVIEW = "admin:leads_lead_import_preview"
REJECTED = "admin:leads_lead_import_rejected"
FILE = (
    b"First Name,Last Name,URL,Company\n"
    b"Greta,Young,https://www.linkedin.com/in/greta-young,Vela\n"
    b"Hugo,Weber,https://www.linkedin.com/in/hugo-weber,Kumo\n"
    b"Nobody,Known,,Nowhere\n"
)


@pytest.fixture(autouse=True)
def data_dir(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    return tmp_path


def upload(browser, client, body=FILE, name="people.csv", **more):
    form = {"client": str(client.pk), "file": SimpleUploadedFile(name, body), "tags": "spring, warm", **more}
    return browser.post(reverse(UPLOAD), form)


def test_the_preview_counts_and_writes_nothing(agent, ours):
    answer = agent.get(upload(agent, ours.client).url)
    report = answer.context["report"]
    assert (report.created, len(report.rejected)) == (2, 1)
    assert "Import 2 leads" in answer.content.decode()
    assert Lead.objects.count() == 1


def test_confirming_imports_with_the_tags(agent, ours):
    answer = agent.post(upload(agent, ours.client).url)
    assert answer.context["report"].created == 2
    greta = Lead.objects.get(public_identifier="greta-young")
    assert (greta.client, greta.tags) == (ours.client, ["spring", "warm"])


def test_confirming_twice_imports_once(agent, ours):
    address = upload(agent, ours.client).url
    agent.post(address)
    assert agent.post(address).context["report"].unchanged == 2
    assert Lead.objects.filter(public_identifier="greta-young").count() == 1


def test_rejected_rows_come_back_as_csv_with_their_reason(agent, ours):
    ticket = upload(agent, ours.client).url.partition("?")[2]
    answer = agent.get(f"{reverse(REJECTED)}?{ticket}")
    text = answer.content.decode("utf-8-sig")
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert text.splitlines()[1].startswith("4,")
    assert "Nobody,Known" in text


def test_a_file_that_is_none_is_refused_with_a_sentence(agent, ours):
    answer = agent.get(upload(agent, ours.client, b"%PDF-1.7 ...", "people.csv").url, follow=True)
    assert "PDF" in answer.content.decode()
    assert Lead.objects.count() == 1


def test_a_file_cannot_be_sent_to_another_client(agent, ours, theirs):
    answer = upload(agent, theirs.client)
    assert answer.status_code == 200
    assert "client" in answer.context["form"].errors


def test_an_invented_ticket_opens_nothing(agent, ours):
    answer = agent.get(f"{reverse(PREVIEW)}?ticket=made-up", follow=True)
    assert "Upload the file again" in answer.content.decode()


def test_a_ticket_is_its_owners_alone(agent, ours, theirs):
    address = upload(agent, ours.client).url
    stranger = signed_in(staff(theirs, "agent"))
    answer = stranger.post(address, follow=True)
    assert "no longer there" in answer.content.decode()
    assert Lead.objects.filter(client=ours.client).count() == 1


def test_a_member_who_lost_the_role_cannot_finish_the_import(agent, ours):
    address = upload(agent, ours.client).url
    ours.client.memberships.update(role="viewer")
    assert agent.post(address).status_code == 403
    assert Lead.objects.filter(client=ours.client).count() == 1


def test_only_the_latest_uploads_stay_on_disk(agent, ours, data_dir):
    for _ in range(5):
        upload(agent, ours.client)
    assert len(list(Path(data_dir, "uploads").rglob("*.csv"))) == 3


def test_an_update_is_told_apart_from_a_new_lead(agent, ours):
    make_lead(ours.client, first_name="Greta", last_name="Young", company="Old", public_identifier="greta-young")
    report = agent.get(upload(agent, ours.client).url).context["report"]
    assert (report.created, report.updated) == (1, 1)
