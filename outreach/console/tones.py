"""One mapping from a stored state to the colour of its label, for every list and page of the console."""

from enum import StrEnum
from typing import Final


class Tone(StrEnum):
    """The theme's label colours, by what they say."""

    GOOD = "success"
    NEWS = "info"
    CARE = "warning"
    HARM = "danger"
    BRAND = "primary"
    CALM = "default"


# Keys are stored values of any TextChoices. One word has one colour, whatever model it stands on.
TONES: Final[dict[str, Tone]] = {
    "active": Tone.GOOD,
    "ok": Tone.GOOD,
    "sent": Tone.GOOD,
    "processed": Tone.GOOD,
    "connected": Tone.GOOD,
    "open": Tone.GOOD,
    "running": Tone.GOOD,
    "admin": Tone.BRAND,
    "responded": Tone.BRAND,
    "replied": Tone.BRAND,
    "in": Tone.BRAND,
    "scheduled": Tone.NEWS,
    "pending": Tone.NEWS,
    "sending": Tone.NEWS,
    "in_flight": Tone.NEWS,
    "invite_sent": Tone.NEWS,
    "messaged": Tone.NEWS,
    "connecting": Tone.NEWS,
    "agent": Tone.NEWS,
    "waiting": Tone.NEWS,
    "paused": Tone.CARE,
    "unknown": Tone.CARE,
    "credentials": Tone.CARE,
    "permissions": Tone.CARE,
    "held": Tone.CARE,
    "blocked": Tone.HARM,
    "error": Tone.HARM,
    "failed": Tone.HARM,
    "restricted": Tone.HARM,
    "stopped": Tone.HARM,
    "refused": Tone.HARM,
    "rejected": Tone.HARM,
}


def tone_of(value: str) -> Tone:
    """The colour of a stored state; calm for those that call for nothing (draft, completed, exited, closed …)."""
    return TONES.get(value, Tone.CALM)
