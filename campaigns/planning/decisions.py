"""What planning answers with: one decision, and for all but a send the reasons."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum


class ActionKind(StrEnum):
    """What an account does and has caps for. An invitation with a note counts for both."""

    INVITATION = "invitation"
    INVITATION_NOTE = "invitation_note"
    MESSAGE = "message"
    INMAIL = "inmail"
    PROFILE_VIEW = "profile_view"
    REACTION = "reaction"
    COMMENT = "comment"
    ENDORSEMENT = "endorsement"
    WITHDRAWAL = "withdrawal"
    SEARCH_RESULT = "search_result"
    MAIL = "mail"


class Because(StrEnum):
    """Every reason why something does not go out. `explaining` has a sentence for each."""

    ENGINE_OFF = "engine_off"
    CLIENT_PAUSED = "client_paused"
    CAMPAIGN_NOT_ACTIVE = "campaign_not_active"
    ENROLLMENT_PAUSED = "enrollment_paused"
    ENROLLMENT_OVER = "enrollment_over"
    SEQUENCE_DONE = "sequence_done"
    IN_FLIGHT = "in_flight"
    OUTCOME_UNKNOWN = "outcome_unknown"
    SUPPRESSED = "suppressed"
    REPLIED = "replied"
    LEAD_IMPOSSIBLE = "lead_impossible"
    INVITATION_EXPIRED = "invitation_expired"
    GAVE_UP = "gave_up"
    BROKEN = "broken"
    TEXT_REFUSED = "text_refused"
    FEATURE_MISSING = "feature_missing"
    TEXT_UNFIT = "text_unfit"
    MISSING_VALUE = "missing_value"
    NO_IDENTIFIER = "no_identifier"
    NOT_CONNECTED = "not_connected"
    ALREADY_CONNECTED = "already_connected"
    AWAITING_ACCEPTANCE = "awaiting_acceptance"
    AWAITING_CONDITION = "awaiting_condition"
    AWAITING_TASK = "awaiting_task"
    OUT_OF_OFFICE = "out_of_office"
    OTHER_CAMPAIGN = "other_campaign"
    OTHER_SENDER = "other_sender"
    COMPANY_BUSY = "company_busy"
    COLLEAGUE_REPLIED = "colleague_replied"
    CONTACTED_RECENTLY = "contacted_recently"
    NOT_DUE = "not_due"
    RETRYING = "retrying"
    COOLING_DOWN = "cooling_down"
    OUTSIDE_HOURS = "outside_hours"
    ACCOUNT_MISSING = "account_missing"
    ACCOUNT_PAUSED = "account_paused"
    ACCOUNT_DISCONNECTED = "account_disconnected"
    ACCOUNT_RESTRICTED = "account_restricted"
    NOT_RECONCILED = "not_reconciled"
    PROVIDER_DOWN = "provider_down"
    INBOUND_STALE = "inbound_stale"
    ACTION_ASLEEP = "action_asleep"
    CAP_USED = "cap_used"
    NEW_LEADS_USED = "new_leads_used"
    SPACING = "spacing"
    PUT_OFF = "put_off"
    QUEUED = "queued"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why not. `until` is when it ends by itself; None when somebody or something else has to end it."""

    because: Because
    until: datetime | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Send:
    """Nothing stands against it."""

    step_id: str
    action: ActionKind


@dataclass(frozen=True, slots=True)
class Wait:
    """Not yet. `reason` is the one that lasts longest; `until` is None when it does not end by itself."""

    until: datetime | None
    reason: Reason
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Skip:
    """This step is not needed; the lead goes on with the next."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Stop:
    """Nothing more goes to this lead from this campaign."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Hold:
    """This lead is blocked until somebody acts on it."""

    reason: Reason


Decision = Send | Wait | Skip | Stop | Hold


class Effect(IntEnum):
    """What a reason leads to, the weightiest first: of several reasons the smallest effect decides."""

    STOP = 0
    HOLD = 1
    WAIT = 2
    SKIP = 3


STOPS = frozenset(
    {
        Because.ENROLLMENT_OVER,
        Because.SEQUENCE_DONE,
        Because.SUPPRESSED,
        Because.REPLIED,
        Because.LEAD_IMPOSSIBLE,
        Because.INVITATION_EXPIRED,
    }
)
HOLDS = frozenset(
    {
        Because.OUTCOME_UNKNOWN,
        Because.GAVE_UP,
        Because.BROKEN,
        Because.TEXT_REFUSED,
        Because.FEATURE_MISSING,
        Because.TEXT_UNFIT,
        Because.MISSING_VALUE,
        Because.NO_IDENTIFIER,
        Because.NOT_CONNECTED,
    }
)
SKIPS = frozenset({Because.ALREADY_CONNECTED})


def effect_of(because: Because) -> Effect:
    """Whatever is in none of the groups is worth waiting for."""
    if because in STOPS:
        return Effect.STOP
    if because in HOLDS:
        return Effect.HOLD
    return Effect.SKIP if because in SKIPS else Effect.WAIT
