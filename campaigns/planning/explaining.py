"""Reasons in words, for operators: in the console, the API and the alarm of a campaign gone quiet."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from campaigns.planning.decisions import Because, Reason
from campaigns.planning.walltime import wall_clock, zone_named

PHRASES: dict[Because, str] = {
    Because.ENGINE_OFF: "all automatic sending is switched off",
    Because.CLIENT_PAUSED: "the client is paused",
    Because.CAMPAIGN_NOT_ACTIVE: "the campaign is not active",
    Because.ENROLLMENT_PAUSED: "the lead is paused in this campaign",
    Because.ENROLLMENT_OVER: "the lead has left this campaign",
    Because.SEQUENCE_DONE: "every step of the sequence is done",
    Because.IN_FLIGHT: "the step is being sent",
    Because.OUTCOME_UNKNOWN: "nobody knows yet whether the step went out, so it is not sent again",
    Because.SUPPRESSED: "the lead is on the do-not-contact list",
    Because.REPLIED: "the lead has answered",
    Because.LEAD_IMPOSSIBLE: "the lead cannot be reached on this channel",
    Because.INVITATION_EXPIRED: "the invitation was not accepted in time",
    Because.TEXT_REFUSED: "the provider refused the text",
    Because.FEATURE_MISSING: "the account's plan does not include this, or its credits are used up",
    Because.GAVE_UP: "many attempts have failed; somebody should look, and try again",
    Because.BROKEN: "something went wrong that nobody has foreseen; somebody should look, and try again",
    Because.TEXT_UNFIT: "the text cannot be sent as it stands",
    Because.MISSING_VALUE: "the lead has no value for something the text needs",
    Because.NO_IDENTIFIER: "the lead has no LinkedIn profile to send to",
    Because.NOT_CONNECTED: "the lead is not connected to the sender",
    Because.ALREADY_CONNECTED: "the lead is already connected to the sender",
    Because.AWAITING_ACCEPTANCE: "waiting for the invitation to be accepted",
    Because.AWAITING_CONDITION: "waiting for its condition to come true",
    Because.AWAITING_TASK: "waiting for somebody to do a task",
    Because.OUT_OF_OFFICE: "the lead is out of office",
    Because.OTHER_CAMPAIGN: "the same person is in another running campaign",
    Because.OTHER_SENDER: "another sender of the client is talking with this person",
    Because.COMPANY_BUSY: "enough people of this company are being written to",
    Because.COLLEAGUE_REPLIED: "a colleague has answered",
    Because.CONTACTED_RECENTLY: "another campaign has written to this person lately",
    Because.NOT_DUE: "waiting for the step's delay",
    Because.RETRYING: "the last attempt failed and is tried again later",
    Because.COOLING_DOWN: "the lead was invited too recently",
    Because.OUTSIDE_HOURS: "outside working hours",
    Because.ACCOUNT_MISSING: "no account is connected to send from",
    Because.ACCOUNT_PAUSED: "the account is paused",
    Because.ACCOUNT_DISCONNECTED: "the account is logged out and has to be reconnected",
    Because.ACCOUNT_RESTRICTED: "the provider has restricted the account",
    Because.NOT_RECONCILED: "the account is compared with the provider first, because a backup was restored",
    Because.PROVIDER_DOWN: "the provider is not answering",
    Because.INBOUND_STALE: "waiting until the account's inbox has been read for new answers",
    Because.ACTION_ASLEEP: "the provider's own limit for this action was reached",
    Because.NEW_LEADS_USED: "the campaign has begun with its new leads of the day",
    Because.CAP_USED: "the account has used its cap for this action",
    Because.PUT_OFF: "put off, and looked at again",
    Because.QUEUED: "other leads of the account come first",
    Because.SPACING: "keeping the distance to the account's last action",
}

# Spelled out here because strftime follows the locale of the process.
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
WEEKDAY_IS_CLEAR = timedelta(days=6)


def sentence(reason: Reason, *, zone: str, at: datetime | None = None) -> str:
    """The reason in words, with its end by the wall clock of `zone`.

    With `at`, the moment of asking, an end within six days is named by its weekday alone: "outside working
    hours until Mon 09:00 (Europe/London)". Otherwise the date is given too.
    """
    phrase = PHRASES[reason.because]
    if reason.detail:
        phrase = f"{phrase}: {reason.detail}"
    if reason.until is None:
        return phrase
    comma = "," if reason.detail else ""
    return f"{phrase}{comma} until {moment(reason.until, zone, at)} ({zone})"


def sentences(reasons: Iterable[Reason], zone: str, *, at: datetime | None = None) -> tuple[str, ...]:
    return tuple(sentence(reason, zone=zone, at=at) for reason in reasons)


def moment(until: datetime, zone: str, at: datetime | None) -> str:
    wall = wall_clock(until, zone_named(zone))
    weekday = WEEKDAYS[wall.weekday()]
    if at is not None and timedelta(0) <= until - at < WEEKDAY_IS_CLEAR:
        return f"{weekday} {wall:%H:%M}"
    return f"{weekday} {wall.day} {MONTHS[wall.month - 1]} {wall.year} {wall:%H:%M}"
