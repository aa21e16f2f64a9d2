"""Who calls: a program with `Authorization: Bearer or_…`, or a person logged in to the console."""

from datetime import datetime, timedelta

from django.db.models import Q
from django.utils.crypto import constant_time_compare
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from outreach.clients.models import ApiKey, User
from outreach.clock import now

SCHEME = "Bearer"
LAST_USED_PRECISION = timedelta(minutes=1)


class ApiKeyAuthentication(BaseAuthentication):
    """A key acts as the user it belongs to, and sees exactly what that user sees."""

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        token = bearer_token(request)
        if token is None:
            return None
        key = key_of(token, at=now())
        note_use(key, at=now())
        return key.user, key

    def authenticate_header(self, request: Request) -> str:
        return SCHEME


def bearer_token(request: Request) -> str | None:
    """The token of the Authorization header; None when the caller authenticates in another way."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == SCHEME.lower() else None


def key_of(token: str, *, at: datetime) -> ApiKey:
    """The key behind a token. Raises AuthenticationFailed.

    The prefix only finds the row; the digest decides, compared in constant time.
    """
    key = ApiKey.objects.select_related("user").filter(prefix=token[: ApiKey.PREFIX_LENGTH]).first()
    if key is None or not constant_time_compare(key.digest, ApiKey.digest_of(token)):
        raise AuthenticationFailed("This API key is not known. Keys look like or_… and are made in the console.")
    if not key.is_valid(at):
        raise AuthenticationFailed("This API key has expired or was revoked. Make a new one in the console.")
    if not key.user.is_active:
        raise AuthenticationFailed("The user of this API key is deactivated.")
    return key


def note_use(key: ApiKey, *, at: datetime) -> None:
    """Remember the use, at most once a minute: a read should not cost a write each time."""
    stale = Q(last_used_at__isnull=True) | Q(last_used_at__lte=at - LAST_USED_PRECISION)
    if key.last_used_at is None or key.last_used_at <= at - LAST_USED_PRECISION:
        ApiKey.objects.filter(stale, pk=key.pk).update(last_used_at=at)
