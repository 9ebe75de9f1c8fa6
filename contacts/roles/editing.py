"""Changes of roles: asked for by one person, checked by another, done as asked or not at all."""

import secrets
from dataclasses import asdict, dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from contacts.roles.labels import MASK_NAMES, PERMISSIONS
from contacts.roles.limits import check_composable, check_pair, check_raise
from contacts.roles.models import Role, RoleGrant
from contacts.roles.selectors import held_count, scope_for
from contacts.roles.services import presets
from scrm.accounts.models import User
from scrm.core.approvals.models import Approval
from scrm.core.approvals.services import ask
from scrm.core.audit.services import record
from scrm.core.exceptions import Conflict, PermissionDenied, ValidationFailed

CHANGE_KIND = "role_change"
# Behind the presets in every list.
LAST = 100


@dataclass(frozen=True)
class Draft:
    """What a role is to be: menus (permissions), scope (reach), masks."""

    name: str
    description: str
    reach: str
    permissions: tuple[str, ...]
    masks: tuple[str, ...]
    needs_approval: bool

    def as_json(self) -> dict[str, Any]:
        """Return it as a payload or an audit entry keeps it."""
        return asdict(self) | {"permissions": list(self.permissions), "masks": list(self.masks)}


def draft_of(role: Role) -> Draft:
    """Return a role as it is now."""
    return Draft(
        role.name,
        role.description,
        role.reach,
        tuple(sorted(role.permissions)),
        tuple(sorted(role.masks)),
        role.needs_approval,
    )


def preset_draft(role: Role) -> Draft | None:
    """Return what presets.toml says of a role that was changed since; None where there is no difference."""
    return _delivered(role) if role.edited_at is not None else None


def _delivered(role: Role) -> Draft | None:
    for preset in presets():
        if preset["code"] == role.code:
            return Draft(
                preset["name"],
                role.description,
                preset["reach"],
                tuple(sorted(preset["permissions"])),
                tuple(sorted(preset["masks"])),
                preset.get("needs_approval", False),
            )
    return None


@dataclass(frozen=True)
class Difference:
    """What a change of a role gives and takes: rights, fields shown unmasked or masked from now on, and how many people feel it."""

    gained: frozenset[str]
    lost: frozenset[str]
    unmasked: frozenset[str]
    masked: frozenset[str]
    reach: tuple[str, str] | None
    people: int

    @property
    def raises(self) -> bool:
        """Whether somebody who holds the role could do or see more."""
        return bool(self.gained or self.unmasked or self.reach)


def difference(role: Role | None, draft: Draft) -> Difference:
    """Compare a role as it is (None: a new one) with what it is to be."""
    rights, masks = set(draft.permissions), set(draft.masks)
    if role is None:
        unmasked = frozenset(MASK_NAMES.keys() - masks)
        return Difference(frozenset(rights), frozenset(), unmasked, frozenset(masks), None, 0)
    now, hidden = set(role.permissions), set(role.masks)
    return Difference(
        gained=frozenset(rights - now),
        lost=frozenset(now - rights),
        unmasked=frozenset(hidden - masks),
        masked=frozenset(masks - hidden),
        reach=(role.reach, draft.reach) if role.reach != draft.reach else None,
        people=held_count(role),
    )


def check_change(role: Role | None, draft: Draft, actor: User) -> Difference:
    """Return what a change would do, once it is one that may be asked for; raises as `change_ask`."""
    _check_editor(actor)
    _check_draft(role, draft)
    if role is not None and draft_of(role) == draft:
        raise ValidationFailed(_("This changes nothing."))
    if role is not None:
        _check_reach(role, draft)
    found = difference(role, draft)
    if found.raises and not _is_as_delivered(role, found):
        check_raise(role, actor, None)
    return found


def change_ask(*, role: Role | None, draft: Draft, actor: User, reason: str) -> Approval:
    """Ask a second person for a new role (None) or a change; nothing holds until they agree.

    Raises ValidationFailed for words and rights that do not exist, that the reach cannot carry, or a change of nothing,
    PermissionDenied for who does not reach the whole company or would add to their own rights, Conflict where a role
    that is held would change its reach, or a change waits already.
    """
    check_change(role, draft, actor)
    before = draft_of(role) if role is not None else None
    payload = {
        "role": role.code if role is not None else None,
        "before": before.as_json() if before is not None else None,
        "after": draft.as_json(),
    }
    key = f"role:{role.code}" if role is not None else f"role:new:{draft.name}"
    return ask(kind=CHANGE_KIND, key=key, payload=payload, actor=actor, reason=reason)


