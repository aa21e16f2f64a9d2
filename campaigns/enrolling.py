"""Leads into campaigns. Who is refused is named, with the reason."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q

from campaigns.calendars import hours_for
from campaigns.editing import sequence_of
from campaigns.engine.walking import start, start_alike, subject_of
from campaigns.guarding import postponements, refusals
from campaigns.models import Campaign, Enrollment, Sequence
from campaigns.planning.decisions import Because, Reason
from campaigns.planning.explaining import sentence as sentence_of
from campaigns.querysets import EnrollmentQuerySet
from inbox.models import Conversation
from integrations.models import Account
from leads.models import Connection, Lead, Suppression
from leads.suppressing import with_suppressions
from outreach.clients.models import User
from outreach.events.kinds import EventKind
from outreach.events.recording import Happening, Subject, operator, record, record_all


@dataclass(frozen=True, slots=True)
class Refusal:
    lead: Lead
    because: str
    detail: str


@dataclass(frozen=True, slots=True)
class EnrollReport:
    """`waiting` are those of the enrolled whom a guard keeps waiting for now, and why."""

    enrolled: int
    refused: tuple[Refusal, ...]
    waiting: tuple[Refusal, ...] = ()


def enroll(*, campaign: Campaign, leads: Iterable[Lead], by: User | None, at: datetime) -> EnrollReport:
    """Put leads into a campaign, each with the sender who has the fewest. Raises ValidationError without a sender.

    In an active campaign their walk begins at once, otherwise when it is activated or resumed; a completed one
    becomes active again. A lead is in a campaign once.
    """
    accounts = accounts_of(campaign)
    if not accounts:
        raise ValidationError(f"{campaign} has no sender with a connected account. Add a sender first.")
    with transaction.atomic():
        campaign = Campaign.objects.select_for_update(of=("self",)).select_related("client").get(pk=campaign.pk)
        enrolled, refused = _sort_out(campaign, list(leads), at)
        waiting = postponements(campaign, enrolled, at=at)
        rows = _rows(campaign, enrolled, accounts, at)
        Enrollment.objects.bulk_create(rows)
        record_all([_started(row, by, at) for row in rows])
        if rows and campaign.status == Campaign.Status.COMPLETED:
            take_up_again(campaign, by=by, at=at)
        if campaign.status == Campaign.Status.ACTIVE:
            start_scheduled(campaign=campaign, at=at, actor=operator(by))
    told = (_told(lead, waiting[lead.pk], campaign, at) for lead in enrolled if lead.pk in waiting)
    return EnrollReport(len(rows), tuple(refused), tuple(told))


def take_up_again(campaign: Campaign, *, by: User | None, at: datetime) -> None:
    """A completed campaign has leads under way again."""
    campaign.status = Campaign.Status.ACTIVE
    campaign.save(update_fields=["status"])
    about = Subject(client_id=campaign.client_id, campaign_id=campaign.pk)
    record(EventKind.CAMPAIGN_RESUMED, at=at, actor=operator(by), subject=about)


def accounts_of(campaign: Campaign) -> list[Account]:
    """The LinkedIn accounts of the campaign's senders."""
    rows = Account.objects.filter(sender__campaigns=campaign, channel=Account.Channel.LINKEDIN)
    return list(rows.exclude(status=Account.Status.DELETED).select_related("sender").order_by("pk"))


def _sort_out(campaign: Campaign, leads: list[Lead], at: datetime) -> tuple[list[Lead], list[Refusal]]:
    guards = refusals(campaign, leads, at=at)
    known = set(Enrollment.objects.filter(campaign=campaign).values_list("lead_id", flat=True))
    fit: list[Lead] = []
    refused: list[Refusal] = []
    for lead, entry in with_suppressions(leads):
        if refusal := _refusal(campaign, lead, known, entry):
            refused.append(refusal)
        elif guard := guards.get(lead.pk):
            refused.append(_told(lead, guard, campaign, at))
        else:
            known.add(lead.pk)
            fit.append(lead)
    return fit, refused


def _told(lead: Lead, guard: Reason, campaign: Campaign, at: datetime) -> Refusal:
    return Refusal(lead, guard.because, sentence_of(guard, zone=campaign.time_zone, at=at))


