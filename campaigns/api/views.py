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
from rest_framework.viewsets import ViewSet

from campaigns.actions.registry import described
from campaigns.activating import activate_campaign, activation_problems
from campaigns.api.filters import CampaignFilters, EnrollmentFilters, StepExecutionFilters, TaskFilters
from campaigns.api.serializers import (
    CampaignSerializer,
    CampaignStorySerializer,
    ChangeSerializer,
    CloseTaskSerializer,
    EnrollAnswer,
    EnrollmentSerializer,
    EnrollSerializer,
    HandOverAnswer,
    HandOverForm,
    LeavingSerializer,
    MovedSerializer,
    MoveSerializer,
    NewVersionForm,
    Problems,
    PublishedSerializer,
    ReasonSerializer,
    StepDraftSerializer,
    StepExecutionSerializer,
    StepKindTold,
    StepSerializer,
    StepsForm,
    StopSerializer,
    TaskSerializer,
    VersionSerializer,
)
from campaigns.editing import StepDraft, replace_steps, sequence_of
from campaigns.enrolling import enroll
from campaigns.explaining import campaign_state_in_words, explain, explain_campaign
from campaigns.handing_over import hand_over, who_could_leave
from campaigns.models import Campaign, Enrollment, ManualTask, Step, StepExecution
from campaigns.planning.explaining import sentence
from campaigns.stopping import (
    pause_campaign,
    pause_enrollment,
    release_enrollment,
    resume_campaign,
    resume_enrollment,
    stop_enrollment,
)
from campaigns.tasking import close_task
from campaigns.versioning import go_back, move_to_newest, preview, publish, versions_of
from integrations.models import Sender
from leads.models import Lead
from outreach.api.errors import Conflict, all_or_conflict, refusals_are_conflicts
from outreach.api.idempotency import idempotent
from outreach.api.serializers import InFlight, in_flight
from outreach.api.viewsets import Changed, Created, Listed, Outreach, Pausable, Removed

