"""Messages, with what they mean: an operator's word wins over every rule."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminSelectWidget

from campaigns.overriding import override
from inbox.admin import MessageAdmin
from inbox.models import Message
from outreach.clock import now
from outreach.console.buttons import button
from outreach.console.reach import user_of


class MeaningForm(BaseDialogForm):
    meaning = forms.ChoiceField(choices=Message.Meaning.choices, widget=UnfoldAdminSelectWidget)


@admin.register(Message)
class MeantMessageAdmin(MessageAdmin):
    actions_detail = ("set_meaning",)

    def button_applies(self, name: str, row: Any) -> bool:
        return bool(row.direction == Message.Direction.INBOUND and not row.is_event)

    @button(
        "Set the meaning",
        icon="label",
        sure="What you say wins over every rule. An answer stops the sequences; an automatic one lets them wait.",
        form=MeaningForm,
    )
    def set_meaning(self, request: HttpRequest, row: Message, form: Any) -> str:
        """Say what this message means."""
        words = override(message=row, meaning=form.cleaned_data["meaning"], by=user_of(request), at=now())
        return f"{words[:1].upper()}{words[1:]}."
