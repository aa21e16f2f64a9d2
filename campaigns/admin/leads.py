"""Leads with their campaigns, their story, and the way into a campaign."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from unfold.widgets import UnfoldAdminSelectWidget

from campaigns.admin.enrollments import STATUSES
from campaigns.admin.stories import story_of
from campaigns.enrolling import EnrollReport, enroll
from campaigns.models import Campaign, Enrollment
from leads.admin.leads import LeadAdmin
from leads.models import Lead
from leads.suppressing import suppress_person, suppression_of
from outreach.clock import now
from outreach.console.buttons import Variant, button
from outreach.console.columns import page_of
from outreach.console.outcomes import reasons, sentences_of
from outreach.console.reach import user_of
from outreach.console.relative import moment
from outreach.console.tones import tone_of

OPEN_CAMPAIGNS = (Campaign.Status.DRAFT, Campaign.Status.ACTIVE, Campaign.Status.PAUSED)


class EnrollForm(forms.Form):
    campaign: "forms.ModelChoiceField[Campaign]" = forms.ModelChoiceField(
        Campaign.objects.none(),
        widget=UnfoldAdminSelectWidget,
        help_text="In an active campaign the leads begin at once, in a draft when it is activated.",
    )


@admin.register(Lead)
class EnrollableLeadAdmin(LeadAdmin):
    actions = ("enroll_selected",)
    actions_detail = ("do_not_contact",)
    change_form_outer_before_template = "console/lead.html"

    def panels(self, request: HttpRequest, row: Any) -> Mapping[str, Any]:
        return {
            "suppression": suppression_of(row),
            "enrollments": [_shown(each) for each in row.enrollments.select_related("campaign", "account")],
            "story": story_of(row, at=now()),
        }

    def button_applies(self, name: str, row: Any) -> bool:
        return suppression_of(row) is None

    @button(
        "Do not contact",
        icon="block",
        variant=Variant.DANGER,
        sure="Nothing automatic is ever sent to this person again.",
    )
    def do_not_contact(self, request: HttpRequest, row: Lead, form: Any) -> str:
        """Add the lead to the do-not-contact list, by profile and by address."""
        entries = suppress_person(lead=row, reason="by hand", by=user_of(request), at=now())
        return f"{row} is not contacted any more ({', '.join(map(str, entries))})."

    @admin.action(description="Enrol in a campaign\u2026", permissions=["steer"])
    def enroll_selected(self, request: HttpRequest, queryset: "models.QuerySet[Lead]") -> HttpResponseBase | None:
        """Asks for the campaign first; its answer comes back to this action."""
        answered = "campaign" in request.POST
        form = EnrollForm(request.POST if answered else None)
        form.fields["campaign"].queryset = self._campaigns(request, queryset)  # type: ignore[attr-defined]
        if not form.is_valid():
            return self._ask(request, queryset, form)
        try:
            report = enroll(campaign=form.cleaned_data["campaign"], leads=queryset, by=user_of(request), at=now())
        except ValidationError as problem:
            messages.error(request, sentences_of(problem))
            return None
        _tell(request, report, form.cleaned_data["campaign"])
        return None

    def _campaigns(self, request: HttpRequest, leads: Any) -> Any:
        """Campaigns that all of these leads could join: of their one client, and changeable by the user."""
        owners = list(leads.order_by().values_list("client", flat=True).distinct()[:2])
        if len(owners) != 1:
            return Campaign.objects.none()
        return Campaign.objects.changeable_by(user_of(request)).filter(client__in=owners, status__in=OPEN_CAMPAIGNS)

    def _ask(self, request: HttpRequest, leads: Any, form: EnrollForm) -> TemplateResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Enrol leads",
            "form": form,
            "leads": leads[:8],
            "total": leads.count(),
            "campaigns_exist": form.fields["campaign"].queryset.exists(),  # type: ignore[attr-defined]
            "selected": request.POST.getlist(ACTION_CHECKBOX_NAME),
            "checkbox": ACTION_CHECKBOX_NAME,
            "across": request.POST.get("select_across", "0"),
        }
        return TemplateResponse(request, "console/enroll.html", context)


def _tell(request: HttpRequest, report: EnrollReport, campaign: Campaign) -> None:
    refused = Counter(refusal.detail.split(" on ")[0] for refusal in report.refused)
    text = f"{report.enrolled} enrolled in {campaign}"
    if refused:
        text += f", {len(report.refused)} refused: {reasons(refused.elements())}"
    if report.waiting:
        waiting = Counter(each.detail.split(":")[0] for each in report.waiting)
        text += f", {len(report.waiting)} of them wait: {reasons(waiting.elements())}"
    (messages.warning if refused else messages.success)(request, text + ".")


def _shown(row: Enrollment) -> dict[str, Any]:
    """One of the lead's campaigns, as a line of its page."""
    return {
        "campaign": row.campaign.name,
        "account": str(row.account),
        "url": page_of("campaigns_enrollment", row.pk),
        "status": STATUSES[row.status],
        "tone": str(tone_of(row.status)),
        "reason": row.held_detail or row.get_exit_reason_display(),
        "next": moment(row.next_action_at, now()) if row.state == Enrollment.State.ACTIVE else "",
        "action": row.get_next_action_display(),
    }
