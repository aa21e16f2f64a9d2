"""From real-world exports to leads: the right columns, the right person, and reasons for the rest."""

import io
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.cells import clean, email_from, first_name_from, last_name_from, split_full_name, tags_from
from leads.files import Row, open_lead_file
from leads.formats import GENERIC, Source, detect, understood_columns
from leads.parsing import (
    EMPTY_ROW,
    FILTERED_ROW,
    ParsedLead,
    Rejection,
    RowReader,
    Skipped,
    custom_keys,
)

FILES = Path(__file__).parent / "files"
SALES = "ACwAACpQ7rStUvWxYz0123456789AbCdEfGhIjK"
CLASSIC = "ACoAACpQ7rStUvWxYz0123456789AbCdEfGhIjK"
Outcome = ParsedLead | Rejection | Skipped


def outcomes(name: str, *, include_filtered: bool = False) -> list[Outcome]:
    content = io.BytesIO((FILES / name).read_bytes())
    file = open_lead_file(content, score=understood_columns)
    reader = RowReader(detect(file.header), file.header, include_filtered=include_filtered)
    return [reader.to_lead(row) for row in file.rows()]


def leads(name: str) -> list[ParsedLead]:
    return [outcome for outcome in outcomes(name) if isinstance(outcome, ParsedLead)]


def read(header: str, *cells: str, longest: dict[str, int] | None = None) -> Outcome:
    names = header.split(",")
    return RowReader(detect(names), names, longest=longest).to_lead(Row(2, cells))


def lead(header: str, *cells: str) -> ParsedLead:
    outcome = read(header, *cells)
    assert isinstance(outcome, ParsedLead), outcome
    return outcome


def rejection(header: str, *cells: str) -> Rejection:
    outcome = read(header, *cells)
    assert isinstance(outcome, Rejection), outcome
    return outcome


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("linkedin_connections.csv", Source.LINKEDIN_CONNECTIONS),
        ("linkedin_connections_padded.csv", Source.LINKEDIN_CONNECTIONS),
        ("linkedin_connections_old.csv", Source.LINKEDIN_CONNECTIONS),
        ("linkedin_messages.csv", Source.LINKEDIN_MESSAGES),
        ("linkedin_invitations.csv", Source.LINKEDIN_INVITATIONS),
        ("apollo.csv", Source.APOLLO),
        ("hubspot.csv", Source.HUBSPOT),
        ("phantombuster.csv", Source.PHANTOMBUSTER),
        ("evaboot.csv", Source.EVABOOT),
        ("generic_ragged.csv", Source.GENERIC),
    ],
)
def test_every_export_is_recognised_by_its_column_names(name: str, source: Source) -> None:
    header = open_lead_file(io.BytesIO((FILES / name).read_bytes()), score=understood_columns).header
    assert detect(header).source == source
    assert detect(header[::-1]).source == source
    assert detect([f" {column.upper().replace(' ', '_')} " for column in header]).source == source


@pytest.mark.parametrize("name", ["linkedin_messages.csv", "linkedin_invitations.csv"])
def test_histories_say_that_they_are_no_lead_files(name: str) -> None:
    header = open_lead_file(io.BytesIO((FILES / name).read_bytes()), score=understood_columns).header
    assert "no list of leads" in detect(header).refusal


def test_linkedin_connections_give_people_with_their_profiles() -> None:
    ada, zoe, nobody, bao, carla = outcomes("linkedin_connections.csv")
    assert isinstance(ada, ParsedLead) and isinstance(zoe, ParsedLead)
    assert (ada.person.first_name, ada.person.company, ada.person.title) == (
        "Ada",
        "Example, Inc.",
        "Head of Testing",
    )
    assert ada.person.public_identifier == "ada-example"
    assert ada.custom == {"connected_on": "08 Feb 2026"}
    assert (zoe.person.public_identifier, zoe.person.email) == ("zoé-lefèvre", "zoe@lefevre.example")
    assert nobody == Rejection(7, "has neither a LinkedIn address nor an e-mail address")
    assert isinstance(bao, ParsedLead) and (bao.person.company, bao.person.title) == (
        "=Formula Works",
        "+Partner",
    )
    assert isinstance(carla, ParsedLead) and carla.person.last_name == "Ruiz"


