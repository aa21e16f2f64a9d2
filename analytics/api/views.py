"""Results, computed from what happened."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.variants import comparisons
from campaigns.models import Campaign
from outreach.api.viewsets import Resource


class VariantResult(serializers.Serializer[Any]):
    """One text of a step: how often it was sent, and how often it led to an acceptance or an answer."""

    label = serializers.CharField()  # type: ignore[assignment]
    sent = serializers.IntegerField()
    good = serializers.IntegerField(help_text="Acceptances of an invitation, answers to a message.")
    percent = serializers.FloatField(allow_null=True)
    interval = serializers.ListField(
        child=serializers.FloatField(), allow_null=True, help_text="Where the rate truly is, nineteen times of twenty."
    )


class StepComparison(serializers.Serializer[Any]):
    """The texts of one step against each other, the best first."""

    step = serializers.UUIDField(source="step.pk")
    position = serializers.IntegerField(source="step.position")
    results = VariantResult(many=True)
    winner = serializers.CharField(help_text="Empty until chance is ruled out.")
    verdict = serializers.CharField()


class Variants(Resource[Campaign]):
    """Which text does better."""

    queryset: QuerySet[Campaign] = Campaign.objects.all()
    serializer_class = StepComparison
    pagination_class = None

    @extend_schema(responses=StepComparison(many=True), filters=False)
    def variants(self, request: Request, pk: str) -> Response:
        """The results of every step that has variants. No winner is named before there is one."""
        campaign = get_object_or_404(self.get_queryset(), pk=pk)
        return Response(StepComparison(comparisons(campaign), many=True).data)
