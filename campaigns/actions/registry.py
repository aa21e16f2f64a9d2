"""The kinds of step that exist. A new kind is one module and one line here; see docs/adding-a-step-kind.md."""

from typing import Any

from campaigns.actions.call_webhook import CallWebhook
from campaigns.actions.condition import Condition
from campaigns.actions.connection_request import ConnectionRequest
from campaigns.actions.contract import AccountStep, InternalStep, StepKind
from campaigns.actions.end import End
from campaigns.actions.endorse_skill import EndorseSkill
from campaigns.actions.inmail import SendInMail
from campaigns.actions.manual_task import Task
from campaigns.actions.message import SendMessage
from campaigns.actions.move_on import MoveOn
from campaigns.actions.posts import CommentPost, LikePost
from campaigns.actions.set_field import SetField
from campaigns.actions.tagging import AddTag, RemoveTag
from campaigns.actions.visit_profile import VisitProfile
from campaigns.actions.wait import Wait
from campaigns.actions.withdraw_invitation import WithdrawInvitation

KINDS: dict[str, StepKind] = {
    each.kind: each
    for each in (
        ConnectionRequest(),
        SendMessage(),
        SendInMail(),
        VisitProfile(),
        LikePost(),
        CommentPost(),
        EndorseSkill(),
        WithdrawInvitation(),
        Wait(),
        Condition(),
        AddTag(),
        RemoveTag(),
        SetField(),
        Task(),
        CallWebhook(),
        MoveOn(),
        End(),
    )
}


def kind_of(kind: str) -> StepKind:
    """Raises KeyError for a word that no kind has."""
    return KINDS[kind]


def action_for(kind: str) -> AccountStep:
    """The kind of a step that an account carries out. Raises TypeError for another."""
    found = KINDS[kind]
    if not isinstance(found, AccountStep):
        raise TypeError(f"{kind} needs no account")
    return found


def is_internal(kind: str) -> bool:
    return isinstance(KINDS[kind], InternalStep)


def choices() -> list[tuple[str, str]]:
    return [(each.kind, each.label) for each in KINDS.values()]


def described() -> list[dict[str, Any]]:
    """What people who write sequences have to know of each kind."""
    return [
        {
            "kind": each.kind,
            "label": each.label,
            "text": each.text.value,
            "options": dict(each.options),
            "action": each.action.value if isinstance(each, AccountStep) else None,
            "needs_connection": isinstance(each, AccountStep) and each.needs_connection,
            "branches": each.branches,
            "ends": each.ends,
        }
        for each in KINDS.values()
    ]
