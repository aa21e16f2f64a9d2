"""What the demo plays on: an operator's login, two clients, their senders, a campaign each."""

import csv
import io
from dataclasses import dataclass
from datetime import datetime, time
from pathlib import Path

from django.conf import settings
from django.core.management.base import CommandError
from django.utils.text import slugify

from campaigns.activating import activate_campaign
from campaigns.editing import StepDraft, replace_steps
from campaigns.enrolling import EnrollReport, enroll
from campaigns.models import Campaign, Step
from integrations.models import Account, Sender
from integrations.receiving import SECRET_HEADER
from integrations.unipile.client import UnipileClient
from integrations.unipile.types import AccountInfo
from leads.importing import ImportReport, import_leads
from leads.models import Lead
from outreach.clients.models import Client, Membership, User

LOGIN, PASSWORD = "demo", "demo"

STEPS = (
    StepDraft(
        Step.Kind.CONNECTION_REQUEST,
        "Hi {{ first_name }}, I work with people in your field"
        "{% if company %} and have followed {{ company }} for a while{% endif %}. "
        "Shall we connect? {{ sender_first_name }}",
    ),
    StepDraft(
        Step.Kind.MESSAGE,
        "Thank you for connecting, {{ first_name }}! How do you handle planning at "
        '{{ company | default: "your company" }} today?\n\n{{ sender_first_name }}',
        1,
        Step.Unit.WORKING_DAYS,
    ),
    StepDraft(
        Step.Kind.MESSAGE,
        "Just a thought, {{ first_name }}: I am glad to send two examples from teams like yours. Would that help?",
        2,
        Step.Unit.WORKING_DAYS,
    ),
)


@dataclass(frozen=True, slots=True)
class Cast:
    """A client of the demo: its share of the accounts and leads, and when it works."""

    name: str
    campaign: str
    time_zone: str
    opens_at: time
    closes_at: time


CASTS = (
    Cast("Northwind Logistics", "Operations leads, spring", "Europe/London", time(9), time(17, 30)),
    Cast("Fabrikam Software", "Product people, US East", "America/New_York", time(9), time(17)),
)
SHARE_OF_FIRST = 0.75


@dataclass(frozen=True, slots=True)
class Arranged:
    """One client, ready to play."""

    campaign: Campaign
    imported: ImportReport
    enrolled: EnrollReport


def make_operator() -> User:
    user, _ = User.objects.get_or_create(
        username=LOGIN, defaults={"is_superuser": True, "is_staff": True, "first_name": "Demo"}
    )
    user.set_password(PASSWORD)
    user.save(update_fields=["password"])
    return user


def subscribe(provider: UnipileClient, own_url: str) -> None:
    """One webhook a source, as Unipile wants it (API, section 7.1)."""
    sources = {
        "users": ("users", ("new_relation",)),
        "messaging": ("messaging", ("message_received", "message_read", "message_edited")),
        "accounts": (
            "account_status",
            ("ok", "connecting", "credentials", "reconnected", "error", "stopped", "sync_success", "deleted"),
        ),
    }
    for path, (source, events) in sources.items():
        provider.create_webhook(
            source=source,
            request_url=f"{own_url}/api/v1/webhooks/unipile/{path}",
            events=events,
            headers={SECRET_HEADER: settings.UNIPILE_WEBHOOK_SECRET},
            name=f"outreach-{path}",
        )


def arrange(*, provider: UnipileClient, leads_file: Path, by: User, at: datetime) -> list[Arranged]:
    """Connect the accounts, import the leads, activate the campaigns. The last account is the second client's."""
    infos = [info for info in provider.accounts() if info.type == "LINKEDIN"]
    if not infos:
        raise CommandError("The provider has no LinkedIn account.")
    shares = [infos[:-1], infos[-1:]] if len(infos) > 1 else [infos]
    files = split(leads_file.read_bytes()) if len(shares) > 1 else [leads_file.read_bytes()]
    return [
        _arrange_one(cast, share, content, leads_file.name, provider, by, at)
        for cast, share, content in zip(CASTS, shares, files, strict=False)
        if content
    ]


def split(content: bytes) -> list[bytes]:
    """The demo's own file is shared out between the clients; a user's own file goes whole to the first."""
    try:
        rows = list(csv.reader(io.StringIO(content.decode("utf-8"))))
    except (UnicodeDecodeError, csv.Error):
        return [content, b""]
    if rows[:1] != [["First Name", "Last Name", "URL", "Email Address", "Company", "Position", "Connected On"]]:
        return [content, b""]
    cut = 1 + int((len(rows) - 1) * SHARE_OF_FIRST)
    return [_written([rows[0], *part]) for part in (rows[1:cut], rows[cut:])]


def _written(rows: list[list[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


def _arrange_one(
    cast: Cast,
    infos: list[AccountInfo],
    content: bytes,
    filename: str,
    provider: UnipileClient,
    by: User,
    at: datetime,
) -> Arranged:
    client = Client.objects.create(name=cast.name, slug=slugify(cast.name))
    Membership.objects.create(user=by, client=client, role=Membership.Role.ADMIN)
    accounts = [_connect(client, info, provider, cast.time_zone) for info in infos]
    report = import_leads(client=client, stream=io.BytesIO(content), filename=filename, by=by, at=at)
    campaign = _campaign(client, cast, accounts, by, at)
    enrolled = enroll(campaign=campaign, leads=Lead.objects.of(client).order_by("pk"), by=by, at=at)
    activate_campaign(campaign=campaign, by=by, at=at)
    return Arranged(campaign, report, enrolled)


def _connect(client: Client, info: AccountInfo, provider: UnipileClient, time_zone: str) -> Account:
    own = provider.own_profile(info.id)
    sender = Sender.objects.create(
        client=client, first_name=own.first_name, last_name=own.last_name, title=own.headline
    )
    return Account.objects.create(
        client=client,
        sender=sender,
        provider_account_id=info.id,
        provider_user_id=own.provider_id,
        public_identifier=own.public_identifier,
        name=own.name,
        tier=Account.Tier.PREMIUM if own.premium else Account.Tier.FREE,
        status=Account.Status.OK,
        time_zone=time_zone,
        invitations_per_day=8,
        messages_per_day=20,
        spacing_min_seconds=300,
        spacing_max_seconds=1800,
    )


def _campaign(client: Client, cast: Cast, accounts: list[Account], by: User, at: datetime) -> Campaign:
    campaign = Campaign.objects.create(
        client=client,
        name=cast.campaign,
        time_zone=cast.time_zone,
        opens_at=cast.opens_at,
        closes_at=cast.closes_at,
        created_by=by,
    )
    campaign.senders.set([account.sender for account in accounts])
    replace_steps(campaign=campaign, steps=STEPS, by=by, at=at)
    return campaign
