"""What one cell of a lead file says: plain text, an e-mail address, a name, a yes."""

import re
import unicodedata

_NOTHING = frozenset({"n/a", "#n/a", "-", "--", "\u2013", "\u2014"})
_NO_VALUE = frozenset({"null", "none", "nan", "undefined", "unknown", "not found"})
_YES = frozenset({"true", "yes", "y", "1", "x"})

# NUL and its like cannot be stored, and nobody means to write them; line feeds and tabs stay.
_CONTROL = dict.fromkeys([*range(9), *range(11, 13), *range(14, 32), 127, 0xFEFF])
# A spreadsheet's own mark for "this is text", also written by exports that neutralise formulas.
_TEXT_MARK = re.compile(r"'(?=[=+\-@\t\r])")

# RFC 5321, sections 2.3.11 and 4.1.2, without quoted local parts, which no export writes for a real person.
_ADDRESS = re.compile(
    r"(?<![\w.@+-])"
    r"(?P<local>[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*)"
    r"@(?P<domain>(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_][\w-]{0,61}[^\W_])"
    r"(?![\w@-])"
)
_LONGEST_ADDRESS, _LONGEST_LOCAL_PART = 254, 64
_LOOKED_THROUGH = 1_000
"""Characters of a cell in which an address is looked for; a longer cell is a text, and costly to search."""

_PRONOUN = r"(?:she|her|he|him|they|them|ze|xe|sie|er|elle|il|iel|ella|él|hij|zij)"
_PRONOUNS = re.compile(
    rf"[(\[]\s*{_PRONOUN}(?:\s*[/|,]\s*[^\W\d_]+)*\s*[)\]]|(?<!\S){_PRONOUN}/[^\W\d_]+(?:/[^\W\d_]+)?(?!\S)",
    re.IGNORECASE,
)
_HONORIFICS = frozenset(
    {
        "dr",
        "prof",
        "professor",
        "mr",
        "mrs",
        "ms",
        "miss",
        "mx",
        "sir",
        "dame",
        "ing",
        "dipl-ing",
        "mag",
        "herr",
        "frau",
    }
)
# Symbols, skin tones, and the invisible joints of emoji.
_ORNAMENT_CATEGORIES = frozenset({"So", "Sk", "Co", "Cn"})
_ORNAMENT_JOINTS = "\ufe0e\ufe0f\u200d\u20e3"


def clean(cell: str) -> str:
    """The cell without outer blanks, control characters and a text mark; "" where it only says "nothing".

    A leading `=`, `+`, `-` or `@` is data here. It is made harmless where cells are written for spreadsheets.
    """
    text = cell.translate(_CONTROL).replace("\r\n", "\n").replace("\r", "\n").strip()
    text = _TEXT_MARK.sub("", text, count=1) if text.startswith("'") else text
    return "" if text.lower() in _NOTHING else text


def neutralised(text: str) -> str:
    """The cell as it may be written for a spreadsheet: what would be calculated there is marked as text."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def single_line(text: str) -> str:
    """The text with every run of white space, line breaks too, as one blank."""
    return " ".join(text.split())


def says_yes(text: str) -> bool:
    return text.lower() in _YES


def says_no_value(text: str) -> bool:
    """Whether a program wrote its word for nothing. Asked only of cells that cannot be names: Null is one."""
    return text.lower() in _NO_VALUE


def email_from(text: str) -> str:
    """The first well-formed address in the text, lower-cased; "" if there is none.

    Also found in `mailto:` links, in `Ada <ada@mail.example>` and in lists of addresses.
    """
    for found in _ADDRESS.finditer(text[:_LOOKED_THROUGH].removeprefix("mailto:")):
        if len(found["local"]) <= _LONGEST_LOCAL_PART and len(found[0]) <= _LONGEST_ADDRESS:
            return found[0].lower()
    return ""


def phone_from(text: str) -> str:
    """A telephone number as written, without the apostrophe that keeps spreadsheets from calculating it."""
    return single_line(text.lstrip("'\u2019"))


def tags_from(text: str) -> tuple[str, ...]:
    """Tags divided by commas, semicolons or bars, each once."""
    found = (single_line(tag) for tag in re.split(r"[,;|\n]", text))
    return tuple(dict.fromkeys(tag for tag in found if tag))


def first_name_from(text: str) -> str:
    """A given name fit to be addressed by: without pronouns and ornaments."""
    words = (_without_ornaments(word) for word in _PRONOUNS.sub(" ", text).split())
    return " ".join(word for word in words if word)


def last_name_from(text: str) -> str:
    """A family name without what follows a comma, which is a degree or a rank ("Smith, MBA")."""
    family, _, _ = text.strip(" ,").partition(",")
    return first_name_from(family)


def split_full_name(text: str) -> tuple[str, str]:
    """First and last name: the first word and the rest, titles left out; "Smith, Ada" is turned round.

    A single word is a first name, except after a title ("Dr. Smith").
    """
    before, _, after = first_name_from(text).partition(",")
    words, given = before.split(), after.split()
    untitled = _without_honorifics(words)
    if len(untitled) == 1 and 1 <= len(given) <= 2 and not any(map(_is_credential, given)):
        return " ".join(given), untitled[0]
    if len(untitled) == 1 and len(words) > 1:
        return "", untitled[0]
    return " ".join(untitled[:1]), " ".join(untitled[1:])


def _without_honorifics(words: list[str]) -> list[str]:
    while len(words) > 1 and words[0].lower().rstrip(".") in _HONORIFICS:
        words = words[1:]
    return words


def _is_credential(word: str) -> bool:
    """Degrees are written in capitals or with points: MBA, PhD, M.D., Jr."""
    return "." in word or sum(map(str.isupper, word)) > 1


def _without_ornaments(word: str) -> str:
    """The word without symbols and emoji at its ends."""
    start, end = 0, len(word)
    while start < end and _is_ornament(word[start]):
        start += 1
    while end > start and _is_ornament(word[end - 1]):
        end -= 1
    return word[start:end]


def _is_ornament(character: str) -> bool:
    return character in _ORNAMENT_JOINTS or unicodedata.category(character) in _ORNAMENT_CATEGORIES
