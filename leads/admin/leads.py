"""The list and the page of leads."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import DropdownFilter

from leads.admin.importing import ImportPages
from leads.identifiers import public_identifier_from
from leads.models import Lead
from outreach.console.base import ConsoleAdmin, OneClientForm
from outreach.console.columns import column, initials, when
from outreach.console.fields import PairsField, WordsField
from outreach.console.filters import VisibleFilter, YesFilter

SHOWN_TAGS = 3


class LeadForm(OneClientForm):
    tags = WordsField(required=False, help_text="Separated by commas.")
    custom = PairsField(
        required=False,
        label="Further fields",
        help_text="One a line, such as industry: Logistics. Texts use them as {{ industry }}.",
    )

    class Meta:
        model = Lead
        fields = "__all__"

    def clean_public_identifier(self) -> str:
        """A pasted profile address is kept as the name in it."""
        typed = str(self.cleaned_data["public_identifier"]).strip()
        name = public_identifier_from(typed)
        if typed and not name:
            raise ValidationError("Paste the address of the profile (https://www.linkedin.com/in/…) or its last part.")
        return name


class RepliedFilter(YesFilter):
    title = "replied"
    parameter_name = "replied"
    yes = "Has replied"

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(replied_at__isnull=False) if self.value() == "yes" else queryset


class ReachableFilter(DropdownFilter):
    title = "LinkedIn profile"
    parameter_name = "profile"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("known", "Known"), ("missing", "Missing")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        nothing = models.Q(public_identifier="", provider_id="")
        return {"known": queryset.exclude(nothing), "missing": queryset.filter(nothing)}.get(self.value(), queryset)


class LeadAdmin(ImportPages, ConsoleAdmin):
    """Presentation of a lead, and the import of lead files."""

    form = LeadForm
    list_display = ("person", "company", "client", "tag_labels", "profile", "replied", "added")
    list_filter = (("client", VisibleFilter), RepliedFilter, ReachableFilter)
    list_select_related = ("client",)
    search_fields = ("first_name", "last_name", "company", "email", "public_identifier")
    search_help_text = "Name, company, e-mail or LinkedIn name; every word must occur."
    actions_list = ("import_leads",)
    readonly_fields = ("source", "replied_at", "created_at", "updated_at")
    fieldsets = (
        (None, {"fields": ("client", ("first_name", "last_name"), ("title", "company"), "email")}),
        (
            "LinkedIn",
            {
                "fields": ("public_identifier", "provider_id", "sales_navigator_id", "headline"),
                "description": "The id is found by itself before the first invitation and never changes; "
                "the name may be changed by its owner.",
            },
        ),
        ("More", {"fields": (("location", "time_zone"), ("phone", "website"), "tags", "custom")}),
        ("Record", {"fields": ("source", "replied_at", "created_at", "updated_at"), "classes": ("collapse",)}),
    )

    replied = when("replied_at", "Replied")
    added = when("created_at", "Added")

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> "tuple[models.QuerySet[Any], bool]":
        return queryset.matching_text(search_term), False

    @column("Lead", ordering="first_name", header=True)
    def person(self, row: Lead) -> tuple[str, str, str]:
        return str(row), row.title or row.headline or row.email, initials(row.first_name, row.last_name)

    @column("Tags")
    def tag_labels(self, row: Lead) -> SafeString | str:
        shown = format_html_join("", '<span class="oc-tag">{}</span>', ((tag,) for tag in row.tags[:SHOWN_TAGS]))
        rest = len(row.tags) - SHOWN_TAGS
        return format_html('{}<span class="oc-muted">+{}</span>', shown, rest) if rest > 0 else shown

    @column("LinkedIn")
    def profile(self, row: Lead) -> SafeString | str:
        if not row.linkedin_url:
            return ""
        return format_html(
            '<a class="oc-link" href="{}" target="_blank" rel="noopener noreferrer">{}</a>',
            row.linkedin_url,
            row.public_identifier or "profile",
        )
