"""Appointments that need no account, leads whose hold is over, campaigns that are through."""

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q

from campaigns.actions.registry import kind_of
from campaigns.calendars import hours_for
from campaigns.engine.caring import care
from campaigns.engine.facts import ASKED_AFRESH
from campaigns.engine.quieting import watch_for_quiet
from campaigns.engine.walking import leave, release, replan, steps_of
from campaigns.inbound import claim_strays
from campaigns.models import Campaign, Enrollment, ManualTask
from campaigns.wording import word
from inbox.models import Conversation
from integrations.models import Dispatch
from leads.models import Lead
from outreach.events.kinds import EventKind
from outreach.events.recording import Actor, Subject, record

BATCH = 200


def expire_invitations(*, at: datetime) -> int:
    """Leads whose invitation nobody accepted leave the sequence. Returns how many.

    Not before the account's relations were read since: news of an acceptance is up to eight hours late, and a
    logged-out account hears none (Unipile API, sections 3.6 and 9).
    """
    due = Q(state=Enrollment.State.ACTIVE, next_account__isnull=True, next_action="expire", next_action_at__lte=at)
    due &= Q(account__unreconciled_since__isnull=True, account__relations_read_at__gte=F("next_action_at"))
    with transaction.atomic():
        rows = list(
            Enrollment.objects.filter(due)
            .select_for_update(skip_locked=True, of=("self",))
            .order_by("next_action_at")[:BATCH]
        )
        for row in rows:
            leave(row, Enrollment.ExitReason.NOT_ACCEPTED, at=at, actor=Actor.ENGINE)
    return len(rows)


def release_holds(*, at: datetime) -> int:
    """Held leads whose data have been mended – theirs, or the sender's – go on. Returns how many.

    What the provider refused is an operator's to release: nothing here can tell whether it would be refused again.
    """
    held = Enrollment.objects.filter(state=Enrollment.State.ACTIVE, held_because__in=ASKED_AFRESH)
    rows = held.select_related("lead", "account__sender").prefetch_related("sequence__steps").order_by("pk")
    mended = [row.pk for row in rows.iterator(chunk_size=BATCH) if _is_mended(row)]
    for pk in mended:
        with transaction.atomic():
            locked = held.filter(pk=pk).select_related("campaign", "lead").select_for_update(of=("self",)).first()
            if locked:
                hours = hours_for(locked.campaign, locked.lead)
                release(locked, steps=steps_of(locked), hours=hours, at=at, actor=Actor.ENGINE)
    return len(mended)


def _is_mended(row: Enrollment) -> bool:
    """Whether the next step could be worded and addressed now."""
    steps = sorted(row.sequence.steps.all(), key=lambda step: step.position)
    step = next((step for step in steps if step.position >= row.position), None)
    if step is None or not row.lead.identifier:
        return step is None
    limit = kind_of(step.kind).text_limit(row.account)
    wording = word(step, enrollment=row, limit=limit)
    return not wording.missing and not wording.problem


def claim_conversations(*, at: datetime) -> int:
    """Leads whose provider id came with an import take up the conversations that were there before.

    Returns how many. Each stray conversation costs one look-up in the leads' unique index.
    """
    known = Lead.objects.filter(client=OuterRef("client"), provider_id=OuterRef("person"))
    strays = Conversation.objects.filter(Exists(known), lead__isnull=True).exclude(person="")
    claimed = 0
    for stray in strays[:BATCH]:
        with transaction.atomic():
            lead = Lead.objects.of(stray.client_id).get(provider_id=stray.person)
            claimed += claim_strays(lead, at=at, actor=Actor.ENGINE)
    return claimed


def take_up_lost(*, at: datetime) -> int:
    """Active leads with neither appointment nor hold nor anything in flight cannot be: plan them again.

    No path is known to lead there. The look is cheap, and a lead that silently never moves is what we sell against.
    """
    open_dispatch = Dispatch.objects.filter(
        execution__enrollment=OuterRef("pk"), state__in=(Dispatch.State.SENDING, Dispatch.State.UNKNOWN)
    )
    open_task = ManualTask.objects.filter(enrollment=OuterRef("pk"), state=ManualTask.State.OPEN)
    lost = Enrollment.objects.filter(
        ~Exists(open_dispatch),
        ~Exists(open_task),
        state=Enrollment.State.ACTIVE,
        next_action_at__isnull=True,
        held_because="",
    )
    with transaction.atomic():
        rows = list(lost.select_for_update(skip_locked=True, of=("self",))[:BATCH])
        for row in rows:
            replan(row, at=at, actor=Actor.ENGINE)
    return len(rows)


def complete_campaigns(*, at: datetime) -> int:
    """Active campaigns all of whose leads are through are completed. Returns how many."""
    under_way = Enrollment.objects.filter(campaign=OuterRef("pk")).open()
    any_lead = Enrollment.objects.filter(campaign=OuterRef("pk"))
    through = Campaign.objects.filter(Exists(any_lead), ~Exists(under_way), status=Campaign.Status.ACTIVE)
    done = 0
    for campaign in through:
        with transaction.atomic():
            rows = Campaign.objects.filter(pk=campaign.pk, status=Campaign.Status.ACTIVE)
            if rows.update(status=Campaign.Status.COMPLETED):
                about = Subject(client_id=campaign.client_id, campaign_id=campaign.pk)
                record(EventKind.CAMPAIGN_COMPLETED, at=at, actor=Actor.ENGINE, subject=about)
                done += 1
    return done


def keep_house(*, at: datetime) -> dict[str, int]:
    """Everything above, once. Returns how much of each was done."""
    return {
        "expired": expire_invitations(at=at),
        "released": release_holds(at=at),
        "claimed": claim_conversations(at=at),
        "taken_up": take_up_lost(at=at),
        "completed": complete_campaigns(at=at),
        "slowed": care(at=at),
        "quiet": watch_for_quiet(at=at),
    }
