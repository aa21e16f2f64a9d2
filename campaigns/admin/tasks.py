"""Manual tasks: what somebody has to do before a lead goes on."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextInputWidget

from campaigns.models import CampaignDay, ManualTask
from campaigns.tasking import close_task
from outreach.clock import now
from outreach.console.base import LedgerAdmin
from outreach.console.buttons import Variant, button
from outreach.console.columns import column, to
from outreach.console.filters import StateFilter, VisibleFilter
from outreach.console.outcomes import tell
from outreach.console.reach import user_of
from outreach.console.relative import relative


class NoteForm(BaseDialogForm):
    note = forms.CharField(required=False, max_length=500, label="What came of it", widget=UnfoldAdminTextInputWidget)


@admin.register(ManualTask)
class ManualTaskAdmin(LedgerAdmin):
    list_display = ("what", "lead", "campaign", "state", "waits")
    list_filter = (("state", StateFilter), ("client", VisibleFilter), ("enrollment__campaign", VisibleFilter))
    list_select_related = ("enrollment__lead", "enrollment__campaign", "client")
    search_fields = ("instructions", "note", "enrollment__lead__first_name", "enrollment__lead__last_name")
    ordering = ("state", "opened_at")
    actions = ("done_selected", "skip_selected")
    actions_detail = ("done", "skip")

    lead = to("enrollment", "campaigns_enrollment", "Lead")

    def button_applies(self, name: str, row: Any) -> bool:
        return bool(row.state == ManualTask.State.OPEN)

    @column("Task")
    def what(self, row: ManualTask) -> str:
        return row.instructions[:120]

    @column("Campaign")
    def campaign(self, row: ManualTask) -> str:
        return str(row.enrollment.campaign)

    @column("Since", ordering="opened_at")
    def waits(self, row: ManualTask) -> str:
        return relative(row.opened_at, now())

    @admin.action(description="Done", permissions=["steer"])
    def done_selected(self, request: HttpRequest, queryset: "models.QuerySet[ManualTask]") -> None:
        self._close_all(request, queryset, skipped=False)

    @admin.action(description="Skip", permissions=["steer"])
    def skip_selected(self, request: HttpRequest, queryset: "models.QuerySet[ManualTask]") -> None:
        self._close_all(request, queryset, skipped=True)

    def _close_all(self, request: HttpRequest, rows: Any, *, skipped: bool) -> None:
        by, at = user_of(request), now()
        outcome = self.carry_out(request, rows, lambda row: close_task(task=row, skipped=skipped, by=by, at=at))
        tell(request, outcome, "skipped" if skipped else "done")

    @button("Done", icon="check", variant=Variant.SUCCESS, sure="The lead goes on with the next step.", form=NoteForm)
    def done(self, request: HttpRequest, row: ManualTask, form: Any) -> str:
        """The task is done."""
        close_task(task=row, note=form.cleaned_data["note"], by=user_of(request), at=now())
        return "Done; the lead goes on."

    @button("Skip", icon="skip_next", sure="Nobody does it; the lead goes on with the next step.", form=NoteForm)
    def skip(self, request: HttpRequest, row: ManualTask, form: Any) -> str:
        """The task is not needed."""
        close_task(task=row, skipped=True, note=form.cleaned_data["note"], by=user_of(request), at=now())
        return "Skipped; the lead goes on."


@admin.register(CampaignDay)
class CampaignDayAdmin(LedgerAdmin):
    """How many new leads each campaign has begun with, by day."""

    list_display = ("campaign", "day", "begun")
    list_filter = (("campaign", VisibleFilter),)
    list_select_related = ("campaign",)
    search_fields = ("campaign__name",)
