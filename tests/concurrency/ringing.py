"""Ringing the bells of real workers, as beat does, and moving the clock whenever they have come to rest."""

from collections.abc import Callable

from celery import Celery
from kombu.exceptions import ChannelError
from kombu.exceptions import OperationalError as BrokerAway

from integrations.models import Dispatch
from outreach import clock
from tests.concurrency.premises import BELLS, Premises

PATIENCE = 400.0
# A bell that nobody heard in time is worth nothing any more, as those of beat.
RING_AGAIN, WORTH = 1.0, 5


def let_them_work(premises: Premises, *, until_sent: int) -> None:
    ring_until(premises, lambda: Dispatch.objects.filter(state="sent").count() >= until_sent)


def ring_until(premises: Premises, is_so: Callable[[], bool], *, pause: float = 0.1) -> None:
    began = clock.stopwatch()
    rang = began - RING_AGAIN
    while not is_so():
        assert clock.stopwatch() - began < PATIENCE, f"the workers do nothing any more; it is {premises.at}"
        if premises.go_on() or clock.stopwatch() - rang >= RING_AGAIN:
            rang = clock.stopwatch()
            _ring(premises.bell)
        clock.rest(pause)


def _ring(bell: Celery) -> None:
    """A bell that cannot ring is rung again: beat does not die of it either."""
    for name in BELLS:
        try:
            bell.send_task(name, expires=WORTH)
        except (BrokerAway, ChannelError, OSError):
            return
