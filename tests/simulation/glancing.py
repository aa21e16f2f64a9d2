"""When something may be to do next, in one statement: a simulation asks at every move."""

from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import connection
from django.utils.dateparse import parse_datetime

WALKS = "campaigns_enrollment WHERE state = 'active'"
FREE = "integrations_account WHERE status = 'ok'"
OPEN = "integrations_dispatch WHERE state"
COMING = (
    f"SELECT MIN(next_action_at) FROM {WALKS} AND next_action_at > %s",
    f"SELECT MIN(next_slot_at) FROM {FREE} AND next_slot_at > %s",
    "SELECT MIN(next_attempt_at) FROM integrations_webhookreceipt WHERE state = 'pending' AND next_attempt_at > %s",
    "SELECT MIN(next_attempt_at) FROM integrations_outboundcall WHERE state = 'pending' AND next_attempt_at > %s",
    f"SELECT MIN(ask_at) FROM {OPEN} = 'unknown' AND needs_decision_at IS NULL AND ask_at > %s",
)
FLYING = f"SELECT MIN(COALESCE(called_at, reserved_at)) FROM {OPEN} = 'sending'"
COUNT = f"SELECT COUNT(*) FROM {OPEN} IN ('sending', 'unknown')"


def glance(at: datetime) -> tuple[list[datetime], int]:
    """Every kind of coming moment, and how many dispatches are open."""
    marks = [connection.ops.adapt_datetimefield_value(at)] * len(COMING)
    columns = ", ".join(f"({each})" for each in (*COMING, FLYING, COUNT))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns}", marks)
        *moments, flying, count = cursor.fetchone()
    lease = timedelta(seconds=settings.DISPATCH_LEASE_SECONDS)
    found = [moment for each in moments if (moment := _read(each))]
    if (since := _read(flying)) and since + lease > at:
        found.append(since + lease)
    return found, count


def _read(value: object) -> datetime | None:
    """PostgreSQL gives moments, SQLite their text."""
    moment = parse_datetime(value) if isinstance(value, str) else value
    if not isinstance(moment, datetime):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
