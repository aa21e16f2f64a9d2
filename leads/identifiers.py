"""LinkedIn identities, in whatever form people write them down.

A person has a public name (the slug of the /in/ address, which its owner may change), a classic member id
(`ACo…`, `ADo…`: the stable key), possibly a Sales Navigator id (`ACw…`) and a member number. An id is valid
only with its own product (Unipile API, section 3.4), so the families are kept apart. Ids are case-sensitive,
public names are not.

Every function takes any text, never raises, and answers "" where the text names no person.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import unquote

LONGEST_IDENTIFIER = 200
_LONGEST_TEXT = 4_000
_MOST_DECODINGS = 4
"""What is still encoded after so many is no address; the sign % makes it useless as a name."""

_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200e\u200f\u2060\ufeff"))
# A blank inside an address ends it nowhere sure: what stands before it may be another person's name.
_LINKEDIN_URL = re.compile(
    r"(?<![\w.-])(?:[a-z0-9-]+\.)*linkedin\.com(?::\d+)?/+(?P<path>[^\s\"<>]*+)(?![^\S\r\n]+\S)",
    re.IGNORECASE,
)
_BARE_PATH = re.compile(r"/?(?P<path>in/\S+)", re.IGNORECASE)
_URN = re.compile(r"urn:li:\w+:\(?(?P<value>[^\s,()]+)", re.IGNORECASE)
_MEMBER_URN = re.compile(r"urn:li:member:(?P<number>[0-9]{1,20})\b", re.IGNORECASE)
_VIEW_BY_ID = re.compile(r"profile/view\?(?:\S*&)?id=(?P<value>[\w-]+)", re.IGNORECASE)

# Public names in addresses sent by mail or opened in the mobile site stand one folder deeper.
_PATH_PREFIXES = frozenset({"comm", "m", "mwlite"})
_SALES_FOLDERS = frozenset({"lead", "people", "profile"})

_CLASSIC_ID = re.compile(r"A[CD]oAA[A-Za-z0-9_-]{5,}")
_SALES_ID = re.compile(r"ACwAA[A-Za-z0-9_-]{5,}")
# Of any product: classic, Sales Navigator or Recruiter.
_MEMBER_ID = re.compile(r"A(?:[CD]o|Cw|E[A-Za-z])AA[A-Za-z0-9_-]{5,}")
# An id that some program has lower-cased is worth nothing, and must not pass for a public name either.
_DAMAGED_ID = re.compile(r"a(?:[cd]o|cw|e[a-z])aa[a-z0-9_-]{30,}")

# What stands around a copied address, and what may stand in a public name: letters and digits of any script,
# hyphens, and the symbols that old names still carry, but no punctuation that gives an address its form.
_AROUND = " \t\r\n.,;:!?()[]{}'\"«»“”…"
_PUBLIC_NAME = re.compile(r"[^\x00-\x20!-&(-,./:-@\[-^`{-\xa0\s\ufffd]{2,200}")
_NO_NAMES = frozenset({"in", "me", "na", "nan", "no", "none", "null", "true", "false", "undefined", "unknown", "yes"})


@dataclass(frozen=True, slots=True)
class LinkedInIdentity:
    """Everything known about which LinkedIn member a person is. Blank means not known."""

    public_identifier: str = ""
    provider_id: str = ""
    sales_navigator_id: str = ""
    member_urn: str = ""
    """The bare member number. Kept for reading, never for matching (Unipile API, section 9)."""

    def __bool__(self) -> bool:
        """Whether a profile can be found by it: a member number alone opens none."""
        return bool(self.public_identifier or self.provider_id or self.sales_navigator_id)


def identity_from(*cells: str) -> LinkedInIdentity:
    """The identity that several texts give together. Where two name the same thing, the earlier one wins."""
    return merged(_identity_in(_read(cell)) for cell in cells)


def explicit_identity_from(cell: str) -> LinkedInIdentity:
    """The identity in a text that says itself what it is: an address, a URN, an id, but no lone word.

    For cells that may hold anything: "connected" or "Engineer" would be somebody's public name.
    """
    mention = _read(cell)
    found = _identity_in(mention)
    return replace(found, public_identifier="") if mention.is_bare else found


def merged(identities: Iterable[LinkedInIdentity]) -> LinkedInIdentity:
    """What several identities say of one person; the earlier one wins."""
    whole = LinkedInIdentity()
    for each in identities:
        whole = LinkedInIdentity(
            public_identifier=whole.public_identifier or each.public_identifier,
            provider_id=whole.provider_id or each.provider_id,
            sales_navigator_id=whole.sales_navigator_id or each.sales_navigator_id,
            member_urn=whole.member_urn or each.member_urn,
        )
    return whole


def public_identifier_from(text: str) -> str:
    """The public name in an /in/ address or standing alone, decoded, lower-cased and in Unicode form NFC."""
    return _public_name(_read(text))


def provider_id_from(text: str) -> str:
    """The classic member id (`ACo…`, `ADo…`) in an address, in a URN or standing alone."""
    return _id_of(_CLASSIC_ID, _read(text))


def sales_navigator_id_from(text: str) -> str:
    """The Sales Navigator id (`ACw…`) in an address, in a URN or standing alone."""
    return _id_of(_SALES_ID, _read(text))


def member_urn_from(text: str) -> str:
    """The number in `urn:li:member:<number>`."""
    return _read(text).member_number


@dataclass(frozen=True, slots=True)
class _Mention:
    """The parts of a text that may name a person."""

    profile: str = ""
    """What stands where a profile's address has its name: a public name or an id."""
    token: str = ""
    """What stands where an address or a URN has an id."""
    member_number: str = ""
    is_bare: bool = False
    """Whether the text is no address, so that any word would do for a name."""


