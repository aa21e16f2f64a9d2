"""A projection in words and tables, for people at a terminal."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from campaigns.demo.reporting import table
from campaigns.planning.decisions import ActionKind
from campaigns.planning.explaining import MONTHS, PHRASES, WEEKDAYS
from campaigns.planning.walltime import wall_clock, zone_named
from campaigns.simulating.projection import AccountProjection, Bottleneck, DayTotals, Ending, LimitedBy, Projection

LIMIT_PHRASES = {
    LimitedBy.INVITATION_CAP: "its cap of invitations",
    LimitedBy.MESSAGE_CAP: "its cap of messages",
    LimitedBy.INMAIL_CAP: "its cap of InMails",
    LimitedBy.PROFILE_VIEW_CAP: "its cap of profile visits",
    LimitedBy.REACTION_CAP: "its cap of likes",
    LimitedBy.COMMENT_CAP: "its cap of comments",
    LimitedBy.ENDORSEMENT_CAP: "its cap of endorsements",
    LimitedBy.WITHDRAWAL_CAP: "its cap of withdrawals",
    LimitedBy.MAIL_CAP: "its cap of e-mails",
    LimitedBy.NOTE_CAP: "its cap of invitations with a note",
    LimitedBy.PENDING_CEILING: "its ceiling of pending invitations",
    LimitedBy.NEW_LEADS: "the campaign's new leads a day",
    LimitedBy.COMPANY_LIMIT: "the number of people of one company at once, and the pause after a colleague's answer",
    LimitedBy.SPACING: "the pause between two actions",
    LimitedBy.ACTION_ASLEEP: "a rest after the provider's own limit",
    LimitedBy.ACCOUNT_STOPPED: "the account itself cannot send",
    LimitedBy.HOURS: "no working hours on that day",
    LimitedBy.ACCEPTANCE: "waiting for invitations to be accepted, or to run out",
    LimitedBy.DELAY: "waiting for the delays of the steps",
    LimitedBy.NOTHING: "nothing",
}
ENDING_PHRASES = {
    Ending.COMPLETED: "complete every step",
    Ending.ANSWERED: "answer",
    Ending.NOT_ACCEPTED: "do not accept in time",
    Ending.MOVED: "go over to another campaign",
}


def told(projection: Projection, *, more: Projection | None = None, senders: int = 0, zone: str) -> str:
    """The whole report. With `more`, the projection with so many more `senders`, also how that differs."""
    parts = [_heading(projection), _calendar(projection), _limits(projection), _summary(projection, zone)]
    if more:
        parts += [_calendar(more), _comparison(projection, more, senders, zone)]
    if projection.remarks:
        parts.append("\n".join(projection.remarks))
    return "\n\n".join(parts)


def _heading(projection: Projection) -> str:
    assumed = projection.assumptions
    hours = assumed.accepted_after.total_seconds() / 3600
    return (
        f"{projection.campaign}: {_counted(projection.leads, 'lead')} over {_counted(projection.days, 'day')}\n"
        f"Assumed: {assumed.accepted:.0%} accept, {hours:g} hours after the invitation; "
        f"{assumed.answered:.0%} of those written to answer."
    )


def _calendar(projection: Projection) -> str:
    """One line for each day and account on which something goes out."""
    lines = sorted(
        ((day, number, each) for number, each in enumerate(projection.accounts) for day in each.days()),
        key=lambda line: (line[0].day, line[1]),
    )
    if not lines:
        return "Nothing goes out."
    others = [kind for kind in ActionKind if any(kind in day.others for day, *_ in lines)]
    rows = [_calendar_row(day, each, others) for day, _, each in lines]
    total: list[object] = [sum(day.invitations for day, *_ in lines), sum(day.messages for day, *_ in lines)]
    total += [sum(day.others.get(kind, 0) for day, *_ in lines) for kind in others]
    heads = [kind.value.replace("_", " ").capitalize() + "s" for kind in others]
    return table(["Day", "Account", "Invitations", "Messages", *heads], [*rows, ["Total", "", *total]])


def _calendar_row(day: DayTotals, each: AccountProjection, others: list[ActionKind]) -> list[object]:
    weekday, month = WEEKDAYS[day.day.weekday()], MONTHS[day.day.month - 1]
    date = f"{weekday} {day.day.day:2} {month} {day.day.year}"
    return [date, each.name, day.invitations, day.messages, *(day.others.get(kind, 0) for kind in others)]


def _limits(projection: Projection) -> str:
    """For each account, on how many days which rule kept it from doing more."""
    rows = [
        [each.name, LIMIT_PHRASES[limit], each.limits[limit]]
        for each in projection.accounts
        for limit in LimitedBy
        if each.limits.get(limit)
    ]
    return table(["Account", "Limited by", "Days"], rows)


def _summary(projection: Projection, zone: str) -> str:
    rows = [
        ("First send", _moment(projection.first_send_at, zone)),
        ("Last send", _moment(projection.last_send_at, zone)),
        ("Finished", _finish(projection, zone)),
        ("Leads", _endings(projection)),
        ("Bottleneck", _bottleneck(projection.bottleneck)),
        *(("Stopped", line) for line in _stopped(projection.accounts)),
        *(("Left out", f"{count}: {PHRASES[because]}") for because, count in projection.left_out.items()),
    ]
    return "\n".join(f"{head:<12}{words}" for head, words in rows)


def _comparison(now: Projection, more: Projection, senders: int, zone: str) -> str:
    rows = [
        ["Last send", *(_moment(each.last_send_at, zone) for each in (now, more))],
        ["Finished", *(_finish(each, zone) for each in (now, more))],
        ["Bottleneck", *(_bottleneck(each.bottleneck) for each in (now, more))],
    ]
    return table(["", "As it is", f"With {senders} more"], rows)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _moment(at: datetime | None, zone: str) -> str:
    if at is None:
        return "none"
    wall = wall_clock(at, zone_named(zone))
    return f"{WEEKDAYS[wall.weekday()]} {wall.day} {MONTHS[wall.month - 1]} {wall.year} {wall:%H:%M} ({zone})"


def _finish(projection: Projection, zone: str) -> str:
    if projection.unfinished:
        return f"not within {projection.days} days: {projection.unfinished} of {projection.leads} leads still under way"
    return _moment(projection.finishes_at, zone)


def _endings(projection: Projection) -> str:
    counts = [f"{count} {ENDING_PHRASES[ending]}" for ending, count in projection.endings.items()]
    return ", ".join(counts)


def _bottleneck(worst: Bottleneck | None) -> str:
    if worst is None:
        return "nothing"
    which = f" – {worst.limit}" if worst.limit else ""
    days = f"({worst.days} of {_counted(worst.of_days, 'day')})"
    return f"{worst.account}: {LIMIT_PHRASES[worst.limited_by]} {days}{which}"


def _stopped(accounts: Sequence[AccountProjection]) -> Iterator[str]:
    for each in accounts:
        if each.stopped:
            yield f"{each.name}: {PHRASES[each.stopped]} ({_counted(each.unfinished, 'lead')})"
