"""What can go wrong at a provider, in words that say what to do about it.

Every provider has a closed table of its own that turns its errors into these verdicts. Nobody above the provider's
folder reads status codes or provider error names.
"""

from enum import StrEnum


class Verdict(StrEnum):
    """What to do after a provider call failed."""

    RETRY_LATER = "retry_later"
    """It surely did not happen; back off and try again."""

    THROTTLED = "throttled"
    """It surely did not happen, because the account asks too fast: that action of it rests for minutes."""

    ACCOUNT_CAP = "account_cap"
    """That action of that account sleeps; the lead is untouched."""

    ACCOUNT_DISCONNECTED = "account_disconnected"
    """The account pauses until its owner reconnects it or answers a challenge of the provider."""

    ACCOUNT_RESTRICTED = "account_restricted"
    """The provider punishes the account: everything on it stops."""

    ALREADY_DONE = "already_done"
    """The wanted state exists already; carry on as if the call had succeeded."""

    COOLING_DOWN = "cooling_down"
    """The person was asked recently: maybe still pending, otherwise nothing for about three weeks."""

    LEAD_IMPOSSIBLE = "lead_impossible"
    """This person can never be reached this way."""

    NOT_CONNECTED = "not_connected"
    """The person is not a relation of the account."""

    TEXT_REFUSED = "text_refused"
    """The words must change before another try."""

    FEATURE_MISSING = "feature_missing"
    """The account's plan, or its credits, do not cover the action."""

    CREDENTIALS = "credentials"
    """Our own key is refused: everything that uses it stops."""

    INVALID = "invalid"
    """Our request was malformed: a bug or bad data. Never retry blindly."""

    UNKNOWN = "unknown"
    """A write whose outcome cannot be known. Ask the provider, or a person, before anything else."""


# The `type` of a problem that lies with us: nothing can be concluded from it about the provider.
OURS = "ours"


class ProviderError(Exception):
    """A provider call that failed, with its verdict.

    `status` is the HTTP status or None when there was no answer; `type` is the provider's own word for the error
    ("" when it gave none). Nothing in here ever holds a key.
    """

    def __init__(
        self, verdict: Verdict, *, status: int | None = None, type: str = "", title: str = "", detail: str = ""
    ) -> None:
        super().__init__(verdict, status, type, title, detail)
        self.verdict = verdict
        self.status = status
        self.type = type
        self.title = title
        self.detail = detail

    @property
    def is_ours(self) -> bool:
        return self.type == OURS

    def __str__(self) -> str:
        origin = " ".join(part for part in (str(self.status or ""), self.type) if part) or "no answer"
        words = ": ".join(dict.fromkeys(part for part in (self.title, self.detail) if part))
        return f"{self.verdict} ({origin})" + (f": {words}" if words else "")

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (self.verdict, self.status, self.type, self.title, self.detail)


def ours(verdict: Verdict, problem: Exception) -> ProviderError:
    """Something that nobody has foreseen went wrong here, around a call to the provider."""
    return ProviderError(
        verdict, type=OURS, title="Something went wrong here", detail=f"{type(problem).__name__}: {problem}"
    )


def _rebuild(verdict: Verdict, status: int | None, type: str, title: str, detail: str) -> ProviderError:
    """Keyword-only arguments need a hand when the exception crosses a process boundary (a Celery result)."""
    return ProviderError(verdict, status=status, type=type, title=title, detail=detail)
