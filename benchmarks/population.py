"""Clients, accounts, campaigns and walks in any number."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import count
from typing import Any

from benchmarks import ground

AT = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)  # a Monday
LONG_AGO = AT - timedelta(hours=1)
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Place:
    """A client with one running campaign around the clock: an invitation with a note, a message a day later."""

    client: Any
    campaign: Any
    sequence: Any


def place(name: str) -> Place:
    from campaigns.editing import StepDraft, replace_steps, sequence_of
    from campaigns.models import Campaign
    from outreach.clients.models import Client

    client = Client.objects.create(name=name, slug=name.lower())
    campaign = Campaign.objects.create(
        client=client,
        name=f"Campaign of {name}",
        time_zone="UTC",
        opens_at=time(0),
        closes_at=time(23, 59),
        weekdays=list(range(7)),
    )
    steps = [
        StepDraft("connection_request", "Hello {{ first_name }}, may we connect?"),
        StepDraft("message", "Thank you, {{ first_name }}!", 1, "days"),
    ]
    replace_steps(campaign=campaign, steps=steps, by=None, at=LONG_AGO)
    Campaign.objects.filter(pk=campaign.pk).update(status="active", activated_at=LONG_AGO)
    campaign.refresh_from_db()
    return Place(client, campaign, sequence_of(campaign))


def accounts(where: Place, number: int, **fields: Any) -> list[Any]:
    """Connected accounts without any bound that a benchmark would meet, unless `fields` say otherwise."""
    from integrations.models import Account, Sender

    senders = [Sender(client=where.client, first_name=f"Sender{next(_numbers)}") for _ in range(number)]
    Sender.objects.bulk_create(senders)
    settings = {
        "status": "ok",
        "tier": "sales_navigator",
        "messages_read_at": AT,
        "relations_read_at": AT,
        "messages_poll_at": AT + timedelta(days=400),
        "relations_poll_at": AT + timedelta(days=400),
        "invitations_per_day": 1_000_000,
        "invitations_per_week": 1_000_000,
        "notes_per_month": 1_000_000,
        "pending_ceiling": 1_000_000,
    } | fields
    rows = [
        Account(client=where.client, sender=sender, name=sender.first_name, **settings, **_names(sender.first_name))
        for sender in senders
    ]
    return list(Account.objects.bulk_create(rows))


def _names(name: str) -> dict[str, str]:
    return {"provider_account_id": f"acc-{name}", "provider_user_id": f"ACoAA{name}"}


def walks(where: Place, owners: list[Any], *, each: int = 1, due_at: datetime = LONG_AGO) -> list[Any]:
    """Active walks of new leads whose invitation is due at `due_at`, so many for each account."""
    from campaigns.models import Enrollment
    from leads.models import Lead

    leads = []
    for _ in range(len(owners) * each):
        number = next(_numbers)
        leads.append(
            Lead(
                client=where.client,
                first_name=f"First{number}",
                last_name="Last",
                company=f"Company {number}",
                email=f"lead{number}@example.com",
                public_identifier=f"lead-{number}",
                provider_id=f"ACoAALead{number}",
            )
        )
    Lead.objects.bulk_create(leads, batch_size=2000)
    rows = [
        Enrollment(
            client=where.client,
            campaign=where.campaign,
            sequence=where.sequence,
            lead=lead,
            account=owners[number // each],
            next_account=owners[number // each],
            state="active",
            enrolled_at=LONG_AGO,
            started_at=LONG_AGO,
            next_action="invitation",
            next_action_at=due_at,
            priority=Enrollment.NEW_LEAD,
            waiting_because="not_due",
        )
        for number, lead in enumerate(leads)
    ]
    return list(Enrollment.objects.bulk_create(rows, batch_size=2000))


def copies(model: Any, template: Any, number: int, **expressions: str) -> None:
    """So many copies of a row, written by the database itself. `expressions` are SQL over the counter `n`.

    References are not checked, so that a column may get values that no other table has.
    """
    columns = [field.column for field in model._meta.concrete_fields]
    values = [expressions.get(column, f"t.{column}") for column in columns]
    ground.run(
        f"SET session_replication_role = replica; "
        f"INSERT INTO {model._meta.db_table} ({', '.join(columns)}) "
        f"SELECT {', '.join(values)} FROM {model._meta.db_table} t, generate_series(1, {number}) n "
        f"WHERE t.id = '{template.pk}'"
    )
