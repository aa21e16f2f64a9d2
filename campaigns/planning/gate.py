"""Everything that can stand against the next step of one lead, and the decision that follows.

The same rules decide before a send and answer "why hasn't this lead moved?", so they never stop at the first
reason: they name all of them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from campaigns.planning.calendar import WorkingHours
from campaigns.planning.decisions import (
    ActionKind,
    Because,
    Decision,
    Effect,
    Hold,
    Reason,
    Send,
    Skip,
    Stop,
    Wait,
    effect_of,
)
from campaigns.planning.pacing import next_local_day

FOR_RELATIONS = frozenset({ActionKind.MESSAGE, ActionKind.ENDORSEMENT})
NEVER = datetime.max.replace(tzinfo=UTC)  # later than any moment


class EnrollmentState(StrEnum):
    """`in_flight` and `unknown` are about the present step: being sent, or with an outcome nobody knows."""

    ACTIVE = "active"
    PAUSED = "paused"
    OVER = "over"
    IN_FLIGHT = "in_flight"
    UNKNOWN = "unknown"


class AccountStatus(StrEnum):
    OK = "ok"
    DISCONNECTED = "disconnected"
    RESTRICTED = "restricted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the gate asks about one lead's next step. Only what has a harmless absence has a default.

    Without an account everything about it is ignored.
    """

    action: ActionKind
    hours: WorkingHours
    engine_on: bool
    client_active: bool
    campaign_active: bool

    enrollment_state: EnrollmentState
    hold: Reason | None = None  # what an earlier attempt left behind, e.g. RETRYING until then
    due_at: datetime | None = None
    suppressed_by: str = ""  # the entry of the do-not-contact list
    replied_at: datetime | None = None
    contact_after_reply: bool = False
    has_identifier: bool
    is_connected: bool | None  # None: not known; only a certain answer counts
    acceptance_expires_at: datetime | None = None  # of the invitation that is out, when one is
    missing_values: tuple[str, ...] = ()

    account_exists: bool
    account_status: AccountStatus
    account_paused: bool
    account_reconciled: bool = True  # after a restored backup, not before it was compared with the provider
    provider_open_at: datetime | None = None  # when the circuit breaker lets calls through again
    needs_fresh_inbound: bool
    inbound_read_at: datetime | None
    inbound_max_age: timedelta
    last_sent_at: datetime | None = None  # to this lead
    action_asleep_until: datetime | None = None
    cap: int
    used: int
    cap_source: str = ""  # which of the ceilings the cap is
    cap_reopens_at: datetime | None = None
    day_zone: str  # the zone of the account, whose day the cap counts for
    next_slot_at: datetime | None = None
    new_leads_until: datetime | None = None  # when the campaign may begin with new leads again, if not now
    resting_until: datetime | None = None  # the lead is out of office
    guards: tuple[Reason, ...] = ()  # who else is being written to; see campaigns/guarding.py
    cooling_until: datetime | None = None  # when this person may be invited again after a withdrawal


Rule = Callable[[Facts, datetime], Reason | None]


def reasons_against(facts: Facts, at: datetime) -> tuple[Reason, ...]:
    """Every reason why this step does not go out at `at`, in the order of RULES. None at all: it may."""
    rules = RULES if facts.account_exists else tuple(rule for rule in RULES if rule not in ABOUT_THE_ACCOUNT)
    return tuple(reason for rule in rules if (reason := rule(facts, at)) is not None)


def decide(step_id: str, action: ActionKind, facts: Facts, at: datetime) -> Decision:
    """The decision on one step at `at`: of all reasons the weightiest effect decides (see Effect).

    A Wait lasts as long as the longest of its reasons and then until the next open moment: `until` is always
    after `at`, or None when one of them does not end by itself.
    """
    if action is not facts.action:
        raise ValueError(f"the facts are about sending {facts.action}, not {action}")
    reasons = reasons_against(facts, at)
    if not reasons:
        return Send(step_id, action)
    first = min(reasons, key=lambda reason: effect_of(reason.because))
    match effect_of(first.because):
        case Effect.STOP:
            return Stop(first)
        case Effect.HOLD:
            return Hold(first)
        case Effect.WAIT:
            return _wait(reasons, facts.hours)
        case Effect.SKIP:
            return Skip(first)


