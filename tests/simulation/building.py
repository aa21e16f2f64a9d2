"""A world is built: a client, accounts with their limits, leads, campaigns. Everything random comes from the seed."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from django.conf import settings

from campaigns.activating import activate_campaign
from campaigns.editing import replace_steps
from campaigns.enrolling import enroll
from campaigns.models import Campaign, Step
from integrations import receiving
from integrations.models import Account
from integrations.unipile.client import UnipileClient
from integrations.unipile.sandbox import Sandbox
from leads.models import Lead
from outreach.clients.models import Client
from outreach.identifiers import new_id
from tests.simulation.composing import Composer
from tests.simulation.facts import AccountFacts, CampaignFacts, Version, drafts, with_origins
from tests.worlds import connect_sandbox, leads_from_sandbox, make_client

# Mondays before ordinary weeks, before both clock changes of 2026 in Europe and in America, and before holidays.
STARTS = (
    datetime(2026, 2, 2, 8, tzinfo=UTC),
    datetime(2026, 3, 2, 8, tzinfo=UTC),
    datetime(2026, 3, 23, 8, tzinfo=UTC),
    datetime(2026, 4, 1, 8, tzinfo=UTC),
    datetime(2026, 10, 19, 8, tzinfo=UTC),
    datetime(2026, 10, 26, 8, tzinfo=UTC),
    datetime(2026, 12, 21, 8, tzinfo=UTC),
)
ZONES = ("Europe/London", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Europe/Berlin")
WEEKDAYS = ([0, 1, 2, 3, 4], [0, 1, 2, 3, 4], [1, 3], [0, 1, 2, 3, 4, 5, 6])
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# A lunch gap, and a short Friday.
LUNCH = {day: [["08:00", "11:30"], ["12:30", "17:00"]] for day in DAYS[:4]} | {"fri": [["08:00", "12:00"]]}
COMPANIES = ("Nordkaj", "nordkaj", "Oakline")
MISBEHAVIOUR = (
    {},
    {"all": True},
    {"all": True, "timeout_after": 0.2, "index_lag": 1.0},
    {"timeout_after": 0.25, "error_after": 0.15, "timeout_before": 0.1, "index_lag": 1.0},
    {"webhook_lost": 1.0, "index_lag": 0.5},
    {"webhook_duplicate": 0.5, "webhook_reorder": 0.5, "webhook_late": 0.3, "payload_variance": 0.5},
    {"unavailable": 0.3, "rate_limit": 0.2, "html": 0.1, "cap": 0.1},
)


@dataclass
class Plan:
    """What the seed decided about a world."""

    days: int
    moves: int
    sleepiness: float
    crash_rate: float
    faults: object
    operator_rate: float
    backup_rate: float

    @classmethod
    def drawn(cls, rng: Random) -> "Plan":
        days = rng.choice((3, 5, 5, 9, 30))
        return cls(
            days=days,
            moves=rng.choice((30, 40, 50)),
            sleepiness=0.8 if days > 9 else rng.choice((0.2, 0.4)),
            crash_rate=rng.choice((0.0, 0.02, 0.06)),
            faults=rng.choice(MISBEHAVIOUR),
            operator_rate=rng.choice((0.0, 0.1, 0.25)),
            backup_rate=rng.choice((0.0, 0.0, 0.0, 0.08)),
        )


class Builder:
    """Builds the rows, and keeps the facts of what it built."""

    def __init__(self, rng: Random, seed: int, at: datetime, sandbox: Sandbox, provider: UnipileClient) -> None:
        self.rng = rng
        self.at = at
        self.sandbox = sandbox
        self.provider = provider
        self.client: Client = make_client(f"World-{seed}")
        self.accounts = connect_sandbox(self.client, sandbox, provider)
        self.facts = [self._limit(account, number) for number, account in enumerate(self.accounts)]
        self.leads = self._leads()
        self.campaigns: list[CampaignFacts] = []
        self.composers: list[Composer] = []

    # --- Accounts and leads -----------------------------------------------------------------------------

    def _limit(self, account: Account, number: int) -> AccountFacts:
        rng = self.rng
        account.invitations_per_day = rng.choice((1, 3, 10, 10))
        account.messages_per_day = rng.choice((2, 5, 100))
        account.invitations_per_week = rng.choice((None, None, 4))
        account.messages_per_week = rng.choice((None, None, 5))
        account.notes_per_month = rng.choice((None, None, 2))
        account.inmails_per_day = rng.choice((None, 1))
        account.profile_views_per_day = rng.choice((None, 1))
        account.reactions_per_day = rng.choice((None, 1))
        account.comments_per_day = rng.choice((None, 1))
        account.spacing_min_seconds = rng.choice((20, 20, 60, 600))
        account.spacing_max_seconds = account.spacing_min_seconds * rng.choice((1, 3))
        account.time_zone = rng.choice(ZONES)
        account.pending_ceiling = rng.choice((400, 400, 2))
        ramp = rng.choice((None, None, (self.at.date() - timedelta(days=rng.randrange(4)), 14, 20)))
        if ramp:
            account.ramp_up_started_on, account.ramp_up_days, account.ramp_up_percent = ramp
        account.save()
        return _facts_of(account, number, ramp)

    def _leads(self) -> list[Lead]:
        rng = self.rng
        leads = leads_from_sandbox(self.client, self.sandbox, rng.randrange(4, 10))
        world = self.sandbox.parts.world
        friends = [relation.person for account in world.accounts.values() for relation in account.relations.values()]
        for person in rng.sample(friends, rng.choice((0, 1, 3))):
            known = {"first_name": person.first_name, "company": person.company}
            leads.append(
                Lead.objects.create(client=self.client, public_identifier=person.public_identifier.lower(), **known)
            )
        crowded = rng.random() < 0.3
        for number, lead in enumerate(leads):
            lead.first_name = "" if rng.random() < 0.1 else lead.first_name
            lead.company = rng.choice(COMPANIES) if crowded else lead.company
            lead.email = f"lead{number}@{rng.choice(('one', 'two'))}.example" if rng.random() < 0.5 else ""
            lead.time_zone = rng.choice(("", *ZONES))
            lead.title = lead.title or "director"
            lead.save()
        return leads

    # --- Campaigns --------------------------------------------------------------------------------------

    def campaign(self, *, url: str) -> CampaignFacts:
        """One more campaign of the client, running, with some of the leads."""
        facts, fields = self._hours()
        row = Campaign.objects.create(client=self.client, name=f"c{facts.number}", **fields)
        facts.pk = row.pk
        senders = [account.sender for account in self.accounts if self.rng.random() < 0.8]
        row.senders.set(senders or [self.accounts[0].sender])
        mine = [fact for fact, account in zip(self.facts, self.accounts, strict=True) if account.sender in senders]
        premium = bool(mine) and all(fact.tier == "premium" for fact in mine)
        target = str(self.campaigns[0].pk) if self.campaigns else ""
        composer = Composer(self.rng, facts, premium=premium, target=target, url=url)
        self.write(row, facts, composer.compose())
        self.campaigns.append(facts)
        self.composers.append(composer)
        enroll(campaign=row, leads=[lead for lead in self.leads if self.rng.random() < 0.7], by=None, at=self.at)
        activate_campaign(campaign=row, by=None, at=self.at)
        return facts

    def write(self, row: Campaign, facts: CampaignFacts, version: Version) -> None:
        sequence = replace_steps(campaign=row, steps=drafts(version), by=None, at=self.at)
        origins = list(Step.objects.filter(sequence=sequence).order_by("position").values_list("origin", flat=True))
        facts.versions.append(with_origins(version, origins))

    def _hours(self) -> tuple[CampaignFacts, dict[str, object]]:
        rng = self.rng
        opens, closed = rng.choice((7, 9, 11)), (self.at + timedelta(days=1)).date()
        fields: dict[str, object] = {
            "time_zone": rng.choice(ZONES),
            "weekdays": list(rng.choice(WEEKDAYS)),
            "opens_at": time(opens),
            "closes_at": time(opens + rng.choice((2, 6, 9))),
            "week": rng.choice(({}, {}, LUNCH)),
            "closed_dates": rng.choice(([], [closed.isoformat()])),
            "holidays_of": rng.choice(("", "", "GB", "DE")),
            "weekend": rng.choice(("hard_stop", "hard_stop", "reduced")),
            "weekend_percent": 30,
            "use_lead_time_zone": rng.random() < 0.25,
            "new_leads_per_day": rng.choice((None, None, 2)),
            "withdraw_after_days": rng.choice((21, 2, 4)),
            "company_limit": rng.choice((None, 1, 3)),
            "one_campaign_at_a_time": rng.random() < 0.5,
            "one_sender_at_a_time": rng.random() < 0.5,
            "colleague_pause_days": rng.choice((0, 2)),
            "not_again_within_days": rng.choice((0, 2)),
            "contact_after_reply": rng.random() < 0.1,
        }
        return _campaign_facts(len(self.campaigns), fields), fields

    def subscribe(self) -> None:
        """Our webhooks at the provider."""
        for source, path, events in (
            ("users", "users", ["new_relation"]),
            ("messaging", "messaging", ["message_received", "message_read"]),
            ("account_status", "accounts", ["ok", "credentials", "reconnected", "error", "stopped"]),
        ):
            self.provider.create_webhook(
                source=source,
                request_url=f"http://outreach.test/api/v1/webhooks/unipile/{path}",
                events=events,
                headers={receiving.SECRET_HEADER: settings.UNIPILE_WEBHOOK_SECRET},
            )


def _facts_of(account: Account, number: int, ramp: tuple[date, int, int] | None) -> AccountFacts:
    own = {
        "invitation": {1: account.invitations_per_day, 7: account.invitations_per_week},
        "message": {1: account.messages_per_day, 7: account.messages_per_week},
        "note": {30: account.notes_per_month},
        "inmail": {1: account.inmails_per_day},
        "profile_view": {1: account.profile_views_per_day},
        "reaction": {1: account.reactions_per_day},
        "comment": {1: account.comments_per_day},
    }
    return AccountFacts(
        pk=account.pk,
        id=account.provider_account_id,
        number=number,
        zone=account.time_zone,
        tier=account.tier,
        own={kind: {days: most for days, most in caps.items() if most is not None} for kind, caps in own.items()},
        spacing=account.spacing_min_seconds,
        ramp=ramp,
        pending_ceiling=account.pending_ceiling,
    )


def _campaign_facts(number: int, fields: dict) -> CampaignFacts:
    hours = [[f"{fields['opens_at']:%H:%M}", f"{fields['closes_at']:%H:%M}"]]
    simple = {DAYS[day]: hours for day in fields["weekdays"]}
    return CampaignFacts(
        number=number,
        pk=new_id(),  # the row's own, once it is written
        zone=fields["time_zone"],
        week=fields["week"] or simple,
        closed=frozenset(date.fromisoformat(day) for day in fields["closed_dates"]),
        country=fields["holidays_of"],
        weekend_share=fields["weekend_percent"] / 100 if fields["weekend"] == "reduced" else None,
        by_lead_clock=fields["use_lead_time_zone"],
        new_leads_per_day=fields["new_leads_per_day"],
        withdraw_after_days=fields["withdraw_after_days"],
        company_limit=fields["company_limit"],
        one_campaign=fields["one_campaign_at_a_time"],
        one_sender=fields["one_sender_at_a_time"],
        colleague_days=fields["colleague_pause_days"],
        not_again_days=fields["not_again_within_days"],
        after_reply=fields["contact_after_reply"],
    )
