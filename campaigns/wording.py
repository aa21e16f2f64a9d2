"""From a step's text and one lead's own data to the exact words that are sent (law 6)."""

from collections.abc import Mapping
from dataclasses import replace

from campaigns.actions.registry import kind_of
from campaigns.models import Enrollment, Step
from campaigns.planning.variants import chosen
from campaigns.planning.wordings import Wording
from campaigns.rendering import Missing, TemplateError, render
from campaigns.tokens import values_for


def variant_for(enrollment: Enrollment, step: Step) -> tuple[str, str]:
    """Label and text of the variant that this lead gets of this step, always the same one (label "" without any)."""
    texts = step.texts()
    if len(texts) == 1:
        return "", step.text
    label, _, text = texts[chosen([weight for _, weight, _ in texts], key=f"{enrollment.pk}:{step.origin}")]
    return label, text


def word(step: Step, *, enrollment: Enrollment, limit: int | None) -> Wording:
    """Word a step for a lead: its text, and what else of it is written. An empty note is a bare invitation."""
    values = values_for(enrollment.lead, enrollment.account.sender)
    label, text = variant_for(enrollment, step)
    worded: dict[str, str] = {}
    for name in kind_of(step.kind).worded_options:
        part = _word(str(step.options.get(name, "")), values, None)
        if part.problem or part.missing:
            return part
        worded[name] = part.text
    return replace(_word(text, values, limit), variant=label, options=worded)


def _word(text: str, values: Mapping[str, str], limit: int | None) -> Wording:
    if not text.strip():
        return Wording()
    try:
        rendered = render(text, values)
    except TemplateError as problem:
        return Wording(problem=str(problem))
    if isinstance(rendered, Missing):
        return Wording(missing=rendered.names or ("any text",))
    if limit is not None and len(rendered.text) > limit:
        return Wording(problem=f"{len(rendered.text)} characters; this account may send {limit}")
    return Wording(text=rendered.text)
