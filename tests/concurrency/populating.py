"""Worlds for the kill tests: described in plain data first, then built of it, so that the checker knows both."""

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import time, timedelta
from typing import Any

import requests

from campaigns.activating import activate_campaign
from campaigns.editing import StepDraft
from campaigns.enrolling import enroll
from campaigns.models import Enrollment
from integrations.connecting import provider_client
from integrations.models import Account
from integrations.unipile.sandbox import names
from leads.identifiers import public_identifier_from
from leads.models import Lead
from outreach import clock
from outreach.clients.models import Client
from tests.concurrency import checker
from tests.concurrency.premises import Premises
from tests.worlds import make_account, make_campaign, make_client, make_lead

# What an account may do on a day, and its shortest and longest pause in seconds.
CAPS = {"invitation": 60, "message": 60, "inmail": 20, "profile_view": 70, "reaction": 45, "comment": 20}
CAPS |= {"endorsement": 20, "withdrawal": 50}
SPACING = (20, 40)
Values = Mapping[str, str]


class Town:
    """One client whose accounts and campaigns are described in `premises.world` as they are made."""

    def __init__(self, premises: Premises) -> None:
        self.premises = premises
        self.client: Client = make_client()
        premises.world.automatic = names.OUT_OF_OFFICE
        self.provider = provider_client()
        self.accounts = [self._account(one["id"]) for one in self._sandbox("state")["accounts"]]
        self.batches = 0
        self.served = clock.now()
        self._strangers = iter(self._people())
        self._friends = {account.pk: iter(self._relations(account)) for account in self.accounts}

    def _sandbox(self, path: str) -> Any:
        return requests.get(f"{self.premises.sandbox_url}/_sandbox/{path}", timeout=30).json()

    def _account(self, account_id: str) -> Account:
        own = self.provider.own_profile(account_id)
        shortest, longest = SPACING
        account = make_account(
            self.client,
            provider_account_id=account_id,
            name=own.name,
            provider_user_id=own.provider_id,
            public_identifier=own.public_identifier,
            tier=Account.Tier.PREMIUM if own.premium else Account.Tier.FREE,
            spacing_min_seconds=shortest,
            spacing_max_seconds=longest,
            invitations_per_day=CAPS["invitation"],
            messages_per_day=CAPS["message"],
            inmails_per_day=CAPS["inmail"],
            profile_views_per_day=CAPS["profile_view"],
            reactions_per_day=CAPS["reaction"],
            comments_per_day=CAPS["comment"],
            endorsements_per_day=CAPS["endorsement"],
            withdrawals_per_day=CAPS["withdrawal"],
            acceptance_floor_percent=0,
        )
        self.premises.world.accounts.append(checker.Account(account_id, account.time_zone, CAPS, shortest))
        return account

    # --- People -------------------------------------------------------------------------------------------

    def _people(self) -> list[tuple[str, Values]]:
        """Strangers, as the sandbox's own lead file has them."""
        address = f"{self.premises.sandbox_url}/_sandbox/people.csv?count=100000"
        rows = csv.DictReader(io.StringIO(requests.get(address, timeout=60).content.decode()))
        return [
            (public_identifier_from(row["URL"]), {"first_name": row["First Name"], "company": row["Company"]})
            for row in rows
        ]

    def _relations(self, account: Account) -> list[tuple[str, Values]]:
        """People whom an account knew before; their company is not told there."""
        known = self.provider.relations(account.provider_account_id)
        return [(one.public_identifier, {"first_name": one.first_name, "company": "Friends"}) for one in known]

    def _leads(self, people: Mapping[str, Values]) -> list[Lead]:
        return [make_lead(self.client, public_identifier=slug, **values) for slug, values in people.items()]

    # --- Campaigns ----------------------------------------------------------------------------------------

    def new_batch(self, *, strangers: int = 12, friends: int = 3, inmails: int = 2, traceless: bool = True) -> None:
        """Another day's leads, in campaigns of three sorts; on demand without what nobody could ask for later."""
        self.batches += 1
        self.served = clock.now()
        number, account = self.batches, self.accounts[self.batches % len(self.accounts)]
        premium = [each for each in self.accounts if each.tier == Account.Tier.PREMIUM]
        of_strangers, of_friends = (_strangers_steps, _friends_steps) if traceless else (_invite_and_write, _write)
        self._start(f"s{number}", of_strangers, self._next(self._strangers, strangers), self.accounts)
        self._start(f"f{number}", of_friends, self._next(self._friends[account.pk], friends), [account])
        self._start(f"i{number}", _inmail_steps, self._next(self._strangers, inmails), premium)

    def invite(self, count: int) -> None:
        """One more campaign, of nothing but invitations."""
        self._start("v", _invitation_alone, self._next(self._strangers, count), self.accounts)

    @staticmethod
    def _next(people: Iterable[tuple[str, Values]], count: int) -> dict[str, Values]:
        return dict(person for person, _ in zip(people, range(count), strict=False))

    def _start(self, name: str, steps: Any, people: dict[str, Values], accounts: list[Account]) -> None:
        if not people:
            return
        drafts: list[StepDraft] = steps(name)
        self.premises.world.plans.append(_described(name, drafts, people, accounts))
        campaign = make_campaign(
            self.client,
            accounts,
            name=name,
            steps=tuple(drafts),
            at=clock.now(),
            opens_at=time(9),
            closes_at=time(17),
            withdraw_after_days=1,
            company_limit=None,
            colleague_pause_days=0,
        )
        enroll(campaign=campaign, leads=self._leads(people), by=None, at=clock.now())
        activate_campaign(campaign=campaign, by=None, at=clock.now())

    @property
    def is_running_dry(self) -> bool:
        """Whether another day has come, and everybody of the days before has been begun with."""
        if (clock.now() - self.served) < timedelta(hours=20):
            return False
        return not Enrollment.objects.filter(state="active", started_at__isnull=True, held_because="").exists()


