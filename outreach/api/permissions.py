"""What a caller may do. Rows of other clients are not forbidden: they do not exist (404), which querysets decide."""

from typing import TYPE_CHECKING, Any

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from outreach.clients.models import Client
from outreach.clients.roles import may_administer

if TYPE_CHECKING:
    from rest_framework.views import APIView  # The framework imports this module while it defines it.


class MemberOfClient(BasePermission):
    """Members read; members who are more than viewers write."""

    message = "Your role with this client is to look only."

    def has_permission(self, request: Request, view: "APIView") -> bool:
        user = request.user
        if not user.is_authenticated:
            return False
        if request.method in SAFE_METHODS or user.is_superuser:
            return True
        return Client.objects.changeable_by(user).exists()

    def has_object_permission(self, request: Request, view: "APIView", obj: Any) -> bool:
        if request.method in SAFE_METHODS:
            return True
        rows: Any = view.queryset.all()  # type: ignore[attr-defined]
        return bool(rows.changeable_by(request.user).filter(pk=obj.pk).exists())


class AdminOfClient(MemberOfClient):
    """Members read; admins of the client write: its senders, and the limits of its accounts."""

    message = "Only an admin of this client may change this."

    def has_object_permission(self, request: Request, view: "APIView", obj: Any) -> bool:
        return request.method in SAFE_METHODS or may_administer(request.user, obj.client_id)


class OperatorOnly(BasePermission):
    """Everybody who is logged in reads; only the operator (a superuser) writes."""

    message = "Only the operator may do this."

    def has_permission(self, request: Request, view: "APIView") -> bool:
        user = request.user
        return bool(user.is_authenticated and (request.method in SAFE_METHODS or user.is_superuser))
