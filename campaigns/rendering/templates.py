"""From text to a parsed template, and everything that can be wrong with it whoever the lead is."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from liquid import BoundTemplate
from liquid.ast import BlockNode, ConditionalBlockNode, Node
from liquid.builtin.content import ContentNode
from liquid.builtin.expressions import (
    BooleanExpression,
    Filter,
    FilteredExpression,
    Path,
    PositionalArgument,
    StringLiteral,
)
from liquid.builtin.expressions.logical import (
    ContainsExpression,
    EqExpression,
    LogicalAndExpression,
    LogicalOrExpression,
    NeExpression,
)
from liquid.builtin.expressions.primitive import IntegerLiteral
from liquid.builtin.output import OutputNode
from liquid.builtin.tags.if_tag import IfNode
from liquid.builtin.tags.unless_tag import UnlessNode
from liquid.exceptions import LiquidError
from liquid.expression import Expression

from campaigns.rendering.language import FILTERS, LANGUAGE, TAGS

LONGEST_TEMPLATE = 20_000  # characters
LONGEST_MARKUP = 300  # characters between one pair of braces; keeps the parser's regular expressions fast

_NAME_USAGE = 'write it like {{ first_name }} or {{ first_name | default: "there" }}'
_TAG_USAGE = f"{_NAME_USAGE}, and conditions like {{% if company %}} … {{% else %}} … {{% endif %}}"


class TemplateError(ValueError):
    """The template cannot be rendered for anybody. `problems` finds this when the text is written."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a template and how to mend it; `token` is the name or markup at fault, if one is."""

    message: str
    token: str = ""


@dataclass(frozen=True, slots=True)
class Template:
    """A text once parsed, with what was found on the way. With faults it is not to be rendered."""

    faults: tuple[Problem, ...]
    parsed: BoundTemplate | None = None
    names: tuple[str, ...] = ()
    literals: tuple[str, ...] = ()
    least_length: int = 0  # characters printed whatever the values are


def template_of(text: str) -> Template:
    return _parsed(with_plain_newlines(text))


def tokens(text: str) -> frozenset[str]:
    """Every name the template mentions, in conditions and defaults too: `first_name`, `custom.industry`."""
    return frozenset(template_of(text).names)


