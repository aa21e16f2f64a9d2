"""Reserve: which accounts may act now, the best due appointment of each, and the gate.

Everything happens in one short transaction without any network. Whatever another worker holds is passed over.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction

from campaigns.actions.contract import Job
from campaigns.actions.message import known_chat
from campaigns.actions.registry import action_for, is_internal
from campaigns.calendars import hours_for
from campaigns.engine.beginning import begin, is_new
from campaigns.engine.facts import Surroundings, facts_about, surroundings
from campaigns.engine.turnstile import go_through
from campaigns.engine.walking import (
    APPOINTMENT,
    clear_appointment,
    hold,
    is_connected,
    leave,
    pass_by,
    plan,
    snooze,
    steps_of,
    unforeseen,
)
from campaigns.models import Campaign, Enrollment, Step, StepExecution
from campaigns.planning.calendar import WorkingHours
from campaigns.planning.decisions import Because, Decision, Hold, Reason, Send, Skip, Stop, Wait
from campaigns.planning.gate import decide
from campaigns.planning.wordings import Wording
from campaigns.stopping import engine_is_on
from integrations import breaker
from integrations.allowances import Allowance
from integrations.dispatching import CannotReserve, Intent, NoteCapUsed, reserve
from integrations.models import Account, Action
from integrations.receiving import STRANGE
from leads.models import Lead
from outreach.events.recording import Actor
from outreach.milestones import passing

# An account whose best appointments all turn out to wait is left after so many; the next tick goes on.
CANDIDATES = 25
# A wait whose end is not known (the inbox has not been read yet) is looked at again after this.
LOOK_AGAIN = timedelta(minutes=10)
# An account without anything to do is looked at again after this at the latest.
LOOK_WITHIN = timedelta(minutes=5)
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
        go_through()
        jobs = _reserve(at, limit or settings.ENGINE_BATCH_SIZE)
        passing("inside_reserve")
    passing("after_reserve")
    return jobs


def _reserve(at: datetime, limit: int) -> list[Job]:
    room = breaker.room(at)
    if not engine_is_on() or room == 0:
        return []
    limit = limit if room is None else min(limit, room)
    running = {campaign: campaign.hours() for campaign in Campaign.objects.running()}
    campaigns = open_campaigns(running, at)
    coming = (hours.next_open(at) for campaign, hours in running.items() if campaign.pk not in campaigns)
    look_by = min((at + LOOK_WITHIN, *coming))
    jobs: list[Job] = []
    looked_at: list[UUID] = []
    while campaigns and len(jobs) < limit and (ready := ready_accounts(at, limit - len(jobs), apart_from=looked_at)):
        looked_at += [account.pk for account in ready]
        around = surroundings(ready, at=at)
        jobs += [job for account in ready if (job := _reserve_for(account, campaigns, around, at, look_by))]
    if jobs and room is not None:
        breaker.note_probe(at)
    return jobs


def open_campaigns(running: Mapping[Campaign, WorkingHours], at: datetime) -> OpenCampaigns:
    """Running campaigns that are within their working hours, with those hours.

    Where the leads' own clocks count, some lead's may be open at any time: the gate asks for each.
    """
    return {
        campaign.pk: hours for campaign, hours in running.items() if hours.is_open(at) or campaign.use_lead_time_zone
    }


def ready_accounts(at: datetime, limit: int, *, apart_from: Collection[UUID]) -> list[Account]:
    """Usable accounts with a free slot that may have something to do, the one whose alarm rang first in front.

    Every send moves its account to the back, so one client's many due rows never delay another's one.
    """
    ready = Account.objects.usable().with_alarm_rung(at).with_free_slot(at).exclude(pk__in=apart_from)
    rows = ready.select_related("sender").order_by("next_look_at", "pk")
    return list(rows.select_for_update(skip_locked=True, of=("self",))[:limit])


def _reserve_for(
    account: Account, campaigns: OpenCampaigns, around: Surroundings, at: datetime, look_by: datetime
) -> Job | None:
    allowances = {action: around.allowances[(account.pk, action.value)] for action in Action}
    actions = [action for action, allowance in allowances.items() if allowance.is_open(at)]
    for _ in range(CANDIDATES):
        enrollment = _best(account, actions, campaigns, at)
        if enrollment is None:
            _set_alarm(account, allowances, at, look_by)
            return None
        if job := _consider(enrollment, hours_for(enrollment.campaign, enrollment.lead), around, at):
            return job
    return None


def _set_alarm(account: Account, allowances: Mapping[Action, Allowance], at: datetime, look_by: datetime) -> None:
    """Nothing to do now: look again at its next appointment, or when something that is used up or rests reopens.

    Never later than `look_by`: what else may change (a cap given back, two processes that cross) rings no alarm.
    """
    coming = Enrollment.objects.filter(state="active", next_account=account, next_action_at__gt=at)
    due = (coming.filter(priority=priority).order_by("next_action_at") for priority in Enrollment.PRIORITIES)
    moments = [row.next_action_at for rows in due for row in rows.only("next_action_at")[:1]]
    moments += [moment for each in allowances.values() for moment in (each.asleep_until, each.reopens_at)]
    Account.objects.filter(pk=account.pk).update(
        next_look_at=min(moment for moment in (*moments, look_by) if moment and moment > at)
    )


def _best(account: Account, actions: list[Action], campaigns: OpenCampaigns, at: datetime) -> Enrollment | None:
    offered = Enrollment.objects.offered_by(account, actions=actions, campaigns=list(campaigns), at=at)
    rows = offered.select_related("lead", "client", "campaign", "account__sender", "account__client")
    return rows.select_for_update(skip_locked=True, of=("self",)).first()


def _consider(enrollment: Enrollment, hours: WorkingHours, around: Surroundings, at: datetime) -> Job | None:
    """Ask the gate about one claimed enrollment and do what it says."""
    steps = steps_of(enrollment)
    step = next((each for each in steps if each.position >= enrollment.position), None)
    if step is None or _action_of(step) != enrollment.next_action:
        # The appointment is older than a change of the sequence: plan afresh.
        plan(enrollment, steps=steps, hours=hours, at=at, actor=Actor.ENGINE)
        return None
    if is_new(enrollment):
        # Two campaigns that begin with the same person in the same instant: the second sees what the first did.
        Lead.objects.select_for_update().get(pk=enrollment.lead_id)
    try:
        facts, wording = facts_about(enrollment, step, around=around, hours=hours, at=at)
        decision = decide(str(step.pk), facts.action, facts, at)
    except STRANGE as problem:  # one lead whose data make no sense must not keep all others from moving
        hold(enrollment, unforeseen(problem), step=step, at=at, actor=Actor.ENGINE)
        return None
    if isinstance(decision, Send):
        return _try_to_commit(enrollment, step, wording, hours, at)
    _put_off(enrollment, step, decision, steps=steps, hours=hours, at=at)
    return None


def _action_of(step: Step) -> str:
    return Enrollment.NextAction.INTERNAL if is_internal(step.kind) else action_for(step.kind).action


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


def _try_to_commit(
    enrollment: Enrollment, step: Step, wording: Wording, hours: WorkingHours, at: datetime
) -> Job | None:
    """Commit to the step, unless the database refuses. One lead's refusal must not cost the others their turn."""
    try:
        with transaction.atomic():
            return _commit_to(enrollment, step, wording, hours, at)
    except NoteCapUsed as problem:
        if action_for(step.kind).may_go_bare(step) and wording.text:
            return _try_to_commit(enrollment, step, replace(wording, text=""), hours, at)
        snooze(enrollment, until=problem.until or at + LOOK_AGAIN, because=Because.CAP_USED)
    except CannotReserve as problem:
        snooze(enrollment, until=problem.until or at + LOOK_AGAIN, because=Because.CAP_USED)
    except IntegrityError:
        if _was_sent_by_another_version(enrollment, step):
            pass_by(enrollment, step, hours=hours, at=at, actor=Actor.ENGINE)
            return None
        doubt = Reason(Because.OUTCOME_UNKNOWN, detail="This step is under way, or was done, already.")
        hold(enrollment, doubt, step=step, at=at, actor=Actor.ENGINE)
    return None


