"""Every kind of event, with the keys its data may carry."""

from django.db import models


class EventKind(models.TextChoices):
    CONNECTION_REQUEST_SENT = "connection_request_sent", "Connection request sent"
    CONNECTION_ACCEPTED = "connection_accepted", "Connection accepted"
    CONNECTION_ACCEPTED_HISTORICAL = "connection_accepted_historical", "Was already connected"
    MESSAGE_SENT = "message_sent", "Message sent"
    MESSAGE_RECEIVED = "message_received", "Message received"
    EMAIL_SENT = "email_sent", "E-mail sent"
    EMAIL_OPENED = "email_opened", "E-mail opened"
    EMAIL_CLICKED = "email_clicked", "Link clicked"
    EMAIL_BOUNCED = "email_bounced", "E-mail bounced"
    UNSUBSCRIBED = "unsubscribed", "Unsubscribed"
    STEP_DONE = "step_done", "Step done"
    STEP_SKIPPED = "step_skipped", "Step skipped"
    STEP_FAILED = "step_failed", "Step failed"
    STEP_HELD = "step_held", "Step held"
    STEP_RELEASED = "step_released", "Hold released"
    STEP_UNCERTAIN = "step_uncertain", "Outcome unknown"
    STEP_SETTLED = "step_settled", "Outcome settled"
    ENROLLMENT_STARTED = "enrollment_started", "Enrolled"
    ENROLLMENT_PAUSED = "enrollment_paused", "Lead paused"
    ENROLLMENT_RESUMED = "enrollment_resumed", "Lead resumed"
    ENROLLMENT_EXITED = "enrollment_exited", "Left the sequence"
    ENROLLMENT_COMPLETED = "enrollment_completed", "Sequence completed"
    STATUS_CHANGED_MANUALLY = "status_changed_manually", "Status changed by hand"
    SEQUENCE_CHANGED = "sequence_changed", "Sequence changed"
    MEANING_SET = "meaning_set", "Meaning of a message set"
    OUT_OF_OFFICE = "out_of_office", "Out of office"
    SENDER_CHANGED = "sender_changed", "Given to another sender"
    SEQUENCE_MOVED = "sequence_moved", "Moved to another version"
    CAMPAIGN_ACTIVATED = "campaign_activated", "Campaign activated"
    CAMPAIGN_PAUSED = "campaign_paused", "Campaign paused"
    CAMPAIGN_QUIET = "campaign_quiet", "Campaign gone quiet"
    CAMPAIGN_COMPLETED = "campaign_completed", "Campaign completed"
    ACCOUNT_STATUS_CHANGED = "account_status_changed", "Account status changed"
    ACCOUNT_PAUSED = "account_paused", "Account paused"
    ACCOUNT_RESUMED = "account_resumed", "Account resumed"
    ACCOUNT_CAP_REACHED = "account_cap_reached", "Provider's cap reached"
    ACCOUNT_WOKEN = "account_woken", "Rest of actions ended by hand"
    ACCOUNT_SLOWED = "account_slowed", "Invitations slowed down"
    ACCOUNT_FREED = "account_freed", "Invitations at their usual pace"
    INVITATION_WITHDRAWN = "invitation_withdrawn", "Invitation withdrawn"
    CLIENT_PAUSED = "client_paused", "Client paused"
    CLIENT_RESUMED = "client_resumed", "Client resumed"
    ENGINE_STOPPED = "engine_stopped", "Engine stopped"
    ENGINE_STARTED = "engine_started", "Engine started"
    RESTORE_NOTICED = "restore_noticed", "Database looks restored"
    ACCOUNT_RECONCILED = "account_reconciled", "Account compared with the provider"
    CIRCUIT_OPENED = "circuit_opened", "Provider not called for a while"
    CIRCUIT_CLOSED = "circuit_closed", "Provider called again by hand"
    LEADS_IMPORTED = "leads_imported", "Leads imported"
    CAMPAIGN_RESUMED = "campaign_resumed", "Campaign resumed"
    ACCOUNT_CHANGED = "account_changed", "Account changed"
    CONVERSATION_CLOSED = "conversation_closed", "Conversation closed"
    CONVERSATION_REOPENED = "conversation_reopened", "Conversation reopened"
    SUPPRESSION_REMOVED = "suppression_removed", "Removed from do-not-contact"
    SUPPRESSION_ADDED = "suppression_added", "Added to do-not-contact"


