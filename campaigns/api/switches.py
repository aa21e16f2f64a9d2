"""What lower floors cannot do alone: pausing clients and accounts, settling dispatches, the engine itself."""

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from campaigns.api.serializers import EngineSerializer, SettleSerializer
from campaigns.deciding import settle_by_hand
from campaigns.models import EngineState
from campaigns.stopping import (
    pause_account,
    pause_client,
    resume_account,
    resume_client,
    start_engine,
    stop_engine,
)
from integrations.api.views import Accounts, Dispatches
from outreach.api.errors import refusals_are_conflicts
from outreach.api.permissions import OperatorOnly
from outreach.api.serializers import InFlight, in_flight
from outreach.api.viewsets import Outreach, Pausable
from outreach.clients.api.views import Clients


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


def engine_now() -> dict[str, object]:
    stopped_at = EngineState.objects.values_list("stopped_at", flat=True).first()
    return {"running": stopped_at is None, "stopped_at": stopped_at}
