"""One batch through the moves: reserve → look → confirm → call → record.

Only `look` and `call` touch the network, and they touch no row. Between every two moves the process may die:
what was not confirmed surely never left, what was confirmed and not recorded is settled by asking the provider.
"""

import logging
import os
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from django.conf import settings
from django.db import transaction

from campaigns.actions.contract import STRANGE, Findings, Job
from campaigns.actions.registry import action_for
from campaigns.calendars import hours_for
from campaigns.engine.claiming import reserve_batch
from campaigns.engine.internal import carry_out_internal_steps
from campaigns.engine.recording import (
    note_relation,
    record_already_done,
    record_cancelled,
    record_failure,
    record_outcome,
    record_sent_together,
)
from campaigns.engine.turnstile import go_through
from campaigns.inbound import recognise
from campaigns.models import Campaign, Enrollment
from campaigns.stopping import engine_is_on
from inbox.ingesting import same_words
from inbox.models import Message
from integrations.allowances import local_day
from integrations.batches import confirm_all
from integrations.dispatching import Outcome
from integrations.errors import OURS, ProviderError, Verdict, ours
from integrations.models import Account, Dispatch
from integrations.receiving import hand_on
from integrations.unipile.client import UnipileClient
from leads.models import Lead
from leads.suppressing import with_suppressions
from outreach.clock import stopwatch
from outreach.events.recording import Actor
from outreach.milestones import passing
from outreach.running import ending

Clock = Callable[[], datetime]
Result = Outcome | ProviderError
In = TypeVar("In")
Out = TypeVar("Out")
log = logging.getLogger(__name__)

# A process that was frozen between confirming and calling must not call any more (seconds): a pause has returned
# by then, or recovery has asked the provider and begun anew.
CALL_WITHIN = 5.0


@dataclass(frozen=True, slots=True)
class Looked:
    """A reserved step and what the reads before its call found."""

    job: Job
    findings: Findings


def run_batch(*, now: Clock, client: UnipileClient, limit: int | None = None, at_once: int | None = None) -> int:
    """Carry out one batch of due steps. Returns how many were taken up; 0 means there was nothing to do.

    `at_once` bounds the calls in flight; 1 makes the batch sequential, which the simulation needs to be repeatable.
    """
    jobs = reserve_batch(at=now(), limit=limit)
    # Steps within the house are looked for when the accounts leave room; the tick does so in any case.
    is_full = len(jobs) == (limit or settings.ENGINE_BATCH_SIZE)
    internal = 0 if is_full else carry_out_internal_steps(at=now())
    if not jobs:
        return internal
    workers = at_once or len(jobs)
    looked = [Looked(job, found) for job, found in zip(jobs, _each(jobs, _looker(client), workers), strict=True)]
    passing("after_preflight")
    began = stopwatch()
    confirmed = _confirm_all(looked, now())
    passing("after_confirm")
    results = _each(confirmed, _caller(client, began), workers)
    passing("after_call")
    _record_all(list(zip(confirmed, results, strict=True)), now())
    passing("after_record")
    return len(jobs) + internal


def _each(items: Sequence[In], do: Callable[[In], Out], workers: int) -> list[Out]:
    """`do` for every item, with at most `workers` at once; in order, and in this thread when one is enough."""
    if workers == 1 or len(items) < 2:
        return [do(item) for item in items]
    return list(_threads(workers).map(do, items))


_pools = threading.local()


def _threads(workers: int) -> ThreadPoolExecutor:
    """This thread's own pool, so that no batch waits for another's calls; made anew after a fork, which keeps none."""
    known: tuple[int, int, ThreadPoolExecutor] | None = getattr(_pools, "known", None)
    if known is None or known[0] != os.getpid() or known[1] < workers:
        size = max(workers, settings.ENGINE_BATCH_SIZE)
        known = _pools.known = (os.getpid(), size, ThreadPoolExecutor(max_workers=size))
    return known[2]


def _looker(client: UnipileClient) -> Callable[[Job], Findings]:
    def look(job: Job) -> Findings:
        try:
            return action_for(job.step.kind).look(job, client)
        except ProviderError as problem:
            return Findings(problem=problem)
        except STRANGE as problem:
            log.exception("The look before %s of %s stumbled", job.step, job.enrollment.pk)
            return Findings(problem=ours(Verdict.INVALID, problem))

    return look