def _refusal(campaign: Campaign, lead: Lead, known: set[UUID], entry: Suppression | None) -> Refusal | None:
    if lead.client_id != campaign.client_id:
        raise ValidationError(f"{lead.pk} is not a lead of {campaign.client}.")
    if lead.pk in known:
        return Refusal(lead, "already_enrolled", "is in this campaign already")
    if not lead.identifier:
        return Refusal(lead, Because.NO_IDENTIFIER, "has no LinkedIn address")
    if lead.replied_at and not campaign.contact_after_reply:
        return Refusal(lead, Because.REPLIED, f"answered on {lead.replied_at:%d %b %Y}")
    if entry:
        return Refusal(lead, Because.SUPPRESSED, f"is not to be contacted: {entry}")
    return None


def _rows(campaign: Campaign, leads: list[Lead], accounts: list[Account], at: datetime) -> list[Enrollment]:
    sequence, choose = sequence_of(campaign), lightest(accounts, knowing=leads)
    return [
        Enrollment(
            client_id=campaign.client_id,
            campaign=campaign,
            lead=lead,
            sequence=sequence,
            account=choose(lead),
            enrolled_at=at,
        )
        for lead in leads
    ]


def lightest(accounts: list[Account], *, knowing: Iterable[Lead] = ()) -> Callable[[Lead], Account]:
    """Chooses an account for one lead after the other: one that knows the lead, else the one with the least to do.

    The load of an account is its open walks against the invitations it may send in a day. One that cannot act is
    given nothing as long as another can, but for the leads who know it: nobody else can go on there.
    """
    open_rows = Enrollment.objects.open().filter(account__in=accounts).order_by().values_list("account_id")
    load = Counter(dict(open_rows.annotate(Count("pk"))))
    able = [account for account in accounts if account.status == Account.Status.OK and not account.paused_at]
    known = _acquaintances(accounts, knowing)
    by_id = {account.pk: account for account in accounts}

    def choose(lead: Lead) -> Account:
        acquainted = [by_id[pk] for pk in known.get(lead.pk, ())]
        pool = [each for each in acquainted if each in able] or acquainted or able or accounts
        chosen = min(pool, key=lambda each: load[each.pk] / max(1, each.invitations_per_day))
        load[chosen.pk] += 1
        return chosen

    return choose


def _acquaintances(accounts: list[Account], leads: Iterable[Lead]) -> Mapping[UUID, set[UUID]]:
    """The accounts that are connected with a lead, talk with them, or have invited them."""
    keys = [lead.pk for lead in leads]
    found: defaultdict[UUID, set[UUID]] = defaultdict(set)
    walks = Enrollment.objects.open().filter(last_sent_at__isnull=False)
    for known in (Connection.objects.all(), Conversation.objects.all(), walks):
        for first in range(0, len(keys), 500):
            rows = known.filter(account__in=accounts, lead__in=keys[first : first + 500])
            for lead, account in rows.order_by().values_list("lead", "account"):
                found[lead].add(account)
    return found


def _started(row: Enrollment, by: User | None, at: datetime) -> Happening:
    data = {"sequence": row.sequence.version, "sender": row.account.sender.name}
    return Happening(EventKind.ENROLLMENT_STARTED, at, operator(by), subject_of(row), data)


def start_scheduled(*, campaign: Campaign, at: datetime, actor: str) -> int:
    """Begin the walks that wait for the campaign. Returns how many.

    Leads who are connected already, or keep hours of their own, begin one by one; all others have the same
    first appointment, which is one statement however many they are.
    """
    waiting = Enrollment.objects.filter(campaign=campaign, state=Enrollment.State.SCHEDULED)
    versions = Sequence.objects.filter(pk__in=waiting.order_by().values("sequence"))
    return sum(_start(waiting.filter(sequence=each), each, campaign, at, actor) for each in versions)


def _start(waiting: EnrollmentQuerySet, sequence: Sequence, campaign: Campaign, at: datetime, actor: str) -> int:
    """Begin walks of one version of the steps."""
    steps = list(sequence.steps.order_by("position"))
    hours = campaign.hours()
    connection = Connection.objects.filter(account=OuterRef("account"), lead=OuterRef("lead"))
    special = Q(Exists(connection))
    if campaign.use_lead_time_zone:
        special |= ~Q(lead__time_zone="")
    alone = list(waiting.filter(special).select_related("lead").select_for_update(of=("self",)).order_by("pk"))
    for row in alone:
        start(row, steps=steps, hours=hours_for(campaign, row.lead), at=at, actor=actor)
    return len(alone) + start_alike(waiting, steps=steps, hours=hours, at=at)
