"""Reads of the audit."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import QuerySet

from scrm.core.audit.models import AuditEntry
from scrm.core.scope import Scope


def entries_visible_to(scope: Scope) -> QuerySet[AuditEntry]:
    """Return all entries for whoever reads the audit over the whole company, their own acts to others who may, else none."""
    entries = AuditEntry.objects.select_related("actor")
    if not scope.allows("audit.view"):
        return entries.none()
    return entries if scope.everything else entries.filter(actor_id=scope.user_id)


def names_of(targets: Iterable[str]) -> dict[str, str]:
    """Return the names of the people among these objects; one query, none where nobody is among them."""
    keys = {target.removeprefix("user:") for target in targets if target.startswith("user:")}
    ids = [int(key) for key in keys if key.isdecimal() and len(key) < 19]
    people = get_user_model().objects.filter(pk__in=ids) if ids else ()
    return {f"user:{person.pk}": str(person) for person in people}


def acts_since(actor: Any, action: str, since: datetime) -> int:
    """Return how often a person did something since then; for quotas."""
    return AuditEntry.objects.filter(actor=actor, action=action, at__gte=since).count()