@transaction.atomic
def change_apply(approval: Approval, *, actor: User) -> Role:
    """Do what was asked for, once the two people together hold every right that is added.

    Raises PermissionDenied when they do not, Conflict when the role changed since it was asked for.
    """
    payload = approval.payload
    draft = _draft_from(payload["after"])
    role = _locked(payload)
    _check_draft(role, draft)
    found = difference(role, draft)
    delivered = _delivered(role) if role is not None else None
    given = set(delivered.permissions) if delivered is not None else set()
    hidden = set(delivered.masks) if delivered is not None else set(MASK_NAMES)
    check_pair(approval.asked_by, actor, found.gained - given, found.unmasked & hidden)
    if found.raises and not _is_as_delivered(role, found):
        check_raise(role, approval.asked_by, actor)
    if role is None:
        role = Role(code=f"role_{secrets.token_hex(4)}", position=LAST)
    else:
        _check_reach(role, draft)
    role.name, role.description, role.reach = draft.name, draft.description, draft.reach
    role.permissions, role.masks = list(draft.permissions), list(draft.masks)
    role.needs_approval, role.edited_at = draft.needs_approval, timezone.now()
    role.save()
    record(
        actor=actor,
        action="roles.change" if payload["role"] else "roles.create",
        target=f"role:{role.code}",
        before=payload["before"],
        after=payload["after"],
        reason=approval.reason,
    )
    return role


@transaction.atomic
def role_delete(role: Role, *, actor: User, reason: str) -> None:
    """Delete a role nobody holds; raises Conflict for a preset or one that is held, ValidationFailed without a reason."""
    _check_editor(actor)
    if not reason.strip():
        raise ValidationFailed(_("Say why; the audit keeps it."))
    if role.code in {preset["code"] for preset in presets()}:
        raise Conflict(
            _("A role every installation has cannot be deleted; take it back from who holds it.")
        )
    locked = Role.objects.select_for_update().get(pk=role.pk)
    if RoleGrant.objects.filter(role=locked).exists():
        raise Conflict(_("Somebody holds this role; take it back first."))
    before = draft_of(locked).as_json()
    target = f"role:{locked.code}"
    locked.delete()
    record(actor=actor, action="roles.delete", target=target, before=before, reason=reason.strip())


def _is_as_delivered(role: Role | None, found: Difference) -> bool:
    """Whether all that is gained belongs to the role as the product delivers it, as after an update."""
    delivered = _delivered(role) if role is not None else None
    if delivered is None or found.reach is not None:
        return False
    return found.gained <= set(delivered.permissions) and not found.unmasked & set(delivered.masks)


def _check_editor(actor: User) -> None:
    scope = scope_for(actor)
    if not scope.everything or not scope.allows("roles.edit"):
        raise PermissionDenied(_("Roles hold for the whole company; you reach a part of it."))


def _check_draft(role: Role | None, draft: Draft) -> None:
    unknown = sorted(
        set(draft.permissions) - PERMISSIONS.keys() | set(draft.masks) - MASK_NAMES.keys()
    )
    if unknown or draft.reach not in Role.Reach.values:
        raise ValidationFailed(
            _("These rights do not exist: %(unknown)s.") % {"unknown": ", ".join(unknown) or "-"}
        )
    if not draft.name.strip() or not draft.permissions:
        raise ValidationFailed(_("A role needs a name and at least one right."))
    check_composable(role, reach=draft.reach, permissions=draft.permissions)
    others = Role.objects.exclude(pk=role.pk) if role is not None else Role.objects.all()
    if others.filter(name__iexact=draft.name.strip()).exists():
        raise Conflict(_("There is a role of this name already."))


def _check_reach(role: Role, draft: Draft) -> None:
    if role.reach != draft.reach and RoleGrant.objects.filter(role=role).exists():
        raise Conflict(
            _("People hold this role over the units chosen for them; copy it to change its reach.")
        )


def _locked(payload: dict[str, Any]) -> Role | None:
    if payload["role"] is None:
        return None
    role = Role.objects.select_for_update().filter(code=payload["role"]).first()
    if role is None or draft_of(role).as_json() != payload["before"]:
        raise Conflict(_("The role changed since this was asked for; refuse it and ask again."))
    return role


def _draft_from(values: dict[str, Any]) -> Draft:
    return Draft(
        values["name"],
        values["description"],
        values["reach"],
        tuple(values["permissions"]),
        tuple(values["masks"]),
        values["needs_approval"],
    )
