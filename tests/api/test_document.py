"""The OpenAPI document: current, of one version, and shown under the content security policy."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.test import Client as Browser
from drf_spectacular.validation import validate_schema

from tests.api.contract import document, operations

COMMITTED = Path(__file__).resolve().parents[2] / "docs" / "openapi.yaml"


def test_the_committed_document_is_current() -> None:
    committed = yaml.safe_load(COMMITTED.read_text())
    assert json.loads(json.dumps(committed, default=str)) == document(), (
        "Run: python manage.py spectacular --validate --fail-on-warn --file docs/openapi.yaml"
    )


def test_the_document_is_valid_openapi_3_1() -> None:
    assert document()["openapi"] == "3.1.1"
    validate_schema(document())


def test_nothing_is_left_of_the_nullable_idiom_of_3_0() -> None:
    assert '"nullable"' not in json.dumps(document())


def test_every_operation_says_how_it_refuses() -> None:
    for method, path in operations():
        answers = document()["paths"][path][method]["responses"]
        assert {"401", "403", "default"} <= set(answers), (method, path)


def test_every_write_that_makes_or_sends_something_takes_an_idempotency_key() -> None:
    taking = {path.removeprefix("/api/v1/") for method, path in operations() if _takes_key(method, path)}
    assert taking == {
        "campaigns/",
        "campaigns/{id}/enroll/",
        "campaigns/{id}/versions/",
        "conversations/{id}/reply/",
        "leads/",
        "leads/import/",
        "leads/{id}/suppress/",
        "senders/",
        "suppressions/",
    }


def _takes_key(method: str, path: str) -> bool:
    parameters: list[dict[str, Any]] = document()["paths"][path][method].get("parameters", [])
    return any(parameter["name"] == "Idempotency-Key" for parameter in parameters)


@pytest.mark.django_db
def test_the_document_is_served() -> None:
    answer = Browser().get("/api/schema/", {"format": "json"})
    assert answer.json()["paths"].keys() == document()["paths"].keys()


@pytest.mark.django_db
def test_the_docs_page_has_no_inline_script_and_loads_nothing_from_elsewhere() -> None:
    page = Browser().get("/api/docs/").content.decode()
    scripts = re.findall(r"<script([^>]*)>(.*?)</script>", page, re.S)
    assert scripts
    assert all("src=" in attributes and not body.strip() for attributes, body in scripts)
    assert not re.search(r"""(src|href)=["'](https?:)?//""", page)
