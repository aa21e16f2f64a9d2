"""Clients, the people who work for them, and their keys to the API.

`ClientAdmin` is registered in campaigns/admin, on the floor that may pause a client.
"""

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as BaseUserAdmin
from django.db import models
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.admin import TabularInline
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from outreach.clients.models import ApiKey, Client, Membership, User
from outreach.clock import now
from outreach.console.base import ConsoleAdmin, OperatorAdmin
from outreach.console.columns import column, label, state, to, when
from outreach.console.filters import StateFilter, VisibleFilter
from outreach.console.reach import reach_of, user_of


def only_operator_names_users(request: HttpRequest) -> tuple[str, ...]:
    """A client's admin sets roles; who exists at all is the operator's knowledge."""
    return () if user_of(request).is_superuser else ("user",)


class MembershipInline(TabularInline):
    model = Membership
    extra = 0
    fields = ("user", "role")
    verbose_name_plural = "members"

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return only_operator_names_users(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None or reach_of(request).may_see(obj.pk)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return reach_of(request).everything

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is not None and reach_of(request).may_administer(obj.pk)

    has_delete_permission = has_change_permission


class ClientAdmin(ConsoleAdmin):
    """Presentation of a client; campaigns/admin adds the buttons that pause and resume it."""

    administered = True
    list_display = ("name", "status", "member_count", "slug", "since")
    search_fields = ("name", "slug")
    readonly_fields = ("paused_at", "created_at")
    fieldsets = (
        (None, {"fields": ("name", "slug")}),
        ("State", {"fields": ("paused_at", "created_at"), "description": "Pausing a client stops all its sending."}),
    )
    prepopulated_fields = {"slug": ("name",)}
    inlines = (MembershipInline,)
    ordering = ("name",)

    since = when("created_at", "Since")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).annotate(members_total=models.Count("memberships", distinct=True))

    def client_of(self, row: Any) -> UUID | None:
        return row.pk if isinstance(row, Client) else None

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return reach_of(request).everything

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> dict[str, Any]:
        return {} if obj else super().get_prepopulated_fields(request, obj)

    @column("State")
    def status(self, row: Client) -> SafeString:
        return label("paused", "Paused") if row.paused_at else label("active", "Active")

    @column("Members", ordering="members_total")
    def member_count(self, row: Any) -> int:
        return int(row.members_total)


@admin.register(Membership)
class MembershipAdmin(ConsoleAdmin):
    administered = True
    deletable = True
    list_display = ("user", "client", "role_label")
    list_filter = (("role", StateFilter), ("client", VisibleFilter))
    list_select_related = ("user", "client")
    search_fields = ("user__username", "user__first_name", "user__last_name", "client__name")

    role_label = state("role", "Role")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return reach_of(request).everything

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return (*super().get_readonly_fields(request, obj), *only_operator_names_users(request))


class NewUserForm(UserCreationForm):
    class Meta:
        model = User
        fields = ("username", "first_name", "last_name", "email", "is_staff")


class ChangedUserForm(UserChangeForm):
    class Meta:
        model = User
        fields = "__all__"


class UserMembershipInline(TabularInline):
    model = Membership
    extra = 0
    fields = ("client", "role")
    verbose_name_plural = "clients"

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return reach_of(request).everything

    has_add_permission = has_change_permission = has_delete_permission = has_view_permission


@admin.register(User)
class UserAdmin(OperatorAdmin, BaseUserAdmin):
    form = ChangedUserForm
    add_form = NewUserForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "full_name", "email", "kind", "last_seen")
    list_filter = ("is_active", "is_staff", "is_superuser")
    inlines = (UserMembershipInline,)
    ordering = ("username",)
    readonly_fields = ("last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Person", {"fields": ("first_name", "last_name", "email")}),
        (
            "Access",
            {
                "fields": ("is_active", "is_staff", "is_superuser"),
                "description": "Staff may open the console and see the clients of their memberships, in the role "
                "given there. A superuser is the operator and sees every client.",
            },
        ),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = (
        (None, {"fields": ("username", "first_name", "last_name", "email", "is_staff")}),
        ("Password", {"fields": ("usable_password", "password1", "password2")}),
    )
    filter_horizontal = ()

    last_seen = when("last_login", "Last seen")

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"is_staff": True, **super().get_changeform_initial_data(request)}

    @column("Name", ordering="first_name")
    def full_name(self, row: User) -> str:
        return row.get_full_name()

    @column("Kind")
    def kind(self, row: User) -> SafeString:
        if not row.is_active:
            return label("paused", "Inactive")
        if row.is_superuser:
            return label("admin", "Operator")
        return label("agent", "Staff") if row.is_staff else label("viewer", "No console")


@admin.register(ApiKey)
class ApiKeyAdmin(ConsoleAdmin):
    """Staff members manage their own keys, the operator everybody's. The token is shown once."""

    list_display = ("name", "prefix", "owner", "status", "used", "expires_at")
    list_select_related = ("user",)
    search_fields = ("name", "prefix", "user__username")
    readonly_fields = ("prefix", "created_at", "last_used_at", "revoked_at")
    actions = ("revoke",)
    fieldsets = (
        (None, {"fields": ("user", "name", "expires_at")}),
        ("Use", {"fields": ("prefix", "created_at", "last_used_at", "revoked_at")}),
    )
    add_fieldsets = (
        (
            None,
            {
                "fields": ("user", "name", "expires_at"),
                "description": "The key's token appears once, right after saving. Only its fingerprint is kept.",
            },
        ),
    )

    owner = to("user", "clients_user", "Acts as")
    used = when("last_used_at", "Last used")

    def get_queryset(self, request: HttpRequest) -> Any:
        keys = ApiKey.objects.all()
        return keys if reach_of(request).everything else keys.filter(user=user_of(request))

    def _own(self, request: HttpRequest, obj: Any = None) -> bool:
        row = self._row(request, obj)
        return reach_of(request).everything or row is None or row.user_id == user_of(request).pk

    has_view_permission = has_change_permission = has_steer_permission = has_add_permission = _own

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return (*self.readonly_fields, "user") if obj else self.readonly_fields

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "user":
            users = User.objects.filter(is_active=True)
            kwargs["queryset"] = users if reach_of(request).everything else users.filter(pk=user_of(request).pk)
            kwargs["initial"] = user_of(request).pk
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        key, token = ApiKey.issue(user=obj.user, name=obj.name, expires_at=obj.expires_at)
        obj.pk, obj.prefix, obj.digest, obj.created_at = key.pk, key.prefix, key.digest, key.created_at
        messages.warning(request, f"Copy the token now, it is not shown again: {token}")

    @admin.action(description="Revoke", permissions=["steer"])
    def revoke(self, request: HttpRequest, queryset: "models.QuerySet[ApiKey]") -> None:
        count = queryset.filter(revoked_at__isnull=True).update(revoked_at=now())
        messages.success(request, f"{count} revoked. Programs that use them are turned away from now on.")

    @column("State")
    def status(self, row: ApiKey) -> SafeString:
        if row.revoked_at:
            return label("stopped", "Revoked")
        return label("active", "Valid") if row.is_valid(now()) else label("expired", "Expired")
