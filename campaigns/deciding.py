"""What neither we nor the provider can know, an operator decides: did it happen or not? The walk goes on from there."""

from datetime import datetime

from django.core.exceptions import ValidationError

from campaigns.actions.contract import Evidence
from campaigns.engine.recovering import conclude, job_of
from integrations.models import Dispatch
from outreach.clients.models import User
from outreach.events.kinds import EventKind
from outreach.events.models import Event
from outreach.events.recording import operator

State = Dispatch.State


def settle_by_hand(*, dispatch: Dispatch, happened: bool, by: User | None, at: datetime) -> None:
    """Decide an unknown outcome, once. The same word a second time changes nothing.

    Raises ValidationError when there is nothing to decide, or when it was decided the other way: by another
    operator, or by the provider's own answer, which may have come in the same instant.
    """
    dispatch.refresh_from_db()
    evidence = Evidence(happened, f"decided by {by or 'the system'}")
    decided = dispatch.state == State.UNKNOWN and conclude(
        dispatch, job_of(dispatch), evidence, at=at, actor=operator(by), by_hand=True
    )
    dispatch.refresh_from_db()
    if decided or _stands_already(dispatch, happened):
        return
    raise ValidationError(_too_late(dispatch))


def _stands_already(dispatch: Dispatch, happened: bool) -> bool:
    wanted = State.SENT if happened else State.REJECTED
    return dispatch.state == wanted and _settlement(dispatch) is not None


def _settlement(dispatch: Dispatch) -> Event | None:
    """The event that tells how the doubt was ended; None when there never was one, or it has not ended."""
    if dispatch.ask_at is None or dispatch.state == State.UNKNOWN:
        return None
    told = Event.objects.of(dispatch.client_id).filter(kind=EventKind.STEP_SETTLED, data__dispatch=str(dispatch.pk))
    return told.order_by("-id").first()


def _too_late(dispatch: Dispatch) -> str:
    settled = _settlement(dispatch)
    if settled is None:
        return f"This dispatch is {dispatch.get_state_display().lower()}; there is nothing to decide."
    happened = "happened" if dispatch.state == State.SENT else "did not happen"
    who = settled.actor.removeprefix("operator:")
    return f"There is nothing to decide any more: it {happened}, says {who} since {settled.at:%d %b %H:%M} UTC."
