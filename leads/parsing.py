"""From a row of a lead file to what it says of one lead, or to the reason why it says nothing of use."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace

from leads import cells as cell
from leads.files import Row
from leads.formats import Format, Meaning
from leads.identifiers import LinkedInIdentity, explicit_identity_from, identity_from, merged
from outreach.zones import zone_names


@dataclass(frozen=True, slots=True)
class Person:
    """What a file says of a person, in the words of the lead's own columns. Blank means: says nothing."""

    first_name: str = ""
    last_name: str = ""
    email: str = ""
    company: str = ""
    title: str = ""
    headline: str = ""
    location: str = ""
    phone: str = ""
    website: str = ""
    time_zone: str = ""
    public_identifier: str = ""
    provider_id: str = ""
    sales_navigator_id: str = ""
    member_urn: str = ""


PERSON_FIELDS = tuple(each.name for each in fields(Person))


@dataclass(frozen=True, slots=True)
class ParsedLead:
    """A usable row. Custom values are keyed by the token under which texts can use them."""

    line: int
    person: Person
    custom: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rejection:
    """A row that cannot become a lead, why, and in which column the trouble lies, if in one."""

    line: int
    reason: str
    column: str = ""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A row that is rightly left out."""

    line: int
    reason: str


EMPTY_ROW = "empty row"
FILTERED_ROW = "does not match the filters of its own search"
GUESSED_EMAIL = "guessed_email"
GUESSED_EMAIL_LABEL = "Guessed e-mail"

_SINGLE_LINE: dict[Meaning, Callable[[str], str]] = {
    Meaning.FIRST_NAME: cell.first_name_from,
    Meaning.LAST_NAME: cell.last_name_from,
    Meaning.COMPANY: cell.single_line,
    Meaning.TITLE: cell.single_line,
    Meaning.HEADLINE: cell.single_line,
    Meaning.LOCATION: cell.single_line,
    Meaning.PHONE: cell.phone_from,
    Meaning.WEBSITE: cell.single_line,
    Meaning.TIME_ZONE: cell.single_line,
}
_IDENTITY: tuple[tuple[Meaning, Callable[[str], LinkedInIdentity]], ...] = (
    (Meaning.LINKEDIN, explicit_identity_from),
    (Meaning.PUBLIC_NAME, identity_from),
    (Meaning.LINK, explicit_identity_from),
    (Meaning.MEMBER_ID, explicit_identity_from),
)
# These have done their work when the row is read, and say nothing that a text would use.
_SPENT = (Meaning.FULL_NAME, Meaning.TAGS, Meaning.MATCHES_FILTERS, Meaning.REMARK)
_RESERVED_KEYS = frozenset(PERSON_FIELDS) | {
    "id",
    "name",
    "full_name",
    "custom",
    "tags",
    "linkedin_url",
    GUESSED_EMAIL,
}
_LONGEST_KEY = 60
_CAMEL_CASE = re.compile(r"[a-z]+(?:[A-Z][a-z0-9]*)+")
# Letters that Unicode does not take apart into a plain letter and a mark.
_SPELLED_OUT = str.maketrans(
    {"ß": "ss", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "đ": "d"}
)


@dataclass(frozen=True, slots=True)
class _Layout:
    """How the rows of one file are to be read."""

    format: Format
    header: tuple[str, ...]
    columns: Mapping[Meaning, tuple[int, ...]]
    keys: tuple[str, ...]
    include_filtered: bool
    longest: Mapping[str, int]


class RowReader:
    """Reads the rows of one file: its format's rules, applied to its header."""

    def __init__(
        self,
        file_format: Format,
        header: Sequence[str],
        *,
        include_filtered: bool = False,
        longest: Mapping[str, int] | None = None,
    ) -> None:
        """`include_filtered` takes rows that the exporting program marked as outside its search.

        `longest` gives the number of characters that a field of Person can keep, by the field's name.
        """
        self._layout = _Layout(
            format=file_format,
            header=tuple(header),
            columns=file_format.meanings(header),
            keys=custom_keys(header),
            include_filtered=include_filtered,
            longest=longest or {},
        )

    @property
    def labels(self) -> dict[str, str]:
        """Every custom key that rows may carry, with the column's name as its label."""
        labels = dict(zip(self._layout.keys, self._layout.header, strict=True))
        return {**labels, GUESSED_EMAIL: GUESSED_EMAIL_LABEL}

    @property
    def meaning_by_column(self) -> dict[str, str]:
        """What each column is taken for: a meaning, or the key of a custom field."""
        known = {place: str(meaning) for meaning, places in self._layout.columns.items() for place in places}
        return {name: known.get(place, self._layout.keys[place]) for place, name in enumerate(self._layout.header)}

    def to_lead(self, row: Row) -> ParsedLead | Rejection | Skipped:
        """What the row says of one lead. Never raises."""
        if row.is_blank:
            return Skipped(row.line, EMPTY_ROW)
        width = len(self._layout.header)
        if any(text.strip() for text in row.cells[width:]):
            return Rejection(row.line, f"has {len(row.cells)} cells, the header has {width}")
        padded = (*row.cells[:width], *[""] * (width - len(row.cells)))
        return _Reading(self._layout, row.line, tuple(map(cell.clean, padded))).outcome()


