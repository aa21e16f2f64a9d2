"""Which program wrote a lead file, and what its columns mean. They are known by name, never by position."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Source(StrEnum):
    """Who wrote the file."""

    LINKEDIN_CONNECTIONS = "linkedin_connections"
    LINKEDIN_MESSAGES = "linkedin_messages"
    LINKEDIN_INVITATIONS = "linkedin_invitations"
    APOLLO = "apollo"
    HUBSPOT = "hubspot"
    PHANTOMBUSTER = "phantombuster"
    EVABOOT = "evaboot"
    GENERIC = "generic"


class Meaning(StrEnum):
    """What a column holds."""

    FIRST_NAME = "first_name"
    LAST_NAME = "last_name"
    FULL_NAME = "full_name"
    EMAIL = "email"
    COMPANY = "company"
    TITLE = "title"
    HEADLINE = "headline"
    LOCATION = "location"
    CITY = "city"
    STATE = "state"
    COUNTRY = "country"
    PHONE = "phone"
    WEBSITE = "website"
    TIME_ZONE = "time_zone"
    TAGS = "tags"
    LINKEDIN = "linkedin"
    """The address of a profile."""
    PUBLIC_NAME = "public_name"
    """A profile's public name, alone or in its address."""
    LINK = "link"
    """Some address, which may be that of a LinkedIn profile."""
    MEMBER_ID = "member_id"
    """A provider id, a URN or a Sales Navigator address."""
    EMAIL_STATUS = "email_status"
    DO_NOT_CALL = "do_not_call"
    MATCHES_FILTERS = "matches_filters"
    REMARK = "remark"
    """What an earlier import wrote beside a rejected row."""


REACHES_A_PERSON = frozenset({Meaning.LINKEDIN, Meaning.PUBLIC_NAME, Meaning.LINK, Meaning.MEMBER_ID, Meaning.EMAIL})
"""A file without any of these holds nobody who can be contacted."""

REMARKS = ("Rejected line", "Rejected because")
"""The columns that a list of rejected rows has before those of the file."""

_Names = Mapping[Meaning, tuple[str, ...]]

