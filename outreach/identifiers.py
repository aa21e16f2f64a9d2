"""Primary keys made in Python, so that a batch can link its rows before writing them."""

import uuid

from uuid_utils.compat import uuid7


def new_id() -> uuid.UUID:
    """A UUIDv7 (RFC 9562, section 5.7): grows with time, which keeps indexes dense."""
    return uuid7()
