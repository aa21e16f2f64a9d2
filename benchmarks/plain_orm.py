"""The other end: the same step as a careful beginner writes it, one row at a time by the ORM, nothing shared."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F

from benchmarks.instant import InstantProvider


def carry_out(*, at: datetime, most: int) -> int:
    """So many steps, one after the other. Returns how many were made."""
    done = 0
    while done < most and _step(at):
        done += 1
    return done


def _step(at: datetime) -> bool:
    from campaigns.models import Enrollment, StepExecution
    from campaigns.wording import word
    from integrations.models import Dispatch, Usage
    from leads.suppressing import suppression_of
    from outreach.events.kinds import EventKind
    from outreach.events.recording import Actor, record

    with transaction.atomic():
        due = Enrollment.objects.filter(state="active", next_account__isnull=False, next_action_at__lte=at)
        free = due.filter(next_account__status="ok", next_account__next_slot_at__lte=at)
        row: Any = free.select_for_update(skip_locked=True, of=("self",)).order_by("next_action_at").first()
        if row is None:
            return False
        step = row.sequence.steps.get(position=row.position)
        assert row.campaign.status == "active" and not row.client.paused_at and not row.lead.replied_at
        assert suppression_of(row.lead) is None
        wording = word(step, enrollment=row, limit=300)
        rows = [_usage(Usage, row.account, action, at) for action in ("invitation", "invitation_note")]
        row.account.next_slot_at = row.account.next_look_at = at + timedelta(minutes=5)
        row.account.save()
        dispatch = Dispatch.objects.create(
            client=row.client,
            key=f"step:{row.pk}:{step.origin}",
            account=row.account,
            action="invitation",
            person=row.lead.provider_id,
            text=wording.text,
            usage=rows[0],
            note_usage=rows[1],
            actor="engine",
            reserved_at=at,
        )
        execution = StepExecution.objects.create(
            client=row.client, enrollment=row, step=step, dispatch=dispatch, text=wording.text, reserved_at=at
        )
        row.next_account, row.next_action, row.next_action_at, row.waiting_because = None, "", None, "in_flight"
        row.save()
    with transaction.atomic():
        row = Enrollment.objects.select_for_update().get(pk=row.pk)
        assert row.state == "active" and row.campaign.status == "active"
        dispatch.called_at = at
        dispatch.save()
        row.account.save()
    sent = InstantProvider().invite(account_id="", provider_id=dispatch.person)
    with transaction.atomic():
        row = Enrollment.objects.select_for_update().get(pk=row.pk)
        dispatch.state, dispatch.settled_at, dispatch.provider_invitation_id = "sent", at, sent.invitation_id
        dispatch.save()
        row.account.next_slot_at = row.account.next_look_at = at + timedelta(minutes=1)
        row.account.save()
        execution.outcome, execution.settled_at = "sent", at
        execution.save()
        record(
            EventKind.CONNECTION_REQUEST_SENT, at=at, actor=Actor.ENGINE, client=row.client, step=0, note=wording.text
        )
        row.position, row.last_done_at, row.last_sent_at, row.invited_at, row.stage = 1, at, at, at, "invite_sent"
        row.next_action, row.next_action_at, row.priority = "expire", at + timedelta(days=21), 0
        row.save()
    return True


def _usage(usage: Any, account: Any, action: str, at: datetime) -> Any:
    row, _ = usage.objects.get_or_create(account=account, action=action, day=at.date(), defaults={"cap": 1_000_000})
    assert usage.objects.filter(pk=row.pk, used__lt=F("cap")).update(used=F("used") + 1)
    return row
