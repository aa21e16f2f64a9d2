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
_RECRUITER_ID = re.compile(r"AE[A-Za-z]AA[A-Za-z0-9_-]{5,}")
# An id that some program has lower-cased is worth nothing, and must not pass for a public name either.
_DAMAGED_ID = re.compile(r"a(?:[cd]o|cw|e[a-z])aa[a-z0-9_-]{30,}")

# What stands around a copied address, and what may stand in a public name: letters and digits of any script,
# hyphens, and the symbols that old names still carry, but no punctuation that gives an address its form.
_AROUND = " \t\r\n.,;:!?()[]{}'\"«»“”…"
_PUBLIC_NAME = re.compile(r"[^\x00-\x20!-&(-,./:-@\[-^`{-\xa0\s\ufffd]{2,200}")
_NO_NAMES = frozenset(
    {"in", "me", "na", "nan", "no", "none", "null", "true", "false", "undefined", "unknown", "yes"}
)


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
    return merged(map(_identity_in, cells))


def explicit_identity_from(cell: str) -> LinkedInIdentity:
    """The identity in a text that says itself what it is: an address, a URN, an id, but no lone word.

    For cells that may hold anything: "connected" or "Engineer" would be somebody's public name.
    """
    found = _identity_in(cell)
    is_bare = found.public_identifier and not _path_segments(_readable(cell))
    return replace(found, public_identifier="") if is_bare else found


def merged(identities: Iterable[LinkedInIdentity]) -> LinkedInIdentity:
    """What several identities say of one person; the earlier one wins."""
    known = tuple(identities)
    return LinkedInIdentity(
        public_identifier=_first(each.public_identifier for each in known),
        provider_id=_first(each.provider_id for each in known),
        sales_navigator_id=_first(each.sales_navigator_id for each in known),
        member_urn=_first(each.member_urn for each in known),
    )


def public_identifier_from(text: str) -> str:
    """The public name in an /in/ address or standing alone, decoded, lower-cased and in Unicode form NFC."""
    segment = _profile_segment(_readable(text))
    if _is_member_id(segment):
        return ""
    name = _folded(segment)
    usable = _PUBLIC_NAME.fullmatch(name) and any(map(_carries_meaning, name))
    return name if usable and name not in _NO_NAMES and not _DAMAGED_ID.fullmatch(name) else ""


def provider_id_from(text: str) -> str:
    """The classic member id (`ACo…`, `ADo…`) in an address, in a URN or standing alone."""
    return _id_of(_CLASSIC_ID, text)


def sales_navigator_id_from(text: str) -> str:
    """The Sales Navigator id (`ACw…`) in an address, in a URN or standing alone."""
    return _id_of(_SALES_ID, text)


def member_urn_from(text: str) -> str:
    """The number in `urn:li:member:<number>`."""
    urn = _MEMBER_URN.search(_readable(text))
    return urn["number"] if urn else ""


def _identity_in(cell: str) -> LinkedInIdentity:
    return LinkedInIdentity(
        public_identifier=public_identifier_from(cell),
        provider_id=provider_id_from(cell),
        sales_navigator_id=sales_navigator_id_from(cell),
        member_urn=member_urn_from(cell),
    )


def _first(found: Iterable[str]) -> str:
    return next((text for text in found if text), "")


def _readable(text: str) -> str:
    """The text without percent-encoding (also encoded twice), invisible characters and outer blanks."""
    text = text[:_LONGEST_TEXT]
    while (decoded := _decoded(text)) != text:
        text = decoded
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


def _is_member_id(token: str) -> bool:
    return any(pattern.fullmatch(token) for pattern in (_CLASSIC_ID, _SALES_ID, _RECRUITER_ID))


def _id_of(family: re.Pattern[str], text: str) -> str:
    """The id of one family that the text names its person by."""
    readable = _readable(text)
    token = (
        _urn_value(readable)
        or _profile_segment(readable)
        or _sales_segment(readable)
        or _view_segment(readable)
    )
    token = token.split(",", 1)[0]
    return token if family.fullmatch(token) and len(token) <= LONGEST_IDENTIFIER else ""


def _path_segments(text: str) -> list[str]:
    """The folders of a LinkedIn address, without its query and fragment; none for any other text."""
    address = _LINKEDIN_URL.search(text) or _BARE_PATH.fullmatch(text)
    if not address:
        return []
    path = re.split(r"[?#&;]", address["path"], maxsplit=1)[0]
    return [segment for segment in path.split("/") if segment]


def _profile_segment(text: str) -> str:
    """What follows /in/, or the whole text where it is no address at all."""
    segments = _path_segments(text)
    if not segments:
        return "" if "/" in text else text.strip(_AROUND)
    if segments[0].lower() in _PATH_PREFIXES:
        segments = segments[1:]
    is_profile = len(segments) > 1 and segments[0].lower() == "in"
    return segments[1].strip(_AROUND) if is_profile else ""


def _sales_segment(text: str) -> str:
    """What follows /sales/lead/ or /sales/people/, still with its `,NAME_SEARCH,…` tail."""
    segments = _path_segments(text)
    is_sales = len(segments) > 2 and segments[0].lower() == "sales" and segments[1].lower() in _SALES_FOLDERS
    return segments[2] if is_sales else ""


def _view_segment(text: str) -> str:
    """The id in the older address `linkedin.com/profile/view?id=…`."""
    address = _LINKEDIN_URL.search(text)
    viewed = _VIEW_BY_ID.match(address["path"]) if address else None
    return viewed["value"] if viewed else ""


def _urn_value(text: str) -> str:
    """The id in `urn:li:fsd_profile:…`, `urn:li:fs_salesProfile:(…,…)` and their like."""
    urn = _URN.match(text)
    return urn["value"] if urn else ""
