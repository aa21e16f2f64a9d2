"""A conversation is read as a thread and answered in place."""

from datetime import timedelta

import pytest

from inbox import admin as inbox_admin
from inbox.models import Conversation, Message
from integrations.models import Account, Usage
from integrations.unipile.client import UnipileClient
from integrations.unipile.sandbox import Sandbox
from integrations.unipile.sandbox.transport import HOST, sandbox_session
from tests.console.addresses import page
from tests.console.conftest import AT


@pytest.fixture
def sandbox(monkeypatch, ours) -> Sandbox:
    """The provider that answers go to, with a chat of one of its accounts as our conversation."""
    world = Sandbox(1, now=lambda: AT, people=60)
    provider = UnipileClient(HOST, "sandbox", session=sandbox_session(world))
    monkeypatch.setattr(inbox_admin, "provider_client", lambda: provider)
    account_id = world.account_ids[0]
    own = provider.own_profile(account_id)
    Account.objects.filter(pk=ours.account.pk).update(provider_account_id=account_id, provider_user_id=own.provider_id)
    chat = next(iter(provider.chats(account_id)))
    Conversation.objects.filter(pk=ours.conversation.pk).update(
        provider_chat_id=chat.id, person=chat.attendee_provider_id
    )
    return world


def answer(browser, conversation, text):
    return browser.post(page(conversation, "answer"), {"text": text}, follow=True)


def test_the_thread_shows_both_sides_in_order(agent, ours):
    Message.objects.create(
        client=ours.client,
        conversation=ours.conversation,
        account=ours.account,
        direction=Message.Direction.OUTBOUND,
        text="Our first words",
        sent_at=AT - timedelta(hours=2),
        recorded_at=AT,
        noticed_by="engine",
    )
    shown = agent.get(page(ours.conversation)).content.decode()
    assert shown.index("Our first words") < shown.index("Hello from Ada")


def test_an_answer_goes_out_once_and_counts_against_the_cap(agent, ours, sandbox):
    shown = answer(agent, ours.conversation, "Thank you, Ada!")
    assert "Sent to Ada Lead." in shown.content.decode()
    assert [entry["text"] for entry in sandbox.ledger()] == ["Thank you, Ada!"]
    assert Usage.objects.get(account=ours.account, action="message").used == 1
    assert Conversation.objects.get(pk=ours.conversation.pk).unread == 0


def test_what_could_not_be_sent_stays_in_the_box(agent, ours, sandbox):
    Account.objects.filter(pk=ours.account.pk).update(status="credentials")
    shown = answer(agent, ours.conversation, "Words that must not be lost").content.decode()
    assert "logged out" in shown
    assert "Words that must not be lost</textarea>" in shown
    assert sandbox.ledger() == []
    assert "Words that must not be lost" not in agent.get(page(ours.conversation)).content.decode()


def test_a_viewer_reads_and_has_no_box(viewer, ours):
    shown = viewer.get(page(ours.conversation)).content.decode()
    assert "Hello from Ada" in shown
    assert "<textarea" not in shown
    assert viewer.post(page(ours.conversation, "answer"), {"text": "Hi"}).status_code == 403


def test_an_answer_is_never_a_link(agent, ours, sandbox):
    assert agent.get(page(ours.conversation, "answer"), {"text": "Hi"}).status_code == 403
    assert sandbox.ledger() == []


def test_markup_in_a_message_is_shown_as_text(agent, ours):
    Message.objects.filter(pk=ours.message.pk).update(text="<script>alert(1)</script>")
    shown = agent.get(page(ours.conversation)).content.decode()
    assert "<script>alert(1)</script>" not in shown
    assert "&lt;script&gt;alert(1)" in shown
