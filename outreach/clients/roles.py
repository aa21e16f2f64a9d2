"""What a user may do with one client's rows, by role."""

from uuid import UUID

from django.contrib.auth.models import AnonymousUser

from outreach.clients.models import Client, Membership, User


def may_change(user: User | AnonymousUser, client_id: UUID) -> bool:
    """Whether the user may do more than look at this client's rows."""
    return Client.objects.changeable_by(user).filter(pk=client_id).exists()


def may_administer(user: User | AnonymousUser, client_id: UUID) -> bool:
    """Whether the user may change the client itself: its members, senders and accounts."""
    if not user.is_authenticated or not user.is_active:
        return False
    if user.is_superuser:
        return True
    memberships = Membership.objects.filter(user=user, client_id=client_id)
    return memberships.filter(role=Membership.Role.ADMIN).exists()
