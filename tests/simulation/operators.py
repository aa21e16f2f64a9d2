"""What operators do, at random: pausing and resuming, editing, answering, deciding, putting people on the list."""

from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import transaction

from campaigns import versioning
from campaigns.deciding import settle_by_hand
from campaigns.engine.restoring import reconcile_everything
from campaigns.enrolling import enroll
from campaigns.handing_over import hand_over
from campaigns.models import Campaign, Enrollment, ManualTask, Step
from campaigns.overriding import override
from campaigns.stopping import (
    pause_account,
    pause_campaign,
    pause_client,
    pause_enrollment,
    pause_sender,
    release_enrollment,
    resume_account,
    resume_campaign,
    resume_client,
    resume_enrollment,
    resume_sender,
    start_engine,
    stop_engine,
    stop_enrollment,
)
from campaigns.tasking import close_task
from inbox.models import Conversation, Message
from inbox.replying import NotSent, reply
from integrations import breaker, receiving
from integrations.dispatching import wake
from integrations.models import Dispatch, Sender, WebhookReceipt
from leads.models import Lead
from leads.suppressing import suppress
from tests.simulation.composing import edited
from tests.simulation.facts import CampaignFacts, drafts, with_origins

if TYPE_CHECKING:
    from tests.simulation.stage import Stage

MANUAL = "[manual]"


