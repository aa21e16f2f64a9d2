"""Senders, their accounts, and how much of each cap is used."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.admin import TabularInline

from integrations.account_care import record_tuning, tuning_of
from integrations.allowances import Allowance, allowances
from integrations.models import UNLIMITED, Account, Action, ActionSleep, Usage
from integrations.today import standing
from outreach.clock import now
from outreach.console.base import ConsoleAdmin, LedgerAdmin
from outreach.console.columns import bar, column, initials, label, to, when
from outreach.console.filters import StateFilter, VisibleFilter
from outreach.console.reach import reach_of, user_of
from outreach.console.relative import relative


class AccountInline(TabularInline):
    """A sender's accounts, to look at; they are edited on their own pages."""

    model = Account
    extra = 0
    fields = readonly_fields = ("name", "channel", "tier", "status", "paused_at")
    show_change_link = True
    can_delete = False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None or reach_of(request).may_see(obj.client_id)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    has_change_permission = has_delete_permission = has_add_permission


class SenderAdmin(ConsoleAdmin):
    """Presentation of a sender; campaigns/admin adds the buttons that pause and resume all its accounts."""

    administered = True
    ordering = ("first_name", "last_name")
    list_display = ("name", "client", "title", "email", "accounts_total")
    list_filter = (("client", VisibleFilter),)
    list_select_related = ("client",)
    search_fields = ("first_name", "last_name", "email", "title")
    fieldsets = ((None, {"fields": ("client", ("first_name", "last_name"), "title", "email")}),)
    inlines = (AccountInline,)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).annotate(account_count=models.Count("accounts", distinct=True))

    @column("Accounts", ordering="account_count")
    def accounts_total(self, row: Any) -> int:
        return int(row.account_count)


class SleepInline(TabularInline):
    model = ActionSleep
    extra = 0
    fields = readonly_fields = ("action", "until", "in_a_row", "detail")
    verbose_name_plural = "actions at rest after the provider said \u201ctoo many\u201d"
    can_delete = False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None or reach_of(request).may_see(obj.client_id)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    has_change_permission = has_delete_permission = has_add_permission


