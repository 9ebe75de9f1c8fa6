"""Reads of roles; the resolver that turns a user into a Scope."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet

from contacts.directory.models import Member
from contacts.directory.selectors import closed
from contacts.roles.labels import CHECKS
from contacts.roles.models import Role, RoleGrant
from scrm.core.scope import EMPTY_SCOPE, Scope


@dataclass(frozen=True)
class Held:
    """One grant, as far as the scope cares: `path` is "" unless the reach is org."""

    role_code: str
    reach: str
    path: str
    permissions: frozenset[str]
    masks: frozenset[str]

    def covers(self, other: "Held") -> bool:
        """Whether the other grant's area lies inside this one's."""
        if self.reach == Role.Reach.ALL:
            return True
        if self.reach == Role.Reach.ORG:
            return other.reach == Role.Reach.OWN or (
                other.reach == Role.Reach.ORG and other.path.startswith(self.path)
            )
        return other.reach == Role.Reach.OWN


def scope_for(user: AbstractBaseUser) -> Scope:
    """Resolve what a user may do and see, in two queries however many roles they hold.

    A superuser gets nothing by being one; a member who is disabled, departed, or gone as the OA says gets nothing at all.
    """
    if not user.is_active or user.pk is None:
        return EMPTY_SCOPE
    is_closed = ExpressionWrapper(closed(), output_field=BooleanField())
    member = Member.objects.filter(user_id=user.pk).values_list("userid", is_closed).first()
    if member is not None and member[1]:
        return EMPTY_SCOPE
    rows = RoleGrant.objects.filter(user_id=user.pk).values_list(
        "role__code", "role__reach", "org_unit__path", "role__permissions", "role__masks"
    )
    held = [
        Held(code, reach, path or "", frozenset(permissions), frozenset(masks))
        for code, reach, path, permissions, masks in rows
        if reach != Role.Reach.ORG or path
    ]
    return combine(held, user_id=user.pk, userid=member[0] if member else None)


def combine(held: Sequence[Held], *, user_id: int, userid: str | None) -> Scope:
    """Join grants so that no permission of one role reaches into the area of another.

    Only areas where the person holds *all* their permissions count: an IT administrator who also
    runs a branch sees that branch, not the whole company. Masks add up.
    """
    if not held:
        return EMPTY_SCOPE
    permissions = _union(grant.permissions for grant in held)
    full = [
        grant
        for grant in held
        if _union(other.permissions for other in held if other.covers(grant)) == permissions
    ]
    everything = any(grant.reach == Role.Reach.ALL for grant in full)
    paths = sorted({grant.path for grant in full if grant.reach == Role.Reach.ORG})
    return Scope(
        user_id=user_id,
        role_codes=frozenset(grant.role_code for grant in held),
        permissions=permissions,
        everything=everything,
        org_paths=() if everything else tuple(paths),
        userid=userid,
        own_only=not everything and not paths,
        masks=_union(grant.masks for grant in held),
    )


def collides(held: Sequence[Held], new: Held) -> bool:
    """Whether a new grant would make some area (its own, or one held) fall out of the scope."""
    before, after = (combine(grants, user_id=0, userid=None) for grants in (held, [*held, new]))
    if new.reach == Role.Reach.OWN or not held:
        return False
    if new.reach == Role.Reach.ALL:
        return not after.everything
    if before.everything:
        return not after.everything
    return not {*before.org_paths, new.path} <= set(after.org_paths)


def _union(sets: Iterable[frozenset[str]]) -> frozenset[str]:
    return frozenset().union(*sets)


def roles_all() -> QuerySet[Role]:
    """Return all roles in the order of the presets."""
    return Role.objects.order_by("position", "code")


def unseen_by(scope: Scope) -> frozenset[str]:
    """Return the masked fields a person has no way to read: a right to reveal phone numbers is one."""
    return scope.masks - {"phone"} if scope.allows("relations.reveal") else scope.masks


def within(scope: Scope) -> QuerySet[Role]:
    """Return the roles that give nothing a person lacks.

    All its rights are theirs, it shows no field that is masked for them, and who looks after units deals with roles over units only.
    """
    roles = roles_all().filter(
        permissions__contained_by=sorted(scope.permissions),
        masks__contains=sorted(unseen_by(scope)),
    )
    return roles if scope.everything else roles.filter(reach=Role.Reach.ORG)


def takes_two() -> Q:
    """Return the condition "two people grant this role"; `Role.takes_two` for one of them."""
    return Q(needs_approval=True) | Q(permissions__overlap=sorted(CHECKS))


def grantable_by(scope: Scope) -> QuerySet[Role]:
    """Return the roles a person may grant alone: they give nothing the person lacks, and check nobody."""
    return within(scope).exclude(takes_two())


def offered_to(scope: Scope) -> QuerySet[Role]:
    """Return the roles a person may grant, and those they may ask a second person for."""
    asked = roles_all().filter(takes_two()) if scope.everything else Role.objects.none()
    return (grantable_by(scope) | asked).order_by("position", "code")


def granting(role: Role) -> list[Role]:
    """Return the roles that may grant this one, in the order of the presets."""
    return list(roles_all().filter(permissions__contains=sorted({"roles.edit", *role.permissions})))


def held_by(user: AbstractBaseUser) -> list[Held]:
    """Return a user's grants as `combine` wants them."""
    rows = RoleGrant.objects.filter(user_id=user.pk).select_related("role", "org_unit")
    return [held_of(grant.role, grant.org_unit.path if grant.org_unit else "") for grant in rows]


def held_of(role: Role, path: str) -> Held:
    """Return one role over one path as `combine` wants it."""
    return Held(role.code, role.reach, path, frozenset(role.permissions), frozenset(role.masks))


def held_count(role: Role) -> int:
    """Return how many people hold a role."""
    return RoleGrant.objects.filter(role=role).values("user").distinct().count()


def grants_visible_to(scope: Scope) -> QuerySet[RoleGrant]:
    """Return the grants a scope may see: all, or those within its organisation units."""
    grants = RoleGrant.objects.select_related("user", "role", "org_unit", "granted_by")
    if scope.everything:
        return grants
    allowed = grants.none()
    for path in scope.org_paths:
        allowed = allowed | grants.filter(org_unit__path__startswith=path)
    return allowed
