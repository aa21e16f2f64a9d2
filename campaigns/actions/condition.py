"""The step that asks something about the lead and goes one way or the other, now or until a deadline."""

from collections.abc import Sequence
from datetime import timedelta

from campaigns.actions.contract import InternalStep, NotYet, Passed, Place, Result
from campaigns.engine.knowing import lead_facts
from campaigns.models import Step
from campaigns.planning.conditions import holds, option_problems
from campaigns.planning.decisions import Because
from campaigns.planning.delays import Delay, DelayUnit
from campaigns.tokens import fields_of
from outreach.clients.models import Client

# Nobody tells us when a field or a tag changes, so these are asked again so often; news ends the wait for the rest.
ASK_AGAIN = timedelta(hours=1)
TOLD_BY_NEWS = frozenset({"connected", "replied", "seen"})


class Condition(InternalStep):
    kind = "condition"
    label = "Condition"
    branches = True
    options = {
        "if": "What is asked, e.g. connected, seen, has_email, tag, field_is, variant.",
        "not": "true turns the answer round.",
        "within_amount": "How long to wait for it; leave out to ask once.",
        "within_unit": "minutes, hours, days or working_days.",
        "field": "Which field is looked at.",
        "value": "The value it is compared with.",
        "tag": "Which tag is looked for.",
        "step": "Of which earlier step the variant is asked; positions count from 0.",
        "label": "The variant's label.",
    }

    def problems(self, step: Step, client: Client) -> list[str]:
        if found := option_problems(step.options):
            return found
        if "within_amount" in step.options:
            try:
                _patience(step)
            except ValueError as problem:
                found.append(f"This wait cannot be: {problem}.")
        field = step.options.get("field")
        if field is not None and field not in (fields := fields_of(client)):
            found.append(f'"field" is one of {", ".join(sorted(fields))}; not {field!r}.')
        placed = step.position is not None  # a form gives its steps their places when they are written
        if placed and step.options["if"] == "variant" and step.options["step"] >= step.position:
            found.append("A variant can only be asked of an earlier step.")
        return found

    def problems_among(self, step: Step, steps: Sequence[Step]) -> list[str]:
        """A variant that its step does not have is never taken."""
        options = step.options
        if options.get("if") != "variant":
            return []
        asked = next((each for each in steps if each.position == options["step"]), None)
        labels = [label for label, _, _ in asked.texts()] if asked and asked.variants else []
        if options["label"] in labels:
            return []
        known = ", ".join(labels) or "none"
        return [f"Step {options['step'] + 1} has no variant {options['label']!r}; it has {known}."]

    def carry_out(self, place: Place) -> Result:
        options = place.step.options
        if holds(options, lead_facts(place.enrollment)):
            return Passed(holds=True, detail="yes")
        deadline = _patience(place.step).after(place.due_at, place.hours) if "within_amount" in options else place.at
        if deadline <= place.at:
            return Passed(holds=False, detail="no")
        until = deadline if options["if"] in TOLD_BY_NEWS else min(deadline, place.at + ASK_AGAIN)
        return NotYet(Because.AWAITING_CONDITION, until)


def _patience(step: Step) -> Delay:
    return Delay(int(step.options["within_amount"]), DelayUnit(step.options.get("within_unit", "days")))
