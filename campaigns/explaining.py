"""Why hasn't this lead moved, and when will it? The gate's own answer, in words."""

from datetime import datetime

from campaigns.engine.facts import facts_about, state_of, surroundings
from campaigns.engine.walking import steps_of
from campaigns.models import Campaign, Enrollment, Step
from campaigns.planning.decisions import Because, Reason
from campaigns.planning.explaining import sentence
from campaigns.planning.gate import EnrollmentState, reasons_against
from campaigns.stopping import engine_is_on
from integrations.models import Account
from outreach.zones import zone as zone_named


def explain(*, enrollment: Enrollment, at: datetime) -> tuple[Reason, ...]:
    """Every reason why the lead's next step does not go out now; empty when the next tick takes it."""
    step = _next_step(enrollment)
    if enrollment.state == Enrollment.State.COMPLETED or (step is None and not _waits_for_acceptance(enrollment)):
        return (Reason(Because.SEQUENCE_DONE),)
    if enrollment.state in Enrollment.TERMINAL:
        detail = enrollment.exit_detail or enrollment.get_exit_reason_display()
        return (Reason(Because.ENROLLMENT_OVER, detail=detail),)
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
    if campaign.status != Campaign.Status.ACTIVE:
        return campaign.get_status_display().lower()
    return _obstacle(campaign) or _movement(campaign, at)


def _obstacle(campaign: Campaign) -> str:
    """What keeps the whole campaign from moving, or ""."""
    if not engine_is_on():
        return "blocked · the engine is stopped"
    if campaign.client.paused_at:
        return "blocked · the client is paused"
    accounts = Account.objects.filter(sender__campaigns=campaign)
    if not accounts.usable().exists():
        names = ", ".join(f"{each} is {_condition(each)}" for each in accounts) or "it has no account"
        return f"blocked · {names}"
    return ""


def _condition(account: Account) -> str:
    return "paused" if account.paused_at else account.get_status_display().lower()


def _movement(campaign: Campaign, at: datetime) -> str:
    appointments = Enrollment.objects.filter(campaign=campaign, state="active", next_account__isnull=False)
    first = appointments.order_by("next_action_at").values_list("next_action_at", flat=True).first()
    if first is None:
        walking = Enrollment.objects.filter(campaign=campaign).walking().exists()
        return "waiting · for invitations to be accepted" if walking else "idle · no lead is under way"
    hours = campaign.hours()
    moment = max(first, hours.next_open(at))
    closed = "" if hours.is_open(at) else "outside hours · "
    return f"{'running' if not closed else 'waiting'} · {closed}next action {_wall(moment, campaign.time_zone)}"


def _wall(moment: datetime, zone: str) -> str:
    return f"{moment.astimezone(zone_named(zone)):%a %d %b %H:%M} ({zone})"


def is_in_flight(enrollment: Enrollment) -> bool:
    return state_of(enrollment) in (EnrollmentState.IN_FLIGHT, EnrollmentState.UNKNOWN)
