"""What state an account is in, as the provider tells it, and what follows from a change."""

from datetime import date, datetime
from typing import Any

from integrations import breaker
from integrations.errors import ProviderError
from integrations.models import OWN_LIMITS, Account
from integrations.unipile.client import UnipileClient
from outreach.clients.models import User
from outreach.events.kinds import EventKind
from outreach.events.recording import Actor, Subject, operator, record

Status = Account.Status

# Unipile API, sections 2.2 and 2.6: the words of sources[].status and of the account_status webhook.
STATUS_WORDS: dict[str, Account.Status] = {
    "OK": Status.OK,
    "CREATION_SUCCESS": Status.OK,
    "RECONNECTED": Status.OK,
    "SYNC_SUCCESS": Status.OK,
    "CONNECTING": Status.CONNECTING,
    "CREDENTIALS": Status.CREDENTIALS,
    "PERMISSIONS": Status.PERMISSIONS,
    "ERROR": Status.ERROR,
    "CREATION_FAIL": Status.ERROR,
    "STOPPED": Status.STOPPED,
    "DELETED": Status.DELETED,
}


def change_status(account: Account, status: Account.Status, *, at: datetime, actor: str, detail: str = "") -> bool:
    """Write a new status and the event that tells of it. False when nothing changed.

    After a reconnection the inbound is read again at once: the gap may hold replies. A restriction is lifted by an
    operator (see campaigns/stopping.py), not by the provider's word that the session is fine.
    """
    changes: dict[str, object] = {"status": status, "status_changed_at": at}
    if status == Status.OK:
        changes |= {"messages_poll_at": at, "relations_poll_at": at, "next_look_at": at}
    before = account.status
    if before == Status.RESTRICTED and status != Status.DELETED:
        return False
    if before == status or not Account.objects.filter(pk=account.pk, status=before).update(**changes):
        return False
    account.status = status
    record(
        EventKind.ACCOUNT_STATUS_CHANGED,
        at=at,
        actor=actor,
        subject=Subject(client_id=account.client_id, account_id=account.pk),
        before=before,
        after=str(status),
        detail=detail,
    )
    return True


def slow_down(account: Account, limit: int | None, because: str, *, at: datetime, actor: str) -> bool:
    """Bound an account's invitations of a day from now on, or free it again (None). False when nothing changed."""
    if account.invitations_slowed_to == limit:
        Account.objects.filter(pk=account.pk).update(slowed_because=because)
        return False
    Account.objects.filter(pk=account.pk).update(invitations_slowed_to=limit, slowed_because=because)
    account.invitations_slowed_to, account.slowed_because = limit, because
    about = Subject(client_id=account.client_id, account_id=account.pk)
    if limit is None:
        record(EventKind.ACCOUNT_FREED, at=at, actor=actor, subject=about)
    else:
        record(EventKind.ACCOUNT_SLOWED, at=at, actor=actor, subject=about, limit=limit, detail=because)
    return True


TUNABLE = (
    "name",
    "tier",
    "time_zone",
    *OWN_LIMITS,
    "ramp_up_started_on",
    "ramp_up_days",
    "ramp_up_percent",
    "pending_ceiling",
    "acceptance_floor_percent",
    "spacing_min_seconds",
    "spacing_max_seconds",
)


def tuning_of(account: Account) -> dict[str, Any]:
    """What people may change of an account, as the log tells it."""
    values = {name: getattr(account, name) for name in TUNABLE}
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}


def record_tuning(account: Account, before: dict[str, Any], *, by: User | None, at: datetime) -> None:
    """Leave an event when somebody has changed an account's limits, with the values before and after."""
    after = tuning_of(account)
    changed = [name for name in TUNABLE if before[name] != after[name]]
    if changed:
        Account.objects.filter(pk=account.pk).ring(at)
        record(
            EventKind.ACCOUNT_CHANGED,
            at=at,
            actor=operator(by),
            subject=Subject(client_id=account.client_id, account_id=account.pk),
            before={name: before[name] for name in changed},
            after={name: after[name] for name in changed},
        )


def refresh(account: Account, client: UnipileClient, *, at: datetime) -> bool:
    """Ask the provider for one account's status."""
    told = STATUS_WORDS.get(client.account(account.provider_account_id).status, Status.ERROR)
    return change_status(account, told, at=at, actor=Actor.POLL)


def refresh_all(client: UnipileClient, *, at: datetime) -> int:
    changed = 0
    for account in Account.objects.exclude(status=Status.DELETED):
        if not breaker.is_closed(at):
            break
        try:
            changed += refresh(account, client, at=at)
        except ProviderError as problem:
            if breaker.speaks_of_the_provider(problem):
                breaker.note_failure(at=at, detail=str(problem))
            if problem.status == 404:
                changed += change_status(account, Status.DELETED, at=at, actor=Actor.POLL, detail=str(problem))
    return changed
