"""Leads, with where they stand in campaigns."""

from drf_spectacular.utils import extend_schema_serializer

from campaigns.api.filters import LeadsInCampaignsFilters
from campaigns.api.serializers import EnrollmentBrief
from leads.api.serializers import LeadSerializer
from leads.api.views import Leads
from leads.models import Lead


@extend_schema_serializer(component_name="Lead")
class LeadInCampaignsSerializer(LeadSerializer):
    """A person of one client, and where they stand in each campaign."""

    enrollments = EnrollmentBrief(many=True, read_only=True)

    class Meta(LeadSerializer.Meta):
        fields: tuple[str, ...] = (*LeadSerializer.Meta.fields, "enrollments")


class LeadsInCampaigns(Leads):
    """The people of a client. They are never removed: what was done with them stays on record."""

    queryset = Lead.objects.prefetch_related("enrollments")
    serializer_class = LeadInCampaignsSerializer
    filterset_class = LeadsInCampaignsFilters
