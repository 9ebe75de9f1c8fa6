"""What the OpenAPI description says about our own way to log in."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension


class PartnerKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """A partner's key in the Authorization header."""

    target_class = "scrm.accounts.authentication.PartnerKeyAuthentication"
    name = "partnerKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """Describe it as a bearer token."""
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "The partner key made by IT (manage.py partner_key_create).",
        }
