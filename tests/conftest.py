"""What every test may use."""

import os

import pytest
from django.db import connection


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "postgres" in item.keywords and connection.vendor != "postgresql":
            item.add_marker(pytest.mark.skip(reason="needs PostgreSQL: set DATABASE_URL"))
        if "nightly" in item.keywords and not os.environ.get("NIGHTLY"):
            item.add_marker(pytest.mark.skip(reason="takes minutes: make nightly"))
