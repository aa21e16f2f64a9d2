"""Several accounts reserve in one transaction; what one step does to another must not be overlooked for that."""

import pytest

from campaigns.models import Enrollment
from leads.models import Lead
from tests.bench import INVITE, Bench

pytestmark = pytest.mark.django_db


def two_campaigns(bench: Bench, *leads: Lead, **fields: object) -> None:
    """The same moment, a campaign for each account, one of the leads in each."""
    bench.unhurried()
    settings = {"one_campaign_at_a_time": False, "one_sender_at_a_time": False, "not_again_within_days": 0}
    for lead, account in zip(leads, (bench.account, bench.free), strict=True):
        bench.campaign([lead], INVITE, name=str(account), accounts=[account], **(settings | fields))  # type: ignore[arg-type]


def test_leads_who_have_nothing_to_do_with_each_other_go_out_together() -> None:
    bench = Bench()
    two_campaigns(bench, *bench.leads(2))
    assert bench.tick() == 2
    assert len(bench.ledger()) == 2


def test_one_person_is_taken_up_by_one_account_at_a_time() -> None:
    bench = Bench()
    first = bench.lead(email="ada@nordkaj.example")
    twin = bench.lead(email="Ada@Nordkaj.example")
    two_campaigns(bench, first, twin, one_campaign_at_a_time=True)
    bench.tick()
    assert len(bench.ledger()) == 1, "one person under two names was invited by two accounts at once"


def test_only_so_many_of_one_company_are_begun_with_in_one_instant() -> None:
    bench = Bench()
    two_campaigns(bench, bench.lead(company="Nordkaj"), bench.lead(company="Nordkaj Ltd"), company_limit=1)
    bench.tick()
    assert len(bench.ledger()) == 1


def test_the_gate_is_obeyed_by_each_of_them() -> None:
    bench = Bench()
    waiting, going = bench.leads(2)
    two_campaigns(bench, waiting, going)
    Enrollment.objects.filter(lead=waiting).update(withdrawn_at=bench.at)  # and so is not invited for three weeks
    bench.tick()
    assert bench.sent() == [("invitation", bench.person_of(going).public_identifier)]
