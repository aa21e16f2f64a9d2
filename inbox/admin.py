"""Conversations, read and answered in the console."""

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models
from django.db.models import OuterRef, Subquery
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString

from inbox.models import Conversation, Message
from inbox.replying import reply
from inbox.triage import close_conversation, mark_read, reopen_conversation
from integrations.connecting import provider_client
from outreach.clock import now
from outreach.console.base import LedgerAdmin
from outreach.console.buttons import button
from outreach.console.columns import clip, column, initials, label, link, page_of, state, to, when
from outreach.console.filters import StateFilter, VisibleFilter, YesFilter
from outreach.console.outcomes import sentences_of
from outreach.console.pages import CheapPaginator
from outreach.console.reach import user_of
from outreach.console.relative import relative

Status = Conversation.Status
SHOWN_MESSAGES = 200


class UnreadFilter(YesFilter):
    title = "unread"
    parameter_name = "unread"
    yes = "Unread"

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(unread__gt=0) if self.value() == "yes" else queryset


def last_message(field: str) -> Subquery:
    spoken = Message.objects.filter(conversation=OuterRef("pk"), is_event=False).order_by("-sent_at", "-pk")
    return Subquery(spoken.values(field)[:1])


@admin.register(Conversation)
class ConversationAdmin(LedgerAdmin):
    """The thread as it was said, and a box to answer; what was said is never edited."""

    list_display = ("who", "preview", "account_link", "status_label", "unread_label", "last")
    list_filter = (UnreadFilter, ("status", StateFilter), ("account", VisibleFilter), ("client", VisibleFilter))
    list_select_related = ("account", "lead", "client")
    search_fields = ("name", "lead__first_name", "lead__last_name", "lead__company", "messages__text")
    search_help_text = "Name, company, or words of a message."
    paginator = CheapPaginator
    actions = ("mark_read", "close_selected", "reopen_selected")
    actions_detail = ("close", "reopen")
    change_form_outer_before_template = "console/conversation.html"
    fieldsets = (
        ("Record", {"fields": ("client", "account", "lead", "person", "status", "provider_chat_id")}),
        ("Moments", {"fields": ("last_message_at", "last_inbound_at", "unread")}),
    )

    account_link = to("account", "integrations_account", "Account")
    status_label = state("status", "Status")
    last = when("last_message_at", "Last message")

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request)
        return rows.annotate(last_text=last_message("text"), last_direction=last_message("direction"))

    def get_urls(self) -> list[URLPattern]:
        answer = self.admin_site.admin_view(self.answer)
        return [path("<uuid:object_id>/answer/", answer, name="inbox_conversation_answer"), *super().get_urls()]

    # --- The list -------------------------------------------------------------------------------------

    @column("Person", ordering="name", header=True)
    def who(self, row: Conversation) -> tuple[str, str, str]:
        company = row.lead.company if row.lead else "not a lead"
        return str(row), company, initials(*str(row).split())

    @column("Last message")
    def preview(self, row: Any) -> SafeString:
        mine = "You: " if row.last_direction == Message.Direction.OUTBOUND else ""
        strong = " oc-strong" if row.unread else " oc-muted"
        return format_html('<span class="oc-clip{}">{}{}</span>', strong, mine, row.last_text or "")

    @column("Unread", ordering="unread")
    def unread_label(self, row: Conversation) -> SafeString | str:
        return label("replied", f"{row.unread} new") if row.unread else ""

    @admin.action(description="Mark as read", permissions=["steer"])
    def mark_read(self, request: HttpRequest, queryset: "models.QuerySet[Conversation]") -> None:
        self._change(request, queryset, "marked as read", lambda row: mark_read(conversation=row))

    @admin.action(description="Close", permissions=["steer"])
    def close_selected(self, request: HttpRequest, queryset: "models.QuerySet[Conversation]") -> None:
        by, at = user_of(request), now()
        self._change(request, queryset, "closed", lambda row: close_conversation(conversation=row, by=by, at=at))

    @admin.action(description="Reopen", permissions=["steer"])
    def reopen_selected(self, request: HttpRequest, queryset: "models.QuerySet[Conversation]") -> None:
        by, at = user_of(request), now()
        self._change(request, queryset, "reopened", lambda row: reopen_conversation(conversation=row, by=by, at=at))

    def _change(self, request: HttpRequest, queryset: Any, word: str, verb: Callable[[Conversation], object]) -> None:
        """Change what the user may change of the selection."""
        mine = list(Conversation.objects.changeable_by(user_of(request)).filter(pk__in=queryset.values("pk")))
        for row in mine:
            verb(row)
        messages.success(request, f"{len(mine)} {word}.")

    # --- The thread -----------------------------------------------------------------------------------

    def panels(self, request: HttpRequest, row: Any) -> Mapping[str, Any]:
        at = now()
        newest = row.messages.select_related("dispatch").order_by("-sent_at", "-pk")[:SHOWN_MESSAGES]
        thread = [(message, relative(message.sent_at, at)) for message in reversed(newest)]
        return {
            "thread": thread,
            "may_answer": self.has_steer_permission(request, row),
            "draft": request.session.pop(_draft_key(row.pk), ""),
            "lead_url": page_of("leads_lead", row.lead_id) if row.lead_id else "",
            "account_state": (row.account.status, row.account.get_status_display()),
        }

    def button_applies(self, name: str, row: Any) -> bool:
        return bool(row.status == (Status.OPEN if name == "close" else Status.CLOSED))

    def answer(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        """Send what was typed. What could not be sent is put back into the box."""
        conversation = self.get_object(request, str(object_id))
        if conversation is None:
            raise Http404
        if request.method != "POST" or not self.has_steer_permission(request, conversation):
            raise PermissionDenied
        text = request.POST.get("text", "")
        try:
            reply(conversation=conversation, text=text, by=user_of(request), at=now(), client=provider_client())
            messages.success(request, f"Sent to {conversation}.")
        except ValidationError as problem:
            request.session[_draft_key(conversation.pk)] = text
            messages.error(request, sentences_of(problem))
        return HttpResponseRedirect(page_of("inbox_conversation", conversation.pk))

    @button(
        "Close conversation",
        icon="done_all",
        sure="The conversation leaves the open list; a new message can be found by search.",
    )
    def close(self, request: HttpRequest, row: Conversation, form: Any) -> str:
        """Put the conversation away."""
        close_conversation(conversation=row, by=user_of(request), at=now())
        return "Closed."

    @button("Reopen", icon="undo", sure="The conversation comes back to the open list.")
    def reopen(self, request: HttpRequest, row: Conversation, form: Any) -> str:
        """Take the conversation up again."""
        reopen_conversation(conversation=row, by=user_of(request), at=now())
        return "Open again."


def _draft_key(conversation_id: Any) -> str:
    return f"draft:{conversation_id}"


class MessageAdmin(LedgerAdmin):
    list_display = ("direction_label", "words", "meaning", "thread", "account_link", "sent")
    list_filter = (("direction", StateFilter), ("meaning", StateFilter), ("account", VisibleFilter))
    list_select_related = ("conversation__lead", "account")
    search_fields = ("text",)
    paginator = CheapPaginator
    ordering = ("-sent_at",)

    direction_label = state("direction", "Direction")
    account_link = to("account", "integrations_account", "Account")
    sent = when("sent_at", "Sent")

    @column("Text")
    def words(self, row: Message) -> SafeString | str:
        return clip(str(row), quiet=False)

    @column("Conversation")
    def thread(self, row: Message) -> Any:
        return link("inbox_conversation", row.conversation_id, str(row.conversation))