def test_rows_of_nothing_but_delimiters_are_skipped() -> None:
    assert outcomes("linkedin_connections_padded.csv")[1] == Skipped(8, EMPTY_ROW)


def test_apollos_verified_address_is_the_leads_and_a_guess_is_not() -> None:
    verified, guessed = leads("apollo.csv")
    assert verified.person.email == "ada@example.example"
    assert guessed.person.email == ""
    assert guessed.custom["guessed_email"] == "ben@sample.example"


def test_a_guessed_address_alone_makes_no_lead() -> None:
    rejected = outcomes("apollo.csv")[2]
    assert isinstance(rejected, Rejection)
    assert "marked 'Unavailable', so it is a guess" in rejected.reason


def test_apollos_place_phone_and_further_columns_are_kept() -> None:
    ada = leads("apollo.csv")[0]
    assert ada.person.location == "Leeds, England, United Kingdom"
    assert ada.person.phone == "+1 555-010-0001"
    assert ada.custom["employees"] == "120"
    assert ada.custom["company_linkedin_url"] == "http://www.linkedin.com/company/example"


def test_do_not_call_leaves_no_number_anywhere() -> None:
    ben = leads("apollo.csv")[1]
    assert ben.custom["do_not_call"] == "True"
    assert "555" not in repr(ben)


def test_hubspot_rows_with_only_an_address_are_leads() -> None:
    ada, mail_only, _ = leads("hubspot.csv")
    assert (ada.person.company, ada.custom["associated_company"]) == ("Example", "Example Holding")
    assert ada.person.public_identifier == "ada-example"
    assert mail_only.person.email == "only.mail@mail.example"
    assert mail_only.person.public_identifier == ""  # "Engineer" is a bio, not somebody's public name.


def test_phantombusters_sales_navigator_address_never_replaces_the_public_one() -> None:
    ada, ben = leads("phantombuster.csv")
    assert (ada.person.public_identifier, ada.person.sales_navigator_id) == ("ada-example", SALES)
    assert ada.person.provider_id == ""
    assert (ben.person.first_name, ben.person.last_name) == ("Ben", "Sample")
    assert "Sales Navigator id only" in ben.warnings[0]


def test_evaboots_unique_id_never_replaces_the_public_address() -> None:
    ada, ben = leads("evaboot.csv")
    assert (ada.person.public_identifier, ada.person.sales_navigator_id) == ("ada-example", SALES)
    assert ada.custom["profile_summary"] == "Line one\nLine two"
    assert ada.person.company == "Example"
    assert (ben.person.email, ben.custom["guessed_email"]) == ("", "ben@sample.example")


def test_rows_outside_their_own_search_are_skipped_unless_wanted() -> None:
    assert outcomes("evaboot.csv")[-1] == Skipped(5, FILTERED_ROW)
    assert isinstance(outcomes("evaboot.csv", include_filtered=True)[-1], ParsedLead)


def test_short_rows_are_filled_up_and_long_ones_rejected() -> None:
    ada, ben, cleo, dan, *_ = outcomes("generic_ragged.csv")
    assert isinstance(ada, ParsedLead) and ada.custom["email_2"] == "ada.two@mail.example"
    assert isinstance(ben, ParsedLead) and ben.custom == {}
    assert isinstance(cleo, ParsedLead)
    assert dan == Rejection(5, "has 7 cells, the header has 5")


def test_a_bad_address_is_dropped_with_a_warning_where_the_profile_is_known() -> None:
    found = lead("LinkedIn URL,Email", "linkedin.com/in/ada-example", "ada at mail")
    assert found.person.email == ""
    assert found.warnings == ("Line 2: 'ada at mail' is no e-mail address; it was left out.",)


