"""Reserve: which accounts may act now, the best due appointment of each, and the gate.

Everything happens in one short transaction without any network. Whatever another worker holds is passed over.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction

from campaigns.actions.contract import STRANGE, Job
from campaigns.actions.registry import action_for, is_internal
from campaigns.calendars import hours_for
from campaigns.engine.beginning import is_new
from campaigns.engine.committing import Prospect, commit_to, unrelated
from campaigns.engine.facts import Surroundings, acquaintance, facts_about, surroundings
from campaigns.engine.turnstile import go_through
from campaigns.engine.walking import (
    hold,
    leave,
    next_step,
    pass_by,
    plan,
    snooze,
    steps_by_sequence,
    steps_of,
    unforeseen,
)
from campaigns.models import Campaign, Enrollment, Step, StepExecution
from campaigns.planning.calendar import WorkingHours
from campaigns.planning.decisions import Because, Decision, Hold, Reason, Send, Skip, Stop, Wait
from campaigns.planning.gate import decide
from campaigns.stopping import engine_is_on
from integrations import breaker
from integrations.dispatching import CannotReserve, NoteCapUsed
from integrations.models import Account, Action
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

OpenCampaigns = Mapping[UUID, Campaign]


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
        jobs += _reserve_for_all(ready, campaigns, at, look_by)
    if jobs and room is not None:
        breaker.note_probe(at)
    return jobs


def _reserve_for_all(accounts: list[Account], campaigns: OpenCampaigns, at: datetime, look_by: datetime) -> list[Job]:
    """The best due appointment of each account: together where the gate lets them through, else one by one."""
    around = surroundings(accounts, at=at, is_clear=True)
    actions = {account.pk: _open_actions(account, around, at) for account in accounts}
    offers = _offers(accounts, actions, campaigns, at)
    jobs = _reserve_together(offers, campaigns, around, at) if len(offers) > 1 else []
    served = {job.account.pk for job in jobs}
    offering = {offer.account_id for offer in offers}
    for account in accounts:
        if account.pk not in offering:
            _set_alarm(account, around, at, look_by)
        elif account.pk not in served:
            jobs += _reserve_for(account, actions[account.pk], campaigns, around, at, look_by)
    return jobs


def _open_actions(account: Account, around: Surroundings, at: datetime) -> list[str]:
    return [action.value for action in Action if around.allowances[(account.pk, action.value)].is_open(at)]


def _offers(
    accounts: Iterable[Account], actions: Mapping[UUID, list[str]], campaigns: OpenCampaigns, at: datetime
) -> list[Enrollment]:
    """The best due appointment of each account, locked, with everything that the gate asks about."""
    owners = {account.pk: account for account in accounts}
    offers = Enrollment.objects.best_of_each(actions, campaigns=list(campaigns), at=at)
    leads = Lead.objects.in_bulk([offer.lead_id for offer in offers])
    running = {campaign.pk: campaign for campaign in campaigns.values()}
    for offer in offers:
        offer.lead, offer.campaign = leads[offer.lead_id], running[offer.campaign_id]
        offer.account = offer.next_account = owners[offer.account_id]
        offer.client = offer.account.client
    return offers


def _reserve_together(
    offers: list[Enrollment], campaigns: OpenCampaigns, around: Surroundings, at: datetime
) -> list[Job]:
    """Commit to those that the gate lets through at once, if no one bears on another; the rest is left as it is."""
    steps = steps_by_sequence(offers)
    _lock_new_leads(offers)
    known = acquaintance(offers, at=at)
    prospects = []
    for offer in offers:
        step = next_step(offer, steps[offer.sequence_id])
        if step is None or _action_of(step) != offer.next_action:
            continue
        hours = hours_for(offer.campaign, offer.lead)
        try:
            facts, wording = facts_about(offer, step, around=around, hours=hours, at=at, known=known)
            decision = decide(str(step.pk), facts.action, facts, at)
        except STRANGE:
            continue  # asked by itself it is held, and says why
        if isinstance(decision, Send):
            prospects.append(Prospect(offer, step, wording, hours, offer.pk in known.connected))
    chosen = unrelated(prospects)
    if not chosen:
        return []
    try:
        with transaction.atomic():
            return commit_to(chosen, around.allowances, at=at)
    except (CannotReserve, IntegrityError):
        return []  # One of them is refused. One by one it shows which, and why.


def open_campaigns(running: Mapping[Campaign, WorkingHours], at: datetime) -> OpenCampaigns:
    """Running campaigns that are within their working hours, by their keys.

    Where the leads' own clocks count, some lead's may be open at any time: the gate asks for each.
    """
    return {
        campaign.pk: campaign for campaign, hours in running.items() if hours.is_open(at) or campaign.use_lead_time_zone
    }


def ready_accounts(at: datetime, limit: int, *, apart_from: Collection[UUID]) -> list[Account]:
    """Usable accounts with a free slot that may have something to do, the one whose alarm rang first in front.

    Every send moves its account to the back, so one client's many due rows never delay another's one.
    """
    ready = Account.objects.usable().with_alarm_rung(at).with_free_slot(at).exclude(pk__in=apart_from)
    rows = ready.select_related("sender", "client").order_by("next_look_at", "pk")
    return list(rows.select_for_update(skip_locked=True, of=("self",), no_key=True)[:limit])


def _reserve_for(
    account: Account,
    actions: list[str],
    campaigns: OpenCampaigns,
    around: Surroundings,
    at: datetime,
    look_by: datetime,
) -> list[Job]:
    """At most one job: of the account's due appointments the first that the gate lets through."""
    for _ in range(CANDIDATES):
        offers = _offers([account], {account.pk: actions}, campaigns, at)
        if not offers:
            _set_alarm(account, around, at, look_by)
            break
        if job := _consider(offers[0], around, at):
            return [job]
    return []


