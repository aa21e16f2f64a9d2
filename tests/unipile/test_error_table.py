"""The closed table from Unipile's errors to verdicts, row by row."""

import pickle

import pytest

from integrations.errors import ProviderError, Verdict
from integrations.unipile.errors import TABLE, classify, classify_unreadable

V = Verdict

WRITES = [
    (401, "missing_credentials", V.CREDENTIALS),
    (401, "disconnected_account", V.ACCOUNT_DISCONNECTED),
    (401, "expired_credentials", V.ACCOUNT_DISCONNECTED),
    (401, "invalid_credentials", V.ACCOUNT_DISCONNECTED),
    (401, "wrong_account", V.ACCOUNT_DISCONNECTED),
    (401, "disconnected_feature", V.ACCOUNT_DISCONNECTED),
    (401, "multiple_sessions", V.ACCOUNT_DISCONNECTED),
    (401, "checkpoint_error", V.ACCOUNT_DISCONNECTED),
    (401, "captcha_not_supported", V.ACCOUNT_DISCONNECTED),
    (401, "invalid_checkpoint_solution", V.ACCOUNT_DISCONNECTED),
    (401, "invalid_credentials_but_valid_account_imap", V.ACCOUNT_DISCONNECTED),
    (401, "invalid_proxy_credentials", V.ACCOUNT_DISCONNECTED),
    (401, "invalid_imap_configuration", V.ACCOUNT_DISCONNECTED),
    (401, "invalid_smtp_configuration", V.ACCOUNT_DISCONNECTED),
    (403, "unknown_authentication_context", V.ACCOUNT_DISCONNECTED),
    (403, "session_mismatch", V.ACCOUNT_DISCONNECTED),
    (403, "account_mismatch", V.ACCOUNT_DISCONNECTED),
    (403, "action_required", V.ACCOUNT_DISCONNECTED),
    (407, "proxy_auth_error", V.ACCOUNT_DISCONNECTED),
    (422, "account_configuration_error", V.ACCOUNT_DISCONNECTED),
    (422, "unauthorized", V.ACCOUNT_DISCONNECTED),
    (500, "authentication_intent_error", V.ACCOUNT_DISCONNECTED),
    (403, "account_restricted", V.ACCOUNT_RESTRICTED),
    (422, "cannot_resend_yet", V.ACCOUNT_CAP),
    (422, "limit_exceeded", V.ACCOUNT_CAP),
    (422, "cannot_resend_within_24hrs", V.ACCOUNT_CAP),
    (422, "connection_limit_reached", V.ACCOUNT_CAP),
    (422, "already_invited_recently", V.COOLING_DOWN),
    (422, "already_connected", V.ALREADY_DONE),
    (422, "action_already_performed", V.ALREADY_DONE),
    (409, "already_exists", V.ALREADY_DONE),
    (422, "invalid_recipient", V.LEAD_IMPOSSIBLE),
    (422, "blocked_recipient", V.LEAD_IMPOSSIBLE),
    (422, "user_unreachable", V.LEAD_IMPOSSIBLE),
    (422, "cannot_invite_attendee", V.LEAD_IMPOSSIBLE),
    (422, "recipient_rejected", V.LEAD_IMPOSSIBLE),
    (422, "no_connection_with_recipient", V.NOT_CONNECTED),
    (400, "too_many_characters", V.TEXT_REFUSED),
    (400, "content_too_large", V.TEXT_REFUSED),
    (400, "unescaped_characters", V.TEXT_REFUSED),
    (502, "too_many_characters", V.TEXT_REFUSED),
    (422, "invalid_message", V.TEXT_REFUSED),
    (422, "invalid_reply_subject", V.TEXT_REFUSED),
    (403, "feature_not_subscribed", V.FEATURE_MISSING),
    (403, "subscription_required", V.FEATURE_MISSING),
    (422, "not_allowed_inmail", V.FEATURE_MISSING),
    (422, "insufficient_credits", V.FEATURE_MISSING),
    (401, "insufficient_privileges", V.FEATURE_MISSING),
    (403, "insufficient_permissions", V.FEATURE_MISSING),
    (403, "resource_access_restricted", V.FEATURE_MISSING),
    (501, "feature_not_implemented", V.FEATURE_MISSING),
    (422, "payment_error", V.FEATURE_MISSING),
    (422, "insufficient_job_slot", V.FEATURE_MISSING),
    (422, "comments_disabled", V.FEATURE_MISSING),
    (422, "sender_rejected", V.FEATURE_MISSING),
    (422, "send_as_denied", V.FEATURE_MISSING),
    (429, "too_many_requests", V.THROTTLED),
    (503, "no_client_session", V.RETRY_LATER),
    (503, "no_channel", V.RETRY_LATER),
    (503, "no_handler", V.RETRY_LATER),
    (503, "network_down", V.RETRY_LATER),
    (503, "service_unavailable", V.RETRY_LATER),
    (502, "proxy_error", V.RETRY_LATER),
    (425, "auth_in_progress", V.RETRY_LATER),
    (409, "operation_canceled", V.RETRY_LATER),
    (422, "provider_unreachable", V.RETRY_LATER),
    (422, "realtime_client_not_initialized", V.RETRY_LATER),
    (422, "ip_rejected_by_server", V.RETRY_LATER),
    (500, "unexpected_error", V.UNKNOWN),
    (500, "provider_error", V.UNKNOWN),
    (504, "request_timeout", V.UNKNOWN),
    (408, "request_timeout", V.UNKNOWN),
    (400, "invalid_parameters", V.INVALID),
    (400, "missing_parameters", V.INVALID),
    (400, "invalid_request", V.INVALID),
    (400, "malformed_request", V.INVALID),
    (400, "invalid_url", V.INVALID),
    (400, "limit_too_high", V.INVALID),
    (400, "invalid_action", V.INVALID),
    (400, "invalid_label", V.INVALID),
    (401, "expired_link", V.INVALID),
    (415, "unsupported_media_type", V.INVALID),
    (422, "unprocessable_entity", V.INVALID),
    (422, "invalid_account", V.INVALID),
    (422, "invalid_post", V.INVALID),
    (422, "parent_mail_not_found", V.INVALID),
    (422, "invalid_headers", V.INVALID),
    (422, "invalid_folder", V.INVALID),
    (422, "invalid_thread", V.INVALID),
    (422, "cant_send_message", V.INVALID),
]

