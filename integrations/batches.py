"""The moves of `dispatching` for the dispatches of many accounts at once: a fixed number of statements each.

Every account is there once, since an account does one thing at a time. What one dispatch is refused costs the others
nothing: reserving is all or nothing, and whoever is refused is tried by itself; confirming and settling tell whom
they took.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import F, Q

from integrations.allowances import Allowance, Allowances, DayUse, local_day
from integrations.dispatching import (
    CapUsed,
    Intent,
    Outcome,
    SlotTaken,
    dispatch_for,
    lease,
    own_turn_until,
    pause_after,
    set_cap,
    settled_as,
    turn,
)
from integrations.limits import shared
from integrations.models import Account, Action, ActionSleep, Dispatch, Usage
from outreach.identifiers import new_id
from outreach.setwise import update_each

State = Dispatch.State
Wanted = tuple[UUID, str]  # account and action


def reserve_all(intents: Sequence[Intent], allowances: Allowances, *, at: datetime) -> list[Dispatch]:
    """Quota, slots and dispatches of all of them, or nothing, in the caller's savepoint.

    `allowances` are those read in this transaction, under the accounts' locks. Raises SlotTaken, CapUsed or
    IntegrityError, as `reserve` does for one.
    """
    _take_slots([intent.account for intent in intents], at)
    rows = _take_quotas(intents, allowances, at)
    dispatches = [
        dispatch_for(
            intent,
            usage=rows[intent.account.pk, intent.action],
            note_usage=rows.get((intent.account.pk, Action.INVITATION_NOTE)) if intent.takes_note else None,
            at=at,
        )
        for intent in intents
    ]
    return Dispatch.objects.bulk_create(dispatches)


def _take_slots(accounts: Sequence[Account], at: datetime) -> None:
    until = {account.pk: at + turn(account) for account in accounts}
    known = {account.pk: {"next_slot_at": account.next_slot_at} for account in accounts}
    turns = {key: {"next_slot_at": moment, "next_look_at": moment} for key, moment in until.items()}
    if len(update_each(Account, turns, expecting=known)) < len(accounts):
        raise SlotTaken("One of the accounts is pausing between two actions.")


def _take_quotas(intents: Sequence[Intent], allowances: Allowances, at: datetime) -> dict[Wanted, Usage]:
    """One of the day's actions for each, and one of the notes for each that has one. Raises CapUsed."""
    wanted: dict[Wanted, Account] = {}
    for intent in intents:
        wanted[intent.account.pk, intent.action] = intent.account
        if intent.takes_note:
            wanted[intent.account.pk, Action.INVITATION_NOTE] = intent.account
    rows = {key: _todays_row(account, key[1], allowances[key], at) for key, account in wanted.items()}
    # Another process may make the same row in this instant: then ours is missing below, and nothing was taken.
    fresh = [row for key, row in rows.items() if allowances[key].written is None]
    Usage.objects.bulk_create(fresh, ignore_conflicts=True)
    for key, row in rows.items():
        set_cap(row, allowances[key].cap)
    room = Usage.objects.filter(pk__in=[row.pk for row in rows.values()], cap__gt=F("used") + F("observed"))
    shares = Q()
    for intent in intents:
        if intent.share < 1:
            row = rows[intent.account.pk, intent.action]
            shares &= ~Q(pk=row.pk) | Q(used__lt=shared(row.cap, intent.share) - F("observed"))
    if room.filter(shares).update(used=F("used") + 1) < len(rows):
        raise CapUsed("One of the accounts has used what it may do of this today.")
    return rows


def _todays_row(account: Account, action: str, allowance: Allowance, at: datetime) -> Usage:
    known = allowance.written or DayUse(new_id(), allowance.cap, 0, 0)
    return Usage(account=account, action=action, day=local_day(account, at), **known._asdict())


def confirm_all(dispatches: Sequence[Dispatch], accounts: Mapping[UUID, Account], *, at: datetime) -> frozenset[UUID]:
    """The last word before the calls: of each, that it is still ours, not called, and its lease and turn not over.

    `accounts` are locked, as read in this transaction. Returns the keys of those that may be called now.
    """
    live = [
        dispatch
        for dispatch in dispatches
        if dispatch.reserved_at > at - lease()
        and accounts[dispatch.account_id].next_slot_at == own_turn_until(dispatch)
    ]
    told = {
        each.pk: {
            "called_at": at,
            "person": each.person,
            "provider_chat_id": each.provider_chat_id,
            "data": each.data,
        }
        for each in live
    }
    confirmed = update_each(Dispatch, told, where={"state": State.SENDING, "called_at": None})
    mine = [dispatch for dispatch in live if dispatch.pk in confirmed]
    for dispatch in mine:
        dispatch.called_at = at
    # The account's turn begins anew with the call, so that it lasts as long as the call may.
    _end_turns({each.account_id: at + turn(each.account) for each in mine})
    return confirmed


def _end_turns(moments: Mapping[UUID, datetime], expecting: Mapping[UUID, datetime] | None = None) -> frozenset[UUID]:
    """Where an account's turn ends, its alarm rings."""
    turns = {key: {"next_slot_at": moment, "next_look_at": moment} for key, moment in moments.items()}
    known = {key: {"next_slot_at": moment} for key, moment in expecting.items()} if expecting else None
    return update_each(Account, turns, expecting=known)


def settle_all(outcomes: Mapping[Dispatch, Outcome], *, at: datetime) -> tuple[frozenset[UUID], frozenset[UUID]]:
    """Write that these were sent, and end the turns of their accounts after a pause drawn for each.

    Returns the keys of the dispatches that nobody else had settled meanwhile, and of the accounts whose turn it was.
    """
    values = {dispatch.pk: settled_as(outcome, at=at) for dispatch, outcome in outcomes.items()}
    known = {dispatch.pk: {"state": dispatch.state, "called_at": dispatch.called_at} for dispatch in outcomes}
    settled: frozenset[UUID] = frozenset()
    for columns in {tuple(each) for each in values.values()}:
        alike = {key: each for key, each in values.items() if tuple(each) == columns}
        settled |= update_each(Dispatch, alike, expecting=known)
    mine = [dispatch for dispatch in outcomes if dispatch.pk in settled]
    known_turns = {each.account_id: own_turn_until(each) for each in mine}
    for dispatch in mine:
        for name, value in values[dispatch.pk].items():
            setattr(dispatch, name, value)
    pauses = {each.account_id: at + pause_after(each.account) for each in mine}
    return settled, _end_turns(pauses, expecting=known_turns)


def forget_all_refusals(dispatches: Sequence[Dispatch]) -> None:
    """A success ends the row of refusals of that action of that account."""
    kinds = {each.action for each in dispatches}
    for action in sorted(kinds):
        owners = [each.account_id for each in dispatches if each.action == action]
        ActionSleep.objects.filter(account__in=owners, action=action).delete()
