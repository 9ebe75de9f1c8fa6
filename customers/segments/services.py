"""Writes of segments."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from customers.segments.compiling import condition_checked
from customers.segments.conditions import condition_json
from customers.segments.models import Segment
from customers.segments.selectors import name_check, segment_persons
from scrm.core.audit import services as audit
from scrm.core.exceptions import ValidationFailed
from scrm.core.scope import Scope


@transaction.atomic
def segment_save(
    scope: Scope,
    segment: Segment | None,
    *,
    name: str,
    condition: Any,
    is_shared: bool,
    actor: Any,
) -> Segment:
    """Make or change a segment by condition; the caller has found it among those the scope may change.

    Only who sees the whole company shares one. Raises ValidationFailed.
    """
    if not name.strip():
        raise ValidationFailed(_("Give the segment a name."), code="segment_name", field="name")
    name_check(scope, name[:60], but=segment)
    tree = condition_checked(condition, scope)
    before = None if segment is None else _told(segment)
    segment = segment or Segment(created_by=actor)
    segment.name, segment.condition = name.strip()[:60], condition_json(tree)
    segment.is_shared = is_shared and scope.everything
    segment.save()
    audit.record(
        actor=actor,
        action="segment.update" if before else "segment.create",
        target=f"segment:{segment.pk}",
        before=before,
        after=_told(segment),
    )
    return segment


def _told(segment: Segment) -> dict[str, Any]:
    return {
        "name": segment.name,
        "condition": segment.condition,
        "is_shared": segment.is_shared,
        "expires_at": segment.expires_at and segment.expires_at.isoformat(),
    }


@transaction.atomic
def segment_delete(segment: Segment, *, actor: Any) -> None:
    """Delete a segment; nobody's data goes with it."""
    audit.record(
        actor=actor,
        action="segment.delete",
        target=f"segment:{segment.pk}",
        before=_told(segment),
    )
    segment.delete()


def count_persons(segment: Segment, scope: Scope) -> int:
    """Return how many persons a segment has now, within a scope; raises ValidationFailed."""
    return segment_persons(segment, scope).count()
