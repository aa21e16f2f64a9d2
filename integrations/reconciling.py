"""After a restored backup: an account is sent from again once it was compared with the provider.

Its inbox and relations were read by then (integrations/polling.py). What is left is what was invited meanwhile:
those count against the caps of their days, whoever made them.
"""

from collections import Counter
from datetime import date, datetime, timedelta

from django.db.models import F
from django.db.models.functions import Greatest

from integrations.allowances import local_day
from integrations.dispatching import todays_row
from integrations.limits import WEEK
from integrations.models import Account, Action, Dispatch, Usage
from integrations.unipile.client import UnipileClient
from outreach.events.kinds import EventKind
from outreach.events.recording import Actor, Subject, record


def reconcile(account: Account, *, at: datetime, client: UnipileClient) -> bool:
    """Count the invitations that the ledger does not know, and let the account go on.

    False while its inbox or its relations have not been read since it was set apart. Raises ProviderError.
    """
    since, reads = account.unreconciled_since, (account.messages_read_at, account.relations_read_at)
    if since is None or any(read_at is None or read_at < since for read_at in reads):
        return False
    unknown = count_unknown_invitations(account, at=at, client=client)
    if not Account.objects.filter(pk=account.pk, unreconciled_since=since).update(
        unreconciled_since=None, next_look_at=at
    ):
        return False
    account.unreconciled_since = None
    detail = f"{unknown} invitations were not in the ledger" if unknown else ""
    about = Subject(client_id=account.client_id, account_id=account.pk)
    record(EventKind.ACCOUNT_RECONCILED, at=at, actor=Actor.POLL, subject=about, detail=detail)
    return True


def count_unknown_invitations(account: Account, *, at: datetime, client: UnipileClient) -> int:
    """Invitations of the last seven days that are pending at the provider and in no dispatch of ours.

    They become what was `observed` on their days. Counting twice changes nothing. Moments are the provider's
    approximations (Unipile API, section 3.5); one without a moment counts for today.
    """
    oldest = at - timedelta(days=WEEK)
    sent = Dispatch.objects.live().filter(account=account, action=Action.INVITATION, reserved_at__gte=oldest)
    known = set(sent.values_list("person", flat=True))
    days: Counter[date] = Counter()
    for invitation in client.sent_invitations(account.provider_account_id):
        moment = invitation.sent_at or at
        if moment >= oldest and invitation.provider_id not in known:
            days[local_day(account, moment)] += 1
    for day, count in days.items():
        _observed(account, day, count, at=at)
    return days.total()


def _observed(account: Account, day: date, count: int, *, at: datetime) -> None:
    if day == local_day(account, at):
        todays_row(account, Action.INVITATION, at)
    row, _ = Usage.objects.get_or_create(account=account, action=Action.INVITATION, day=day, defaults={"cap": 0})
    Usage.objects.filter(pk=row.pk).update(observed=Greatest(F("observed"), count))
