"""Why hasn't this lead moved, and when will it? The gate's own answer, in words."""

from datetime import datetime

from campaigns.engine.facts import facts_about, surroundings
from campaigns.engine.walking import steps_of
from campaigns.models import Campaign, Enrollment, Step
from campaigns.planning.decisions import Because, Reason
from campaigns.planning.explaining import sentence
from campaigns.planning.gate import reasons_against
from campaigns.progress import progress_of, states_in_words


def explain(*, enrollment: Enrollment, at: datetime) -> tuple[Reason, ...]:
    """Every reason why the lead's next step does not go out now; empty when the next tick takes it."""
    step = _next_step(enrollment)
    if enrollment.state in Enrollment.TERMINAL - {Enrollment.State.COMPLETED}:
        detail = enrollment.exit_detail or enrollment.get_exit_reason_display()
        return (Reason(Because.ENROLLMENT_OVER, detail=detail),)
    if enrollment.state == Enrollment.State.COMPLETED or (step is None and not _waits_for_acceptance(enrollment)):
        return (Reason(Because.SEQUENCE_DONE),)
    around = surroundings([enrollment.account], at=at)
    hours = enrollment.campaign.hours()
    facts, _ = facts_about(enrollment, step or steps_of(enrollment)[-1], around=around, hours=hours, at=at)
    return reasons_against(facts, at)


def explain_in_words(*, enrollment: Enrollment, at: datetime) -> tuple[str, ...]:
    """The reasons as sentences, with their ends in the campaign's time zone."""
    zone = enrollment.campaign.time_zone
    return tuple(sentence(reason, zone=zone, at=at) for reason in explain(enrollment=enrollment, at=at))


def _next_step(enrollment: Enrollment) -> Step | None:
    return next((step for step in steps_of(enrollment) if step.position >= enrollment.position), None)


def _waits_for_acceptance(enrollment: Enrollment) -> bool:
    return enrollment.next_action == Enrollment.NextAction.EXPIRE


def campaign_state_in_words(*, campaign: Campaign, at: datetime) -> str:
    """The campaign's state with its reason, e.g. "running · next action Mon 09:04" or "blocked · engine stopped"."""
    return states_in_words([campaign], progress_of([campaign]), at=at)[campaign.pk]