GUARDS = frozenset(
    {
        "one_campaign_at_a_time",
        "one_sender_at_a_time",
        "company_limit",
        "colleague_pause_days",
        "not_again_within_days",
        "new_leads_per_day",
    }
)


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
        """Guards may be switched at any time; they are asked before each step."""
        if not set(serializer.validated_data) <= GUARDS:
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

    @extend_schema(responses=LeavingSerializer(many=True), filters=False)
    @action(detail=True, methods=["get"], url_path="hand-over", pagination_class=None)
    def who_could_leave(self, request: Request, pk: str) -> Response:
        """The senders, each with how many open leads there are and how many of them could go to another."""
        return Response(LeavingSerializer(who_could_leave(self.get_object()), many=True).data)

    @extend_schema(request=HandOverForm, responses=HandOverAnswer, filters=False)
    @who_could_leave.mapping.post
    def hand_over(self, request: Request, pk: str) -> Response:
        """A sender leaves the campaign; leads that nobody has written to go to another."""
        campaign, asked = self.get_object(), self.body(HandOverForm)
        senders = {sender.pk: sender for sender in Sender.objects.of(campaign.client_id)}
        for name in ("sender", "to"):
            if asked[name] is not None and asked[name] not in senders:
                raise ValidationError({name: f"The campaign's client has no sender {asked[name]}."})
        with refusals_are_conflicts():
            done = hand_over(
                campaign=campaign,
                sender=senders[asked["sender"]],
                to=senders[asked["to"]] if asked["to"] else None,
                begun=asked["begun"],
                **self.by_at,
            )
        return Response(HandOverAnswer(done).data)

    @extend_schema(request=NewVersionForm, responses=ChangeSerializer)
    @action(detail=True, methods=["post"], url_path="versions/preview")
    def preview_version(self, request: Request, pk: str) -> Response:
        """What these steps would change for the leads of a running campaign. Nothing is written."""
        campaign, steps, _, _ = self._new_version(request)
        with refusals_are_conflicts():
            change = preview(campaign=campaign, steps=steps)
        return Response(ChangeSerializer(change).data)

    @extend_schema(responses=VersionSerializer(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def versions(self, request: Request, pk: str) -> Response:
        """The versions of the steps, the newest first, with the leads that are under way on each."""
        return Response(VersionSerializer(versions_of(self.get_object()), many=True).data)

    @extend_schema(request=NewVersionForm, responses=PublishedSerializer, filters=False)
    @versions.mapping.post
    @idempotent
    def publish_version(self, request: Request, pk: str) -> Response:
        """Makes these steps the newest version of a running campaign. Leads stay on theirs unless moved."""
        campaign, steps, move, based_on = self._new_version(request)
        with refusals_are_conflicts():
            done = publish(campaign=campaign, steps=steps, move=move, based_on=based_on, **self.by_at)
        return Response(PublishedSerializer(done).data)

    @extend_schema(request=MoveSerializer, responses=PublishedSerializer)
    @action(detail=True, methods=["post"], url_path="versions/back")
    def previous_version(self, request: Request, pk: str) -> Response:
        """Publishes the version before the newest once more."""
        campaign, asked = self.get_object(), self.body(MoveSerializer)
        with refusals_are_conflicts():
            done = go_back(campaign=campaign, move=asked["move"], based_on=asked["based_on"], **self.by_at)
        return Response(PublishedSerializer(done).data)

    @extend_schema(request=None, responses=MovedSerializer)
    @action(detail=True, methods=["post"], url_path="versions/move")
    def move_leads(self, request: Request, pk: str) -> Response:
        """Takes leads of earlier versions over to the newest. Those with a step being sent stay for now."""
        campaign = self.get_object()
        with refusals_are_conflicts():
            moved, stayed = move_to_newest(campaign=campaign, **self.by_at)
        return Response(MovedSerializer({"moved": moved, "stayed": stayed}).data)

    def _new_version(self, request: Request) -> tuple[Campaign, list[StepDraft], bool, int | None]:
        campaign = self.get_object()
        form = NewVersionForm(data=request.data)
        form.is_valid(raise_exception=True)
        steps = [StepDraft(**step) for step in form.validated_data["steps"]]
        return campaign, steps, form.validated_data["move"], form.validated_data["based_on"]

    @extend_schema(responses=Problems)
    @action(detail=True, methods=["get"])
    def problems(self, request: Request, pk: str) -> Response:
        """What stands against activating this campaign."""
        return Response({"problems": list(activation_problems(self.get_object()))})

    @extend_schema(responses=CampaignStorySerializer)
    @action(detail=True, methods=["get"])
    def explain(self, request: Request, pk: str) -> Response:
        """What the campaign is doing now, how many of its leads can move, and what keeps the others."""
        campaign = self.get_object()
        story = explain_campaign(campaign=campaign, at=self.at)
        words = campaign_state_in_words(campaign=campaign, at=self.at)
        told = {"sentence": words, "can_move": story.can_move, "of": story.of, "lines": list(story.lines)}
        return Response(CampaignStorySerializer(told).data)

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


class Tasks(Listed[ManualTask]):
    """What people have to do before leads go on."""

    queryset = ManualTask.objects.all()
    serializer_class = TaskSerializer
    filterset_class = TaskFilters

    @extend_schema(request=CloseTaskSerializer)
    @action(detail=True, methods=["post"])
    def close(self, request: Request, pk: str) -> Response:
        """Done, or skipped: the lead goes on at once."""
        task, how = self.get_object(), self.body(CloseTaskSerializer)
        with refusals_are_conflicts():
            close_task(task=task, skipped=how["skipped"], note=how["note"], **self.by_at)
        return self.shown(task)


class StepKinds(Outreach, ViewSet):
    """The kinds of step that sequences are made of."""

    @extend_schema(operation_id="step_kinds_list", responses=StepKindTold(many=True))
    def kinds(self, request: Request) -> Response:
        """Every kind with its label, whether it has a text, and the options that it takes."""
        return Response(StepKindTold(described(), many=True).data)


class StepExecutions(Listed[StepExecution]):
    """Every attempt at every step."""

    queryset = StepExecution.objects.all()
    serializer_class = StepExecutionSerializer
    filterset_class = StepExecutionFilters
