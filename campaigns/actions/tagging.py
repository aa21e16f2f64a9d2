"""The steps that put a tag on a lead, or take one off."""

from typing import ClassVar

from campaigns.actions.contract import InternalStep, Passed, Place, Result
from campaigns.models import Step
from leads.models import Lead
from outreach.clients.models import Client

LONGEST_TAG = 60


class Tagging(InternalStep):
    """What both have in common: one tag, compared without regard to case."""

    options = {"tag": "The tag."}
    adds: ClassVar[bool]

    def problems(self, step: Step, client: Client) -> list[str]:
        tag = step.options.get("tag")
        if not isinstance(tag, str) or not tag.strip():
            return ['"tag" is missing: say which.']
        return [f"A tag has at most {LONGEST_TAG} characters."] if len(tag.strip()) > LONGEST_TAG else []

    def carry_out(self, place: Place) -> Result:
        tag = str(place.step.options["tag"]).strip()
        lead = Lead.objects.select_for_update().get(pk=place.lead.pk)
        others = [each for each in lead.tags if str(each).casefold() != tag.casefold()]
        has_it = len(others) < len(lead.tags)
        if has_it != self.adds:
            lead.tags = [*others, tag] if self.adds else others
            lead.updated_at = place.at
            lead.save(update_fields=["tags", "updated_at"])
        return Passed(detail=tag)


class AddTag(Tagging):
    kind = "tag"
    label = "Add a tag"
    adds = True


class RemoveTag(Tagging):
    kind = "untag"
    label = "Remove a tag"
    adds = False
