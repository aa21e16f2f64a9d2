"""What the owner of an account did by hand, as the provider shows it: it uses up the same caps (law 4).

Each thing is counted once, on the local day on which it was done. A message is known by its row in the inbox; an
invitation leaves one here, since the list of the pending shows it only until it is answered.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from integrations.allowances import local_day
from integrations.dispatching import todays_row
from integrations.limits import MONTH
from integrations.models import Account, Action, Dispatch, InvitationByHand, Usage
from integrations.unipile.client import UnipileClient
from integrations.unipile.types import SentInvitation

LOOKS_BACK = timedelta(days=MONTH)
BATCH = 200


def count(account: Account, action: str, *, done_at: datetime, at: datetime) -> None:
    """One action more on its day, as far as any limit still looks back to it."""
    if done_at < at - LOOKS_BACK:
        return
    day, today = local_day(account, done_at), local_day(account, at)
    if day == today:
        row = todays_row(account, action, at)
    else:
        row, _ = Usage.objects.get_or_create(account=account, action=action, day=day, defaults={"cap": 0})
    Usage.objects.filter(pk=row.pk).update(observed=F("observed") + 1)


def read_invitations(account: Account, *, at: datetime, client: UnipileClient) -> int:
    """Read the pending invitations: how many there are, and which of them no dispatch of ours has made.

    Returns how many of those were new. Moments are the provider's approximations (Unipile API, section 3.5); one
    without a moment counts for today.
    """
    pending = list(client.sent_invitations(account.provider_account_id))
    Account.objects.filter(pk=account.pk).update(pending_seen=len(pending))
    account.pending_seen = len(pending)
    recent = [each for each in pending if (each.sent_at or at) >= at - LOOKS_BACK]
    return sum(_note(account, each, at) for each in _unknown(account, recent))


def _unknown(account: Account, pending: list[SentInvitation]) -> Iterator[SentInvitation]:
    """Those that are in no dispatch of ours, by their own id or by the person."""
    for start in range(0, len(pending), BATCH):
        batch = pending[start : start + BATCH]
        persons, ids = _known(account, batch)
        yield from (each for each in batch if each.provider_id not in persons and each.invitation_id not in ids)


def _known(account: Account, batch: Iterable[SentInvitation]) -> tuple[set[str], set[str]]:
    ours = Dispatch.objects.live().filter(account=account, action=Action.INVITATION)
    persons = {each.provider_id for each in batch if each.provider_id}
    ids = {each.invitation_id for each in batch}
    by_id = ours.filter(provider_invitation_id__in=ids).values_list("provider_invitation_id", flat=True)
    return set(ours.filter(person__in=persons).values_list("person", flat=True)), set(by_id)


def _note(account: Account, invitation: SentInvitation, at: datetime) -> bool:
    """Count it, unless it was counted before."""
    sent_at = min(invitation.sent_at or at, at)
    with transaction.atomic():
        _, is_news = InvitationByHand.objects.get_or_create(
            account=account, provider_invitation_id=invitation.invitation_id, defaults={"sent_at": sent_at}
        )
        if is_news:
            count(account, Action.INVITATION, done_at=sent_at, at=at)
            if invitation.text:
                count(account, Action.INVITATION_NOTE, done_at=sent_at, at=at)
    return is_news
