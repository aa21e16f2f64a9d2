"""The dialog in which a sender's leads are given to another."""

from typing import Any

from django import forms
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminSelectWidget

from campaigns.handing_over import who_could_leave
from campaigns.models import Campaign
from integrations.models import Sender

EVENLY = ("", "the other senders, evenly")


class HandOverForm(BaseDialogForm):
    """Who leaves, with how many leads can go to another; who takes them; what becomes of the rest."""

    sender = forms.ChoiceField(label="Who leaves", widget=UnfoldAdminSelectWidget)
    to = forms.ChoiceField(label="Who takes the leads", required=False, widget=UnfoldAdminSelectWidget)
    begun = forms.ChoiceField(
        label="Leads whom the old sender has written to",
        choices=(("stay", "stay with the old sender"), ("end", "leave the campaign")),
        widget=UnfoldAdminSelectWidget,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        campaign = Campaign.objects.visible_to(self.request.user).filter(pk=self.object_id).first()
        fields: Any = self.fields
        fields["sender"].choices = _leaving(campaign) if campaign else []
        fields["to"].choices = [EVENLY, *_taking(campaign)] if campaign else []


def _leaving(campaign: Campaign) -> list[tuple[str, str]]:
    return [
        (str(each.sender.pk), f"{each.sender} ({each.free} of {each.open} leads can go to another)")
        for each in who_could_leave(campaign)
    ]


def _taking(campaign: Campaign) -> list[tuple[str, str]]:
    return [(str(sender.pk), sender.name) for sender in Sender.objects.of(campaign.client_id)]
