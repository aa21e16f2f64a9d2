"""The kinds of step that exist. A new kind is one module and one line here."""

from campaigns.actions.connection_request import ConnectionRequest
from campaigns.actions.contract import StepAction
from campaigns.actions.message import SendMessage

ACTIONS: dict[str, StepAction] = {
    each.kind: each
    for each in (
        ConnectionRequest(),
        SendMessage(),
    )
}


def action_for(kind: str) -> StepAction:
    return ACTIONS[kind]
