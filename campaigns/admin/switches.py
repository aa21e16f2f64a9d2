"""Clients and accounts with their switches: pause and resume."""

from functools import partial
from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe

from campaigns.explaining import explain_account
from campaigns.stopping import (
    pause_account,
    pause_client,
    pause_sender,
    resume_account,
    resume_client,
    resume_sender,
)
from integrations.admin.senders import AccountAdmin, SenderAdmin
from integrations.dispatching import wake
from integrations.models import Account, Sender
from outreach.clients.admin import ClientAdmin
from outreach.clients.models import Client
from outreach.clock import now
from outreach.console.buttons import Variant, button
from outreach.console.columns import column
from outreach.console.outcomes import in_flight, tell
from outreach.console.reach import user_of

RESTRICTED = Account.Status.RESTRICTED


@admin.register(Account)
class SwitchedAccountAdmin(AccountAdmin):
    actions = ("pause_selected", "resume_selected")
    actions_detail = ("pause", "resume", "wake")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return (*super().get_readonly_fields(request, obj), *(("standing_now",) if obj else ()))

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        why = (("Why", {"fields": ("standing_now",)}),) if obj else ()
        return (*super().get_fieldsets(request, obj), *why)

    @column("What keeps it from acting")
    def standing_now(self, row: Account) -> SafeString | str:
        """Every reason, with its end."""
        told = explain_account(account=row, at=now())
        return format_html_join(mark_safe("<br>"), "{}", ((line,) for line in told)) or "Nothing: it is free to act."

    def button_applies(self, name: str, row: Any) -> bool:
        if name == "wake":
            return bool(row.sleeps.filter(until__gt=now()).exists())
        return (row.paused_at is None) if name == "pause" else bool(row.paused_at) or row.status == RESTRICTED

    @admin.action(description="Pause", permissions=["steer"])
    def pause_selected(self, request: HttpRequest, queryset: "models.QuerySet[Account]") -> None:
        act = partial(pause_account, by=user_of(request), at=now())
        outcome = self.carry_out(request, queryset, lambda row: act(account=row))
        tell(request, outcome, "paused", also=in_flight(outcome.results))

    @admin.action(description="Resume", permissions=["steer"])
    def resume_selected(self, request: HttpRequest, queryset: "models.QuerySet[Account]") -> None:
        act = partial(resume_account, by=user_of(request), at=now())
        tell(request, self.carry_out(request, queryset, lambda row: act(account=row)), "resumed")

    @button(
        "Pause",
        icon="pause",
        variant=Variant.WARNING,
        sure="Nothing automatic is sent from this account until you resume it.",
    )
    def pause(self, request: HttpRequest, row: Account, form: Any) -> str:
        """Stop sending from the account."""
        flying = pause_account(account=row, by=user_of(request), at=now())
        return f"{row} is paused{in_flight([flying])}."

    @button("Resume", icon="play_arrow", variant=Variant.PRIMARY, sure="The account goes on within its caps.")
    def resume(self, request: HttpRequest, row: Account, form: Any) -> str:
        """Go on sending from the account."""
        resume_account(account=row, by=user_of(request), at=now())
        return f"{row} goes on."

    @button(
        "Wake",
        icon="alarm",
        sure="What rests after the provider said \u201ctoo many\u201d is tried again at once. If it is refused again, "
        "it rests longer than before.",
    )
    def wake(self, request: HttpRequest, row: Account, form: Any) -> str:
        """Try again at once what the provider had refused as too many."""
        count = wake(account=row, by=user_of(request), at=now())
        return f"{count} action{'s' if count > 1 else ''} of {row} may be tried again."


@admin.register(Sender)
class SwitchedSenderAdmin(SenderAdmin):
    actions_detail = ("pause", "resume")

    def button_applies(self, name: str, row: Any) -> bool:
        return bool(row.accounts.filter(paused_at__isnull=name == "pause").exists())

    @button(
        "Pause",
        icon="pause",
        variant=Variant.WARNING,
        sure="Nothing automatic is sent in this person's name, from any account, until you resume.",
    )
    def pause(self, request: HttpRequest, row: Sender, form: Any) -> str:
        """Stop sending in the person's name."""
        flying = pause_sender(sender=row, by=user_of(request), at=now())
        return f"{row} is paused{in_flight([flying])}."

    @button("Resume", icon="play_arrow", variant=Variant.PRIMARY, sure="All accounts of the sender go on.")
    def resume(self, request: HttpRequest, row: Sender, form: Any) -> str:
        """Go on sending in the person's name."""
        resume_sender(sender=row, by=user_of(request), at=now())
        return f"{row} goes on."


@admin.register(Client)
class SwitchedClientAdmin(ClientAdmin):
    actions = ("pause_selected", "resume_selected")
    actions_detail = ("pause", "resume")

    def button_applies(self, name: str, row: Any) -> bool:
        return (row.paused_at is None) == (name == "pause")

    @admin.action(description="Pause", permissions=["steer"])
    def pause_selected(self, request: HttpRequest, queryset: "models.QuerySet[Client]") -> None:
        act = partial(pause_client, by=user_of(request), at=now())
        outcome = self.carry_out(request, queryset, lambda row: act(client=row))
        tell(request, outcome, "paused", also=in_flight(outcome.results))

    @admin.action(description="Resume", permissions=["steer"])
    def resume_selected(self, request: HttpRequest, queryset: "models.QuerySet[Client]") -> None:
        act = partial(resume_client, by=user_of(request), at=now())
        tell(request, self.carry_out(request, queryset, lambda row: act(client=row)), "resumed")

    @button(
        "Pause",
        icon="pause",
        variant=Variant.WARNING,
        sure="Nothing automatic is sent for this client until you resume it.",
    )
    def pause(self, request: HttpRequest, row: Client, form: Any) -> str:
        """Stop all sending for the client."""
        flying = pause_client(client=row, by=user_of(request), at=now())
        return f"{row} is paused{in_flight([flying])}."

    @button("Resume", icon="play_arrow", variant=Variant.PRIMARY, sure="All its active campaigns go on.")
    def resume(self, request: HttpRequest, row: Client, form: Any) -> str:
        """Go on sending for the client."""
        resume_client(client=row, by=user_of(request), at=now())
        return f"{row} goes on."