class _Reading:
    """One row while it is read: which cells have been used, and what there is to warn of."""

    def __init__(self, layout: _Layout, line: int, texts: tuple[str, ...]) -> None:
        self._layout = layout
        self._line = line
        self._texts = texts
        self._used: set[int] = set()
        self._warnings: list[str] = []
        self._guess = ""

    def outcome(self) -> ParsedLead | Rejection | Skipped:
        if not self._layout.include_filtered and self._first(Meaning.MATCHES_FILTERS).upper() == "NO":
            return Skipped(self._line, FILTERED_ROW)
        identity = self._identity()
        email = self._email()
        if not identity and not email:
            return self._unreachable()
        return self._lead(identity, email)

    def _lead(self, identity: LinkedInIdentity, email: str) -> ParsedLead:
        first_name, last_name = self._names()
        person = Person(
            first_name=first_name,
            last_name=last_name,
            email=email,
            company=self._single(Meaning.COMPANY),
            title=self._single(Meaning.TITLE),
            headline=self._single(Meaning.HEADLINE),
            location=self._location(),
            phone=self._phone(),
            website=self._single(Meaning.WEBSITE),
            time_zone=self._zone(),
            public_identifier=identity.public_identifier,
            provider_id=identity.provider_id,
            sales_navigator_id=identity.sales_navigator_id,
            member_urn=identity.member_urn,
        )
        person = self._fitting(person)
        if identity.sales_navigator_id and not (identity.public_identifier or identity.provider_id or email):
            self._warn("is known by a Sales Navigator id only; add the public address before contacting it.")
        tags = tuple(tag for _, text in self._cells(Meaning.TAGS) for tag in cell.tags_from(text))
        return ParsedLead(self._line, person, dict(self._custom()), tags, tuple(self._warnings))

    def _cells(self, meaning: Meaning) -> Iterator[tuple[int, str]]:
        """The places and texts of a meaning that are not blank, the most trusted first."""
        places = self._layout.columns.get(meaning, ())
        return ((place, self._texts[place]) for place in places if self._texts[place])

    def _first(self, meaning: Meaning) -> str:
        return next((text for _, text in self._cells(meaning)), "")

    def _warn(self, text: str) -> None:
        self._warnings.append(f"Line {self._line}: {text}")

    def _single(self, meaning: Meaning) -> str:
        """The most trusted value of a meaning. Further columns that say the same are used up with it."""
        tidy = _SINGLE_LINE[meaning]
        chosen = ""
        for place, text in self._cells(meaning):
            value = tidy(text)
            chosen = chosen or value
            if value in ("", chosen):
                self._used.add(place)
        return chosen

    def _names(self) -> tuple[str, str]:
        first_name, last_name = self._single(Meaning.FIRST_NAME), self._single(Meaning.LAST_NAME)
        return (
            (first_name, last_name) if first_name or last_name else cell.split_full_name(self._first(Meaning.FULL_NAME))
        )

    def _zone(self) -> str:
        """Only what is a zone's IANA name: "CET" or "+1" would be a guess at somebody's night."""
        name = self._single(Meaning.TIME_ZONE)
        if name and name not in zone_names():
            self._warn(f"{name!r} is no time zone such as Europe/London; left empty.")
            return ""
        return name

    def _location(self) -> str:
        """The location, or the place put together. City, state and country also stay custom fields."""
        parts = (self._first(part) for part in (Meaning.CITY, Meaning.STATE, Meaning.COUNTRY))
        return self._single(Meaning.LOCATION) or cell.single_line(", ".join(filter(None, parts)))

    def _phone(self) -> str:
        """A number that may be called. Of a person marked "Do Not Call" none is kept, in any field."""
        if not cell.says_yes(self._first(Meaning.DO_NOT_CALL)):
            return self._single(Meaning.PHONE)
        self._used.update(place for place, key in enumerate(self._layout.keys) if "phone" in key)
        self._used.update(place for place, _ in self._cells(Meaning.PHONE))
        return ""

    def _email(self) -> str:
        """The first well-formed address, unless the file says that it is only a guess."""
        chosen = ""
        for place, text in self._cells(Meaning.EMAIL):
            address = cell.email_from(text)
            chosen = chosen or address
            if address in ("", chosen):
                self._used.add(place)
            if not address and not cell.says_no_value(text):
                self._warn(f"'{_short(text)}' is no e-mail address; it was left out.")
        if chosen and self._is_guess():
            self._guess, chosen = chosen, ""
        return chosen

    def _is_guess(self) -> bool:
        mailable, status = self._layout.format.mailable, self._first(Meaning.EMAIL_STATUS).lower()
        return bool(mailable and status and status not in mailable)

    def _identity(self) -> LinkedInIdentity:
        """What all LinkedIn columns say together; those whose content is part of it are used up."""
        found = [
            (place, meaning, text, read(text)) for meaning, read in _IDENTITY for place, text in self._cells(meaning)
        ]
        whole = merged(identity for *_, identity in found)
        for place, meaning, text, identity in found:
            if identity == LinkedInIdentity() and not cell.says_no_value(text):
                self._warn_of_no_profile(meaning, text)
            elif merged([identity, whole]) == whole:
                self._used.add(place)
        return whole

    def _warn_of_no_profile(self, meaning: Meaning, text: str) -> None:
        if meaning in (Meaning.LINKEDIN, Meaning.PUBLIC_NAME):
            self._warn(f"'{_short(text)}' is no address of a person's LinkedIn profile.")

    def _unreachable(self) -> Rejection:
        """Why nobody can be contacted by this row: the first bad value is named, or that there is none."""
        if self._guess:
            status = self._first(Meaning.EMAIL_STATUS)
            reason = f"its e-mail address is marked '{status}', so it is a guess, and it has no LinkedIn address"
            return Rejection(self._line, reason, self._column(Meaning.EMAIL))
        for meaning, problem in _PROBLEMS.items():
            text = self._first(meaning)
            if text and not cell.says_no_value(text):
                return Rejection(self._line, problem.format(_short(text)), self._column(meaning))
        return Rejection(self._line, "has neither a LinkedIn address nor an e-mail address")

    def _column(self, meaning: Meaning) -> str:
        """The name of the column from which `_first` takes a meaning."""
        return next(self._layout.header[place] for place, _ in self._cells(meaning))

    def _custom(self) -> Iterator[tuple[str, str]]:
        """Every cell that has found no other use, so that nothing of the file is lost."""
        for meaning in _SPENT:
            self._used.update(place for place, _ in self._cells(meaning))
        for place, text in enumerate(self._texts):
            if text and place not in self._used:
                yield self._layout.keys[place], text
        if self._guess:
            yield GUESSED_EMAIL, self._guess

    def _fitting(self, person: Person) -> Person:
        """The person without values that are too long to keep: half a name would be a wrong one."""
        for name, longest in self._layout.longest.items():
            value = getattr(person, name)
            if len(value) > longest:
                self._warn(f"the {name} has {len(value)} characters, {longest} are allowed; it was left out.")
                person = replace(person, **{name: ""})
        return person


