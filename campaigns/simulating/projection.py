"""What a projection says. Plain values; `as_json` for other software."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from campaigns.planning.decisions import ActionKind, Because
from campaigns.simulating.world import Assumptions


class LimitedBy(StrEnum):
    """What kept an account from doing more on one day; the earlier of two that limit alike is named."""

    INVITATION_CAP = "invitation_cap"
    MESSAGE_CAP = "message_cap"
    INMAIL_CAP = "inmail_cap"
    PROFILE_VIEW_CAP = "profile_view_cap"
    REACTION_CAP = "reaction_cap"
    COMMENT_CAP = "comment_cap"
    ENDORSEMENT_CAP = "endorsement_cap"
    WITHDRAWAL_CAP = "withdrawal_cap"
    MAIL_CAP = "mail_cap"
    NOTE_CAP = "note_cap"
    PENDING_CEILING = "pending_ceiling"
    NEW_LEADS = "new_leads"
    COMPANY_LIMIT = "company_limit"
    SPACING = "spacing"
    ACTION_ASLEEP = "action_asleep"
    ACCOUNT_STOPPED = "account_stopped"
    HOURS = "hours"
    ACCEPTANCE = "acceptance"
    DELAY = "delay"
    NOTHING = "nothing"


class Ending(StrEnum):
    COMPLETED = "completed"
    ANSWERED = "answered"
    NOT_ACCEPTED = "not_accepted"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class ProjectedSend:
    at: datetime
    day: date  # the account's own, which its caps count for
    action: ActionKind
    lead: int


@dataclass(frozen=True, slots=True)
class DayTotals:
    day: date
    invitations: int
    messages: int
    others: Mapping[ActionKind, int]  # what there is besides


@dataclass(frozen=True, slots=True)
class Bottleneck:
    """The rule that limited one account on the most days; `of_days` are those on which it had open leads."""

    account: str
    limited_by: LimitedBy
    days: int
    of_days: int
    limit: str = ""  # of a cap: which of the account's ceilings it mostly was


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountProjection:
    """One account's part. A day on which two caps were reached is counted for both in `limits`."""

    key: str
    name: str
    stopped: Because | None
    sends: tuple[ProjectedSend, ...]
    limits: Mapping[LimitedBy, int]
    open_days: int
    endings: Mapping[Ending, int]
    ended_at: datetime | None  # of the last lead that ended
    unfinished: int
    ceilings: Mapping[LimitedBy, Mapping[str, int]]  # of the caps: on how many days which ceiling it was

    def days(self) -> tuple[DayTotals, ...]:
        """The days on which something goes out."""
        counts = Counter((send.day, send.action) for send in self.sends)
        days = sorted({day for day, _ in counts})
        return tuple(_totals(day, {kind: count for (on, kind), count in counts.items() if on == day}) for day in days)

    def total(self, action: ActionKind) -> int:
        return sum(send.action is action for send in self.sends)

    def bottleneck(self) -> Bottleneck | None:
        """The rule that limited the account on the most days, if any did."""
        counted = [limit for limit in LimitedBy if limit is not LimitedBy.NOTHING and self.limits.get(limit)]
        if not counted:
            return None
        worst = max(counted, key=lambda limit: self.limits[limit])
        which = self.ceilings.get(worst, {})
        limit = max(which, key=lambda each: which[each]) if which else ""
        return Bottleneck(self.name, worst, self.limits[worst], self.open_days, limit)


def _totals(day: date, counts: dict[ActionKind, int]) -> DayTotals:
    invitations, messages = counts.pop(ActionKind.INVITATION, 0), counts.pop(ActionKind.MESSAGE, 0)
    return DayTotals(day, invitations, messages, {kind: counts[kind] for kind in ActionKind if kind in counts})


@dataclass(frozen=True, slots=True, kw_only=True)
class Projection:
    """The campaign's next `days` calendar days, today included."""

    campaign_id: str
    campaign: str
    at: datetime
    days: int
    assumptions: Assumptions
    accounts: tuple[AccountProjection, ...]
    left_out: Mapping[Because, int]
    remarks: tuple[str, ...] = ()

    @property
    def first_send_at(self) -> datetime | None:
        return min((send.at for each in self.accounts for send in each.sends), default=None)

    @property
    def last_send_at(self) -> datetime | None:
        return max((send.at for each in self.accounts for send in each.sends), default=None)

    @property
    def unfinished(self) -> int:
        """Leads still under way at the end; those left out are not among them."""
        return sum(each.unfinished for each in self.accounts)

    @property
    def finishes_at(self) -> datetime | None:
        """When the last lead is through; None when that is not within the days."""
        if self.unfinished:
            return None
        return max((each.ended_at for each in self.accounts if each.ended_at), default=None)

    @property
    def endings(self) -> Mapping[Ending, int]:
        counts = {ending: sum(each.endings.get(ending, 0) for each in self.accounts) for ending in Ending}
        return {ending: count for ending, count in counts.items() if count or ending is not Ending.MOVED}

    @property
    def leads(self) -> int:
        return self.unfinished + sum(self.endings.values())

    @property
    def bottleneck(self) -> Bottleneck | None:
        """Of all accounts and rules the pair that limited the most days."""
        found = [worst for each in self.accounts if (worst := each.bottleneck())]
        return max(found, key=lambda each: each.days, default=None)

    def as_json(self) -> dict[str, Any]:
        return {
            "campaign": {"id": self.campaign_id, "name": self.campaign},
            "at": self.at.isoformat(),
            "days": self.days,
            "assumptions": _assumptions(self.assumptions),
            "leads": self.leads,
            "left_out": {because.value: count for because, count in self.left_out.items()},
            "endings": {ending.value: count for ending, count in self.endings.items()},
            "unfinished": self.unfinished,
            "first_send_at": _moment(self.first_send_at),
            "last_send_at": _moment(self.last_send_at),
            "finishes_at": _moment(self.finishes_at),
            "bottleneck": _bottleneck(self.bottleneck),
            "accounts": [_account(each) for each in self.accounts],
            "remarks": list(self.remarks),
        }


def _moment(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _assumptions(assumptions: Assumptions) -> dict[str, float]:
    return {
        "accepted": assumptions.accepted,
        "answered": assumptions.answered,
        "accepted_after_hours": assumptions.accepted_after.total_seconds() / 3600,
        "seen": assumptions.seen,
        "tasks_after_hours": assumptions.tasks_after.total_seconds() / 3600,
    }


def _bottleneck(worst: Bottleneck | None) -> dict[str, Any] | None:
    if worst is None:
        return None
    limited_by = worst.limited_by.value
    told = {"account": worst.account, "limited_by": limited_by, "days": worst.days, "of_days": worst.of_days}
    return told | ({"limit": worst.limit} if worst.limit else {})


def _account(each: AccountProjection) -> dict[str, Any]:
    return {
        "id": each.key,
        "name": each.name,
        "stopped_because": each.stopped.value if each.stopped else None,
        "invitations": each.total(ActionKind.INVITATION),
        "messages": each.total(ActionKind.MESSAGE),
        "unfinished": each.unfinished,
        "open_days": each.open_days,
        "limits": {limit.value: each.limits[limit] for limit in LimitedBy if each.limits.get(limit)},
        "days": [
            {"day": day.day.isoformat(), "invitations": day.invitations, "messages": day.messages}
            | {kind.value: count for kind, count in day.others.items()}
            for day in each.days()
        ],
    }
