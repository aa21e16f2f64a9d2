"""Side effects at a provider, exactly once: reserve → confirm → call → settle (design, section 5).

Nothing here talks to the network, and nothing here knows what a lead or a campaign is. Each function runs in
the caller's transaction. What may not happen twice is refused by the database, not by a check in memory.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest

from integrations.allowances import cap_today, local_day
from integrations.errors import Verdict
from integrations.limits import shared
from integrations.models import Account, Action, ActionSleep, Dispatch, Usage
from integrations.querysets import AccountQuerySet
from outreach import chance
from outreach.clients.models import User
from outreach.events.kinds import EventKind
from outreach.events.recording import Subject, operator, record

State = Dispatch.State

# A message may be missing from the provider's answers for a minute after it was sent
# (Unipile API, section 5.3). Before this much time has passed, absence proves nothing.
SETTLING_TIME = timedelta(minutes=5)
# Asked this often without an answer, the question goes to a person.
MAX_QUESTIONS = 12


class CannotReserve(Exception):
    """The action may not start now; `until` says when it may."""

    def __init__(self, sentence: str, until: datetime | None = None) -> None:
        super().__init__(sentence)
        self.until = until


class SlotTaken(CannotReserve):
    """The account acted a moment ago, or is acting now."""


class CapUsed(CannotReserve):
    """What the account may do of this today is used."""


class NoteCapUsed(CapUsed):
    """Only the note is too much; the bare invitation could go out."""


@dataclass(frozen=True, slots=True)
class Intent:
    """A side effect that somebody wants: what, by which account, to whom, with which exact text."""

    key: str
    account: Account
    action: Action
    person: str
    text: str
    actor: str
    provider_chat_id: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    share: float = 1.0

    @property
    def takes_note(self) -> bool:
        """An invitation with a note counts for both."""
        return self.action == Action.INVITATION and bool(self.text)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a dispatch."""

    state: Dispatch.State
    verdict: str = ""
    detail: str = ""
    provider_invitation_id: str = ""
    provider_chat_id: str = ""
    provider_message_id: str = ""


def lease() -> timedelta:
    return timedelta(seconds=settings.DISPATCH_LEASE_SECONDS)


def turn(account: Account) -> timedelta:
    """How long an account is not asked again when nobody says what became of its action.

    At least the longest pause: the action may have happened, and then the pause is owed.
    """
    return max(lease(), timedelta(seconds=account.spacing_max_seconds))


def todays_row(account: Account, action: str, at: datetime) -> Usage:
    """The day's row, made when it is the first action, its cap brought up to date.

    The cap is what all ceilings together leave for today. Those of a week or a month look back on the days before,
    which nobody adds to any more; so the row's own constraint keeps them as well.
    """
    cap = cap_today(account, action, at=at)
    row, _ = Usage.objects.get_or_create(
        account=account, action=action, day=local_day(account, at), defaults={"cap": cap}
    )
    set_cap(row, cap)
    return row


def set_cap(row: Usage, cap: int) -> None:
    """A cap lowered below what is already used keeps the row true; it just lets nothing more through."""
    if row.cap != cap:
        Usage.objects.filter(pk=row.pk).update(cap=Greatest(F("used"), cap))
        row.cap = cap


def take_quota(account: Account, action: str, at: datetime, *, share: float = 1.0) -> Usage:
    """One of the day's actions. The conditional update is what keeps the cap under any number of workers.

    `share` lowers the day's cap for this one action (a reduced weekend). Raises CapUsed.
    """
    row = todays_row(account, action, at)
    room = Usage.objects.filter(pk=row.pk, cap__gt=F("used") + F("observed"))
    if share < 1:
        room = room.filter(used__lt=shared(row.cap, share) - F("observed"))
    if not room.update(used=F("used") + 1):
        raise CapUsed(f"{account} has used what it may do of this today: {Action(action).label.lower()}.")
    return row


