"""What people do: accept, answer, react, keep silent. Each act happens at its own moment and is announced."""

from datetime import datetime, timedelta
from functools import partial

from integrations.unipile.sandbox import names
from integrations.unipile.sandbox.happenings import Schedule
from integrations.unipile.sandbox.heralding import Herald
from integrations.unipile.sandbox.people import Answers, Person, person_rng
from integrations.unipile.sandbox.world import (
    Account,
    Chat,
    Invitation,
    InvitationState,
    Message,
    World,
)

READING_TIME = timedelta(seconds=5)
TALKING_DELAYS = (timedelta(minutes=20), timedelta(hours=8))  # between answers once a talk has begun
NOTE_ANSWER_DELAYS = (timedelta(minutes=30), timedelta(hours=30))


class Society:
    """People's behaviour over the world's state. `relation_delay` is how late a new relation is noticed at most."""

    def __init__(self, world: World, schedule: Schedule, herald: Herald, *, relation_delay: timedelta) -> None:
        self._world = world
        self._schedule = schedule
        self._herald = herald
        self._relation_delay = relation_delay

    def invited(self, invitation: Invitation) -> None:
        """Somebody got an invitation: plan what they will make of it."""
        mood = invitation.person.temperament
        if mood.accepts_after is not None:
            self._schedule.plan(invitation.sent_at + mood.accepts_after, partial(self._accept, invitation))
        if invitation.note and mood.answers_note:
            due_at = invitation.sent_at + self._drawn(invitation.person, "note", NOTE_ANSWER_DELAYS)
            self._schedule.plan(due_at, partial(self._answer_note, invitation))

    def _accept(self, invitation: Invitation, at: datetime) -> None:
        """They would accept now, if the invitation still stands."""
        if invitation.state is InvitationState.PENDING:
            self.accept(invitation, at=at)

    def accept(self, invitation: Invitation, *, at: datetime) -> None:
        """The person accepts a pending invitation."""
        account, person = invitation.account, invitation.person
        self._world.end_invitation(invitation, state=InvitationState.ACCEPTED, at=at)
        relation = self._world.connect(account, person, at=at)
        self._world.enter_inbound("accepted", account, person, at=at)
        noticed_at = at + self._drawn(person, "noticed", (timedelta(), self._relation_delay))
        self._schedule.plan(noticed_at, lambda now: self._herald.relation(relation, account, at=now))
        self._show_note(invitation, at=at)

    def written_to(self, message: Message) -> None:
        """Somebody got a message of ours: plan what they will do about it."""
        chat = message.chat
        chat.own_since_start += 1
        if not chat.answer_due and self._is_moved(chat):
            chat.answer_due = True
            self._schedule.plan(message.at + self._answer_delay(chat), partial(self._answer, chat))

    def write(self, account: Account, person: Person, *, text: str, at: datetime) -> Message:
        """The person writes, whether they were asked or not."""
        chat = self._world.chat_with(account, person)
        self._read_all(chat, at=at)
        message = self._world.add_message(chat, sender=person, text=text, at=at)
        details = {"text": text, "message_id": message.id, "chat_id": chat.id}
        self._world.enter_inbound("message", account, person, at=at, **details)
        self._herald.message(message, at=at)
        return message

    def _write(self, account: Account, person: Person, text: str, at: datetime) -> None:
        self.write(account, person, text=text, at=at)

    def _show_note(self, invitation: Invitation, *, at: datetime) -> None:
        """The note becomes the first message of a chat, announced at once and as our own (section 3.6)."""
        chat = invitation.account.chats_by_person.get(invitation.person.provider_id)
        if not invitation.note or (chat and chat.messages):
            return
        chat = self._world.chat_with(invitation.account, invitation.person)
        message = self._world.add_message(
            chat, sender=invitation.account.owner, text=invitation.note, at=at, message_type="INVITATION"
        )
        self._herald.message(message, at=at)

    def _answer_note(self, invitation: Invitation, at: datetime) -> None:
        """Some answer the note while they are still second degree (trap 15)."""
        if invitation.state is InvitationState.WITHDRAWN:
            return
        self._show_note(invitation, at=at)
        account, person = invitation.account, invitation.person
        text = person_rng(self._world.seed, person.provider_id, "note text").choice(names.NOTE_ANSWERS)
        self._schedule.plan(at + READING_TIME, partial(self._write, account, person, text))

    def _is_moved(self, chat: Chat) -> bool:
        mood = chat.person.temperament
        if chat.answers_given:
            return mood.answers is not Answers.OUT_OF_OFFICE and chat.answers_given < mood.patience
        return mood.answers is not Answers.NEVER and chat.own_since_start >= _messages_needed(mood.answers)

    def _answer_delay(self, chat: Chat) -> timedelta:
        if chat.answers_given:
            return self._drawn(chat.person, chat.answers_given, TALKING_DELAYS)
        return chat.person.temperament.answer_delay

    def _answer(self, chat: Chat, at: datetime) -> None:
        chat.answer_due = False
        chat.answers_given += 1
        if chat.person.temperament.answers is Answers.REACTS and chat.answers_given == 1:
            self._react(chat, at=at)
        else:
            self.write(chat.account, chat.person, text=self._answer_text(chat), at=at)

    def _answer_text(self, chat: Chat) -> str:
        rng = person_rng(self._world.seed, chat.person.provider_id, "text", chat.answers_given)
        if chat.person.temperament.answers is Answers.OUT_OF_OFFICE:
            return rng.choice(names.OUT_OF_OFFICE)
        return rng.choice(names.ANSWERS if chat.answers_given == 1 else names.LATER_ANSWERS)

    def _react(self, chat: Chat, *, at: datetime) -> None:
        """A thumb under our last message, which is not an answer."""
        own = [message for message in chat.messages if message.is_own]
        self._read_all(chat, at=at)
        own[-1].reactions.append(("👍", chat.person))
        self._herald.reaction(own[-1], emoji="👍", by=chat.person, at=at)

    def _read_all(self, chat: Chat, *, at: datetime) -> None:
        """Whoever writes has read what was there."""
        unseen = [message for message in chat.messages if message.is_own and not message.seen]
        for message in unseen:
            message.seen = True
            self._herald.read(message, by=chat.person, at=at)

    def _drawn(self, person: Person, question: object, bounds: tuple[timedelta, timedelta]) -> timedelta:
        """A length of time that belongs to one person and one question, in whole milliseconds."""
        shortest, longest = bounds
        share = person_rng(self._world.seed, person.provider_id, question).random()
        return timedelta(milliseconds=(shortest + (longest - shortest) * share) // timedelta(milliseconds=1))


def _messages_needed(answers: Answers) -> int:
    return 2 if answers is Answers.FOLLOW_UP else 1
