"""The inbox: conversations, their messages, and answering."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db.models import F, QuerySet
from django_filters.rest_framework import BooleanFilter
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response

from inbox.api.serializers import ConversationSerializer, MessageSerializer, ReplySerializer
from inbox.models import Conversation, Message
from inbox.replying import NotSent, reply
from inbox.triage import close_conversation, mark_read, reopen_conversation
from integrations.errors import ProviderError, Verdict
from outreach.api.errors import refusals_are_conflicts
from outreach.api.filters import Filters, Moment
from outreach.api.idempotency import idempotent
from outreach.api.pagination import Cursor
from outreach.api.serializers import ErrorAnswer
from outreach.api.viewsets import Listed

SENT_WITHOUT_ID = OpenApiResponse(description="Sent. Its text appears in the conversation when the provider shows it.")
NOBODY_KNOWS = OpenApiResponse(ErrorAnswer, "Nobody knows whether it went out. It is looked up; do not send it again.")


class OutcomeUnknown(APIException):
    """The call left and its answer never came. Its Idempotency-Key stays taken, so that nothing is sent twice."""

    status_code = status.HTTP_504_GATEWAY_TIMEOUT
    default_code = "outcome_unknown"


@contextmanager
def unknown_outcomes_said() -> Iterator[None]:
    """Tells "it did not go out" from "nobody knows"."""
    try:
        yield
    except NotSent as refusal:
        cause = refusal.__cause__
        if isinstance(cause, ProviderError) and cause.verdict == Verdict.UNKNOWN:
            raise OutcomeUnknown(refusal.messages[0]) from refusal
        raise


class ConversationFilters(Filters):
    unread = BooleanFilter(method="filter_unread", help_text="Those with messages that nobody has read yet.")

    class Meta:
        model = Conversation
        fields = ("client", "account", "lead", "status")

    def filter_unread(self, chats: QuerySet[Conversation], name: str, wanted: bool) -> QuerySet[Conversation]:
        return chats.filter(unread__gt=0) if wanted else chats.filter(unread=0)


class Conversations(Listed[Conversation]):
    """Chats with leads and other people, the most recent first."""

    queryset = Conversation.objects.order_by(F("last_message_at").desc(nulls_last=True))
    serializer_class = ConversationSerializer
    filterset_class = ConversationFilters

    @extend_schema(request=ReplySerializer, responses={201: MessageSerializer, 202: SENT_WITHOUT_ID, 504: NOBODY_KNOWS})
    @action(detail=True, methods=["post"])
    @idempotent
    def reply(self, request: Request, pk: str) -> Response:
        """Answers at once; it counts against the account's limits like everything else that is sent."""
        chat, text = self.get_object(), self.body(ReplySerializer)["text"]
        with refusals_are_conflicts(), unknown_outcomes_said():
            message = reply(conversation=chat, text=text, **self.by_at)
        if message is None:
            return Response(status=status.HTTP_202_ACCEPTED)
        return Response(MessageSerializer(message).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def close(self, request: Request, pk: str) -> Response:
        """Done with it. A new message from the other side opens it again."""
        close_conversation(conversation=(chat := self.get_object()), **self.by_at)
        return self.shown(chat)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def open(self, request: Request, pk: str) -> Response:
        """Back into the open conversations."""
        reopen_conversation(conversation=(chat := self.get_object()), **self.by_at)
        return self.shown(chat)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def read(self, request: Request, pk: str) -> Response:
        """Every message of it has been read."""
        mark_read(conversation=(chat := self.get_object()))
        return self.shown(chat)


class MessageFilters(Filters):
    after = Moment(field_name="sent_at", lookup_expr="gte", help_text="Sent at or after this moment.")
    before = Moment(field_name="sent_at", lookup_expr="lt", help_text="Sent before this moment.")

    class Meta:
        model = Message
        fields = ("client", "conversation", "account", "direction", "is_reply", "meaning")


class MessageCursor(Cursor):
    ordering = ("-sent_at", "-id")


class Messages(Listed[Message]):
    """Messages in both directions, the newest first."""

    queryset = Message.objects.all()
    serializer_class = MessageSerializer
    filterset_class = MessageFilters
    pagination_class = MessageCursor