def _wait(reasons: tuple[Reason, ...], hours: WorkingHours) -> Wait:
    waiting = (reason for reason in reasons if effect_of(reason.because) is Effect.WAIT)
    longest = max(waiting, key=lambda reason: reason.until or NEVER)
    return Wait(longest.until and hours.next_open(longest.until), longest, reasons)


def _lasting(because: Because, until: datetime | None, at: datetime, detail: str = "") -> Reason | None:
    """The reason while it lasts."""
    return Reason(because, until, detail) if until is not None and until > at else None


# Each rule knows one reason. Their order is written once, in RULES.


def enrollment_over(facts: Facts, at: datetime) -> Reason | None:
    return Reason(Because.ENROLLMENT_OVER) if facts.enrollment_state is EnrollmentState.OVER else None


def suppressed(facts: Facts, at: datetime) -> Reason | None:
    return Reason(Because.SUPPRESSED, detail=facts.suppressed_by) if facts.suppressed_by else None


def replied(facts: Facts, at: datetime) -> Reason | None:
    silent = facts.replied_at is not None and not facts.contact_after_reply
    return Reason(Because.REPLIED) if silent else None


def engine_off(facts: Facts, at: datetime) -> Reason | None:
    return None if facts.engine_on else Reason(Because.ENGINE_OFF)


def client_paused(facts: Facts, at: datetime) -> Reason | None:
    return None if facts.client_active else Reason(Because.CLIENT_PAUSED)


def campaign_not_active(facts: Facts, at: datetime) -> Reason | None:
    return None if facts.campaign_active else Reason(Because.CAMPAIGN_NOT_ACTIVE)


def enrollment_paused(facts: Facts, at: datetime) -> Reason | None:
    return Reason(Because.ENROLLMENT_PAUSED) if facts.enrollment_state is EnrollmentState.PAUSED else None


def in_flight(facts: Facts, at: datetime) -> Reason | None:
    return Reason(Because.IN_FLIGHT) if facts.enrollment_state is EnrollmentState.IN_FLIGHT else None


def outcome_unknown(facts: Facts, at: datetime) -> Reason | None:
    return Reason(Because.OUTCOME_UNKNOWN) if facts.enrollment_state is EnrollmentState.UNKNOWN else None


def held(facts: Facts, at: datetime) -> Reason | None:
    """Whatever an earlier attempt left behind, until it ends by itself."""
    over = facts.hold is not None and facts.hold.until is not None and facts.hold.until <= at
    return None if over else facts.hold


def invitation_out(facts: Facts, at: datetime) -> Reason | None:
    expires_at = facts.acceptance_expires_at
    if expires_at is None or facts.is_connected:
        return None
    return _lasting(Because.AWAITING_ACCEPTANCE, expires_at, at) or Reason(Because.INVITATION_EXPIRED)


def no_identifier(facts: Facts, at: datetime) -> Reason | None:
    return None if facts.has_identifier else Reason(Because.NO_IDENTIFIER)


def not_connected(facts: Facts, at: datetime) -> Reason | None:
    """Silent while an invitation is out: then it is a matter of waiting."""
    if facts.action not in FOR_RELATIONS or facts.acceptance_expires_at is not None:
        return None
    return Reason(Because.NOT_CONNECTED) if facts.is_connected is False else None


def already_connected(facts: Facts, at: datetime) -> Reason | None:
    return Reason(Because.ALREADY_CONNECTED) if _is_needless(facts) else None


def missing_value(facts: Facts, at: datetime) -> Reason | None:
    """The words of an invitation that is not needed are not needed either."""
    if not facts.missing_values or _is_needless(facts):
        return None
    return Reason(Because.MISSING_VALUE, detail=", ".join(facts.missing_values))


def _is_needless(facts: Facts) -> bool:
    return facts.action is ActionKind.INVITATION and facts.is_connected is True


def not_due(facts: Facts, at: datetime) -> Reason | None:
    return _lasting(Because.NOT_DUE, facts.due_at, at)


def outside_hours(facts: Facts, at: datetime) -> Reason | None:
    return _lasting(Because.OUTSIDE_HOURS, facts.hours.next_open(at), at)


def account_missing(facts: Facts, at: datetime) -> Reason | None:
    return None if facts.account_exists else Reason(Because.ACCOUNT_MISSING)


def account_disconnected(facts: Facts, at: datetime) -> Reason | None:
    lost = facts.account_status is AccountStatus.DISCONNECTED
    return Reason(Because.ACCOUNT_DISCONNECTED) if lost else None


