"""The catalogue of planted bugs is kept with the code: an entry that no longer fits must fail here, at once."""

from collections import Counter
from pathlib import Path

import pytest

from tests.mutations.bug import Bug, DoesNotApply, unknown_tests
from tests.mutations.catalogue import BUGS

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_every_bug_can_be_planted_in_the_present_code(bug: Bug) -> None:
    source = (ROOT / bug.file).read_text()
    assert bug.planted(source) != source
    assert bug.proof and unknown_tests(bug, ROOT) == []


def test_a_bug_that_fits_no_more_or_twice_is_refused() -> None:
    bug = Bug("late", 3, "a.py", "x = 1", "x = 2", "", ())
    assert bug.planted("x = 1\n") == "x = 2\n"
    for source in ("y = 1\n", "x = 1\nx = 1\n"):
        with pytest.raises(DoesNotApply, match="not once"):
            bug.planted(source)


def test_a_bug_that_is_no_python_is_refused() -> None:
    with pytest.raises(DoesNotApply, match="no Python"):
        Bug("broken", 3, "a.py", "x = 1", "x = ", "", ()).planted("x = 1\n")


def test_there_are_enough_of_them_and_every_law_is_attacked() -> None:
    assert len(BUGS) >= 45
    assert len({bug.name for bug in BUGS}) == len(BUGS)
    by_law = Counter(bug.law for bug in BUGS)
    assert set(by_law) == set(range(1, 11))
    assert min(by_law.values()) >= 2, by_law
