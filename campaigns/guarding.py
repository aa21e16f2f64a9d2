"""Guards: reasons not to write to somebody who is being written to already, or whose colleagues are.

They stand at enrolment, here, where they refuse, or tell that the lead will wait its turn; and again in the gate
(engine/neighbours.py), where they make a lead wait. In the gate those about other senders, the company and former
messages concern only the first thing that reaches the lead: who has been written to is not left hanging in the
middle. A colleague's answer, and another campaign that was there before, concern every step.

Two walks never wait for each other: an untouched walk waits only for one that has begun, or that was enrolled earlier;
one that has begun only for one that has begun and was enrolled earlier. Companies are compared without their spelling.
The limit for a company is a courtesy: two accounts that act in the same instant may pass it by one.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q
from django.db.models.functions import Lower

from campaigns.engine.beginning import is_new
from campaigns.models import Campaign, Enrollment, StepExecution
from campaigns.planning.decisions import Because, Reason
from inbox.models import Conversation
from leads.models import Lead
from outreach.clients.querysets import ClientOwnedQuerySet

ONE_DAY = timedelta(days=1)
# A conversation that has been silent for longer is nobody's present one.
TALKED_WITHIN = timedelta(days=30)
BATCH = 500


def is_untouched(enrollment: Enrollment) -> bool:
    return is_new(enrollment) and enrollment.invited_at is None


def has_begun() -> Q:
    """Walks in which something has reached the lead, or is on its way."""
    flying = StepExecution.objects.filter(enrollment=OuterRef("pk"), outcome__in=("in_flight", "unknown"))
    return Q(last_sent_at__isnull=False) | Q(Exists(flying))


def _told(count: int, lead: Lead, campaign: Campaign) -> str:
    return f"{count} of {lead.company.strip()}, the limit is {campaign.company_limit}"


def _contacted(last: StepExecution, pause: timedelta) -> Reason | None:
    moment = last.dispatch.called_at if last.dispatch else None
    detail = f"{last.enrollment.campaign} on {moment:%d %b}" if moment else ""
    return Reason(Because.CONTACTED_RECENTLY, moment + pause, detail=detail) if moment else None


def _sent_elsewhere(campaign: Campaign, leads: Iterable[UUID], since: datetime) -> ClientOwnedQuerySet[StepExecution]:
    """Who was moved on from another campaign goes on in this one: what was sent there is part of the same walk."""
    sent = StepExecution.objects.filter(outcome=StepExecution.Outcome.SENT, dispatch__called_at__gt=since)
    sent = sent.exclude(enrollment__exit_reason=Enrollment.ExitReason.MOVED)
    return sent.filter(enrollment__lead__in=leads).exclude(enrollment__campaign=campaign)


# --- At enrolment ---------------------------------------------------------------------------------------


def refusals(campaign: Campaign, leads: list[Lead], *, at: datetime) -> Mapping[UUID, Reason]:
    """Whom the guards keep out of the campaign, and why; a fixed number of queries for each `BATCH` leads."""
    found: dict[UUID, Reason] = {}
    for start in range(0, len(leads), BATCH):
        batch = leads[start : start + BATCH]
        for check in (_lately, _talking, _elsewhere):  # the last one told is the weightiest
            found.update(check(campaign, batch, at))
    return found


def _elsewhere(campaign: Campaign, leads: list[Lead], at: datetime) -> Mapping[UUID, Reason]:
    if not campaign.one_campaign_at_a_time:
        return {}
    emails = defaultdict(set)
    for lead in leads:
        if lead.email:
            emails[lead.email.lower()].add(lead.pk)
    walks = Enrollment.objects.of(campaign.client_id).open().filter(campaign__status=Campaign.Status.ACTIVE)
    walks = walks.exclude(campaign=campaign).select_related("campaign", "lead")
    concerned = walks.annotate(email=Lower("lead__email")).filter(Q(lead__in=leads) | Q(email__in=list(emails)))
    return {
        pk: Reason(Because.OTHER_CAMPAIGN, detail=str(walk.campaign))
        for walk in concerned
        for pk in {walk.lead_id, *emails[walk.lead.email.lower()]}
    }


def _talking(campaign: Campaign, leads: list[Lead], at: datetime) -> Mapping[UUID, Reason]:
    """Somebody who is no sender of this campaign talks with the person: whoever is, is chosen for the lead."""
    if not campaign.one_sender_at_a_time:
        return {}
    chats = Conversation.objects.of(campaign.client_id).filter(lead__in=leads, last_message_at__gte=at - TALKED_WITHIN)
    walks = Enrollment.objects.of(campaign.client_id).open().filter(has_begun(), lead__in=leads)
    others = [
        *walks.exclude(account__sender__campaigns=campaign).select_related("account"),
        *chats.exclude(account__sender__campaigns=campaign).select_related("account"),
    ]
    return {each.lead_id: Reason(Because.OTHER_SENDER, detail=str(each.account)) for each in others if each.lead_id}


def _lately(campaign: Campaign, leads: list[Lead], at: datetime) -> Mapping[UUID, Reason]:
    if not campaign.not_again_within_days:
        return {}
    pause = ONE_DAY * campaign.not_again_within_days
    sent = _sent_elsewhere(campaign, [lead.pk for lead in leads], at - pause).select_related(
        "dispatch", "enrollment__campaign"
    )
    last = {each.enrollment.lead_id: each for each in sent.order_by("dispatch__called_at")}
    return {lead: reason for lead, each in last.items() if (reason := _contacted(each, pause))}


def postponements(campaign: Campaign, leads: list[Lead], *, at: datetime) -> Mapping[UUID, Reason]:
    """Whom the guards let in and will let wait: colleagues come one after the other. Two queries for each `BATCH`."""
    found: dict[UUID, Reason] = {}
    for start in range(0, len(leads), BATCH):
        batch = leads[start : start + BATCH]
        for check in (_company_is_full, _colleague_spoke):  # the last one told is the weightiest
            found.update(check(campaign, batch, at))
    return found


def _company_is_full(campaign: Campaign, leads: list[Lead], at: datetime) -> Mapping[UUID, Reason]:
    if campaign.company_limit is None:
        return {}
    walks = (
        Enrollment.objects.of(campaign.client_id).open().filter(has_begun(), lead__company_key__in=_companies(leads))
    )
    counts = dict(walks.order_by().values_list("lead__company_key").annotate(Count("lead", distinct=True)))
    full = {company for company, count in counts.items() if count >= campaign.company_limit}
    return {
        lead.pk: Reason(Because.COMPANY_BUSY, detail=_told(counts[lead.company_key], lead, campaign))
        for lead in leads
        if lead.company_key in full
    }


def _colleague_spoke(campaign: Campaign, leads: list[Lead], at: datetime) -> Mapping[UUID, Reason]:
    if not campaign.colleague_pause_days:
        return {}
    pause = ONE_DAY * campaign.colleague_pause_days
    answers = Lead.objects.of(campaign.client_id).filter(
        company_key__in=_companies(leads), replied_at__gt=at - pause, replied_at__isnull=False
    )
    last = {lead.company_key: lead for lead in answers.order_by("replied_at")}
    return {
        lead.pk: Reason(Because.COLLEAGUE_REPLIED, other.replied_at + pause, detail=str(other))
        for lead in leads
        if (other := last.get(lead.company_key)) and other.pk != lead.pk and other.replied_at
    }


def _companies(leads: list[Lead]) -> set[str]:
    return {lead.company_key for lead in leads if lead.company_key}