def _caller(client: UnipileClient, began: float) -> Callable[[Job], Result]:
    """`began` is when confirming began: a process that stood still at any time since must not call any more."""

    def call(job: Job) -> Result:
        if stopwatch() - began > CALL_WITHIN:
            stood_still = "The process stood still between confirming and calling."
            return ProviderError(Verdict.UNKNOWN, type=OURS, title=stood_still)
        try:
            return action_for(job.step.kind).call(job, client)
        except ProviderError as problem:
            return problem
        except STRANGE as problem:
            log.exception("%s of %s stumbled", job.step, job.enrollment.pk)
            return ours(Verdict.UNKNOWN, problem)

    return call


# --- Confirm --------------------------------------------------------------------------------------------


def _confirm_all(looked: list[Looked], at: datetime) -> list[Job]:
    """Take in what the looks found, then give every step its last check. Returns those that may be called."""
    twins = {each.job.dispatch.pk: _take_in(each, at) for each in looked}
    with transaction.atomic():
        go_through()
        around = _last_look([each.job for each in looked])
        willing = [
            each.job
            for each in sorted(looked, key=_lock_order)
            if _is_willing(each, twins[each.job.dispatch.pk], around, at)
        ]
        confirmed = confirm_all([job.dispatch for job in willing], around.accounts, at=at)
        return [job for job in willing if job.dispatch.pk in confirmed]


def _lock_order(looked: Looked) -> UUID:
    """Enrollments are locked in the order of their keys, as inbound news locks them."""
    return looked.job.enrollment.pk


@dataclass(frozen=True, slots=True)
class LastLook:
    """Everything that may have changed since the gate, read afresh and for all steps at once."""

    engine_on: bool
    walks: Mapping[UUID, Enrollment]  # locked
    campaigns: Mapping[UUID, Campaign]
    leads: Mapping[UUID, Lead]
    accounts: Mapping[UUID, Account]  # locked, with client
    suppressed_by: Mapping[UUID, str]  # by lead
    said: Mapping[tuple[UUID, UUID], list[Message]]  # by account and lead: what no dispatch of ours knows


def _last_look(jobs: Sequence[Job]) -> LastLook:
    """Leads and campaigns are read once the walks are locked: what a lock had to wait for is seen then."""
    walks = Enrollment.objects.filter(pk__in=[job.enrollment.pk for job in jobs]).order_by("pk")
    locked = {walk.pk: walk for walk in walks.select_for_update()}
    accounts = Account.objects.filter(pk__in=[job.dispatch.account_id for job in jobs]).order_by("pk")
    leads = Lead.objects.in_bulk([walk.lead_id for walk in locked.values()])
    return LastLook(
        engine_on=engine_is_on(),
        walks=locked,
        campaigns=Campaign.objects.in_bulk({walk.campaign_id for walk in locked.values()}),
        leads=leads,
        accounts={
            each.pk: each for each in accounts.select_for_update(of=("self",), no_key=True).select_related("client")
        },
        suppressed_by={lead.pk: str(entry) for lead, entry in with_suppressions(leads.values()) if entry},
        said=_said_by_hand([job for job in jobs if job.dispatch.text and action_for(job.step.kind).writes]),
    )


def _said_by_hand(jobs: Sequence[Job]) -> Mapping[tuple[UUID, UUID], list[Message]]:
    """What went to these leads from these accounts without a dispatch of ours."""
    found: dict[tuple[UUID, UUID], list[Message]] = defaultdict(list)
    if jobs:
        unknown = Message.objects.filter(direction=Message.Direction.OUTBOUND, dispatch__isnull=True)
        rows = unknown.filter(
            account__in=[job.dispatch.account_id for job in jobs], conversation__lead__in=[job.lead.pk for job in jobs]
        )
        for message in rows.select_related("conversation"):
            if message.conversation.lead_id is not None:
                found[message.account_id, message.conversation.lead_id].append(message)
    return found


