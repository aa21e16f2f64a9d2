"""The gate: every reason, and the decision that follows."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings

from campaigns.planning.decisions import (
    ActionKind,
    Because,
    Effect,
    Hold,
    Reason,
    Send,
    Skip,
    Stop,
    Wait,
    effect_of,
)
from campaigns.planning.gate import AccountStatus, EnrollmentState, Facts, decide, reasons_against
from tests.planning.worlds import MONDAY_NOON, facts_at, office, ready, utc

SOON = MONDAY_NOON + timedelta(minutes=40)
TODAY_LATER = utc("2026-03-02 12:40")


def decided(at: datetime = MONDAY_NOON, **changes: Any) -> object:
    facts = ready(**changes)
    return decide("step", facts.action, facts, at)


def becauses(at: datetime = MONDAY_NOON, **changes: Any) -> list[Because]:
    return [reason.because for reason in reasons_against(ready(**changes), at)]


def test_nothing_against_it_is_a_send() -> None:
    assert decided() == Send("step", ActionKind.MESSAGE)


RULES = [
    ({"engine_on": False}, Reason(Because.ENGINE_OFF)),
    ({"client_active": False}, Reason(Because.CLIENT_PAUSED)),
    ({"campaign_active": False}, Reason(Because.CAMPAIGN_NOT_ACTIVE)),
    ({"enrollment_state": EnrollmentState.PAUSED}, Reason(Because.ENROLLMENT_PAUSED)),
    ({"enrollment_state": EnrollmentState.OVER}, Reason(Because.ENROLLMENT_OVER)),
    ({"enrollment_state": EnrollmentState.IN_FLIGHT}, Reason(Because.IN_FLIGHT)),
    ({"enrollment_state": EnrollmentState.UNKNOWN}, Reason(Because.OUTCOME_UNKNOWN)),
    ({"suppressed_by": "acme.com"}, Reason(Because.SUPPRESSED, detail="acme.com")),
    ({"replied_at": utc("2026-03-01 08:00")}, Reason(Because.REPLIED)),
    ({"hold": Reason(Because.RETRYING, SOON)}, Reason(Because.RETRYING, SOON)),
    ({"hold": Reason(Because.TEXT_REFUSED, detail="too long")}, Reason(Because.TEXT_REFUSED, detail="too long")),
    ({"hold": Reason(Because.TEXT_UNFIT, detail="too long")}, Reason(Because.TEXT_UNFIT, detail="too long")),
    ({"is_connected": False}, Reason(Because.NOT_CONNECTED)),
    ({"action": ActionKind.INVITATION}, Reason(Because.ALREADY_CONNECTED)),
    (
        {"is_connected": False, "acceptance_expires_at": utc("2026-03-20 10:00")},
        Reason(Because.AWAITING_ACCEPTANCE, utc("2026-03-20 10:00")),
    ),
    ({"is_connected": False, "acceptance_expires_at": MONDAY_NOON}, Reason(Because.INVITATION_EXPIRED)),
    ({"has_identifier": False}, Reason(Because.NO_IDENTIFIER)),
    ({"missing_values": ("company", "title")}, Reason(Because.MISSING_VALUE, detail="company, title")),
    ({"due_at": SOON}, Reason(Because.NOT_DUE, SOON)),
    ({"hours": office("Pacific/Auckland")}, Reason(Because.OUTSIDE_HOURS, utc("2026-03-02 20:00"))),
    ({"account_exists": False}, Reason(Because.ACCOUNT_MISSING)),
    ({"account_status": AccountStatus.DISCONNECTED}, Reason(Because.ACCOUNT_DISCONNECTED)),
    ({"account_status": AccountStatus.RESTRICTED}, Reason(Because.ACCOUNT_RESTRICTED)),
    ({"account_paused": True}, Reason(Because.ACCOUNT_PAUSED)),
    ({"account_reconciled": False}, Reason(Because.NOT_RECONCILED)),
    ({"provider_open_at": SOON}, Reason(Because.PROVIDER_DOWN, SOON)),
    ({"inbound_read_at": utc("2026-03-02 11:44")}, Reason(Because.INBOUND_STALE)),
    ({"inbound_read_at": None}, Reason(Because.INBOUND_STALE)),
    ({"last_sent_at": utc("2026-03-02 11:56")}, Reason(Because.INBOUND_STALE)),
    ({"action_asleep_until": SOON}, Reason(Because.ACTION_ASLEEP, SOON)),
    ({"used": 20}, Reason(Because.CAP_USED, utc("2026-03-03 00:00"), "20 of 20")),
    ({"used": 20, "day_zone": "Asia/Kathmandu"}, Reason(Because.CAP_USED, utc("2026-03-02 18:15"), "20 of 20")),
    ({"used": 0, "cap": 0}, Reason(Because.CAP_USED, None, "0 of 0")),
    ({"next_slot_at": SOON}, Reason(Because.SPACING, SOON)),
    ({"resting_until": SOON}, Reason(Because.OUT_OF_OFFICE, SOON)),
    ({"new_leads_until": SOON}, Reason(Because.NEW_LEADS_USED, SOON)),
    ({"guards": (Reason(Because.OTHER_CAMPAIGN),)}, Reason(Because.OTHER_CAMPAIGN)),
    ({"guards": (Reason(Because.OTHER_SENDER),)}, Reason(Because.OTHER_SENDER)),
    ({"guards": (Reason(Because.COMPANY_BUSY),)}, Reason(Because.COMPANY_BUSY)),
    ({"guards": (Reason(Because.COLLEAGUE_REPLIED, SOON),)}, Reason(Because.COLLEAGUE_REPLIED, SOON)),
    ({"guards": (Reason(Because.CONTACTED_RECENTLY, SOON),)}, Reason(Because.CONTACTED_RECENTLY, SOON)),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "reason"), RULES, ids=[reason.because for _, reason in RULES])
def test_one_thing_against_it_is_one_reason(changes: dict[str, Any], reason: Reason) -> None:
    assert reasons_against(ready(**changes), MONDAY_NOON) == (reason,)


def test_every_reason_comes_from_the_gate_or_is_handed_to_it() -> None:
    handed_in = {Because.LEAD_IMPOSSIBLE, Because.COOLING_DOWN, Because.SEQUENCE_DONE, Because.FEATURE_MISSING}
    handed_in |= {Because.GAVE_UP, Because.BROKEN}
    handed_in |= {Because.QUEUED, Because.PUT_OFF}  # what explaining adds to them
    handed_in |= {Because.AWAITING_CONDITION, Because.AWAITING_TASK}  # of steps that do not pass the gate
    assert {reason.because for _, reason in RULES} | handed_in == set(Because)


@pytest.mark.parametrize(
    "changes",
    [
        {"due_at": MONDAY_NOON},
        {"next_slot_at": MONDAY_NOON},
        {"hold": Reason(Because.RETRYING, MONDAY_NOON)},
        {"action_asleep_until": MONDAY_NOON},
        {"provider_open_at": MONDAY_NOON},
        {"inbound_read_at": utc("2026-03-02 11:45")},
        {"inbound_read_at": None, "needs_fresh_inbound": False},
        {"replied_at": utc("2026-03-01 08:00"), "contact_after_reply": True},
        {"used": 19},
        {"is_connected": None},
        {"is_connected": None, "action": ActionKind.INVITATION},
        {"acceptance_expires_at": utc("2026-03-20 10:00")},
    ],
)
def test_what_has_ended_or_does_not_apply_is_no_reason(changes: dict[str, Any]) -> None:
    assert isinstance(decided(**changes), Send)


def test_all_reasons_are_named_not_only_the_first() -> None:
    assert becauses(engine_on=False, used=20, due_at=SOON, suppressed_by="acme.com") == [
        Because.SUPPRESSED,
        Because.ENGINE_OFF,
        Because.NOT_DUE,
        Because.CAP_USED,
    ]


def test_without_an_account_its_limits_are_not_talked_about() -> None:
    assert becauses(account_exists=False, account_paused=True, cap=0, inbound_read_at=None) == [Because.ACCOUNT_MISSING]


def test_the_words_of_a_needless_invitation_are_not_missed() -> None:
    assert decided(action=ActionKind.INVITATION, missing_values=("company",)) == Skip(Reason(Because.ALREADY_CONNECTED))


@pytest.mark.parametrize(
    ("because", "expected"),
    [
        (Because.SUPPRESSED, Effect.STOP),
        (Because.REPLIED, Effect.STOP),
        (Because.LEAD_IMPOSSIBLE, Effect.STOP),
        (Because.INVITATION_EXPIRED, Effect.STOP),
        (Because.MISSING_VALUE, Effect.HOLD),
        (Because.TEXT_REFUSED, Effect.HOLD),
        (Because.TEXT_UNFIT, Effect.HOLD),
        (Because.OUTCOME_UNKNOWN, Effect.HOLD),
        (Because.ALREADY_CONNECTED, Effect.SKIP),
        (Because.ENGINE_OFF, Effect.WAIT),
        (Because.RETRYING, Effect.WAIT),
    ],
)
def test_what_a_reason_leads_to(because: Because, expected: Effect) -> None:
    assert effect_of(because) is expected


def test_a_stop_beats_a_hold() -> None:
    decision = decided(missing_values=("company",), replied_at=MONDAY_NOON)
    assert decision == Stop(Reason(Because.REPLIED))


def test_a_hold_beats_a_wait() -> None:
    decision = decided(missing_values=("company",), engine_on=False)
    assert decision == Hold(Reason(Because.MISSING_VALUE, detail="company"))


def test_a_wait_beats_a_skip() -> None:
    assert isinstance(decided(action=ActionKind.INVITATION, engine_on=False), Wait)


def test_the_longest_reason_says_until_when_and_all_are_given() -> None:
    decision = decided(next_slot_at=SOON, due_at=SOON + timedelta(hours=1))
    spacing, not_due = Reason(Because.SPACING, SOON), Reason(Because.NOT_DUE, SOON + timedelta(hours=1))
    assert decision == Wait(not_due.until, not_due, (not_due, spacing))


def test_a_cap_that_resets_at_midnight_is_waited_for_until_the_morning() -> None:
    decision = decided(used=20)
    assert isinstance(decision, Wait)
    assert decision.reason.until == utc("2026-03-03 00:00")
    assert decision.until == utc("2026-03-03 09:00")


def test_what_does_not_end_by_itself_has_no_until() -> None:
    decision = decided(next_slot_at=SOON, account_paused=True)
    assert isinstance(decision, Wait)
    assert decision.until is None
    assert decision.reason == Reason(Because.ACCOUNT_PAUSED)


def test_facts_about_another_action_are_refused() -> None:
    with pytest.raises(ValueError, match="about sending message, not invitation"):
        decide("step", ActionKind.INVITATION, ready(), MONDAY_NOON)


@given(facts_at())
@settings(max_examples=400)
def test_a_send_breaks_no_law(drawn: tuple[Facts, datetime]) -> None:
    facts, at = drawn
    if not isinstance(decide("step", facts.action, facts, at), Send):
        return
    assert facts.engine_on and facts.client_active and facts.campaign_active
    assert facts.enrollment_state is EnrollmentState.ACTIVE
    assert facts.hours.is_open(at)
    assert facts.due_at is None or facts.due_at <= at
    assert facts.replied_at is None or facts.contact_after_reply
    assert not facts.suppressed_by and not facts.missing_values and facts.has_identifier
    assert facts.account_exists and not facts.account_paused and facts.account_status is AccountStatus.OK
    assert facts.used < facts.cap
    assert facts.next_slot_at is None or facts.next_slot_at <= at
    assert not (facts.action is ActionKind.INVITATION and facts.is_connected)
    assert not (facts.action in (ActionKind.MESSAGE, ActionKind.ENDORSEMENT) and facts.is_connected is False)


@given(facts_at())
@settings(max_examples=300)
def test_a_wait_makes_progress_and_ends_in_working_hours(drawn: tuple[Facts, datetime]) -> None:
    facts, at = drawn
    decision = decide("step", facts.action, facts, at)
    if isinstance(decision, Wait) and decision.until is not None:
        assert decision.until > at
        assert facts.hours.is_open(decision.until)
        ends = [reason.until for reason in decision.reasons if effect_of(reason.because) is Effect.WAIT]
        assert all(end is not None and end <= decision.until for end in ends)


@given(facts_at())
def test_waiting_ends_every_reason_that_ends_by_itself(drawn: tuple[Facts, datetime]) -> None:
    """At the end of the wait none of its own reasons is left, unless time brought it back: then it is longer."""
    facts, at = drawn
    decision = decide("step", facts.action, facts, at)
    if isinstance(decision, Wait) and decision.until is not None:
        later = {reason.because: reason.until for reason in reasons_against(facts, decision.until)}
        for reason in decision.reasons:
            if reason.until is not None and reason.because is not Because.CAP_USED:
                assert reason.because not in later


@given(facts_at())
def test_the_same_facts_give_the_same_decision(drawn: tuple[Facts, datetime]) -> None:
    facts, at = drawn
    assert decide("step", facts.action, facts, at) == decide("step", facts.action, facts, at)


@given(facts_at())
def test_the_decision_follows_from_the_reasons(drawn: tuple[Facts, datetime]) -> None:
    facts, at = drawn
    effects = {effect_of(reason.because) for reason in reasons_against(facts, at)}
    expected = {Effect.STOP: Stop, Effect.HOLD: Hold, Effect.WAIT: Wait, Effect.SKIP: Skip}
    kind = expected[min(effects)] if effects else Send
    assert isinstance(decide("step", facts.action, facts, at), kind)
