"""One lead's values put into a template."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from liquid import RenderContext
from liquid.exceptions import LiquidError
from liquid.output import LimitedStringIO

from campaigns.rendering.checking import STANDARD_TOKENS
from campaigns.rendering.language import MISSING
from campaigns.rendering.templates import TemplateError, template_of, with_plain_newlines

LONGEST_RENDER = 50_000  # bytes
CUSTOM = "custom."

# Unicode categories: controls and lone surrogates have no place in a message; the others are nothing to see.
UNWANTED = frozenset({"Cc", "Cs"})
INVISIBLE = frozenset({"Cc", "Cf", "Cn", "Cs", "Zs", "Zl", "Zp"})
# Soft hyphen, zero-width space, word joiner, byte-order mark: left behind by files, invisible at an end.
_ENDS = re.compile("^[\\s\u00ad\u200b\u2060\ufeff]+|[\\s\u00ad\u200b\u2060\ufeff]+$")


@dataclass(frozen=True, slots=True)
class Rendered:
    text: str


@dataclass(frozen=True, slots=True)
class Missing:
    """The names without a value, as the template writes them; no name when the whole text came out blank."""

    names: tuple[str, ...]


def render(text: str, values: Mapping[str, str]) -> Rendered | Missing:
    """The text for one lead, from that lead's values alone. A value is inserted as it is, never evaluated.

    `{{ custom.key }}` takes the value named `custom.key`, else `key` unless that is a standard token. Raises
    TemplateError when the template itself is at fault, or the text comes out absurdly long.
    """
    template = template_of(text)
    if template.parsed is None or template.faults:
        raise TemplateError(template.faults[0].message)
    context = RenderContext(template.parsed, globals=_namespace(template.names, values))
    buffer = LimitedStringIO(LONGEST_RENDER, newline="")
    try:
        template.parsed.render_with_context(context, buffer)
    except LiquidError as error:
        raise TemplateError(f"the text cannot be rendered: {error.message}") from error
    missing = tuple(dict.fromkeys(context.tag_namespace.get(MISSING, ())))
    rendered = _clean(buffer.getvalue())
    return Missing(missing) if missing or not rendered else Rendered(rendered)


def _namespace(names: Iterable[str], values: Mapping[str, str]) -> dict[str, object]:
    """Every name of the template with its value or None, which hides Liquid's own `now` and `today`."""
    filled = {name: _clean(_value(name, values)) or None for name in names}
    custom = {name.removeprefix(CUSTOM): value for name, value in filled.items() if name.startswith(CUSTOM)}
    return {**filled, "custom": custom}


def _value(name: str, values: Mapping[str, str]) -> str:
    key = name.removeprefix(CUSTOM)
    instead = "" if key in STANDARD_TOKENS else values.get(key, "")
    return values.get(name, instead)


def _clean(value: str) -> str:
    """The value trimmed and without control characters but line ends; empty when nothing can be seen."""
    kept = "".join(char for char in with_plain_newlines(value) if _belongs(char))
    if all(unicodedata.category(char) in INVISIBLE for char in kept):
        return ""
    return _ENDS.sub("", kept)


def _belongs(char: str) -> bool:
    return char in "\n\t" or unicodedata.category(char) not in UNWANTED