def _take_in(looked: Looked, at: datetime) -> Lead | None:
    """What a look finds is news like any other: an answer stops the sequence, a connection moves it on.

    The lead's provider id is learned first, so that the news finds its lead. Returns the other lead that is this
    very person, if there is one.
    """
    job, profile = looked.job, looked.findings.profile
    if profile and (twin := recognise(job.lead, profile.as_person(), at=at, actor=Actor.ENGINE)):
        return twin
    for event in looked.findings.messages:
        hand_on(event, account=job.account, at=at, actor=Actor.ENGINE)
    if profile and profile.is_connected and not job.connected:
        job.dispatch.person = profile.provider_id
        note_relation(job, at=at)
    return None


def _is_willing(looked: Looked, twin: Lead | None, around: LastLook, at: datetime) -> bool:
    """The last word on one step, under the lock of its enrollment; what may not go on is cancelled here."""
    job, findings = looked.job, looked.findings
    if findings.problem:
        record_failure(job, findings.problem, at=at, called=False)
    elif twin is not None:
        record_cancelled(job, f"This is the same person as the lead {twin} ({twin.pk}).", at=at, twin=True)
    elif objection := _objection(job, around, at):
        record_cancelled(job, objection, at=at)
    elif words := _stands_already(job, around):
        record_already_done(job, Findings(nothing_to_do=words), at=at)
    elif findings.already_done or findings.nothing_to_do:
        record_already_done(job, findings, at=at)
    else:
        job.dispatch.data = {**job.dispatch.data, **findings.data}
        job.dispatch.person = job.lead.provider_id
        job.dispatch.provider_chat_id = findings.chat_id or job.dispatch.provider_chat_id
        return True
    return False


def _stands_already(job: Job, around: LastLook) -> str:
    """Whether these very words went to this lead from this account since the walk began, and no step of ours knows.

    The owner was faster by hand, or a restored backup has forgotten the sending: never twice, either way.
    """
    since = job.enrollment.started_at or job.enrollment.enrolled_at
    said = around.said.get((job.dispatch.account_id, job.lead.pk), ())
    stands = any(each.sent_at >= since and same_words(job.dispatch.text, each.text) for each in said)
    return "stands in the chat already" if stands else ""


def _objection(job: Job, around: LastLook, at: datetime) -> str:
    """What has happened since the gate let the step through, or "". Laws 2 to 5 hang on this look."""
    walk = around.walks[job.enrollment.pk]
    if walk.state != Enrollment.State.ACTIVE:
        return f"The lead is {walk.get_state_display().lower()} in this campaign."
    if not around.engine_on:
        return "The engine was stopped."
    if ending.has_begun():
        return "The worker was asked to end."
    if walk.resting_until and walk.resting_until > at:
        return f"The lead is out of office until {walk.resting_until:%d %b %Y}."
    lead, campaign = around.leads[walk.lead_id], around.campaigns[walk.campaign_id]
    if lead.replied_at and not (campaign.contact_after_reply and not walk.replied_at):
        return "The lead has answered."
    if entry := around.suppressed_by.get(walk.lead_id):
        return f"Do not contact: {entry}."
    return _about_the_account(job, around.accounts[job.dispatch.account_id], at) or _about_the_campaign(
        campaign, lead, at
    )


def _about_the_account(job: Job, account: Account, at: datetime) -> str:
    if account.client.paused_at or account.paused_at:
        return "The client or the account was paused."
    if account.unreconciled_since:
        return "A backup was restored: the account is compared with the provider first."
    if account.status != Account.Status.OK:
        return f"The account is {account.get_status_display().lower()}."
    if job.dispatch.usage and job.dispatch.usage.day != local_day(account, at):
        return "The day on which the step was counted is over."
    return ""


def _about_the_campaign(campaign: Campaign, lead: Lead, at: datetime) -> str:
    if campaign.status != Campaign.Status.ACTIVE:
        return f"The campaign is {campaign.get_status_display().lower()}."
    return "" if hours_for(campaign, lead).is_open(at) else "Outside working hours."


# --- Record ---------------------------------------------------------------------------------------------


def _record_all(results: list[tuple[Job, Result]], at: datetime) -> None:
    outcomes = [(job, result) for job, result in results if isinstance(result, Outcome)]
    sent = {job: outcome for job, outcome in outcomes if outcome.state == Dispatch.State.SENT}
    with transaction.atomic():
        record_sent_together(sent, at=at)
        for job, result in results:
            if isinstance(result, ProviderError):
                record_failure(job, result, at=at, called=True)
            elif job not in sent:
                record_outcome(job, result, at=at)
        passing("inside_record")
