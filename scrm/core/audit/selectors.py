"""Reads of the audit."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from scrm.core.audit.models import AuditEntry
from scrm.core.scope import Scope


def entries_visible_to(scope: Scope) -> QuerySet[AuditEntry]:
    """Return all entries for whoever may read the audit, else none."""
    entries = AuditEntry.objects.select_related("actor")
    return entries if scope.allows("audit.view") else entries.none()


def acts_since(actor: Any, action: str, since: datetime) -> int:
    """Return how often a person did something since then; for quotas."""
    return AuditEntry.objects.filter(actor=actor, action=action, at__gte=since).count()
