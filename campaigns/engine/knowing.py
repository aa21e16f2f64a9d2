"""What is known of a lead when a condition asks. Reads only."""

from campaigns.models import Enrollment
from campaigns.planning.conditions import LeadFacts
from campaigns.tokens import asked_of
from inbox.models import Message
from leads.models import Connection


def lead_facts(enrollment: Enrollment) -> LeadFacts:
    lead = enrollment.lead
    # By the origin: a variant taken on an earlier version of the steps was taken of the same step.
    taken = dict(enrollment.executions.exclude(variant="").values_list("step__origin", "variant"))
    steps = enrollment.sequence.steps.filter(origin__in=taken)
    return LeadFacts(
        is_connected=enrollment.connected_at is not None
        or Connection.objects.filter(account=enrollment.account_id, lead=lead).exists(),
        has_answered=lead.replied_at is not None,
        has_seen=_has_seen(enrollment),
        has_linkedin=bool(lead.identifier),
        has_email=bool(lead.email),
        tags=frozenset(map(str, lead.tags)),
        fields=asked_of(lead),
        variants={step.position: taken[step.origin] for step in steps},
    )


def _has_seen(enrollment: Enrollment) -> bool:
    """Whether the last thing we wrote to the lead from this account was seen."""
    ours = Message.objects.filter(
        account=enrollment.account_id, conversation__lead=enrollment.lead_id, direction=Message.Direction.OUTBOUND
    )
    last = ours.filter(is_event=False).order_by("-sent_at").first()
    return last is not None and last.seen_at is not None
