"""Primary keys made in Python, so that a batch can link its rows before writing them."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count

from uuid_utils.compat import uuid7

_make: Callable[[], uuid.UUID] = uuid7


def new_id() -> uuid.UUID:
    """A UUIDv7 (RFC 9562, section 5.7): grows with time, which keeps indexes dense."""
    return _make()


@contextmanager
def repeatable(seed: int) -> Iterator[None]:
    """Make ids that grow by one and are the same for the same seed, so that a simulation can be played again."""
    global _make
    numbers = count((seed % 2**32) << 64)
    before, _make = _make, lambda: uuid.UUID(int=next(numbers))
    try:
        yield
    finally:
        _make = before