def _was_sent_by_another_version(enrollment: Enrollment, step: Step) -> bool:
    """Whether the lead had this very step already, before it went over to the present version of the sequence."""
    earlier = enrollment.executions.filter(step__origin=step.origin, outcome=StepExecution.Outcome.SENT)
    return earlier.exclude(step=step).exists()


def _commit_to(enrollment: Enrollment, step: Step, wording: Wording, hours: WorkingHours, at: datetime) -> Job:
    """Write the intent: quota, slot, dispatch, execution. The appointment is taken away with it."""
    account, lead = enrollment.account, enrollment.lead
    kind = action_for(step.kind)
    begin(enrollment, campaign=enrollment.campaign, at=at)
    earlier = list(enrollment.executions.filter(step=step).values_list("because", flat=True))
    text = "" if kind.goes_bare(step, earlier) else wording.text
    dispatch = reserve(
        Intent(
            # The origin, not the step: what one version of the sequence has sent, no later version sends again.
            key=f"step:{enrollment.pk}:{step.origin}",
            account=account,
            action=kind.action,
            person=lead.provider_id,
            text=text,
            actor=Actor.ENGINE,
            provider_chat_id=known_chat(account, lead.provider_id) if kind.writes and lead.provider_id else "",
            data=dict(wording.options),
            share=hours.share_at(at),
        ),
        at=at,
    )
    execution = StepExecution.objects.create(
        client_id=enrollment.client_id,
        enrollment=enrollment,
        step=step,
        attempt=len(earlier) + 1,
        dispatch=dispatch,
        variant=wording.variant,
        text=text,
        reserved_at=at,
    )
    clear_appointment(enrollment)
    enrollment.waiting_because = Because.IN_FLIGHT
    enrollment.save(update_fields=[*APPOINTMENT])
    return Job(enrollment, step, execution, dispatch, connected=is_connected(enrollment))