def _read(text: str) -> _Mention:
    readable = _readable(text)
    segments = _path_segments(readable)
    if segments:
        profile = _profile_segment(segments)
        token = profile or _sales_segment(segments) or _viewed_id(readable)
        return _Mention(profile, token)
    urn, number = _URN.match(readable), _MEMBER_URN.search(readable)
    if urn or number:
        return _Mention(token=urn["value"] if urn else "", member_number=number["number"] if number else "")
    bare = "" if "/" in readable else readable.strip(_AROUND)
    return _Mention(bare, bare, is_bare=True)


def _identity_in(mention: _Mention) -> LinkedInIdentity:
    return LinkedInIdentity(
        public_identifier=_public_name(mention),
        provider_id=_id_of(_CLASSIC_ID, mention),
        sales_navigator_id=_id_of(_SALES_ID, mention),
        member_urn=mention.member_number,
    )


def _public_name(mention: _Mention) -> str:
    name = _folded(mention.profile)
    usable = _PUBLIC_NAME.fullmatch(name) and any(map(_carries_meaning, name))
    if not usable or name in _NO_NAMES or _DAMAGED_ID.fullmatch(name) or _MEMBER_ID.fullmatch(mention.profile):
        return ""
    return name


def _id_of(family: re.Pattern[str], mention: _Mention) -> str:
    """The id of one family. Sales Navigator writes more after a comma: `ACw…,NAME_SEARCH,…`."""
    token = mention.token.split(",", 1)[0]
    return token if family.fullmatch(token) and len(token) <= LONGEST_IDENTIFIER else ""


def _readable(text: str) -> str:
    """The text without percent-encoding (also encoded twice), invisible characters and outer blanks."""
    text = text[:_LONGEST_TEXT]
    for _ in range(_MOST_DECODINGS):
        if "%" not in text:
            break
        text = _decoded(text)
    return text.translate(_INVISIBLE).strip()


def _decoded(text: str) -> str:
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        return unquote(text, encoding="cp1252", errors="replace")


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).lower())


def _carries_meaning(character: str) -> bool:
    return character.isalnum() or not character.isascii()


def _path_segments(text: str) -> list[str]:
    """The folders of a LinkedIn address, without its query and fragment; none for any other text."""
    address = _LINKEDIN_URL.search(text) or _BARE_PATH.fullmatch(text)
    if not address:
        return []
    path = re.split(r"[?#&;]", address["path"], maxsplit=1)[0]
    return [segment for segment in path.split("/") if segment]


def _profile_segment(segments: list[str]) -> str:
    """What follows /in/."""
    if segments[0].lower() in _PATH_PREFIXES:
        segments = segments[1:]
    is_profile = len(segments) > 1 and segments[0].lower() == "in"
    return segments[1].strip(_AROUND) if is_profile else ""


def _sales_segment(segments: list[str]) -> str:
    """What follows /sales/lead/ or /sales/people/, still with its tail."""
    is_sales = len(segments) > 2 and segments[0].lower() == "sales" and segments[1].lower() in _SALES_FOLDERS
    return segments[2] if is_sales else ""


def _viewed_id(text: str) -> str:
    """The id in the older address `linkedin.com/profile/view?id=…`."""
    address = _LINKEDIN_URL.search(text)
    viewed = _VIEW_BY_ID.match(address["path"]) if address else None
    return viewed["value"] if viewed else ""
