"""What the outside told us: webhook receipts, calls turned away, and the providers' health."""

import json
from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from integrations.breaker import close_by_hand, state_of
from integrations.models import ProviderHealth, RefusedDelivery, WebhookReceipt
from integrations.receiving import replay
from outreach.clock import now
from outreach.console.base import LedgerAdmin, OperatorLedgerAdmin
from outreach.console.buttons import button
from outreach.console.columns import column, label, state, to, when
from outreach.console.filters import StateFilter, VisibleFilter
from outreach.console.outcomes import tell
from outreach.console.pages import CheapPaginator
from outreach.console.reach import user_of


def pretty(body: str) -> str:
    """JSON indented for reading; anything else as it came."""
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except ValueError:
        return body


@admin.register(WebhookReceipt)
class WebhookReceiptAdmin(LedgerAdmin):
    scope_through = "client"
    list_display = ("source", "state_label", "meaning", "effect", "account_link", "attempts", "received")
    list_filter = (("state", StateFilter), ("account", VisibleFilter))
    list_select_related = ("account",)
    search_fields = ("meaning", "effect", "error")
    paginator = CheapPaginator
    actions = ("replay_selected",)
    actions_detail = ("replay_one",)
    readonly_fields = ("readable_body", "readable_headers")
    fieldsets = (
        (None, {"fields": ("source", "state", "meaning", "effect", "error")}),
        ("Call", {"fields": ("readable_body", "readable_headers", "provider", "account", "client")}),
        ("Processing", {"fields": ("received_at", "processed_at", "attempts", "next_attempt_at")}),
    )

    account_link = to("account", "integrations_account", "Account")
    state_label = state("state")
    received = when("received_at", "Received")

    @column("Body")
    def readable_body(self, row: WebhookReceipt) -> SafeString:
        return format_html('<pre class="oc-code">{}</pre>', pretty(row.text))

    @column("Headers")
    def readable_headers(self, row: WebhookReceipt) -> SafeString:
        return format_html('<pre class="oc-code">{}</pre>', json.dumps(row.headers, indent=2))

    @admin.action(description="Replay", permissions=["steer"])
    def replay_selected(self, request: HttpRequest, queryset: "models.QuerySet[WebhookReceipt]") -> None:
        at = now()
        tell(request, self.carry_out(request, queryset, lambda row: replay(receipt=row, at=at)), "due again")

    @button(
        "Replay",
        icon="replay",
        sure="The call is processed again. What it has already effected stays effected once.",
    )
    def replay_one(self, request: HttpRequest, row: WebhookReceipt, form: Any) -> str:
        """Make the receipt due again."""
        replay(receipt=row, at=now())
        return "Due again; it is processed within seconds."


@admin.register(RefusedDelivery)
class RefusedDeliveryAdmin(OperatorLedgerAdmin):
    list_display = ("day", "source", "reason", "count")
    search_fields = ("source", "reason")


CIRCUITS = {
    "open": label("failed", "Not called for now"),
    "half_open": label("connecting", "Tried out with one call"),
    "closed": label("ok", "Answering"),
}


@admin.register(ProviderHealth)
class ProviderHealthAdmin(OperatorLedgerAdmin):
    list_display = ("provider", "circuit", "failures_in_a_row", "opens", "detail")
    actions_detail = ("close_circuit",)

    def has_steer_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """The operator's alone, like the page."""
        return self.has_view_permission(request)

    @button("Call again now", icon="bolt", sure="Calls to the provider start at once instead of after the rest.")
    def close_circuit(self, request: HttpRequest, row: ProviderHealth, form: Any) -> str:
        """Somebody knows that the provider is well again."""
        close_by_hand(by=user_of(request), at=now(), provider=row.pk)
        return "Calls start again."

    opens = when("opens_at", "Calls may start from")

    @column("State")
    def circuit(self, row: ProviderHealth) -> SafeString:
        return CIRCUITS[state_of(row, now())]