_PROBLEMS = {
    Meaning.LINKEDIN: (
        "'{}' is no address of a person's LinkedIn profile (it looks like https://www.linkedin.com/in/…), "
        "and the row has no e-mail address"
    ),
    Meaning.PUBLIC_NAME: "'{}' is no LinkedIn name, and the row has no e-mail address",
    Meaning.EMAIL: "'{}' is no e-mail address, and the row has no LinkedIn address",
}


def custom_keys(header: Sequence[str]) -> tuple[str, ...]:
    """For each column the key of its custom field: small letters, digits and underscores, each key once."""
    keys: list[str] = []
    for place, name in enumerate(header, start=1):
        keys.append(_unused_key(_slug(name) or f"column_{place}", keys))
    return tuple(keys)


def _slug(name: str) -> str:
    if _CAMEL_CASE.fullmatch(name):
        name = re.sub(r"(?=[A-Z])", "_", name)
    ascii_only = unicodedata.normalize("NFKD", name.translate(_SPELLED_OUT)).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "_", ascii_only.lower()).strip("_")[:_LONGEST_KEY].strip("_")
    slug = f"field_{slug}" if slug[:1].isdigit() else slug
    return f"other_{slug}" if slug in _RESERVED_KEYS or slug.startswith("sender_") else slug


def _unused_key(wanted: str, taken: Sequence[str]) -> str:
    key, number = wanted, 1
    while key in taken:
        number += 1
        key = f"{wanted}_{number}"
    return key


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"
