"""The closed table from Unipile's errors to verdicts.

Rows come from the list of types (Unipile API, section 1.3) and what to do with each (section 1.4). A type that is
not in the table falls back on its HTTP status. Adding a case is one row here and one in the table's test.
"""

from dataclasses import dataclass
from http import HTTPStatus

from integrations.errors import Verdict

PREFIX = "errors/"


@dataclass(frozen=True, slots=True)
class Row:
    """One error type without its prefix, what to do, and where that is written."""

    type: str
    verdict: Verdict
    source: str


def _rows(verdict: Verdict, source: str, types: str) -> tuple[Row, ...]:
    return tuple(Row(type, verdict, source) for type in types.split())


TABLE: tuple[Row, ...] = (
    *_rows(Verdict.CREDENTIALS, "1.4, API key bad", "missing_credentials"),
    *_rows(
        Verdict.ACCOUNT_DISCONNECTED,
        "1.4, account disconnected",
        "disconnected_account expired_credentials invalid_credentials wrong_account disconnected_feature"
        " multiple_sessions session_mismatch account_mismatch",
    ),
    *_rows(
        Verdict.ACCOUNT_DISCONNECTED,
        "1.4, user must act at the provider",
        "checkpoint_error captcha_not_supported action_required invalid_checkpoint_solution",
    ),
    *_rows(
        Verdict.ACCOUNT_DISCONNECTED,
        "1.3, the account's own connection settings are refused",
        "invalid_credentials_but_valid_account_imap invalid_proxy_credentials invalid_imap_configuration"
        " invalid_smtp_configuration unknown_authentication_context proxy_auth_error"
        " account_configuration_error authentication_intent_error unauthorized",
    ),
    *_rows(Verdict.ACCOUNT_RESTRICTED, "1.4, account punished", "account_restricted"),
    *_rows(
        Verdict.ACCOUNT_CAP,
        "1.4, account-level invitation cap; trap 18",
        "cannot_resend_yet limit_exceeded cannot_resend_within_24hrs connection_limit_reached",
    ),
    *_rows(Verdict.COOLING_DOWN, "1.4, recipient-level cool-down", "already_invited_recently"),
    *_rows(
        Verdict.ALREADY_DONE,
        "1.4, already connected or already pending",
        "already_connected action_already_performed already_exists",
    ),
    *_rows(
        Verdict.LEAD_IMPOSSIBLE,
        "1.4, recipient impossible",
        "invalid_recipient blocked_recipient user_unreachable cannot_invite_attendee",
    ),
    *_rows(Verdict.LEAD_IMPOSSIBLE, "1.4, e-mail refused by the recipient's side", "recipient_rejected"),
    *_rows(Verdict.NOT_CONNECTED, "1.4, not first degree", "no_connection_with_recipient"),
    *_rows(
        Verdict.TEXT_REFUSED,
        "1.4, text refused",
        "too_many_characters content_too_large unescaped_characters invalid_message invalid_reply_subject",
    ),
    *_rows(
        Verdict.FEATURE_MISSING,
        "1.4, premium missing or InMail",
        "feature_not_subscribed subscription_required not_allowed_inmail insufficient_credits",
    ),
    *_rows(
        Verdict.FEATURE_MISSING,
        "1.3, the account may not do this",
        "insufficient_privileges insufficient_permissions resource_access_restricted feature_not_implemented"
        " payment_error insufficient_job_slot comments_disabled sender_rejected send_as_denied",
    ),
    *_rows(Verdict.THROTTLED, "1.4, throttling", "too_many_requests"),
    *_rows(
        Verdict.RETRY_LATER,
        "1.4, safe retry: refused before anything was done",
        "no_client_session no_channel no_handler network_down service_unavailable proxy_error",
    ),
    *_rows(
        Verdict.RETRY_LATER,
        "1.3, busy or out of reach before anything was done",
        "auth_in_progress operation_canceled provider_unreachable realtime_client_not_initialized"
        " ip_rejected_by_server",
    ),
    *_rows(
        Verdict.UNKNOWN,
        "1.4, indeterminate on a write",
        "unexpected_error provider_error request_timeout",
    ),
    *_rows(
        Verdict.INVALID,
        "1.3, malformed requests",
        "invalid_parameters missing_parameters invalid_request malformed_request invalid_url limit_too_high"
        " invalid_action invalid_label unsupported_media_type unprocessable_entity invalid_account invalid_post"
        " parent_mail_not_found invalid_headers invalid_folder invalid_thread expired_link cant_send_message",
    ),
)

# What a 404 means depends on what was asked for, so these two types have no verdict of their own.
MISSING_TYPES = frozenset({"resource_not_found", "invalid_resource_identifier"})

BY_STATUS: dict[int, Verdict] = {
    HTTPStatus.UNAUTHORIZED: Verdict.ACCOUNT_DISCONNECTED,
    HTTPStatus.FORBIDDEN: Verdict.FEATURE_MISSING,
    HTTPStatus.PROXY_AUTHENTICATION_REQUIRED: Verdict.ACCOUNT_DISCONNECTED,
    HTTPStatus.REQUEST_TIMEOUT: Verdict.UNKNOWN,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: Verdict.TEXT_REFUSED,
    HTTPStatus.TOO_EARLY: Verdict.RETRY_LATER,
    HTTPStatus.TOO_MANY_REQUESTS: Verdict.THROTTLED,
    HTTPStatus.NOT_IMPLEMENTED: Verdict.FEATURE_MISSING,
    HTTPStatus.BAD_GATEWAY: Verdict.RETRY_LATER,
    HTTPStatus.SERVICE_UNAVAILABLE: Verdict.RETRY_LATER,
}

_BY_TYPE = {row.type: row.verdict for row in TABLE}


def classify(status: int, type: str, *, write: bool, missing: Verdict = Verdict.INVALID) -> Verdict:
    """The verdict on an error answer. `missing` is what "not found" means for the request at hand.

    A read has no outcome to be in doubt about, so it never yields UNKNOWN.
    """
    name = type.removeprefix(PREFIX)
    if name in MISSING_TYPES or (name not in _BY_TYPE and status == HTTPStatus.NOT_FOUND):
        return missing
    return settled(_BY_TYPE.get(name) or _by_status(status), write=write)


def classify_unreadable(status: int, *, write: bool, missing: Verdict = Verdict.INVALID) -> Verdict:
    """The verdict on an answer that is not Unipile's JSON: something between us and it spoke (section 1.3).

    A gateway's page, even "bad gateway", does not say whether the request got through before it.
    """
    if status < HTTPStatus.MULTIPLE_CHOICES or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return settled(Verdict.UNKNOWN, write=write)
    return classify(status, "", write=write, missing=missing)


def settled(verdict: Verdict, *, write: bool) -> Verdict:
    """A doubt only exists about writes."""
    return Verdict.RETRY_LATER if verdict is Verdict.UNKNOWN and not write else verdict


def _by_status(status: int) -> Verdict:
    unlisted = Verdict.UNKNOWN if status >= HTTPStatus.INTERNAL_SERVER_ERROR else Verdict.INVALID
    return BY_STATUS.get(status, unlisted)
