"""Reading values out of Unipile's JSON, whose types vary from route to route (Unipile API, section 9, traps 2 to 12).

An odd value reads as "not said" ("" or None); only what the caller says it needs raises UnexpectedShape.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any
from urllib.parse import unquote, urlsplit

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TRUE_WORDS = frozenset({"true", "1", "yes"})
FALSE_WORDS = frozenset({"false", "0", "no"})

# Classic, Sales Navigator and Recruiter ids (section 3.2). No slug is that long with that beginning.
PROVIDER_ID = re.compile(r"A[CDE][A-Za-z0-9_-]{20,}")
MEMBER_URN = re.compile(r"(?:urn:li:member:)?(\d+)")


def text(value: object) -> str:
    """A string as it is, a number as its digits, "" for anything else."""
    if isinstance(value, str):
        return storable(value)
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def storable(value: str) -> str:
    """Without what no database takes: NUL, and half an emoji, which JavaScript leaves where it cuts a text."""
    return value.encode("utf-8", "replace").decode().replace("\x00", "")


def storable_json(value: Any) -> Any:
    """The same for whole structures; numbers that JSON does not know become null."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, float) and not isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {storable(str(key)): storable_json(each) for key, each in value.items()}
    return [storable_json(each) for each in value] if isinstance(value, list | tuple) else value


def first_text(body: Mapping[str, Any], *keys: str) -> str:
    """The first of these keys that says anything."""
    return next((found for key in keys if (found := text(body.get(key)))), "")


def flag(value: object) -> bool | None:
    """Booleans come as booleans, as 0/1 and as words; None when the value is none of these."""
    if isinstance(value, bool):
        return value
    word = text(value).strip().lower()
    if word in TRUE_WORDS:
        return True
    return False if word in FALSE_WORDS else None


def mapping(value: object) -> Mapping[str, Any]:
    """An object as it is, an empty one for anything else."""
    return value if isinstance(value, Mapping) else {}


def mappings(value: object) -> tuple[Mapping[str, Any], ...]:
    """The objects of a list; one object alone counts as a list of one."""
    items = value if isinstance(value, list | tuple) else [value]
    return tuple(item for item in items if isinstance(item, Mapping))


def moment(value: object) -> datetime | None:
    """An ISO text or epoch milliseconds as an aware UTC moment; None when it is neither."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        return _iso(value) if isinstance(value, str) and not value.isdigit() else _epoch_ms(value)
    except (ValueError, OverflowError):
        return None


def _iso(value: str) -> datetime:
    read = datetime.fromisoformat(value.strip())
    return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)


def _epoch_ms(value: str | int | float) -> datetime:
    return EPOCH + timedelta(milliseconds=float(value))


def iso_ms(at: datetime) -> str:
    """The only form Unipile takes: UTC with exactly three decimals and a Z (section 1.2)."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def looks_like_provider_id(value: str) -> bool:
    """Whether this is a provider's id of a person rather than a slug."""
    return PROVIDER_ID.fullmatch(value) is not None


def slug(value: str) -> str:
    """The public identifier in a profile address or in itself; "" when there is a provider id in its place."""
    path = urlsplit(value).path if "/" in value else value
    last = unquote(path.rstrip("/").rpartition("/")[2])
    return "" if looks_like_provider_id(last) else last


def member_number(value: object) -> str:
    """The bare number in any of the three spellings of a member urn; "" when it holds none (trap 2)."""
    found = MEMBER_URN.fullmatch(text(value))
    return found[1] if found else ""


class UnexpectedShape(ValueError):
    """An answer lacks a field that the contract promises."""

    def __init__(self, body: Mapping[str, Any], key: str) -> None:
        super().__init__(f"{text(body.get('object')) or 'the answer'} holds no usable '{key}'")


def needed(body: Mapping[str, Any], key: str) -> str:
    """A text the contract promises."""
    if found := text(body.get(key)):
        return found
    raise UnexpectedShape(body, key)


def needed_moment(body: Mapping[str, Any], key: str) -> datetime:
    """A moment the contract promises."""
    if found := moment(body.get(key)):
        return found
    raise UnexpectedShape(body, key)


def count(value: object) -> int:
    """A number of things, 0 when not said."""
    return int(value) if isinstance(value, int | float) else 0