BY_STATUS = [
    (400, V.INVALID, V.INVALID),
    (401, V.ACCOUNT_DISCONNECTED, V.ACCOUNT_DISCONNECTED),
    (403, V.FEATURE_MISSING, V.FEATURE_MISSING),
    (404, V.INVALID, V.INVALID),
    (405, V.INVALID, V.INVALID),
    (407, V.ACCOUNT_DISCONNECTED, V.ACCOUNT_DISCONNECTED),
    (408, V.UNKNOWN, V.RETRY_LATER),
    (409, V.INVALID, V.INVALID),
    (413, V.TEXT_REFUSED, V.TEXT_REFUSED),
    (415, V.INVALID, V.INVALID),
    (422, V.INVALID, V.INVALID),
    (425, V.RETRY_LATER, V.RETRY_LATER),
    (429, V.THROTTLED, V.THROTTLED),
    (500, V.UNKNOWN, V.RETRY_LATER),
    (501, V.FEATURE_MISSING, V.FEATURE_MISSING),
    (502, V.RETRY_LATER, V.RETRY_LATER),
    (503, V.RETRY_LATER, V.RETRY_LATER),
    (504, V.UNKNOWN, V.RETRY_LATER),
    (520, V.UNKNOWN, V.RETRY_LATER),
]


@pytest.mark.parametrize(("status", "type", "verdict"), WRITES)
def test_each_type_says_what_to_do(status: int, type: str, verdict: Verdict) -> None:
    assert classify(status, f"errors/{type}", write=True) is verdict


def test_no_row_of_the_table_goes_untested_and_none_is_there_twice() -> None:
    rows = [row.type for row in TABLE]
    assert len(rows) == len(set(rows))
    assert set(rows) == {type for _, type, _ in WRITES}


def test_every_row_says_where_it_comes_from() -> None:
    assert all(row.source[0].isdigit() for row in TABLE)


@pytest.mark.parametrize(("status", "on_a_write", "on_a_read"), BY_STATUS)
def test_a_type_never_heard_of_falls_back_on_its_status(status: int, on_a_write: Verdict, on_a_read: Verdict) -> None:
    assert classify(status, "errors/newest_type", write=True) is on_a_write
    assert classify(status, "errors/newest_type", write=False) is on_a_read


@pytest.mark.parametrize(("status", "type", "verdict"), WRITES)
def test_a_read_is_never_in_doubt(status: int, type: str, verdict: Verdict) -> None:
    expected = V.RETRY_LATER if verdict is V.UNKNOWN else verdict
    assert classify(status, f"errors/{type}", write=False) is expected


@pytest.mark.parametrize("type", ["errors/resource_not_found", "errors/invalid_resource_identifier", ""])
def test_not_found_means_what_the_request_says_it_means(type: str) -> None:
    assert classify(404, type, write=False, missing=V.LEAD_IMPOSSIBLE) is V.LEAD_IMPOSSIBLE
    assert classify(404, type, write=True) is V.INVALID


@pytest.mark.parametrize("status", [200, 201, 500, 502, 503, 504])
def test_a_page_in_place_of_an_answer_leaves_a_write_in_doubt(status: int) -> None:
    assert classify_unreadable(status, write=True) is V.UNKNOWN
    assert classify_unreadable(status, write=False) is V.RETRY_LATER


@pytest.mark.parametrize(("status", "verdict"), [(301, V.INVALID), (413, V.TEXT_REFUSED), (429, V.THROTTLED)])
def test_a_page_with_a_status_of_its_own_is_judged_by_it(status: int, verdict: Verdict) -> None:
    assert classify_unreadable(status, write=True) is verdict


def test_an_error_reads_well_and_survives_a_process_boundary() -> None:
    error = ProviderError(V.ACCOUNT_CAP, status=422, type="errors/cannot_resend_yet", title="Cannot resend yet")
    assert str(error) == "account_cap (422 errors/cannot_resend_yet): Cannot resend yet"
    again = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert (again.verdict, again.status, again.type, str(again)) == (V.ACCOUNT_CAP, 422, error.type, str(error))


def test_an_error_without_an_answer_says_so() -> None:
    assert str(ProviderError(V.RETRY_LATER, title="Unreachable")) == "retry_later (no answer): Unreachable"
