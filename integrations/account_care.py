"""What state an account is in, as the provider tells it, and what follows from a change."""

from datetime import datetime

from integrations.errors import ProviderError
from integrations.models import Account
from integrations.unipile.client import UnipileClient
from outreach.events.kinds import EventKind
from outreach.events.recording import Actor, Subject, record

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

    After a reconnection the inbound is read again at once: the gap may hold replies.
    """
    changes: dict[str, object] = {"status": status, "status_changed_at": at}
    if status == Status.OK:
        changes |= {"messages_poll_at": at, "relations_poll_at": at, "messages_read_at": None}
    before = account.status
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


def refresh(account: Account, client: UnipileClient, *, at: datetime) -> bool:
    """Ask the provider for one account's status. Restricted stays restricted until an operator lifts it."""
    told = STATUS_WORDS.get(client.account(account.provider_account_id).status, Status.ERROR)
    if account.status == Status.RESTRICTED and told == Status.OK:
        return False
    return change_status(account, told, at=at, actor=Actor.POLL)


def refresh_all(client: UnipileClient, *, at: datetime) -> int:
    changed = 0
    for account in Account.objects.exclude(status=Status.DELETED):
        try:
            changed += refresh(account, client, at=at)
        except ProviderError as problem:
            if problem.status == 404:
                changed += change_status(account, Status.DELETED, at=at, actor=Actor.POLL, detail=str(problem))
    return changed
