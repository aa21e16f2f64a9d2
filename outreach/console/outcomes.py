"""Bulk actions: carry a verb out row by row, and tell the operator what happened, with reasons."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from outreach.console.reach import reach_of

READ_ONLY = "you may only look at this client's rows"
MOST_REASONS = 4


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many rows a verb changed, what their calls returned, and why it refused the others."""

    results: tuple[Any, ...] = ()
    refusals: tuple[str, ...] = ()

    @property
    def done(self) -> int:
        return len(self.results)

    def sentence(self, word: str) -> str:
        """Such as `2 activated, 1 refused: no sender`."""
        told = [f"{self.done} {word}"] if self.done or not self.refusals else []
        if self.refusals:
            told.append(f"{len(self.refusals)} refused: {reasons(self.refusals)}")
        return ", ".join(told)


def reasons(refusals: Iterable[str]) -> str:
    """Each reason once, the most frequent first, with its count when it came up more than once."""
    counted = Counter(refusals).most_common()
    shown = [f"{reason} ({count}×)" if count > 1 else reason for reason, count in counted[:MOST_REASONS]]
    return "; ".join(shown) + (
        f"; and {len(counted) - MOST_REASONS} more reasons" if len(counted) > MOST_REASONS else ""
    )


def sentences_of(problem: ValidationError) -> str:
    return " ".join(problem.messages)


def carry_out(rows: Iterable[Any], verb: Callable[[Any], Any], *, may: Callable[[Any], bool]) -> Outcome:
    """Apply the verb to each row that the user may change; a refusal of one never stops the others."""
    results: list[Any] = []
    refusals: list[str] = []
    for row in rows:
        if not may(row):
            refusals.append(READ_ONLY)
            continue
        try:
            results.append(verb(row))
        except ValidationError as problem:
            refusals.append(sentences_of(problem))
    return Outcome(tuple(results), tuple(refusals))


def tell(request: HttpRequest, outcome: Outcome, word: str, *, also: str = "") -> None:
    """Show the outcome: green when all went well, amber when some were refused, red when nothing was done."""
    text = f"{outcome.sentence(word)}{also}".rstrip(".") + "."
    if not outcome.refusals:
        messages.success(request, text)
    elif outcome.results:
        messages.warning(request, text)
    else:
        messages.error(request, text)


def in_flight(results: Iterable[Any]) -> str:
    """What a pause could not call back any more: it stays under way and is recorded when it ends."""
    count = len({dispatch.pk for dispatches in results for dispatch in dispatches or ()})
    if not count:
        return ""
    return f"; {count} action{'s were' if count > 1 else ' was'} already on the way and will be recorded"


def may_change_row(request: HttpRequest, client_of: Callable[[Any], Any]) -> Callable[[Any], bool]:
    """The check that `carry_out` asks for each row."""
    reach = reach_of(request)
    return lambda row: reach.may_change(client_of(row))
