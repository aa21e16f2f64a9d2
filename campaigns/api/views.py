"""Campaigns and the leads that walk through them."""

from collections.abc import Iterable
from typing import Any, cast
from uuid import UUID

from django.db.models import Model, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer, ValidationError

from campaigns.activating import activate_campaign, activation_problems
from campaigns.api.filters import CampaignFilters, EnrollmentFilters, StepExecutionFilters
from campaigns.api.serializers import (
    CampaignSerializer,
    EnrollAnswer,
    EnrollmentSerializer,
    EnrollSerializer,
    InWords,
    Problems,
    ReasonSerializer,
    StepDraftSerializer,
    StepExecutionSerializer,
    StepSerializer,
    StepsForm,
    StopSerializer,
)
from campaigns.editing import StepDraft, replace_steps, sequence_of
from campaigns.enrolling import enroll
from campaigns.explaining import campaign_state_in_words, explain
from campaigns.models import Campaign, Enrollment, Step, StepExecution
from campaigns.planning.explaining import sentence
from campaigns.stopping import (
    pause_campaign,
    pause_enrollment,
    release_enrollment,
    resume_campaign,
    resume_enrollment,
    stop_enrollment,
)
from leads.models import Lead
from outreach.api.errors import Conflict, all_or_conflict, refusals_are_conflicts
from outreach.api.idempotency import idempotent
from outreach.api.serializers import InFlight, in_flight
from outreach.api.viewsets import Changed, Created, Listed, Pausable, Removed


def only_drafts(campaign: Campaign) -> None:
    """Raises Conflict: what is under way keeps the plan that its leads began with."""
    if campaign.status != Campaign.Status.DRAFT:
        raise Conflict(f"{campaign} is {campaign.get_status_display().lower()}; only drafts can be changed.")


def steps_of(campaign: Campaign) -> QuerySet[Step]:
    newest = campaign.sequences.order_by("-version").first()
    return Step.objects.filter(sequence=newest).order_by("position")


class Campaigns(Pausable, Created, Changed, Removed, Listed[Campaign]):
    """Campaigns. Made as drafts, given steps and leads, then activated."""

    queryset = Campaign.objects.prefetch_related("senders")
    serializer_class = CampaignSerializer
    filterset_class = CampaignFilters
    subject = "campaign"
    pausing = staticmethod(pause_campaign)
    resuming = staticmethod(resume_campaign)

    def perform_create(self, serializer: BaseSerializer[Any]) -> None:
        with all_or_conflict():
            campaign = serializer.save(created_by=self.request.user)
            sequence_of(campaign)

    def perform_update(self, serializer: BaseSerializer[Any]) -> None:
        only_drafts(cast(Campaign, serializer.instance))
        super().perform_update(serializer)

    def perform_destroy(self, instance: Model) -> None:
        only_drafts(cast(Campaign, instance))
        super().perform_destroy(instance)

    @extend_schema(responses=StepSerializer(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def steps(self, request: Request, pk: str) -> Response:
        """The steps of the current sequence, in their order."""
        return Response(StepSerializer(steps_of(self.get_object()), many=True).data)

    @extend_schema(request=StepDraftSerializer(many=True), responses=StepSerializer(many=True), filters=False)
    @steps.mapping.put
    def replace_steps(self, request: Request, pk: str) -> Response:
        """Replaces all steps of a draft."""
        campaign = self.get_object()
        only_drafts(campaign)
        form = StepsForm(data={"steps": request.data})
        form.is_valid(raise_exception=True)
        steps = [StepDraft(**step) for step in form.validated_data["steps"]]
        replace_steps(campaign=campaign, steps=steps, **self.by_at)
        return Response(StepSerializer(steps_of(campaign), many=True).data)

    @extend_schema(responses=Problems)
    @action(detail=True, methods=["get"])
    def problems(self, request: Request, pk: str) -> Response:
        """What stands against activating this campaign."""
        return Response({"problems": list(activation_problems(self.get_object()))})

    @extend_schema(responses=InWords)
    @action(detail=True, methods=["get"])
    def explain(self, request: Request, pk: str) -> Response:
        """What the campaign is doing now, or what it waits for."""
        return Response({"sentence": campaign_state_in_words(campaign=self.get_object(), at=self.at)})

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def activate(self, request: Request, pk: str) -> Response:
        """Starts it. Refused with the list of what is missing."""
        campaign = self.get_object()
        with refusals_are_conflicts():
            activate_campaign(campaign=campaign, **self.by_at)
        return self.shown(campaign)

    @extend_schema(request=EnrollSerializer, responses=EnrollAnswer)
    @action(detail=True, methods=["post"])
    @idempotent
    def enroll(self, request: Request, pk: str) -> Response:
        """Puts leads into the campaign. Leads that may not be in it are listed with the reason."""
        campaign = self.get_object()
        leads = leads_named(self.body(EnrollSerializer)["lead_ids"], among=Lead.objects.of(campaign.client_id))
        with refusals_are_conflicts():
            report = enroll(campaign=campaign, leads=leads, **self.by_at)
        return Response(EnrollAnswer(report).data)


def leads_named(ids: Iterable[UUID], *, among: QuerySet[Lead]) -> list[Lead]:
    """The leads with these ids, in their order. Raises ValidationError naming those that are not among them."""
    wanted = list(dict.fromkeys(ids))
    found = {lead.pk: lead for lead in among.filter(pk__in=wanted)}
    missing = [str(each) for each in wanted if each not in found]
    if missing:
        sentences = [f"The campaign's client has no lead {each}." for each in missing]
        raise ValidationError({"lead_ids": sentences}, code="does_not_exist")
    return [found[each] for each in wanted]


class Enrollments(Pausable, Listed[Enrollment]):
    """Leads in campaigns: where each stands, and why it does not move."""

    queryset = Enrollment.objects.all()
    serializer_class = EnrollmentSerializer
    filterset_class = EnrollmentFilters
    subject = "enrollment"
    pausing = staticmethod(pause_enrollment)
    resuming = staticmethod(resume_enrollment)

    @extend_schema(request=StopSerializer, responses=InFlight)
    @action(detail=True, methods=["post"])
    def stop(self, request: Request, pk: str) -> Response:
        """Takes the lead out of the campaign for good. Answers what was already under way."""
        enrollment, detail = self.get_object(), self.body(StopSerializer)["detail"]
        with refusals_are_conflicts():
            dispatches = stop_enrollment(enrollment=enrollment, detail=detail, **self.by_at)
        return Response(in_flight(dispatches))

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def release(self, request: Request, pk: str) -> Response:
        """Tries a held lead again, after what held it was mended."""
        enrollment = self.get_object()
        with refusals_are_conflicts():
            release_enrollment(enrollment=enrollment, **self.by_at)
        return self.shown(enrollment)

    @extend_schema(responses=ReasonSerializer(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def explain(self, request: Request, pk: str) -> Response:
        """Why this lead has not moved: every reason. None at all means that its turn has come."""
        enrollment = self.get_object()
        zone = enrollment.campaign.time_zone
        reasons = [
            {
                "because": reason.because,
                "until": reason.until,
                "sentence": sentence(reason, zone=zone, at=self.at),
            }
            for reason in explain(enrollment=enrollment, at=self.at)
        ]
        return Response(ReasonSerializer(reasons, many=True).data)


class StepExecutions(Listed[StepExecution]):
    """Every attempt at every step."""

    queryset = StepExecution.objects.all()
    serializer_class = StepExecutionSerializer
    filterset_class = StepExecutionFilters
