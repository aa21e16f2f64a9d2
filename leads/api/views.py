"""Leads and the do-not-contact list. What is known only with campaigns is added in campaigns/api/leads.py."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from leads.api import custom_fields
from leads.api.filters import LeadFilters, SuppressionFilters
from leads.api.imports import ImportAnswer, ImportSerializer, import_uploaded
from leads.api.serializers import LeadSerializer, SuppressionSerializer, SuppressLeadSerializer
from leads.models import Lead, Suppression
from leads.suppressing import lift, suppress, suppress_person
from outreach.api.errors import all_or_conflict, refusals_are_conflicts
from outreach.api.idempotency import idempotent
from outreach.api.viewsets import Changed, Created, Listed, Removed


class Leads(Created, Changed, Listed[Lead]):
    """The people of a client. They are never removed: what was done with them stays on record."""

    queryset = Lead.objects.all()
    serializer_class: type[BaseSerializer[Lead]] = LeadSerializer
    filterset_class = LeadFilters

    def perform_create(self, serializer: BaseSerializer[Any]) -> None:
        self._keep(serializer)

    def perform_update(self, serializer: BaseSerializer[Any]) -> None:
        self._keep(serializer)

    def _keep(self, serializer: BaseSerializer[Any]) -> None:
        with all_or_conflict():
            lead = serializer.save()
            custom_fields.learn(lead.client, serializer.validated_data.get("custom", ()))

    @extend_schema(request=ImportSerializer, responses=ImportAnswer)
    @action(detail=False, methods=["post"], url_path="import", parser_classes=[MultiPartParser], filterset_class=None)
    @idempotent
    def import_file(self, request: Request) -> Response:
        """Takes in a lead file. Rows that could not be taken in are listed with their line and the reason."""
        report = import_uploaded(self.body(ImportSerializer), **self.by_at)
        return Response(ImportAnswer(report).data)

    @extend_schema(request=SuppressLeadSerializer, responses=SuppressionSerializer(many=True), filters=False)
    @action(detail=True, methods=["post"], pagination_class=None)
    @idempotent
    def suppress(self, request: Request, pk: str) -> Response:
        """Never contact this person again: profile and address go on the client's do-not-contact list."""
        lead = self.get_object()
        reason = self.body(SuppressLeadSerializer)["reason"]
        with refusals_are_conflicts():
            entries = suppress_person(lead=lead, reason=reason, **self.by_at)
        return Response(SuppressionSerializer(entries, many=True).data)


class Suppressions(Created, Removed, Listed[Suppression]):
    """The do-not-contact list."""

    queryset = Suppression.objects.all()
    serializer_class = SuppressionSerializer
    filterset_class = SuppressionFilters

    def perform_create(self, serializer: BaseSerializer[Any]) -> None:
        serializer.instance = suppress(**serializer.validated_data, **self.by_at)

    def perform_destroy(self, instance: Any) -> None:
        lift(entry=instance, **self.by_at)