def account_restricted(facts: Facts, at: datetime) -> Reason | None:
    restricted = facts.account_status is AccountStatus.RESTRICTED
    return Reason(Because.ACCOUNT_RESTRICTED) if restricted else None


def account_paused(facts: Facts, at: datetime) -> Reason | None:
    return Reason(Because.ACCOUNT_PAUSED) if facts.account_paused else None


def not_reconciled(facts: Facts, at: datetime) -> Reason | None:
    return None if facts.account_reconciled else Reason(Because.NOT_RECONCILED)


def provider_down(facts: Facts, at: datetime) -> Reason | None:
    return _lasting(Because.PROVIDER_DOWN, facts.provider_open_at, at)


def inbound_stale(facts: Facts, at: datetime) -> Reason | None:
    """Nothing is sent to somebody who may have answered unread. The next reading of the inbox ends it."""
    if not facts.needs_fresh_inbound:
        return None
    read_at, sent_at = facts.inbound_read_at, facts.last_sent_at
    is_fresh = read_at is not None and at - read_at <= facts.inbound_max_age
    # Read after what was sent last: an answer to that could not have been there before.
    is_since = read_at is not None and (sent_at is None or read_at >= sent_at)
    return None if is_fresh and is_since else Reason(Because.INBOUND_STALE)


def action_asleep(facts: Facts, at: datetime) -> Reason | None:
    return _lasting(Because.ACTION_ASLEEP, facts.action_asleep_until, at)


def cap_used(facts: Facts, at: datetime) -> Reason | None:
    """A cap of nothing does not end with the day, unless it is what a week or a month has left."""
    if facts.used < facts.cap:
        return None
    until = next_local_day(at, facts.day_zone) if facts.cap > 0 else None
    detail = f"{facts.used} of {facts.cap}" + (f": {facts.cap_source}" if facts.cap_source else "")
    return Reason(Because.CAP_USED, facts.cap_reopens_at or until, detail)


def new_leads_used(facts: Facts, at: datetime) -> Reason | None:
    return _lasting(Because.NEW_LEADS_USED, facts.new_leads_until, at)


def cooling_down(facts: Facts, at: datetime) -> Reason | None:
    """A person whose invitation was withdrawn is refused a new one for a while."""
    if facts.action is not ActionKind.INVITATION or _is_needless(facts):
        return None
    return _lasting(Because.COOLING_DOWN, facts.cooling_until, at)


def out_of_office(facts: Facts, at: datetime) -> Reason | None:
    return _lasting(Because.OUT_OF_OFFICE, facts.resting_until, at)


def _guard(because: Because) -> Rule:
    """The rule of one guard: it stands as long as it is among those found, and until its own end."""

    def rule(facts: Facts, at: datetime) -> Reason | None:
        found = next((reason for reason in facts.guards if reason.because is because), None)
        return None if found and found.until is not None and found.until <= at else found

    rule.__name__ = because.value
    return rule


GUARDS = (
    Because.OTHER_CAMPAIGN,
    Because.OTHER_SENDER,
    Because.COMPANY_BUSY,
    Because.COLLEAGUE_REPLIED,
    Because.CONTACTED_RECENTLY,
)


def spacing(facts: Facts, at: datetime) -> Reason | None:
    return _lasting(Because.SPACING, facts.next_slot_at, at)


# The order in which reasons are read out, and in which the first of equal weight decides.
RULES: tuple[Rule, ...] = (
    enrollment_over,
    suppressed,
    replied,
    engine_off,
    client_paused,
    campaign_not_active,
    enrollment_paused,
    in_flight,
    outcome_unknown,
    held,
    invitation_out,
    no_identifier,
    not_connected,
    already_connected,
    missing_value,
    cooling_down,
    out_of_office,
    *map(_guard, GUARDS),
    not_due,
    outside_hours,
    new_leads_used,
    account_missing,
    account_disconnected,
    account_restricted,
    account_paused,
    not_reconciled,
    provider_down,
    inbound_stale,
    action_asleep,
    cap_used,
    spacing,
)
ABOUT_THE_ACCOUNT = frozenset(
    {
        account_disconnected,
        account_restricted,
        account_paused,
        not_reconciled,
        provider_down,
        inbound_stale,
        action_asleep,
        cap_used,
        spacing,
    }
)