# The earlier name of a meaning is trusted before the later one.
_COMMON_NAMES: _Names = {
    Meaning.FIRST_NAME: (
        *(
            "First Name",
            "Given Name",
            "Forename",
            "FName",
            "Vorname",
            "Prénom",
            "Prenom",
            "Nombre",
            "Voornaam",
        ),
        *("Förnamn", "Imię"),
    ),
    Meaning.LAST_NAME: (
        *(
            "Last Name",
            "Surname",
            "Family Name",
            "LName",
            "Nachname",
            "Familienname",
            "Nom",
            "Nom de famille",
        ),
        *("Apellido", "Apellidos", "Cognome", "Achternaam", "Efternamn", "Nazwisko"),
    ),
    Meaning.FULL_NAME: (
        *("Full Name", "Name", "Contact Name", "Person Name", "Lead Name", "Prospect Name", "Contact"),
        *("Nom complet", "Nombre completo"),
    ),
    Meaning.EMAIL: (
        *("Email", "Email Address", "Work Email", "Business Email", "Professional Email", "Primary Email"),
        *("Contact Email", "Person Email", "Email 1", "Mail", "E-Mail-Adresse", "Adresse e-mail", "Courriel"),
        *("Correo electrónico",),
    ),
    Meaning.COMPANY: (
        *("Company", "Company Name", "Current Company", "Organization", "Organisation", "Organization Name"),
        *("Organisation Name", "Account Name", "Employer", "Associated Company", "Firma", "Unternehmen"),
        *("Société", "Entreprise", "Empresa", "Azienda", "Bedrijf"),
    ),
    Meaning.TITLE: (
        *(
            "Job Title",
            "Title",
            "Position",
            "Current Position",
            "Current Title",
            "Current Job",
            "Role",
            "Job Role",
        ),
        *("Designation", "Berufsbezeichnung", "Poste", "Fonction", "Cargo"),
    ),
    Meaning.HEADLINE: ("Headline", "Profile Headline", "LinkedIn Headline"),
    Meaning.LOCATION: ("Location", "Person Location", "Contact Location", "Standort"),
    Meaning.CITY: ("City", "Person City", "Stadt", "Ville", "Ciudad"),
    Meaning.STATE: ("State", "Region", "State/Region", "Person State"),
    Meaning.COUNTRY: ("Country", "Country/Region", "Person Country"),
    Meaning.PHONE: (
        *("Phone", "Phone Number", "Mobile Phone", "Mobile", "Mobile Number", "Direct Phone", "Work Phone"),
        *("Cell Phone", "Telephone", "Telefon", "Téléphone", "Teléfono"),
    ),
    Meaning.WEBSITE: (
        *("Website", "Website URL", "Company Website", "Company Website URL", "Homepage", "Company Domain"),
        *("Domain", "Webseite", "Site web"),
    ),
    Meaning.TIME_ZONE: ("Time Zone", "Timezone", "Zeitzone", "Fuseau horaire"),
    Meaning.TAGS: ("Tags", "Tag", "Labels"),
    Meaning.LINKEDIN: (
        *("LinkedIn URL", "LinkedIn", "LinkedIn Profile", "LinkedIn Profile URL", "LinkedIn Profile Link"),
        *(
            "LinkedIn Link",
            "LinkedIn Address",
            "Person LinkedIn URL",
            "Person LinkedIn",
            "Contact LinkedIn URL",
        ),
        *("Contact LinkedIn", "Contact LinkedIn Profile URL", "Lead LinkedIn URL", "LI URL", "LI Profile"),
        *("LinkedIn Public URL", "Public LinkedIn URL", "LinkedIn URL Public", "Public Profile URL"),
        *("Default Profile URL", "LinkedIn Bio"),
    ),
    Meaning.PUBLIC_NAME: (
        *("Public Identifier", "LinkedIn Public Identifier", "LinkedIn Public ID", "LinkedIn Slug"),
        *("LinkedIn Username", "LinkedIn Handle"),
    ),
    Meaning.LINK: ("Profile URL", "Profile Link", "Profile", "URL", "Link"),
    Meaning.MEMBER_ID: (
        *(
            "Provider ID",
            "LinkedIn Provider ID",
            "LinkedIn ID",
            "LinkedIn Member ID",
            "Member ID",
            "Member URN",
        ),
        *("LinkedIn URN", "Entity URN", "Object URN", "Profile URN", "VMID", "Sales Navigator URL"),
        *("Sales Nav URL", "Sales Navigator Profile URL", "Sales Navigator Link", "Sales Navigator ID"),
        *("LinkedIn Sales Navigator URL", "LinkedIn URL Unique ID"),
    ),
    Meaning.REMARK: REMARKS,
}


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file: how it is recognised, and what its columns mean where the common names do not tell."""

    source: Source
    label: str
    signatures: tuple[tuple[str, ...], ...] = ()
    """The format is recognised when all names of one signature are there."""
    names: _Names = field(default_factory=dict)
    mailable: frozenset[str] = frozenset()
    """E-mail states (lower case) that vouch for an address; empty: the file says nothing about it."""
    refusal: str = ""
    """Why such a file is no lead file, and what to import instead."""

    def meanings(self, header: Sequence[str]) -> dict[Meaning, tuple[int, ...]]:
        """The columns of each meaning, the most trusted first."""
        ranks = self._ranks()
        ranked: dict[Meaning, list[tuple[int, int]]] = {}
        for place, key in enumerate(map(column_key, header)):
            if key in ranks:
                meaning, rank = ranks[key]
                ranked.setdefault(meaning, []).append((rank, place))
        return {meaning: tuple(place for _, place in sorted(places)) for meaning, places in ranked.items()}

    def _ranks(self) -> dict[str, tuple[Meaning, int]]:
        """Every known column key with its meaning and rank; the format's own names come first."""
        ranks: dict[str, tuple[Meaning, int]] = {}
        for offset, names in ((0, self.names), (1000, _COMMON_NAMES)):
            for meaning, alternatives in names.items():
                for rank, name in enumerate(alternatives, start=offset):
                    ranks.setdefault(column_key(name), (meaning, rank))
        return ranks


_HISTORY = (
    "Take Connections.csv from the same archive for the people you are connected with, "
    "or any file with a column of LinkedIn addresses."
)

