"""The shapes of the REST answers (Unipile API, sections 2.2, 3, 5 and 7.1)."""

from datetime import datetime, timedelta
from typing import Any

from integrations.unipile.reading import iso_ms
from integrations.unipile.sandbox.people import Person
from integrations.unipile.sandbox.rules import WITHDRAWN_BLOCK
from integrations.unipile.sandbox.world import (
    OK,
    RESTRICTED,
    Account,
    Chat,
    Invitation,
    Message,
    Relation,
    Webhook,
    World,
)

Shape = dict[str, Any]


def account(found: Account) -> Shape:
    owner = found.owner
    status = OK if found.status == RESTRICTED else found.status
    im = {
        "id": owner.provider_id,
        "publicIdentifier": owner.public_identifier,
        "username": owner.name,
        "premiumId": None,
        "premiumContractId": None,
        "premiumFeatures": ["premium"] if found.premium else [],
        "organizations": [],
        "connection_method": "credentials",
    }
    return {
        "object": "Account",
        "id": found.id,
        "type": "LINKEDIN",
        "name": owner.name,
        "created_at": iso_ms(found.created_at),
        "groups": [],
        "sources": [{"id": f"{found.id}_MESSAGING", "status": status}],
        "connection_params": {"im": im},
    }


def own_profile(found: Account) -> Shape:
    owner = found.owner
    return {
        "object": "AccountOwnerProfile",
        "provider": "LINKEDIN",
        "provider_id": owner.provider_id,
        "entity_urn": f"urn:li:fsd_profile:{owner.provider_id}",
        "object_urn": f"urn:li:member:{owner.member_number}",
        "first_name": owner.first_name,
        "last_name": owner.last_name,
        "profile_picture_url": None,
        "public_identifier": owner.public_identifier,
        "headline": owner.headline,
        "location": owner.location,
        "email": f"{owner.public_identifier}@mail.example",
        "premium": found.premium,
        "open_profile": False,
        "organizations": [],
        "recruiter": None,
        "sales_navigator": None,
    }


def profile(person: Person, viewer: Account, *, sections: frozenset[str], at: datetime) -> Shape:
    """As one account sees it. Without sections only the header (section 3.2)."""
    connected = viewer.relation_with(person) is not None
    distance = "FIRST_DEGREE" if connected else "SECOND_DEGREE"
    shape = {
        "object": "UserProfile",
        "provider": "LINKEDIN",
        "provider_id": person.provider_id,
        "public_identifier": person.public_identifier,
        "member_urn": person.member_number,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "headline": person.headline,
        "location": person.location,
        "websites": [],
        "network_distance": distance,
        "is_relationship": connected,
        "is_self": person is viewer.owner,
        "is_premium": False,
        "is_open_profile": False,
        "can_send_inmail": not connected,
        "connections_count": 100 + int(person.member_number) % 900,
        "shared_connections_count": int(person.member_number) % 7,
        "public_profile_url": person.address,
    }
    invitation = _invitation_state(person, viewer, at=at)
    experience = {"work_experience": [_position(person)]} if sections & {"*", "experience"} else {}
    return {**shape, **({"invitation": invitation} if invitation else {}), **experience}


def _invitation_state(person: Person, viewer: Account, *, at: datetime) -> Shape | None:
    if viewer.pending_with(person):
        return {"type": "SENT", "status": "PENDING"}
    withdrawn_at = viewer.withdrawn.get(person.provider_id)
    recently = withdrawn_at is not None and at < withdrawn_at + WITHDRAWN_BLOCK
    return {"type": "SENT", "status": "WITHDRAWN"} if recently else None


def _position(person: Person) -> Shape:
    return {
        "position": person.position,
        "company": person.company,
        "location": person.location,
        "skills": [],
        "start": "3/1/2022",
        "end": None,
    }


def relation(found: Relation) -> Shape:
    """The provider id is called member_id here, and the moment is epoch milliseconds (section 3.3)."""
    person = found.person
    return {
        "object": "UserRelation",
        "first_name": person.first_name,
        "last_name": person.last_name,
        "headline": person.headline,
        "public_identifier": person.public_identifier,
        "public_profile_url": f"{person.address}/",
        "created_at": round(found.connected_at.timestamp() * 1000),
        "member_id": person.provider_id,
        "member_urn": f"urn:li:fsd_profile:{person.provider_id}",
        "connection_urn": f"urn:li:fsd_connection:{person.provider_id}",
        "profile_picture_url": f"https://media.licdn.example/{person.member_number}.jpg",
    }


