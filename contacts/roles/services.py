"""Writes of roles: presets, grants; all audited."""

import tomllib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from contacts.directory.models import Member
from contacts.directory.selectors import CLOSED_STATES, closed, gone, is_closed, member_by_userid
from contacts.org.models import OrgUnit, StoreBinding
from contacts.org.selectors import ATTENDED, store_of
from contacts.org.services import binding_retire
from contacts.roles.labels import PERMISSIONS
from contacts.roles.limits import (
    IT,
    check_last_of_it,
    check_may_grant,
    check_may_take_back,
    check_not_own,
    it_working,
)
from contacts.roles.models import Role, RoleGrant
from contacts.roles.selectors import collides, held_by, held_of
from scrm.accounts.models import User
from scrm.accounts.oidc.services import ties_end
from scrm.accounts.services import (
    access_end,
    account_rename,
    left_open,
    sessions_end,
    user_for_userid,
)
from scrm.core.alerts.services import raise_alert
from scrm.core.audit.services import record
from scrm.core.exceptions import Conflict, NotFound, PermissionDenied, ValidationFailed

GUIDE = "guide"
PRESETS = Path(__file__).parent / "presets.toml"
PRESET_FIELDS = ("name", "reach", "permissions", "masks", "needs_approval", "position")


def presets() -> list[dict[str, Any]]:
    """Return the preset roles as presets.toml has them."""
    loaded: list[dict[str, Any]] = tomllib.loads(PRESETS.read_text(encoding="utf-8"))["role"]
    return loaded


@transaction.atomic
def presets_load() -> int:
    """Write the preset roles (new ones added, known ones brought up to date, changed ones left); return how many.

    Raises ValidationFailed when presets.toml names a permission that does not exist.
    """
    known = presets()
    there = {role.code: role for role in Role.objects.all()}
    changed: list[Role] = []
    for position, preset in enumerate(known):
        unknown = sorted(set(preset["permissions"]) - PERMISSIONS.keys())
        if unknown:
            raise ValidationFailed(
                _("presets.toml gives %(role)s unknown permissions: %(unknown)s.")
                % {"role": preset["code"], "unknown": ", ".join(unknown)}
            )
        given = {"needs_approval": False, **preset, "position": position}
        values = {key: given[key] for key in PRESET_FIELDS}
        role = there.get(preset["code"])
        if role is None or _is_out_of_date(role, values):
            changed.append(Role(code=preset["code"], **values))
    Role.objects.bulk_create(
        changed, update_conflicts=True, unique_fields=["code"], update_fields=PRESET_FIELDS
    )
    return len(known)


def _is_out_of_date(role: Role, values: Mapping[str, Any]) -> bool:
    """Tell whether a preset role that nobody edited differs from presets.toml."""
    return role.edited_at is None and any(
        getattr(role, name) != value for name, value in values.items()
    )


@transaction.atomic
def grant(
    *, user: User, role: Role, org_unit: OrgUnit | None, actor: User | None, ip: str = ""
) -> RoleGrant:
    """Give a person a role; `actor` None means the system (seed, command line).

    Raises PermissionDenied for one's own roles, for a role with rights the actor lacks, for a unit beyond theirs and
    for a role that two people grant, ValidationFailed when the role's reach and the unit do not fit, Conflict when it is held already or cannot stand beside the roles held.
    """
    check_not_own(user, actor)
    if actor is not None:
        check_may_grant(role, org_unit, actor)
    return give(user=user, role=role, org_unit=org_unit, actor=actor, ip=ip)


@transaction.atomic
def grant_over(
    *, user: User, role: Role, units: Sequence[OrgUnit], actor: User | None
) -> list[RoleGrant]:
    """Give a person a role over several units at once, or none of them; raises as `grant`."""
    return [grant(user=user, role=role, org_unit=unit, actor=actor) for unit in each_or_none(units)]


def each_or_none(units: Sequence[OrgUnit]) -> list[OrgUnit | None]:
    """Return the units one by one, or None once for a role that is tied to none."""
    return [*units] if units else [None]


def check_fits(role: Role, org_unit: OrgUnit | None) -> None:
    """Raise ValidationFailed when the role's reach and the unit do not fit."""
    needs_unit = role.reach == Role.Reach.ORG
    if needs_unit and org_unit is None:
        raise ValidationFailed(_("Choose the branch, dealer or store this role is for."))
    if not needs_unit and org_unit is not None:
        raise ValidationFailed(_("This role is not tied to a unit; leave the unit empty."))


