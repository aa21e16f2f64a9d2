"""Filters that say so when they are misspelt, instead of silently answering with everything."""

from datetime import UTC, datetime
from typing import Any, ClassVar

from django.core.exceptions import ValidationError as FormError
from django.db import models
from django.db.models import QuerySet
from django_filters.fields import IsoDateTimeField
from django_filters.filterset import FILTER_FOR_DBFIELD_DEFAULTS
from django_filters.rest_framework import DjangoFilterBackend, FilterSet, IsoDateTimeFilter, UUIDFilter
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.views import APIView

PAGING = ("page_query_param", "page_size_query_param", "cursor_query_param")


class Filters(FilterSet):
    """Foreign keys are filtered by id without looking the row up: whether it exists is nobody's business."""

    FILTER_DEFAULTS: ClassVar[dict[Any, Any]] = {
        **FILTER_FOR_DBFIELD_DEFAULTS,
        models.ForeignKey: {"filter_class": UUIDFilter},
    }


class MomentField(IsoDateTimeField):
    """An aware moment in UTC: databases do not take every offset that Python does."""

    def to_python(self, value: Any) -> datetime | None:
        moment: datetime | None = super().to_python(value)
        try:
            return moment and moment.astimezone(UTC)
        except OverflowError as problem:
            raise FormError("This moment lies outside the calendar.", code="invalid") from problem


class Moment(IsoDateTimeFilter):
    field_class = MomentField


class StrictFilterBackend(DjangoFilterBackend):
    """Refuses query parameters that mean nothing here."""

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: APIView) -> QuerySet[Any]:
        filterset = self.get_filterset(request, queryset, view)
        known = set(filterset.filters if filterset else ()) | set(paging_parameters(view))
        unknown = set(request.query_params) - known - {api_settings.URL_FORMAT_OVERRIDE}
        if unknown:
            sentence = f"No such filter here. There are: {', '.join(sorted(known)) or 'none'}."
            raise ValidationError({name: sentence for name in sorted(unknown)}, code="unknown_filter")
        filtered: QuerySet[Any] = super().filter_queryset(request, queryset, view)
        return filtered


def paging_parameters(view: APIView) -> list[str]:
    paginator = getattr(view, "paginator", None)
    named = (getattr(paginator, attribute, None) for attribute in PAGING)
    return [name for name in named if name]
