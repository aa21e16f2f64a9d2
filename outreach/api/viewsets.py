"""What every resource shares, so that a resource is a few lines: scope, roles, pages, filters, errors, speed limits."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar, TypeVar

from django.db import transaction
from django.db.models import Model, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.parsers import BaseParser, JSONParser
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer, Serializer
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from outreach.api.errors import Conflict, all_or_conflict, needed_by, refusals_are_conflicts, translated
from outreach.api.filters import StrictFilterBackend
from outreach.api.idempotency import idempotent
from outreach.api.permissions import MemberOfClient
from outreach.api.serializers import InFlight, in_flight
from outreach.api.throttling import Reads, Writes
from outreach.clock import now

M = TypeVar("M", bound=Model)


class Outreach(APIView):
    """What every view has: the moment of the request, its rate, its error envelope."""

    parser_classes: Sequence[type[BaseParser]] = (JSONParser,)

    @cached_property
    def at(self) -> datetime:
        """The moment of this request; the clock is read once."""
        return now()

    @property
    def by_at(self) -> dict[str, Any]:
        """Who asks and when, as every verb wants to know."""
        return {"by": self.request.user, "at": self.at}

    def get_throttles(self) -> list[BaseThrottle]:
        return [Reads() if self.request is None or self.request.method in SAFE_METHODS else Writes()]

    def handle_exception(self, exc: Exception) -> Response:
        return super().handle_exception(translated(exc))


class Resource(Outreach, GenericViewSet[M]):
    """Rows of the clients that the caller is a member of; all others do not exist (law 8)."""

    filter_backends = (StrictFilterBackend,)
    lookup_value_converter = "uuid"

    def get_queryset(self) -> QuerySet[M]:
        rows: Any = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            empty: QuerySet[M] = rows.none()
            return empty
        visible: QuerySet[M] = rows.visible_to(self.request.user)
        return visible

    def body(self, form: type[Serializer[Any]]) -> dict[str, Any]:
        """The checked input of an action. Raises ValidationError naming the fields."""
        checked = form(data=self.request.data, context=self.get_serializer_context())
        checked.is_valid(raise_exception=True)
        values: dict[str, Any] = checked.validated_data
        return values

    def shown(self, row: M, code: int = status.HTTP_200_OK) -> Response:
        """The row as it is now, in the shape in which the resource is read."""
        fresh = self.get_queryset().get(pk=row.pk)
        return Response(self.get_serializer(fresh).data, status=code)


class Listed(mixins.ListModelMixin, mixins.RetrieveModelMixin, Resource[M]):
    """A resource to read."""


class Created(mixins.CreateModelMixin):
    """POST to the list makes a row, once per Idempotency-Key."""

    @idempotent
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().create(request, *args, **kwargs)

    def perform_create(self, serializer: BaseSerializer[Any]) -> None:
        with all_or_conflict():
            serializer.save()


class Changed:
    """PATCH changes the fields it names. There is no PUT: a forgotten field must not erase anything."""

    def partial_update(self: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        row = self.get_object()
        serializer = self.get_serializer(row, data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        self.perform_update(serializer)
        answer: Response = self.shown(row)
        return answer

    def perform_update(self, serializer: BaseSerializer[Any]) -> None:
        with all_or_conflict():
            serializer.save()


class Removed(mixins.DestroyModelMixin):
    """DELETE, refused with the list of what still needs the row."""

    def perform_destroy(self, instance: Model) -> None:
        if members := linked_to(instance):
            raise Conflict(*needed_by(members))
        with transaction.atomic():
            instance.delete()


def linked_to(instance: Model) -> set[Model]:
    """Rows that name this one in a many-to-many field: the database would drop them from it without a word."""
    links = [link for link in instance._meta.related_objects if link.many_to_many]
    return {row for link in links for row in getattr(instance, str(link.get_accessor_name())).all()}


Pause = Callable[..., tuple[Model, ...]]


class Pausable:
    """POST {id}/pause/ and {id}/resume/. When a pause has answered, no further call starts (law 5)."""

    subject: ClassVar[str]
    pausing: ClassVar[Pause]
    resuming: ClassVar[Callable[..., object]]

    @extend_schema(request=None, responses=InFlight)
    @action(detail=True, methods=["post"], permission_classes=[MemberOfClient])
    def pause(self: Any, request: Request, pk: str) -> Response:
        """Nothing automatic starts for it any more. Answers what was already under way."""
        with refusals_are_conflicts():
            dispatches = self.pausing(**{self.subject: self.get_object()}, **self.by_at)
        return Response(in_flight(dispatches))

    @extend_schema(request=None)
    @action(detail=True, methods=["post"], permission_classes=[MemberOfClient])
    def resume(self: Any, request: Request, pk: str) -> Response:
        """Ends the pause; what is due goes out again, inside working hours and limits."""
        row = self.get_object()
        with refusals_are_conflicts():
            self.resuming(**{self.subject: row}, **self.by_at)
        answer: Response = self.shown(row)
        return answer
