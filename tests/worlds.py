"""Small worlds for tests: clients, senders, accounts, leads and campaigns that agree with each other."""

import csv
import io
from datetime import UTC, datetime, time

from campaigns.editing import StepDraft, replace_steps
from campaigns.models import Campaign, Step
from integrations.models import Account, Sender
from integrations.unipile.client import UnipileClient
from integrations.unipile.sandbox import Sandbox
from leads.identifiers import public_identifier_from
from leads.models import Lead
from outreach.clients.models import Client, Membership, User

MONDAY_MORNING = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def make_client(name: str = "Northwind") -> Client:
    return Client.objects.create(name=name, slug=name.lower())


def make_user(username: str = "nora", *, client: Client | None = None, role: str = "agent", **fields: object) -> User:
    user = User.objects.create_user(username=username, password="secret-word", **fields)
    if client:
        Membership.objects.create(user=user, client=client, role=role)
    return user


def make_account(
    client: Client, *, provider_account_id: str = "acc-1", name: str = "Nadia Verhoeven", **fields: object
) -> Account:
    first, _, last = name.partition(" ")
    sender = Sender.objects.create(client=client, first_name=first, last_name=last)
    settings: dict[str, object] = {
        "provider_user_id": f"own-{provider_account_id}",
        "status": Account.Status.OK,
        "tier": Account.Tier.PREMIUM,
        "time_zone": "Europe/London",
    }
    return Account.objects.create(
        client=client, sender=sender, provider_account_id=provider_account_id, name=name, **(settings | fields)
    )


def connect_sandbox(client: Client, sandbox: Sandbox, provider: UnipileClient) -> list[Account]:
    """The sandbox's accounts as ours, with the tier and the own id that the provider tells."""
    accounts = []
    for account_id in sandbox.account_ids:
        own = provider.own_profile(account_id)
        tier = Account.Tier.PREMIUM if own.premium else Account.Tier.FREE
        accounts.append(
            make_account(
                client,
                provider_account_id=account_id,
                name=own.name,
                provider_user_id=own.provider_id,
                public_identifier=own.public_identifier,
                tier=tier,
            )
        )
    return accounts


def make_lead(client: Client, **fields: object) -> Lead:
    settings: dict[str, object] = {"first_name": "Ada", "last_name": "Lindqvist", "company": "Nordkaj"}
    return Lead.objects.create(client=client, **(settings | fields))


def leads_from_sandbox(client: Client, sandbox: Sandbox, count: int) -> list[Lead]:
    """People of the sandbox whom no account is connected with yet, as leads."""
    rows = csv.DictReader(io.StringIO(sandbox.people_csv(count)))
    return [
        make_lead(
            client,
            first_name=row["First Name"],
            last_name=row["Last Name"],
            company=row["Company"],
            title=row["Position"],
            public_identifier=public_identifier_from(row["URL"]),
        )
        for row in rows
    ]


INVITE_THEN_WRITE = (
    StepDraft(Step.Kind.CONNECTION_REQUEST, "Hi {{ first_name }}, may we connect?"),
    StepDraft(Step.Kind.MESSAGE, "Thank you, {{ first_name }}! How is {{ company }}?", 1, Step.Unit.HOURS),
    StepDraft(Step.Kind.MESSAGE, "One more thought, {{ first_name }}.", 2, Step.Unit.WORKING_DAYS),
)


def make_campaign(
    client: Client,
    accounts: list[Account],
    *,
    steps: tuple[StepDraft, ...] = INVITE_THEN_WRITE,
    at: datetime = MONDAY_MORNING,
    **fields: object,
) -> Campaign:
    settings: dict[str, object] = {
        "name": "Spring",
        "time_zone": "Europe/London",
        "opens_at": time(9),
        "closes_at": time(17),
    }
    campaign = Campaign.objects.create(client=client, **(settings | fields))
    campaign.senders.set([account.sender for account in accounts])
    replace_steps(campaign=campaign, steps=steps, by=None, at=at)
    return campaign
