"""Calls to other systems: what was told to whom, and what they said."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from integrations.calling_out import try_again
from integrations.models import OutboundCall
from outreach.clock import now
from outreach.console.base import LedgerAdmin
from outreach.console.buttons import button
from outreach.console.columns import state, when
from outreach.console.filters import StateFilter, VisibleFilter


@admin.register(OutboundCall)
class OutboundCallAdmin(LedgerAdmin):
    list_display = ("url", "client", "state_label", "attempts", "made", "detail")
    list_filter = (("state", StateFilter), ("client", VisibleFilter))
    list_select_related = ("client",)
    search_fields = ("url", "detail")
    actions_detail = ("again",)

    state_label = state("state", "State")
    made = when("created_at", "Asked for")

    def button_applies(self, name: str, row: Any) -> bool:
        return bool(row.state == OutboundCall.State.FAILED)

    @button("Try again", icon="replay", sure="The call is made again, under the same id.")
    def again(self, request: HttpRequest, row: OutboundCall, form: Any) -> str:
        """Take up a failed call once more."""
        try_again(call=row, at=now())
        return "The call is made again."
