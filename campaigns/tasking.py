"""Manual tasks: a person says that they are done, or not needed, and the lead goes on."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction

from campaigns.engine.internal import finish_internal
from campaigns.engine.walking import replan
from campaigns.models import Enrollment, ManualTask
from campaigns.wording import variant_for
from outreach.clients.models import User
from outreach.events.recording import operator

State = ManualTask.State


def close_task(*, task: ManualTask, by: User | None, at: datetime, skipped: bool = False, note: str = "") -> None:
    """Done, or skipped; the lead goes on at once. Raises ValidationError when the task is closed already.

    A lead that has left the campaign meanwhile stays out of it, and a paused one goes on when it is resumed.
    """
    with transaction.atomic():
        enrollment = Enrollment.objects.select_for_update().get(pk=task.enrollment_id)
        state = State.SKIPPED if skipped else State.DONE
        mine = ManualTask.objects.filter(pk=task.pk, state=State.OPEN)
        if not mine.update(state=state, closed_at=at, closed_by=operator(by), note=note[:500]):
            task.refresh_from_db()
            raise ValidationError(f"This task is {task.get_state_display().lower()} already.")
        task.refresh_from_db()
        if enrollment.is_open and enrollment.position == task.step.position:
            detail = f"{state.label}: {note}" if note else state.label
            variant, _ = variant_for(enrollment, task.step)
            finish_internal(
                enrollment,
                task.step,
                holds=True,
                detail=detail,
                text=task.instructions,
                variant=variant,
                at=at,
                actor=operator(by),
            )
            if enrollment.state == Enrollment.State.ACTIVE:
                replan(enrollment, at=at, actor=operator(by))
