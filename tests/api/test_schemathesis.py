"""Generated requests against every operation: nothing breaks, and every answer is documented."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from integrations.unipile.client import UnipileClient
from integrations.unipile.sandbox import Sandbox
from integrations.unipile.sandbox.transport import HOST, sandbox_session
from outreach.clients.models import ApiKey
from outreach.clock import now
from outreach.wsgi import application
from tests.api.tenants import Tenant
from tests.worlds import make_user

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

schema = schemathesis.openapi.from_wsgi("/api/schema/?format=json", application)
schema.config.phases.coverage.enabled = False
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture
def token(northwind: Tenant, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A key that may do everything. The connection stays open between requests: it holds the test's transaction."""
    settings.API_RATES = {"reads": "100000/s", "writes": "100000/s"}
    sandbox = sandbox_session(Sandbox(1, now=now, people=5))
    monkeypatch.setattr(
        "inbox.replying.provider_client", lambda: UnipileClient(HOST, "sandbox", session=sandbox), raising=True
    )
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield ApiKey.issue(user=make_user("root", is_superuser=True), name="test")[1]
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@schema.parametrize()
@settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)
def test_whatever_is_sent_the_answer_is_documented(case: Any, token: str, northwind: Tenant) -> None:
    if "id" in case.path_parameters:
        case.path_parameters["id"] = str(northwind.by_resource()[case.path.split("/")[3]].pk)
    case.call_and_validate(headers={"Authorization": f"Bearer {token}"}, checks=CHECKS)
