"""Keys of programs: the token is told once and kept nowhere."""

from datetime import timedelta

import pytest
from django.db import connection

from outreach.clients.models import ApiKey
from tests.worlds import MONDAY_MORNING, make_user

pytestmark = pytest.mark.django_db
AT = MONDAY_MORNING


def everything_in_the_database() -> str:
    tables = connection.introspection.table_names()
    found: list[str] = []
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608  (names of our own tables)
            found += [str(row) for row in cursor.fetchall()]
    return "\n".join(found)


def test_the_token_is_kept_nowhere() -> None:
    key, token = ApiKey.issue(user=make_user(), name="CRM")
    kept = everything_in_the_database()
    assert key.digest in kept
    assert token not in kept
    assert token[ApiKey.PREFIX_LENGTH :] not in kept
    assert token not in repr(key) + str(key)


def test_the_key_is_found_by_its_token_and_only_by_it() -> None:
    key, token = ApiKey.issue(user=make_user(), name="CRM")
    assert ApiKey.digest_of(token) == key.digest
    assert ApiKey.digest_of(token[:-1]) != key.digest
    assert token.startswith(key.prefix)


def test_two_keys_are_never_alike() -> None:
    user = make_user()
    tokens = {ApiKey.issue(user=user, name="CRM")[1] for _ in range(20)}
    assert len(tokens) == 20
    assert all(len(token) > 40 for token in tokens)


def test_a_key_ends_when_it_expires_or_is_revoked() -> None:
    key, _ = ApiKey.issue(user=make_user(), name="CRM", expires_at=AT + timedelta(days=1))
    assert key.is_valid(AT)
    assert not key.is_valid(AT + timedelta(days=1))
    key.revoked_at = AT
    assert not key.is_valid(AT)
