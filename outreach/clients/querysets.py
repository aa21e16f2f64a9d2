"""Who may see what. `visible_to(user)` is the only place that decides it; console and API both call it."""

from typing import TYPE_CHECKING, Any, Self, TypeVar

from django.db import models
from django.db.models import Q

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from outreach.clients.models import Client, User  # noqa: F401  (named in quotes below)


Row = TypeVar("Row", bound=models.Model)


class ClientOwnedQuerySet(models.QuerySet[Row]):
    """Rows that belong to a client, reached by the lookup `client_path` (law 8)."""

    client_path = "client"

    def visible_to(self, user: "User | AnonymousUser") -> Self:
        """Rows of the clients the user is a member of; the operator (a superuser) sees every client's."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        if user.is_superuser:
            return self
        membership = Q(**{f"{self.client_path}__memberships__user": user})
        return self.filter(membership)

    def changeable_by(self, user: "User | AnonymousUser") -> Self:
        """Rows of the clients in which the user may do more than look."""
        from outreach.clients.models import Membership

        visible = self.visible_to(user)
        if user.is_superuser or not user.is_authenticated:
            return visible
        roles = [role for role in Membership.Role if role not in Membership.READ_ONLY]
        return visible.filter(
            **{
                f"{self.client_path}__memberships__user": user,
                f"{self.client_path}__memberships__role__in": roles,
            }
        )

    def of(self, client: Any) -> Self:
        return self.filter(**{self.client_path: client})


class ClientQuerySet(ClientOwnedQuerySet["Client"]):
    client_path = "pk"

    def visible_to(self, user: "User | AnonymousUser") -> Self:
        if not user.is_authenticated or not user.is_active:
            return self.none()
        return self if user.is_superuser else self.filter(memberships__user=user)

    def changeable_by(self, user: "User | AnonymousUser") -> Self:
        from outreach.clients.models import Membership

        visible = self.visible_to(user)
        if not user.is_authenticated or user.is_superuser:
            return visible
        writing = [role for role in Membership.Role if role not in Membership.READ_ONLY]
        return visible.filter(memberships__user=user, memberships__role__in=writing)