def with_plain_newlines(text: str) -> str:
    """A browser's form sends CR LF, which a provider would count as two characters."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


@lru_cache(maxsize=1024)
def _parsed(text: str) -> Template:
    if faults := tuple(_faults_of_text(text)):
        return Template(faults)
    try:
        parsed = LANGUAGE.from_string(text)
    except LiquidError as error:
        return Template((_syntax_fault(text, error),))
    nodes = tuple(_walk(parsed.nodes))
    expressions = (part for node in nodes for whole in node.expressions() for part in _parts(whole))
    paths = [part for part in expressions if isinstance(part, Path)]
    misused = (fault for node in nodes for fault in _faults_of_node(node))
    return Template(
        faults=tuple(dict.fromkeys((*map(_fault_of_path, filter(_is_no_name, paths)), *misused))),
        parsed=parsed,
        names=tuple(dict.fromkeys(map(str, paths))),
        literals=tuple(node.text for node in nodes if isinstance(node, ContentNode)),
        least_length=_least_length(parsed.nodes),
    )


# Before parsing: what Liquid would not notice, or not explain.

_MARK = re.compile(r"\{{2,}|\}{2,}|\{%|%\}")
_CLOSER = {"{{": "}}", "{%": "%}"}
_TAG = re.compile(r"\{%-?\s*(\w+|#)")


def _faults_of_text(text: str) -> Iterator[Problem]:
    if len(text) > LONGEST_TEMPLATE:
        yield Problem(f"the text has {len(text)} characters; no message is longer than {LONGEST_TEMPLATE}")
        return
    yield from _unbalanced(text)
    for tag in _TAG.finditer(text):
        if tag[1] not in TAGS:
            allowed = "only {% if %}, {% elsif %}, {% else %} and {% unless %} can be used"
            yield Problem(f"{_line(text, tag.start())}{{% {tag[1]} %}} is not available: {allowed}", tag[1])


def _unbalanced(text: str) -> Iterator[Problem]:
    """Braces that do not come in pairs. They would be sent to the lead as they stand."""
    opened: re.Match[str] | None = None
    for mark in _MARK.finditer(text):
        if opened is None:
            if mark[0] not in _CLOSER:
                yield _stray(text, mark)
            else:
                opened = mark
        elif mark[0] != _CLOSER[opened[0]]:
            yield _unclosed(text, opened)
            opened = mark if mark[0] in _CLOSER else None
        else:
            yield from _overlong(text, opened, mark)
            opened = None
    if opened is not None:
        yield _unclosed(text, opened)


def _stray(text: str, mark: re.Match[str]) -> Problem:
    advice = "two open a token and two close it" if len(mark[0]) > 2 else "nothing before it is open"
    return Problem(f"{_line(text, mark.start())}{mark[0][:10]} is not expected here: {advice}", mark[0][:10])


def _unclosed(text: str, opened: re.Match[str]) -> Problem:
    markup = text[opened.start() : opened.start() + 20].partition("\n")[0]
    return Problem(f"{_line(text, opened.start())}{markup} is not closed with {_CLOSER[opened[0]]}", markup)


def _overlong(text: str, opened: re.Match[str], closed: re.Match[str]) -> Iterator[Problem]:
    if closed.start() - opened.end() > LONGEST_MARKUP:
        yield Problem(f"{_line(text, opened.start())}more than {LONGEST_MARKUP} characters between braces", opened[0])


def _line(text: str, index: int) -> str:
    return f"line {text.count(chr(10), 0, index) + 1}: "


def _syntax_fault(text: str, error: LiquidError) -> Problem:
    index = error.token.start_index if error.token else -1
    markup = _markup_around(text, index)
    where = f"{_line(text, index)}{markup}" if markup else "the text"
    return Problem(f"{where} cannot be read ({error.message}): {_TAG_USAGE if '{%' in text else _NAME_USAGE}", markup)


def _markup_around(text: str, index: int) -> str:
    spans = re.finditer(r"\{\{.*?\}\}|\{%.*?%\}", text, re.DOTALL)
    return next((span[0] for span in spans if span.start() <= index < span.end()), "")


# After parsing: what this language leaves out of Liquid.


def _walk(nodes: Iterable[Node]) -> Iterator[Node]:
    for node in nodes:
        yield node
        yield from _walk(_branches(node))


def _branches(node: Node) -> list[Node]:
    match node:
        case IfNode() | UnlessNode():
            otherwise = [node.default] if node.default else []
            return [node.consequence, *node.alternatives, *otherwise]
        case ConditionalBlockNode():
            return [node.block]
        case BlockNode():
            return node.nodes
        case _:
            return []


def _parts(expression: Expression) -> Iterator[Expression]:
    yield expression
    for child in expression.children():
        yield from _parts(child)


def _least_length(nodes: Iterable[Node]) -> int:
    return sum(map(_least_length_of, nodes))


def _least_length_of(node: Node) -> int:
    match node:
        case ContentNode():
            return len(node.text)
        case IfNode() | UnlessNode():
            return min(map(_least_length_of, _branches(node))) if node.default else 0
        case _:
            return _least_length(_branches(node))


def _is_no_name(path: Path) -> bool:
    return not all(isinstance(segment, str) for segment in path.path)


def _fault_of_path(path: Path) -> Problem:
    return Problem(f"{path} is not a name: write a custom field as {{{{ custom.key }}}}", str(path))


def _faults_of_node(node: Node) -> Iterator[Problem]:
    match node:
        case OutputNode():
            yield from _faults_of_output(node.expression)
        case IfNode() | UnlessNode():
            yield from _faults_of_condition(node.condition)
        case ConditionalBlockNode():
            yield from _faults_of_condition(node.expression)


def _faults_of_output(expression: Expression) -> Iterator[Problem]:
    if not isinstance(expression, FilteredExpression) or not isinstance(expression.left, Path):
        yield Problem(f"{{{{ {expression} }}}} does not begin with a name such as first_name", str(expression))
        return
    for used in expression.filters or ():
        yield from _faults_of_filter(used, str(expression.left))


def _faults_of_filter(used: Filter, name: str) -> Iterator[Problem]:
    rule = FILTERS.get(used.name)
    if rule is None:
        yield Problem(f'there is no filter "{used.name}": use one of {", ".join(FILTERS)}', used.name)
    elif not rule.required <= len(used.args) <= len(rule.arguments) or not all(
        isinstance(given, PositionalArgument) and isinstance(given.value, kinds) and _is_positive(given.value)
        for given, kinds in zip(used.args, rule.arguments, strict=False)
    ):
        yield Problem(f'the filter "{used.name}" is written like this: {rule.usage}', used.name)
    elif used.name == "default" and _is_blank(used.args[0].value):
        advice = f"to print nothing instead, put {{% if {name} %}} … {{% endif %}} around it"
        yield Problem(f"the default of {{{{ {name} }}}} is empty: {advice}", name)


def _is_positive(argument: Expression) -> bool:
    return not isinstance(argument, IntegerLiteral) or argument.value > 0


def _is_blank(argument: Expression) -> bool:
    return isinstance(argument, StringLiteral) and not argument.value.strip()


def _faults_of_condition(condition: Expression) -> Iterator[Problem]:
    match condition:
        case BooleanExpression():
            yield from _faults_of_condition(condition.expression)
        case LogicalAndExpression() | LogicalOrExpression():
            yield from _faults_of_condition(condition.left)
            yield from _faults_of_condition(condition.right)
        case EqExpression() | NeExpression() | ContainsExpression():
            if not all(map(_is_comparable, (condition.left, condition.right))):
                yield _fault_of_condition(condition)
        case Path():
            return
        case _:
            yield _fault_of_condition(condition)


def _is_comparable(side: Expression) -> bool:
    return isinstance(side, Path) or (isinstance(side, StringLiteral) and not _is_blank(side))


def _fault_of_condition(condition: Expression) -> Problem:
    markup = _markup_around(condition.token.source, condition.token.start_index)
    return Problem(
        f"{markup} is not available: ask whether a name has a value ({{% if company %}}), or compare it "
        'by ==, != or contains with a quoted text ({% if title contains "Head" %})',
        markup,
    )
