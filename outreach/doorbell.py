"""Waking a worker. A bell that does not ring loses nothing: beat's sweep finds the same rows a little later."""

import logging
from typing import Any

from django.db import transaction
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)


def ring(task: Any, *args: Any) -> None:
    """Send a task once the present transaction has committed; a broker that is away is only logged."""
    transaction.on_commit(lambda: _send(task, args))


def _send(task: Any, args: tuple[Any, ...]) -> None:
    try:
        task.delay(*args)
    except (OperationalError, OSError) as problem:
        logger.warning("The broker did not take %s (%s); the next sweep will find the work.", task.name, problem)