def sent_invitation(found: Invitation, *, at: datetime) -> Shape:
    person = found.person
    return {
        "object": "InvitationSent",
        "id": str(found.number),
        "date": _human_date(at - found.sent_at),
        "parsed_datetime": iso_ms(found.sent_at),
        "invitation_text": found.note or None,
        "invited_user": person.name,
        "invited_user_id": person.provider_id,
        "invited_user_public_id": person.public_identifier,
        "invited_user_description": person.headline,
    }


def _human_date(age: timedelta) -> str:
    if age.days < 1:
        return "Sent today"
    if age.days < 7:
        return f"Sent {age.days} day{'s' if age.days > 1 else ''} ago"
    weeks = age.days // 7
    return f"Sent {weeks} week{'s' if weeks > 1 else ''} ago"


def chat(found: Chat) -> Shape:
    """A one-to-one chat has no name on LinkedIn (trap 10)."""
    visible = found.visible()
    return {
        "object": "Chat",
        "id": found.id,
        "account_id": found.account.id,
        "account_type": "LINKEDIN",
        "provider_id": found.provider_id,
        "attendee_provider_id": found.person.provider_id,
        "name": None,
        "type": 0,
        "timestamp": iso_ms(visible[-1].at) if visible else None,
        "unread_count": found.unread,
        "unread": int(found.unread > 0),
        "archived": 0,
        "pinned": 0,
        "muted_until": None,
        "read_only": 0,
        "disabledFeatures": [],
        "folder": ["INBOX", "INBOX_LINKEDIN_CLASSIC"],
    }


def attendees(found: Chat) -> list[Shape]:
    ourselves = _attendee(found, found.account.owner, id=f"{found.attendee_id[:-1]}_", is_self=True)
    return [_attendee(found, found.person, id=found.attendee_id, is_self=False), ourselves]


def _attendee(found: Chat, person: Person, *, id: str, is_self: bool) -> Shape:
    near = "SELF" if is_self else "DISTANCE_1" if found.account.relation_with(person) else "DISTANCE_2"
    return {
        "object": "ChatAttendee",
        "id": id,
        "account_id": found.account.id,
        "provider_id": person.provider_id,
        "name": person.name,
        "is_self": int(is_self),
        "hidden": 0,
        "picture_url": f"https://media.licdn.example/{person.member_number}.jpg",
        "profile_url": f"https://www.linkedin.com/in/{person.provider_id}",
        "specifics": {
            "provider": "LINKEDIN",
            "member_urn": f"urn:li:member:{person.member_number}",
            "occupation": person.headline,
            "network_distance": near,
        },
    }


def message(found: Message) -> Shape:
    """Flags are 0 and 1 here where the webhook has booleans (trap 7)."""
    home = found.chat
    return {
        "object": "Message",
        "id": found.id,
        "account_id": home.account.id,
        "chat_id": home.id,
        "chat_provider_id": home.provider_id,
        "provider_id": found.provider_id,
        "sender_id": found.sender.provider_id,
        "sender_attendee_id": f"{home.attendee_id[:-1]}_" if found.is_own else home.attendee_id,
        "text": found.text,
        "subject": None,
        "original": "{}",
        "timestamp": iso_ms(found.at),
        "is_sender": int(found.is_own),
        "seen": int(found.seen),
        "seen_by": {home.person.provider_id: True} if found.seen and found.is_own else {},
        "delivered": 1,
        "hidden": 0,
        "deleted": 0,
        "edited": 0,
        "is_event": 0,
        "behavior": None,
        "reactions": [
            {"value": emoji, "sender_id": person.provider_id, "is_sender": person is home.account.owner}
            for emoji, person in found.reactions
        ],
        "attachments": [],
        "message_type": found.message_type,
        "attendee_type": "MEMBER",
        "attendee_distance": 1 if home.account.relation_with(home.person) else 2,
    }


def webhook(found: Webhook, world: World) -> Shape:
    """Account ids are objects here and plain strings in the request; the source is not told (section 7.1)."""
    listed = [world.accounts[account_id] for account_id in found.account_ids or world.accounts]
    return {
        "object": "Webhook",
        "id": found.id,
        "account_ids": [{"id": one.id, "name": one.owner.name, "type": "LINKEDIN"} for one in listed],
        "enabled": found.enabled,
        "name": found.name,
        "request_url": found.request_url,
        "format": found.format,
        "headers": [{"key": key, "value": value} for key, value in found.headers],
        "data": [{"name": name, "key": key} for name, key in found.data],
        "events": list(found.events),
        "type": "AUTO",
    }
