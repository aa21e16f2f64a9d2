"""Doorbells of the outside world: fetch, call, done."""

from uuid import UUID

from celery import shared_task

from integrations import receiving
from integrations.account_care import refresh_all
from integrations.calling_out import deliver_due
from integrations.connecting import provider_client
from integrations.models import WebhookReceipt
from integrations.polling import poll_due
from integrations.rebuilding import rebuild_usage
from outreach import clock
from outreach.running import ending

RECEIPTS_PER_SWEEP = 200


@shared_task
def process_receipt(receipt_id: str) -> None:
    at = clock.now()
    if receipt := receiving.claim(UUID(receipt_id), at=at):
        receiving.process(receipt, at=at, client=provider_client())


@shared_task
def process_receipts() -> int:
    """The sweep: whatever no doorbell was heard for. Returns how many receipts were taken up."""
    at, client = clock.now(), provider_client()
    due = WebhookReceipt.objects.due(at).order_by("received_at").values_list("pk", flat=True)[:RECEIPTS_PER_SWEEP]
    taken = 0
    for pk in due:
        if ending.has_begun():
            break
        if receipt := receiving.claim(pk, at=at):
            receiving.process(receipt, at=at, client=client)
            taken += 1
    return taken


@shared_task
def refresh_accounts() -> int:
    """Compare every account's status with the provider's. Returns how many changed."""
    return refresh_all(provider_client(), at=clock.now())


@shared_task
def recount_usage() -> int:
    """Nightly: usage must equal what its dispatches add up to. Returns how many rows were wrong."""
    return len(rebuild_usage())


@shared_task
def deliver_calls() -> int:
    """Calls to other systems that are due. Returns how many were made."""
    return deliver_due(at=clock.now())


@shared_task
def poll_accounts() -> int:
    """Read the accounts that are due. Returns how many were read."""
    return poll_due(at=clock.now(), client=provider_client())
