"""The step that ends the walk: what a branch comes to when the others go on."""

from campaigns.actions.contract import InternalStep, Over, Place, Result


class End(InternalStep):
    kind = "end"
    label = "End"
    ends = True

    def carry_out(self, place: Place) -> Result:
        return Over()