def _strangers_steps(name: str) -> list[StepDraft]:
    """Visit, invite, wait for the connection, write, like, write again."""
    return [
        StepDraft("visit_profile"),
        StepDraft("connection_request", f"[{name}.1] Hi {{{{ first_name }}}}, may we connect?", 10, "minutes"),
        StepDraft("condition", options={"if": "connected", "within_amount": 2}, else_position=6),
        StepDraft("message", f"[{name}.3] Thank you, {{{{ first_name }}}}! How is {{{{ company }}}}?", 1, "hours"),
        StepDraft("like_post", "", 30, "minutes"),
        StepDraft("message", f"[{name}.5] One more thought, {{{{ first_name }}}}.", 1, "working_days"),
        StepDraft("tag", options={"tag": "through"}),
    ]


def _invite_and_write(name: str) -> list[StepDraft]:
    return [
        StepDraft("connection_request", f"[{name}.0] Hi {{{{ first_name }}}}, may we connect?"),
        StepDraft("like_post", "", 20, "minutes"),
        StepDraft("message", f"[{name}.2] Thank you, {{{{ first_name }}}}! How is {{{{ company }}}}?", 1, "hours"),
    ]


def _write(name: str) -> list[StepDraft]:
    return [
        StepDraft("message", f"[{name}.0] Hello {{{{ first_name }}}}, it has been a while."),
        StepDraft("like_post", "", 10, "minutes"),
        StepDraft("message", f"[{name}.2] Did you see this, {{{{ first_name }}}}?", 30, "minutes"),
        StepDraft("message", f"[{name}.3] Good night, {{{{ first_name }}}}.", 1, "working_days"),
    ]


def _invitation_alone(name: str) -> list[StepDraft]:
    return [StepDraft("connection_request", f"[{name}.0] Hi {{{{ first_name }}}}, may we connect?")]


def _friends_steps(name: str) -> list[StepDraft]:
    """Write, have somebody call, endorse, write again."""
    return [
        StepDraft("message", f"[{name}.0] Hello {{{{ first_name }}}}, it has been a while."),
        StepDraft("manual_task", "Call {{ first_name }}", 1, "hours"),
        StepDraft("endorse_skill"),
        StepDraft("message", f"[{name}.3] Good talking to you, {{{{ first_name }}}}.", 1, "hours"),
    ]


def _inmail_steps(name: str) -> list[StepDraft]:
    """An InMail, and a comment after a while."""
    text = f"[{name}.0] Dear {{{{ first_name }}}}, a word about {{{{ company }}}}."
    return [
        StepDraft("inmail", text, options={"subject": "About {{ company }}"}),
        StepDraft("wait", "", 2, "hours"),
        StepDraft("comment_post", f"[{name}.2] Well said, {{{{ first_name }}}}!"),
    ]


# What a kind of step is called in the ledger.
DEEDS = {
    "visit_profile": "profile_view",
    "connection_request": "invitation",
    "message": "message",
    "inmail": "inmail",
    "like_post": "reaction",
    "comment_post": "comment",
    "endorse_skill": "endorsement",
}


def _described(
    name: str, drafts: list[StepDraft], people: Mapping[str, Values], accounts: list[Account]
) -> checker.Plan:
    """The campaign in the checker's plain words. Whoever is invited may see the invitation taken back."""
    deeds: dict[str, int] = {}
    texts: dict[str, tuple[str, ...]] = {}
    for draft in drafts:
        if deed := DEEDS.get(draft.kind):
            deeds[deed] = deeds.get(deed, 0) + 1
            texts[deed] = (*texts.get(deed, ()), draft.text)
    if "invitation" in deeds:
        deeds["withdrawal"] = deeds["invitation"]
    return checker.Plan(
        name=name,
        zone="Europe/London",
        weekdays=(0, 1, 2, 3, 4),
        opens="09:00",
        closes="17:00",
        accounts=tuple(account.provider_account_id for account in accounts),
        people=people,
        deeds=deeds,
        texts=texts,
    )
