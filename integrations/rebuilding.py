"""Counting anew what was used of each cap, from the dispatches themselves. It must find nothing to change."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count, Q

from integrations.models import Dispatch, Usage

LIVE = tuple(Dispatch.LIVE)


@dataclass(frozen=True, slots=True)
class Difference:
    """A usage row whose number is not what its dispatches add up to."""

    usage: Usage
    counted: int

    def __str__(self) -> str:
        return f"{self.usage}: {self.counted} dispatches took from it"


def differences() -> Iterator[Difference]:
    """Every row that is wrong. A dispatch takes from its row while it is under way, sent, or of unknown outcome."""
    rows = Usage.objects.select_related("account").annotate(
        counted=Count("dispatches", filter=Q(dispatches__state__in=LIVE), distinct=True)
        + Count("noted_dispatches", filter=Q(noted_dispatches__state__in=LIVE), distinct=True)
    )
    for row in rows.iterator():
        if row.used != row.counted:
            yield Difference(row, row.counted)


def rebuild_usage(*, dry_run: bool = False) -> list[Difference]:
    """Correct every wrong row, and return what was wrong. A count above the cap raises the row's cap with it."""
    found = list(differences())
    if dry_run:
        return found
    for difference in found:
        with transaction.atomic():
            row = Usage.objects.select_for_update().get(pk=difference.usage.pk)
            row.used = row.dispatches.live().count() + row.noted_dispatches.live().count()
            row.cap = max(row.cap, row.used)
            row.save(update_fields=["used", "cap"])
    return found
