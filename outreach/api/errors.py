"""One envelope for every error: {"type": …, "errors": [{"code": …, "detail": …, "attr": …}]}.

A refusal says what blocks, one error a reason, with 409; bad input is 400 and names the field.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import NON_FIELD_ERRORS
from django.core.exceptions import ValidationError as Refused
from django.db import IntegrityError, transaction
from django.db.models import Model, ProtectedError
from django.http import HttpRequest, JsonResponse
from rest_framework import status
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.serializers import as_serializer_error
from rest_framework.settings import api_settings


class Conflict(APIException):
    """The request is understood, and the present state of things stands against it."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "conflict"

    def __init__(self, *blockers: str, code: str | None = None) -> None:
        super().__init__(list(blockers), code)


class KeyReused(APIException):
    """An Idempotency-Key that came before with another request."""

    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    default_code = "idempotency_key_reused"
    default_detail = "This Idempotency-Key was used for another request. Choose a new key for each request."


@contextmanager
def refusals_are_conflicts() -> Iterator[None]:
    """A verb that refuses because of the state of things answers 409, with its sentences."""
    try:
        yield
    except Refused as refusal:
        raise Conflict(*refusal.messages) from refusal


@contextmanager
def all_or_conflict() -> Iterator[None]:
    """One transaction; what the database refuses, because somebody else was faster, is a conflict."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as refusal:
        raise Conflict("Something with these values exists already, or was made at this moment.") from refusal


def as_bad_input(refusal: Refused) -> ValidationError:
    """A verb that refuses what it was given: 400, naming the fields if the verb does."""
    detail = as_serializer_error(refusal)
    if NON_FIELD_ERRORS in detail:
        detail[api_settings.NON_FIELD_ERRORS_KEY] = detail.pop(NON_FIELD_ERRORS)
    return ValidationError(detail)


def needed_by(rows: set[Model]) -> list[str]:
    """One sentence for each kind of row that stands against a removal."""
    kinds: dict[str, list[str]] = {}
    for row in rows:
        kinds.setdefault(str(row._meta.verbose_name), []).append(str(row))
    return [f"Still needed by {len(names)} {kind}(s), e.g. {min(names)}." for kind, names in sorted(kinds.items())]


def translated(problem: Exception) -> Exception:
    """What a view raised, in the words of the API."""
    if isinstance(problem, Refused):
        return as_bad_input(problem)
    if isinstance(problem, ProtectedError):
        return Conflict(*needed_by(problem.protected_objects))
    return problem


def envelope(*, code: str, detail: str) -> dict[str, object]:
    return {"type": "client_error", "errors": [{"code": code, "detail": detail, "attr": None}]}


def no_such_address(request: HttpRequest, **kwargs: object) -> JsonResponse:
    """What answers for addresses under /api/ that lead nowhere."""
    ends = "" if request.path.endswith("/") else " Addresses end with a slash."
    detail = f"There is nothing at {request.path}.{ends} See /api/docs/."
    return JsonResponse(envelope(code="not_found", detail=detail), status=status.HTTP_404_NOT_FOUND)
