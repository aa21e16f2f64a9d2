"""Doorbells of the engine: fetch, call, done. The clock is read here and handed down."""

import time
from pathlib import Path

from celery import shared_task
from django.conf import settings

from campaigns.engine import executing, housekeeping, internal, recovering, restoring, withdrawing
from integrations.connecting import provider_client
from outreach import clock
from outreach.running import ending

# Batches that one tick may carry out before it gives the worker back.
BATCHES_PER_TICK = 20


def _watch() -> None:
    restoring.watch(at=clock.now(), machine=int(time.time()), path=Path(settings.DATA_DIR) / "restore-marker.json")


@shared_task
def tick() -> int:
    """Carry out what is due now. Returns how many steps were taken up."""
    _watch()
    client, done = provider_client(), 0
    for _ in range(BATCHES_PER_TICK):
        if ending.has_begun():
            break
        taken = executing.run_batch(now=clock.now, client=client)
        done += taken
        if not taken:
            break
    return done + internal.carry_out_internal_steps(at=clock.now())


@shared_task
def recover() -> int:
    _watch()
    client = provider_client()
    return recovering.recover(at=clock.now(), client=client) + withdrawing.withdraw_stale(at=clock.now(), client=client)


@shared_task
def keep_house() -> dict[str, int]:
    return housekeeping.keep_house(at=clock.now())
