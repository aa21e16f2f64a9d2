"""The working parts of a sandbox and how they are put together."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from integrations.unipile.sandbox.deliveries import Courier
from integrations.unipile.sandbox.faults import Faults
from integrations.unipile.sandbox.happenings import Schedule
from integrations.unipile.sandbox.heralding import Herald
from integrations.unipile.sandbox.rules import Rules
from integrations.unipile.sandbox.society import Society
from integrations.unipile.sandbox.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """How a sandbox is made; a reset makes it again, perhaps with another seed."""

    seed: int = 1
    people: int = 500
    accounts: int = 2
    weekly_invitations: int = 200
    relation_delay: timedelta = timedelta(hours=8)


@dataclass(frozen=True, slots=True)
class Parts:
    """The working parts of one run of the sandbox."""

    setup: Setup
    world: World
    schedule: Schedule
    faults: Faults
    courier: Courier
    society: Society
    rules: Rules


def assemble(setup: Setup, *, at: datetime) -> Parts:
    """A fresh world whose history ends at this moment."""
    world = World(seed=setup.seed, people=setup.people, accounts=setup.accounts, started_at=at)
    schedule, faults = Schedule(), Faults(seed=setup.seed)
    courier = Courier(world, faults)
    herald = Herald(world, courier, faults)
    society = Society(world, schedule, herald, relation_delay=setup.relation_delay)
    rules = Rules(
        world=world,
        society=society,
        schedule=schedule,
        herald=herald,
        faults=faults,
        weekly_invitations=setup.weekly_invitations,
    )
    return Parts(setup, world, schedule, faults, courier, society, rules)
