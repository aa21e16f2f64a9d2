"""One batch through the moves: reserve → look → confirm → call → record.

Only `look` and `call` touch the network, and they touch no row. Between every two moves the process may die:
what was not confirmed surely never left, what was confirmed and not recorded is settled by asking the provider.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from django.db import transaction

from campaigns.actions.contract import Findings, Job
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
)
from campaigns.engine.turnstile import go_through
from campaigns.inbound import recognise
from campaigns.models import Campaign, Enrollment
from campaigns.stopping import engine_is_on
from inbox.ingesting import same_words
from inbox.models import Message
from integrations.allowances import local_day
from integrations.dispatching import Outcome, confirm
from integrations.errors import ProviderError, Verdict
from integrations.models import Account
from integrations.receiving import hand_on
from integrations.unipile.client import UnipileClient
from leads.models import Lead
from leads.suppressing import suppression_of
from outreach.clock import stopwatch
from outreach.events.recording import Actor
from outreach.milestones import passing
from outreach.running import ending

Clock = Callable[[], datetime]
Result = Outcome | ProviderError
In = TypeVar("In")
Out = TypeVar("Out")

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
    internal = carry_out_internal_steps(at=now())
    if not jobs:
        return internal
    workers = at_once or len(jobs)
    looked = [Looked(job, found) for job, found in zip(jobs, _each(jobs, _looker(client), workers), strict=True)]
    passing("after_preflight")
    confirmed = _confirm_all(looked, now())
    passing("after_confirm")
    results = _each(confirmed, _caller(client), workers)
    passing("after_call")
    _record_all(list(zip(confirmed, results, strict=True)), now())
    passing("after_record")
    return len(jobs) + internal


def _each(items: Sequence[In], do: Callable[[In], Out], workers: int) -> list[Out]:
    """`do` for every item, with at most `workers` at once; in order, and in this thread when one is enough."""
    if workers == 1 or len(items) < 2:
        return [do(item) for item in items]
    with ThreadPoolExecutor(max_workers=workers) as pool:
        return list(pool.map(do, items))


def _looker(client: UnipileClient) -> Callable[[Job], Findings]:
    def look(job: Job) -> Findings:
        try:
            return action_for(job.step.kind).look(job, client)
        except ProviderError as problem:
            return Findings(problem=problem)

    return look


def _caller(client: UnipileClient) -> Callable[[Job], Result]:
    confirmed_at = stopwatch()

    def call(job: Job) -> Result:
        if stopwatch() - confirmed_at > CALL_WITHIN:
            return ProviderError(Verdict.UNKNOWN, title="The process stood still between confirming and calling.")
        try:
            return action_for(job.step.kind).call(job, client)
        except ProviderError as problem:
            return problem

    return call


# --- Confirm --------------------------------------------------------------------------------------------


def _confirm_all(looked: list[Looked], at: datetime) -> list[Job]:
    """Take in what the looks found, then give every step its last check. Returns those that may be called."""
    twins = {each.job.dispatch.pk: _take_in(each, at) for each in looked}
    with transaction.atomic():
        go_through()
        in_order = sorted(looked, key=_lock_order)
        return [each.job for each in in_order if _confirmed(each, twins[each.job.dispatch.pk], at)]


def _lock_order(looked: Looked) -> UUID:
    """Enrollments are locked in the order of their keys, as inbound news locks them."""
    return looked.job.enrollment.pk


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


def _confirmed(looked: Looked, twin: Lead | None, at: datetime) -> bool:
    """The last word on one step, under the lock of its enrollment; what may not go on is cancelled here."""
    job, findings = looked.job, looked.findings
    rows = Enrollment.objects.select_for_update(of=("self",)).select_related("campaign", "lead")
    enrollment = rows.get(pk=job.enrollment.pk)
    if findings.problem:
        record_failure(job, findings.problem, at=at, called=False)
    elif twin is not None:
        record_cancelled(job, f"This is the same person as the lead {twin} ({twin.pk}).", at=at, twin=True)
    elif objection := _objection(job, enrollment, at):
        record_cancelled(job, objection, at=at)
    elif words := _stands_already(job):
        record_already_done(job, Findings(nothing_to_do=words), at=at)
    elif findings.already_done or findings.nothing_to_do:
        record_already_done(job, findings, at=at)
    else:
        job.dispatch.data = {**job.dispatch.data, **findings.data}
        job.dispatch.person = job.lead.provider_id
        job.dispatch.provider_chat_id = findings.chat_id or job.dispatch.provider_chat_id
        return confirm(job.dispatch, at=at)
    return False


def _stands_already(job: Job) -> str:
    """Whether these very words went to this lead from this account since the walk began, and no step of ours knows.

    The owner was faster by hand, or a restored backup has forgotten the sending: never twice, either way.
    """
    if not job.dispatch.text or not action_for(job.step.kind).writes:
        return ""
    since = job.enrollment.started_at or job.enrollment.enrolled_at
    unknown = Message.objects.filter(account=job.account, direction=Message.Direction.OUTBOUND, dispatch__isnull=True)
    said = unknown.filter(conversation__lead=job.lead, sent_at__gte=since).values_list("text", flat=True)
    return "stands in the chat already" if any(same_words(job.dispatch.text, text) for text in said) else ""


def _objection(job: Job, enrollment: Enrollment, at: datetime) -> str:
    """What has happened since the gate let the step through, or "". Laws 2 to 5 hang on this look."""
    if enrollment.state != Enrollment.State.ACTIVE:
        return f"The lead is {enrollment.get_state_display().lower()} in this campaign."
    if not engine_is_on():
        return "The engine was stopped."
    if ending.has_begun():
        return "The worker was asked to end."
    if enrollment.resting_until and enrollment.resting_until > at:
        return f"The lead is out of office until {enrollment.resting_until:%d %b %Y}."
    return _about_the_lead(job, enrollment) or _about_the_account(job, at) or _about_the_campaign(enrollment, at)


def _about_the_lead(job: Job, enrollment: Enrollment) -> str:
    lead = Lead.objects.get(pk=job.lead.pk)
    may_write_after_reply = enrollment.campaign.contact_after_reply and not enrollment.replied_at
    if lead.replied_at and not may_write_after_reply:
        return "The lead has answered."
    entry = suppression_of(lead)
    return f"Do not contact: {entry}." if entry else ""


def _about_the_account(job: Job, at: datetime) -> str:
    account = Account.objects.select_related("client").get(pk=job.account.pk)
    if account.client.paused_at or account.paused_at:
        return "The client or the account was paused."
    if account.unreconciled_since:
        return "A backup was restored: the account is compared with the provider first."
    if account.status != Account.Status.OK:
        return f"The account is {account.get_status_display().lower()}."
    if job.dispatch.usage and job.dispatch.usage.day != local_day(account, at):
        return "The day on which the step was counted is over."
    return ""


def _about_the_campaign(enrollment: Enrollment, at: datetime) -> str:
    campaign = enrollment.campaign
    if campaign.status != Campaign.Status.ACTIVE:
        return f"The campaign is {campaign.get_status_display().lower()}."
    return "" if hours_for(campaign, enrollment.lead).is_open(at) else "Outside working hours."


# --- Record ---------------------------------------------------------------------------------------------


def _record_all(results: list[tuple[Job, Result]], at: datetime) -> None:
    with transaction.atomic():
        for job, result in results:
            if isinstance(result, ProviderError):
                record_failure(job, result, at=at, called=True)
            else:
                record_outcome(job, result, at=at)
        passing("inside_record")
