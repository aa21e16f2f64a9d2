"""Settings of the OpenAPI document. Read by outreach/settings.py, so nothing is imported here."""

from typing import Any

SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Outreach API",
    "DESCRIPTION": "Campaigns, leads, the inbox and what happened, of the clients you are a member of.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "outreach.api.column_bounds.without_column_bounds",
    ],
    # Several tables have a `status`, `kind`, `state` …: each set of words has a name of its own.
    "ENUM_NAME_OVERRIDES": {
        "AccountChannel": "integrations.models.Account.Channel",
        "AccountStatus": "integrations.models.Account.Status",
        "AccountTier": "integrations.models.Account.Tier",
        "Action": "integrations.models.Action",
        "CampaignStatus": "campaigns.models.Campaign.Status",
        "ConversationStatus": "inbox.models.Conversation.Status",
        "DelayUnit": "campaigns.models.Step.Unit",
        "DispatchState": "integrations.models.Dispatch.State",
        "EnrollmentStage": "campaigns.models.Enrollment.Stage",
        "EnrollmentState": "campaigns.models.Enrollment.State",
        "ErrorType": "outreach.api.serializers.ErrorType",
        "EventKind": "outreach.events.kinds.EventKind",
        "ExecutionOutcome": "campaigns.models.StepExecution.Outcome",
        "ExitReason": "campaigns.models.Enrollment.ExitReason",
        "LeadStatus": "campaigns.api.statuses.LeadStatus",
        "MessageMeaning": "inbox.models.Message.Meaning",
        "MessageDirection": "inbox.models.Message.Direction",
        "NextAction": "campaigns.models.Enrollment.NextAction",
        "Role": "outreach.clients.models.Membership.Role",
        "StepKind": "campaigns.models.kinds_of_step",
        "TaskState": "campaigns.models.ManualTask.State",
        "WeekendBehaviour": "campaigns.models.Campaign.Weekend",
        "SuppressionKind": "leads.models.Suppression.Kind",
    },
}
