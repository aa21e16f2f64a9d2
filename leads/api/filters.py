"""Finding leads."""

import json

from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast
from django_filters.rest_framework import CharFilter

from leads.models import Lead, Suppression
from leads.querysets import LeadQuerySet
from outreach.api.filters import Filters


def with_tag(leads: QuerySet[Lead], tag: str) -> QuerySet[Lead]:
    """Leads that carry this tag, in any case.

    Works on the stored text, which both databases have: PostgreSQL writes letters beyond ASCII as they are,
    SQLite holds them escaped. The quotation marks keep a tag from matching inside another one.
    """
    stored = leads.annotate(tags_text=Cast("tags", TextField()))
    plain, escaped = json.dumps(tag, ensure_ascii=False), json.dumps(tag)
    return stored.filter(Q(tags_text__icontains=plain) | Q(tags_text__icontains=escaped))


class LeadFilters(Filters):
    text = CharFilter(method="filter_text", help_text="Words in name, company, e-mail or LinkedIn name.")
    tag = CharFilter(method="filter_tag", help_text="Leads that carry this tag.")

    class Meta:
        model = Lead
        fields = ("client", "email", "public_identifier", "provider_id")

    def filter_text(self, leads: LeadQuerySet, name: str, words: str) -> LeadQuerySet:
        return leads.matching_text(words)

    def filter_tag(self, leads: QuerySet[Lead], name: str, tag: str) -> QuerySet[Lead]:
        return with_tag(leads, tag)


class SuppressionFilters(Filters):
    class Meta:
        model = Suppression
        fields = ("client", "kind", "value")
