"""Misbehaviour on command. A fault has a rate, and may have settings of its own.

Draws come from one generator seeded with the sandbox, and only for faults that are set: the same seed, faults and
sequence of requests give the same misbehaviour.
"""

import random
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from integrations.unipile.sandbox.refusals import invalid_parameters

DEFAULT_HOURS = 6.0


@dataclass(frozen=True, slots=True)
class Fault:
    """`rate` is the share of occasions (0 to 1). `times` bounds how often it strikes in all, None for ever.

    `hours` is how long it lasts (webhook_late, disconnect); `hold` is the seconds an answer is held (timeouts, slow),
    or what was sent does not show (index_lag; 30 to 60 unless told).
    """

    rate: float
    times: int | None = None
    hours: float = DEFAULT_HOURS
    hold: float | None = None


# In the order in which they are drawn for a request; the first that strikes wins.
BEFORE_ACTING = ("rate_limit", "unavailable", "html")
AROUND_SENDS = ("error_before", "timeout_before", "error_after", "timeout_after", "slow")
# `ambiguous`: who is pending or was withdrawn is refused in the words of the cap (Unipile API, section 1.4).
ON_INVITATIONS = ("cap", "ambiguous")
IN_ANSWERS = ("null_ids", "index_lag")
ON_WEBHOOKS = ("webhook_lost", "webhook_late", "webhook_reorder", "webhook_duplicate", "payload_variance")
ON_ACCOUNTS = ("disconnect",)

NAMES = frozenset(BEFORE_ACTING + AROUND_SENDS + ON_INVITATIONS + IN_ANSWERS + ON_WEBHOOKS + ON_ACCOUNTS)

# Slowness is no part of it: it only costs time.
SANE_MIX: Mapping[str, Fault] = {
    "rate_limit": Fault(0.03),
    "unavailable": Fault(0.03),
    "html": Fault(0.01),
    "error_before": Fault(0.02),
    "timeout_before": Fault(0.01),
    "error_after": Fault(0.02),
    "timeout_after": Fault(0.02),
    "cap": Fault(0.01),
    "ambiguous": Fault(0.3),
    "null_ids": Fault(0.1),
    "index_lag": Fault(0.3),
    "webhook_lost": Fault(0.05),
    "webhook_late": Fault(0.1, hours=12),
    "webhook_reorder": Fault(0.15),
    "webhook_duplicate": Fault(0.15),
    "payload_variance": Fault(0.5),
    "disconnect": Fault(0.002),
}


class Faults:
    """The faults in force. The sandbox's lock guards it."""

    def __init__(self, *, seed: int) -> None:
        self._rng = random.Random(repr((seed, "faults")))
        self._set: dict[str, Fault] = {}

    def put(self, wanted: object) -> None:
        """Replace all faults by these; raises Refusal when one makes no sense."""
        self._set = read_faults(wanted)

    def shown(self) -> dict[str, dict[str, Any]]:
        return {name: asdict(fault) for name, fault in self._set.items()}

    def strikes(self, name: str) -> Fault | None:
        """The fault when it happens on this occasion."""
        fault = self._set.get(name)
        if fault is None or fault.times == 0 or self._rng.random() >= fault.rate:
            return None
        if fault.times is not None:
            self._set[name] = replace(fault, times=fault.times - 1)
        return fault

    def first_of(self, names: tuple[str, ...]) -> tuple[str, Fault] | None:
        """The first of these that strikes."""
        return next(((name, fault) for name in names if (fault := self.strikes(name))), None)

    def draw(self) -> float:
        """A number from the same generator, for how exactly a fault shows."""
        return self._rng.random()


def read_faults(wanted: object) -> dict[str, Fault]:
    """From `{name: rate or settings}`, with "all" for a sane mix that further names may override."""
    if wanted == "all":
        return dict(SANE_MIX)
    if not isinstance(wanted, Mapping):
        raise invalid_parameters('faults must be an object of {name: rate or settings}, or "all"')
    given = dict(wanted)
    mix = SANE_MIX if given.pop("all", False) else {}
    return {**mix, **{name: _read_fault(name, value) for name, value in given.items()}}


def _read_fault(name: str, value: object) -> Fault:
    if name not in NAMES:
        raise invalid_parameters(f"no fault is called {name!r}; there are {', '.join(sorted(NAMES))} and all")
    settings = _numbers(value if isinstance(value, Mapping) else {"rate": value})
    if settings is None or not 0 <= settings.get("rate", 1) <= 1:
        raise invalid_parameters(f"fault {name!r} takes rate (0 to 1), times, hours and hold, all numbers")
    return Fault(
        rate=settings.get("rate", 1),
        times=int(settings["times"]) if "times" in settings else None,
        hours=settings.get("hours", DEFAULT_HOURS),
        hold=settings.get("hold"),
    )


def _numbers(settings: Mapping[str, object]) -> dict[str, float] | None:
    """The settings that are given, or None when one is unknown or no number."""
    given = {name: value for name, value in settings.items() if value is not None}
    numbers = {name: value for name, value in given.items() if isinstance(value, int | float)}
    return numbers if given.keys() == numbers.keys() <= {"rate", "times", "hours", "hold"} else None
