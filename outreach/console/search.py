"""The command palette: finds leads, campaigns, conversations and accounts by their lists' own search."""

from collections.abc import Iterator

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest
from unfold.dataclasses import SearchResult

from outreach.console.columns import page_of

PLACES = (
    ("leads.Lead", "person"),
    ("campaigns.Campaign", "campaign"),
    ("inbox.Conversation", "forum"),
    ("integrations.Account", "account_circle"),
)
MOST_OF_A_KIND = 6


def find(request: HttpRequest, words: str) -> list[SearchResult]:
    """The first few rows of each kind; every list limits itself to what the user may see."""
    return [result for label, icon in PLACES for result in _found(request, label, icon, words)]


def _found(request: HttpRequest, label: str, icon: str, words: str) -> Iterator[SearchResult]:
    model = apps.get_model(label)
    page = admin.site._registry.get(model)
    if page is None or not page.has_view_permission(request):
        return
    rows, _ = page.get_search_results(request, page.get_queryset(request), words)
    for row in rows[:MOST_OF_A_KIND]:
        address = page_of(label.lower().replace(".", "_"), row.pk)
        yield SearchResult(
            title=str(row), description=str(model._meta.verbose_name).capitalize(), link=address, icon=icon
        )
