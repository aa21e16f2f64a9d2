"""Senders, accounts and dispatches. What needs the engine (pausing, settling) is added in campaigns/api."""

from typing import Any

from django_filters.rest_framework import BooleanFilter
from rest_framework.serializers import BaseSerializer

from integrations.account_care import record_tuning, tuning_of
from integrations.api.serializers import AccountSerializer, DispatchSerializer, SenderSerializer
from integrations.models import Account, Dispatch, Sender
from integrations.querysets import DispatchQuerySet
from outreach.api.errors import all_or_conflict
from outreach.api.filters import Filters
from outreach.api.permissions import AdminOfClient
from outreach.api.viewsets import Changed, Created, Listed, Removed


class Senders(Created, Changed, Removed, Listed[Sender]):
    """The people in whose name we write."""

    queryset = Sender.objects.all()
    serializer_class = SenderSerializer
    permission_classes = (AdminOfClient,)
    filterset_fields = ("client",)


class AccountFilters(Filters):
    class Meta:
        model = Account
        fields = ("client", "sender", "status", "channel")


class Accounts(Changed, Listed[Account]):
    """Connected accounts: their state at the provider, their limits and their pace."""

    queryset = Account.objects.all()
    serializer_class = AccountSerializer
    permission_classes = (AdminOfClient,)
    filterset_class = AccountFilters

    def perform_update(self, serializer: BaseSerializer[Any]) -> None:
        """A change of limits is recorded with the values before and after."""
        before = tuning_of(Account.objects.get(pk=serializer.instance.pk))  # type: ignore[union-attr]
        with all_or_conflict():
            record_tuning(serializer.save(), before, **self.by_at)


class DispatchFilters(Filters):
    needs_decision = BooleanFilter(
        method="filter_needs_decision",
        help_text="Those whose outcome the provider could not tell: a person has to decide.",
    )

    class Meta:
        model = Dispatch
        fields = ("client", "account", "state", "action")

    def filter_needs_decision(self, dispatches: DispatchQuerySet, name: str, wanted: bool) -> DispatchQuerySet:
        waiting = Dispatch.objects.needing_decision()
        return dispatches.filter(pk__in=waiting) if wanted else dispatches.exclude(pk__in=waiting)


class Dispatches(Listed[Dispatch]):
    """What was sent, is being sent, or was refused."""

    queryset = Dispatch.objects.all()
    serializer_class = DispatchSerializer
    filterset_class = DispatchFilters
