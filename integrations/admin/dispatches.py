"""Dispatches: every side effect at a provider, exactly once."""

from typing import Any

from django.http import HttpRequest
from django.utils.safestring import SafeString

from integrations.models import Dispatch
from outreach.console.base import LedgerAdmin
from outreach.console.columns import clip, column, state, to, when
from outreach.console.filters import StateFilter, VisibleFilter, YesFilter
from outreach.console.pages import CheapPaginator


class NeedsDecisionFilter(YesFilter):
    title = "needs a decision"
    parameter_name = "decision"
    yes = "Needs a decision"

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.needing_decision() if self.value() == "yes" else queryset


class DispatchAdmin(LedgerAdmin):
    """Presentation of a dispatch; campaigns/admin adds the two answers to "did it happen?"."""

    list_display = ("what", "account_link", "state_label", "words", "actor", "reserved", "settled")
    list_filter = (NeedsDecisionFilter, ("state", StateFilter), ("action", StateFilter), ("account", VisibleFilter))
    list_select_related = ("account", "client")
    search_fields = ("person", "text", "provider_message_id", "provider_invitation_id", "key")
    paginator = CheapPaginator
    fieldsets = (
        (None, {"fields": ("action", "state", "account", "person", "text", "actor")}),
        ("What became of it", {"fields": ("verdict", "detail", "needs_decision_at", "ask_at", "asked")}),
        ("Moments", {"fields": ("reserved_at", "called_at", "settled_at")}),
        (
            "Evidence",
            {"fields": ("key", "provider_chat_id", "provider_message_id", "provider_invitation_id", "usage", "client")},
        ),
    )

    account_link = to("account", "integrations_account", "Account")
    state_label = state("state")
    reserved = when("reserved_at", "Reserved")
    settled = when("settled_at", "Settled")

    @column("Action", ordering="action")
    def what(self, row: Dispatch) -> str:
        return str(row.get_action_display())

    @column("Text")
    def words(self, row: Dispatch) -> SafeString | str:
        return clip(row.text or (row.detail and f"({row.detail})") or "(no note)")
