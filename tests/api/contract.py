"""A test client that holds every answer against our own OpenAPI document, so that each test is a contract test."""

import json
import re
from copy import deepcopy
from functools import cache
from typing import Any

from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator
from rest_framework.test import APIClient

Document = dict[str, Any]
ROOT = "/api/v1"
METHODS = ("get", "post", "put", "patch", "delete")


@cache
def document() -> Document:
    """The document as it is served."""
    made: Document = json.loads(json.dumps(SchemaGenerator().get_schema(public=True), default=str))
    return made


@cache
def strict_components() -> Document:
    """The document's components, in which a property that is not named there is an error."""
    components = deepcopy(document()["components"])
    for schema in components["schemas"].values():
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
    return dict(components)


def operations() -> list[tuple[str, str]]:
    """Every (method, path) of the document."""
    return [(method, path) for path, item in document()["paths"].items() for method in METHODS if method in item]


def template_of(path: str) -> str | None:
    """The document's path for a real one; literal paths win over those with an id."""
    bare = path.partition("?")[0]
    if bare in document()["paths"]:
        return bare
    return next((known for known in document()["paths"] if re.fullmatch(_pattern(known), bare)), None)


def _pattern(template: str) -> str:
    return re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template))


def check(method: str, path: str, response: Any) -> None:
    """Raises AssertionError when the document says something else."""
    template = template_of(path)
    assert template, f"{path} is not documented"
    operation = document()["paths"][template].get(method.lower())
    if operation is None:
        assert response.status_code == 405, f"{method} {template} is not documented"
        return
    content = _documented(operation, response.status_code, f"{method} {template}").get("content")
    if content is None:
        assert not response.content, f"{method} {template} documents no content for {response.status_code}"
        return
    schema = content["application/json"]["schema"]
    Draft202012Validator({**schema, "components": strict_components()}).validate(response.json())


def _documented(operation: Document, status: int, where: str) -> Document:
    answers = operation["responses"]
    assert str(status) in answers or status >= 400, f"{where} does not document {status}"
    answer: Document = answers.get(str(status)) or answers["default"]
    if "$ref" in answer:
        answer = document()["components"]["responses"][answer["$ref"].rpartition("/")[2]]
    return answer


class ContractClient(APIClient):
    """An API client whose every answer under /api/v1/ must be as documented."""

    def request(self, **request: Any) -> Any:
        response = super().request(**request)
        if request["PATH_INFO"].startswith(ROOT):
            check(request["REQUEST_METHOD"], request["PATH_INFO"], response)
        return response
