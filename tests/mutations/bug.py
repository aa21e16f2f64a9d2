"""What a planted bug is, and how it is put into a copy of the tree."""

import ast
from dataclasses import dataclass
from pathlib import Path


class DoesNotApply(Exception):
    """The code has changed and the catalogue has not: mend the entry, or plant another bug in its place."""


@dataclass(frozen=True, slots=True)
class Bug:
    """A mistake that somebody in a hurry could make, and the tests of its room, which are asked before any world."""

    name: str
    law: int
    file: str
    old: str
    new: str
    words: str  # what is wrong, in one sentence
    proof: tuple[str, ...]  # files, or tests in them as `file::test`
    postgres: bool = False  # only row locks and real parallel workers can show it

    def planted(self, source: str) -> str:
        """The source with this bug. Raises DoesNotApply unless the old text stands there exactly once."""
        if (count := source.count(self.old)) != 1:
            raise DoesNotApply(f"{self.name}: the old text stands {count} times in {self.file}, not once")
        changed = source.replace(self.old, self.new)
        try:
            ast.parse(changed)
        except SyntaxError as problem:
            raise DoesNotApply(f"{self.name}: {self.file} is no Python any more: {problem}") from problem
        return changed


def unknown_tests(bug: Bug, root: Path) -> list[str]:
    """Tests that the entry names and that do not exist."""
    missing = []
    for place in bug.proof:
        file, _, test = place.partition("::")
        path = root / file
        if not path.exists() or (test and f"def {test.partition('[')[0]}(" not in path.read_text()):
            missing.append(place)
    return missing