def _take_note(intent: Intent, at: datetime) -> Usage:
    """An invitation with a note counts for both. Raises NoteCapUsed."""
    try:
        return take_quota(intent.account, Action.INVITATION_NOTE, at)
    except CapUsed as problem:
        raise NoteCapUsed(str(problem)) from problem


def give_back(dispatch: Dispatch) -> None:
    """Return the quota of a call that surely did not happen.

    Whoever reserves locks the account before its usage, so that is the order here as well: neither waits in a circle.
    """
    Account.objects.filter(pk=dispatch.account_id).select_for_update(no_key=True).values_list("pk").first()
    rows = Usage.objects.filter(pk__in=[dispatch.usage_id, dispatch.note_usage_id], used__gt=0)
    rows.update(used=F("used") - 1)


def take_slot(account: Account, at: datetime) -> None:
    """Take the account's turn until the dispatch is settled, or the turn ends by itself. Raises SlotTaken."""
    until = at + turn(account)
    if not Account.objects.filter(pk=account.pk, next_slot_at__lte=at).update(next_slot_at=until, next_look_at=until):
        raise SlotTaken(f"{account} is pausing between two actions.", until=account.next_slot_at)
    account.next_slot_at = until


def free_slot(dispatch: Dispatch, at: datetime) -> None:
    """End the turn that this dispatch took: the account's next one comes after a pause drawn at random."""
    _move_slot(dispatch, at + pause_after(dispatch.account))


def pause_after(account: Account) -> timedelta:
    return timedelta(seconds=chance.uniform(account.spacing_min_seconds, account.spacing_max_seconds))


def release_slot(dispatch: Dispatch, at: datetime) -> None:
    """End a turn in which nothing was done: no pause is owed."""
    _move_slot(dispatch, at)


def _move_slot(dispatch: Dispatch, to: datetime) -> bool:
    """Where the account's turn ends, its alarm rings."""
    return bool(_own_turn(dispatch).update(next_slot_at=to, next_look_at=to))


def _own_turn(dispatch: Dispatch) -> AccountQuerySet:
    """The account, as long as its turn is this dispatch's: a late comer must not cut short another's."""
    return Account.objects.filter(pk=dispatch.account_id, next_slot_at=own_turn_until(dispatch))


def own_turn_until(dispatch: Dispatch) -> datetime:
    """When the turn ends by itself that this dispatch took."""
    return (dispatch.called_at or dispatch.reserved_at) + turn(dispatch.account)


def reserve(intent: Intent, *, at: datetime) -> Dispatch:
    """Take quota and slot and write the dispatch, all in the caller's transaction.

    Raises SlotTaken or CapUsed; an IntegrityError means that the same effect is already under way or done.
    """
    take_slot(intent.account, at)
    usage = take_quota(intent.account, intent.action, at, share=intent.share)
    note_usage = _take_note(intent, at) if intent.takes_note else None
    dispatch = dispatch_for(intent, usage=usage, note_usage=note_usage, at=at)
    dispatch.save(force_insert=True)
    return dispatch


def dispatch_for(intent: Intent, *, usage: Usage, note_usage: Usage | None, at: datetime) -> Dispatch:
    """The row of an intent, to be written with its quota and its slot."""
    return Dispatch(
        client_id=intent.account.client_id,
        key=intent.key,
        account=intent.account,
        action=intent.action,
        person=intent.person,
        text=intent.text,
        provider_chat_id=intent.provider_chat_id,
        data=dict(intent.data),
        usage=usage,
        note_usage=note_usage,
        actor=intent.actor,
        reserved_at=at,
    )


def confirm(dispatch: Dispatch, *, at: datetime) -> bool:
    """The last word before the call: still ours, not yet called, lease not over. Writes `called_at`.

    The account's turn begins anew with the call, so that it lasts as long as the call may.
    """
    mine = Dispatch.objects.filter(
        pk=dispatch.pk, state=State.SENDING, called_at__isnull=True, reserved_at__gt=at - lease()
    )
    if not mine.exists() or not _move_slot(dispatch, at + turn(dispatch.account)):
        return False
    known = {name: getattr(dispatch, name) for name in ("person", "provider_chat_id", "data")}
    if not mine.update(called_at=at, **known):
        return False
    dispatch.called_at = at
    return True


