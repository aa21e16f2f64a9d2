"""What one request may see and change, asked of the querysets once and then answered from memory."""

from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from django.db import models
from django.http import HttpRequest

from outreach.clients.models import Client, Membership, User

ATTRIBUTE = "_console_reach"


@dataclass(frozen=True, slots=True)
class Reach:
    """Clients by what the user may do there; an operator (superuser) reaches all of them, and what has no client."""

    everything: bool
    sees: frozenset[UUID]
    changes: frozenset[UUID]
    administers: frozenset[UUID]

    def may_see(self, client_id: UUID | None) -> bool:
        return self.everything or client_id in self.sees

    def may_change(self, client_id: UUID | None) -> bool:
        return self.everything or client_id in self.changes

    def may_administer(self, client_id: UUID | None) -> bool:
        return self.everything or client_id in self.administers


def user_of(request: HttpRequest) -> User:
    return cast(User, request.user)


def administered_by(user: User) -> "models.QuerySet[Client]":
    """Clients whose members, senders and accounts the user may change."""
    changeable = Client.objects.changeable_by(user)
    if user.is_superuser:
        return cast("models.QuerySet[Client]", changeable)
    return cast(
        "models.QuerySet[Client]",
        changeable.filter(pk__in=Membership.objects.filter(user=user, role=Membership.Role.ADMIN).values("client")),
    )


def _measure(user: User) -> Reach:
    if user.is_superuser and user.is_active:
        return Reach(True, frozenset(), frozenset(), frozenset())
    if not user.is_authenticated:
        return Reach(False, frozenset(), frozenset(), frozenset())
    return Reach(
        everything=False,
        sees=frozenset(Client.objects.visible_to(user).values_list("pk", flat=True)),
        changes=frozenset(Client.objects.changeable_by(user).values_list("pk", flat=True)),
        administers=frozenset(administered_by(user).values_list("pk", flat=True)),
    )


def reach_of(request: HttpRequest) -> Reach:
    """The request's reach, measured at its first use."""
    reach = getattr(request, ATTRIBUTE, None)
    if reach is None:
        reach = _measure(user_of(request))
        setattr(request, ATTRIBUTE, reach)
    return cast(Reach, reach)


def is_scoped(model: type[models.Model]) -> bool:
    """Whether rows of this model know who may see them."""
    return hasattr(model._default_manager.all(), "visible_to")


def visible(rows: "models.QuerySet[Any]", user: User, *, through: str = "") -> "models.QuerySet[Any]":
    """The rows a user may see. `through` names the foreign key to the scoped model when the rows know no client.

    Rows that belong to no client (an entry that holds everywhere, a call nobody could place) are the operator's.
    """
    if user.is_superuser and user.is_active:
        return rows
    if not through:
        return cast("models.QuerySet[Any]", rows.visible_to(user))  # type: ignore[attr-defined]
    related = cast(type[models.Model], rows.model._meta.get_field(through).related_model)
    return rows.filter(**{f"{through}__in": related._default_manager.all().visible_to(user)})  # type: ignore[attr-defined]
