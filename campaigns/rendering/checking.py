"""What an operator is told about a text before it is ever used."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from difflib import get_close_matches
from types import MappingProxyType

from campaigns.rendering.templates import Problem, template_of

STANDARD_TOKENS: Mapping[str, str] = MappingProxyType(
    {
        "first_name": "the lead's first name",
        "last_name": "the lead's last name",
        "name": "the lead's full name",
        "company": "the lead's company",
        "title": "the lead's job title",
        "headline": "the line under the lead's name on LinkedIn",
        "location": "where the lead lives or works",
        "email": "the lead's e-mail address",
        "phone": "the lead's telephone number",
        "website": "the lead's website",
        "sender_first_name": "the first name of the person in whose name this is sent",
        "sender_last_name": "the last name of the person in whose name this is sent",
        "sender_name": "the full name of the person in whose name this is sent",
    }
)

# {first_name} and [First Name]: what other products write, and what would be sent as it stands.
_OTHER_BRACES = re.compile(r"\{\s*(\w[\w .-]{0,60}?)\s*\}|\[\s*(\w[\w .-]{0,60}?)\s*\]")


def problems(text: str, *, custom_fields: Collection[str] = (), limit: int | None = None) -> tuple[Problem, ...]:
    """What is wrong with a template: nothing, when the answer is empty. `limit` counts characters.

    A field of `custom_fields` can be written as {{ key }} and as {{ custom.key }}.
    """
    if not text.strip():
        return (Problem("the text is empty: write what the lead is to read"),)
    template = template_of(text)
    known = frozenset({*STANDARD_TOKENS, *custom_fields, *(f"custom.{key}" for key in custom_fields)})
    return (
        *template.faults,
        *(_unknown(name, known) for name in template.names if name not in known),
        *_in_other_braces(template.literals, known),
        *_too_long(template.least_length, limit),
    )


def least_length(text: str) -> int:
    """The characters that a template has for any lead; 0 for one that is malformed, of which `problems` tells."""
    template = template_of(text)
    return 0 if template.faults else template.least_length


def _unknown(name: str, known: Collection[str]) -> Problem:
    near = get_close_matches(_as_key(name), sorted(known), n=1)
    advice = f"did you mean {{{{ {near[0]} }}}}?" if near else "it is no standard token and no custom field"
    return Problem(f"unknown token {{{{ {name} }}}}: {advice}", name)


def _in_other_braces(literals: Iterable[str], known: Collection[str]) -> Iterator[Problem]:
    for found in (found for literal in literals for found in _OTHER_BRACES.finditer(literal)):
        key = _as_key(found[1] or found[2])
        if key in known:
            yield Problem(f"{found[0]} would be sent as it stands: write {{{{ {key} }}}}", found[0])


def _as_key(name: str) -> str:
    """How we would have written it: firstName, First Name and first-name are first_name."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)
    return re.sub(r"[\s-]+", "_", words).lower()


def _too_long(least_length: int, limit: int | None) -> Iterator[Problem]:
    if limit is not None and least_length > limit:
        yield Problem(f"the text is at least {least_length} characters long; {limit} are allowed")
