"""The console's pages of the outside world, by topic.

`AccountAdmin` and `DispatchAdmin` are registered in campaigns/admin, on the floor whose verbs they offer.
"""

from integrations.admin import outbound, receipts, senders

__all__ = ["outbound", "receipts", "senders"]
