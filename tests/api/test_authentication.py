"""Who may call."""

from datetime import UTC, datetime, timedelta

import pytest

from outreach.clients.models import ApiKey
from outreach.clock import frozen
from tests.api.contract import ContractClient
from tests.worlds import make_user

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
ME = "/api/v1/me/"


def with_token(token: str, scheme: str = "Bearer") -> ContractClient:
    caller = ContractClient()
    caller.credentials(HTTP_AUTHORIZATION=f"{scheme} {token}")
    return caller


def test_a_key_acts_as_its_user() -> None:
    _, token = ApiKey.issue(user=make_user("nora"), name="CRM")
    answer = with_token(token).get(ME)
    assert (answer.status_code, answer.json()["username"]) == (200, "nora")
    assert answer.json()["api_key"]["name"] == "CRM"


def test_the_scheme_may_be_written_in_any_case() -> None:
    _, token = ApiKey.issue(user=make_user(), name="CRM")
    assert with_token(token, "bearer").get(ME).status_code == 200


def test_without_credentials_the_answer_is_401_and_names_the_scheme() -> None:
    answer = ContractClient().get(ME)
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")
    assert answer.json()["errors"][0]["code"] == "not_authenticated"


def test_a_token_with_the_right_beginning_and_a_wrong_end_is_refused() -> None:
    _, token = ApiKey.issue(user=make_user(), name="CRM")
    assert with_token(token[:-1] + ("a" if token[-1] != "a" else "b")).get(ME).status_code == 401


@pytest.mark.parametrize("token", ["", "or_", "or_unknown", "eyJhbGciOi.J9.x", "ö" * 40])
def test_a_token_that_is_no_key_is_refused(token: str) -> None:
    assert with_token(token).get(ME).status_code == 401


def test_an_expired_key_is_refused_from_that_moment_on() -> None:
    _, token = ApiKey.issue(user=make_user(), name="CRM", expires_at=AT)
    with frozen(AT - timedelta(seconds=1)):
        assert with_token(token).get(ME).status_code == 200
    with frozen(AT):
        assert with_token(token).get(ME).status_code == 401


def test_a_revoked_key_is_refused() -> None:
    key, token = ApiKey.issue(user=make_user(), name="CRM")
    ApiKey.objects.filter(pk=key.pk).update(revoked_at=AT)
    assert with_token(token).get(ME).status_code == 401


def test_the_key_of_a_deactivated_user_is_refused() -> None:
    _, token = ApiKey.issue(user=make_user(is_active=False), name="CRM")
    assert with_token(token).get(ME).status_code == 401


def test_the_last_use_is_written_at_most_once_a_minute() -> None:
    key, token = ApiKey.issue(user=make_user(), name="CRM")
    uses = []
    for seconds in (0, 59, 60):
        with frozen(AT + timedelta(seconds=seconds)):
            with_token(token).get(ME)
        key.refresh_from_db()
        uses.append(key.last_used_at)
    assert uses == [AT, AT, AT + timedelta(seconds=60)]


def test_somebody_logged_in_to_the_console_may_read() -> None:
    caller = ContractClient()
    caller.force_login(make_user("nora"))
    answer = caller.get(ME)
    assert (answer.status_code, answer.json()["api_key"]) == (200, None)


def test_a_session_may_not_write_without_the_csrf_token() -> None:
    caller = ContractClient(enforce_csrf_checks=True)
    caller.force_login(make_user("root", is_superuser=True))
    answer = caller.post("/api/v1/engine/stop/")
    assert answer.status_code == 403
    assert "CSRF" in answer.json()["errors"][0]["detail"]
