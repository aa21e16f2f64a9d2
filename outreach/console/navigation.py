"""The sidebar: what a staff member reaches, grouped by what they came to do."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.module_loading import import_string

from outreach.console.columns import list_of

# Named by a string because it reads the apps above this one.
COUNTS = "analytics.attention.counts"


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the sidebar. `model` names whose list it opens; `badge` the count it shows when there is any."""

    title: str
    icon: str
    model: str
    query: str = ""
    badge: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    title: str
    entries: tuple[Entry, ...]
    collapsible: bool = False


SIDEBAR: tuple[Group, ...] = (
    Group(
        "Needs attention",
        (
            Entry("Decisions", "help", "integrations.Dispatch", "decision=yes", "decisions"),
            Entry("Failed receipts", "sync_problem", "integrations.WebhookReceipt", "state__exact=failed", "receipts"),
            Entry("Tasks", "task", "campaigns.ManualTask", "state__exact=open", "tasks"),
            Entry("Held leads", "front_hand", "campaigns.Enrollment", "held=yes", "held"),
        ),
    ),
    Group(
        "Campaigns",
        (
            Entry("Campaigns", "campaign", "campaigns.Campaign"),
            Entry("Leads in campaigns", "conversion_path", "campaigns.Enrollment"),
            Entry("Step executions", "checklist", "campaigns.StepExecution"),
            Entry("All tasks", "task_alt", "campaigns.ManualTask"),
            Entry("New leads by day", "today", "campaigns.CampaignDay"),
        ),
    ),
    Group(
        "Leads",
        (
            Entry("Leads", "group", "leads.Lead"),
            Entry("Do not contact", "block", "leads.Suppression"),
            Entry("Custom fields", "data_object", "leads.CustomField"),
        ),
    ),
    Group(
        "Inbox",
        (
            Entry("Conversations", "forum", "inbox.Conversation", badge="unread"),
            Entry("Messages", "chat_bubble", "inbox.Message"),
        ),
    ),
    Group(
        "Senders",
        (
            Entry("Senders", "badge", "integrations.Sender"),
            Entry("Accounts", "account_circle", "integrations.Account", badge="accounts"),
            Entry("Usage", "speed", "integrations.Usage"),
        ),
    ),
    Group(
        "Ledgers",
        (
            Entry("Dispatches", "outbox", "integrations.Dispatch"),
            Entry("Webhook receipts", "move_to_inbox", "integrations.WebhookReceipt"),
            Entry("Calls to other systems", "webhook", "integrations.OutboundCall"),
            Entry("Refused deliveries", "gpp_bad", "integrations.RefusedDelivery"),
            Entry("Provider health", "monitor_heart", "integrations.ProviderHealth"),
            Entry("Events", "history", "events.Event"),
        ),
        collapsible=True,
    ),
    Group(
        "Set-up",
        (
            Entry("Clients", "apartment", "clients.Client"),
            Entry("Users", "person", "clients.User"),
            Entry("Memberships", "key_visualizer", "clients.Membership"),
            Entry("API keys", "vpn_key", "clients.ApiKey"),
            Entry("Schedule", "schedule", "django_celery_beat.PeriodicTask"),
        ),
        collapsible=True,
    ),
)


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The sidebar as the theme wants it: only lists the user may open, badges only where something waits."""
    counts: Mapping[str, int] = import_string(COUNTS)(request)
    home = {"title": "Dashboard", "icon": "space_dashboard", "link": reverse("admin:index")}
    groups = [{"title": "Today", "items": [home]}]
    groups += [_group(group, request, counts) for group in SIDEBAR]
    return [group for group in groups if group["items"]]


def _group(group: Group, request: HttpRequest, counts: Mapping[str, int]) -> dict[str, Any]:
    items = [_item(entry, request, counts) for entry in group.entries if _may_open(entry, request)]
    return {"title": group.title, "collapsible": group.collapsible, "items": items}


def _may_open(entry: Entry, request: HttpRequest) -> bool:
    page = admin.site._registry.get(apps.get_model(entry.model))
    return page is not None and page.has_module_permission(request) and page.has_view_permission(request)


def _item(entry: Entry, request: HttpRequest, counts: Mapping[str, int]) -> dict[str, Any]:
    link = list_of(entry.model.lower().replace(".", "_"), entry.query)
    item: dict[str, Any] = {"title": entry.title, "icon": entry.icon, "link": link, "active": _is_here(entry, request)}
    waiting = counts.get(entry.badge, 0)
    if waiting:
        item |= {"badge": f"{waiting:,}" if waiting < 1000 else "999+", "badge_variant": _variant(entry.badge)}
    return item


def _variant(badge: str) -> str:
    return "primary" if badge == "unread" else "danger"


def _is_here(entry: Entry, request: HttpRequest) -> bool:
    """A filtered entry is lit by its filter, the whole list's entry by the list without any entry's filter."""
    if not request.path.startswith(list_of(entry.model.lower().replace(".", "_")) or "\0"):
        return False
    queries = {other.query for group in SIDEBAR for other in group.entries if other.model == entry.model} - {""}
    asked = {query for query in queries if query in request.META.get("QUERY_STRING", "")}
    return entry.query in asked if entry.query else not asked
