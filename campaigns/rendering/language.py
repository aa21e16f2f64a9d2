"""The part of Liquid that a message may use: its tags, its filters, and what a missing value does."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TextIO

from liquid import Environment, Mode, RenderContext
from liquid.builtin import content, illegal, output
from liquid.builtin.expressions import FilteredExpression, Path, StringLiteral
from liquid.builtin.expressions.primitive import IntegerLiteral
from liquid.builtin.output import OutputNode
from liquid.builtin.tags.if_tag import IfTag
from liquid.builtin.tags.unless_tag import UnlessTag
from liquid.expression import Expression

TAGS = frozenset({"if", "elsif", "else", "endif", "unless", "endunless"})
MISSING = "missing"  # where a render context keeps the names found without a value


@dataclass(frozen=True, slots=True)
class FilterRule:
    """A filter and its arguments: the kinds allowed at each position, the first `required` of them needed."""

    function: Callable[..., str | None]
    usage: str
    arguments: tuple[tuple[type[Expression], ...], ...] = ()
    required: int = 0


def _default(value: str | None, instead: str | None) -> str | None:
    return value or instead


def _truncate(value: str, length: int, end: str = "...") -> str:
    """At most `length` characters with the end, but always something of the value."""
    return value if len(value) <= length else value[: max(1, length - len(end))] + end


def _truncate_words(value: str, count: int, end: str = "...") -> str:
    words = value.split()
    return value if len(words) <= count else " ".join(words[:count]) + end


def _only_on_values(function: Callable[..., str]) -> Callable[..., str | None]:
    """What is missing stays missing whatever is done to it: only `default` can end that."""

    def apply(value: str | None, *arguments: object) -> str | None:
        return function(value, *arguments) if value else None

    return apply


FILTERS: Mapping[str, FilterRule] = MappingProxyType(
    {
        "default": FilterRule(_default, '{{ first_name | default: "there" }}', ((StringLiteral, Path),), required=1),
        "capitalize": FilterRule(_only_on_values(str.capitalize), "{{ first_name | capitalize }}"),
        "upcase": FilterRule(_only_on_values(str.upper), "{{ company | upcase }}"),
        "downcase": FilterRule(_only_on_values(str.lower), "{{ title | downcase }}"),
        "strip": FilterRule(_only_on_values(str.strip), "{{ company | strip }}"),
        "truncate": FilterRule(
            _only_on_values(_truncate),
            '{{ company | truncate: 40 }} or {{ company | truncate: 40, "…" }}',
            ((IntegerLiteral,), (StringLiteral,)),
            required=1,
        ),
        "truncatewords": FilterRule(
            _only_on_values(_truncate_words),
            '{{ title | truncatewords: 4 }} or {{ title | truncatewords: 4, "…" }}',
            ((IntegerLiteral,), (StringLiteral,)),
            required=1,
        ),
    }
)


class ValueNode(OutputNode):
    """Prints a value, or leaves a note in the context that there is none."""

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        value = self.expression.evaluate(context)
        if isinstance(value, str) and value:
            return buffer.write(value)
        context.tag_namespace.setdefault(MISSING, []).append(str(_subject(self.expression)))
        return 0


def _subject(expression: Expression) -> Expression:
    return expression.left if isinstance(expression, FilteredExpression) else expression


class _Output(output.Output):
    node_class = ValueNode


class _If(IfTag):
    mode = Mode.STRICT  # a second `else` is an error, not ignored


class _Unless(UnlessTag):
    mode = Mode.STRICT


class _Language(Environment):
    block_nesting_limit = 10
    suppress_blank_control_flow_blocks = False  # white space in a condition counts like any other

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        for tag in (content.Literal, _Output, illegal.Illegal, _If, _Unless):
            self.add_tag(tag)
        for name, rule in FILTERS.items():
            self.add_filter(name, rule.function)


LANGUAGE = _Language()
