"""Who may call the API; apart from api.py because DRF loads it while its own views are being imported."""

from typing import Any

import structlog
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

logger = structlog.get_logger(__name__)


class HasScope(BasePermission):
    """Allows a partner key that holds the view's `api_scope`; a view without one allows nobody."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Compare the key's scopes with the view's."""
        wanted = getattr(view, "api_scope", None)
        if not wanted:
            logger.error("api.view_without_scope", view=type(view).__name__)
            return False
        return wanted in (getattr(request.auth, "scopes", None) or ())
