"""Side effects exactly once, never over a cap: what the database itself refuses (laws 1 and 4)."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from integrations.dispatching import (
    MAX_QUESTIONS,
    CapUsed,
    Intent,
    Outcome,
    SlotTaken,
    ask_again,
    confirm,
    free_slot,
    lease,
    local_day,
    release_slot,
    reserve,
    settle,
    take_quota,
    take_slot,
)
from integrations.models import Account, Action, Dispatch, Usage
from tests.worlds import MONDAY_MORNING, make_account, make_client

pytestmark = pytest.mark.django_db
AT = MONDAY_MORNING
State = Dispatch.State


@pytest.fixture
def account() -> Account:
    return make_account(make_client(), invitations_per_day=3, messages_per_day=2)


def reserved(account: Account, key: str = "step:1", *, at: datetime = AT) -> Dispatch:
    return reserve(Intent(key, account, Action.INVITATION, "ACoAAx", "Hello", "engine"), at=at)


def take_all(account: Account, *, at: datetime = AT, action: str = Action.INVITATION) -> int:
    """As many of the day's actions as the database gives."""
    for taken in range(1000):
        try:
            take_quota(Account.objects.get(pk=account.pk), action, at)
        except CapUsed:
            return taken
    raise AssertionError("the cap lets everything through")


# --- Caps -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cap", [0, 1, 3, 25])
def test_a_cap_lets_exactly_so_many_through(account: Account, cap: int) -> None:
    Account.objects.update(invitations_per_day=cap)
    assert take_all(account) == cap


def test_each_action_has_its_own_cap(account: Account) -> None:
    assert take_all(account) == 3
    assert take_all(account, action=Action.MESSAGE) == 2


@pytest.mark.parametrize(("days_ago", "left"), [(6, 1), (7, 3)])
def test_a_week_is_today_and_the_six_days_before(account: Account, days_ago: int, left: int) -> None:
    Account.objects.update(invitations_per_week=3)
    day = AT.date() - timedelta(days=days_ago)
    Usage.objects.create(account=account, action="invitation", day=day, cap=3, used=2)
    assert take_all(account) == left


def test_a_cap_raised_during_the_day_lets_the_difference_through(account: Account) -> None:
    take_all(account)
    Account.objects.update(invitations_per_day=5)
    assert take_all(account) == 2


def test_a_cap_lowered_during_the_day_lets_nothing_more_through(account: Account) -> None:
    Account.objects.update(invitations_per_day=10)
    for _ in range(4):
        take_quota(Account.objects.get(), Action.INVITATION, AT)
    Account.objects.update(invitations_per_day=2)
    assert take_all(account) == 0
    assert Usage.objects.get(action="invitation").used == 4, "what was done stays written"


def test_a_cap_lowered_and_raised_again_lets_the_rest_through(account: Account) -> None:
    take_quota(account, Action.INVITATION, AT)
    Account.objects.update(invitations_per_day=0)
    assert take_all(account) == 0
    Account.objects.update(invitations_per_day=3)
    assert take_all(account) == 2


def test_what_the_owner_did_by_hand_uses_up_the_same_cap(account: Account) -> None:
    take_quota(account, Action.INVITATION, AT)
    Usage.objects.update(observed=1)
    assert take_all(account) == 1
    Usage.objects.update(observed=50)
    assert take_all(account) == 0


def test_the_database_itself_refuses_to_count_past_a_cap(account: Account) -> None:
    take_all(account)
    with pytest.raises(IntegrityError), transaction.atomic():
        Usage.objects.update(used=4)


def test_the_day_of_a_cap_begins_at_midnight_in_the_accounts_own_zone(account: Account) -> None:
    Account.objects.update(time_zone="America/New_York")
    account.refresh_from_db()
    last_minute = datetime(2026, 3, 3, 4, 59, tzinfo=UTC)
    assert take_all(account, at=last_minute) == 3
    assert take_all(account, at=last_minute + timedelta(minutes=1)) == 3
    days = set(Usage.objects.values_list("day", flat=True))
    assert days == {date(2026, 3, 2), date(2026, 3, 3)}


def test_the_long_day_of_a_clock_change_is_one_day(account: Account) -> None:
    """Autumn in London: 25 hours, of which the caps know one day."""
    first, last = datetime(2026, 10, 24, 23, 30, tzinfo=UTC), datetime(2026, 10, 25, 23, 30, tzinfo=UTC)
    assert local_day(account, first) == local_day(account, last) == date(2026, 10, 25)
    assert take_all(account, at=first) + take_all(account, at=last) == 3


# --- Giving back ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("state", "left"), [("rejected", 3), ("sent", 2), ("unknown", 2)])
def test_only_what_surely_did_not_happen_is_given_back(account: Account, state: str, left: int) -> None:
    settle(reserved(account), Outcome(State(state)), at=AT)
    assert take_all(account) == left


def test_a_refund_goes_to_the_day_it_was_taken_from(account: Account) -> None:
    dispatch = reserved(account)
    tomorrow = AT + timedelta(days=1)
    take_quota(account, Action.INVITATION, tomorrow)
    settle(dispatch, Outcome(State.REJECTED), at=tomorrow)
    assert dict(Usage.objects.values_list("day", "used")) == {AT.date(): 0, tomorrow.date(): 1}


