"""The shape of a sequence: a walk goes forward only, reaches every step, and ends everywhere.

Positions count from 0; what people read counts from 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Turn:
    """Where the walk goes after one step. `otherwise` is for conditions only; None is the step that follows."""

    name: str
    then: int | None = None
    otherwise: int | None = None
    branches: bool = False
    ends: bool = False


def shape_problems(turns: Sequence[Turn]) -> tuple[str, ...]:
    """Everything that is wrong with the shape, naming the step; empty when it is sound."""
    astray = [problem for position, turn in enumerate(turns) for problem in _astray(position, turn, len(turns))]
    return tuple(astray) if astray else tuple(_unreached(turns))


def _astray(position: int, turn: Turn, count: int) -> list[str]:
    """Turns that lead back, in a circle, or to no step."""
    found = []
    if turn.otherwise is not None and not turn.branches:
        found.append(f"{_named(position, turn)}: only a condition can go another way otherwise.")
    if turn.branches and None in (turn.then, turn.otherwise) and position + 1 == count:
        found.append(f"{_named(position, turn)}: no step follows it; add one, or an End step, for it to go to.")
    if turn.ends and turn.then is not None:
        found.append(f"{_named(position, turn)}: nothing follows the end.")
    for target in (turn.then, turn.otherwise):
        if target is None:
            continue
        if target <= position:
            found.append(f"{_named(position, turn)} goes back to step {target + 1}; a sequence goes forward only.")
        elif target >= count:
            found.append(
                f"{_named(position, turn)} goes to step {target + 1}, but there are {count}; "
                "to stop there, add an End step and go to it."
            )
    return found


def _unreached(turns: Sequence[Turn]) -> list[str]:
    reached = {0}
    for position, turn in enumerate(turns):
        if position in reached:
            reached.update(_targets(position, turn))
    return [
        f"{_named(position, turn)} is never reached: let an earlier step go to it, or remove it."
        for position, turn in enumerate(turns)
        if position not in reached
    ]


def reachable_from(turns: Sequence[Turn], position: int) -> frozenset[int]:
    """The positions that a walk may come to after this one. The shape is sound."""
    found: set[int] = set()
    coming = _targets(position, turns[position])
    while coming:
        here = coming.pop()
        if here < len(turns) and here not in found:
            found.add(here)
            coming |= _targets(here, turns[here])
    return frozenset(found)


def _targets(position: int, turn: Turn) -> set[int]:
    if turn.ends:
        return set()
    ways = (turn.then, turn.otherwise) if turn.branches else (turn.then,)
    return {position + 1 if way is None else way for way in ways}


def _named(position: int, turn: Turn) -> str:
    return f"Step {position + 1} ({turn.name})"
