"""Guards: who else is being written to. Asked of an entry as of the moment at which its step was reserved."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from campaigns.models import Campaign, Enrollment, StepExecution
from inbox.models import Message
from leads.models import Lead
from tests.simulation.entries import Entry

if TYPE_CHECKING:
    from tests.simulation.judge import Judge

# What of an attempt means that a walk had begun.
BEGUN = ("in_flight", "unknown", "sent")


def judge(court: "Judge", entry: Entry) -> None:
    """A colleague's answer concerns every step; everything else only the first that reaches a lead."""
    if entry.execution is None or entry.dispatch is None or court.stage.backups.restored:
        return
    reserved_at = entry.dispatch.reserved_at
    _colleagues(court, entry, reserved_at)
    earlier = [each for each in court.entries[:-1] if each.walk and entry.walk and each.walk.pk == entry.walk.pk]
    if earlier or _had_a_step(entry, reserved_at):
        return
    _other_campaigns(court, entry, reserved_at)
    _other_senders(court, entry, reserved_at)
    _company(court, entry, reserved_at)
    _lately(court, entry, reserved_at)
    since = court.switches.left.get((entry.campaign.number, entry.account.pk)) if entry.campaign else None
    if since and reserved_at > since:
        raise court.broken(5, f"{entry.kind} begins a walk for a sender who had left the campaign")


def _had_a_step(entry: Entry, moment: datetime) -> bool:
    """A step that was found done already (connected, invited) has reached the lead as well."""
    passed = StepExecution.objects.filter(enrollment=entry.walk, outcome="skipped", settled_at__lte=moment)
    return passed.exists()


def _colleagues(court: "Judge", entry: Entry, moment: datetime) -> None:
    assert entry.lead and entry.campaign
    company = entry.lead.company.strip().lower()
    pause = timedelta(days=entry.campaign.colleague_days)
    if not company or not pause:
        return
    leads = Lead.objects.of(court.stage.builder.client).exclude(pk=entry.lead.pk)
    people = {lead.provider_id: lead for lead in leads if lead.company.strip().lower() == company and lead.provider_id}
    for answer in court.people.answered_since(set(people), moment - pause, moment):
        walks = people[answer.person].enrollments.filter(enrolled_at__lte=answer.at)
        if walks.exists():
            raise court.broken(2, f"{entry.kind} to {entry.person[-6:]}, whose colleague has answered {answer.text!r}")


def _others(entry: Entry, moment: datetime) -> list[Enrollment]:
    """Open walks of others than this in which something had begun before the moment."""
    begun = StepExecution.objects.filter(outcome__in=BEGUN, reserved_at__lt=moment, dispatch__isnull=False)
    walks = Enrollment.objects.filter(executions__in=begun, state__in=("scheduled", "active", "paused"))
    return list(walks.exclude(pk=entry.walk.pk if entry.walk else None).select_related("lead", "account").distinct())


def _other_campaigns(court: "Judge", entry: Entry, moment: datetime) -> None:
    assert entry.lead and entry.campaign
    if not entry.campaign.one_campaign:
        return
    running = set(Campaign.objects.filter(status="active").values_list("pk", flat=True))
    for walk in _others(entry, moment):
        same = walk.lead_id == entry.lead.pk or (entry.lead.email and walk.lead.email == entry.lead.email)
        if same and walk.campaign_id in running and walk.campaign_id != entry.campaign.pk:
            raise court.broken(2, f"{entry.kind} to {entry.person[-6:]}, who is in another running campaign")


def _other_senders(court: "Judge", entry: Entry, moment: datetime) -> None:
    assert entry.lead and entry.campaign
    if not entry.campaign.one_sender:
        return
    for walk in _others(entry, moment):
        if walk.lead_id == entry.lead.pk and walk.account_id != entry.account.pk:
            raise court.broken(2, f"{entry.kind} to {entry.person[-6:]}, whom another sender writes to")
    said = Message.objects.filter(conversation__lead=entry.lead, recorded_at__lt=moment, is_event=False)
    said = said.filter(sent_at__gt=moment - timedelta(days=30)).exclude(account=entry.account.pk)
    if said.exists():
        raise court.broken(2, f"{entry.kind} to {entry.person[-6:]}, with whom another sender talks")


def _company(court: "Judge", entry: Entry, moment: datetime) -> None:
    assert entry.lead and entry.campaign
    company = entry.lead.company.strip().lower()
    if entry.campaign.company_limit is None or not company:
        return
    busy = {walk.lead_id for walk in _others(entry, moment) if walk.lead.company.strip().lower() == company}
    if len(busy - {entry.lead.pk}) >= entry.campaign.company_limit:
        raise court.broken(2, f"{entry.kind} to one more of {company}, where {len(busy)} are being written to")


def _lately(court: "Judge", entry: Entry, moment: datetime) -> None:
    assert entry.lead and entry.campaign
    since = moment - timedelta(days=entry.campaign.not_again_days)
    for each in court.entries[:-1]:
        is_other = each.campaign is not entry.campaign and each.execution is not None and each.lead == entry.lead
        if is_other and since < each.at < moment and _was_recorded(each, moment):
            raise court.broken(2, f"{entry.kind} to {entry.person[-6:]}, whom another campaign wrote to {each.at}")


def _was_recorded(entry: Entry, moment: datetime) -> bool:
    rows = StepExecution.objects.filter(pk=entry.execution.pk if entry.execution else None, outcome="sent")
    return rows.filter(settled_at__lt=moment).exists()
