"""A sender leaves a campaign, and hands over the leads that are still to be worked on."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.core.exceptions import ValidationError
from django.db import transaction

from campaigns.calendars import hours_for
from campaigns.engine.walking import leave, plan, steps_of, subject_of
from campaigns.enrolling import accounts_of, lightest
from campaigns.models import Campaign, Enrollment
from campaigns.querysets import EnrollmentQuerySet
from integrations.models import Account, Sender
from outreach.clients.models import User
from outreach.events.kinds import EventKind
from outreach.events.recording import operator, record

Begun = Literal["stay", "end"]


@dataclass(frozen=True, slots=True)
class HandOver:
    """How many leads went to another sender, and what became of those who know the old one."""

    moved: int
    stayed: int
    ended: int


def hand_over(
    *, campaign: Campaign, sender: Sender, to: Sender | None, begun: Begun, by: User | None, at: datetime
) -> HandOver:
    """Give the open leads of a sender to another, or spread them over the rest (`to` None).

    Leads to whom something was sent, or who are connected with the old sender, know that person: they stay with
    them, or their walk ends. What is in flight stays in every case. Raises ValidationError when nobody could take
    the leads.
    """
    with transaction.atomic():
        Campaign.objects.select_for_update().get(pk=campaign.pk)
        takers = _takers(campaign, sender, to)
        rows = open_leads_of(campaign, sender).select_related("lead", "account", "campaign").order_by("pk")
        moved = stayed = ended = 0
        choose = lightest(takers)
        for row in rows.select_for_update(of=("self",)):
            if is_fresh(row):
                _move(row, choose(row.lead), by, at)
                moved += 1
            elif begun == "end" and not _is_flying(row):
                detail = f"{sender} left the campaign"
                leave(row, Enrollment.ExitReason.SENDER_LEFT, at=at, actor=operator(by), detail=detail)
                ended += 1
            else:
                stayed += 1
        if not stayed:
            campaign.senders.remove(sender)
    return HandOver(moved, stayed, ended)


def open_leads_of(campaign: Campaign, sender: Sender) -> EnrollmentQuerySet:
    return Enrollment.objects.filter(campaign=campaign, account__sender=sender).open()


def senders_with_leads(campaign: Campaign) -> list[Sender]:
    """Senders whom open leads of the campaign are still with."""
    walks = Enrollment.objects.filter(campaign=campaign).open()
    return list(Sender.objects.filter(accounts__enrollments__in=walks).distinct())


def is_fresh(row: Enrollment) -> bool:
    """Nobody has written to this lead yet, and nothing is being sent."""
    untouched = row.last_sent_at is None and row.invited_at is None and row.connected_at is None
    return untouched and not _is_flying(row)


def _is_flying(row: Enrollment) -> bool:
    return row.executions.filter(outcome__in=("in_flight", "unknown")).exists()


def _takers(campaign: Campaign, sender: Sender, to: Sender | None) -> list[Account]:
    if to == sender:
        raise ValidationError(f"{sender} cannot hand over to themselves.")
    if to is not None and to.client_id != campaign.client_id:
        raise ValidationError("A sender must belong to the campaign's client.")
    if to is not None:
        campaign.senders.add(to)
    accounts = [account for account in accounts_of(campaign) if account.sender_id != sender.pk]
    chosen = [account for account in accounts if to is None or account.sender_id == to.pk]
    if not chosen:
        who = f"{to} has" if to else "The campaign's other senders have"
        raise ValidationError(f"{who} no LinkedIn account to take the leads. Add one, or another sender, first.")
    return chosen


def _move(row: Enrollment, account: Account, by: User | None, at: datetime) -> None:
    before = str(row.account.sender)
    row.account = account
    row.save(update_fields=["account"])
    record(
        EventKind.SENDER_CHANGED,
        at=at,
        actor=operator(by),
        subject=subject_of(row),
        before=before,
        after=str(account.sender),
    )
    if row.state == Enrollment.State.ACTIVE and not row.held_because:
        plan(row, steps=steps_of(row), hours=hours_for(row.campaign, row.lead), at=at, actor=operator(by))
