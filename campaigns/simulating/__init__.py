"""The projected calendar of a campaign: what would go out when, before anybody presses Activate.

`reading` turns rows into a `SimulatedWorld` and writes nothing; `project` walks it under a virtual clock with the
planning that the engine uses, in plain Python; `telling` puts the result into words.
"""

from datetime import datetime, timedelta

from campaigns.models import Campaign
from campaigns.simulating.growing import with_more_senders
from campaigns.simulating.projecting import project
from campaigns.simulating.projection import Projection
from campaigns.simulating.reading import SimulationError, read_world
from campaigns.simulating.world import Assumptions, SimulatedWorld

__all__ = [
    "Assumptions",
    "Projection",
    "SimulatedWorld",
    "SimulationError",
    "project",
    "read_world",
    "simulate",
    "with_more_senders",
]

USUAL = Assumptions(accepted=0.4, answered=0.2, accepted_after=timedelta(hours=20), seen=0.6)


def simulate(
    *, campaign: Campaign, at: datetime, days: int = 60, extra_senders: int = 0, assumptions: Assumptions = USUAL
) -> Projection:
    """What the campaign would send in the next `days` calendar days, with `extra_senders` more than it has.

    Raises SimulationError naming what the campaign lacks, ValueError for a number that makes no sense.
    """
    world = with_more_senders(read_world(campaign, at=at), extra_senders)
    return project(world, days=days, assumptions=assumptions)