def test_an_unknown_outcome_that_did_not_happen_is_given_back_once(account: Account) -> None:
    dispatch = reserved(account)
    assert settle(dispatch, Outcome(State.UNKNOWN), at=AT)
    assert settle(dispatch, Outcome(State.REJECTED), at=AT)
    assert not settle(Dispatch(pk=dispatch.pk, state=State.UNKNOWN), Outcome(State.REJECTED), at=AT)
    assert Usage.objects.get(action="invitation").used == 0


# --- Slots ----------------------------------------------------------------------------------------------


def test_an_account_acts_once_at_a_time(account: Account) -> None:
    take_slot(account, AT)
    with pytest.raises(SlotTaken):
        take_slot(Account.objects.get(), AT + timedelta(seconds=1))


def test_a_slot_that_nobody_freed_is_free_after_the_lease(account: Account) -> None:
    take_slot(account, AT)
    take_slot(Account.objects.get(), AT + lease())


def test_a_stale_account_in_memory_does_not_get_a_taken_slot(account: Account) -> None:
    stale = Account.objects.get()
    take_slot(account, AT)
    with pytest.raises(SlotTaken):
        take_slot(stale, AT)


def test_a_freed_slot_owes_a_pause_between_the_shortest_and_the_longest(account: Account) -> None:
    pauses = []
    for number in range(20):
        Account.objects.update(next_slot_at=AT)
        Usage.objects.all().update(used=0)
        dispatch = reserved(Account.objects.get(), f"step:{number}")
        free_slot(dispatch, AT)
        pauses.append((Account.objects.get().next_slot_at - AT).total_seconds())
    assert account.spacing_min_seconds <= min(pauses) < max(pauses) <= account.spacing_max_seconds


def test_a_turn_in_which_nothing_was_done_owes_no_pause(account: Account) -> None:
    dispatch = reserved(account)
    release_slot(dispatch, AT + timedelta(seconds=2))
    assert Account.objects.get().next_slot_at == AT + timedelta(seconds=2)


def test_a_late_comer_does_not_cut_short_the_turn_of_another(account: Account) -> None:
    late = reserved(account)
    after = AT + lease()
    reserved(Account.objects.get(), "step:2", at=after)
    release_slot(late, after)
    free_slot(late, after)
    assert Account.objects.get().next_slot_at == after + lease()


# --- Once -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["sending", "sent", "unknown"])
def test_a_live_key_exists_once(account: Account, state: str) -> None:
    dispatch = reserved(account)
    if state != "sending":
        settle(dispatch, Outcome(State(state)), at=AT)
    later = AT + lease()
    with pytest.raises(IntegrityError), transaction.atomic():
        reserved(Account.objects.get(), at=later)
    assert Usage.objects.get(action="invitation").used == 1, "the refused one took no quota"


def test_a_rejected_effect_may_be_tried_again(account: Account) -> None:
    settle(reserved(account), Outcome(State.REJECTED), at=AT)
    reserved(Account.objects.get(), at=AT + lease())
    assert Dispatch.objects.count() == 2


def test_an_outcome_is_written_once(account: Account) -> None:
    mine = reserved(account)
    theirs = Dispatch.objects.get()
    assert settle(mine, Outcome(State.SENT, provider_invitation_id="1"), at=AT)
    assert not settle(theirs, Outcome(State.REJECTED, detail="too late"), at=AT)
    mine.refresh_from_db()
    assert (mine.state, mine.provider_invitation_id, mine.detail) == ("sent", "1", "")
    assert Usage.objects.get(action="invitation").used == 1


def test_a_call_is_confirmed_once(account: Account) -> None:
    dispatch = reserved(account)
    assert confirm(dispatch, at=AT)
    assert not confirm(Dispatch.objects.get(), at=AT)


def test_a_call_whose_lease_is_over_is_not_confirmed(account: Account) -> None:
    dispatch = reserved(account)
    assert not confirm(dispatch, at=AT + lease())
    assert confirm(dispatch, at=AT + lease() - timedelta(seconds=1))


def test_a_settled_dispatch_is_not_confirmed(account: Account) -> None:
    dispatch = reserved(account)
    settle(Dispatch.objects.get(), Outcome(State.REJECTED), at=AT)
    assert not confirm(dispatch, at=AT)


def test_two_dispatches_never_claim_one_message_of_the_provider(account: Account) -> None:
    settle(reserved(account), Outcome(State.SENT, provider_message_id="m1"), at=AT)
    other = reserved(Account.objects.get(), "step:2", at=AT + lease())
    with pytest.raises(IntegrityError), transaction.atomic():
        settle(other, Outcome(State.SENT, provider_message_id="m1"), at=AT)


def test_a_question_that_nobody_can_answer_goes_to_a_person_after_ever_longer_waits(account: Account) -> None:
    dispatch, at, pauses = reserved(account), AT, []
    settle(dispatch, Outcome(State.UNKNOWN), at=at)
    while not Dispatch.objects.needing_decision().exists():
        dispatch.refresh_from_db()
        at = dispatch.ask_at or at
        ask_again(dispatch, at=at, detail="no answer")
        dispatch.refresh_from_db()
        pauses.append((dispatch.ask_at or at) - at)
    assert len(pauses) == MAX_QUESTIONS
    assert pauses[:-1] == sorted(pauses[:-1])
    assert not Dispatch.objects.to_settle(at + timedelta(days=30)).exists(), "it is not asked for any more"
