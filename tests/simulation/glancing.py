"""When something may be to do next, in one statement: a simulation asks at every move."""

from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import connection
from django.utils.dateparse import parse_datetime

SQL = """
SELECT
(SELECT MIN(next_action_at) FROM campaigns_enrollment WHERE state = 'active' AND next_action_at > %s),
(SELECT MIN(next_slot_at) FROM integrations_account WHERE status = 'ok' AND next_slot_at > %s),
(SELECT MIN(next_attempt_at) FROM integrations_webhookreceipt WHERE state = 'pending' AND next_attempt_at > %s),
(SELECT MIN(next_attempt_at) FROM integrations_outboundcall WHERE state = 'pending' AND next_attempt_at > %s),
(SELECT MIN(ask_at) FROM integrations_dispatch
 WHERE state = 'unknown' AND needs_decision_at IS NULL AND ask_at > %s),
(SELECT MIN(COALESCE(called_at, reserved_at)) FROM integrations_dispatch WHERE state = 'sending'),
(SELECT COUNT(*) FROM integrations_dispatch WHERE state IN ('sending', 'unknown'))
"""
MARKS = 5


def glance(at: datetime) -> tuple[list[datetime], int]:
    """Every kind of coming moment, and how many dispatches are open."""
    marks = [connection.ops.adapt_datetimefield_value(at)] * MARKS
    with connection.cursor() as cursor:
        cursor.execute(SQL, marks)
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
