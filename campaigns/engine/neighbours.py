"""The guards as the gate asks them: who else writes to these people, or to their colleagues. See campaigns/guarding.py.

Read once for a whole batch of walks; each walk is then judged by what its own campaign has switched on.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, OuterRef
from django.db.models.functions import Lower

from campaigns.guarding import ONE_DAY, TALKED_WITHIN, has_begun, is_untouched
from campaigns.models import Campaign, Enrollment, StepExecution
from campaigns.planning.decisions import Because, Reason
from inbox.models import Conversation
from leads.models import Lead

Company = tuple[UUID, str]  # client and key


@dataclass(frozen=True, slots=True)
class OtherWalk:
    """An open walk of one of these people, or of a lead with the same e-mail address."""

    pk: UUID
    client_id: UUID
    lead_id: UUID
    campaign_id: UUID
    campaign_name: str
    campaign_status: str
    account_id: UUID
    account_name: str
    enrolled_at: datetime
    has_begun: bool


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What was read; empty where no campaign asks for it."""

    walks: Mapping[UUID, list[OtherWalk]]  # by lead, the earliest first
    people: Mapping[UUID, frozenset[UUID]]  # by lead: the leads that are the same person, itself included
    talks: Mapping[UUID, list[tuple[UUID, str, datetime]]]  # by lead: account, its name, last message
    sent: Mapping[UUID, list[tuple[UUID, str, datetime]]]  # by lead: campaign, its name, moment; the latest first
    begun: Mapping[Company, int]  # leads who are being written to
    answered: Mapping[Company, list[tuple[UUID, str, datetime]]]  # lead, its name, moment; the latest first


def guards_for(walks: Sequence[Enrollment], *, at: datetime) -> Mapping[UUID, tuple[Reason, ...]]:
    """What stands against the next step of each walk, by its key; a fixed number of queries for any number of walks."""
    around = _neighbours(walks, at)
    return {walk.pk: tuple(_guards(walk, around, at)) for walk in walks}


def _guards(walk: Enrollment, around: Neighbours, at: datetime) -> Iterator[Reason]:
    campaign, lead = walk.campaign, walk.lead
    if campaign.colleague_pause_days and (answered := _colleague_answered(campaign, lead, around, at)):
        yield answered
    if campaign.one_campaign_at_a_time and (other := next(_walks_elsewhere(walk, around), None)):
        yield Reason(Because.OTHER_CAMPAIGN, detail=other.campaign_name)
    if not is_untouched(walk):
        return
    if campaign.one_sender_at_a_time and (talking := _talks_with(walk, around)):
        yield Reason(Because.OTHER_SENDER, detail=talking)
    if campaign.company_limit and (busy := _company_busy(campaign, lead, around)):
        yield busy
    if campaign.not_again_within_days and (recent := _written_to_lately(campaign, lead, around, at)):
        yield recent


def _colleague_answered(campaign: Campaign, lead: Lead, around: Neighbours, at: datetime) -> Reason | None:
    pause = ONE_DAY * campaign.colleague_pause_days
    for other, name, moment in around.answered.get(_company(lead), ()):
        if other != lead.pk and moment > at - pause:
            return Reason(Because.COLLEAGUE_REPLIED, moment + pause, detail=name)
    return None


def _walks_elsewhere(walk: Enrollment, around: Neighbours) -> Iterator[OtherWalk]:
    """Other walks of this person in running campaigns that go first."""
    mine = (walk.enrolled_at, walk.pk)
    for other in _walks_of(walk, around):
        if other.campaign_id == walk.campaign_id or other.campaign_status != Campaign.Status.ACTIVE:
            continue
        is_earlier = (other.enrolled_at, other.pk) < mine
        if (other.has_begun or is_earlier) if is_untouched(walk) else (other.has_begun and is_earlier):
            yield other


def _walks_of(walk: Enrollment, around: Neighbours) -> list[OtherWalk]:
    people = around.people.get(walk.lead_id, frozenset({walk.lead_id}))
    found = [other for person in people for other in around.walks.get(person, ()) if other.client_id == walk.client_id]
    return sorted(found, key=lambda other: (other.enrolled_at, other.pk))


def _talks_with(walk: Enrollment, around: Neighbours) -> str:
    """The other sender of the client who talks with this person, or whose walk with them has begun; or ""."""
    for account, name, moment in around.talks.get(walk.lead_id, ()):
        if account != walk.account_id:
            return f"{name}, since {moment:%d %b}"
    for other in around.walks.get(walk.lead_id, ()):
        if other.has_begun and other.account_id != walk.account_id:
            return other.account_name
    return ""


def _company_busy(campaign: Campaign, lead: Lead, around: Neighbours) -> Reason | None:
    count = around.begun.get(_company(lead), 0)
    if any(other.has_begun for other in around.walks.get(lead.pk, ())):
        count -= 1  # the lead itself
    if campaign.company_limit is None or count < campaign.company_limit:
        return None
    detail = f"{count} of {lead.company.strip()}, the limit is {campaign.company_limit}"
    return Reason(Because.COMPANY_BUSY, detail=detail)


def _written_to_lately(campaign: Campaign, lead: Lead, around: Neighbours, at: datetime) -> Reason | None:
    pause = ONE_DAY * campaign.not_again_within_days
    for elsewhere, name, moment in around.sent.get(lead.pk, ()):
        if elsewhere != campaign.pk and moment > at - pause:
            return Reason(Because.CONTACTED_RECENTLY, moment + pause, detail=f"{name} on {moment:%d %b}")
    return None


def _company(lead: Lead) -> Company:
    return lead.client_id, lead.company_key


# --- What is read ---------------------------------------------------------------------------------------


