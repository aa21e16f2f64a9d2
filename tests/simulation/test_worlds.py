"""Random worlds. A failing seed is printed; `SIMULATION_SEED=… pytest tests/simulation` plays it again."""

import os

import pytest

from tests.simulation.stage import Stage

FIRST = int(os.environ.get("SIMULATION_FIRST", "1"))
WORLDS = int(os.environ.get("SIMULATION_WORLDS", "200"))
CHOSEN = os.environ.get("SIMULATION_SEED")
SEEDS = [int(CHOSEN)] if CHOSEN else range(FIRST, FIRST + WORLDS)


@pytest.fixture(autouse=True)
def unhurried(settings) -> None:
    """Polls far enough apart that a world of days takes about a second."""
    settings.MESSAGES_POLL_MINUTES = 300
    settings.RELATIONS_POLL_MINUTES = 480
    settings.INBOUND_MAX_AGE_MINUTES = 900


@pytest.mark.django_db
@pytest.mark.parametrize("seed", SEEDS)
def test_no_law_is_broken_in_this_world(seed: int) -> None:
    Stage(seed).play()
