"""What lower floors cannot do alone: pausing clients and accounts, settling dispatches, the engine itself."""

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from campaigns.api.serializers import (
    AccountStorySerializer,
    CircuitSerializer,
    EngineSerializer,
    MeaningSerializer,
    SettleSerializer,
)
from campaigns.deciding import settle_by_hand
from campaigns.engine.restoring import reconcile_everything
from campaigns.explaining import explain_account
from campaigns.models import EngineState
from campaigns.overriding import override
from campaigns.stopping import (
    pause_account,
    pause_client,
    pause_sender,
    resume_account,
    resume_client,
    resume_sender,
    start_engine,
    stop_engine,
)
from inbox.api.views import Messages
from integrations import breaker
from integrations.api.views import Accounts, Dispatches, Senders
from integrations.dispatching import wake
from integrations.models import Account
from outreach.api.errors import refusals_are_conflicts
from outreach.api.permissions import MemberOfClient, OperatorOnly
from outreach.api.serializers import InFlight, in_flight
from outreach.api.viewsets import Outreach, Pausable
from outreach.clients.api.views import Clients
from outreach.clock import now


class PausableClients(Pausable, Clients):
    """The clients that the caller is a member of."""

    subject = "client"
    pausing = staticmethod(pause_client)
    resuming = staticmethod(resume_client)


class PausableAccounts(Pausable, Accounts):
    """Connected accounts: their state at the provider, their limits and their pace."""

    subject = "account"
    pausing = staticmethod(pause_account)
    resuming = staticmethod(resume_account)

    @extend_schema(responses=AccountStorySerializer, filters=False)
    @action(detail=True, methods=["get"], permission_classes=[MemberOfClient])
    def explain(self, request: Request, pk: str) -> Response:
        """What keeps the account from acting now: every reason with its end. None at all means that it is free."""
        account = self.get_object()
        told = {"lines": list(explain_account(account=account, at=self.at))}
        return Response(AccountStorySerializer(told).data)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"], permission_classes=[MemberOfClient])
    def wake(self, request: Request, pk: str) -> Response:
        """Ends the rest of actions that the provider refused as too many. Refused again, they rest longer."""
        account = self.get_object()
        with refusals_are_conflicts():
            wake(account=account, **self.by_at)
        return self.shown(account)


class PausableSenders(Pausable, Senders):
    """The people in whose name we write."""

    subject = "sender"
    pausing = staticmethod(pause_sender)
    resuming = staticmethod(resume_sender)


class SettledDispatches(Dispatches):
    """What was sent, is being sent, or was refused."""

    @extend_schema(request=SettleSerializer)
    @action(detail=True, methods=["post"])
    def settle(self, request: Request, pk: str) -> Response:
        """Decides what nobody could find out: whether it reached the person. The lead goes on accordingly."""
        dispatch, happened = self.get_object(), self.body(SettleSerializer)["happened"]
        with refusals_are_conflicts():
            settle_by_hand(dispatch=dispatch, happened=happened, **self.by_at)
        return self.shown(dispatch)


class MeaningMessages(Messages):
    """Messages in both directions, the newest first."""

    @extend_schema(request=MeaningSerializer)
    @action(detail=True, methods=["post"])
    def meaning(self, request: Request, pk: str) -> Response:
        """Says what a message means. That wins over every rule, and stops or resumes sequences accordingly."""
        message, meaning = self.get_object(), self.body(MeaningSerializer)["meaning"]
        with refusals_are_conflicts():
            override(message=message, meaning=meaning, **self.by_at)
        return self.shown(message)


class Engine(Outreach, ViewSet):
    """The one switch of everything automatic. Only the operator turns it."""

    permission_classes = (OperatorOnly,)

    @extend_schema(responses=EngineSerializer)
    def state(self, request: Request) -> Response:
        """Whether anything automatic is sent at all."""
        return Response(EngineSerializer(engine_now()).data)

    @extend_schema(request=None, responses=InFlight)
    def stop(self, request: Request) -> Response:
        """Stops everything automatic, for every client. Answers what was already under way."""
        return Response(in_flight(stop_engine(**self.by_at)))

    @extend_schema(request=None, responses=EngineSerializer)
    def start(self, request: Request) -> Response:
        """Lets everything go on."""
        start_engine(**self.by_at)
        return Response(EngineSerializer(engine_now()).data)

    @extend_schema(request=CircuitSerializer, responses=EngineSerializer)
    def close_circuit(self, request: Request) -> Response:
        """Calls to a provider that was left alone because it did not answer start again at once."""
        asked = CircuitSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        breaker.close_by_hand(provider=asked.validated_data["provider"], **self.by_at)
        return Response(EngineSerializer(engine_now()).data)

    @extend_schema(request=None, responses=EngineSerializer)
    def reconcile(self, request: Request) -> Response:
        """After a restored backup: nothing is sent from an account before it was compared with the provider."""
        reconcile_everything(**self.by_at)
        return Response(EngineSerializer(engine_now()).data)


def engine_now() -> dict[str, object]:
    state = EngineState.objects.first()
    stopped_at = state.stopped_at if state else None
    return {
        "running": stopped_at is None,
        "stopped_at": stopped_at,
        "restored_at": state.restored_at if state else None,
        "providers": breaker.states(now()),
        "accounts_to_reconcile": Account.objects.filter(unreconciled_since__isnull=False).count(),
    }
