"""Clients and the caller. Pausing a client is added where the engine is known; see campaigns/api/switches.py."""

from drf_spectacular.utils import extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from outreach.api.viewsets import Listed, Outreach
from outreach.clients.api.serializers import ClientSerializer, MeSerializer
from outreach.clients.models import Client, User


class Clients(Listed[Client]):
    """The clients that the caller is a member of."""

    queryset = Client.objects.all()
    serializer_class = ClientSerializer
    filterset_fields = ("slug",)


class MeView(Outreach):
    permission_classes = (IsAuthenticated,)

    @extend_schema(responses=MeSerializer)
    def get(self, request: Request) -> Response:
        """Who is calling, and for which clients."""
        caller = User.objects.prefetch_related("memberships__client").get(pk=str(request.user.pk))
        return Response(MeSerializer(caller, context={"request": request}).data)
