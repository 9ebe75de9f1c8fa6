"""What of roles waits for a second person: changed roles, and grants of those that two people give."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

import orjson
from django.template.defaultfilters import yesno
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from contacts.org.models import OrgUnit
from contacts.roles.editing import CHANGE_KIND, change_apply, draft_of
from contacts.roles.labels import MASK_NAMES, ROLE_NAMES
from contacts.roles.limits import check_not_own, check_pair, check_reaches, rights_words
from contacts.roles.models import Role
from contacts.roles.selectors import held_count, offered_to, scope_for
from contacts.roles.services import check_fits, each_or_none, give
from scrm.accounts.models import User
from scrm.core.approvals.kinds import Fact, Kind, Payload
from scrm.core.approvals.models import Approval
from scrm.core.approvals.services import ask
from scrm.core.exceptions import Conflict, PermissionDenied, ValidationFailed

GRANT_KIND = "role_grant"


def grant_ask(
    *, user: User, role: Role, units: Sequence[OrgUnit], actor: User, reason: str
) -> Approval:
    """Ask a second person to give somebody a role; raises as `grant`, but for the rights, which are weighed when it is decided."""
    check_not_own(user, actor)
    scope = scope_for(actor)
    for unit in each_or_none(units):
        check_fits(role, unit)
        check_reaches(unit, scope)
    if not role.takes_two:
        raise ValidationFailed(_("This role needs no second person; grant it."))
    if not offered_to(scope).filter(pk=role.pk).exists():
        raise PermissionDenied(_("Roles hold for the whole company; you reach a part of it."))
    payload = {
        "user": user.pk,
        "person": str(user),
        "role": role.code,
        "units": [unit.code for unit in units],
    }
    key = f"role_grant:{user.pk}:{role.pk}"
    return ask(kind=GRANT_KIND, key=key, payload=payload, actor=actor, reason=reason)


def _grant_granted(approval: Approval, actor: Any) -> None:
    payload = approval.payload
    user = User.objects.get(pk=payload["user"])
    check_not_own(user, actor)
    role = Role.objects.filter(code=payload["role"]).first()
    units = list(OrgUnit.objects.filter(code__in=payload["units"]).order_by("path"))
    if role is None or len(units) != len(payload["units"]) or not user.is_active:
        raise Conflict(_("The role, a unit or the account is gone; refuse this and ask again."))
    check_pair(approval.asked_by, actor, role.permissions, MASK_NAMES.keys() - set(role.masks))
    for unit in each_or_none(units):
        give(user=user, role=role, org_unit=unit, actor=approval.asked_by)


def _grant_facts(payload: Payload) -> list[Fact]:
    role = Role.objects.filter(code=payload["role"]).first()
    rights = rights_words(role.permissions) if role is not None else "—"
    return [
        Fact(_("Person"), payload["person"]),
        Fact(_("Role"), str(role or payload["role"])),
        Fact(_("Units"), _(", ").join(payload["units"]) or "—"),
        Fact(_("Rights"), rights),
    ]


def _grant_stamp(payload: Payload) -> str:
    """What the role is and where the person stands: an approval is of this role, not of what it became."""
    role = Role.objects.filter(code=payload["role"]).first()
    is_active = User.objects.filter(pk=payload["user"], is_active=True).exists()
    return _stamp([draft_of(role).as_json() if role is not None else None, is_active])


def _change_stamp(payload: Payload) -> str:
    role = Role.objects.filter(code=payload["role"]).first() if payload["role"] else None
    return _stamp(draft_of(role).as_json() if role is not None else None)


def _stamp(value: object) -> str:
    return hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _change_granted(approval: Approval, actor: Any) -> None:
    change_apply(approval, actor=actor)


def _change_facts(payload: Payload) -> list[Fact]:
    before, after = payload["before"] or {}, payload["after"]
    added = sorted(set(after["permissions"]) - set(before.get("permissions", ())))
    gone = sorted(set(before.get("permissions", ())) - set(after["permissions"]))
    facts = [
        Fact(
            _("Role"),
            _role_name(payload["role"], after["name"]),
            _role_name(payload["role"], before["name"]) if before else None,
        ),
        Fact(_("Description"), after["description"] or "—", before.get("description") or None),
        Fact(_("Data scope"), _reach(after["reach"]), _reach(before["reach"]) if before else None),
        Fact(
            _("Masked fields"),
            _masks(after["masks"]),
            _masks(before["masks"]) if before else None,
        ),
        Fact(
            _("Granted by two people"),
            _yes_no(after["needs_approval"]),
            _yes_no(before["needs_approval"]) if before else None,
        ),
    ]
    if added:
        facts.append(Fact(_("Rights added"), rights_words(added)))
    if gone:
        facts.append(Fact(_("Rights taken away"), rights_words(gone)))
    role = Role.objects.filter(code=payload["role"]).first() if payload["role"] else None
    if role is not None:
        facts.append(Fact(_("People who hold it now"), str(held_count(role))))
    return facts


def _masks(codes: Iterable[str]) -> str:
    return _(", ").join(str(MASK_NAMES.get(code, code)) for code in codes) or _("none")


def _reach(code: str) -> str:
    return str(Role.Reach(code).label)


def _yes_no(value: object) -> str:
    return str(yesno(bool(value)))


def _role_name(code: str | None, name: str) -> str:
    return str(ROLE_NAMES.get(code or "", name))


def _change_page(payload: Payload) -> str:
    role = Role.objects.filter(code=payload["role"]).first() if payload["role"] else None
    return reverse("roles:role", args=[role.pk]) if role is not None else reverse("roles:list")


def _grant_page(_payload: Payload) -> str:
    return reverse("roles:list")


CHANGE = Kind(
    code=CHANGE_KIND,
    title=gettext_lazy("Change of a role"),
    permission="roles.approve",
    facts=_change_facts,
    granted=_change_granted,
    stamp=_change_stamp,
    page=_change_page,
)
GRANT = Kind(
    code=GRANT_KIND,
    title=gettext_lazy("Grant of a role"),
    permission="roles.approve",
    facts=_grant_facts,
    granted=_grant_granted,
    stamp=_grant_stamp,
    page=_grant_page,
)
