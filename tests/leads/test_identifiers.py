"""LinkedIn identities: every written form of one person gives one identity, and nobody else's."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from leads.identifiers import (
    LinkedInIdentity,
    identity_from,
    member_urn_from,
    provider_id_from,
    public_identifier_from,
    sales_navigator_id_from,
)

CLASSIC = "ACoAACpQ7rStUvWxYz0123456789AbCdEfGhIjK"
CLASSIC_ADO = "ADoAACpQ7rStUvWxYz0123456789AbCdEfGhIjK"
SALES = "ACwAACpQ7rStUvWxYz0123456789AbCdEfGhIjK"
RECRUITER = "AEMAACpQ7rStUvWxYz0123456789AbCdEfGhIjK"


@pytest.mark.parametrize(
    "written",
    [
        "https://www.linkedin.com/in/ada-example",
        "http://www.linkedin.com/in/ada-example/",
        "HTTPS://WWW.LinkedIn.COM/IN/Ada-Example",
        "https://uk.linkedin.com/in/ada-example",
        "https://www.de.linkedin.com/in/ada-example",
        "https://m.linkedin.com/in/ada-example",
        "https://www.linkedin.com/mwlite/in/ada-example",
        "https://www.linkedin.com/comm/in/ada-example?midToken=x",
        "linkedin.com/in/ada-example",
        "//www.linkedin.com/in/ada-example",
        "https://www.linkedin.com:443/in/ada-example",
        "https://www.linkedin.com//in//ada-example//",
        "https://www.linkedin.com/in/ada-example/en",
        "https://www.linkedin.com/in/ada-example/de-de/?trk=people",
        "https://www.linkedin.com/in/ada-example?originalSubdomain=uk",
        "https://www.linkedin.com/in/ada-example#experience",
        "https://www.linkedin.com/in/ada-example/details/experience/",
        "https%3A%2F%2Fwww.linkedin.com%2Fin%2Fada-example%3Ftrk%3Dx",
        "  https://www.linkedin.com/in/ada-example \n",
        "\ufeffhttps://www.linkedin.com/in/ada-example\u200b",
        "<https://www.linkedin.com/in/ada-example>",
        "(https://www.linkedin.com/in/ada-example).",
        '=HYPERLINK("https://www.linkedin.com/in/ada-example","Ada")',
        "Ada: https://www.linkedin.com/in/ada-example",
        "/in/ada-example/",
        "in/ada-example",
        "ada-example",
        "ADA-EXAMPLE",
    ],
)
def test_every_written_form_of_a_profile_gives_the_same_public_name(written: str) -> None:
    assert public_identifier_from(written) == "ada-example"


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("https://www.linkedin.com/in/zo%C3%A9-lef%C3%A8vre", "zoé-lefèvre"),
        ("https://www.linkedin.com/in/zo%25C3%25A9", "zoé"),
        ("https://www.linkedin.com/in/zo%E9", "zoé"),
        ("https://www.linkedin.com/in/zoe\u0301", "zoé"),
        ("https://www.linkedin.com/in/ZO\u00c9", "zoé"),
        ("https://www.linkedin.com/in/%E5%A4%AA%E9%83%8E-%E5%B1%B1%E7%94%B0", "太郎-山田"),
        ("https://www.linkedin.com/in/o%E2%80%99brien-1", "o\u2019brien-1"),
        ("https://www.linkedin.com/in/acosta-juan-alberto", "acosta-juan-alberto"),
        (
            "https://www.linkedin.com/in/ACosta-Juan-Alberto-Maria-Gonzalez",
            "acosta-juan-alberto-maria-gonzalez",
        ),
    ],
)
def test_public_names_are_decoded_composed_and_lower_cased(written: str, name: str) -> None:
    assert public_identifier_from(written) == name


@pytest.mark.parametrize(
    "written",
    [
        "",
        "   ",
        "-",
        "--",
        "n/a",
        "none",
        "null",
        "Unknown",
        "Ada Example",
        "ada@mail.example",
        "example.com",
        "https://example.com/in/ada-example",
        "https://evil-linkedin.com/in/ada-example",
        "https://linkedin.com.evil.example/in/ada-example",
        "https://www.linkedin.com",
        "https://www.linkedin.com/in/",
        "https://www.linkedin.com/in/ada example/",
        "https://www.linkedin.com/company/example-inc",
        "https://www.linkedin.com/school/example",
        "https://www.linkedin.com/showcase/in/ada-example",
        "https://www.linkedin.com/in/unknown",
        "https://www.linkedin.com/in/undefined/",
        "https://www.linkedin.com/pub/ada-example/1/2a3/4b5",
        "https://www.linkedin.com/redir?url=https://www.linkedin.com/in/ada-example",
        "https://www.linkedin.com/search/results/people/?keywords=ada",
        f"https://www.linkedin.com/in/{CLASSIC}",
        f"https://www.linkedin.com/in/{SALES}",
        f"https://www.linkedin.com/in/{RECRUITER}",
        f"https://www.linkedin.com/in/{CLASSIC.lower()}",
        f"https://www.linkedin.com/sales/lead/{SALES},NAME_SEARCH,aBcD",
        "https://www.linkedin.com/sales/profile/123456,aBcD,NAME_SEARCH",
        CLASSIC,
        SALES,
        "urn:li:member:123",
    ],
)
def test_what_names_no_public_profile_gives_nothing(written: str) -> None:
    assert public_identifier_from(written) == ""


@pytest.mark.parametrize("member_id", [CLASSIC, CLASSIC_ADO])
@pytest.mark.parametrize(
    "form",
    [
        "{}",
        " {} ",
        "https://www.linkedin.com/in/{}",
        "https://www.linkedin.com/in/{}/?trk=x",
        "https://www.linkedin.com/profile/view?id={}&trk=x",
        "https://www.linkedin.com/sales/people/{},NAME_SEARCH,aBcD",
        "urn:li:fsd_profile:{}",
        "urn:li:fs_miniProfile:{}",
        "urn%3Ali%3Afs_miniProfile%3A{}",
    ],
)
def test_classic_ids_are_found_in_addresses_urns_and_alone(form: str, member_id: str) -> None:
    assert provider_id_from(form.format(member_id)) == member_id
    assert sales_navigator_id_from(form.format(member_id)) == ""


@pytest.mark.parametrize(
    "form",
    [
        "{}",
        "{},NAME_SEARCH,aBcD",
        "https://www.linkedin.com/sales/lead/{},NAME_SEARCH,aBcD?_ntb=x%3D%3D",
        "https://www.linkedin.com/sales/people/{},name,",
        "https://www.linkedin.com/sales/lead/{}%2CNAME_SEARCH%2CaBcD",
        "https://www.linkedin.com/in/{}",
        "urn:li:fs_salesProfile:({},NAME_SEARCH,aBcD)",
    ],
)
def test_sales_navigator_ids_never_pass_for_classic_ones(form: str) -> None:
    assert sales_navigator_id_from(form.format(SALES)) == SALES
    assert provider_id_from(form.format(SALES)) == ""


@pytest.mark.parametrize(
    "written",
    [
        f"https://www.linkedin.com/company/example?miniProfileUrn=urn:li:fs_miniProfile:{CLASSIC}",
        f"https://www.linkedin.com/search/results/people/?connectionOf={CLASSIC}",
        f"https://example.com/in/{CLASSIC}",
        CLASSIC.lower(),
        CLASSIC + "x" * 400,
        RECRUITER,
    ],
)
def test_an_id_that_is_not_what_the_text_is_about_is_left_alone(written: str) -> None:
    assert provider_id_from(written) == ""


def test_member_numbers_come_from_member_urns_only() -> None:
    assert member_urn_from("urn:li:member:667788990") == "667788990"
    assert member_urn_from(f"urn:li:fsd_profile:{CLASSIC}") == ""
    assert member_urn_from("667788990") == ""


def test_the_families_of_ids_are_kept_apart_and_earlier_cells_win() -> None:
    found = identity_from(
        "https://www.linkedin.com/in/ada-example",
        "https://www.linkedin.com/in/somebody-else",
        f"https://www.linkedin.com/sales/lead/{SALES},NAME_SEARCH,x",
        CLASSIC,
        "urn:li:member:42",
    )
    assert found == LinkedInIdentity("ada-example", CLASSIC, SALES, "42")


def test_a_member_number_alone_is_no_identity() -> None:
    assert not identity_from("urn:li:member:42", "")
    assert identity_from(SALES)


@given(st.text(max_size=60))
@example("%2525")
@example("%C3%A9%")
@example("\u0130\u0307")
@example("\u212a-\u2126")
@example("in/in/x")
def test_normalising_twice_changes_nothing(text: str) -> None:
    for written in (text, f"https://www.linkedin.com/in/{text}"):
        once = public_identifier_from(written)
        assert public_identifier_from(once) == once
        assert not once or public_identifier_from(f"https://www.linkedin.com/in/{once}/") == once


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyzåéßł0123456789-", min_size=2, max_size=60))
def test_an_address_and_its_slug_agree(slug: str) -> None:
    assert public_identifier_from(f"https://fr.linkedin.com/in/{slug.upper()}?a=b") == public_identifier_from(
        slug.upper()
    )


@given(st.text(max_size=200))
def test_no_text_is_too_odd(text: str) -> None:
    found = identity_from(text, f"https://www.linkedin.com/{text}", f"urn:li:{text}")
    assert len(found.public_identifier) <= 200
