"""Dispatches whose outcome neither we nor the provider can know: a person decides."""

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest

from campaigns.deciding import settle_by_hand
from integrations.admin.dispatches import DispatchAdmin
from integrations.models import Dispatch
from outreach.clock import now
from outreach.console.buttons import Variant, button
from outreach.console.outcomes import tell
from outreach.console.reach import user_of

SURE = "Look at LinkedIn first: open the person's profile or chat and see whether it is there. "


@admin.register(Dispatch)
class DecidedDispatchAdmin(DispatchAdmin):
    actions = ("happened_selected", "did_not_happen_selected")
    actions_detail = ("it_happened", "it_did_not_happen")

    def button_applies(self, name: str, row: Any) -> bool:
        return bool(row.state == Dispatch.State.UNKNOWN)

    @admin.action(description="It happened", permissions=["steer"])
    def happened_selected(self, request: HttpRequest, queryset: "models.QuerySet[Dispatch]") -> None:
        self._settle_all(request, queryset, happened=True)

    @admin.action(description="It did not happen", permissions=["steer"])
    def did_not_happen_selected(self, request: HttpRequest, queryset: "models.QuerySet[Dispatch]") -> None:
        self._settle_all(request, queryset, happened=False)

    def _settle_all(self, request: HttpRequest, rows: Any, *, happened: bool) -> None:
        by, at = user_of(request), now()
        outcome = self.carry_out(
            request, rows, lambda row: settle_by_hand(dispatch=row, happened=happened, by=by, at=at)
        )
        tell(request, outcome, "settled as sent" if happened else "settled as not sent")

    @button(
        "It happened",
        icon="check",
        variant=Variant.SUCCESS,
        sure=SURE + "It then counts as sent and is never sent again.",
    )
    def it_happened(self, request: HttpRequest, row: Dispatch, form: Any) -> str:
        """Settle as sent."""
        settle_by_hand(dispatch=row, happened=True, by=user_of(request), at=now())
        return "Settled as sent; the lead goes on."

    @button("It did not happen", icon="close", variant=Variant.DANGER, sure=SURE + "The step is then taken up again.")
    def it_did_not_happen(self, request: HttpRequest, row: Dispatch, form: Any) -> str:
        """Settle as not sent."""
        settle_by_hand(dispatch=row, happened=False, by=user_of(request), at=now())
        return "Settled as not sent; the step is taken up again."
