"""What the provider allows an account to do, and what it does then (Unipile API, sections 1.4, 3.4 and 5)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from integrations.unipile.sandbox import refusals
from integrations.unipile.sandbox.faults import Faults
from integrations.unipile.sandbox.happenings import Schedule
from integrations.unipile.sandbox.heralding import Herald
from integrations.unipile.sandbox.people import Person
from integrations.unipile.sandbox.society import Society
from integrations.unipile.sandbox.world import (
    OK,
    RESTRICTED,
    Account,
    Chat,
    Invitation,
    InvitationState,
    Message,
    World,
)

WEEK = timedelta(days=7)
WITHDRAWN_BLOCK = timedelta(weeks=3)
USAGE_MARKS = (50, 75, 90, 95)
NOTE_LIMIT_FREE = 200
NOTE_LIMIT_PREMIUM = 300
MESSAGE_LIMIT = 8000
INDEX_LAG_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Rules:
    """The verbs of an account. Each raises a Refusal, or does its deed and enters it in the ledger."""

    world: World
    society: Society
    schedule: Schedule
    herald: Herald
    faults: Faults
    weekly_invitations: int

    def invite(self, account: Account, provider_id: str, *, note: str, at: datetime) -> Invitation:
        self.require_able(account, at=at)
        _require_length(note, longest=NOTE_LIMIT_PREMIUM if account.premium else NOTE_LIMIT_FREE)
        person = self._recipient(provider_id)
        self._require_invitable(account, person, at=at)
        if self.faults.strikes("cap") or account.invitations_since(at - WEEK) >= self.weekly_invitations:
            raise refusals.cannot_resend_yet()
        invitation = self.world.add_invitation(account, person, note=note, at=at)
        self.world.enter("invitation", account, person, at=at, text=note, id=str(invitation.number))
        self.society.invited(invitation)
        return invitation

    def usage(self, account: Account, *, at: datetime) -> int | None:
        """The percentage of the cap used, only on the invitation that crosses a mark."""
        sent = account.invitations_since(at - WEEK)
        before, after = (100 * number / self.weekly_invitations for number in (sent - 1, sent))
        return next((mark for mark in reversed(USAGE_MARKS) if before < mark <= after), None)

    def withdraw(self, account: Account, number: int, *, at: datetime) -> None:
        self.require_able(account, at=at)
        invitation = account.invitations.get(number)
        if invitation is None or invitation.state is not InvitationState.PENDING:
            raise refusals.not_found("Invitation")
        self.world.end_invitation(invitation, state=InvitationState.WITHDRAWN, at=at)
        self.world.enter("withdrawal", account, invitation.person, at=at, id=str(number))

    def start_chat(self, account: Account, provider_id: str, *, text: str, at: datetime) -> Message:
        """Reuses the chat with that person if there is one (section 5.3)."""
        self.require_able(account, at=at)
        person = self._recipient(provider_id)
        chat = account.chats_by_person.get(provider_id)
        self._require_reachable(account, person, chat)
        return self._send(chat or self.world.chat_with(account, person), text=text, at=at)

    def start_inmail(self, account: Account, provider_id: str, *, text: str, at: datetime) -> Message:
        """To anybody, for a credit of a premium account."""
        self.require_able(account, at=at)
        if not account.premium:
            raise refusals.Refusal(403, "feature_not_subscribed", "Feature not subscribed", "InMail needs premium.")
        if account.inmail_credits < 1:
            raise refusals.Refusal(422, "insufficient_credits", "Insufficient credits", "No InMail credit is left.")
        person = self._recipient(provider_id)
        account.inmail_credits -= 1
        chat = account.chats_by_person.get(provider_id) or self.world.chat_with(account, person)
        return self._send(chat, text=text, at=at, kind="inmail")

    def send(self, chat: Chat, *, text: str, at: datetime) -> Message:
        self.require_able(chat.account, at=at)
        self._require_reachable(chat.account, chat.person, chat)
        return self._send(chat, text=text, at=at)

    def set_status(self, account: Account, status: str, *, at: datetime) -> None:
        """A session is lost or found again; the latter is followed by what was missed meanwhile."""
        was_connected = account.told_until is None
        account.status = status
        if status in (OK, RESTRICTED):
            account.told_until = None
            words = [] if was_connected else ["RECONNECTED", OK]
        else:
            account.told_until = account.told_until or at
            words = [status]
        for word in words:
            self.herald.status(account, word, at=at)
        if account.told_until is None:
            self.herald.fill_gap(account, at=at)

    def _send(self, chat: Chat, *, text: str, at: datetime, kind: str = "message") -> Message:
        _require_length(text, longest=MESSAGE_LIMIT)
        account = chat.account
        message = self.world.add_message(chat, sender=account.owner, text=text, at=at)
        self.world.enter(kind, account, chat.person, at=at, text=text, id=message.id, chat_id=chat.id)
        self._hide_at_first(message, at=at)
        self.herald.message(message, at=at)
        self.society.written_to(message)
        return message

    def _hide_at_first(self, message: Message, *, at: datetime) -> None:
        """For 30 to 60 seconds no list and no chat may show what was just sent (section 5.3)."""
        if fault := self.faults.strikes("index_lag"):
            seconds = INDEX_LAG_SECONDS * (1 + self.faults.draw()) if fault.hold is None else fault.hold
            account = message.chat.account
            message.is_indexed, account.unindexed = False, account.unindexed + 1
            self.schedule.plan(at + timedelta(seconds=seconds), lambda now: self._show(message))

    def _show(self, message: Message) -> None:
        message.is_indexed, message.chat.account.unindexed = True, message.chat.account.unindexed - 1

    def require_able(self, account: Account, *, at: datetime) -> None:
        if account.status == OK and (fault := self.faults.strikes("disconnect")):
            self._lose_session(account, until=at + timedelta(hours=fault.hours), at=at)
        if account.status == RESTRICTED:
            raise refusals.account_restricted()
        if account.status != OK:
            raise refusals.disconnected_account()

    def _lose_session(self, account: Account, *, until: datetime, at: datetime) -> None:
        self.set_status(account, "CREDENTIALS", at=at)
        self.schedule.plan(until, lambda now: self._find_session(account, lost_at=at, at=now))

    def _find_session(self, account: Account, *, lost_at: datetime, at: datetime) -> None:
        """The session comes back by itself, unless somebody changed the account's state meanwhile."""
        if account.told_until == lost_at:
            self.set_status(account, OK, at=at)

    def _recipient(self, provider_id: str) -> Person:
        person = self.world.population.known(provider_id)
        if person is None:
            raise refusals.invalid_recipient()
        return person

    def _require_invitable(self, account: Account, person: Person, *, at: datetime) -> None:
        if person is account.owner:
            raise refusals.cannot_invite_attendee()
        if person.provider_id in account.relations:
            raise refusals.already_connected()
        withdrawn_at = account.withdrawn.get(person.provider_id)
        cooling = withdrawn_at is not None and at < withdrawn_at + WITHDRAWN_BLOCK
        if cooling or person.provider_id in account.pending:
            ambiguous = self.faults.strikes("ambiguous")
            raise refusals.cannot_resend_yet() if ambiguous else refusals.already_invited_recently()

    def _require_reachable(self, account: Account, person: Person, chat: Chat | None) -> None:
        """A relation, or somebody who wrote first: they answered a note while second degree (trap 15)."""
        wrote_first = chat is not None and chat.was_answered
        if person.provider_id not in account.relations and not wrote_first:
            raise refusals.no_connection_with_recipient()


def _require_length(text: str, *, longest: int) -> None:
    if len(text) > longest:
        raise refusals.too_many_characters(longest)
