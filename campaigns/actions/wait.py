"""The step that does nothing: its delay is all there is to it."""

from campaigns.actions.contract import InternalStep, Passed, Place, Result


class Wait(InternalStep):
    kind = "wait"
    label = "Wait"

    def carry_out(self, place: Place) -> Result:
        return Passed()
