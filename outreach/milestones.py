"""Named points between the moves of the engine.

Passing one does nothing in production. The simulation and the kill tests hang a function here, so that a
crash can be placed exactly between two moves. Law 10 is attacked at every name in `MILESTONES`.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

MILESTONES = (
    "before_reserve",
    "inside_reserve",
    "after_reserve",
    "after_preflight",
    "after_confirm",
    "after_call",
    "inside_record",
    "after_record",
    "receipt_stored",
    "inside_inbound",
    "after_inbound",
    "inside_recovery",
    "inside_internal",
    "withdrawal_reserved",
    "withdrawal_confirmed",
    "withdrawal_called",
)

_observer: Callable[[str], None] | None = None


def passing(name: str) -> None:
    if _observer is not None:
        _observer(name)


@contextmanager
def observed_by(observer: Callable[[str], None]) -> Iterator[None]:
    """Call `observer(name)` at every milestone passed inside the block."""
    global _observer
    before, _observer = _observer, observer
    try:
        yield
    finally:
        _observer = before
