"""Importing lead files: who is recognised, what is merged, what is reported, and at what cost."""

import csv
import io
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from leads import importing
from leads.files import LeadFileError
from leads.importing import ImportReport, RejectedRow, import_leads, write_rejected
from leads.merging import KnownLeads
from leads.models import CustomField, Lead
from outreach.clients.models import Client, User
from outreach.events.models import Event

pytestmark = pytest.mark.django_db

FILES = Path(__file__).parent / "files"
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
IDS = [f"ACoAACpQ7rStUvWxYz0123456789AbCdEfGhIj{letter}" for letter in "KLMN"]
SALES = "ACwAACpQ7rStUvWxYz0123456789AbCdEfGhIjK"


@pytest.fixture
def client_() -> Client:
    return Client.objects.create(name="Acme", slug="acme")


def run(client: Client, content: str | bytes | Path, **options: object) -> ImportReport:
    data = content.read_bytes() if isinstance(content, Path) else content
    stream = io.BytesIO(data.encode() if isinstance(data, str) else data)
    return import_leads(client=client, stream=stream, filename="leads.csv", by=None, at=AT, **options)  # type: ignore[arg-type]


def the_lead() -> Lead:
    lead: Lead = Lead.objects.get()
    return lead


def add_up(report: ImportReport) -> int:
    return report.leads + report.merged + report.skipped + len(report.rejected)


def test_a_file_becomes_leads_with_everything_it_says(client_: Client) -> None:
    report = run(client_, FILES / "linkedin_connections.csv", tags=("fair",))
    assert (report.format, report.header_line, report.rows, report.created) == ("linkedin_connections", 4, 5, 4)
    ada = Lead.objects.get(public_identifier="ada-example")
    assert (ada.first_name, ada.company, ada.title) == ("Ada", "Example, Inc.", "Head of Testing")
    assert ada.custom == {"connected_on": "08 Feb 2026"}
    assert (ada.tags, ada.source) == (["fair"], "leads.csv, line 5")


@pytest.mark.parametrize(
    "name",
    [
        *("linkedin_connections.csv", "linkedin_connections_padded.csv", "linkedin_connections_old.csv", "apollo.csv"),
        *("hubspot.csv", "phantombuster.csv", "evaboot.csv", "generic_ragged.csv", "generic_tabs_utf16.txt"),
        "generic_semicolons_cp1252.csv",
    ],
)
def test_importing_the_same_file_again_changes_nothing(client_: Client, name: str) -> None:
    first = run(client_, FILES / name)
    before = list(Lead.objects.order_by("id").values())
    second = run(client_, FILES / name)
    assert first.created > 0
    assert (second.created, second.updated, second.unchanged) == (0, 0, first.created)
    assert list(Lead.objects.order_by("id").values()) == before
    assert add_up(first) == first.rows and add_up(second) == second.rows


def test_further_columns_become_custom_fields_of_the_client(client_: Client) -> None:
    run(client_, "Email,# Employees,Never filled\na@mail.example,12,\n")
    assert the_lead().custom == {"employees": "12"}
    assert list(CustomField.objects.of(client_).values_list("key", "label")) == [("employees", "# Employees")]


def test_a_custom_field_that_has_a_label_keeps_it(client_: Client) -> None:
    CustomField.objects.create(client=client_, key="employees", label="Size")
    run(client_, "Email,Employees\na@mail.example,12\n")
    assert CustomField.objects.get().label == "Size"


def test_a_blank_cell_never_erases_and_a_new_value_updates(client_: Client) -> None:
    Lead.objects.create(
        client=client_,
        email="a@mail.example",
        first_name="Ada",
        company="Old",
        custom={"size": "1", "kept": "x"},
        tags=["a"],
    )
    report = run(client_, "Email,First Name,Company,Size,Tags\na@mail.example,,New,2,b\n")
    ada = the_lead()
    assert (ada.first_name, ada.company, ada.custom, ada.tags) == ("Ada", "New", {"size": "2", "kept": "x"}, ["a", "b"])
    assert (report.updated, report.created) == (1, 0)


