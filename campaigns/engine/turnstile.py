"""What makes a pause certain (law 5): work goes through a turnstile, and a pause holds it shut for an instant.

Whoever reserves or confirms steps passes through, any number at once. A pause waits until those inside are out, writes
itself down, and lets go; everybody after it sees the pause. On PostgreSQL the turnstile is an advisory lock of the
transaction; SQLite has one writer at a time anyway.
"""

from django.db import connection

TURNSTILE = 0x6F757472  # one number for all processes


def go_through() -> None:
    """Hold the turnstile open until the transaction ends; pauses wait for it."""
    _lock("pg_advisory_xact_lock_shared")


def shut() -> None:
    """Wait until nobody is inside, and keep everybody out until the transaction ends."""
    _lock("pg_advisory_xact_lock")


def _lock(function: str) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {function}(%s)", [TURNSTILE])
