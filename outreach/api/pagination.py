"""Answers in pages. An unordered queryset is refused: its pages could repeat or skip rows."""

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.db.models import QuerySet
from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination, PageNumberPagination
from rest_framework.request import Request

if TYPE_CHECKING:
    from rest_framework.views import APIView  # The framework imports this module while it defines it.

LARGEST_PAGE = 200

Schema = dict[str, Any]


def with_real_nulls(schema: Schema) -> Schema:
    """OpenAPI 3.1 writes "may be null" into the type; the framework still writes the idiom of 3.0."""
    for each in schema["properties"].values():
        if each.pop("nullable", False):
            each["type"] = [each["type"], "null"]
    return schema


def with_tie_break(queryset: QuerySet[Any]) -> QuerySet[Any]:
    """The same order, made total by the key: rows that compare equal must not swap between two pages."""
    return queryset.order_by(*(queryset.query.order_by or queryset.model._meta.ordering), "-pk")


class Pages(PageNumberPagination):
    """`?page=2&page_size=100`, with the total count."""

    page_size_query_param = "page_size"
    max_page_size = LARGEST_PAGE

    def paginate_queryset(self, queryset: Any, request: Request, view: "APIView | None" = None) -> list[Any] | None:
        if not queryset.ordered:
            raise ImproperlyConfigured(f"{queryset.model.__name__} needs an ordering before it can be paged.")
        return super().paginate_queryset(with_tie_break(queryset), request, view)

    def get_paginated_response_schema(self, schema: Schema) -> Schema:
        return with_real_nulls(super().get_paginated_response_schema(schema))


class Cursor(CursorPagination):
    """For tables that grow while they are read: `?cursor=…` as given in `next`, no total count."""

    page_size_query_param = "page_size"
    max_page_size = LARGEST_PAGE
    ordering: str | tuple[str, ...] = ("-id",)

    def paginate_queryset(self, queryset: Any, request: Request, view: "APIView | None" = None) -> list[Any] | None:
        try:
            return super().paginate_queryset(queryset, request, view)
        except (ValueError, ValidationError) as problem:  # A cursor made by hand, holding no position of this table.
            raise NotFound(self.invalid_cursor_message) from problem

    def get_paginated_response_schema(self, schema: Schema) -> Schema:
        return with_real_nulls(super().get_paginated_response_schema(schema))
