"""Rounds, ratios, and how they are printed."""

import json
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of the table. `ratio` is what counts; `floor` and `found` say what it was made of."""

    name: str
    ratio: float
    wanted: str
    is_met: bool
    found: str
    floor: str = ""


def timed(work: Callable[[], object]) -> float:
    """Seconds that `work` takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def median_ratio(pairs: Iterable[tuple[float, float]]) -> float:
    """The median of per-round ratios: a slow moment of the machine hits both sides of its round."""
    return statistics.median(found / floor for found, floor in pairs)


def report(*figures: Figure) -> None:
    """One JSON line per figure, which `python -m benchmarks` collects."""
    for figure in figures:
        print("FIGURE " + json.dumps({name: getattr(figure, name) for name in Figure.__slots__}), flush=True)


def per_second(count: int, seconds: float) -> str:
    return f"{count / seconds:,.0f}/s"
