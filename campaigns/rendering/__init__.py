"""The words of a message: Liquid templates, checked when written and rendered for one lead at a time.

    Hi {{ first_name | default: "there" }}{% if company %}, how are things at {{ company }}?{% endif %}

The language is small on purpose: names, a few filters, conditions. Without loops, assignments and other
templates a text can be checked completely before anybody presses Activate. A name without a value is never
printed as nothing: either the template says what to do instead (`default`, or a condition around it), or it
is not rendered at all.
"""

from campaigns.rendering.checking import STANDARD_TOKENS, least_length, problems
from campaigns.rendering.filling import Missing, Rendered, render
from campaigns.rendering.templates import Problem, TemplateError, tokens

__all__ = [
    "STANDARD_TOKENS",
    "Missing",
    "Problem",
    "Rendered",
    "TemplateError",
    "least_length",
    "problems",
    "render",
    "tokens",
]
