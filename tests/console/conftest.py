"""Two clients with everything in them, an operator, and staff of one client in every role."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from django.core.cache import cache
from django.test import Client as Browser

from campaigns.activating import activate_campaign
from campaigns.enrolling import enroll
from campaigns.models import Campaign, CampaignDay, Enrollment, ManualTask, StepExecution
from inbox.models import Conversation, Message
from integrations.models import Account, Dispatch, OutboundCall, ProviderHealth, RefusedDelivery, Usage, WebhookReceipt
from leads.models import CustomField, Lead, Suppression
from outreach import clock
from outreach.clients.models import ApiKey, Client, Membership, User
from tests.worlds import MONDAY_MORNING, make_account, make_campaign, make_client, make_lead, make_user

AT = MONDAY_MORNING


@dataclass(frozen=True)
class Tenant:
    """One client with one row of everything."""

    client: Client
    account: Account
    lead: Lead
    campaign: Campaign
    enrollment: Enrollment
    conversation: Conversation
    message: Message
    dispatch: Dispatch
    receipt: WebhookReceipt
    suppression: Suppression
    custom_field: CustomField
    usage: Usage
    execution: StepExecution
    task: ManualTask
    day: CampaignDay


def make_tenant(name: str, *, person: str, at: datetime = AT) -> Tenant:
    client = make_client(name)
    account = make_account(client, provider_account_id=f"acc-{name}", name=f"{name} Sender", messages_read_at=at)
    lead = make_lead(client, first_name=person, last_name="Lead", public_identifier=f"{person}-lead".lower())
    campaign = make_campaign(client, [account], name=f"{name} spring")
    enroll(campaign=campaign, leads=[lead], by=None, at=at)
    activate_campaign(campaign=campaign, by=None, at=at)
    enrollment = campaign.enrollments.get()
    usage = Usage.objects.create(account=account, action="invitation", day=at.date(), cap=25, used=7)
    dispatch = Dispatch.objects.create(
        client=client,
        key=f"manual:{name}",
        state=Dispatch.State.UNKNOWN,
        account=account,
        action="message",
        text=f"{name} words",
        actor="operator:somebody",
        reserved_at=at,
        called_at=at,
        needs_decision_at=at,
    )
    execution = StepExecution.objects.create(
        client=client,
        enrollment=enrollment,
        step=enrollment.sequence.steps.first(),
        outcome=StepExecution.Outcome.CANCELLED,
        because="spacing",
        reserved_at=at,
    )
    conversation = Conversation.objects.create(
        client=client,
        account=account,
        lead=lead,
        provider_chat_id=f"chat-{name}",
        name=lead.name,
        unread=1,
        last_message_at=at,
    )
    message = Message.objects.create(
        client=client,
        conversation=conversation,
        account=account,
        direction=Message.Direction.INBOUND,
        provider_message_id=f"m-{name}",
        text=f"Hello from {person}",
        sent_at=at,
        recorded_at=at,
        noticed_by="webhook",
    )
    receipt = WebhookReceipt.objects.create(
        source="messaging",
        received_at=at,
        body=b'{"event": "message_received"}',
        client=client,
        account=account,
        state=WebhookReceipt.State.FAILED,
        meaning=f"{name} meaning",
        next_attempt_at=at,
    )
    suppression = Suppression.objects.create(client=client, kind="domain", value=f"{name.lower()}.example")
    task = ManualTask.objects.create(
        client=client, enrollment=enrollment, step=execution.step, instructions=f"Call {person}.", opened_at=at
    )
    day = CampaignDay.objects.create(client=client, campaign=campaign, day=at.date(), begun=1)
    OutboundCall.objects.create(
        client=client, url=f"https://{name.lower()}.example/hook", payload={}, next_attempt_at=at, created_at=at
    )
    field = CustomField.objects.create(client=client, key="industry", label=f"{name} industry")
    return Tenant(
        client=client,
        account=account,
        lead=lead,
        campaign=campaign,
        enrollment=enrollment,
        conversation=conversation,
        message=message,
        dispatch=dispatch,
        receipt=receipt,
        suppression=suppression,
        custom_field=field,
        usage=usage,
        execution=execution,
        task=task,
        day=day,
    )


@pytest.fixture(autouse=True)
def moment():
    """The console's clock stands still, and no badge is remembered from another test."""
    cache.clear()
    with clock.frozen(AT + timedelta(minutes=5)):
        yield


@pytest.fixture
def ours(db: None) -> Tenant:
    return make_tenant("Northwind", person="Ada")


@pytest.fixture
def theirs(db: None) -> Tenant:
    return make_tenant("Fabrik", person="Zelda")


def signed_in(user: User) -> Browser:
    browser = Browser()
    browser.force_login(user)
    return browser


def staff(tenant: Tenant, role: str) -> User:
    return make_user(f"{role}-of-{tenant.client.slug}", client=tenant.client, role=role, is_staff=True)


@pytest.fixture
def operator(db: None) -> Browser:
    user = User.objects.create_superuser("operator", password="secret-word")
    ApiKey.issue(user=user, name="a key")
    RefusedDelivery.objects.create(source="users", reason="the secret is wrong", day=AT.date(), count=2)
    ProviderHealth.objects.create(provider="unipile")
    return signed_in(user)


@pytest.fixture
def agent(ours: Tenant) -> Browser:
    return signed_in(staff(ours, Membership.Role.AGENT))


@pytest.fixture
def viewer(ours: Tenant) -> Browser:
    return signed_in(staff(ours, Membership.Role.VIEWER))


@pytest.fixture
def client_admin(ours: Tenant) -> Browser:
    return signed_in(staff(ours, Membership.Role.ADMIN))
