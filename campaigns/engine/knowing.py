"""What is known of a lead when a condition asks. Reads only."""

from campaigns.models import Enrollment
from campaigns.planning.conditions import LeadFacts
from campaigns.tokens import values_for
from inbox.models import Message
from leads.models import Connection


def lead_facts(enrollment: Enrollment) -> LeadFacts:
    lead = enrollment.lead
    taken = enrollment.executions.exclude(variant="").values_list("step__position", "variant")
    return LeadFacts(
        is_connected=enrollment.connected_at is not None
        or Connection.objects.filter(account=enrollment.account_id, lead=lead).exists(),
        has_answered=lead.replied_at is not None,
        has_seen=_has_seen(enrollment),
        has_linkedin=bool(lead.identifier),
        has_email=bool(lead.email),
        tags=frozenset(map(str, lead.tags)),
        fields=values_for(lead, enrollment.account.sender),
        variants=dict(taken),
    )


def _has_seen(enrollment: Enrollment) -> bool:
    """Whether the last thing we wrote to the lead from this account was seen."""
    ours = Message.objects.filter(
        account=enrollment.account_id, conversation__lead=enrollment.lead_id, direction=Message.Direction.OUTBOUND
    )
    last = ours.filter(is_event=False).order_by("-sent_at").first()
    return last is not None and last.seen_at is not None
