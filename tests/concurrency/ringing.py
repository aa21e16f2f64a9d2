"""Ringing the bells of real workers, as beat does, and moving the clock whenever they have come to rest."""

from collections.abc import Callable

from celery import Celery
from kombu.exceptions import ChannelError
from kombu.exceptions import OperationalError as BrokerAway

from integrations.models import Dispatch
from outreach import clock
from tests.concurrency.premises import BELLS, Premises

PATIENCE = 400.0


def let_them_work(premises: Premises, *, until_sent: int) -> None:
    ring_until(premises, lambda: Dispatch.objects.filter(state="sent").count() >= until_sent)


def ring_until(premises: Premises, is_so: Callable[[], bool], *, pause: float = 0.2) -> None:
    began = clock.stopwatch()
    rang = began - 1
    while not is_so():
        assert clock.stopwatch() - began < PATIENCE, f"the workers do nothing any more; it is {premises.at}"
        if clock.stopwatch() - rang > 0.2:
            rang = clock.stopwatch()
            _ring(premises.bell)
        clock.rest(pause)
        premises.go_on()


def _ring(bell: Celery) -> None:
    """A bell that cannot ring is rung again: beat does not die of it either."""
    for name in BELLS:
        try:
            bell.send_task(name)
        except (BrokerAway, ChannelError, OSError):
            return
