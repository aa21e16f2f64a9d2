"""Which of several texts a lead gets: by a hash, so that a retry or a replay gives the same."""

from collections.abc import Sequence
from hashlib import sha256


def chosen(weights: Sequence[int], *, key: str) -> int:
    """The index of the text for this key, in proportion to the weights. Raises ValueError when none has any."""
    total = sum(weights)
    if total < 1 or any(weight < 0 for weight in weights):
        raise ValueError(f"weights are 0 or more, and one is more than 0: {list(weights)}")
    mark = int.from_bytes(sha256(key.encode()).digest()[:8]) * total >> 64
    for index, weight in enumerate(weights):
        if mark < weight:
            return index
        mark -= weight
    raise AssertionError("the mark is below the sum of the weights")
