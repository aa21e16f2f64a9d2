"""Two clients, and the API as their members see it."""

import pytest

from tests.api.contract import ContractClient
from tests.api.tenants import Tenant, make_tenant, member


@pytest.fixture
def northwind(db: None) -> Tenant:
    return make_tenant("Northwind")


@pytest.fixture
def rival(db: None) -> Tenant:
    """Another client, of which nothing may be seen."""
    return make_tenant("Rival")


@pytest.fixture
def api(northwind: Tenant) -> ContractClient:
    """As an admin of Northwind."""
    return member(northwind)
