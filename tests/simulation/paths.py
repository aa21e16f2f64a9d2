"""The way a lead took through the branches is one that its version's graph has; each step was done once; a variant
stays the same."""

from collections import defaultdict
from typing import TYPE_CHECKING

from campaigns.models import Enrollment, StepExecution
from outreach.events.models import Event
from tests.simulation.facts import CampaignFacts, Planned, Version

if TYPE_CHECKING:
    from tests.simulation.judge import Judge

PASSED = ("sent", "done", "skipped")


def judge(court: "Judge") -> None:
    by_pk = {facts.pk: facts for facts in court.stage.builder.campaigns}
    walks = Enrollment.objects.of(court.stage.builder.client)
    for walk in walks.select_related("sequence"):
        done = list(walk.executions.filter(outcome__in=PASSED).select_related("step__sequence"))
        done.sort(key=lambda each: (each.settled_at, each.pk))
        _once(court, walk, done)
        _same_variant(court, walk)
        _legal(court, walk, done, by_pk[walk.campaign_id])


def _once(court: "Judge", walk: Enrollment, done: list[StepExecution]) -> None:
    """Each step once, whichever version of it."""
    origins = [each.step.origin for each in done if each.outcome in ("sent", "done")]
    if len(set(origins)) < len(origins):
        raise court.broken(1, f"{walk} did one step twice: {[(each.step.position, each.outcome) for each in done]}")


def _same_variant(court: "Judge", walk: Enrollment) -> None:
    taken: defaultdict[object, set[str]] = defaultdict(set)
    for step, variant in walk.executions.exclude(variant="").values_list("step", "variant"):
        taken[step].add(variant)
    if any(len(labels) > 1 for labels in taken.values()):
        raise court.broken(6, f"{walk} got two variants of one step")


def _legal(court: "Judge", walk: Enrollment, done: list[StepExecution], facts: CampaignFacts) -> None:
    """From each step to the next that was done, over nothing but what was passed with a record."""
    told = Event.objects.filter(enrollment_id=walk.pk, kind="step_skipped").values_list("data__step", flat=True)
    over = {int(step) for step in told if step is not None}
    before: StepExecution | None = None
    for each in done:
        version = facts.versions[each.step.sequence.version - 1]
        if before is None:
            starts, follows = {0}, each.step.sequence.version == 1
        else:
            starts, follows = _ways(version, before), before.step.sequence_id == each.step.sequence_id
        if follows and each.step.position not in _reached(version, starts, over):
            came = before.step.position if before else "the beginning"
            raise court.broken(1, f"{walk} came from {came} to {each.step.position}, which is no way of {version}")
        before = each
        _answered_rightly(court, walk, each, version)


def _ways(version: Version, done: StepExecution) -> set[int]:
    step = version[done.step.position]
    places = {each.name: place for place, each in enumerate(version)}
    way = step.otherwise if step.kind == "condition" and done.detail == "no" else step.then
    return {done.step.position + 1 if way is None else places[way]}


def _reached(version: Version, starts: set[int], over: set[int]) -> set[int]:
    """The places to which a walk comes from here, passing over what needed no doing."""
    places = {each.name: place for place, each in enumerate(version)}
    found, open_ones = set(starts), list(starts)
    while open_ones:
        place = open_ones.pop()
        if place >= len(version) or place not in over:
            continue
        step = version[place]
        following = place + 1 if step.then is None else places[step.then]
        if following not in found:
            found.add(following)
            open_ones.append(following)
    return found


def _answered_rightly(court: "Judge", walk: Enrollment, done: StepExecution, version: Version) -> None:
    """Conditions whose answer can be known from outside."""
    step: Planned = version[done.step.position]
    if step.kind != "condition" or done.outcome != "done":
        return
    lead, said = walk.lead, done.detail == "yes"
    if step.options["if"] == "has_email" and said != bool(lead.email):
        raise court.broken(9, f"{walk}: has an e-mail address? {done.detail!r}")
    if step.options["if"] == "connected" and said:
        account = court.stage.sandbox.parts.world.accounts[walk.account.provider_account_id]
        if lead.provider_id not in account.relations:
            raise court.broken(9, f"{walk} went the way of the connected and is not")
    if step.options["if"] == "variant" and step.asks_of is not None:
        got = [each for each in court.entries if each.walk and each.walk.pk == walk.pk and each.name == step.asks_of]
        if got and said != ("B: " in got[0].text):
            raise court.broken(9, f"{walk}: got variant B? {done.detail!r}, but was sent {got[0].text!r}")
