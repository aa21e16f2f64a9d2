"""A provider that answers at once, so that only our own work is measured."""

from collections.abc import Iterator
from typing import Any

from integrations.unipile.client import UnipileClient
from integrations.unipile.types import InvitationSent, NetworkDistance, Profile
from outreach.identifiers import new_id


class InstantProvider(UnipileClient):
    """Everybody exists, nobody is connected, every invitation is taken."""

    def __init__(self) -> None:
        """Without a network there is nothing to set up."""

    def profile(self, identifier: str, *, account_id: str) -> Profile:
        return Profile(
            provider_id=identifier,
            public_identifier="",
            member_urn="",
            first_name="",
            last_name="",
            headline="",
            location="",
            profile_url="",
            network_distance=NetworkDistance.SECOND,
            is_relationship=False,
            invitation_type="",
            invitation_status="",
        )

    def invite(self, *, account_id: str, provider_id: str, message: str = "") -> InvitationSent:
        return InvitationSent(invitation_id=str(new_id()), usage=None)

    def chats_with(self, attendee_provider_id: str, *, account_id: str) -> Iterator[Any]:
        return iter(())
