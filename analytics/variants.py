"""Which text does better: results by variant, with an interval, and no winner before there is one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, F, OuterRef, Q

from campaigns.models import Campaign, Step, StepExecution
from integrations.models import Action

# Below so many sends of each text nothing is said: with fewer, chance alone often makes a difference of half.
SMALLEST_SAMPLE = 100
Z = 1.96  # 95 per cent


@dataclass(frozen=True, slots=True)
class Result:
    """One text of a step. `good` counts acceptances of an invitation, or answers to a message."""

    label: str
    sent: int
    good: int
    weight: int = 1

    @property
    def percent(self) -> float | None:
        return 100 * self.good / self.sent if self.sent else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Wilson's interval for the rate, in per cent: where it truly is, nineteen times of twenty."""
        if not self.sent:
            return None
        rate, spread = self.good / self.sent, Z * Z / self.sent
        middle = (rate + spread / 2) / (1 + spread)
        half = Z * sqrt(rate * (1 - rate) / self.sent + spread / (4 * self.sent)) / (1 + spread)
        return 100 * max(0.0, middle - half), 100 * min(1.0, middle + half)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The texts of one step, the best first. `winner` is a label, or "" with the reason why there is none yet."""

    step: Step
    results: tuple[Result, ...]
    winner: str
    verdict: str


def compare(step: Step, results: Sequence[Result]) -> Comparison:
    """Pure: the verdict on these figures. A text wins when its interval lies above all others'.

    A text of weight 0 is not tried any more: it is compared when it was tried often enough before.
    """
    ordered = tuple(sorted(results, key=lambda each: (-(each.percent or 0), each.label)))
    tried = [each for each in ordered if each.weight or each.sent >= SMALLEST_SAMPLE]
    if len(tried) < 2:
        return Comparison(step, ordered, "", "Not yet: only one text is being tried.")
    least = min(each.sent for each in tried)
    if least < SMALLEST_SAMPLE:
        return Comparison(
            step, ordered, "", f"Not yet: each text needs {SMALLEST_SAMPLE} sends, the least has {least}."
        )
    best, *others = tried
    floor = best.interval[0] if best.interval else 0.0
    if all(other.interval and other.interval[1] < floor for other in others):
        return Comparison(step, ordered, best.label, f"{best.label} does better.")
    return Comparison(step, ordered, "", "Not yet: the difference could still be chance.")


def comparisons(campaign: Campaign) -> tuple[Comparison, ...]:
    """Every step of the campaign that has variants, of all versions together; in a fixed number of queries.

    A text counts with what was sent in just these words, in whatever version: new words begin at nothing, also under
    an old label.
    """
    every = list(Step.objects.filter(sequence__campaign=campaign).order_by("sequence__version"))
    newest = {step.origin: step for step in every if step.variants}
    counted = {(row["step"], row["variant"]): row for row in _figures(campaign)}
    return tuple(
        compare(step, _results(step, [each for each in every if each.origin == step.origin], counted))
        for step in sorted(newest.values(), key=lambda step: step.position)
    )


def _results(
    step: Step, versions: Sequence[Step], counted: Mapping[tuple[UUID, str], Mapping[str, Any]]
) -> list[Result]:
    found = []
    for label, weight, text in step.texts():
        same = [each.pk for each in versions if (label, text) in {(name, words) for name, _, words in each.texts()}]
        rows = [counted[(pk, label)] for pk in same if (pk, label) in counted]
        found.append(Result(label, sum(row["sent"] for row in rows), sum(row["good"] for row in rows), weight))
    return found


def _figures(campaign: Campaign) -> Iterable[Any]:
    """Sends by step and variant. An answer is owed to the last message before it, an acceptance to the invitation."""
    later = StepExecution.objects.filter(
        enrollment=OuterRef("enrollment"),
        outcome=StepExecution.Outcome.SENT,
        dispatch__action__in=(Action.MESSAGE, Action.INMAIL),
        dispatch__called_at__gt=OuterRef("dispatch__called_at"),
        dispatch__called_at__lt=OuterRef("enrollment__replied_at"),
    )
    sent = StepExecution.objects.filter(
        enrollment__campaign=campaign, outcome=StepExecution.Outcome.SENT, dispatch__isnull=False
    ).exclude(variant="")
    accepted = Q(dispatch__action=Action.INVITATION, enrollment__connected_at__isnull=False)
    answered = ~Q(dispatch__action=Action.INVITATION) & Q(
        ~Exists(later), enrollment__replied_at__gte=F("dispatch__called_at")
    )
    rows = sent.order_by().values("step", "variant")
    return rows.annotate(sent=Count("pk"), good=Count("pk", filter=accepted | answered))
