"""Events as sentences: what operators read in timelines, on the dashboard and in the log."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from outreach.console.relative import relative
from outreach.console.subjects import Names, names_of, page_for
from outreach.console.tones import Tone
from outreach.events.kinds import EventKind as K
from outreach.events.models import Event


@dataclass(frozen=True, slots=True)
class Telling:
    """How a kind of event is told: a sentence over {lead}, {campaign}, {account}; an icon; a colour."""

    sentence: str
    icon: str = "bolt"
    tone: Tone = Tone.CALM


TELLINGS: Mapping[str, Telling] = {
    K.CONNECTION_REQUEST_SENT: Telling("{account} invited {lead}", "person_add", Tone.NEWS),
    K.CONNECTION_ACCEPTED: Telling("{lead} accepted the invitation of {account}", "handshake", Tone.GOOD),
    K.CONNECTION_ACCEPTED_HISTORICAL: Telling("{lead} and {account} were connected already", "link", Tone.CALM),
    K.MESSAGE_SENT: Telling("{account} wrote to {lead}", "send", Tone.NEWS),
    K.MESSAGE_RECEIVED: Telling("{lead} answered {account}", "chat_bubble", Tone.BRAND),
    K.EMAIL_SENT: Telling("{account} mailed {lead}", "mail", Tone.NEWS),
    K.EMAIL_OPENED: Telling("{lead} opened a mail", "drafts", Tone.CALM),
    K.EMAIL_CLICKED: Telling("{lead} followed a link", "ads_click", Tone.CALM),
    K.EMAIL_BOUNCED: Telling("A mail to {lead} came back", "unsubscribe", Tone.CARE),
    K.UNSUBSCRIBED: Telling("{lead} unsubscribed", "unsubscribe", Tone.CARE),
    K.STEP_DONE: Telling("A step for {lead} was done", "check"),
    K.STEP_SKIPPED: Telling("A step for {lead} was skipped", "skip_next"),
    K.STEP_FAILED: Telling("A step for {lead} did not succeed", "error", Tone.CARE),
    K.STEP_HELD: Telling("{lead} is held until somebody acts", "front_hand", Tone.CARE),
    K.STEP_RELEASED: Telling("{lead} is no longer held", "lock_open"),
    K.STEP_UNCERTAIN: Telling("Nobody knows whether a step for {lead} went out", "help", Tone.HARM),
    K.STEP_SETTLED: Telling("An uncertain step for {lead} was settled", "task_alt"),
    K.ENROLLMENT_STARTED: Telling("{lead} joined {campaign}", "playlist_add"),
    K.ENROLLMENT_PAUSED: Telling("{lead} was paused in {campaign}", "pause", Tone.CARE),
    K.ENROLLMENT_RESUMED: Telling("{lead} was resumed in {campaign}", "play_arrow"),
    K.ENROLLMENT_EXITED: Telling("{lead} left {campaign}", "logout"),
    K.ENROLLMENT_COMPLETED: Telling("{lead} went through all of {campaign}", "flag", Tone.GOOD),
    K.STATUS_CHANGED_MANUALLY: Telling("The status of {lead} was changed by hand", "edit"),
    K.SEQUENCE_CHANGED: Telling("The steps of {campaign} were written", "edit_note"),
    K.MEANING_SET: Telling("Somebody said what a message of {lead} means", "label"),
    K.OUT_OF_OFFICE: Telling("{lead} is away; {campaign} waits for the return", "beach_access", Tone.CALM),
    K.SENDER_CHANGED: Telling("{lead} was given to another sender", "swap_horiz"),
    K.SEQUENCE_MOVED: Telling("{lead} goes on with the newer steps of {campaign}", "move_down"),
    K.CAMPAIGN_ACTIVATED: Telling("{campaign} was activated", "rocket_launch", Tone.GOOD),
    K.CAMPAIGN_PAUSED: Telling("{campaign} was paused", "pause_circle", Tone.CARE),
    K.CAMPAIGN_QUIET: Telling("{campaign} should move and does not", "notifications_active", Tone.HARM),
    K.CAMPAIGN_COMPLETED: Telling("{campaign} is completed", "sports_score", Tone.GOOD),
    K.ACCOUNT_STATUS_CHANGED: Telling("{account} changed its connection", "cable", Tone.CARE),
    K.ACCOUNT_PAUSED: Telling("{account} was paused", "pause_circle", Tone.CARE),
    K.ACCOUNT_RESUMED: Telling("{account} was resumed", "play_circle"),
    K.ACCOUNT_CAP_REACHED: Telling("LinkedIn says {account} has done enough for now", "speed", Tone.CARE),
    K.ACCOUNT_SLOWED: Telling("Invitations of {account} were slowed down", "speed", Tone.CARE),
    K.ACCOUNT_FREED: Telling("Invitations of {account} go at their usual pace again", "speed", Tone.GOOD),
    K.INVITATION_WITHDRAWN: Telling("{account} took back the invitation to {lead}", "person_remove"),
    K.CLIENT_PAUSED: Telling("The client was paused", "pause_circle", Tone.CARE),
    K.CLIENT_RESUMED: Telling("The client was resumed", "play_circle"),
    K.ENGINE_STOPPED: Telling("The engine was stopped", "power_settings_new", Tone.HARM),
    K.RESTORE_NOTICED: Telling("The database looks restored: accounts are compared first", "history", Tone.HARM),
    K.ACCOUNT_RECONCILED: Telling("The account was compared with the provider", "published_with_changes", Tone.GOOD),
    K.ACCOUNT_WOKEN: Telling("{account} may try again what was at rest", "alarm", Tone.CALM),
    K.ENGINE_STARTED: Telling("The engine was started", "power_settings_new", Tone.GOOD),
    K.CIRCUIT_OPENED: Telling("The provider does not answer and is not called for a while", "cloud_off", Tone.HARM),
    K.CIRCUIT_CLOSED: Telling("Calls to the provider were started again by hand", "bolt"),
    K.LEADS_IMPORTED: Telling("Leads were imported", "upload_file", Tone.NEWS),
    K.CAMPAIGN_RESUMED: Telling("{campaign} was resumed", "play_circle", Tone.GOOD),
    K.ACCOUNT_CHANGED: Telling("The limits of {account} were changed", "tune"),
    K.CONVERSATION_CLOSED: Telling("A conversation with {lead} was closed", "done_all"),
    K.CONVERSATION_REOPENED: Telling("A conversation with {lead} was reopened", "undo"),
    K.SUPPRESSION_REMOVED: Telling("An entry was removed from do-not-contact", "remove_circle", Tone.CARE),
    K.SUPPRESSION_ADDED: Telling("An entry was added to do-not-contact", "block"),
}


@dataclass(frozen=True, slots=True)
class FeedItem:
    """One event as a line of a timeline."""

    sentence: str
    detail: str
    actor: str
    icon: str
    tone: str
    at: datetime
    ago: str
    url: str


def telling_of(kind: str) -> Telling:
    """How a kind is told; one without its own sentence is told by its label."""
    return TELLINGS.get(kind) or Telling(str(K(kind).label) if kind in K.values else kind.replace("_", " "))


def sentence(event: Event, names: Names) -> str:
    return telling_of(event.kind).sentence.format(
        lead=names.of(event.lead_id, "a lead"),
        campaign=names.of(event.campaign_id, "the campaign"),
        account=names.of(event.account_id, "the account"),
    )


def detail(event: Event) -> str:
    """What the event's data adds, in a few words: the text sent, the reason, the numbers of an import."""
    data = event.data
    if event.kind == K.LEADS_IMPORTED:
        counts = (f"{data[key]} {key}" for key in ("created", "updated", "rejected") if data.get(key))
        return " · ".join((str(data.get("filename", "")), *counts)).strip(" ·")
    if event.kind == K.ACCOUNT_STATUS_CHANGED:
        return " → ".join(str(data[key]) for key in ("before", "after") if data.get(key))
    if event.kind == K.CAMPAIGN_QUIET:
        return " · ".join(map(str, data.get("reasons", ())))
    spoken = (data.get(key) for key in ("text", "note", "detail", "reason", "because", "evidence", "value"))
    return next((str(word) for word in spoken if word), "").replace("_", " " if "text" not in data else "_")


def actor_name(actor: str) -> str:
    """Who it was: an operator by name, otherwise the part of the system."""
    return actor.removeprefix("operator:") if actor.startswith("operator:") else actor


def capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]


def tell(event: Event, names: Names, at: datetime) -> FeedItem:
    telling = telling_of(event.kind)
    return FeedItem(
        sentence=capitalised(sentence(event, names)),
        detail=detail(event),
        actor=actor_name(event.actor),
        icon=telling.icon,
        tone=str(telling.tone),
        at=event.at,
        ago=relative(event.at, at),
        url=page_for(event),
    )


def feed(events: Iterable[Event], *, at: datetime) -> tuple[FeedItem, ...]:
    """Events told in their given order."""
    rows = list(events)
    names = names_of(rows)
    return tuple(tell(event, names, at) for event in rows)
