"""Events: the log of everything that happened, to read and to follow."""

from typing import Any

from django.db.models import QuerySet
from django_filters.rest_framework import MultipleChoiceFilter, NumberFilter, UUIDFilter
from rest_framework.request import Request
from rest_framework.views import APIView

from outreach.api.filters import Filters, Moment
from outreach.api.pagination import Cursor
from outreach.api.viewsets import Listed
from outreach.events.api.serializers import EventSerializer
from outreach.events.kinds import EventKind
from outreach.events.models import Event

# The largest id that the database can hold; beyond it a comparison would not be one.
LAST_ID = 2**63 - 1


class EventFilters(Filters):
    kind = MultipleChoiceFilter(choices=EventKind.choices, help_text="May be given several times.")
    client = UUIDFilter(field_name="client_id")
    campaign = UUIDFilter(field_name="campaign_id")
    enrollment = UUIDFilter(field_name="enrollment_id")
    lead = UUIDFilter(field_name="lead_id")
    account = UUIDFilter(field_name="account_id")
    after = Moment(field_name="at", lookup_expr="gte", help_text="Happened at or after this moment.")
    before = Moment(field_name="at", lookup_expr="lt", help_text="Happened before this moment.")
    since = NumberFilter(
        field_name="id",
        lookup_expr="gt",
        min_value=0,
        max_value=LAST_ID,
        decimal_places=0,
        help_text="Only events after this id, the oldest first: give the last id you have seen to follow the log.",
    )


class EventCursor(Cursor):
    """The newest first; the oldest first for those who follow the log from an id onwards."""

    def get_ordering(self, request: Request, queryset: QuerySet[Any], view: APIView) -> tuple[str, ...]:
        return ("id",) if "since" in request.query_params else ("-id",)


class Events(Listed[Event]):
    """What happened, when, to whom and by whom. Append-only."""

    queryset = Event.objects.all()
    serializer_class = EventSerializer
    filterset_class = EventFilters
    pagination_class = EventCursor
    lookup_value_converter = "int"
