"""Reasons in words."""

from datetime import timedelta

import pytest

from campaigns.planning.decisions import Because, Reason
from campaigns.planning.explaining import PHRASES, sentence, sentences
from tests.planning.worlds import MONDAY_NOON, utc


def test_every_reason_has_its_own_words() -> None:
    assert set(PHRASES) == set(Because)
    assert len(set(PHRASES.values())) == len(Because)


def test_an_end_within_days_is_named_by_its_weekday() -> None:
    friday_evening = utc("2026-03-27 18:00")
    reason = Reason(Because.OUTSIDE_HOURS, until=utc("2026-03-30 08:00"))
    assert sentence(reason, zone="Europe/London", at=friday_evening) == (
        "outside working hours until Mon 09:00 (Europe/London)"
    )


@pytest.mark.parametrize("at", [None, MONDAY_NOON, utc("2026-04-01 00:00")])
def test_an_end_that_a_weekday_would_leave_open_has_its_date(at: object) -> None:
    reason = Reason(Because.AWAITING_ACCEPTANCE, until=utc("2026-03-23 12:00"))
    assert sentence(reason, zone="America/New_York", at=at) == (  # type: ignore[arg-type]
        "waiting for the invitation to be accepted until Mon 23 Mar 2026 08:00 (America/New_York)"
    )


def test_the_detail_is_told() -> None:
    used_up = Reason(Because.CAP_USED, until=MONDAY_NOON + timedelta(hours=12), detail="20 of 20")
    assert sentence(used_up, zone="UTC", at=MONDAY_NOON) == (
        "the account has used its cap for this action: 20 of 20, until Tue 00:00 (UTC)"
    )


def test_what_does_not_end_by_itself_has_no_until() -> None:
    assert sentences((Reason(Because.ENGINE_OFF), Reason(Because.MISSING_VALUE, detail="company")), "UTC") == (
        "all automatic sending is switched off",
        "the lead has no value for something the text needs: company",
    )
