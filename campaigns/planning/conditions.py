"""Conditions on one lead: plain questions with plain answers, evaluated now or until a deadline."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class LeadFacts:
    """What a condition may ask about. Tags and field values are compared without regard to case."""

    is_connected: bool = False
    has_answered: bool = False
    has_seen: bool = False  # our last message in the chat was seen
    has_linkedin: bool = False
    has_email: bool = False
    tags: frozenset[str] = frozenset()
    fields: Mapping[str, str] = field(default_factory=dict)
    variants: Mapping[int, str] = field(default_factory=dict)  # label taken, by the position of its step


Test = Callable[[LeadFacts, Mapping[str, Any]], bool]


@dataclass(frozen=True, slots=True)
class Question:
    """One thing that can be asked, and the options it needs."""

    words: str
    holds: Test
    needs: tuple[str, ...] = ()


def _value(facts: LeadFacts, options: Mapping[str, Any]) -> str:
    return facts.fields.get(str(options["field"]), "").strip().casefold()


def _wanted(options: Mapping[str, Any]) -> str:
    return str(options["value"]).strip().casefold()


def _has_tag(facts: LeadFacts, options: Mapping[str, Any]) -> bool:
    return str(options["tag"]).strip().casefold() in {tag.casefold() for tag in facts.tags}


def _took_variant(facts: LeadFacts, options: Mapping[str, Any]) -> bool:
    return facts.variants.get(int(options["step"])) == str(options["label"])


QUESTIONS: dict[str, Question] = {
    "connected": Question("is connected with the sender", lambda facts, options: facts.is_connected),
    "replied": Question("has answered before", lambda facts, options: facts.has_answered),
    "seen": Question("has seen the last message", lambda facts, options: facts.has_seen),
    "has_linkedin": Question("has a LinkedIn profile", lambda facts, options: facts.has_linkedin),
    "has_email": Question("has an e-mail address", lambda facts, options: facts.has_email),
    "tag": Question("has the tag", _has_tag, ("tag",)),
    "field_is": Question(
        "has this value in the field",
        lambda facts, options: _value(facts, options) == _wanted(options),
        ("field", "value"),
    ),
    "field_contains": Question(
        "has this text in the field",
        lambda facts, options: _wanted(options) in _value(facts, options),
        ("field", "value"),
    ),
    "field_known": Question(
        "has any value in the field", lambda facts, options: bool(_value(facts, options)), ("field",)
    ),
    "variant": Question("got this variant of the step", _took_variant, ("step", "label")),
}


NEEDED_BY_SOME = tuple(dict.fromkeys(name for question in QUESTIONS.values() for name in question.needs))


def holds(options: Mapping[str, Any], facts: LeadFacts) -> bool:
    """Whether the condition that these options describe holds. They were checked when they were saved."""
    turned = bool(options.get("not", False))
    answer: bool = QUESTIONS[str(options["if"])].holds(facts, options)
    return answer is not turned


def option_problems(options: Mapping[str, Any]) -> list[str]:
    """What is wrong with the options of a condition, in sentences."""
    asked = options.get("if")
    if not isinstance(asked, str) or asked not in QUESTIONS:
        return [f'"if" says what is asked, one of {", ".join(QUESTIONS)}; not {asked!r}.']
    question = QUESTIONS[asked]
    found = [f'"{asked}" also needs "{name}".' for name in question.needs if options.get(name) in (None, "")]
    found += [
        f'"{name}" says nothing to "{asked}"; leave it out.'
        for name in NEEDED_BY_SOME
        if name in options and name not in question.needs
    ]
    return found or list(_about_values(options))


def _about_values(options: Mapping[str, Any]) -> Iterator[str]:
    """Values of another kind than meant: JSON takes "false" for a text, and a text is true."""
    for name in ("field", "value", "tag", "label"):
        if name in options and not isinstance(options[name], str):
            yield f'"{name}" is a text, not {options[name]!r}.'
    if not isinstance(options.get("not", False), bool):
        yield f'"not" is true or false, without quotes; not {options["not"]!r}.'
    if "step" in options and not _is_whole(options["step"]):
        yield f'"step" is the position of an earlier step, counted from 0; not {options["step"]!r}.'
    if "within_amount" in options and not _is_whole(options["within_amount"]):
        yield f'"within_amount" is a whole number, not {options["within_amount"]!r}.'
    if "within_unit" in options and "within_amount" not in options:
        yield '"within_unit" needs "within_amount": how long to wait.'


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
