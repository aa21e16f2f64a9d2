"""What a step says to one lead, or what keeps it from being said."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Wording:
    """The words, or what keeps them from being said. `variant` labels which of a step's texts it is."""

    text: str = ""
    missing: tuple[str, ...] = ()
    problem: str = ""
    variant: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
