"""Laws 7, 9 and 10, asked at the end: every fact counted once, every change with its event, nothing left hanging,
nobody lost, and our books those of the ledger."""

import hashlib
import hmac
import json
from collections import Counter
from typing import TYPE_CHECKING

from campaigns.explaining import explain_in_words
from campaigns.models import Enrollment, ManualTask, StepExecution
from inbox.models import Message
from integrations.calling_out import signing_secret
from integrations.models import Dispatch, OutboundCall
from integrations.rebuilding import rebuild_usage
from leads.models import Lead
from outreach.events.models import Event
from tests.simulation.limits import usage_agrees

if TYPE_CHECKING:
    from tests.simulation.judge import Judge

OPEN = ("scheduled", "active", "paused")
SENT_EVENTS = ("connection_request_sent", "message_sent", "step_done", "invitation_withdrawn")
# After a call of unknown outcome these are taken as done: nothing can be asked, or it does not matter any more.
TAKEN_AS_DONE = ("profile_view", "endorsement", "withdrawal")
WORDED = ("invitation", "message", "inmail", "comment")


def judge(court: "Judge") -> None:
    _every_inbound_fact_counts_once(court)
    _nothing_happens_unrecorded(court)
    _nothing_is_left_hanging(court)
    _books_agree(court)
    usage_agrees(court)
    if wrong := rebuild_usage(dry_run=True):
        raise court.broken(4, f"rebuild_usage would change {wrong[0]}")
    _calls_to_others(court)
    _nobody_is_lost(court)


def _every_inbound_fact_counts_once(court: "Judge") -> None:
    """Law 7: what people wrote is in the inbox, once, and every answer has stopped its sequences."""
    client = court.stage.builder.client
    people = set(Lead.objects.of(client).exclude(provider_id="").values_list("provider_id", flat=True))
    told = Counter(Message.objects.of(client).values_list("provider_message_id", flat=True))
    for each in court.people.wrote:
        if each.person in people and told[each.id] != 1:
            raise court.broken(7, f"a message is in the inbox {told[each.id]} times: {each}")
    for kind, key in (("message_received", "message"), ("connection_accepted", "")):
        events = Event.objects.filter(kind=kind).values_list("enrollment_id", f"data__{key}" if key else "kind")
        if doubled := [each for each, count in Counter(events).items() if count > 1]:
            raise court.broken(7, f"{kind} counted more than once: {doubled}")
    for lead in Lead.objects.of(client).filter(replied_at__isnull=False):
        walks = list(lead.enrollments.filter(state__in=OPEN).select_related("campaign"))
        if still := [walk for walk in walks if not walk.campaign.contact_after_reply]:
            raise court.broken(2, f"{still[0]} is {still[0].state} although the lead answered")


def _nothing_happens_unrecorded(court: "Judge") -> None:
    """Law 9: every end has its event, and every send has exactly one."""
    for walk in Enrollment.objects.of(court.stage.builder.client).exclude(state__in=OPEN):
        kind = "enrollment_completed" if walk.state == "completed" else "enrollment_exited"
        ends = Event.objects.filter(enrollment_id=walk.pk, kind=kind).count()
        taken_up = Event.objects.filter(enrollment_id=walk.pk, kind="enrollment_resumed").count()
        if not 1 <= ends <= 1 + taken_up:
            raise court.broken(9, f"{walk} ended with {ends} events of kind {kind}")
    events = Counter(Event.objects.filter(kind__in=SENT_EVENTS).values_list("data__dispatch", flat=True))
    for dispatch in Dispatch.objects.of(court.stage.builder.client).filter(state="sent", actor="engine"):
        if events[str(dispatch.pk)] != 1:
            raise court.broken(9, f"{dispatch} was sent with {events[str(dispatch.pk)]} events")


def _nothing_is_left_hanging(court: "Judge") -> None:
    """Law 10."""
    hanging = Dispatch.objects.of(court.stage.builder.client).filter(state__in=("sending", "unknown"))
    if hanging:
        raise court.broken(10, f"left hanging: {[(d.state, d.action, d.detail, str(d.ask_at)) for d in hanging]}")
    if StepExecution.objects.filter(outcome__in=("in_flight", "unknown")).exists():
        raise court.broken(10, "an attempt is still in flight")


def _books_agree(court: "Judge") -> None:
    """What we believe to have sent is what the provider has received, one by one."""
    ours = Counter(
        (row.account.provider_account_id, row.action, row.person, _words(row.action, row.text))
        for row in Dispatch.objects.of(court.stage.builder.client).filter(state="sent").select_related("account")
    )
    theirs = Counter((e.account.id, e.kind, e.person, _words(e.kind, e.text)) for e in court.entries)
    forgotten = Counter(
        (e.account.id, e.kind, e.person, _words(e.kind, e.text)) for e in court.entries if e.is_forgotten
    )
    only_ours = Counter({key: count for key, count in (ours - theirs).items() if key[1] not in TAKEN_AS_DONE})
    only_theirs = (theirs - ours) - forgotten
    if only_ours or only_theirs:
        raise court.broken(10, f"books differ: only ours {only_ours}, only the ledger's {only_theirs}")


def _words(kind: str, text: str) -> str:
    return " ".join(text.split()) if kind in WORDED else ""


def _calls_to_others(court: "Judge") -> None:
    """Every delivered call has arrived, signed; and a step has made one call, however often it was delivered."""
    came = {delivery: (signature, body) for delivery, signature, body in court.stage.receiver.calls}
    secret = signing_secret(court.stage.builder.client).encode()
    for call in OutboundCall.objects.of(court.stage.builder.client).filter(state="delivered"):
        if str(call.pk) not in came:
            raise court.broken(10, f"{call} is marked as delivered and never came")
        signature, body = came[str(call.pk)]
        if signature != "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest():
            raise court.broken(10, f"{call} came with a wrong signature")
    if not court.stage.backups.restored:
        walks = Counter(json.loads(body)["enrollment"] for _, body in came.values())
        for walk, count in walks.items():
            steps = StepExecution.objects.filter(enrollment=walk, step__kind="call_webhook", outcome="done").count()
            if count > steps:
                raise court.broken(1, f"{count} calls for {steps} steps of the walk {walk}")


def _nobody_is_lost(court: "Judge") -> None:
    """Every open walk has something to come, and says what it waits for."""
    at = court.stage.at
    for walk in Enrollment.objects.of(court.stage.builder.client).filter(state="active"):
        waits = walk.next_action_at or walk.held_because or ManualTask.objects.filter(enrollment=walk, state="open")
        if not waits:
            raise court.broken(10, f"{walk} at {walk.position} is lost: no appointment, no hold, no task")
    rows = Enrollment.objects.of(court.stage.builder.client).filter(state__in=OPEN)
    for walk in rows.select_related("lead", "client", "campaign", "account__sender", "sequence"):
        if walk.state == "scheduled":
            continue
        words = explain_in_words(enrollment=walk, at=at)
        if not words and not _is_takeable(court, walk):
            raise court.broken(10, f"{walk} does not move, and nothing says why: {walk.waiting_because}")


def _is_takeable(court: "Judge", walk: Enrollment) -> bool:
    """Without a reason against it the next tick takes the step: it may wait for its account's turn only."""
    for _ in range(12):
        court.stage.tick()
        walk.refresh_from_db()
        if walk.next_action_at is None or walk.next_action_at > court.stage.at or walk.state != "active":
            return True
        if explain_in_words(enrollment=walk, at=court.stage.at):
            return True
    return False
