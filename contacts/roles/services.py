"""Writes of roles: presets, grants; all audited."""

import tomllib
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from contacts.directory.models import Employee, Member
from contacts.directory.selectors import member_by_userid
from contacts.org.models import OrgUnit, StoreBinding
from contacts.org.selectors import ATTENDED, store_of
from contacts.org.services import binding_retire
from contacts.roles.labels import PERMISSIONS
from contacts.roles.models import Role, RoleGrant
from contacts.roles.selectors import (
    CLOSED_STATES,
    collides,
    grantable_by,
    granting,
    held_by,
    held_of,
    scope_for,
)
from scrm.accounts.models import User
from scrm.accounts.services import user_for_userid
from scrm.core.audit.services import record
from scrm.core.exceptions import Conflict, NotFound, PermissionDenied, ValidationFailed

GUIDE = "guide"
PRESETS = Path(__file__).parent / "presets.toml"


def presets() -> list[dict[str, Any]]:
    """Return the preset roles as presets.toml has them."""
    loaded: list[dict[str, Any]] = tomllib.loads(PRESETS.read_text(encoding="utf-8"))["role"]
    return loaded


@transaction.atomic
def presets_load() -> int:
    """Write the preset roles (new ones added, known ones brought up to date); return how many.

    Raises ValidationFailed when presets.toml names a permission that does not exist.
    """
    known = presets()
    for position, preset in enumerate(known):
        unknown = sorted(set(preset["permissions"]) - PERMISSIONS.keys())
        if unknown:
            raise ValidationFailed(
                _("presets.toml gives %(role)s unknown permissions: %(unknown)s.")
                % {"role": preset["code"], "unknown": ", ".join(unknown)}
            )
        values = {key: preset[key] for key in ("name", "reach", "permissions", "masks")}
        Role.objects.update_or_create(
            code=preset["code"], defaults={**values, "position": position}
        )
    return len(known)


@transaction.atomic
def grant(
    *, user: User, role: Role, org_unit: OrgUnit | None, actor: User | None, ip: str = ""
) -> RoleGrant:
    """Give a person a role; `actor` None means the system (seed, command line).

    Raises PermissionDenied for one's own roles and for a role with rights the actor lacks, ValidationFailed when the role's reach and the unit do
    not fit, Conflict when it is held already or cannot stand beside the roles held.
    """
    if actor is not None and actor.pk == user.pk:
        raise PermissionDenied(_("Nobody changes their own roles; ask a colleague who may."))
    if actor is not None and not grantable_by(scope_for(actor)).filter(pk=role.pk).exists():
        raise PermissionDenied(_beyond(role))
    needs_unit = role.reach == Role.Reach.ORG
    if needs_unit and org_unit is None:
        raise ValidationFailed(_("Choose the branch, dealer or store this role is for."))
    if not needs_unit and org_unit is not None:
        raise ValidationFailed(_("This role is not tied to a unit; leave the unit empty."))
    # One grant at a time for one person, so that two at once cannot slip past the checks.
    User.objects.select_for_update().get(pk=user.pk)
    if RoleGrant.objects.filter(user=user, role=role, org_unit=org_unit).exists():
        raise Conflict(_("%(person)s holds this role already.") % {"person": user})
    if collides(held_by(user), held_of(role, org_unit.path if org_unit else "")):
        raise Conflict(
            _(
                "This role cannot stand beside the roles %(person)s holds: rights of one would reach into the other's area. "
                "Take back the other role first."
            )
            % {"person": user}
        )
    made = RoleGrant.objects.create(user=user, role=role, org_unit=org_unit, granted_by=actor)
    record(actor=actor, action="roles.grant", target=f"user:{user.pk}", after=_facts(made), ip=ip)
    return made


@transaction.atomic
def revoke(given: RoleGrant, *, actor: User | None, reason: str = "", ip: str = "") -> None:
    """Take a role back; it ends with the person's next request.

    Raises PermissionDenied for one's own roles.
    """
    if actor is not None and actor.pk == given.user_id:
        raise PermissionDenied(_("Nobody changes their own roles; ask a colleague who may."))
    before = _facts(given)
    target = f"user:{given.user_id}"
    given.delete()
    record(actor=actor, action="roles.revoke", target=target, before=before, reason=reason, ip=ip)


def leavers_revoke() -> int:
    """Take back the roles of members who left and end their bindings; return how many roles.

    Their account opens nothing while they are gone; but a userid may be used again, or enabled again, and
    who comes back under it must not find the rights of who went: neither as a role, nor by a binding from
    which the first log-in makes a guide.
    """
    left = Q(status=Member.Status.LEFT) | Q(
        status=Member.Status.DISABLED, employee__state=Employee.State.LEFT
    )
    members = Member.objects.filter(left).values("pk")
    grants = list(
        RoleGrant.objects.filter(user__member__in=members).select_related(
            "role", "org_unit", "user"
        )
    )
    for given in grants:
        revoke(given, actor=None, reason="member left")
    bindings = StoreBinding.objects.filter(member__in=members, state__in=ATTENDED)
    for binding in bindings.select_related("store", "member").order_by("pk"):
        # Somebody at the console may have ended it a moment ago.
        with suppress(Conflict):
            binding_retire(binding=binding, actor=None, reason="member left")
    return len(grants)


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


def _facts(given: RoleGrant) -> dict[str, Any]:
    unit = given.org_unit.code if given.org_unit else None
    return {"role": given.role.code, "org_unit": unit, "user": given.user.username}


def user_for_login(userid: str) -> User:
    """Return the account of the member whom WeCom names at log-in, tied to the member's row.

    Raises PermissionDenied, in words, when the address book here does not know the member, or the
    account is disabled or gone.
    """
    member = member_by_userid(userid)
    if member is None:
        raise PermissionDenied(
            _(
                "WeCom knows you, but the address book here does not have your account yet. "
                "Wait for the next sync, or ask HQ operations."
            )
        )
    if member.status in CLOSED_STATES:
        raise PermissionDenied(
            _("Your WeCom account is disabled or was deleted, so you cannot log in here.")
        )
    with transaction.atomic():
        user = _tied_user(member)
        _guide_role_ensure(member, user)
    if not user.is_active:
        raise PermissionDenied(_("Your account here is switched off. Ask the IT administrator."))
    return user


def _guide_role_ensure(member: Member, user: User) -> None:
    """Make a guide of whoever serves a store and holds no role yet: nobody grants thousands by hand."""
    if RoleGrant.objects.filter(user=user).exists() or store_of(member) is None:
        return
    role = Role.objects.filter(code=GUIDE).first()
    if role is not None:
        # Two pages of the tool bar log in at once: the slower one finds the role held.
        with suppress(Conflict):
            grant(user=user, role=role, org_unit=None, actor=None)


def person_named(name: str) -> User:
    """Return the account by user name, or by userid (made for a member who never logged in).

    Raises NotFound when neither an account nor a member has this name.
    """
    user = User.objects.filter(username=name).first()
    if user is not None:
        return user
    member = member_by_userid(name)
    if member is None or member.status in CLOSED_STATES:
        raise NotFound(
            _("There is no account and no working WeCom member named %(name)s.") % {"name": name}
        )
    with transaction.atomic():
        return _tied_user(member)


def _tied_user(member: Member) -> User:
    if member.user_id is not None:
        return User.objects.get(pk=member.user_id)
    user = user_for_userid(member.userid, name=member.name)
    Member.objects.filter(pk=member.pk, user=None).update(user=user)
    return user
