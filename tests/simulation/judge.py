"""The judge: asks the ten laws after every move, from the sandbox's ledger and from what the world was built of."""

import re
from collections import Counter
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from campaigns.models import Campaign, Enrollment, StepExecution
from inbox.models import Message
from integrations.models import Account, Dispatch, Usage
from leads.models import Lead
from outreach.clients.models import Client
from outreach.events.models import Event

if TYPE_CHECKING:
    from tests.simulation.stage import Stage

Entry = dict[str, Any]
MANUAL = "[manual]"


class Broken(AssertionError):
    """A law was broken."""


def moment_of(entry: Entry) -> datetime:
    return datetime.fromisoformat(str(entry["at"]).replace("Z", "+00:00"))


class Judge:
    def __init__(self, stage: "Stage") -> None:
        self.stage = stage
        self.seen = 0
        self.answered: set[str] = set()
        self.pauses: list[object] = []
        self.engine_stopped = False

    def broken(self, law: int, words: str) -> Broken:
        tail = "\n  ".join(self.stage.history[-25:])
        return Broken(f"law {law}, seed {self.stage.seed}, {self.stage.at}: {words}\n  {tail}")

    # --- While the world turns --------------------------------------------------------------------------

    def at_milestone(self, name: str) -> None:
        """Just before the calls, learn who is known to have answered by then; just after, judge them."""
        if name == "after_confirm":
            self._learn_answers()
        elif name == "after_call":
            self._judge_new_entries()

    def after_move(self) -> None:
        self._judge_new_entries()
        self._learn_answers()

    @property
    def is_anything_paused(self) -> bool:
        return self.engine_stopped or bool(self.pauses)

    def _judge_new_entries(self) -> None:
        ledger = self.stage.sandbox.ledger()
        fresh, self.seen = ledger[self.seen :], len(ledger)
        for entry in fresh:
            self.stage.note(f"LEDGER {entry['kind']} {entry['person'][-6:]} {entry['text'][:40]!r}")
            self._never_twice(entry, ledger)
            self._never_over_a_limit(entry, ledger)
            self._not_too_many_new(entry, ledger)
            if not self._is_manual(entry):
                self._silence_after_a_reply(entry)
                self._only_in_working_time(entry)
                self._stop_means_stop(entry)
                self._the_right_words(entry)

    def _learn_answers(self) -> None:
        rows = Message.objects.of(self.stage.client).filter(is_reply=True)
        self.answered |= set(rows.values_list("conversation__person", flat=True))

    @staticmethod
    def _is_manual(entry: Entry) -> bool:
        return str(entry["text"]).startswith(MANUAL)

    # --- The laws ---------------------------------------------------------------------------------------

    def _never_twice(self, entry: Entry, ledger: list[Entry]) -> None:
        """Law 1. Texts name their campaign and step, so equal texts to one person are one step sent twice."""
        if self._is_manual(entry):
            return
        by_account = entry["kind"] in ("invitation", "withdrawal")
        same = [
            other
            for other in ledger
            if other["kind"] == entry["kind"]
            and other["person"] == entry["person"]
            and (other["account_id"] == entry["account_id"] if by_account else other["text"] == entry["text"])
        ]
        if len(same) > 1:
            raise self.broken(1, f"{entry['kind']} {len(same)} times to {entry['person']}: {entry['text']!r}")

    def _silence_after_a_reply(self, entry: Entry) -> None:
        if entry["person"] in self.answered:
            raise self.broken(2, f"{entry['kind']} to {entry['person']}, who had answered: {entry['text']!r}")

    def _campaigns_of(self, entry: Entry) -> list[Campaign]:
        if named := re.match(r"\[c(\d)s\d\]", str(entry["text"])):
            return [self.stage.campaigns[int(named[1])]]
        rows = Enrollment.objects.filter(lead=self._lead(entry), account__provider_account_id=entry["account_id"])
        return [row.campaign for row in rows.select_related("campaign")]

    def _lead(self, entry: Entry) -> Lead:
        known = Lead.objects.filter(client=self.stage.client)
        found = known.filter(provider_id=entry["person"]).first()
        if found is None:
            raise self.broken(6, f"{entry['kind']} to {entry['person']}, who is no lead")
        return found

    def _only_in_working_time(self, entry: Entry) -> None:
        at = moment_of(entry)
        if not any(_is_open(campaign, at) for campaign in self._campaigns_of(entry)):
            raise self.broken(3, f"{entry['kind']} at {at}, outside the hours of every campaign it could belong to")

    def _never_over_a_limit(self, entry: Entry, ledger: list[Entry]) -> None:
        account = next(each for each in self.stage.accounts if each.provider_account_id == entry["account_id"])
        mine = [each for each in ledger if each["account_id"] == entry["account_id"]]
        zone = ZoneInfo(account.time_zone)
        day = moment_of(entry).astimezone(zone).date()
        same = [e for e in mine if e["kind"] == entry["kind"] and moment_of(e).astimezone(zone).date() == day]
        caps = {"invitation": account.invitations_per_day, "message": account.messages_per_day}
        cap = caps.get(str(entry["kind"]), 1000)
        if len(same) > cap:
            raise self.broken(4, f"{len(same)} {entry['kind']}s on {day}, the cap is {cap}")
        week = [e for e in mine if e["kind"] == "invitation" and 0 <= (day - _day(e, zone)).days < 7]
        if account.invitations_per_week is not None and len(week) > account.invitations_per_week:
            raise self.broken(4, f"{len(week)} invitations in seven days, the cap is {account.invitations_per_week}")
        notes = [e for e in mine if e["kind"] == "invitation" and e["text"] and (day - _day(e, zone)).days < 30]
        if account.notes_per_month is not None and len(notes) > account.notes_per_month:
            raise self.broken(4, f"{len(notes)} notes in thirty days, the cap is {account.notes_per_month}")
        earlier = [moment_of(e) for e in mine if e is not entry and moment_of(e) <= moment_of(entry)]
        if earlier and (moment_of(entry) - max(earlier)).total_seconds() < account.spacing_min_seconds - 0.01:
            gap = (moment_of(entry) - max(earlier)).total_seconds()
            raise self.broken(4, f"{gap} s after the last action; the shortest pause is {account.spacing_min_seconds}")

    def _not_too_many_new(self, entry: Entry, ledger: list[Entry]) -> None:
        """A campaign begins with only so many leads on a day of its zone.

        An invitation without a note names no campaign: whoever had one may have begun before their first words.
        """
        for campaign in self._campaigns_of(entry):
            if campaign.new_leads_per_day is None or not re.match(r"\[c\d", str(entry["text"])):
                continue
            mark, zone = str(entry["text"])[:3], ZoneInfo(campaign.time_zone)
            firsts = {e["person"]: e for e in reversed(ledger) if str(e["text"]).startswith(mark)}
            bare = {e["person"] for e in ledger if e["kind"] == "invitation" and not e["text"]}
            new = [e for person, e in firsts.items() if person not in bare]
            begun = [e for e in new if _day(e, zone) == _day(entry, zone)]
            if len(begun) > campaign.new_leads_per_day:
                raise self.broken(4, f"{len(begun)} new leads on a day, the cap is {campaign.new_leads_per_day}")

    def paused(self, scope: str, what: object) -> None:
        if scope == "engine":
            self.engine_stopped = True
        elif what:
            self.pauses.append(what)

    def resumed(self) -> None:
        self.engine_stopped = False
        self.pauses.clear()

    def _stop_means_stop(self, entry: Entry) -> None:
        if self.engine_stopped or any(self._concerns(pause, entry) for pause in self.pauses):
            raise self.broken(5, f"{entry['kind']} to {entry['person']} although paused: {self.pauses}")

    def _concerns(self, pause: object, entry: Entry) -> bool:
        if isinstance(pause, Client):
            return True
        if isinstance(pause, Account):
            return pause.provider_account_id == entry["account_id"]
        campaigns = self._campaigns_of(entry)
        if isinstance(pause, Campaign):
            return campaigns == [pause]
        assert isinstance(pause, Enrollment)
        return campaigns == [pause.campaign] and pause.lead_id == self._lead(entry).pk

    def _the_right_words(self, entry: Entry) -> None:
        """Law 6, by plain replacement: the template's text with this one lead's values."""
        text = str(entry["text"])
        if not (named := re.match(r"\[c(\d)s(\d)\]", text)):
            if text:
                raise self.broken(6, f"words of no step: {text!r}")
            return
        lead = self._lead(entry)
        sequence = self.stage.campaigns[int(named[1])].sequences.get()
        step = sequence.steps.get(position=int(named[2]))
        fitting = [words for _, _, words in step.texts() if words.split("{{")[0] == text[: len(words.split("{{")[0])]]
        if not fitting:
            raise self.broken(6, f"words of no variant of its step: {text!r}")
        template = fitting[0]
        expected = template.replace('{{ first_name | default: "there" }}', lead.first_name or "there")
        for token, value in (("first_name", lead.first_name), ("company", lead.company)):
            if f"{{{{ {token} }}}}" in expected and not value:
                raise self.broken(6, f"sent although the lead has no {token}: {text!r}")
            expected = expected.replace(f"{{{{ {token} }}}}", value)
        if text != expected:
            raise self.broken(6, f"{text!r} instead of {expected!r}")

    # --- At the end -------------------------------------------------------------------------------------

    def at_the_end(self) -> None:
        self._every_inbound_fact_counts_once()
        self._nothing_happens_unrecorded()
        self._a_crash_costs_nothing()

    def _every_inbound_fact_counts_once(self) -> None:
        """Law 7: what people wrote is in the inbox, once, and every answer stopped its sequences."""
        people = set(Lead.objects.of(self.stage.client).exclude(provider_id="").values_list("provider_id", flat=True))
        wrote = [
            each for each in self.stage.sandbox.inbound() if each["kind"] == "message" and each["person"] in people
        ]
        told = Counter(Message.objects.of(self.stage.client).values_list("provider_message_id", flat=True))
        for each in wrote:
            if told[each["message_id"]] != 1:
                raise self.broken(7, f"a message is in the inbox {told[each['message_id']]} times: {each}")
        events = Counter(Event.objects.filter(kind="message_received").values_list("data__message", flat=True))
        doubled = {key: count for key, count in events.items() if count > 1}
        if doubled:
            raise self.broken(7, f"answers counted more than once: {doubled}")
        for lead in Lead.objects.of(self.stage.client).filter(replied_at__isnull=False):
            if still := lead.enrollments.open().first():
                raise self.broken(2, f"{still} is {still.state} although the lead answered")

    def _nothing_happens_unrecorded(self) -> None:
        """Law 9: every end has its event, and every send has exactly one."""
        for enrollment in Enrollment.objects.of(self.stage.client).exclude(state__in=("scheduled", "active", "paused")):
            kind = "enrollment_completed" if enrollment.state == "completed" else "enrollment_exited"
            count = Event.objects.filter(enrollment_id=enrollment.pk, kind=kind).count()
            if count != 1:
                raise self.broken(9, f"{enrollment} ended with {count} events of kind {kind}")
        sent = Dispatch.objects.of(self.stage.client).filter(state="sent")
        kinds = ("connection_request_sent", "message_sent", "step_done", "invitation_withdrawn")
        told = Event.objects.filter(kind__in=kinds)
        events = Counter(told.values_list("data__dispatch", flat=True))
        for dispatch in sent.filter(actor="engine"):
            if events[str(dispatch.pk)] != 1:
                raise self.broken(9, f"{dispatch} was sent with {events[str(dispatch.pk)]} events")

    def _a_crash_costs_nothing(self) -> None:
        """Law 10: nothing is left hanging, and our books agree with the ledger."""
        client = self.stage.client
        hanging = Dispatch.objects.of(client).filter(state__in=("sending", "unknown"))
        if hanging.exists():
            raise self.broken(10, f"left hanging: {[(d.state, d.action, d.detail, d.reserved_at) for d in hanging]}")
        ours = Counter(
            (dispatch.account.provider_account_id, dispatch.action, dispatch.person, " ".join(dispatch.text.split()))
            for dispatch in Dispatch.objects.of(client).filter(state="sent").select_related("account")
        )
        theirs = Counter(
            (each["account_id"], each["kind"], each["person"], " ".join(str(each["text"]).split()))
            for each in self.stage.sandbox.ledger()
        )
        if ours != theirs:
            raise self.broken(10, f"books differ: only ours {ours - theirs}, only the ledger's {theirs - ours}")
        self._usage_agrees()
        if StepExecution.objects.of(client).filter(outcome__in=("in_flight", "unknown")).exists():
            raise self.broken(10, "an attempt is still in flight")

    def _usage_agrees(self) -> None:
        for usage in Usage.objects.filter(account__client=self.stage.client):
            live = ("sending", "sent", "unknown")
            taken = usage.dispatches.filter(state__in=live).count()
            taken += usage.noted_dispatches.filter(state__in=live).count()
            if taken != usage.used:
                raise self.broken(4, f"{usage} says {usage.used} used; {taken} dispatches took from it")


def _day(entry: Entry, zone: ZoneInfo) -> date:
    return moment_of(entry).astimezone(zone).date()


def _is_open(campaign: Campaign, at: datetime) -> bool:
    """Working time by nothing but the wall clock."""
    wall = at.astimezone(ZoneInfo(campaign.time_zone))
    if wall.date().isoformat() in campaign.closed_dates:
        return False
    if campaign.week:
        shown = f"{wall:%H:%M:%S}"
        hours = campaign.week.get(f"{wall:%a}".lower(), [])
        return any(f"{opens}:00" <= shown < f"{closes}:00" for opens, closes in hours)
    return wall.weekday() in campaign.weekdays and campaign.opens_at <= wall.time() < campaign.closes_at
