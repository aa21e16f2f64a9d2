"""What `dispatching` promises of one dispatch holds for ten written together (laws 1, 4 and 10)."""

from datetime import timedelta

import pytest
from django.db import transaction

from integrations.allowances import allowances
from integrations.batches import confirm_all, reserve_all, settle_all
from integrations.dispatching import CannotReserve, CapUsed, Intent, Outcome, SlotTaken, lease, settle
from integrations.models import Account, Action, Dispatch, Usage
from tests.bench import used
from tests.worlds import MONDAY_MORNING, make_account, make_client

pytestmark = pytest.mark.django_db
AT = MONDAY_MORNING
State = Dispatch.State
SENT = Outcome(State.SENT, provider_message_id="m-1")
REFUSED = Outcome(State.REJECTED, verdict="text_refused")


@pytest.fixture
def accounts() -> list[Account]:
    client = make_client()
    return [make_account(client, provider_account_id=f"acc-{number}", messages_per_day=4) for number in range(2)]


def intents(accounts: list[Account], action: Action = Action.MESSAGE, **fields: object) -> list[Intent]:
    return [
        Intent(f"step:{account.pk}", account, action, "ACoAAx", "Hello", "engine", **fields)  # type: ignore[arg-type]
        for account in accounts
    ]


def reserved(accounts: list[Account], action: Action = Action.MESSAGE, **fields: object) -> list[Dispatch]:
    with transaction.atomic():
        return reserve_all(intents(accounts, action, **fields), allowances(accounts, at=AT), at=AT)


def confirmed(dispatches: list[Dispatch], *, seconds: float = 1) -> int:
    known = {account.pk: account for account in Account.objects.all()}
    return len(confirm_all(dispatches, known, at=AT + timedelta(seconds=seconds)))


def refusal(accounts: list[Account], action: Action = Action.MESSAGE, **fields: object) -> type[CannotReserve] | None:
    """Why they were not reserved; whoever is refused costs all of them everything, and nothing is left behind."""
    before = {(row.pk, row.used) for row in Usage.objects.all()}
    try:
        reserved(accounts, action, **fields)
    except CannotReserve as problem:
        assert not Dispatch.objects.exists()
        assert {(row.pk, row.used) for row in Usage.objects.filter(used__gt=0)} <= before
        return type(problem)
    return None


# --- Reserve --------------------------------------------------------------------------------------------


def test_each_takes_one_of_its_own_day(accounts: list[Account]) -> None:
    reserved(accounts)
    assert [used(account, "message") for account in accounts] == [1, 1]


def test_what_the_owner_of_one_did_by_hand_uses_up_its_cap(accounts: list[Account]) -> None:
    Usage.objects.create(account=accounts[1], action="message", day=AT.date(), cap=4, used=1, observed=3)
    assert refusal(accounts) is CapUsed


def test_a_share_of_the_day_is_all_that_a_reduced_day_has(accounts: list[Account]) -> None:
    Usage.objects.create(account=accounts[1], action="message", day=AT.date(), cap=4, used=2)
    assert refusal(accounts, share=0.5) is CapUsed
    assert refusal(accounts) is None


def test_an_invitation_with_a_note_counts_for_both(accounts: list[Account]) -> None:
    reserved(accounts, Action.INVITATION)
    assert [used(account, "invitation_note") for account in accounts] == [1, 1]


def test_a_refused_invitation_gives_both_back(accounts: list[Account]) -> None:
    first, _ = reserved(accounts, Action.INVITATION)
    assert settle(first, REFUSED, at=AT)
    left = [(used(account, "invitation"), used(account, "invitation_note")) for account in accounts]
    assert left == [(0, 0), (1, 1)]


def test_an_account_whose_turn_was_taken_meanwhile_is_refused(accounts: list[Account]) -> None:
    Account.objects.filter(pk=accounts[1].pk).update(next_slot_at=AT + timedelta(minutes=3))
    assert refusal(accounts) is SlotTaken


# --- Confirm --------------------------------------------------------------------------------------------


def test_each_is_confirmed_once(accounts: list[Account]) -> None:
    dispatches = reserved(accounts)
    stale = list(Dispatch.objects.all())
    assert confirmed(dispatches) == 2
    Account.objects.update(next_slot_at=stale[0].reserved_at + lease())  # whatever the turns say
    assert confirmed(stale) == 0


def test_none_is_confirmed_whose_lease_is_over(accounts: list[Account]) -> None:
    dispatches = reserved(accounts)
    assert confirmed(dispatches, seconds=lease().total_seconds()) == 0
    assert not Dispatch.objects.filter(called_at__isnull=False).exists()


def test_none_is_confirmed_whose_account_is_anothers_by_now(accounts: list[Account]) -> None:
    dispatches = reserved(accounts)
    Account.objects.filter(pk=accounts[0].pk).update(next_slot_at=AT + timedelta(hours=1))
    assert confirmed(dispatches) == 1
    assert Dispatch.objects.get(called_at__isnull=False).account == accounts[1]


# --- Settle ---------------------------------------------------------------------------------------------


def test_what_recovery_has_settled_meanwhile_stands(accounts: list[Account]) -> None:
    first, second = dispatches = reserved(accounts)
    assert settle(Dispatch.objects.get(pk=first.pk), REFUSED, at=AT)
    settled, _ = settle_all({first: SENT, second: Outcome(State.SENT, provider_message_id="m-2")}, at=AT)
    assert settled == {second.pk}
    states = [Dispatch.objects.get(pk=each.pk).state for each in dispatches]
    assert states == ["rejected", "sent"]