def test_fields_that_a_file_does_not_touch_stay_as_they_are(client_: Client) -> None:
    lead = Lead.objects.create(client=client_, email="a@mail.example", source="by hand", replied_at=AT)
    run(client_, "Email,Company\na@mail.example,New\n")
    found = the_lead()
    assert (found.pk, found.source, found.replied_at, found.created_at) == (lead.pk, "by hand", AT, lead.created_at)


@pytest.mark.parametrize(
    ("known", "header", "cell"),
    [
        ({"provider_id": IDS[0]}, "Provider ID", IDS[0]),
        ({"public_identifier": "ada-1"}, "LinkedIn", "https://uk.linkedin.com/in/Ada-1/?x=y"),
        ({"sales_navigator_id": SALES}, "Sales Navigator URL", f"https://www.linkedin.com/sales/lead/{SALES},NAME,x"),
        ({"email": "a@mail.example"}, "Email", "A@Mail.example"),
    ],
)
def test_a_lead_is_recognised_by_each_of_its_keys(
    client_: Client, known: dict[str, str], header: str, cell: str
) -> None:
    Lead.objects.create(client=client_, **known)
    report = run(client_, f'{header},Company\n"{cell}",New\n')
    assert (report.updated, the_lead().company) == (1, "New")


def test_the_provider_id_is_the_person_and_the_linkedin_name_may_change(client_: Client) -> None:
    Lead.objects.create(client=client_, provider_id=IDS[0], public_identifier="ada-old")
    run(client_, f"Provider ID,Public Identifier\n{IDS[0]},ada-new\n")
    assert the_lead().public_identifier == "ada-new"


def test_an_address_shared_by_different_profiles_makes_two_leads(client_: Client) -> None:
    Lead.objects.create(client=client_, public_identifier="ada-1", email="info@mail.example")
    report = run(client_, "LinkedIn,Email\nlinkedin.com/in/ben-2,info@mail.example\n")
    assert report.created == 1
    assert Lead.objects.filter(email="info@mail.example").count() == 2


def test_a_profile_is_added_to_the_lead_known_by_its_address(client_: Client) -> None:
    Lead.objects.create(client=client_, email="a@mail.example")
    run(client_, "LinkedIn,Email\nlinkedin.com/in/ada-1,a@mail.example\n")
    assert the_lead().public_identifier == "ada-1"


def test_an_address_of_two_leads_recognises_neither(client_: Client) -> None:
    Lead.objects.create(client=client_, public_identifier="ada-1", first_name="Ada", email="info@mail.example")
    Lead.objects.create(client=client_, public_identifier="ben-2", email="info@mail.example")
    [rejected] = run(client_, "Email\ninfo@mail.example\n").rejected
    assert "'Ada' (ada-1)" in rejected.reason and "'ben-2'" in rejected.reason


def test_a_row_about_two_people_is_rejected_and_names_both(client_: Client) -> None:
    Lead.objects.create(client=client_, provider_id=IDS[0], first_name="Ada")
    Lead.objects.create(client=client_, public_identifier="ben-2", first_name="Ben")
    before = list(Lead.objects.order_by("id").values())
    [rejected] = run(client_, f"Provider ID,Public Identifier,Company\n{IDS[0]},ben-2,New\n").rejected
    assert rejected.line == 2
    assert f"'Ada' ({IDS[0]})" in rejected.reason and "'Ben' (ben-2)" in rejected.reason
    assert list(Lead.objects.order_by("id").values()) == before


def test_a_linkedin_name_that_passed_to_somebody_else_is_not_believed(client_: Client) -> None:
    Lead.objects.create(client=client_, provider_id=IDS[0], public_identifier="ada-1")
    [rejected] = run(client_, f"Provider ID,Public Identifier\n{IDS[1]},ada-1\n").rejected
    assert "has another LinkedIn id" in rejected.reason
    assert the_lead().provider_id == IDS[0]


