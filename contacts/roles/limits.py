"""What nobody does with roles, whoever they are: beyond their own rights, for themselves, or to the last of IT."""

from collections.abc import Iterable

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from contacts.directory.models import Member
from contacts.directory.selectors import closed
from contacts.org.models import OrgUnit
from contacts.org.selectors import org_units_visible_to
from contacts.roles.labels import IT_KEEPS, MASK_NAMES, PERMISSIONS, WHOLE_COMPANY
from contacts.roles.models import Role, RoleGrant
from contacts.roles.selectors import grantable_by, granting, scope_for, unseen_by, within
from scrm.accounts.models import User
from scrm.core.exceptions import Conflict, PermissionDenied, ValidationFailed
from scrm.core.scope import Scope

IT = "it_admin"


def check_not_own(user: User, actor: User | None) -> None:
    """Raise PermissionDenied when a person would change their own roles."""
    if actor is not None and actor.pk == user.pk:
        raise PermissionDenied(_("Nobody changes their own roles; ask a colleague who may."))


def check_may_grant(role: Role, org_unit: OrgUnit | None, actor: User) -> None:
    """Raise PermissionDenied for a role that two people grant, for rights the actor lacks and for a unit beyond theirs."""
    if role.takes_two:
        raise PermissionDenied(
            _("The role %(role)s is granted by two people; ask for it on the page of roles.")
            % {"role": role}
        )
    scope = scope_for(actor)
    if not grantable_by(scope).filter(pk=role.pk).exists():
        raise PermissionDenied(_beyond(role))
    check_reaches(org_unit, scope)


def check_may_take_back(role: Role, actor: User) -> None:
    """Raise PermissionDenied for rights that somebody of a part of the company lacks; of the whole company, one takes back any role."""
    scope = scope_for(actor)
    if not scope.everything and not within(scope).filter(pk=role.pk).exists():
        raise PermissionDenied(_beyond(role))


def check_reaches(org_unit: OrgUnit | None, scope: Scope) -> None:
    """Raise PermissionDenied for a unit outside somebody's own."""
    if org_unit is not None and not org_units_visible_to(scope).filter(pk=org_unit.pk).exists():
        raise PermissionDenied(
            _("%(unit)s lies outside the units you look after.") % {"unit": org_unit}
        )


def check_composable(role: Role | None, *, reach: str, permissions: Iterable[str]) -> None:
    """Raise ValidationFailed for rights that a reach cannot carry, and for an IT role that could repair nothing."""
    wanted = set(permissions)
    if reach != Role.Reach.ALL and (beyond := wanted & WHOLE_COMPANY):
        raise ValidationFailed(
            _("Only a role over the whole company may carry: %(rights)s.")
            % {"rights": rights_words(beyond)}
        )
    if role is not None and role.code == IT:
        missing = IT_KEEPS - wanted
        if missing or reach != Role.Reach.ALL:
            raise ValidationFailed(
                _("IT keeps the whole company and these rights, or nobody could repair roles: %(rights)s.")
                % {"rights": rights_words(missing or IT_KEEPS)}
            )  # fmt: skip


def check_raise(role: Role | None, maker: User, checker: User | None) -> None:
    """Raise PermissionDenied when one of the two holds the role that is to gain something."""
    if role is None:
        return
    people = [maker] if checker is None else [maker, checker]
    for person in people:
        if RoleGrant.objects.filter(role=role, user=person).exists():
            raise PermissionDenied(
                _(
                    "%(person)s holds this role, and nobody adds to their own rights. "
                    "Two people who do not hold it have to ask and approve."
                )
                % {"person": person}
            )


def check_pair(
    maker: User, checker: User, rights: Iterable[str], fields: Iterable[str] = ()
) -> None:
    """Raise PermissionDenied unless the maker still edits roles and both together hold the rights and see the fields."""
    asked, decides = scope_for(maker), scope_for(checker)
    if not asked.allows("roles.edit") or not asked.everything:
        raise PermissionDenied(
            _("%(person)s may not change roles any more; refuse this.") % {"person": maker}
        )
    missing = set(rights) - asked.permissions - decides.permissions
    if missing:
        raise PermissionDenied(
            _("Neither of you two holds: %(rights)s. Somebody who does has to ask or approve.")
            % {"rights": rights_words(missing)}
        )
    hidden = set(fields) & unseen_by(asked) & unseen_by(decides)
    if hidden:
        words = _(", ").join(str(MASK_NAMES.get(code, code)) for code in sorted(hidden))
        raise PermissionDenied(
            _("Neither of you two sees this unmasked: %(fields)s.") % {"fields": words}
        )


def check_last_of_it(given: RoleGrant) -> None:
    """Raise Conflict where nobody of IT who can log in would be left; holds the role until the end of the transaction."""
    if given.role.code != IT:
        return
    Role.objects.select_for_update().get(pk=given.role_id)
    working = it_working()
    if working.filter(pk=given.pk).exists() and not working.exclude(pk=given.pk).exists():
        raise Conflict(
            _("%(person)s is the last IT administrator who can log in. Grant the role to somebody else first.")
            % {"person": given.user},
            code="last_it_admin",
        )  # fmt: skip


def it_working() -> QuerySet[RoleGrant]:
    """Return the grants of IT administrators whose account opens something."""
    gone = Member.objects.filter(closed(), user=OuterRef("user"))
    grants = RoleGrant.objects.filter(role__code=IT, user__is_active=True)
    return grants.exclude(Exists(gone))


def rights_words(codes: Iterable[str]) -> str:
    """Return rights in words, in a fixed order."""
    return _(", ").join(str(PERMISSIONS.get(code, code)) for code in sorted(codes))


def _beyond(role: Role) -> str:
    able = _(", ").join(str(other) for other in granting(role))
    if able:
        return _("The role %(role)s has rights that you lack; ask somebody of: %(able)s.") % {
            "role": role,
            "able": able,
        }
    return _(
        "The role %(role)s has rights that you lack; IT grants it on the server: manage.py role_grant."
    ) % {"role": role}
