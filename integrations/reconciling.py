"""After a restored backup: an account is sent from again once it was compared with the provider.

Its inbox and relations were read by then (integrations/polling.py). What is left is what was invited meanwhile:
those count against the caps of their days, whoever made them.
"""

from datetime import datetime

from integrations.by_hand import read_invitations
from integrations.dispatching import SETTLING_TIME
from integrations.models import Account
from integrations.unipile.client import UnipileClient
from outreach.events.kinds import EventKind
from outreach.events.recording import Actor, Subject, record


def reconcile(account: Account, *, at: datetime, client: UnipileClient) -> bool:
    """Count the invitations that the ledger does not know, and let the account go on.

    False while its inbox or its relations have not been read since everything sent before can be seen there (Unipile
    API, section 5.3). Raises ProviderError.
    """
    since, reads = account.unreconciled_since, (account.messages_read_at, account.relations_read_at)
    if since is None or any(read_at is None or read_at < since + SETTLING_TIME for read_at in reads):
        return False
    unknown = read_invitations(account, at=at, client=client)
    if not Account.objects.filter(pk=account.pk, unreconciled_since=since).update(
        unreconciled_since=None, next_look_at=at
    ):
        return False
    account.unreconciled_since = None
    detail = f"{unknown} invitations were not in the ledger" if unknown else ""
    about = Subject(client_id=account.client_id, account_id=account.pk)
    record(EventKind.ACCOUNT_RECONCILED, at=at, actor=Actor.POLL, subject=about, detail=detail)
    return True
