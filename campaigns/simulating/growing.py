"""What more senders would change: the same world with further accounts like those it has."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from math import inf

from campaigns.planning.decisions import ActionKind
from campaigns.planning.pacing import local_day
from campaigns.simulating.world import Limit, SimulatedAccount, SimulatedLead, SimulatedWorld

MOST_SENDERS = 1000


def with_more_senders(world: SimulatedWorld, count: int) -> SimulatedWorld:
    """The world with `count` more accounts, each like one of those that work now, fresh and healthy.

    They take over leads to whom nothing was sent yet, as long as that lightens the load of the account that gives:
    load is counted in days of the cap. An account that is stopped keeps its leads, since those wait for somebody to
    mend it and not for another sender. Raises ValueError for a number below 0 or beyond any team.
    """
    if not 0 <= count <= MOST_SENDERS:
        raise ValueError(f"so many more senders cannot be: {count}; give 0 to {MOST_SENDERS}")
    models = [account for account in world.accounts if account.stopped is None]
    if not models or not count:
        return world
    more = tuple(_like(models[number % len(models)], number + 1, world) for number in range(count))
    grown = replace(world, accounts=world.accounts + more)
    moved = dict(_moves(grown, givers=models, takers=more))
    leads = tuple(replace(lead, account=moved.get(lead.number, lead.account)) for lead in world.leads)
    return replace(grown, leads=leads)


def _like(model: SimulatedAccount, number: int, world: SimulatedWorld) -> SimulatedAccount:
    limits = {action: Limit(cap=limit.cap) for action, limit in model.limits.items()}
    name = f"+{number}, like {model.name}"
    return replace(model, key=f"extra-{number}", name=name, limits=limits, free_at=world.at, spent={}, pending=0)


def _moves(
    world: SimulatedWorld, *, givers: list[SimulatedAccount], takers: tuple[SimulatedAccount, ...]
) -> Iterator[tuple[int, str]]:
    """Number and new account of every lead that moves: the newest first, from the fullest to the emptiest."""
    action = _first_action(world)
    caps = {each.key: each.pace(action, local_day(world.at, each.day_zone)) for each in (*givers, *takers)}
    able = [account for account in takers if caps[account.key]]
    load = Counter(lead.account for lead in world.leads if lead.left_out is None)
    movable = {account.key: _untouched(world, account) for account in givers}
    while able and (full := [key for key, leads in movable.items() if leads]):
        giver = max(full, key=lambda key: _days(load[key], caps[key]))
        taker = min((account.key for account in able), key=lambda key: _days(load[key] + 1, caps[key]))
        if _days(load[taker] + 1, caps[taker]) >= _days(load[giver], caps[giver]):
            return
        yield movable[giver].pop().number, taker
        load.update({giver: -1, taker: 1})


def _days(leads: int, cap: float) -> float:
    return leads / cap if cap else inf


def _untouched(world: SimulatedWorld, account: SimulatedAccount) -> list[SimulatedLead]:
    """The account's leads that may move, the oldest first."""
    mine = (lead for lead in world.leads if lead.account == account.key and lead.left_out is None)
    return sorted((lead for lead in mine if lead.is_untouched), key=lambda lead: lead.number)


def _first_action(world: SimulatedWorld) -> ActionKind:
    """What leads begin with: its cap is the pace at which an account takes them up."""
    steps = next((lead.steps for lead in world.leads if lead.steps), ())
    return next((step.action for step in steps if step.action), ActionKind.INVITATION)
