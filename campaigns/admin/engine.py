"""The one switch of the whole engine, offered on the dashboard to the operator."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.safestring import SafeString
from unfold.enums import ActionVariant

from campaigns.engine.restoring import reconcile_everything
from campaigns.models import EngineState
from campaigns.stopping import start_engine, stop_engine
from outreach.clock import now
from outreach.console.base import OperatorLedgerAdmin
from outreach.console.buttons import action, go_to, told
from outreach.console.columns import column, label, when
from outreach.console.outcomes import in_flight
from outreach.console.reach import user_of

STOP: Any = {
    "title": "Stop the engine",
    "description": "Nothing automatic is sent any more, for any client, until you start it again. "
    "Answers still come in.",
    "form_class": None,
    "form_submit_text": "Stop the engine",
}
START: Any = {
    "title": "Start the engine",
    "description": "Active campaigns go on, within their hours and caps.",
    "form_class": None,
    "form_submit_text": "Start the engine",
}


RECONCILE: Any = {
    "title": "Compare all accounts first",
    "description": "For after a restored backup. Nothing is sent from an account until its inbox, its relations "
    "and its invitations were read from the provider; then it goes on by itself.",
    "form_class": None,
    "form_submit_text": "Compare all accounts",
}


@admin.register(EngineState)
class EngineStateAdmin(OperatorLedgerAdmin):
    list_display = ("switch", "stopped", "stopped_by", "restored")
    actions_list = ("stop", "start", "reconcile")

    stopped = when("stopped_at", "Stopped")

    @column("Engine")
    def switch(self, row: EngineState) -> SafeString:
        return label("stopped", "Stopped") if row.stopped_at else label("running", "Running")

    restored = when("restored_at", "Looked restored")

    has_switch_permission = OperatorLedgerAdmin.has_view_permission

    @action(
        description="Stop the engine",
        icon="power_settings_new",
        variant=ActionVariant.DANGER,
        permissions=["switch"],
        dialog=STOP,
    )
    def stop(self, request: HttpRequest, form: Any) -> HttpResponse:
        """Stop everything automatic."""
        told(request, lambda: f"The engine is stopped{in_flight([stop_engine(by=user_of(request), at=now())])}.")
        return go_to(reverse("admin:index"))

    @action(
        description="Start the engine",
        icon="play_arrow",
        variant=ActionVariant.PRIMARY,
        permissions=["switch"],
        dialog=START,
    )
    def start(self, request: HttpRequest, form: Any) -> HttpResponse:
        """Let the engine go on."""
        start_engine(by=user_of(request), at=now())
        told(request, lambda: "The engine is running.")
        return go_to(reverse("admin:index"))

    @action(
        description="Compare all accounts first",
        icon="published_with_changes",
        variant=ActionVariant.DEFAULT,
        permissions=["switch"],
        dialog=RECONCILE,
    )
    def reconcile(self, request: HttpRequest, form: Any) -> HttpResponse:
        """Send nothing from an account before it agrees with the provider."""
        count = reconcile_everything(by=user_of(request), at=now())
        told(request, lambda: f"{count} accounts are compared with the provider before they send again.")
        return go_to(reverse("admin:index"))