@pytest.mark.parametrize("batch_size", [1, 2, 500])
def test_rows_about_one_person_are_merged_in_their_order(client_: Client, batch_size: int) -> None:
    content = (
        "LinkedIn,Email,Company,Note\n"
        "linkedin.com/in/ada-1,a@mail.example,First,\n"
        "linkedin.com/in/ben-2,,Other,\n"
        "https://de.linkedin.com/in/ADA-1/,,,kept\n"
        ",a@mail.example,Last,\n"
    )
    report = run(client_, content, batch_size=batch_size)
    ada = Lead.objects.get(public_identifier="ada-1")
    assert (ada.company, ada.email, ada.custom) == ("Last", "a@mail.example", {"note": "kept"})
    assert (report.rows, report.created, report.merged, report.updated) == (4, 2, 2, 0)


@pytest.mark.parametrize("batch_size", [1, 500])
def test_a_known_lead_counts_once_however_many_rows_change_it(client_: Client, batch_size: int) -> None:
    Lead.objects.create(client=client_, email="a@mail.example", company="Old")
    content = "Email,Company\na@mail.example,Old\na@mail.example,New\na@mail.example,Newer\n"
    report = run(client_, content, batch_size=batch_size)
    assert (report.updated, report.unchanged, report.merged) == (1, 0, 2)
    assert the_lead().company == "Newer"


def test_clients_are_walls(client_: Client) -> None:
    other = Client.objects.create(name="Other", slug="other")
    theirs = Lead.objects.create(
        client=other, email="a@mail.example", provider_id=IDS[0], public_identifier="ada-1", company="Theirs"
    )
    report = run(client_, f"Email,Provider ID,LinkedIn,Company\na@mail.example,{IDS[0]},linkedin.com/in/ada-1,Ours\n")
    theirs.refresh_from_db()
    assert (report.created, theirs.company) == (1, "Theirs")
    assert Lead.objects.of(client_).get().company == "Ours"
    assert not CustomField.objects.of(other).exists()


def test_a_dry_run_reports_the_same_and_changes_nothing(client_: Client) -> None:
    Lead.objects.create(client=client_, public_identifier="ada-example", company="Old")
    before = list(Lead.objects.values())
    rehearsal = run(client_, FILES / "linkedin_connections.csv", dry_run=True, batch_size=2)
    assert list(Lead.objects.values()) == before
    assert not Event.objects.exists() and not CustomField.objects.exists()
    performance = run(client_, FILES / "linkedin_connections.csv", batch_size=2)
    counts = [(each.created, each.updated, each.rejected) for each in (rehearsal, performance)]
    assert counts[0] == counts[1]
    assert (rehearsal.created, rehearsal.updated, rehearsal.dry_run) == (3, 1, True)


def test_one_event_tells_of_the_import(client_: Client) -> None:
    ada = User.objects.create_user(username="ada")
    with (FILES / "evaboot.csv").open("rb") as stream:
        import_leads(client=client_, stream=stream, filename="evaboot.csv", by=ada, at=AT)
    event = Event.objects.get()
    assert (event.kind, event.at, event.client, event.actor) == ("leads_imported", AT, client_, "operator:ada")
    assert event.data == {
        **{"filename": "evaboot.csv", "format": "evaboot", "rows": 3, "created": 2, "updated": 0},
        **{"unchanged": 0, "merged": 0, "skipped": 1, "rejected": 0},
    }


def test_skipped_rows_are_counted_by_their_reason_and_can_be_included(client_: Client) -> None:
    report = run(client_, FILES / "evaboot.csv")
    assert (report.skipped, report.skip_reasons) == (1, {"does not match the filters of its own search": 1})
    assert run(client_, FILES / "evaboot.csv", include_filtered=True).created == 1


