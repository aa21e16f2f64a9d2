"""Finding campaigns, enrollments and attempts; and leads by where they stand in campaigns."""

from typing import Any

from django.db.models import Q, QuerySet
from django_filters.rest_framework import BooleanFilter, CharFilter, ChoiceFilter, MultipleChoiceFilter, UUIDFilter

from campaigns.api.statuses import LeadStatus, has_any_status
from campaigns.models import Campaign, Enrollment, ManualTask, StepExecution
from campaigns.planning.decisions import HOLDS
from campaigns.planning.explaining import PHRASES
from leads.api.filters import LeadFilters
from leads.models import Lead
from outreach.api.filters import Filters

SEVERAL = "May be given several times."


class CampaignFilters(Filters):
    text = CharFilter(field_name="name", lookup_expr="icontains", help_text="Part of the name.")
    sender = UUIDFilter(field_name="senders")

    class Meta:
        model = Campaign
        fields = ("client", "status")


class EnrollmentFilters(Filters):
    held = BooleanFilter(method="filter_held", help_text="Blocked until somebody acts; those parked are among them.")
    held_because = ChoiceFilter(choices=[(each.value, PHRASES[each]) for each in sorted(HOLDS)])
    status = MultipleChoiceFilter(choices=LeadStatus.choices, method="filter_status", help_text=SEVERAL)

    class Meta:
        model = Enrollment
        fields = ("client", "campaign", "lead", "account", "state", "stage", "exit_reason")

    def filter_held(self, rows: QuerySet[Enrollment], name: str, wanted: bool) -> QuerySet[Enrollment]:
        held = Q(held_at__isnull=False, state__in=Enrollment.OPEN)
        return rows.filter(held if wanted else ~held)

    def filter_status(self, rows: QuerySet[Enrollment], name: str, wanted: list[str]) -> QuerySet[Enrollment]:
        return rows.filter(has_any_status(wanted))


class TaskFilters(Filters):
    campaign = UUIDFilter(field_name="enrollment__campaign")

    class Meta:
        model = ManualTask
        fields = ("client", "enrollment", "state")


class StepExecutionFilters(Filters):
    campaign = UUIDFilter(field_name="enrollment__campaign")
    lead = UUIDFilter(field_name="enrollment__lead")

    class Meta:
        model = StepExecution
        fields = ("client", "enrollment", "step", "outcome")


class LeadsInCampaignsFilters(LeadFilters):
    """Campaign and status speak of the same enrollment: "answered in this campaign"."""

    campaign = UUIDFilter(method="keep", help_text="Leads of this campaign.")
    status = MultipleChoiceFilter(choices=LeadStatus.choices, method="keep", help_text=SEVERAL)

    def keep(self, leads: QuerySet[Lead], name: str, wanted: Any) -> QuerySet[Lead]:
        """Both are applied together, in `filter_queryset`."""
        return leads

    def filter_queryset(self, leads: QuerySet[Lead]) -> QuerySet[Lead]:
        found: QuerySet[Lead] = super().filter_queryset(leads)
        campaign, statuses = self.form.cleaned_data["campaign"], self.form.cleaned_data["status"]
        if not campaign and not statuses:
            return found
        walks = Enrollment.objects.filter(has_any_status(statuses))
        return found.filter(pk__in=(walks.filter(campaign=campaign) if campaign else walks).values("lead"))