def test_a_bad_address_alone_rejects_the_row_and_names_its_column() -> None:
    rejected = rejection("LinkedIn URL,E-Mail", "", "ada at mail")
    assert (rejected.line, rejected.column) == (2, "E-Mail")
    assert "'ada at mail' is no e-mail address" in rejected.reason


@pytest.mark.parametrize(
    "useless", ["https://www.linkedin.com/company/example", "connected", "https://example.com/in/ada"]
)
def test_a_linkedin_column_that_names_no_person_is_no_identity(useless: str) -> None:
    rejected = rejection("Name,LinkedIn", "Ada Example", useless)
    assert useless in rejected.reason
    assert rejected.column == "LinkedIn"


def test_a_bare_public_name_counts_only_in_a_column_for_public_names() -> None:
    assert lead("Public Identifier", "Ada-Example").person.public_identifier == "ada-example"


def test_ids_and_urns_are_read_from_their_columns() -> None:
    found = lead("Provider ID,Member URN,Email", CLASSIC, "urn:li:member:42", "a@mail.example").person
    assert (found.provider_id, found.member_urn, found.public_identifier) == (CLASSIC, "42", "")


def test_an_ordinary_link_is_kept_as_a_field_and_a_profile_is_recognised() -> None:
    assert lead("URL,Email", "https://ada.example", "a@mail.example").custom == {"url": "https://ada.example"}
    assert lead("URL", "https://www.linkedin.com/in/ada-example").person.public_identifier == "ada-example"


def test_a_second_profile_in_a_row_stays_visible() -> None:
    found = lead("LinkedIn,Profile URL", "linkedin.com/in/ada-1", "https://www.linkedin.com/in/somebody-else")
    assert found.person.public_identifier == "ada-1"
    assert found.custom == {"profile_url": "https://www.linkedin.com/in/somebody-else"}


def test_given_names_are_not_overwritten_by_the_full_name() -> None:
    found = lead("First Name,Last Name,Full Name,Email", "Ada", "", "Prof. Augusta King", "a@mail.example")
    assert (found.person.first_name, found.person.last_name) == ("Ada", "")


def test_tags_are_divided() -> None:
    assert lead("Email,Tags", "a@mail.example", "vip; Fair 2026,vip").tags == ("vip", "Fair 2026")


def test_values_that_are_too_long_are_left_out_whole() -> None:
    outcome = read("Email,Company", "a@mail.example", "x" * 11, longest={"company": 10})
    assert isinstance(outcome, ParsedLead)
    assert outcome.person.company == ""
    assert "the company has 11 characters" in outcome.warnings[0]


def test_the_meaning_of_each_column_can_be_shown() -> None:
    header = ["First Name", "Person Linkedin Url", "Email Status", "# Employees"]
    reader = RowReader(detect(header), header)
    assert reader.meaning_by_column == {
        "First Name": "first_name",
        "Person Linkedin Url": "linkedin",
        "Email Status": "email_status",
        "# Employees": "employees",
    }


def test_keys_of_custom_fields_are_tokens_and_never_those_of_the_lead() -> None:
    header = ["# Employees", "companyUrl", "Straße", "名前", "2nd Mail", "Title", "Sender Name", "a b", "A-B"]
    assert custom_keys(header) == (
        *("employees", "company_url", "strasse", "column_4", "field_2nd_mail", "other_title"),
        *("other_sender_name", "a_b", "a_b_2"),
    )


