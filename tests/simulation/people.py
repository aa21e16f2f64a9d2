"""What is known of the people: who has answered, who is away until when, who must not be contacted. The judge's own
reading of it, from what they wrote and from what of it has reached us."""

from copy import copy
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from re import search
from typing import TYPE_CHECKING, Any

from campaigns.models import Enrollment
from inbox.models import Message
from leads.models import Lead
from tests.simulation.facts import ONE_DAY, CampaignFacts, midnight, moment_of
from tests.simulation.outside import UNSUBSCRIBES

if TYPE_CHECKING:
    from tests.simulation.stage import Stage

AWAY = "out_of_office"
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass
class Wrote:
    """One message of somebody. `known_at` is when it had reached us."""

    id: str
    person: str
    text: str
    at: datetime
    known_at: datetime | None = None
    meaning: str = ""  # as an operator has said

    @property
    def is_away(self) -> bool:
        says_so = "Automatic reply" in self.text or "parental leave" in self.text
        return self.meaning == AWAY if self.meaning else says_so

    @property
    def wants_silence(self) -> bool:
        return self.meaning == "unsubscribe" if self.meaning else self.text in UNSUBSCRIBES

    def back_on(self) -> date | None:
        """The first day back, where the text is plain enough to be sure of it."""
        written = self.at.date()
        if dated := search(r"until (\d{4}-\d\d-\d\d)", self.text):
            return date.fromisoformat(dated[1]) + ONE_DAY
        if named := search(rf"(?i)\b({'|'.join(WEEKDAYS)})\b", self.text):
            ahead = (WEEKDAYS.index(named[1].lower()) - written.weekday() - 1) % 7 + 1
            return written + timedelta(days=ahead + 1) if "until Monday" in self.text else None
        return written + timedelta(days=7) if self.text.isascii() and not search(r"\d", self.text) else None


@dataclass
class People:
    stage: "Stage"
    wrote: list[Wrote] = field(default_factory=list)
    listed: list[tuple[str, str]] = field(default_factory=list)  # the do-not-contact list
    read: int = 0

    def copied(self) -> "People":
        return People(self.stage, [copy(each) for each in self.wrote], list(self.listed), self.read)

    def learn(self) -> None:
        """Take in what people have written since, and which of it has reached us."""
        inbound = self.stage.sandbox.parts.world.inbound
        for entry in inbound[self.read :]:
            if entry["kind"] == "message":
                self.wrote.append(Wrote(entry["message_id"], entry["person"], entry["text"], moment_of(entry)))
        self.read = len(inbound)
        unknown = {each.id: each for each in self.wrote if each.known_at is None}
        if unknown:
            found = Message.objects.filter(provider_message_id__in=unknown)
            for known in found.values_list("provider_message_id", flat=True):
                unknown[known].known_at = self.stage.at

    def overridden(self, message_id: str, meaning: str) -> None:
        for each in self.wrote:
            if each.id == message_id:
                each.meaning = meaning

    def suppressed(self, kind: str, value: str) -> None:
        self.listed.append((kind, value.strip().lower()))

    # --- Questions --------------------------------------------------------------------------------------

    def known_from(self, person: str) -> list[Wrote]:
        return [each for each in self.wrote if each.person == person and each.known_at is not None]

    def answers(self, person: str, walks: list[Enrollment]) -> list[Wrote]:
        """Known answers that were written after one of these walks had begun."""
        since = min((walk.enrolled_at for walk in walks), default=None)
        return [each for each in self.known_from(person) if since and each.at >= since and not each.is_away]

    def away_until(self, person: str, walk: Enrollment, campaign: CampaignFacts, lead_zone: str) -> datetime | None:
        said = [each for each in self.known_from(person) if each.is_away and each.at >= walk.enrolled_at]
        days = [day for each in said if (day := each.back_on())]
        return midnight(max(days), campaign.zone_for(lead_zone)) if days else None

    def forbidden(self, lead: Lead) -> str:
        """The entry of the list that names this lead, or ""."""
        email = lead.email.lower()
        names = {("profile", lead.public_identifier.lower()), ("profile", lead.provider_id.lower()), ("email", email)}
        names |= {("domain", email.rpartition("@")[2]), ("company", lead.company.strip().lower())}
        named = [entry for entry in self.listed if entry[1] and entry in names]
        return f"{named[0][0]} {named[0][1]}" if named else ""

    def answered_since(self, people: set[str], moment: datetime, before: datetime) -> list[Wrote]:
        """Known answers of these people that are younger than the moment, and known before that one."""
        found: list[Any] = [each for person in people for each in self.known_from(person) if not each.is_away]
        return [each for each in found if each.at > moment and each.known_at < before]
