"""Leads into campaigns. Who is refused is named, with the reason."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef

from campaigns.editing import sequence_of
from campaigns.engine.walking import start, start_alike, subject_of
from campaigns.models import Campaign, Enrollment
from campaigns.planning.decisions import Because
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
    enrolled: int
    refused: tuple[Refusal, ...]


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
        enrolled, refused = _sort_out(campaign, leads)
        rows = _rows(campaign, enrolled, accounts, at)
        Enrollment.objects.bulk_create(rows)
        record_all([_started(row, by, at) for row in rows])
        if rows and campaign.status == Campaign.Status.COMPLETED:
            _take_up_again(campaign, by, at)
        if campaign.status == Campaign.Status.ACTIVE:
            start_scheduled(campaign=campaign, at=at, actor=operator(by))
    return EnrollReport(len(rows), tuple(refused))


def _take_up_again(campaign: Campaign, by: User | None, at: datetime) -> None:
    campaign.status = Campaign.Status.ACTIVE
    campaign.save(update_fields=["status"])
    about = Subject(client_id=campaign.client_id, campaign_id=campaign.pk)
    record(EventKind.CAMPAIGN_RESUMED, at=at, actor=operator(by), subject=about)


def accounts_of(campaign: Campaign) -> list[Account]:
    """The LinkedIn accounts of the campaign's senders."""
    rows = Account.objects.filter(sender__campaigns=campaign, channel=Account.Channel.LINKEDIN)
    return list(rows.exclude(status=Account.Status.DELETED).select_related("sender").order_by("pk"))


def _sort_out(campaign: Campaign, leads: Iterable[Lead]) -> tuple[list[Lead], list[Refusal]]:
    known = set(Enrollment.objects.filter(campaign=campaign).values_list("lead_id", flat=True))
    fit: list[Lead] = []
    refused: list[Refusal] = []
    for lead, entry in with_suppressions(leads):
        if refusal := _refusal(campaign, lead, known, entry):
            refused.append(refusal)
        else:
            known.add(lead.pk)
            fit.append(lead)
    return fit, refused


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
    sequence = sequence_of(campaign)
    open_rows = Enrollment.objects.open().filter(account__in=accounts).values_list("account_id", flat=True)
    load = Counter({account.pk: 0 for account in accounts}) + Counter(open_rows)
    rows = []
    for lead in leads:
        account = min(accounts, key=lambda each: load[each.pk])
        load[account.pk] += 1
        rows.append(
            Enrollment(
                client_id=campaign.client_id,
                campaign=campaign,
                lead=lead,
                sequence=sequence,
                account=account,
                enrolled_at=at,
            )
        )
    return rows


def _started(row: Enrollment, by: User | None, at: datetime) -> Happening:
    data = {"sequence": row.sequence.version, "sender": row.account.sender.name}
    return Happening(EventKind.ENROLLMENT_STARTED, at, operator(by), subject_of(row), data)


def start_scheduled(*, campaign: Campaign, at: datetime, actor: str) -> int:
    """Begin the walks that wait for the campaign. Returns how many.

    Leads who are connected already begin one by one, since steps may fall away for them; all others have the same
    first appointment, which is one statement however many they are.
    """
    steps = list(sequence_of(campaign).steps.order_by("position"))
    hours = campaign.hours()
    waiting = Enrollment.objects.filter(campaign=campaign, state=Enrollment.State.SCHEDULED)
    connection = Connection.objects.filter(account=OuterRef("account"), lead=OuterRef("lead"))
    connected = list(waiting.filter(Exists(connection)).select_for_update(of=("self",)).order_by("pk"))
    for row in connected:
        start(row, steps=steps, hours=hours, at=at, actor=actor)
    return len(connected) + start_alike(waiting, steps=steps, hours=hours, at=at)