@pytest.mark.parametrize("name", ["linkedin_messages.csv", "linkedin_invitations.csv"])
def test_histories_are_refused_and_change_nothing(client_: Client, name: str) -> None:
    with pytest.raises(LeadFileError, match="no list of leads"):
        run(client_, FILES / name)
    assert not Lead.objects.exists()


def test_a_file_that_breaks_off_at_its_end_changes_nothing(client_: Client) -> None:
    with pytest.raises(LeadFileError, match="line 4 opens a quotation mark"):
        run(client_, 'Email\na@mail.example\nb@mail.example\n"c@mail.example\n', batch_size=1)
    assert not Lead.objects.exists()


def test_values_too_long_for_the_database_are_left_out_and_told(client_: Client) -> None:
    report = run(client_, f"Email,Company,First Name\na@mail.example,{'x' * 301},Ada\n")
    assert (the_lead().company, the_lead().first_name) == ("", "Ada")
    assert "the company has 301 characters" in report.warnings[0]


def test_warnings_are_limited_and_the_rest_counted(client_: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "MOST_WARNINGS", 2)
    rows = "".join(f"linkedin.com/in/lead-{number},bad\n" for number in range(5))
    warnings = run(client_, f"LinkedIn,Email\n{rows}").warnings
    assert len(warnings) == 3
    assert warnings[-1] == "3 further warnings are not listed."


def test_rejected_rows_are_given_back_safe_for_spreadsheets_and_can_be_imported_again(client_: Client) -> None:
    report = run(client_, 'Email,Company,=Sum\nnot an address,=HYPERLINK("x"),+1\nb@mail.example,-,\n')
    written = io.StringIO(newline="")
    write_rejected(report, written)
    rows = list(csv.reader(io.StringIO(written.getvalue(), newline="")))
    assert rows[0] == ["Rejected line", "Rejected because", "Email", "Company", "'=Sum"]
    assert rows[1][0] == "2" and "'not an address' is no e-mail address" in rows[1][1]
    assert rows[1][2:] == ["not an address", '\'=HYPERLINK("x")', "'+1"]

    Lead.objects.all().delete()
    run(client_, written.getvalue().replace("not an address", "a@mail.example"))
    assert (the_lead().company, the_lead().custom) == ('=HYPERLINK("x")', {"sum": "+1"})


def test_contradicting_rows_about_one_person_settle_on_the_last(client_: Client) -> None:
    content = "Email,Company\na@mail.example,First\na@mail.example,Last\n"
    run(client_, content)
    report = run(client_, content)
    assert (report.unchanged, report.merged, the_lead().company) == (1, 1, "Last")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_rejected_cell_is_calculated(client_: Client, start: str) -> None:
    report = run(client_, "Email\nx\n")
    written = io.StringIO(newline="")
    rejected = (RejectedRow(2, "reason", (f"{start}cmd",)),)
    write_rejected(
        type(report)(**{name: getattr(report, name) for name in report.__slots__} | {"rejected": rejected}), written
    )
    assert next(csv.reader(io.StringIO(written.getvalue().split("\r\n", 1)[1], newline="")))[2] == f"'{start}cmd"


def many_rows(count: int, company: str) -> str:
    """Rows that a set-based import must not ask about one by one."""
    return "First Name,Email,LinkedIn,Provider ID,Company\n" + "".join(
        f"Lead {n},lead{n}@mail.example,https://www.linkedin.com/in/lead-{n},ACoAA{n:034d},{company}\n"
        for n in range(count)
    )


