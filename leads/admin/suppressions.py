"""Do-not-contact entries and custom fields."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.safestring import SafeString

from leads.models import CustomField, Suppression
from leads.suppressing import lift, normalised, suppress
from outreach.clock import now
from outreach.console.base import ConsoleAdmin, OneClientForm
from outreach.console.columns import column, label, when
from outreach.console.filters import StateFilter, VisibleFilter
from outreach.console.reach import reach_of, user_of


class SuppressionForm(OneClientForm):
    class Meta:
        model = Suppression
        fields = ("client", "kind", "value", "reason")

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("kind") and cleaned.get("value"):
            try:
                cleaned["value"] = normalised(cleaned["kind"], cleaned["value"])
            except ValidationError as problem:
                self.add_error("value", problem)
        return cleaned


@admin.register(Suppression)
class SuppressionAdmin(ConsoleAdmin):
    """Entries are added and removed, never edited: what was blocked stays readable in the events."""

    form = SuppressionForm
    scope_through = "client"
    list_display = ("value", "kind", "blocks", "reason", "source", "added")
    list_filter = (("kind", StateFilter), ("client", VisibleFilter))
    list_select_related = ("client",)
    search_fields = ("value", "reason")
    fieldsets = (
        (
            None,
            {
                "fields": ("client", "kind", "value", "reason"),
                "description": "Nothing automatic is ever sent to a person whom an entry names. A pasted profile "
                "address or an e-mail in capitals is stored in its plain form.",
            },
        ),
    )

    added = when("created_at", "Added")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_steer_permission(request, obj)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """An entry for every client is the operator's to make."""
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        field.required = not reach_of(request).everything
        return field

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        entry = suppress(
            client=obj.client, kind=obj.kind, value=obj.value, reason=obj.reason, by=user_of(request), at=now()
        )
        obj.pk, obj.created_at = entry.pk, entry.created_at

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        lift(entry=obj, by=user_of(request), at=now())

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for entry in queryset:
            lift(entry=entry, by=user_of(request), at=now())

    @column("Holds for")
    def blocks(self, row: Suppression) -> SafeString:
        return label("one", str(row.client)) if row.client else label("blocked", "Every client")


@admin.register(CustomField)
class CustomFieldAdmin(ConsoleAdmin):
    deletable = True
    list_display = ("label", "token", "client")
    list_filter = (("client", VisibleFilter),)
    list_select_related = ("client",)
    search_fields = ("key", "label")
    fieldsets = (
        (
            None,
            {
                "fields": ("client", "key", "label"),
                "description": "A further field of this client's leads. Texts use its key as a token.",
            },
        ),
    )

    @column("Token", ordering="key")
    def token(self, row: CustomField) -> str:
        return f"{{{{ {row.key} }}}}"
