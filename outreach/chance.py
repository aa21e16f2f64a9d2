"""Chance, drawn in one place, so that a simulation can make it repeatable."""

from random import Random

_source = Random()


def uniform(least: float, most: float) -> float:
    return _source.uniform(least, most)


def draw() -> float:
    """A number from 0 to (not including) 1, as planning takes it."""
    return _source.random()


def seed(number: int) -> None:
    """Make what follows repeatable, for this process."""
    _source.seed(number)
