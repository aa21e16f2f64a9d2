"""Accounts as operators look at them."""

from integrations.models import Account


def standing(account: Account) -> tuple[str, str]:
    """The state that matters to an operator: a pause hides what the provider says."""
    if account.unreconciled_since and not account.paused_at:
        return "waiting", "Being compared"
    return ("paused", "Paused") if account.paused_at else (account.status, account.get_status_display())