def settle(dispatch: Dispatch, outcome: Outcome, *, at: datetime) -> bool:
    """Write the outcome, once. False when somebody else has settled, or called, it meanwhile."""
    changes = settled_as(outcome, at=at)
    as_known = Dispatch.objects.filter(pk=dispatch.pk, state=dispatch.state, called_at=dispatch.called_at)
    changed = as_known.update(**changes)
    if not changed:
        return False
    for name, value in changes.items():
        setattr(dispatch, name, value)
    if outcome.state == State.REJECTED:
        give_back(dispatch)
    return True


def settled_as(outcome: Outcome, *, at: datetime) -> dict[str, object]:
    """The columns that an outcome changes; ids that it does not tell are kept."""
    changes: dict[str, object] = {
        "state": outcome.state,
        "verdict": outcome.verdict,
        "detail": outcome.detail[:500],
        "settled_at": at,
    }
    for name in ("provider_invitation_id", "provider_chat_id", "provider_message_id"):
        if value := getattr(outcome, name):
            changes[name] = value
    if outcome.state == State.UNKNOWN:
        changes |= {"ask_at": at + SETTLING_TIME, "settled_at": None}
    return changes


def ask_again(dispatch: Dispatch, *, at: datetime, detail: str) -> None:
    """The provider could not tell. Ask later, ever more seldom; at the end a person decides."""
    asked = dispatch.asked + 1
    changes: dict[str, object] = {"asked": asked, "detail": detail[:500]}
    if asked >= MAX_QUESTIONS:
        changes["needs_decision_at"] = at
    else:
        changes["ask_at"] = at + SETTLING_TIME * min(2 ** (asked - 1), 48)
    Dispatch.objects.filter(pk=dispatch.pk, state=State.UNKNOWN).update(**changes)


def put_to_sleep(account: Account, action: str, *, until: datetime, in_a_row: int, detail: str) -> None:
    """Let an action of an account rest after the provider said "too many"."""
    ActionSleep.objects.update_or_create(
        account=account, action=action, defaults={"until": until, "in_a_row": in_a_row, "detail": detail[:300]}
    )


def refusals_in_a_row(account: Account, action: str) -> int:
    row = ActionSleep.objects.filter(account=account, action=action).first()
    return row.in_a_row if row else 0


def throttled_in_a_row(dispatch: Dispatch) -> int:
    """How often this action of this account was asked too fast since it last went well; at least this once."""
    alike = Dispatch.objects.filter(account=dispatch.account_id, action=dispatch.action)
    last = alike.filter(state=State.SENT).order_by("-reserved_at").values_list("reserved_at", flat=True).first()
    since = alike.filter(reserved_at__gt=last) if last else alike
    return max(1, since.filter(verdict=Verdict.THROTTLED).count())


def wake(*, account: Account, by: User | None, at: datetime) -> int:
    """An operator knows better: what rests after the provider said "too many" may be tried again at once.

    The row of refusals is kept, so the next refusal lets it rest longer. Returns how many actions were asleep.
    """
    with transaction.atomic():
        asleep = ActionSleep.objects.filter(account=account, until__gt=at)
        actions = sorted(asleep.values_list("action", flat=True))
        if not actions:
            raise ValidationError(f"Nothing of {account} is at rest.")
        asleep.update(until=at)
        Account.objects.filter(pk=account.pk).ring(at)
        about = Subject(client_id=account.client_id, account_id=account.pk)
        record(EventKind.ACCOUNT_WOKEN, at=at, actor=operator(by), subject=about, actions=actions)
    return len(actions)


NEVER_CALLED = Outcome(State.REJECTED, verdict=Verdict.RETRY_LATER, detail="The call never left.")
