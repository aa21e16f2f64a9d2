"""One row of every table for a client, so that walls and roles can be tried on all of them."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from campaigns.enrolling import enroll
from campaigns.models import Campaign, Enrollment, ManualTask, StepExecution
from inbox.models import Conversation, Message
from integrations.models import Account, Action, Dispatch
from leads.models import Lead, Suppression
from leads.suppressing import suppress
from outreach.clients.models import ApiKey, Client, User
from outreach.clock import now
from outreach.events.models import Event
from tests.api.contract import ContractClient
from tests.worlds import make_account, make_campaign, make_client, make_lead, make_user


@dataclass(frozen=True, slots=True)
class Tenant:
    """A client and what belongs to it."""

    client: Client
    account: Account
    lead: Lead
    campaign: Campaign
    enrollment: Enrollment
    execution: StepExecution
    dispatch: Dispatch
    conversation: Conversation
    message: Message
    suppression: Suppression
    task: ManualTask

    @property
    def event(self) -> Event:
        """The newest thing that happened for this client."""
        return Event.objects.filter(client=self.client).latest("id")

    def by_resource(self) -> dict[str, Any]:
        """The row behind each resource of the API."""
        return {
            "clients": self.client,
            "senders": self.account.sender,
            "accounts": self.account,
            "leads": self.lead,
            "suppressions": self.suppression,
            "campaigns": self.campaign,
            "enrollments": self.enrollment,
            "step-executions": self.execution,
            "dispatches": self.dispatch,
            "tasks": self.task,
            "conversations": self.conversation,
            "messages": self.message,
            "events": self.event,
        }


def make_tenant(name: str) -> Tenant:
    at = now()
    client = make_client(name)
    account = make_account(client, provider_account_id=f"acc-{name}")
    lead = make_lead(client, public_identifier=f"ada-{name.lower()}", email=f"ada@{name.lower()}.example")
    campaign = make_campaign(client, [account], at=at)
    enroll(campaign=campaign, leads=[lead], by=None, at=at)
    enrollment = Enrollment.objects.get(campaign=campaign)
    dispatch, steps = make_dispatch(account, key=f"step-{name}"), enrollment.sequence.steps.order_by("position")
    execution = StepExecution.objects.create(
        client=client,
        enrollment=enrollment,
        step=enrollment.sequence.steps.first(),
        dispatch=dispatch,
        reserved_at=at,
        outcome=StepExecution.Outcome.IN_FLIGHT,
    )
    conversation = make_conversation(account, lead)
    suppression = suppress(client=client, kind="domain", value=f"gone-{name}.example", reason="asked", by=None, at=at)
    return Tenant(
        client=client,
        account=account,
        lead=lead,
        campaign=campaign,
        enrollment=enrollment,
        execution=execution,
        dispatch=dispatch,
        conversation=conversation,
        message=conversation.messages.get(),
        suppression=suppression,
        task=ManualTask.objects.create(
            client=client, enrollment=enrollment, step=steps.last(), instructions="Call Ada.", opened_at=at
        ),
    )


def make_dispatch(account: Account, *, key: str, **fields: Any) -> Dispatch:
    """In flight unless said otherwise."""
    settings = {"action": Action.INVITATION, "actor": "engine", "reserved_at": now(), "state": Dispatch.State.SENDING}
    return Dispatch.objects.create(client=account.client, account=account, key=key, **settings | fields)


def make_conversation(account: Account, lead: Lead, *, chat_id: str = "chat-1") -> Conversation:
    """One message has come in and nobody has read it."""
    at = now() - timedelta(hours=1)
    conversation = Conversation.objects.create(
        client=account.client,
        account=account,
        lead=lead,
        provider_chat_id=chat_id,
        name=lead.name,
        person="ACoAAA-ada",
        unread=1,
        last_message_at=at,
        last_inbound_at=at,
    )
    Message.objects.create(
        client=account.client,
        conversation=conversation,
        account=account,
        direction=Message.Direction.INBOUND,
        provider_message_id=f"msg-{account.provider_account_id}-{chat_id}",
        text="Tell me more",
        sent_at=at,
        recorded_at=at,
        noticed_by="poll",
    )
    return conversation


def calling_as(user: User) -> ContractClient:
    """The API as a program with a key of this user sees it."""
    _, token = ApiKey.issue(user=user, name="test")
    caller = ContractClient()
    caller.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return caller


def member(tenant: Tenant, role: str = "admin", username: str = "") -> ContractClient:
    return calling_as(make_user(username or f"{role}-of-{tenant.client.slug}", client=tenant.client, role=role))


def operator(username: str = "operator") -> ContractClient:
    return calling_as(make_user(username, is_superuser=True, is_staff=True))
