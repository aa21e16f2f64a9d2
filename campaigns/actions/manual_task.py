"""The step that waits for a person: a task in the console, done or skipped before the lead goes on."""

from campaigns.actions.contract import InternalStep, NotYet, Passed, Place, Result, TextUse
from campaigns.models import ManualTask
from campaigns.planning.decisions import Because


class Task(InternalStep):
    kind = "manual_task"
    label = "Manual task"
    text = TextUse.REQUIRED

    def carry_out(self, place: Place) -> Result:
        task, _ = ManualTask.objects.get_or_create(
            enrollment=place.enrollment,
            step=place.step,
            defaults={
                "client_id": place.enrollment.client_id,
                "instructions": place.wording.text,
                "opened_at": place.at,
            },
        )
        if task.state == ManualTask.State.OPEN:
            return NotYet(Because.AWAITING_TASK, None)
        return Passed(detail=task.note or task.get_state_display())