class AccountAdmin(ConsoleAdmin):
    """Presentation of an account; campaigns/admin adds the buttons that pause and resume it."""

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        """A change of limits is recorded with the values before and after."""
        before = tuning_of(Account.objects.get(pk=obj.pk)) if change else tuning_of(obj)
        super().save_model(request, obj, form, change)
        record_tuning(obj, before, by=user_of(request), at=now())

    administered = True
    list_display = ("person", "client", "status_label", "invitations", "messages_sent", "next_slot", "read")
    list_filter = (("status", StateFilter), ("client", VisibleFilter), ("sender", VisibleFilter), ("tier", StateFilter))
    list_select_related = ("client", "sender")
    search_fields = ("name", "provider_account_id", "public_identifier", "sender__first_name", "sender__last_name")
    autocomplete_fields = ("sender",)
    inlines = (SleepInline,)
    readonly_fields = (
        "limits_today",
        "slowed",
        "pending_seen",
        "status",
        "status_changed_at",
        "paused_at",
        "next_slot_at",
        "messages_read_at",
        "relations_read_at",
        "unreconciled_since",
        "created_at",
    )
    fieldsets = (
        (None, {"fields": ("client", "sender", "name", ("channel", "tier"))}),
        (
            "Pace",
            {
                "fields": (
                    ("invitations_per_day", "messages_per_day"),
                    ("spacing_min_seconds", "spacing_max_seconds"),
                    "time_zone",
                ),
                "description": "Caps hold per local day and count answers written by hand too. The pause between two "
                "actions is drawn at random between the shortest and the longest.",
            },
        ),
        (
            "Further limits",
            {
                "classes": ["tab"],
                "fields": (
                    ("invitations_per_week", "messages_per_week"),
                    ("notes_per_day", "notes_per_week", "notes_per_month"),
                    ("inmails_per_day", "inmails_per_week"),
                    ("profile_views_per_day", "profile_views_per_week"),
                    ("search_results_per_day", "search_results_per_week"),
                    ("mails_per_day", "mails_per_week"),
                    ("reactions_per_day", "comments_per_day"),
                    ("endorsements_per_day", "withdrawals_per_day"),
                    "ramp_up_started_on",
                    ("ramp_up_days", "ramp_up_percent"),
                    ("pending_ceiling", "acceptance_floor_percent"),
                ),
                "description": "Left empty, LinkedIn's known limits for the account's plan hold. The smallest of all "
                "limits wins; \u201cLimits today\u201d below says which one it is.",
            },
        ),
        (
            "At the provider",
            {"fields": ("provider_account_id", "provider_user_id", "public_identifier", "status", "status_changed_at")},
        ),
        (
            "Now",
            {
                "fields": (
                    "limits_today",
                    ("slowed", "pending_seen"),
                    "paused_at",
                    "next_slot_at",
                    "messages_read_at",
                    "relations_read_at",
                    "unreconciled_since",
                    "created_at",
                )
            },
        ),
    )
    add_fieldsets = (
        (None, {"fields": ("client", "sender", "name", ("channel", "tier"))}),
        (
            "At the provider",
            {
                "fields": ("provider_account_id", "provider_user_id", "public_identifier"),
                "description": "The account's id is in the Unipile dashboard. The rest is filled in at the first read.",
            },
        ),
        (
            "Pace",
            {
                "fields": (
                    ("invitations_per_day", "messages_per_day"),
                    ("spacing_min_seconds", "spacing_max_seconds"),
                    "time_zone",
                    "ramp_up_started_on",
                    ("ramp_up_days", "ramp_up_percent"),
                ),
                "description": "A LinkedIn account that is new, or has few relations, should begin low: give the day "
                "on which its ramp-up starts.",
            },
        ),
    )

    read = when("messages_read_at", "Inbox read")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        fixed = ("provider_account_id",) if obj else ()
        return (*super().get_readonly_fields(request, obj), *fixed)

    def prepare(self, request: HttpRequest, rows: list[Any]) -> None:
        known = allowances(rows, at=now())
        for row in rows:
            row.allowed = {action: known[row.pk, action.value] for action in Action}

    @admin.display(description="Limits today")
    def limits_today(self, row: Account) -> SafeString:
        """What the account may do of each action today, and which of all its limits says so."""
        at = now()
        known = allowances([row], at=at)
        lines = [(action.label, *_limit_in_words(known[row.pk, action.value], at)) for action in Action]
        return format_html(
            '<table class="oc-table"><tbody>{}</tbody></table>',
            format_html_join("", "<tr><td>{}</td><td>{}</td><td>{}</td></tr>", lines),
        )

    @admin.display(description="Invitations slowed down")
    def slowed(self, row: Account) -> str:
        if row.invitations_slowed_to is None:
            return "no"
        return f"to {row.invitations_slowed_to} a day: {row.slowed_because}"

    @column("Account", ordering="name", header=True)
    def person(self, row: Account) -> tuple[str, str, str]:
        sign = initials(row.sender.first_name, row.sender.last_name)
        return row.name, f"{row.get_channel_display()} · {row.get_tier_display()}", sign

    @column("Status", ordering="status")
    def status_label(self, row: Account) -> SafeString:
        return label(*standing(row))

    @column("Invitations today")
    def invitations(self, row: Any) -> SafeString:
        return allowance_bar(row.allowed[Action.INVITATION])

    @column("Messages today")
    def messages_sent(self, row: Any) -> SafeString:
        return allowance_bar(row.allowed[Action.MESSAGE])

    @column("Next slot", ordering="next_slot_at")
    def next_slot(self, row: Account) -> str:
        at = now()
        return "free" if row.next_slot_at <= at else relative(row.next_slot_at, at)


def _limit_in_words(allowed: Allowance, at: datetime) -> tuple[str, str]:
    """Such as "3 of 25" and "25 a day, set for this account; again Tue 3 March 00:00"."""
    figure = f"{allowed.used} of {allowed.cap}" if allowed.cap < UNLIMITED else f"{allowed.used}"
    words = [allowed.source or "nobody limits it"]
    if allowed.asleep_until and allowed.asleep_until > at:
        words.append(f"at rest after a refusal, tried again {relative(allowed.asleep_until, at)}")
    if allowed.is_used_up and allowed.reopens_at:
        words.append(f"lets something through again {relative(allowed.reopens_at, at)}")
    return figure, "; ".join(words)


def allowance_bar(allowed: Allowance) -> SafeString:
    """What is used of today, with the ceiling that says so."""
    return format_html('<span title="{}">{}</span>', allowed.source, bar(allowed.used, allowed.cap))


@admin.register(Usage)
class UsageAdmin(LedgerAdmin):
    scope_through = "account"
    list_display = ("account_link", "day", "action", "share", "observed")
    list_filter = (("action", StateFilter), ("account", VisibleFilter))
    list_select_related = ("account",)
    search_fields = ("account__name",)

    account_link = to("account", "integrations_account", "Account")

    @column("Used", ordering="used")
    def share(self, row: Usage) -> SafeString:
        return bar(row.used, row.cap)
