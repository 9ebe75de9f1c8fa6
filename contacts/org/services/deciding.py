"""Who may decide about a change of a store: headquarters, or a colleague who reaches every unit it touches."""

from typing import Any

from django.utils.translation import gettext as _

from contacts.org.change_models import StoreChange
from contacts.org.selectors import org_units_visible_to
from scrm.core.exceptions import PermissionDenied
from scrm.core.scope import Scope


def reaches(change: StoreChange, scope: Scope) -> bool:
    """Tell whether a scope holds the store of a change and the unit that takes it or takes over."""
    touched = {pk for pk in (change.store_id, change.target_id) if pk is not None}
    held = org_units_visible_to(scope).filter(pk__in=touched)
    return scope.everything or held.count() == len(touched)


def may_decide(change: StoreChange, *, actor: Any, scope: Scope) -> bool:
    """Tell whether a person may approve a change; below the whole company nobody approves what she planned."""
    return scope.everything or (reaches(change, scope) and change.created_by_id != actor.pk)


def check_reaches(change: StoreChange, scope: Scope) -> None:
    """Raise PermissionDenied where a change touches a unit outside the scope."""
    if not reaches(change, scope):
        raise PermissionDenied(
            _("This change touches a unit outside your reach. Headquarters decides about it."),
            code="outside_reach",
        )


def check_may_decide(change: StoreChange, *, actor: Any, scope: Scope) -> None:
    """Raise PermissionDenied where a person may not approve a change."""
    check_reaches(change, scope)
    if not may_decide(change, actor=actor, scope=scope):
        raise PermissionDenied(
            _("You planned this change. Somebody else with the same reach, or headquarters, decides about it."),
            code="own_change",
        )  # fmt: skip