def test_files_without_a_way_to_reach_people_have_no_understood_header() -> None:
    names: Sequence[str] = ["First Name", "Last Name", "Company"]
    assert understood_columns(names) == 0
    assert understood_columns([*names, "Email"]) == 4
    assert detect(names) is GENERIC


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Ada Example", ("Ada", "Example")),
        ("Ada", ("Ada", "")),
        ("  Ada   de la Example ", ("Ada", "de la Example")),
        ("Dr. Ada Example", ("Ada", "Example")),
        ("Prof. Dr. Ada Example", ("Ada", "Example")),
        ("Dr. Example", ("", "Example")),
        ("Ada Example, MBA", ("Ada", "Example")),
        ("Ada Example, PhD, CFA", ("Ada", "Example")),
        ("Example, Ada", ("Ada", "Example")),
        ("Example, MBA", ("Example", "")),
        ("🚀 Ada Example 🚀", ("Ada", "Example")),
        ("Ada Example (she/her)", ("Ada", "Example")),
        ("ADA EXAMPLE", ("ADA", "EXAMPLE")),
        ("", ("", "")),
    ],
)
def test_full_names_are_split_with_care(text: str, names: tuple[str, str]) -> None:
    assert split_full_name(text) == names


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("  Mary   Jane ", "Mary Jane"),
        ("Ada✨", "Ada"),
        ("Ada 👩🏽\u200d💻", "Ada"),
        ("Ada (she/her)", "Ada"),
        ("Ada they/them", "Ada"),
        ("Robert (Bob)", "Robert (Bob)"),
        ("ADA", "ADA"),
        ("🚀", ""),
        ("Null", "Null"),
    ],
)
def test_first_names_lose_pronouns_and_ornaments_only(text: str, name: str) -> None:
    assert first_name_from(text) == name


@pytest.mark.parametrize(("text", "name"), [("Smith, MBA", "Smith"), ("O'Neil-Ruiz", "O'Neil-Ruiz"), (", MBA", "MBA")])
def test_last_names_lose_degrees(text: str, name: str) -> None:
    assert last_name_from(text) == name


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("Ada.Example+x@Mail.Example", "ada.example+x@mail.example"),
        ("mailto:ada@mail.example", "ada@mail.example"),
        ("Ada Example <ada@mail.example>", "ada@mail.example"),
        ("ada@mail.example; ada2@mail.example", "ada@mail.example"),
        ("ada@mail.example.", "ada@mail.example"),
        ("o'neil@mail.example", "o'neil@mail.example"),
        ("ada@müller.example", "ada@müller.example"),
        ("ada@mail", ""),
        ("ada..x@mail.example", ""),
        ("@mail.example", ""),
        ("ada@@mail.example", ""),
        ("ada@mail.example@evil.example", ""),
        ("ada example", ""),
        (f"{'a' * 65}@mail.example", ""),
        (f"a@{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 60}.{'f' * 60}.example", ""),
    ],
)
def test_addresses_are_found_lower_cased_or_refused(text: str, address: str) -> None:
    assert email_from(text) == address


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (" a ", "a"),
        ("N/A", ""),
        ("-", ""),
        ("'+1 555", "+1 555"),
        ("'=x", "=x"),
        ("=x", "=x"),
        ("'tis", "'tis"),
    ],
)
def test_cells_are_cleaned_and_formulas_stay_data(cell: str, text: str) -> None:
    assert clean(cell) == text


@given(st.lists(st.text(max_size=30), min_size=1, max_size=9))
def test_no_row_is_too_odd(cells: list[str]) -> None:
    header = ["Full Name", "First Name", "Last Name", "Email", "LinkedIn", "Provider ID", "URL", "Tags", "Phone"]
    outcome = RowReader(detect(header), header).to_lead(Row(2, tuple(cells)))
    if isinstance(outcome, ParsedLead):
        person = outcome.person
        assert person.email or person.public_identifier or person.provider_id or person.sales_navigator_id
        assert "\0" not in repr(person)
        assert all(outcome.custom.values())


@pytest.mark.parametrize("text", ["!" * 130_000, "a." * 65_000, "%25" * 40_000, "(she/" * 26_000, " " * 130_000 + "x"])
def test_the_longest_cells_are_read_without_endless_search(text: str) -> None:
    """Each of these would keep a careless expression busy for hours."""
    lead("Email,LinkedIn,Full Name,URL", "a@mail.example", text, text, text)
    assert email_from(text) == ""


def test_tags_are_each_kept_once() -> None:
    assert tags_from(" a ,b|a;; ") == ("a", "b")
