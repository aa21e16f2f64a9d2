"""The step that writes a value into one of the lead's fields."""

from campaigns.actions.contract import Blocked, InternalStep, Passed, Place, Result
from campaigns.models import Step
from campaigns.planning.decisions import Because, Reason
from campaigns.rendering import problems
from campaigns.tokens import custom_fields_of
from leads.models import Lead
from outreach.clients.models import Client

# Names and identifiers are who the lead is; no sequence changes them.
STANDARD = ("company", "title", "headline", "location", "phone", "website")


class SetField(InternalStep):
    kind = "set_field"
    label = "Set a field"
    options = {
        "field": "The field: one of the lead's own, or a custom field.",
        "value": "Its new value; tokens may be used.",
    }
    worded_options = ("value",)

    def problems(self, step: Step, client: Client) -> list[str]:
        custom = custom_fields_of(client)
        field, value = step.options.get("field"), step.options.get("value", "")
        found = []
        if field not in {*STANDARD, *custom}:
            found.append(f'"field" is one of {", ".join((*STANDARD, *sorted(custom)))}; not {field!r}.')
        if "value" not in step.options:
            return [*found, '"value" is missing: say what the field becomes; "" empties it.']
        if not isinstance(value, str):
            return [*found, f'"value" is a text, not {value!r}.']
        return found + [each.message for each in problems(value, custom_fields=custom, limit=None)] * bool(value)

    def carry_out(self, place: Place) -> Result:
        field, value = str(place.step.options["field"]), place.wording.options["value"]
        lead = Lead.objects.select_for_update().get(pk=place.lead.pk)
        if field not in STANDARD:
            lead.custom = {**lead.custom, field: value}
        elif len(value) > (longest := _room(field)):
            return Blocked(Reason(Because.TEXT_UNFIT, detail=f"{len(value)} characters; {field} takes {longest}"))
        else:
            setattr(lead, field, value)
        lead.updated_at = place.at
        lead.save(update_fields=["custom" if field not in STANDARD else field, "company_key", "updated_at"])
        return Passed(detail=f"{field}: {value}")


def _room(field: str) -> int:
    """Characters that a standard field holds."""
    return int(getattr(Lead._meta.get_field(field), "max_length", None) or 0)
