"""Guards: reasons not to write to somebody who is being written to already, or whose colleagues are.

They stand at enrolment, where they refuse, and again in the gate, where they make a lead wait. In the gate those about
other campaigns, other senders and the company concern only the first step of a walk: who has been written to is not
left hanging in the middle. A colleague's answer concerns every step.

Two walks never wait for each other: an untouched walk waits only for one that has begun, or that was enrolled earlier.
The limit for a company is a courtesy: two accounts that act in the same instant may pass it by one.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Exists, Max, OuterRef, Q
from django.db.models.functions import Lower

from campaigns.engine.beginning import is_new
from campaigns.models import Campaign, Enrollment, StepExecution
from campaigns.planning.decisions import Because, Reason
from campaigns.querysets import EnrollmentQuerySet
from inbox.models import Conversation
from leads.models import Lead
from outreach.clients.querysets import ClientOwnedQuerySet

ONE_DAY = timedelta(days=1)
# A conversation that has been silent for longer is nobody's present one.
TALKED_WITHIN = timedelta(days=30)
BATCH = 500


def guards_against(enrollment: Enrollment, *, at: datetime) -> tuple[Reason, ...]:
    """What stands against the next step of this walk; asks only what its campaign has switched on."""
    return tuple(_guards(enrollment, enrollment.campaign, enrollment.lead, at))


def _guards(enrollment: Enrollment, campaign: Campaign, lead: Lead, at: datetime) -> Iterator[Reason]:
    if campaign.colleague_pause_days and (answered := _colleague_answered(lead, campaign, at)):
        yield answered
    if not is_untouched(enrollment):
        return
    if campaign.one_campaign_at_a_time and (other := _walks_elsewhere(enrollment, lead).first()):
        yield Reason(Because.OTHER_CAMPAIGN, detail=str(other.campaign))
    if campaign.one_sender_at_a_time and (talking := _talks_with(enrollment, lead, at)):
        yield Reason(Because.OTHER_SENDER, detail=talking)
    if campaign.company_limit and (busy := _company_busy(campaign, lead)):
        yield busy
    if campaign.not_again_within_days and (recent := _written_to_lately(campaign, lead, at)):
        yield recent


def is_untouched(enrollment: Enrollment) -> bool:
    return is_new(enrollment) and enrollment.invited_at is None


def _begun() -> Q:
    """Walks in which something has reached the lead, or is on its way."""
    flying = StepExecution.objects.filter(enrollment=OuterRef("pk"), outcome__in=("in_flight", "unknown"))
    return Q(last_sent_at__isnull=False) | Q(Exists(flying))


def _same_person(lead: Lead) -> Q:
    """A lead with the same e-mail address is the same person under another name of LinkedIn."""
    return Q(lead=lead.pk) | (Q(lead__email__iexact=lead.email) if lead.email else Q())


def _walks_elsewhere(enrollment: Enrollment, lead: Lead) -> EnrollmentQuerySet:
    """Other walks of this person in running campaigns that go first."""
    others = Enrollment.objects.of(enrollment.client_id).open().filter(_same_person(lead))
    others = others.filter(campaign__status=Campaign.Status.ACTIVE).exclude(campaign=enrollment.campaign_id)
    earlier = Q(enrolled_at__lt=enrollment.enrolled_at) | Q(enrolled_at=enrollment.enrolled_at, pk__lt=enrollment.pk)
    return others.filter(_begun() | earlier).select_related("campaign").order_by("enrolled_at")


def _talks_with(enrollment: Enrollment, lead: Lead, at: datetime) -> str:
    """The other sender of the client who talks with this person, or whose walk with them has begun; or ""."""
    chats = Conversation.objects.of(enrollment.client_id).filter(lead=lead, last_message_at__gte=at - TALKED_WITHIN)
    chat = chats.exclude(account=enrollment.account_id).select_related("account").first()
    if chat is not None:
        return f"{chat.account}, since {chat.last_message_at:%d %b}"
    walks = Enrollment.objects.of(enrollment.client_id).open().filter(_begun(), lead=lead)
    walk = walks.exclude(account=enrollment.account_id).select_related("account").first()
    return str(walk.account) if walk else ""


def _company_busy(campaign: Campaign, lead: Lead) -> Reason | None:
    company = lead.company.strip()
    if not company:
        return None
    walks = Enrollment.objects.of(campaign.client_id).open().filter(_begun(), lead__company__iexact=company)
    count = walks.exclude(lead=lead.pk).values("lead").distinct().count()
    if campaign.company_limit is None or count < campaign.company_limit:
        return None
    return Reason(Because.COMPANY_BUSY, detail=f"{count} of {company}, the limit is {campaign.company_limit}")


def _colleague_answered(lead: Lead, campaign: Campaign, at: datetime) -> Reason | None:
    company = lead.company.strip()
    pause = ONE_DAY * campaign.colleague_pause_days
    if not company:
        return None
    colleagues = Lead.objects.of(campaign.client_id).filter(company__iexact=company, replied_at__gt=at - pause)
    last = colleagues.exclude(pk=lead.pk).order_by("-replied_at").first()
    if last is None or last.replied_at is None:
        return None
    return Reason(Because.COLLEAGUE_REPLIED, last.replied_at + pause, detail=str(last))


def _written_to_lately(campaign: Campaign, lead: Lead, at: datetime) -> Reason | None:
    pause = ONE_DAY * campaign.not_again_within_days
    sent = _sent_elsewhere(campaign, [lead.pk], at - pause)
    last = sent.aggregate(last=Max("dispatch__called_at"))["last"]
    return Reason(Because.CONTACTED_RECENTLY, last + pause) if last else None


def _sent_elsewhere(campaign: Campaign, leads: Iterable[UUID], since: datetime) -> ClientOwnedQuerySet[StepExecution]:
    sent = StepExecution.objects.filter(outcome=StepExecution.Outcome.SENT, dispatch__called_at__gt=since)
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
    others = chats.exclude(account__sender__campaigns=campaign).select_related("account")
    return {chat.lead_id: Reason(Because.OTHER_SENDER, detail=str(chat.account)) for chat in others if chat.lead_id}


def _lately(campaign: Campaign, leads: list[Lead], at: datetime) -> Mapping[UUID, Reason]:
    if not campaign.not_again_within_days:
        return {}
    pause = ONE_DAY * campaign.not_again_within_days
    sent = _sent_elsewhere(campaign, [lead.pk for lead in leads], at - pause).order_by()
    last = sent.values_list("enrollment__lead").annotate(last=Max("dispatch__called_at"))
    return {lead: Reason(Because.CONTACTED_RECENTLY, moment + pause) for lead, moment in last}
