"""A POST repeated with the same Idempotency-Key takes effect once and is answered the same way each time.

The key is claimed before anything happens, by an insert that the database lets through once. A request that is
refused frees its key, so that it can be mended and sent again; one that fails in the middle keeps it, because
nobody can tell whether it took effect.
"""

import hashlib
import json
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import wraps
from typing import Any, TypeVar, cast

from django.core.exceptions import PermissionDenied
from django.core.exceptions import ValidationError as Refused
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.http import Http404
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.status import is_client_error
from rest_framework.views import APIView

from outreach.api.errors import Conflict, KeyReused
from outreach.api.models import IdempotentRequest
from outreach.clients.models import User
from outreach.clock import now

Handler = TypeVar("Handler", bound=Callable[..., Response])

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
LONGEST_KEY = 255
MARK = "takes_idempotency_key"


def idempotent(handler: Handler) -> Handler:
    """Marks a handler of a viewset whose effect may be asked for with an Idempotency-Key."""

    @wraps(handler)
    def answer(view: APIView, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = key_in(request)
        if key is None:
            return handler(view, request, *args, **kwargs)
        claim, is_new = claim_key(user=request.user, key=key, fingerprint=fingerprint_of(request), at=now())
        if not is_new:
            return answer_again(claim)
        return carry_out(claim, lambda: handler(view, request, *args, **kwargs))

    setattr(answer, MARK, True)
    return cast(Handler, answer)


def key_in(request: Request) -> str | None:
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not key.strip() or len(key) > LONGEST_KEY or not key.isprintable():
        raise ValidationError(f"{HEADER} must be 1 to {LONGEST_KEY} printable characters.")
    return key


def fingerprint_of(request: Request) -> str:
    """SHA-256 of what is asked for. Uploaded files are read in pieces and left at their beginning."""
    digest = hashlib.sha256(f"{request.method} {request.path}\n".encode())
    plain = {name: value for name, value in fields_of(request) if not isinstance(value, UploadedFile)}
    digest.update(json.dumps(plain, sort_keys=True).encode())
    for name, upload in sorted(request.FILES.items()):
        digest.update(f"\n{name}\n".encode())
        for piece in upload.chunks():
            digest.update(piece)
        upload.seek(0)
    return digest.hexdigest()


def fields_of(request: Request) -> Iterable[tuple[str, Any]]:
    data = request.data
    if hasattr(data, "lists"):  # A form: a name may come several times.
        return [(name, values) for name, values in data.lists() if name not in request.FILES]
    return data.items() if isinstance(data, dict) else [("", data)]


def claim_key(*, user: Any, key: str, fingerprint: str, at: datetime) -> tuple[IdempotentRequest, bool]:
    """The row of this key, and whether it is ours to carry out. Raises KeyReused."""
    forget_expired(user, at=at)
    claim = IdempotentRequest(
        user=user, key=key, fingerprint=fingerprint, begun_at=at, expires_at=at + IdempotentRequest.KEPT
    )
    try:
        with transaction.atomic():
            claim.save(force_insert=True)
    except IntegrityError:
        earlier = IdempotentRequest.objects.filter(user=user, key=key).first()
        if earlier is None:
            raise Conflict("A request with this Idempotency-Key was just refused. Send it again.") from None
        return same_request(earlier, fingerprint), False
    return claim, True


def same_request(earlier: IdempotentRequest, fingerprint: str) -> IdempotentRequest:
    if earlier.fingerprint != fingerprint:
        raise KeyReused
    return earlier


def forget_expired(user: User, *, at: datetime) -> None:
    IdempotentRequest.objects.filter(user=user, expires_at__lte=at).delete()


def answer_again(earlier: IdempotentRequest) -> Response:
    """What was answered the first time. Raises Conflict while that is not known."""
    if not earlier.is_answered:
        raise Conflict(
            f"The request with this Idempotency-Key, begun {earlier.begun_at:%Y-%m-%d %H:%M:%S} UTC, is not finished. "
            "If it stays so, look whether it took effect before you send it with a new key.",
            code="idempotent_request_unfinished",
        )
    return Response(earlier.body, status=earlier.status, headers={REPLAYED: "true"})


def carry_out(claim: IdempotentRequest, handler: Callable[[], Response]) -> Response:
    """Run the handler and keep its answer; free the key when the request is refused."""
    try:
        response = handler()
    except (APIException, Refused, ProtectedError, Http404, PermissionDenied) as refusal:
        if not isinstance(refusal, APIException) or is_client_error(refusal.status_code):
            claim.delete()
        raise
    IdempotentRequest.objects.filter(pk=claim.pk).update(status=response.status_code, body=response.data)
    return response
