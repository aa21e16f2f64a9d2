"""Questions asked of leads."""

from typing import TYPE_CHECKING, Self

from django.db.models import Q

from outreach.clients.querysets import ClientOwnedQuerySet

if TYPE_CHECKING:
    from leads.models import Lead  # noqa: F401  (named in quotes below)


class LeadQuerySet(ClientOwnedQuerySet["Lead"]):
    def matching_text(self, words: str) -> Self:
        """Leads whose name, company, e-mail or LinkedIn name contains every word."""
        found = self
        for word in words.split():
            anywhere = Q(first_name__icontains=word) | Q(last_name__icontains=word) | Q(company__icontains=word)
            found = found.filter(anywhere | Q(email__icontains=word) | Q(public_identifier__icontains=word))
        return found