FORMATS = (
    Format(
        source=Source.LINKEDIN_MESSAGES,
        label="LinkedIn messages",
        signatures=(("Conversation ID", "Sender Profile URL", "Content"),),
        refusal=f"This is messages.csv of a LinkedIn archive: a history, no list of leads. {_HISTORY}",
    ),
    Format(
        source=Source.LINKEDIN_INVITATIONS,
        label="LinkedIn invitations",
        signatures=(("Sent At", "Direction", "inviterProfileUrl", "inviteeProfileUrl"),),
        refusal=f"This is Invitations.csv of a LinkedIn archive: a history, no list of leads. {_HISTORY}",
    ),
    Format(
        source=Source.EVABOOT,
        label="Evaboot (Sales Navigator)",
        signatures=(("Linkedin URL Unique ID",), ("Matches Filters", "No Match Reasons")),
        names={
            Meaning.LINKEDIN: ("Linkedin URL Public",),
            Meaning.MEMBER_ID: ("Linkedin URL Unique ID",),
            Meaning.TITLE: ("Current Job",),
            Meaning.WEBSITE: ("Company Website URL", "Company Domain"),
            Meaning.EMAIL_STATUS: ("Email Status",),
            Meaning.MATCHES_FILTERS: ("Matches Filters",),
        },
        mailable=frozenset({"verified", "valid", "safe", "safe to send"}),
    ),
    Format(
        source=Source.PHANTOMBUSTER,
        label="PhantomBuster (Sales Navigator)",
        signatures=(
            ("profileUrl", "vmid"),
            ("profileUrl", "fullName", "defaultProfileUrl"),
            ("profileUrl", "fullName", "linkedInProfileUrl"),
            ("profileUrl", "fullName", "query", "timestamp"),
        ),
        names={
            Meaning.LINKEDIN: ("defaultProfileUrl", "linkedInProfileUrl"),
            Meaning.LINK: ("profileUrl",),
            Meaning.MEMBER_ID: ("vmid",),
        },
    ),
    Format(
        source=Source.APOLLO,
        label="Apollo",
        signatures=(
            ("Apollo Contact Id",),
            ("Apollo Record Id",),
            ("Person Linkedin Url", "Email Status"),
            ("Person Linkedin Url", "Company Name for Emails"),
            ("Person Linkedin Url", "Seniority", "Company Linkedin Url"),
        ),
        names={
            Meaning.LINKEDIN: ("Person Linkedin Url",),
            Meaning.COMPANY: ("Company Name", "Company"),
            Meaning.EMAIL_STATUS: ("Email Status",),
            Meaning.DO_NOT_CALL: ("Do Not Call",),
            Meaning.PHONE: (
                "Work Direct Phone",
                "Mobile Phone",
                "Other Phone",
                "Home Phone",
                "Corporate Phone",
            ),
        },
        mailable=frozenset({"verified"}),
    ),
    Format(
        source=Source.HUBSPOT,
        label="HubSpot contacts",
        signatures=(
            ("Record ID - Contact",),
            ("Record ID", "Lifecycle Stage"),
            ("Record ID", "Lead Status"),
            ("Record ID", "Contact owner"),
            ("Record ID", "Associated Company"),
            ("Record ID", "Create Date"),
        ),
        names={
            Meaning.COMPANY: ("Company Name", "Associated Company"),
            Meaning.LINKEDIN: ("LinkedIn URL", "LinkedIn Bio"),
        },
    ),
    Format(
        source=Source.LINKEDIN_CONNECTIONS,
        label="LinkedIn Connections",
        signatures=(("First Name", "Last Name", "Connected On"),),
        names={Meaning.LINKEDIN: ("URL",)},
    ),
)
GENERIC = Format(source=Source.GENERIC, label="CSV")


def detect(header: Sequence[str]) -> Format:
    """The format whose signature the column names show; the generic one if none does."""
    keys = {column_key(name) for name in header}
    return next((each for each in FORMATS if _is_signed(each, keys)), GENERIC)


def understood_columns(header: Sequence[str]) -> int:
    """How many columns of a supposed header are known by name; 0 if it names nobody who can be reached.

    Files that are refused count as understood, so that the refusal can say what they are.
    """
    found = detect(header)
    meanings = found.meanings(header)
    if found.refusal:
        return len(found.signatures[0]) + len(meanings)
    return sum(map(len, meanings.values())) if REACHES_A_PERSON & meanings.keys() else 0


def column_key(name: str) -> str:
    """The name without case, blanks, punctuation and the number that a repeated name was given."""
    unnumbered = re.sub(r"\s\(\d+\)$", "", unicodedata.normalize("NFKC", name).strip())
    return "".join(filter(str.isalnum, unnumbered.lower()))


def _is_signed(candidate: Format, keys: set[str]) -> bool:
    return any(all(column_key(name) in keys for name in signature) for signature in candidate.signatures)
