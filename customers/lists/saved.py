"""Saved views: filters of the list under a name."""

from collections.abc import Iterable
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _

from customers.fields.uses import Use
from customers.lists.filters import OWN
from customers.lists.models import SavedView
from scrm.core.audit import services as audit
from scrm.core.exceptions import Conflict, PermissionDenied, ValidationFailed
from scrm.core.scope import Scope
from scrm.core.searched import SEALED, TEXT

MOST_VIEWS = 20
# What is of the moment, and what was searched for: never kept.
NOT_KEPT = (TEXT, SEALED, "after", "view", "csrfmiddlewaretoken")


def views_visible_to(scope: Scope) -> QuerySet[SavedView]:
    """Return one's own views and those shared with a role one has."""
    mine = Q(owner_id=scope.user_id)
    return SavedView.objects.filter(mine | Q(role_code__in=scope.role_codes) & ~Q(role_code=""))


def views_owned_by(scope: Scope) -> QuerySet[SavedView]:
    """Return one's own views: only these one may change."""
    return SavedView.objects.filter(owner_id=scope.user_id)


def default_view(scope: Scope) -> SavedView | None:
    """Return the view that opens first, if one was chosen."""
    return views_owned_by(scope).filter(is_default=True).first()


def field_uses(key: str) -> list[Use]:
    """Return how many views, of whomever, filter by a customer field."""
    count = SavedView.objects.filter(query__regex=rf"(^|&){OWN}{key}=").count()
    return [Use(_("Saved views of the customer list"), count)]


def unsearched(query: str) -> str:
    """Return the filters of an address without what was searched for."""
    given = QueryDict(query, mutable=True)
    for name in (TEXT, SEALED):
        given.pop(name, None)
    return given.urlencode()


def query_kept(query: str, names: Iterable[str]) -> str:
    """Return the filters of an address as a view keeps them: known names with a value, in order."""
    given, known = QueryDict(query.lstrip("?")), {*names, "size"}
    kept = QueryDict(mutable=True)
    for name in sorted(known & set(given)):
        if name not in NOT_KEPT and given[name]:
            kept[name] = given[name]
    return kept.urlencode()


@transaction.atomic
def view_save(
    scope: Scope,
    *,
    actor: Any,
    name: str,
    query: str,
    role_code: str = "",
    is_default: bool = False,
) -> SavedView:
    """Keep a view. Raises ValidationFailed (no name, too many), PermissionDenied for another's role, Conflict."""
    name = " ".join(name.split())[:32]
    if not name:
        raise ValidationFailed(_("Give the view a name."), code="view_unnamed")
    if role_code and role_code not in scope.role_codes:
        raise PermissionDenied(_("You share a view with a role of your own only."))
    if views_owned_by(scope).count() >= MOST_VIEWS:
        raise ValidationFailed(
            _("You keep %(most)d views, the most there can be. Delete one first.")
            % {"most": MOST_VIEWS},
            code="views_full",
        )
    if is_default:
        views_owned_by(scope).update(is_default=False)
    try:
        with transaction.atomic():
            view = SavedView.objects.create(
                name=name, owner=actor, role_code=role_code, query=query, is_default=is_default
            )
    except IntegrityError:
        raise Conflict(
            _("You have a view of that name already. Choose another."), code="view_name_taken"
        ) from None
    if role_code:
        audit.record(
            actor=actor,
            action="lists.view_share",
            target=f"saved_view:{view.pk}",
            after={"name": name, "role": role_code, "filters": query},
        )
    return view


@transaction.atomic
def view_delete(view: SavedView, *, actor: Any) -> None:
    """Forget a view."""
    if view.role_code:
        audit.record(
            actor=actor,
            action="lists.view_delete",
            target=f"saved_view:{view.pk}",
            before={"name": view.name, "role": view.role_code, "filters": view.query},
        )
    view.delete()