def _set_alarm(account: Account, around: Surroundings, at: datetime, look_by: datetime) -> None:
    """Nothing to do now: look again at its next appointment, or when something that is used up or rests reopens.

    Never later than `look_by`: what else may change (a cap given back, two processes that cross) rings no alarm.
    """
    coming = Enrollment.objects.filter(state="active", next_account=account, next_action_at__gt=at)
    due = (coming.filter(priority=priority).order_by("next_action_at") for priority in Enrollment.PRIORITIES)
    moments = [row.next_action_at for rows in due for row in rows.only("next_action_at")[:1]]
    allowances = (around.allowances[(account.pk, action.value)] for action in Action)
    moments += [moment for each in allowances for moment in (each.asleep_until, each.reopens_at)]
    Account.objects.filter(pk=account.pk).update(
        next_look_at=min(moment for moment in (*moments, look_by) if moment and moment > at)
    )


def _consider(enrollment: Enrollment, around: Surroundings, at: datetime) -> Job | None:
    """Ask the gate about one claimed enrollment and do what it says."""
    hours = hours_for(enrollment.campaign, enrollment.lead)
    steps = steps_of(enrollment)
    step = next_step(enrollment, steps)
    if step is None or _action_of(step) != enrollment.next_action:
        # The appointment is older than a change of the sequence: plan afresh.
        plan(enrollment, steps=steps, hours=hours, at=at, actor=Actor.ENGINE)
        return None
    _lock_new_leads([enrollment])
    known = acquaintance([enrollment], at=at)
    try:
        facts, wording = facts_about(enrollment, step, around=around, hours=hours, at=at, known=known)
        decision = decide(str(step.pk), facts.action, facts, at)
    except STRANGE as problem:  # one lead whose data make no sense must not keep all others from moving
        hold(enrollment, unforeseen(problem), step=step, at=at, actor=Actor.ENGINE)
        return None
    if isinstance(decision, Send):
        return _try_to_commit(Prospect(enrollment, step, wording, hours, enrollment.pk in known.connected), around, at)
    _put_off(enrollment, step, decision, steps=steps, hours=hours, at=at)
    return None


def _lock_new_leads(walks: Iterable[Enrollment]) -> None:
    """Two campaigns that begin with the same person in the same instant: the second sees what the first did."""
    new = [walk.lead_id for walk in walks if is_new(walk)]
    if new:
        list(Lead.objects.filter(pk__in=new).select_for_update(no_key=True).order_by("pk").values_list("pk"))


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


def _try_to_commit(prospect: Prospect, around: Surroundings, at: datetime) -> Job | None:
    """Commit to the step, unless the database refuses. One lead's refusal must not cost the others their turn."""
    enrollment, step = prospect.enrollment, prospect.step
    try:
        with transaction.atomic():
            return commit_to([prospect], around.allowances, at=at)[0]
    except NoteCapUsed as problem:
        if action_for(step.kind).may_go_bare(step) and prospect.wording.text:
            bare = replace(prospect, wording=replace(prospect.wording, text="", variant=""))
            return _try_to_commit(bare, around, at)
        snooze(enrollment, until=problem.until or at + LOOK_AGAIN, because=Because.CAP_USED)
    except CannotReserve as problem:
        snooze(enrollment, until=problem.until or at + LOOK_AGAIN, because=Because.CAP_USED)
    except IntegrityError:
        if _was_sent_by_another_version(enrollment, step):
            pass_by(enrollment, step, hours=prospect.hours, at=at, actor=Actor.ENGINE)
            return None
        doubt = Reason(Because.OUTCOME_UNKNOWN, detail="This step is under way, or was done, already.")
        hold(enrollment, doubt, step=step, at=at, actor=Actor.ENGINE)
    return None


def _was_sent_by_another_version(enrollment: Enrollment, step: Step) -> bool:
    """Whether the lead had this very step already, before it went over to the present version of the sequence."""
    earlier = enrollment.executions.filter(step__origin=step.origin, outcome=StepExecution.Outcome.SENT)
    return earlier.exclude(step=step).exists()