class Operators:
    def __init__(self, stage: "Stage") -> None:
        self.stage = stage
        self.builder = stage.builder
        self.client = stage.builder.client
        self.rng = stage.rng
        self.renamed: dict[object, str] = {}  # what a lead was called before the last change

    def act(self) -> None:
        """Perhaps somebody does something now."""
        if not self.stage.armed:
            return
        if self.stage.judge.is_anything_paused and self.rng.random() < 0.3:
            self.stage.do("operator", self.resume_all)
        elif self.rng.random() < self.stage.plan.operator_rate:
            self.stage.do("operator", self._something)
        if self.rng.random() < 0.3:
            self.stage.do("operator", self._do_a_task)
        if self.rng.random() < 0.3:
            self.stage.do("operator", self.decide)

    def interfere(self) -> str:
        """In the middle of somebody else's move: what must still be heeded by it."""
        return self._tried(self.rng.choice((self._pause, self._pause, self._suppress, self._stop_one, self._publish)))

    def _something(self) -> str:
        acts = (
            *(self._pause, self._pause, self._suppress, self._override, self._answer, self._replay, self._publish),
            *(self._publish, self._go_back, self._move_to_newest, self._hand_over, self._enroll, self._stop_one),
            *(self._release, self._wake, self._close_circuit, self._change_lead, self._compare_all, self._receiver),
        )
        return self._tried(self.rng.choice(acts))

    def _tried(self, act) -> str:  # type: ignore[no-untyped-def]
        """What an operator is refused leaves nothing behind."""
        name = act.__name__.strip("_")
        try:
            with transaction.atomic():
                return f"{name}: {act()}"
        except ValidationError as problem:
            return f"{name} refused: {'; '.join(problem.messages)}"

    # --- Pausing ----------------------------------------------------------------------------------------

    def _pause(self) -> str:
        scope = self.rng.choice(("engine", "client", "account", "sender", "campaign", "lead"))
        at, judge = self.stage.at, self.stage.judge
        match scope:
            case "engine":
                stop_engine(by=None, at=at)
                judge.engine_stopped = True
            case "client":
                pause_client(client=self.client, by=None, at=at)
                judge.paused("account", *(account.pk for account in self.builder.accounts))
            case "account":
                account = self.rng.choice(self.builder.accounts)
                pause_account(account=account, by=None, at=at)
                judge.paused("account", account.pk)
            case "sender":
                account = self.rng.choice(self.builder.accounts)
                pause_sender(sender=Sender.objects.get(pk=account.sender_id), by=None, at=at)
                judge.paused("account", account.pk)
            case "campaign":
                campaign = Campaign.objects.get(pk=self.rng.choice(self.builder.campaigns).pk)
                pause_campaign(campaign=campaign, by=None, at=at)
                judge.paused("campaign", campaign.pk)
            case "lead":
                if walk := self._walk(state__in=("scheduled", "active")):
                    pause_enrollment(enrollment=walk, by=None, at=at)
                    judge.paused("walk", walk.pk)
        return scope

    def resume_all(self) -> str:
        at = self.stage.at
        start_engine(by=None, at=at)
        resume_client(client=self.client, by=None, at=at)
        for account in self.builder.accounts:
            resume_sender(sender=account.sender, by=None, at=at)
            resume_account(account=account, by=None, at=at)
        for campaign in Campaign.objects.filter(client=self.client, status="paused").order_by("pk"):
            resume_campaign(campaign=campaign, by=None, at=at)
        for walk in Enrollment.objects.of(self.client).filter(state="paused").order_by("pk"):
            resume_enrollment(enrollment=walk, by=None, at=at)
        self.stage.judge.resumed()
        return "resumed everything"

    # --- Leads ------------------------------------------------------------------------------------------

    def _walk(self, **of: object) -> Enrollment | None:
        walks = list(Enrollment.objects.of(self.client).filter(**of).order_by("pk"))
        return self.rng.choice(walks) if walks else None

    def _stop_one(self) -> str:
        walk = self._walk(state__in=("scheduled", "active", "paused"))
        if walk:
            stop_enrollment(enrollment=walk, by=None, at=self.stage.at)
            self.stage.judge.stopped(walk.pk)
        return "" if walk is None else walk.lead.provider_id[-6:]

    def _release(self) -> str:
        if walk := self._walk(state="active", held_at__isnull=False):
            release_enrollment(enrollment=walk, by=None, at=self.stage.at)
            return walk.lead.provider_id[-6:]
        return ""

    def _enroll(self) -> str:
        facts = self.rng.choice(self.builder.campaigns)
        leads = self.rng.sample(self.builder.leads, min(2, len(self.builder.leads)))
        fresh = list(Lead.objects.filter(pk__in=[lead.pk for lead in leads]).order_by("pk"))
        report = enroll(campaign=Campaign.objects.get(pk=facts.pk), leads=fresh, by=None, at=self.stage.at)
        return f"{report.enrolled} into c{facts.number}"

    def _change_lead(self) -> str:
        """Somebody mends a lead's data."""
        if not self.builder.leads:
            return ""
        lead = Lead.objects.get(pk=self.rng.choice(self.builder.leads).pk)
        self.renamed[lead.pk] = lead.first_name
        lead.first_name = self.rng.choice(("Grace", "Ada", ""))
        lead.save(update_fields=["first_name"])
        return f"{lead.public_identifier} is {lead.first_name!r}"

    def first_names(self, lead: Lead) -> set[str]:
        """What the lead is called, or was when the step at hand may have been worded."""
        return {lead.first_name, self.renamed.get(lead.pk, lead.first_name)}

    def _suppress(self) -> str:
        if not self.builder.leads:
            return ""
        lead = Lead.objects.get(pk=self.rng.choice(self.builder.leads).pk)
        names = {"profile": lead.public_identifier, "email": lead.email, "company": lead.company}
        names["domain"] = lead.email.rpartition("@")[2]
        kind = self.rng.choice([kind for kind, value in names.items() if value.strip()])
        client = self.rng.choice((self.client, self.client, None))
        suppress(client=client, kind=kind, value=names[kind], reason="asked", by=None, at=self.stage.at)
        self.stage.judge.people.suppressed(kind, names[kind])
        return f"{kind} {names[kind]}"

    # --- Sequences and senders --------------------------------------------------------------------------

    def _publish(self) -> str:
        facts = self.rng.choice(self.builder.campaigns)
        version = edited(self.rng, self.builder.composers[facts.number], facts.versions[-1])
        move = self.rng.random() < 0.6
        row = Campaign.objects.get(pk=facts.pk)
        done = versioning.publish(campaign=row, steps=drafts(version), move=move, by=None, at=self.stage.at)
        self._note_version(facts, done, version)
        return f"c{facts.number} version {done.sequence.version}: {done.moved} moved, {done.stayed} stayed"

    def _note_version(self, facts: CampaignFacts, done: versioning.Published, version: tuple) -> None:
        steps = Step.objects.filter(sequence=done.sequence).order_by("position")
        facts.versions.append(with_origins(version, list(steps.values_list("origin", flat=True))))

    def _go_back(self) -> str:
        facts = self.rng.choice(self.builder.campaigns)
        row = Campaign.objects.get(pk=facts.pk)
        done = versioning.go_back(campaign=row, move=self.rng.random() < 0.7, by=None, at=self.stage.at)
        self._note_version(facts, done, facts.versions[-2])
        return f"c{facts.number} version {done.sequence.version}: {done.moved} moved, {done.stayed} stayed"

    def _move_to_newest(self) -> str:
        facts = self.rng.choice(self.builder.campaigns)
        row = Campaign.objects.get(pk=facts.pk)
        return f"c{facts.number}: {versioning.move_to_newest(campaign=row, by=None, at=self.stage.at)}"

    def _hand_over(self) -> str:
        facts, account = self.rng.choice(self.builder.campaigns), self.rng.choice(self.builder.accounts)
        begun = self.rng.choice(("stay", "end"))
        campaign = Campaign.objects.get(pk=facts.pk)
        done = hand_over(campaign=campaign, sender=account.sender, to=None, begun=begun, by=None, at=self.stage.at)
        if not done.stayed:
            self.stage.judge.left(facts.number, account.pk)
        return f"c{facts.number} without {account}: {done}"

    # --- The inbox, tasks, decisions --------------------------------------------------------------------

    def _answer(self) -> str:
        waiting = list(Conversation.objects.of(self.client).filter(messages__is_reply=True).distinct().order_by("pk"))
        if not waiting:
            return ""
        chat = self.rng.choice(waiting)
        try:
            reply(conversation=chat, text=f"{MANUAL} Thanks!", by=None, at=self.stage.at, client=self.stage.provider)
        except NotSent as problem:
            return f"an answer did not go out: {problem.messages[0]}"
        return "answered by hand"

    def _override(self) -> str:
        told = list(Message.objects.of(self.client).filter(direction="in", conversation__lead__isnull=False))
        wrote = [message for message in sorted(told, key=lambda each: each.pk) if not message.is_event]
        if not wrote:
            return ""
        message, meaning = self.rng.choice(wrote), self.rng.choice(("out_of_office", "interested", "unsubscribe"))
        words = override(message=message, meaning=meaning, by=None, at=self.stage.at)
        self.stage.judge.people.overridden(message.provider_message_id, meaning)
        return f"{message.text[:20]!r} is {meaning}: {words}"

    def _do_a_task(self) -> str:
        task = ManualTask.objects.of(self.client).filter(state="open").order_by("pk").first()
        if task is None:
            return ""
        close_task(task=task, by=None, at=self.stage.at, skipped=self.rng.random() < 0.3)
        return f"task {task.state}"

    def decide(self) -> str:
        """What nobody could find out, an operator looks up – truthfully, in the ledger."""
        dispatch = Dispatch.objects.of(self.client).needing_decision().order_by("pk").first()
        if dispatch is None:
            return ""
        happened = self.stage.judge.really_happened(dispatch)
        settle_by_hand(dispatch=dispatch, happened=happened, by=None, at=self.stage.at)
        return f"{dispatch.action} happened: {happened}"

    def anything_left(self) -> bool:
        return WebhookReceipt.objects.filter(state="pending").exists()

    # --- Accounts and the house -------------------------------------------------------------------------

    def _wake(self) -> str:
        return str(wake(account=self.rng.choice(self.builder.accounts), by=None, at=self.stage.at))

    def _close_circuit(self) -> str:
        breaker.close_by_hand(by=None, at=self.stage.at)
        return ""

    def _compare_all(self) -> str:
        reconcile_everything(by=None, at=self.stage.at)
        self.stage.judge.set_apart()
        return ""

    def _replay(self) -> str:
        receipts = list(WebhookReceipt.objects.order_by("pk"))
        if receipts:
            receiving.replay(receipt=self.rng.choice(receipts), at=self.stage.at)
        return f"of {len(receipts)}"

    def _receiver(self) -> str:
        """Their system goes down, or comes back."""
        self.stage.receiver.status = self.rng.choice((200, 500))
        return str(self.stage.receiver.status)
