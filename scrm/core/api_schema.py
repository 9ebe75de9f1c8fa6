"""What the OpenAPI description says beyond what the views say: log-in, errors, repeats, rows of batches."""

from typing import Any, Literal

from drf_spectacular.extensions import (
    OpenApiAuthenticationExtension,
    OpenApiSerializerExtension,
    OpenApiSerializerFieldExtension,
)
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

from scrm.core.api import KEY_HEADER, ErrorSerializer, IdempotentMixin, RowsField, StrictSerializer

# Words are English here on purpose: the description is read by programs and programmers.
ERRORS = {
    "400": "What was sent cannot be used; `data.fields` names the fields.",
    "401": "No key, or one that is unknown, withdrawn or expired.",
    "403": "The key lacks the scope of this call.",
    "404": "There is no such thing.",
    "409": "The Idempotency-Key was used with another body.",
    "413": "The body is larger than 20 MB.",
    "415": "The body is not application/json.",
    "429": "More calls a minute than this key may make; wait for `Retry-After` seconds.",
}
ALWAYS = ("400", "401", "403", "429")
WITH_A_BODY = ("413", "415")

IDEMPOTENCY_KEY = OpenApiParameter(
    KEY_HEADER,
    {"type": "string", "minLength": 8, "maxLength": 128, "pattern": "^[ -~]{8,128}$"},
    OpenApiParameter.HEADER,
    required=True,
    description="New for every new request; the same one again gives the first answer again, for 24 hours.",
)
REPLAYED = OpenApiParameter(
    "Idempotent-Replayed",
    {"type": "string", "enum": ["true"]},
    OpenApiParameter.HEADER,
    response=[200, 201],
    description="Set on an answer that was given before.",
)
RETRY_AFTER = OpenApiParameter(
    "Retry-After",
    {"type": "integer", "minimum": 1},
    OpenApiParameter.HEADER,
    response=[429],
    description="Seconds to wait.",
)
CHALLENGE = OpenApiParameter(
    "WWW-Authenticate",
    {"type": "string", "enum": ["Bearer"]},
    OpenApiParameter.HEADER,
    response=[401],
    description="How to log in.",
)


class PartnerSchema(AutoSchema):
    """Adds to every partner view the errors and headers that scrm.core.api gives it."""

    def get_override_parameters(self) -> list[Any]:
        """Describe the headers of answers, and the key of a write that may be repeated."""
        if not self._is_partner_view():
            return []
        found = [RETRY_AFTER, CHALLENGE]
        if self._is_repeatable():
            found += [IDEMPOTENCY_KEY, REPLAYED]
        return found

    def _get_response_bodies(
        self, direction: Literal["request", "response"] = "response"
    ) -> dict[str, Any]:
        found: dict[str, Any] = super()._get_response_bodies(direction)
        if not self._is_partner_view():
            return found
        for status in self._error_statuses():
            error = OpenApiResponse(ErrorSerializer, description=ERRORS[status])
            body = self._get_response_for_code(error, status)  # type: ignore[no-untyped-call]
            found.setdefault(status, body)
        return dict(sorted(found.items()))

    def _error_statuses(self) -> list[str]:
        found = list(ALWAYS)
        if self.method in {"POST", "PUT", "PATCH"}:
            found += WITH_A_BODY
        if self._is_repeatable():
            found.append("409")
        if "{" in self.path:
            found.append("404")
        return found

    def _is_partner_view(self) -> bool:
        return isinstance(getattr(self.view, "api_scope", None), str)

    def _is_repeatable(self) -> bool:
        is_write = self.method in {"POST", "PUT", "PATCH", "DELETE"}
        return is_write and isinstance(self.view, IdempotentMixin)


class PartnerKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """A partner's key in the Authorization header."""

    target_class = "scrm.accounts.authentication.PartnerKeyAuthentication"
    name = "partnerKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """Describe it as a bearer token."""
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "The partner key IT makes in the console (System, Partner keys); shown once.",
        }


class StrictSchema(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """Objects that refuse unknown fields."""

    target_class = StrictSerializer
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        """Say so."""
        found: dict[str, Any] = auto_schema._map_serializer(
            self.target, direction, bypass_extensions=True
        )
        return {**found, "additionalProperties": False}


class RowsSchema(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """Rows of a batch: described as the row they should be, checked one by one."""

    target_class = RowsField
    match_subclasses = True

    def map_serializer_field(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        """Describe one row."""
        row = auto_schema.resolve_serializer(self.target.row, direction)
        return {
            "type": "array",
            "items": row.ref,
            "minItems": self.target.min_length,
            "maxItems": self.target.max_length,
        }