def give(
    *, user: User, role: Role, org_unit: OrgUnit | None, actor: User | None, ip: str = ""
) -> RoleGrant:
    """Write a grant whose rights somebody checked; raises as `grant` for what does not fit or is held."""
    check_fits(role, org_unit)
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
    """Take a role back; it ends with the person's next request, and their sessions end with it.

    Raises PermissionDenied for one's own roles and, from who looks after a part of the company, for a role with rights
    they lack; Conflict for the last IT administrator who can log in.
    """
    check_not_own(given.user, actor)
    if actor is not None:
        check_may_take_back(given.role, actor)
        check_last_of_it(given)
    before = _facts(given)
    target = f"user:{given.user_id}"
    given.delete()
    record(actor=actor, action="roles.revoke", target=target, before=before, reason=reason, ip=ip)
    sessions_end(given.user, actor=actor, reason="role taken back")


def leavers_revoke() -> int:
    """End the access of all who may not work here, take back roles, bindings and SSO ties of those who are gone; return how many roles.

    Their account opens nothing while they are gone; but a userid may be used again, or enabled again, and
    who comes back under it must not find the rights of who went: neither as a role, nor by a binding from
    which the first log-in makes a guide.
    """
    shut = Q(is_active=False) | Exists(Member.objects.filter(closed(), user=OuterRef("pk")))
    for user in left_open().filter(shut):
        access_end(user, reason="member disabled or left")
    members = Member.objects.filter(gone()).values("pk")
    grants = list(
        RoleGrant.objects.filter(user__member__in=members).select_related(
            "role", "org_unit", "user"
        )
    )
    for given in grants:
        revoke(given, actor=None, reason="member left")
    if any(given.role.code == IT for given in grants) and not it_working().exists():
        _alert_no_it()
    ties_end(User.objects.filter(member__in=members), reason="member left")
    bindings = StoreBinding.objects.filter(member__in=members, state__in=ATTENDED)
    for binding in bindings.select_related("store", "member").order_by("pk"):
        # Somebody at the console may have ended it a moment ago.
        with suppress(Conflict):
            binding_retire(binding=binding, actor=None, reason="member left")
    return len(grants)


def _alert_no_it() -> None:
    raise_alert(
        kind="roles.no_it",
        key="it_admin",
        level="critical",
        title=lambda: _("Nobody of IT can log in"),
        text=lambda: _(
            "The last IT administrator left the company. Give somebody the role on the server: manage.py role_grant NAME it_admin."
        ),
        dedupe=timedelta(days=1),
    )


def _facts(given: RoleGrant) -> dict[str, Any]:
    unit = given.org_unit.code if given.org_unit else None
    return {"role": given.role.code, "org_unit": unit, "user": given.user.username}


def user_for_login(userid: str) -> User:
    """Return the account of the member whom WeCom names at log-in, tied to the member's row.

    Raises PermissionDenied, in words, when the address book here does not know the member, or the
    account is disabled or gone.
    """
    return _admitted(member_by_userid(userid))


def user_returning(user: User) -> User:
    """Return an account that came in before, if its member still may; raises as `user_for_login`."""
    return _admitted(Member.objects.filter(user=user).first())


def _admitted(member: Member | None) -> User:
    if member is None:
        raise PermissionDenied(
            _(
                "WeCom knows you, but the address book here does not have your account yet. "
                "Wait for the next sync, or ask HQ operations."
            )
        )
    if member.status in CLOSED_STATES:
        raise PermissionDenied(
            _("Your WeCom account is disabled or was deleted, so you cannot log in here."),
            about=f"member:{member.pk}",
        )
    if is_closed(member):
        raise PermissionDenied(
            _(
                "The OA says that you left the company, so you cannot log in here. "
                "If that is wrong, ask HQ operations to have it put right in the OA."
            ),
            about=f"member:{member.pk}",
        )
    with transaction.atomic():
        user = _tied_user(member)
        _guide_role_ensure(member, user)
    if not user.is_active:
        raise PermissionDenied(
            _("Your account here is switched off. Ask the IT administrator."),
            about=f"member:{member.pk}",
        )
    return user


def user_for_job_number(job_number: str) -> User:
    """Return the account of the member whose employee has this job number; raises as `user_for_login`."""
    members = Member.objects.filter(employee__job_number=job_number)
    userid = members.order_by("status").values_list("userid", flat=True).first()
    # Without a member the refusal's words are those of an unknown userid.
    return user_for_login(userid or "")


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
    if member is None or is_closed(member):
        raise NotFound(
            _("There is no account and no working WeCom member named %(name)s.") % {"name": name}
        )
    with transaction.atomic():
        return _tied_user(member)


def _tied_user(member: Member) -> User:
    if member.user_id is not None:
        return User.objects.get(pk=member.user_id)
    user = user_for_userid(member.userid, name=member.name)
    owner = Member.objects.filter(user=user).exclude(pk=member.pk).first()
    if owner is not None:
        # Somebody else was called so before: their account follows them.
        account_rename(user, owner.userid)
        user = user_for_userid(member.userid, name=member.name)
    Member.objects.filter(pk=member.pk, user=None).update(user=user)
    return user
