"""Reserve: which accounts may act now, the best due appointment of each, and the gate.

Everything happens in one short transaction without any network. Whatever another worker holds is passed over.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef

from campaigns.actions.contract import Job
from campaigns.actions.message import known_chat
from campaigns.actions.registry import action_for
from campaigns.engine.facts import Surroundings, facts_about, surroundings
from campaigns.engine.walking import APPOINTMENT, clear_appointment, hold, is_connected, leave, plan, snooze, steps_of
from campaigns.models import Campaign, Enrollment, Step, StepExecution
from campaigns.planning.calendar import WorkingHours
from campaigns.planning.decisions import Because, Decision, Hold, Reason, Send, Skip, Stop, Wait
from campaigns.planning.gate import decide
from campaigns.stopping import engine_is_on
from campaigns.wording import Wording
from integrations import breaker
from integrations.dispatching import CannotReserve, Intent, reserve
from integrations.models import Account, Action
from outreach.events.recording import Actor
from outreach.milestones import passing

# An account whose best appointments all turn out to wait is left after so many; the next tick goes on.
CANDIDATES = 25
# A wait whose end is not known (the inbox has not been read yet) is looked at again after this.
LOOK_AGAIN = timedelta(minutes=10)
EXIT_REASONS = {
    Because.SUPPRESSED: Enrollment.ExitReason.SUPPRESSED,
    Because.REPLIED: Enrollment.ExitReason.REPLIED,
    Because.LEAD_IMPOSSIBLE: Enrollment.ExitReason.LEAD_IMPOSSIBLE,
    Because.INVITATION_EXPIRED: Enrollment.ExitReason.NOT_ACCEPTED,
}

OpenCampaigns = Mapping[UUID, WorkingHours]


def reserve_batch(*, at: datetime, limit: int | None = None) -> list[Job]:
    """Reserve the best due step of up to `limit` accounts (default ENGINE_BATCH_SIZE)."""
    passing("before_reserve")
    with transaction.atomic():
        jobs = _reserve(at, limit or settings.ENGINE_BATCH_SIZE)
        passing("inside_reserve")
    passing("after_reserve")
    return jobs


def _reserve(at: datetime, limit: int) -> list[Job]:
    if not engine_is_on() or not breaker.is_closed(at):
        return []
    campaigns = open_campaigns(at)
    if not campaigns:
        return []
    ready = ready_accounts(campaigns, at)
    around = surroundings(ready, at=at)
    jobs: list[Job] = []
    for account in ready:
        if len(jobs) == limit:
            break
        if job := _reserve_for(account, campaigns, around, at):
            jobs.append(job)
    return jobs


def open_campaigns(at: datetime) -> OpenCampaigns:
    """Running campaigns that are within their working hours, with those hours."""
    hours = {campaign.pk: campaign.hours() for campaign in Campaign.objects.running()}
    return {pk: each for pk, each in hours.items() if each.is_open(at)}


def ready_accounts(campaigns: OpenCampaigns, at: datetime) -> list[Account]:
    """Usable accounts with a free slot and something due, the one that waited longest first.

    Every send moves its account to the back, so one client's many due rows never delay another's one.
    """
    due = Enrollment.objects.due(at).filter(next_account=OuterRef("pk"), campaign__in=list(campaigns))
    ready = Account.objects.usable().with_free_slot(at).filter(Exists(due)).order_by("next_slot_at", "pk")
    return list(ready.select_related("sender").select_for_update(skip_locked=True, of=("self",)))


def _reserve_for(account: Account, campaigns: OpenCampaigns, around: Surroundings, at: datetime) -> Job | None:
    actions = [action for action in Action if around.allowances[(account.pk, action.value)].is_open(at)]
    for _ in range(CANDIDATES):
        enrollment = _best(account, actions, campaigns, at)
        if enrollment is None:
            return None
        if job := _consider(enrollment, campaigns[enrollment.campaign_id], around, at):
            return job
    return None


def _best(account: Account, actions: list[Action], campaigns: OpenCampaigns, at: datetime) -> Enrollment | None:
    offered = Enrollment.objects.offered_by(account, actions=actions, campaigns=list(campaigns), at=at)
    rows = offered.select_related("lead", "client", "campaign", "account__sender", "account__client")
    return rows.select_for_update(skip_locked=True, of=("self",)).first()


def _consider(enrollment: Enrollment, hours: WorkingHours, around: Surroundings, at: datetime) -> Job | None:
    """Ask the gate about one claimed enrollment and do what it says."""
    steps = steps_of(enrollment)
    step = next((each for each in steps if each.position >= enrollment.position), None)
    if step is None or action_for(step.kind).action != enrollment.next_action:
        # The appointment is older than a change of the sequence: plan afresh.
        plan(enrollment, steps=steps, hours=hours, at=at, actor=Actor.ENGINE)
        return None
    facts, wording = facts_about(enrollment, step, around=around, hours=hours, at=at)
    decision = decide(str(step.pk), facts.action, facts, at)
    if isinstance(decision, Send):
        return _try_to_commit(enrollment, step, wording, at)
    _put_off(enrollment, step, decision, steps=steps, hours=hours, at=at)
    return None


def _put_off(
    enrollment: Enrollment, step: Step, decision: Decision, *, steps: list[Step], hours: WorkingHours, at: datetime
) -> None:
    match decision:
        case Wait(until=until, reason=reason):
            snooze(enrollment, until=until or at + LOOK_AGAIN, because=reason.because)
        case Hold(reason=reason):
            hold(enrollment, reason, step=step, at=at, actor=Actor.ENGINE)
        case Stop(reason=reason):
            why = EXIT_REASONS[reason.because]
            leave(enrollment, why, at=at, actor=Actor.ENGINE, detail=reason.detail)
        case Skip():
            # Planning knows the connection as well, and passes over what it makes needless.
            plan(enrollment, steps=steps, hours=hours, at=at, actor=Actor.ENGINE)


def _try_to_commit(enrollment: Enrollment, step: Step, wording: Wording, at: datetime) -> Job | None:
    """Commit to the step, unless the database refuses. One lead's refusal must not cost the others their turn."""
    try:
        with transaction.atomic():
            return _commit_to(enrollment, step, wording, at)
    except CannotReserve as problem:
        snooze(enrollment, until=problem.until or at + LOOK_AGAIN, because=Because.CAP_USED)
    except IntegrityError:
        doubt = Reason(Because.OUTCOME_UNKNOWN, detail="This step is under way, or was done, already.")
        hold(enrollment, doubt, step=step, at=at, actor=Actor.ENGINE)
    return None


def _commit_to(enrollment: Enrollment, step: Step, wording: Wording, at: datetime) -> Job:
    """Write the intent: quota, slot, dispatch, execution. The appointment is taken away with it."""
    account, lead = enrollment.account, enrollment.lead
    attempt = enrollment.executions.filter(step=step).count() + 1
    dispatch = reserve(
        Intent(
            key=f"step:{enrollment.pk}:{step.pk}",
            account=account,
            action=action_for(step.kind).action,
            person=lead.provider_id,
            text=wording.text,
            actor=Actor.ENGINE,
            provider_chat_id=known_chat(account, lead.provider_id) if lead.provider_id else "",
        ),
        at=at,
    )
    execution = StepExecution.objects.create(
        client_id=enrollment.client_id,
        enrollment=enrollment,
        step=step,
        attempt=attempt,
        dispatch=dispatch,
        text=wording.text,
        reserved_at=at,
    )
    clear_appointment(enrollment)
    enrollment.waiting_because = Because.IN_FLIGHT
    enrollment.save(update_fields=[*APPOINTMENT])
    return Job(enrollment, step, execution, dispatch, connected=is_connected(enrollment))
