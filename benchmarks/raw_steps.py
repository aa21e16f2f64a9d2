"""The floor of the engine: the same rows into the same tables in the same groups, by bare psycopg and sets.

No gate, no planning, no classes: what PostgreSQL and the driver need for three transactions per group.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from outreach.identifiers import new_id

TAKE = """
SELECT id FROM integrations_account
WHERE status = 'ok' AND paused_at IS NULL AND unreconciled_since IS NULL
  AND next_look_at <= %(at)s AND next_slot_at <= %(at)s
ORDER BY next_look_at, id LIMIT %(group)s FOR UPDATE SKIP LOCKED
"""
BEST = """
SELECT best.* FROM unnest(%(accounts)s::uuid[]) AS mine(account), LATERAL (
    SELECT e.id, e.account_id, e.client_id, e.lead_id, e.campaign_id, e.sequence_id, l.provider_id
    FROM campaigns_enrollment e JOIN leads_lead l ON l.id = e.lead_id
    WHERE e.state = 'active' AND e.next_account_id = mine.account AND e.next_action_at <= %(at)s
    ORDER BY e.priority, e.next_action_at, e.id LIMIT 1 FOR UPDATE OF e SKIP LOCKED
) AS best
"""
USAGE = """
INSERT INTO integrations_usage (id, account_id, action, day, cap, used, observed)
SELECT u.id, u.account, %(action)s, %(day)s, 1000000, 1, 0
FROM unnest(%(ids)s::uuid[], %(accounts)s::uuid[]) AS u(id, account)
ON CONFLICT (account_id, action, day) DO UPDATE SET used = integrations_usage.used + 1 RETURNING id, account_id
"""
SLOT = "UPDATE integrations_account SET next_slot_at = %(to)s, next_look_at = %(to)s WHERE id = ANY(%(accounts)s)"
TAKEN = """
UPDATE campaigns_enrollment SET next_account_id = NULL, next_action = '', next_action_at = NULL, priority = 1,
waiting_because = 'in_flight' WHERE id = ANY(%(ids)s)
"""
CONFIRM_LOCK = "SELECT id FROM campaigns_enrollment WHERE id = ANY(%(ids)s) ORDER BY id FOR UPDATE"
CONFIRM = "UPDATE integrations_dispatch SET called_at = %(at)s WHERE id = ANY(%(ids)s) AND state = 'sending'"
SENT = """
UPDATE integrations_dispatch SET state = 'sent', settled_at = %(at)s, provider_invitation_id = v.invitation
FROM unnest(%(ids)s::uuid[], %(invitations)s::text[]) AS v(id, invitation) WHERE integrations_dispatch.id = v.id
"""
EXECUTED = "UPDATE campaigns_stepexecution SET outcome = 'sent', settled_at = %(at)s WHERE id = ANY(%(ids)s)"
ADVANCED = """
UPDATE campaigns_enrollment SET position = 1, last_done_at = %(at)s, last_sent_at = %(at)s, invited_at = %(at)s,
stage = 'invite_sent', next_action = 'expire', next_action_at = %(until)s, priority = 0,
waiting_because = 'awaiting_acceptance'
WHERE id = ANY(%(ids)s)
"""


class Inserter:
    """One statement that writes many rows of a table: what is the same in all, and arrays of what differs."""

    def __init__(self, table: str, template: Mapping[str, Any], differing: Mapping[str, str]) -> None:
        columns = [name for name in template if name != "id" or "id" in differing]
        fixed = [name for name in columns if name not in differing]
        arrays = ", ".join(f"%({name})s::{kind}[]" for name, kind in differing.items())
        names = ", ".join(differing)
        values = ", ".join([*(f"%({name})s" for name in fixed), *(f"u.{name}" for name in differing)])
        self.sql = (
            f"INSERT INTO {table} ({', '.join([*fixed, *differing])}) "
            f"SELECT {values} FROM unnest({arrays}) AS u({names})"
        )
        self.fixed = {name: template[name] for name in fixed}

    def write(self, cursor: psycopg.Cursor[Any], **arrays: Sequence[Any]) -> None:
        cursor.execute(self.sql, {**self.fixed, **arrays})


def template(cursor: psycopg.Cursor[Any], table: str, where: str) -> dict[str, Any]:
    """A row that the engine has written, as what is the same in all."""
    cursor.execute(f"SELECT * FROM {table} WHERE {where} LIMIT 1")
    names = [column.name for column in cursor.description or ()]
    row = dict(zip(names, cursor.fetchone() or (), strict=True))
    return {name: json.dumps(value) if isinstance(value, (dict, list)) else value for name, value in row.items()}


def carry_out(address: str, *, at: datetime, group: int) -> int:
    """Steps in groups until nothing is due. Returns how many were made."""
    done = 0
    with psycopg.connect(address) as connection, connection.cursor() as cursor:
        dispatches = Inserter(
            "integrations_dispatch",
            template(cursor, "integrations_dispatch", "state = 'sent'")
            | {
                "state": "sending",
                "called_at": None,
                "settled_at": None,
                "provider_invitation_id": "",
                "reserved_at": at,
            },
            {
                "id": "uuid",
                "key": "text",
                "account_id": "uuid",
                "person": "text",
                "usage_id": "uuid",
                "note_usage_id": "uuid",
            },
        )
        executions = Inserter(
            "campaigns_stepexecution",
            template(cursor, "campaigns_stepexecution", "outcome = 'sent'")
            | {"outcome": "in_flight", "settled_at": None, "reserved_at": at},
            {"id": "uuid", "enrollment_id": "uuid", "dispatch_id": "uuid"},
        )
        events = Inserter(
            "events_event",
            template(cursor, "events_event", "kind = 'connection_request_sent'") | {"at": at},
            {"lead_id": "uuid", "enrollment_id": "uuid", "account_id": "uuid"},
        )
        connection.commit()
        while made := _group(connection, cursor, at, group, dispatches, executions, events):
            done += made
    return done


def _group(
    connection: psycopg.Connection[Any],
    cursor: psycopg.Cursor[Any],
    at: datetime,
    group: int,
    dispatches: Inserter,
    executions: Inserter,
    events: Inserter,
) -> int:
    cursor.execute(TAKE, {"at": at, "group": group})
    accounts = [row[0] for row in cursor.fetchall()]
    if not accounts:
        connection.commit()
        return 0
    cursor.execute(BEST, {"accounts": accounts, "at": at})
    rows = cursor.fetchall()
    if not rows:
        cursor.execute(SLOT, {"to": datetime.max.replace(tzinfo=UTC, year=2099), "accounts": accounts})
        connection.commit()
        return len(accounts)
    ids, owners, leads, people = [[row[index] for row in rows] for index in (0, 1, 3, 6)]
    usage = {action: _take(cursor, action, owners, at) for action in ("invitation", "invitation_note")}
    cursor.execute(SLOT, {"to": at + timedelta(minutes=5), "accounts": owners})
    keys = [new_id() for _ in rows]
    dispatches.write(
        cursor,
        id=keys,
        key=[f"step:{each}" for each in ids],
        account_id=owners,
        person=people,
        usage_id=[usage["invitation"][owner] for owner in owners],
        note_usage_id=[usage["invitation_note"][owner] for owner in owners],
    )
    steps = [new_id() for _ in rows]
    executions.write(cursor, id=steps, enrollment_id=ids, dispatch_id=keys)
    cursor.execute(TAKEN, {"ids": ids})
    connection.commit()

    cursor.execute(CONFIRM_LOCK, {"ids": ids})
    cursor.execute(SLOT, {"to": at + timedelta(minutes=5), "accounts": owners})
    cursor.execute(CONFIRM, {"at": at, "ids": keys})
    connection.commit()

    cursor.execute(CONFIRM_LOCK, {"ids": ids})
    cursor.execute(SENT, {"at": at, "ids": keys, "invitations": [str(new_id()) for _ in rows]})
    cursor.execute(SLOT, {"to": at + timedelta(minutes=1), "accounts": owners})
    cursor.execute(EXECUTED, {"at": at, "ids": steps})
    events.write(cursor, lead_id=leads, enrollment_id=ids, account_id=owners)
    cursor.execute(ADVANCED, {"at": at, "until": at + timedelta(days=21), "ids": ids})
    connection.commit()
    return len(rows)


def _take(cursor: psycopg.Cursor[Any], action: str, owners: list[Any], at: datetime) -> dict[Any, Any]:
    ids = [new_id() for _ in owners]
    cursor.execute(USAGE, {"action": action, "day": at.date(), "ids": ids, "accounts": owners})
    return {account: usage for usage, account in cursor.fetchall()}
