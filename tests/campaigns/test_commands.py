"""The engine's commands, as an engineer types them."""

from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command

from campaigns.stopping import pause_account
from integrations.models import Account, Usage
from outreach import clock
from tests.bench import INVITE, Bench

pytestmark = pytest.mark.django_db


def said(bench: Bench, *words: str, **options: object) -> str:
    out = StringIO()
    with clock.frozen(bench.at):
        call_command(*words, stdout=out, **options)
    return out.getvalue()


def test_explain_tells_of_a_walk_by_its_own_id_and_by_its_leads() -> None:
    bench = Bench()
    walk = bench.walk(bench.lead(first_name=""), INVITE)
    bench.tick()
    told = said(bench, "explain", str(walk.pk))
    assert "has no value for something the text needs: first_name" in told
    assert said(bench, "explain", str(walk.lead_id)) == told


def test_explain_tells_of_a_campaign_and_of_an_account() -> None:
    bench = Bench()
    walk = bench.walk(None, INVITE)
    assert "running · next action" in said(bench, "explain", str(walk.campaign_id))
    assert "free to act" in said(bench, "explain", str(bench.account.pk))
    pause_account(account=bench.account, by=None, at=bench.at)
    assert "the account is paused" in said(bench, "explain", str(bench.account.pk))


def test_explain_names_a_used_cap_with_its_end() -> None:
    bench = Bench()
    Account.objects.update(invitations_per_day=1)
    bench.walk(None, INVITE)
    bench.tick()
    told = said(bench, "explain", str(bench.account.pk))
    assert "invitation: 1 of 1, 1 a day, set for this account, until Tue 00:00 (Europe/London)" in told


def test_explain_says_what_is_no_id_and_what_is_nobodys() -> None:
    with pytest.raises(CommandError, match="is no id"):
        call_command("explain", "ada")
    with pytest.raises(CommandError, match="There is no lead"):
        call_command("explain", str(uuid4()))


def test_rebuilding_usage_finds_nothing_to_change_after_work() -> None:
    bench = Bench()
    bench.walk(None, INVITE)
    bench.tick()
    assert said(bench, "rebuild_usage", dry_run=True) == "Nothing to change.\n"


def test_rebuilding_usage_corrects_a_wrong_row_and_a_dry_run_does_not() -> None:
    bench = Bench()
    bench.walk(None, INVITE)
    bench.tick()
    Usage.objects.update(used=7)
    with pytest.raises(SystemExit):
        said(bench, "rebuild_usage", dry_run=True)
    assert Usage.objects.get(action="invitation").used == 7
    assert "2 rows corrected" in said(bench, "rebuild_usage")  # the invitation and its note
    assert Usage.objects.get(action="invitation").used == 1
