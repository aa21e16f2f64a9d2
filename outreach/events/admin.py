"""The log of everything that happened, read as sentences."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from outreach.clock import now
from outreach.console.base import LedgerAdmin
from outreach.console.columns import clip, column, when
from outreach.console.filters import StateFilter, VisibleFilter
from outreach.console.happenings import actor_name, feed
from outreach.console.pages import CheapPaginator
from outreach.events.models import Event


@admin.register(Event)
class EventAdmin(LedgerAdmin):
    list_display = ("told", "detail", "by", "client", "when")
    list_filter = (("kind", StateFilter), ("client", VisibleFilter))
    list_select_related = ("client",)
    search_fields = ("actor", "lead_id", "campaign_id", "enrollment_id", "account_id")
    search_help_text = "By operator, or by the id of a lead, campaign, enrollment or account."
    paginator = CheapPaginator
    ordering = ("-id",)

    when = when("at", "When")

    def prepare(self, request: HttpRequest, rows: list[Any]) -> None:
        for row, item in zip(rows, feed(rows, at=now()), strict=True):
            row.item = item

    @column("What happened")
    def told(self, row: Any) -> SafeString:
        return format_html(
            '<span class="oc-told"><span class="material-symbols-outlined oc-icon oc-icon--{}">{}</span>{}</span>',
            row.item.tone,
            row.item.icon,
            row.item.sentence,
        )

    @column("Detail")
    def detail(self, row: Any) -> SafeString | str:
        return clip(row.item.detail)

    @column("By", ordering="actor")
    def by(self, row: Event) -> str:
        return actor_name(row.actor)