K = EventKind
DATA_KEYS: dict[EventKind, frozenset[str]] = {
    K.CONNECTION_REQUEST_SENT: frozenset({"step", "note", "dispatch", "settled_by", "variant"}),
    K.CONNECTION_ACCEPTED: frozenset({"matched_by", "accepted_at"}),
    K.CONNECTION_ACCEPTED_HISTORICAL: frozenset({"matched_by", "accepted_at"}),
    K.MESSAGE_SENT: frozenset({"step", "text", "dispatch", "settled_by", "conversation", "message", "variant"}),
    K.MESSAGE_RECEIVED: frozenset({"text", "conversation", "message", "matched_by"}),
    K.STEP_DONE: frozenset({"step", "step_kind", "detail", "text", "dispatch", "settled_by", "variant"}),
    K.STEP_SKIPPED: frozenset({"step", "because", "detail"}),
    K.STEP_FAILED: frozenset({"step", "because", "detail", "attempt", "retry_at"}),
    K.STEP_HELD: frozenset({"step", "because", "detail"}),
    K.STEP_RELEASED: frozenset({"because"}),
    K.STEP_UNCERTAIN: frozenset({"step", "dispatch", "detail"}),
    K.STEP_SETTLED: frozenset({"step", "dispatch", "happened", "evidence"}),
    K.ENROLLMENT_STARTED: frozenset({"sequence", "sender"}),
    K.ENROLLMENT_EXITED: frozenset({"reason", "detail", "message"}),
    K.STATUS_CHANGED_MANUALLY: frozenset({"before", "after", "detail"}),
    K.ACCOUNT_STATUS_CHANGED: frozenset({"before", "after", "detail"}),
    K.ACCOUNT_CAP_REACHED: frozenset({"action", "until", "detail"}),
    K.ACCOUNT_WOKEN: frozenset({"actions"}),
    K.ACCOUNT_SLOWED: frozenset({"limit", "detail"}),
    K.INVITATION_WITHDRAWN: frozenset(
        {"step", "step_kind", "text", "detail", "dispatch", "settled_by", "invited_at", "variant"}
    ),
    K.SEQUENCE_CHANGED: frozenset({"version", "steps"}),
    K.MEANING_SET: frozenset({"message", "before", "after"}),
    K.OUT_OF_OFFICE: frozenset({"message", "until", "detail"}),
    K.UNSUBSCRIBED: frozenset({"message", "detail"}),
    K.SENDER_CHANGED: frozenset({"before", "after"}),
    K.SEQUENCE_MOVED: frozenset({"before", "after", "step"}),
    K.CAMPAIGN_PAUSED: frozenset({"in_flight", "detail"}),
    K.CAMPAIGN_QUIET: frozenset({"reasons"}),
    K.RESTORE_NOTICED: frozenset({"accounts", "detail"}),
    K.ACCOUNT_RECONCILED: frozenset({"detail"}),
    K.CIRCUIT_OPENED: frozenset({"detail", "until"}),
    K.CIRCUIT_CLOSED: frozenset({"detail"}),
    K.CLIENT_PAUSED: frozenset({"in_flight"}),
    K.ACCOUNT_PAUSED: frozenset({"in_flight"}),
    K.ENROLLMENT_PAUSED: frozenset({"in_flight"}),
    K.ENGINE_STOPPED: frozenset({"in_flight"}),
    K.LEADS_IMPORTED: frozenset(
        {"filename", "format", "rows", "created", "updated", "unchanged", "merged", "skipped", "rejected"}
    ),
    K.ACCOUNT_CHANGED: frozenset({"before", "after"}),
    K.CONVERSATION_CLOSED: frozenset({"conversation"}),
    K.CONVERSATION_REOPENED: frozenset({"conversation"}),
    K.SUPPRESSION_REMOVED: frozenset({"entry", "value", "reason"}),
    K.SUPPRESSION_ADDED: frozenset({"entry", "value", "reason"}),
}