class Statements:
    """Counts what is sent to the database."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, execute: Callable[..., Any], *arguments: Any) -> Any:
        self.count += 1
        return execute(*arguments)


def allowed_statements(rows: int) -> int:
    """A fixed number for each batch. SQLite takes few values at once, so a batch is written in pieces there."""
    leads_a_statement = (connection.features.max_query_params or 10**9) // len(Lead._meta.concrete_fields)
    pieces = 1 + importing.BATCH_SIZE // leads_a_statement
    return -(-rows // importing.BATCH_SIZE) * (10 + pieces) + 5


def test_ten_thousand_rows_take_a_fixed_number_of_statements_for_each_batch(client_: Client) -> None:
    with connection.execute_wrapper(statements := Statements()):
        report = run(client_, many_rows(10_000, "First"))
    assert report.created == Lead.objects.count() == 10_000
    assert statements.count <= allowed_statements(10_000)


def test_updates_too_take_a_fixed_number_of_statements_for_each_batch(client_: Client) -> None:
    run(client_, many_rows(1_200, "First"))
    for fate in ("updated", "unchanged"):
        with connection.execute_wrapper(statements := Statements()):
            report = run(client_, many_rows(1_200, "Second"))
        assert getattr(report, fate) == 1_200
        assert statements.count <= allowed_statements(1_200)
    assert Lead.objects.filter(company="Second").count() == 1_200


def test_a_lead_that_somebody_adds_meanwhile_is_found_at_the_next_try(
    client_: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    Lead.objects.create(client=client_, public_identifier="ada-1")
    looks: list[int] = []

    def looked_too_early(leads: Iterable[Lead]) -> KnownLeads:
        looks.append(1)
        return KnownLeads(leads if len(looks) > 1 else ())

    monkeypatch.setattr(importing, "KnownLeads", looked_too_early)
    report = run(client_, "LinkedIn,Company\nlinkedin.com/in/ada-1,New\n")
    assert (report.updated, report.created, the_lead().company) == (1, 0, "New")


class TestCommand:
    def call(self, *arguments: str) -> str:
        out = io.StringIO()
        call_command("import_leads", *arguments, stdout=out)
        return out.getvalue()

    def test_it_imports_and_says_what_became_of_each_row(self, client_: Client) -> None:
        said = self.call(str(FILES / "evaboot.csv"), "--client", "acme", "--tag", "a", "--tag", "b")
        assert "Evaboot (Sales Navigator), header on line 1, 3 rows (utf-8, comma)" in said
        assert "2 created, 0 updated, 0 unchanged, 0 merged into earlier rows, 1 skipped, 0 rejected" in said
        assert "skipped: 1 × does not match the filters" in said
        assert Lead.objects.filter(tags=["a", "b"]).count() == 2

    def test_rejected_rows_are_written_where_wanted(self, client_: Client, tmp_path: Path) -> None:
        out = tmp_path / "rejected.csv"
        said = self.call(str(FILES / "linkedin_connections.csv"), "--client", "acme", "--rejected", str(out))
        assert "rejected: line 7: has neither a LinkedIn address nor an e-mail address" in said
        assert out.read_text(encoding="utf-8-sig").splitlines()[1].startswith("7,has neither")

    def test_a_dry_run_changes_nothing(self, client_: Client) -> None:
        assert "Dry run, nothing was changed: 2 created" in self.call(
            str(FILES / "evaboot.csv"), "--client", "acme", "--dry-run"
        )
        assert not Lead.objects.exists()

    def test_nothing_to_import_is_a_failure(self, client_: Client, tmp_path: Path) -> None:
        useless = tmp_path / "useless.csv"
        useless.write_text("Email\nnot an address\n")
        with pytest.raises(CommandError, match="Nothing could be imported") as failure:
            self.call(str(useless), "--client", "acme")
        assert failure.value.returncode == 1

    def test_broken_and_missing_files_and_unknown_clients_are_named(self, client_: Client, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match="history, no list of leads"):
            self.call(str(FILES / "linkedin_messages.csv"), "--client", "acme")
        with pytest.raises(CommandError, match="cannot be read: No such file"):
            self.call(str(tmp_path / "missing.csv"), "--client", "acme")
        with pytest.raises(CommandError, match="Known clients: acme"):
            self.call(str(FILES / "evaboot.csv"), "--client", "other")
