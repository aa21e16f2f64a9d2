"""A restored backup has forgotten what was sent. Nothing is sent twice, and nothing before everybody was compared."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction

from campaigns.engine.restoring import MARK_EVERY, UNWATCHED, Marker, distrust, reconcile_everything, watch
from campaigns.explaining import explain
from campaigns.models import EngineState, Enrollment
from campaigns.planning.decisions import Because
from integrations.dispatching import todays_row
from integrations.models import Account, Action, Usage
from integrations.rebuilding import differences
from integrations.reconciling import reconcile
from outreach.events.models import Event
from tests.bench import INVITE, WRITE, WRITE_AGAIN, Bench

pytestmark = pytest.mark.django_db
NOW = 1_800_000_000


@pytest.mark.parametrize(
    ("known", "found", "is_doubted"),
    [
        (None, Marker("a", 0), False),  # a new database
        (None, Marker("a", NOW - 60), False),  # another machine works with it
        (None, Marker("a", NOW - UNWATCHED - 60), True),  # a dump on a new machine
        (Marker("a", NOW - 100), Marker("a", NOW - 100), False),
        (Marker("a", NOW - 100), Marker("a", NOW - 50), False),
        (Marker("a", NOW - 100), Marker("a", NOW - 3700), True),  # an hour is missing
        (Marker("a", NOW - 90_000), Marker("a", NOW - 90_000), False),  # everything was off for a day
        (Marker("b", NOW - 10), Marker("a", NOW - 60), False),  # another database, alive
        (Marker("b", NOW - 10), Marker("a", NOW - UNWATCHED - 1), True),  # another database, a dump
    ],
)
def test_when_a_database_is_doubted(known: Marker | None, found: Marker, is_doubted: bool) -> None:
    assert bool(distrust(known, found, machine=NOW)) is is_doubted


def test_the_marker_follows_the_database_and_notices_when_it_goes_back(tmp_path: Path) -> None:
    bench, path = Bench(), tmp_path / "marker.json"
    assert not watch(at=bench.at, machine=NOW, path=path)
    assert not watch(at=bench.at, machine=NOW + 3600, path=path)
    assert EngineState.objects.get().mark == json.loads(path.read_text())["mark"] == NOW + 3600
    EngineState.objects.update(mark=NOW + 100)
    assert watch(at=bench.at, machine=NOW + 3605, path=path)
    assert Account.objects.filter(unreconciled_since=bench.at).count() == 2
    assert not watch(at=bench.at, machine=NOW + 3606, path=path), "it is noticed once"
    (event,) = Event.objects.filter(kind="restore_noticed")
    assert "58 minutes older" in event.data["detail"]


def test_a_broken_marker_is_like_none(tmp_path: Path) -> None:
    bench, path = Bench(), tmp_path / "marker.json"
    path.write_text("{")
    assert not watch(at=bench.at, machine=NOW, path=path)
    assert json.loads(path.read_text())["mark"] == NOW
    assert not watch(at=bench.at, machine=NOW + MARK_EVERY - 1, path=path)
    assert EngineState.objects.get().mark == NOW, "the database is not written to at every look"


class Backup:
    """What a dump of the tables would hold."""

    def __init__(self, path: Path) -> None:
        self.path = path
        call_command("dumpdata", "--all", "-o", str(path), "-v0", exclude=["contenttypes", "auth"])

    def restore(self) -> None:
        call_command("flush", "--no-input", "-v0", inhibit_post_migrate=True)
        with transaction.atomic():
            call_command("loaddata", str(self.path), "-v0")


@pytest.mark.django_db(transaction=True)
def test_what_was_sent_after_the_backup_is_not_sent_again(tmp_path: Path) -> None:
    """Invitations, a first message and a follow-up, all forgotten by the database and none repeated."""
    bench, marker = Bench(), tmp_path / "marker.json"
    bench.unhurried()
    friend = bench.lead(bench.friend())
    friends = bench.campaign([friend], WRITE, WRITE_AGAIN)
    bench.campaign(bench.leads(3), INVITE)
    bench.read()
    watch(at=bench.at, machine=NOW, path=marker)
    backup = Backup(tmp_path / "dump.json")
    bench.tick_until_idle()
    bench.wait(hours=1, minutes=10)
    bench.read()
    bench.tick_until_idle()
    sent = bench.ledger()
    assert sorted(entry["kind"] for entry in sent) == ["invitation"] * 3 + ["message"] * 2
    watch(at=bench.at, machine=NOW + 4200, path=marker)

    backup.restore()
    assert friends.enrollments.get().position == 0
    assert watch(at=bench.at, machine=NOW + 4201, path=marker)
    assert bench.tick() == 0, "nothing leaves before the comparison"
    reasons = explain(enrollment=friends.enrollments.get(), at=bench.at)
    assert Because.NOT_RECONCILED in [reason.because for reason in reasons]
    bench.wait(minutes=6)
    bench.read()
    assert not Account.objects.filter(unreconciled_since__isnull=False).exists()
    bench.tick_until_idle()
    for _ in range(3):
        bench.wait(hours=2)
        bench.read()
        bench.tick_until_idle()
    assert bench.ledger() == sent
    assert friends.enrollments.get().state == "completed"
    assert not list(differences())


def test_invitations_that_the_ledger_forgot_count_against_their_day() -> None:
    bench = Bench()
    bench.unhurried()
    bench.campaign(bench.leads(2), INVITE)
    bench.tick_until_idle()
    Usage.objects.filter(action=Action.INVITATION).update(used=0)
    for enrollment in Enrollment.objects.all():
        enrollment.executions.all().delete()
    from integrations.models import Dispatch

    Dispatch.objects.all().delete()
    reconcile_everything(by=None, at=bench.at)
    bench.read()
    row = todays_row(bench.account, Action.INVITATION, bench.at)
    row.refresh_from_db()
    assert (row.used, row.observed) == (0, 2)
    reconcile_everything(by=None, at=bench.at + timedelta(seconds=1))
    bench.wait(seconds=2)
    bench.read()
    row.refresh_from_db()
    assert row.observed == 2, "counted once"


def test_the_pause_after_an_action_that_was_forgotten_is_owed() -> None:
    """The account may have acted a moment before the restoration: law 4 holds across it."""
    bench = Bench()
    bench.unhurried(spacing_min_seconds=600, spacing_max_seconds=900)
    bench.campaign(bench.leads(2), INVITE)
    bench.tick()
    Account.objects.update(next_slot_at=bench.at - timedelta(hours=1))  # as the backup has it
    reconcile_everything(by=None, at=bench.at)
    bench.wait(minutes=6)
    bench.read()
    for _ in range(12):
        bench.tick()
        bench.wait(minutes=1)
    first, second = (datetime.fromisoformat(entry["at"]) for entry in bench.ledger())
    assert (second - first).total_seconds() >= 600


def test_an_account_that_was_lost_since_the_backup_is_not_taken_for_connected() -> None:
    bench = Bench()
    reconcile_everything(by=None, at=bench.at)
    bench.sandbox.parts.world.accounts[bench.account.provider_account_id].status = "CREDENTIALS"
    bench.read()
    bench.account.refresh_from_db()
    assert (bench.account.status, bool(bench.account.unreconciled_since)) == ("credentials", True)


def test_the_owner_said_it_by_hand_already() -> None:
    """Law 1: the same words do not go out a second time, whoever was faster."""
    bench = Bench()
    person = bench.friend()
    walk = bench.walk(bench.lead(person), WRITE)
    bench.provider.start_chat(
        account_id=bench.account.provider_account_id,
        attendee_provider_id=person.provider_id,
        text=f"Hello {person.first_name}, how is {person.company}?",
    )
    before: Any = bench.ledger()
    bench.wait(minutes=5)
    bench.read()
    bench.tick()
    assert bench.ledger() == before
    execution = walk.executions.get()
    assert (execution.outcome, execution.detail) == ("skipped", "stands in the chat already")


def test_an_account_whose_inbox_was_read_before_it_was_set_apart_has_not_been_compared() -> None:
    """A reading that was under way puts the next one off; its moment is too early all the same."""
    bench = Bench()
    bench.read()
    bench.wait(minutes=1)
    reconcile_everything(by=None, at=bench.at)
    account = Account.objects.get(pk=bench.account.pk)
    assert not reconcile(account, at=bench.at, client=bench.provider)
    bench.wait(minutes=1)
    bench.read()
    assert Account.objects.get(pk=account.pk).unreconciled_since, "what was sent just before may not show yet"
    bench.wait(minutes=5)
    bench.read()
    assert Account.objects.get(pk=account.pk).unreconciled_since is None
