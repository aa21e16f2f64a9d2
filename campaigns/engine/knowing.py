"""What is known of a lead when a condition asks. Reads only."""

from campaigns.models import Enrollment, Step
from campaigns.planning.conditions import LeadFacts
from campaigns.tokens import asked_of
from inbox.models import Message
from leads.models import Connection


def lead_facts(enrollment: Enrollment) -> LeadFacts:
    lead = enrollment.lead
    return LeadFacts(
        is_connected=enrollment.connected_at is not None
        or Connection.objects.filter(account=enrollment.account_id, lead=lead).exists(),
        has_answered=lead.replied_at is not None,
        has_seen=_has_seen(enrollment),
        has_linkedin=bool(lead.identifier),
        has_email=bool(lead.email),
        tags=frozenset(map(str, lead.tags)),
        fields=asked_of(lead),
        variants=_variants(enrollment),
    )


def _variants(enrollment: Enrollment) -> dict[int, str]:
    """Which text the lead had of which step, by its place in the present version of the sequence."""
    had = enrollment.executions.filter(outcome__in=("sent", "done")).exclude(variant="")
    labels = dict(had.values_list("step__origin", "variant"))
    steps = Step.objects.filter(sequence=enrollment.sequence_id, origin__in=labels)
    return {step.position: labels[step.origin] for step in steps}


def _has_seen(enrollment: Enrollment) -> bool:
    """Whether the last thing we wrote to the lead from this account was seen."""
    ours = Message.objects.filter(
        account=enrollment.account_id, conversation__lead=enrollment.lead_id, direction=Message.Direction.OUTBOUND
    )
    last = ours.filter(is_event=False).order_by("-sent_at").first()
    return last is not None and last.seen_at is not None
