"""The OpenAPI document: what every operation has in common, and how callers authenticate."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.utils import OpenApiParameter
from rest_framework.permissions import SAFE_METHODS

from outreach.api.idempotency import HEADER, LONGEST_KEY, MARK
from outreach.api.serializers import ErrorAnswer

# By status code: the name of the shared answer, and what it means.
REFUSALS = {
    "400": ("WrongInput", "The input is wrong; each error names its field."),
    "401": ("NotAuthenticated", "No valid API key, and nobody is logged in."),
    "403": ("NotAllowed", "Your role does not allow this."),
    "404": ("NotFound", "There is no such row among the clients you are a member of."),
    "409": ("Conflict", "The present state stands against it; each error is one thing that blocks."),
    "422": ("KeyReused", "The Idempotency-Key was used for another request."),
    "default": ("AnyError", "Any other error."),
}
IDEMPOTENCY_KEY = OpenApiParameter(
    HEADER,
    {"type": "string", "maxLength": LONGEST_KEY},
    OpenApiParameter.HEADER,
    description="Any text you make up for this request. Repeating the request with it within 24 hours takes "
    "effect once and answers the same.",
)
BLANK = {"type": "string", "maxLength": 0}
CRUD = frozenset({"list", "retrieve", "create", "update", "partial_update", "destroy"})


class OutreachSchema(AutoSchema):
    """Every error of every operation has the one envelope."""

    def get_operation_id(self) -> str:
        """`campaigns_pause` for the action that pauses; the usual name for the usual operations."""
        name = getattr(self.view, "action", None)
        if name is None or name in CRUD:
            usual: str = super().get_operation_id()
            return usual
        return f"{self.get_tags()[0]}_{name}".replace("-", "_")

    def get_override_parameters(self) -> list[Any]:
        named: list[Any] = super().get_override_parameters()
        return [*named, IDEMPOTENCY_KEY] if self._is_idempotent() else named

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        answers: dict[str, Any] = super()._get_response_bodies(direction)
        errors = {code: self._error(code) for code in self._refusals() if code not in answers}
        return answers | dict(sorted(errors.items()))

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> dict[str, Any]:
        """What we answer is always complete: every property is there."""
        schema: dict[str, Any] = super()._map_basic_serializer(serializer, direction)  # type: ignore[no-untyped-call]
        if direction == "response" and schema.get("properties"):
            schema["required"] = sorted(schema["properties"])
        return schema

    def _insert_field_validators(self, field: Any, schema: dict[str, Any]) -> None:
        """An address that may be blank is one *or* the other: a format alone excludes nothing (OpenAPI 3.1)."""
        super()._insert_field_validators(field, schema)  # type: ignore[no-untyped-call]
        if BLANK in schema.get("oneOf", ()):
            schema["anyOf"] = schema.pop("oneOf")

    def _error(self, code: str) -> dict[str, Any]:
        name, description = REFUSALS[code]
        schema = self.resolve_serializer(ErrorAnswer, "response").ref
        answer = {"description": description, "content": {"application/json": {"schema": schema}}}
        component = ResolvedComponent(  # type: ignore[no-untyped-call]
            name, ResolvedComponent.RESPONSE, answer, object=ErrorAnswer
        )
        self.registry.register_on_missing(component)
        ref: dict[str, Any] = component.ref
        return ref

    def _refusals(self) -> set[str]:
        codes = {"401", "403", "default"}
        if self.method not in SAFE_METHODS:
            codes |= {"400", "409"}
        if self._is_list_view() or getattr(self.view, "filter_backends", None):
            codes.add("400")
        if "{" in self.path or self._is_list_view():
            codes.add("404")
        if self._is_idempotent():
            codes.add("422")
        return codes

    def _is_idempotent(self) -> bool:
        handler = getattr(self.view, getattr(self.view, "action", None) or self.method.lower(), None)
        return getattr(handler, MARK, False)


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "outreach.api.authentication.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "or_…",
            "description": "An API key, made in the console under API keys. It acts as its user.",
        }
