"""Random worlds. A failing seed is printed with its history; `make world SEED=41` plays it again."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import transaction

from tests.simulation.receiver import Receiver, listening
from tests.simulation.stage import Stage

FIRST = int(os.environ.get("SIMULATION_FIRST", "1"))
WORLDS = int(os.environ.get("SIMULATION_WORLDS", "200"))
CHOSEN = os.environ.get("SIMULATION_SEED")
SEEDS = [int(CHOSEN)] if CHOSEN else range(FIRST, FIRST + WORLDS)


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with listening() as found:
        yield found


@pytest.fixture(autouse=True)
def unhurried(settings) -> None:
    """Polls far enough apart that a world of days takes about a second."""
    settings.MESSAGES_POLL_MINUTES = 120
    settings.RELATIONS_POLL_MINUTES = 480
    settings.INBOUND_MAX_AGE_MINUTES = 900
    settings.OUTBOUND_ALLOW_PRIVATE = True


@pytest.mark.django_db
@pytest.mark.parametrize("seed", SEEDS)
def test_no_law_is_broken_in_this_world(seed: int, receiver: Receiver, tmp_path: Path) -> None:
    stage = Stage(seed, receiver, tmp_path)
    try:
        stage.play()
    finally:
        if CHOSEN:
            print("\n".join(stage.history))


@pytest.mark.django_db
@pytest.mark.skipif(bool(CHOSEN), reason="one world was asked for")
@pytest.mark.parametrize("seed", [FIRST, FIRST + 1, FIRST + 2, FIRST + 3])
def test_the_same_seed_has_the_same_history(seed: int, receiver: Receiver, tmp_path: Path) -> None:
    histories = []
    for _ in range(2):
        with transaction.atomic():
            stage = Stage(seed, receiver, tmp_path)
            stage.play()
            histories.append(stage.history)
            transaction.set_rollback(True)
    assert histories[0] == histories[1]