def _neighbours(walks: Sequence[Enrollment], at: datetime) -> Neighbours:
    new = [walk for walk in walks if is_untouched(walk)]
    elsewhere = [walk for walk in walks if walk.campaign.one_campaign_at_a_time]
    with_sender = [walk for walk in new if walk.campaign.one_sender_at_a_time]
    limited = [walk for walk in new if walk.campaign.company_limit and walk.lead.company_key]
    lately = [walk for walk in new if walk.campaign.not_again_within_days]
    pausing = [walk for walk in walks if walk.campaign.colleague_pause_days and walk.lead.company_key]
    people = _same_people([walk.lead for walk in elsewhere])
    concerned = {walk.lead_id for walk in (*elsewhere, *with_sender, *limited)}
    return Neighbours(
        walks=_open_walks(concerned.union(*people.values())),
        people=people,
        talks=_talks([walk.lead_id for walk in with_sender], at),
        sent=_sent(
            [walk.lead_id for walk in lately],
            since=at - _longest(walk.campaign.not_again_within_days for walk in lately),
        ),
        begun=_begun([walk.lead for walk in limited]),
        answered=_answered(
            [walk.lead for walk in pausing],
            since=at - _longest(walk.campaign.colleague_pause_days for walk in pausing),
        ),
    )


def _longest(days: Iterable[int]) -> timedelta:
    return ONE_DAY * max(days, default=0)


def _same_people(leads: Sequence[Lead]) -> Mapping[UUID, frozenset[UUID]]:
    """A lead with the same e-mail address is the same person under another name of LinkedIn."""
    addresses = {lead.email.lower() for lead in leads if lead.email}
    found: dict[tuple[UUID, str], set[UUID]] = defaultdict(set)
    if addresses:
        rows = Lead.objects.filter(client__in={lead.client_id for lead in leads}).annotate(address=Lower("email"))
        alike = rows.filter(address__in=addresses).order_by()
        for pk, client, address in alike.values_list("pk", "client_id", "address"):
            found[client, address].add(pk)
    return {lead.pk: frozenset({lead.pk} | found.get((lead.client_id, lead.email.lower()), set())) for lead in leads}


def _open_walks(leads: Iterable[UUID]) -> Mapping[UUID, list[OtherWalk]]:
    flying = StepExecution.objects.filter(enrollment=OuterRef("pk"), outcome__in=("in_flight", "unknown"))
    rows = Enrollment.objects.open().filter(lead__in=list(leads)).annotate(flying=Exists(flying))
    found: dict[UUID, list[OtherWalk]] = defaultdict(list)
    columns = ("pk", "client_id", "lead_id", "campaign_id", "campaign__name", "campaign__status", "account_id")
    told: Iterable[Any] = rows.order_by("enrolled_at", "pk").values_list(
        *columns, "account__name", "enrolled_at", "last_sent_at", "flying"
    )
    for *known, last_sent_at, is_flying in told:
        begun: bool = last_sent_at is not None or is_flying
        walk = OtherWalk(*(*known, begun))
        found[walk.lead_id].append(walk)
    return found


def _talks(leads: Sequence[UUID], at: datetime) -> Mapping[UUID, list[tuple[UUID, str, datetime]]]:
    found: dict[UUID, list[tuple[UUID, str, datetime]]] = defaultdict(list)
    if leads:
        rows = Conversation.objects.filter(lead__in=leads, last_message_at__gte=at - TALKED_WITHIN)
        columns = ("lead_id", "account_id", "account__name", "last_message_at")
        for lead, account, name, moment in rows.order_by("-last_message_at").values_list(*columns):
            found[lead].append((account, name, moment))
    return found


def _sent(leads: Sequence[UUID], *, since: datetime) -> Mapping[UUID, list[tuple[UUID, str, datetime]]]:
    """Who was moved on from another campaign goes on in this one: what was sent there is part of the same walk."""
    found: dict[UUID, list[tuple[UUID, str, datetime]]] = defaultdict(list)
    if leads:
        rows = StepExecution.objects.filter(outcome=StepExecution.Outcome.SENT, dispatch__called_at__gt=since)
        columns = ("enrollment__lead_id", "enrollment__campaign_id", "enrollment__campaign__name")
        rows = rows.exclude(enrollment__exit_reason=Enrollment.ExitReason.MOVED)
        latest_first = rows.filter(enrollment__lead__in=leads).order_by("-dispatch__called_at")
        told: Iterable[tuple[Any, ...]] = latest_first.values_list(*columns, "dispatch__called_at")
        for lead, campaign, name, moment in told:
            found[lead].append((campaign, name, moment))
    return found


def _begun(leads: Sequence[Lead]) -> Mapping[Company, int]:
    if not leads:
        return {}
    walks = Enrollment.objects.open().filter(
        has_begun(),
        client__in={lead.client_id for lead in leads},
        lead__company_key__in={lead.company_key for lead in leads},
    )
    counted = walks.order_by().values_list("client_id", "lead__company_key").annotate(Count("lead", distinct=True))
    return {(client, company): count for client, company, count in counted}


def _answered(leads: Sequence[Lead], *, since: datetime) -> Mapping[Company, list[tuple[UUID, str, datetime]]]:
    found: dict[Company, list[tuple[UUID, str, datetime]]] = defaultdict(list)
    if leads:
        rows = Lead.objects.filter(
            client__in={lead.client_id for lead in leads},
            company_key__in={lead.company_key for lead in leads},
            replied_at__gt=since,
        )
        for lead in rows.order_by("-replied_at"):
            if lead.replied_at is not None:
                found[_company(lead)].append((lead.pk, str(lead), lead.replied_at))
    return found
