"""The sandbox's error answers, with the types, statuses and words of the real ones (Unipile API, section 1.3)."""

from typing import Any


class Refusal(Exception):
    """An error answer. Handlers raise it; the application turns it into a response."""

    def __init__(self, status: int, type: str, title: str, detail: str = "") -> None:
        super().__init__(status, type)
        self.status = status
        self.type = f"errors/{type}"
        self.title = title
        self.detail = detail

    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = {"status": self.status, "type": self.type, "title": self.title}
        return {**body, "detail": self.detail} if self.detail else body


def missing_credentials() -> Refusal:
    return Refusal(401, "missing_credentials", "Missing credentials", "The X-API-KEY header is absent or wrong.")


def invalid_parameters(detail: str) -> Refusal:
    return Refusal(400, "invalid_parameters", "Invalid parameters", detail)


def missing_parameters(name: str) -> Refusal:
    return Refusal(400, "missing_parameters", "Missing parameters", f"Required property '{name}' is missing.")


def limit_too_high(highest: int) -> Refusal:
    return Refusal(400, "limit_too_high", "Limit too high", f"The limit must not exceed {highest}.")


def too_many_characters(longest: int) -> Refusal:
    detail = f"The text must not exceed {longest} characters."
    return Refusal(400, "too_many_characters", "Too many characters", detail)


def not_found(what: str) -> Refusal:
    return Refusal(404, "resource_not_found", f"{what} not found", "The requested resource was not found.")


def unsupported_media_type(wanted: str) -> Refusal:
    return Refusal(415, "unsupported_media_type", "Unsupported media type", f"Send the body as {wanted}.")


def disconnected_account() -> Refusal:
    detail = "The account appears to be disconnected from the provider service."
    return Refusal(401, "disconnected_account", "Disconnected account", detail)


def account_restricted() -> Refusal:
    return Refusal(403, "account_restricted", "Account restricted", "The provider has restricted this account.")


def invalid_recipient() -> Refusal:
    detail = "The recipient ID is not valid or the profile is locked."
    return Refusal(422, "invalid_recipient", "Recipient cannot be reached", detail)


def no_connection_with_recipient() -> Refusal:
    detail = "The recipient is not a first degree connection."
    return Refusal(422, "no_connection_with_recipient", "Recipient cannot be reached", detail)


def cannot_invite_attendee() -> Refusal:
    return Refusal(422, "cannot_invite_attendee", "Cannot invite attendee", "The account cannot invite itself.")


def already_connected() -> Refusal:
    return Refusal(422, "already_connected", "Already connected", "The recipient is a relation already.")


def already_invited_recently() -> Refusal:
    title = "Should delay new invitation to this recipient"
    detail = "An invitation was sent recently to this recipient. Please try again later."
    return Refusal(422, "already_invited_recently", title, detail)


def cannot_resend_yet() -> Refusal:
    detail = "You have reached a temporary provider limit. Please try again later."
    return Refusal(422, "cannot_resend_yet", "Cannot resend yet", detail)


def too_many_requests() -> Refusal:
    detail = "The provider cannot accept any more requests at the moment. Please try again later."
    return Refusal(429, "too_many_requests", "Too many requests", detail)


def provider_error() -> Refusal:
    detail = "The provider is experiencing operational problems. Please try again later."
    return Refusal(500, "provider_error", "Provider error", detail)


def service_unavailable() -> Refusal:
    return Refusal(503, "service_unavailable", "Service unavailable", "Please try again later.")


def request_timeout() -> Refusal:
    return Refusal(504, "request_timeout", "Request timeout", "The request has timed out. Please try again later.")
