"""Accounts and people: the routes of sections 2 and 3."""

from typing import Any

from integrations.unipile.sandbox import refusals, serialising
from integrations.unipile.sandbox.calls import Answer, Call, Effect, Route, required
from integrations.unipile.sandbox.paging import page
from integrations.unipile.sandbox.people import Person, Unreachable
from integrations.unipile.sandbox.routes_social import skills_of
from integrations.unipile.sandbox.world import Account, Invitation


def accounts(call: Call) -> Answer:
    listed = enumerate(call.world.accounts.values())
    return Answer(
        page(
            call.request,
            listed,
            name="AccountList",
            number=lambda item: -item[0],  # oldest first: the order in which they were connected
            shape=lambda item: serialising.account(item[1]),
        )
    )


def account(call: Call, account_id: str) -> Answer:
    return Answer(serialising.account(call.account_named(account_id)))


def own_profile(call: Call) -> Answer:
    return Answer(serialising.own_profile(call.account()))


def profile(call: Call, identifier: str) -> Answer:
    viewer, person = call.account(), _person(call, identifier)
    if call.request.args.get("notify") == "true":
        call.parts.rules.require_able(viewer, at=call.at)
        call.world.enter("profile_view", viewer, person, at=call.at)
    sections = _sections(call)
    skills = {"skills": skills_of(call.world, person)} if sections & {"*", "skills"} else {}
    return Answer({**serialising.profile(person, viewer, sections=sections, at=call.at), **skills})


def _sections(call: Call) -> frozenset[str]:
    """One, several joined by commas, or the parameter repeated (section 3.2)."""
    return frozenset(",".join(call.request.args.getlist("linkedin_sections")).split(","))


def _person(call: Call, identifier: str) -> Person:
    try:
        return call.world.population.found(identifier)
    except Unreachable as error:
        raise refusals.invalid_recipient() if error.locked else refusals.not_found("User") from error


def relations(call: Call) -> Answer:
    account = call.account()
    wanted = call.request.args.get("filter", "").casefold()
    known = (
        relation
        for relation in reversed(account.relations.values())
        if account.relation_with(relation.person) and wanted in relation.person.name.casefold()
    )
    return Answer(
        page(
            call.request,
            known,
            name="UserRelationsList",
            number=lambda relation: relation.number,
            shape=serialising.relation,
            highest=1000,
        )
    )


def invite(call: Call) -> Answer:
    body = call.json()
    account, note = call.account_named(body.get("account_id")), _note(body)
    invitation = call.parts.rules.invite(account, required(body, "provider_id"), note=note, at=call.at)
    return Answer(_invitation_sent(call, account, invitation))


def _note(body: dict[str, Any]) -> str:
    """A bare invitation has no message at all: an empty one is malformed (section 3.4)."""
    note = body.get("message")
    if note is None:
        return ""
    if not isinstance(note, str) or not note:
        raise refusals.invalid_parameters("message must be a string that is not empty")
    return note


def _invitation_sent(call: Call, account: Account, invitation: Invitation) -> dict[str, Any]:
    usage = call.parts.rules.usage(account, at=call.at)
    sent = {"object": "UserInvitationSent", "invitation_id": str(invitation.number)}
    return {**sent, "usage": usage} if usage else sent


def sent_invitations(call: Call) -> Answer:
    return Answer(
        page(
            call.request,
            call.account().sent_newest_first(),
            name="InvitationList",
            number=lambda invitation: invitation.number,
            shape=lambda invitation: serialising.sent_invitation(invitation, at=call.at),
            default=10,
            highest=100,
        )
    )


def withdraw(call: Call, invitation_id: str) -> Answer:
    account = call.account()
    if not (invitation_id.isascii() and invitation_id.isdigit()):
        raise refusals.invalid_parameters("errors.invalid_invitation_id: the id must be a numeric string")
    call.parts.rules.withdraw(account, int(invitation_id), at=call.at)
    return Answer({"object": "InvitationCanceled"})


ROUTES = (
    Route("GET", "/accounts", accounts),
    Route("GET", "/accounts/<account_id>", account),
    Route("GET", "/users/me", own_profile),
    Route("GET", "/users/relations", relations),
    Route("GET", "/users/invite/sent", sent_invitations),
    Route("GET", "/users/<identifier>", profile),
    Route("POST", "/users/invite", invite, Effect.SEND),
    Route("DELETE", "/users/invite/sent/<invitation_id>", withdraw, Effect.SEND),
)
