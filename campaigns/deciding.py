"""What neither we nor the provider can know, an operator decides: did it happen or not? The walk goes on from there."""

from datetime import datetime

from django.core.exceptions import ValidationError

from campaigns.actions.contract import Evidence
from campaigns.engine.recovering import conclude, job_of
from integrations.models import Dispatch
from outreach.clients.models import User
from outreach.events.recording import operator


def settle_by_hand(*, dispatch: Dispatch, happened: bool, by: User | None, at: datetime) -> None:
    """Raises ValidationError unless the outcome is unknown."""
    dispatch.refresh_from_db()
    if dispatch.state != Dispatch.State.UNKNOWN:
        raise ValidationError(f"This dispatch is {dispatch.get_state_display().lower()}; there is nothing to decide.")
    evidence = Evidence(happened, f"decided by {by or 'the system'}")
    conclude(dispatch, job_of(dispatch), evidence, at=at, actor=operator(by))
    dispatch.refresh_from_db()
