"""Makes and changes live codes in our own tables; `pushing` tells WeCom."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from attribution.live_codes.models import LiveCode, LiveCodeMember
from attribution.live_codes.selectors import MOST_MEMBERS
from attribution.live_codes.texts import MOST_BYTES, unknown_variables
from contacts.directory.models import Member
from contacts.directory.selectors import members_visible_to
from contacts.parameters import services as parameters
from customers.tags.selectors import tags_all
from scrm.core.audit import services as audit
from scrm.core.exceptions import ValidationFailed
from scrm.core.scope import Scope


@dataclass(frozen=True)
class LiveCodeWish:
    """What a person wants of a code; `member_ids` and `backup_ids` are ids of contacts.Member, in order.

    One who is named in both lists is no backup.
    """

    name: str
    member_ids: Sequence[int]
    tag_ids: Sequence[str] = field(default_factory=tuple)
    remark_suffix: str = ""
    welcome_text: str = ""
    skip_verify: bool = True
    backup_ids: Sequence[int] = field(default_factory=tuple)


@transaction.atomic
def live_code_create(wish: LiveCodeWish, *, scope: Scope, actor: Any, state: str = "") -> LiveCode:
    """Store a new code with its parameter; WeCom hears of it by `pushing.live_code_push` after the commit.

    `state` is a parameter the caller issued already, so that an add names what the caller knows by it.
    Raises ValidationFailed.
    """
    members = _members(wish, scope)
    _check(wish)
    state = state or parameters.issue(kind="live_code", actor=actor)
    code = LiveCode(state=state, created_by=actor)
    _apply(code, wish)
    code.save()
    _choose(code, members, set(wish.member_ids))
    audit.record(
        actor=actor, action="live_code.create", target=f"live_code:{code.pk}", after=_record(wish)
    )
    return code


@transaction.atomic
def live_code_update(code: LiveCode, wish: LiveCodeWish, *, scope: Scope, actor: Any) -> LiveCode:
    """Change a code; what WeCom must know differs from `told_*` until it is pushed. Raises ValidationFailed."""
    members = _members(wish, scope)
    _check(wish)
    code = LiveCode.objects.select_for_update().get(pk=code.pk)
    before = _record(wish_of(code))
    _apply(code, wish)
    code.save()
    _choose(code, members, set(wish.member_ids))
    audit.record(
        actor=actor,
        action="live_code.update",
        target=f"live_code:{code.pk}",
        before=before,
        after=_record(wish),
    )
    return code


def wish_of(code: LiveCode) -> LiveCodeWish:
    """Return what a stored code stands for."""
    return LiveCodeWish(
        name=code.name,
        member_ids=_ids_of(code, is_backup=False),
        tag_ids=tuple(code.tag_ids),
        remark_suffix=code.remark_suffix,
        welcome_text=code.welcome_text,
        skip_verify=code.skip_verify,
        backup_ids=_ids_of(code, is_backup=True),
    )


def _ids_of(code: LiveCode, *, is_backup: bool) -> tuple[int, ...]:
    chosen = code.choices.filter(is_backup=is_backup).order_by("position", "id")
    return tuple(chosen.values_list("member_id", flat=True))


def _record(wish: LiveCodeWish) -> dict[str, Any]:
    return {
        key: list(value) if isinstance(value, tuple | list) else value
        for key, value in asdict(wish).items()
    }


def _apply(code: LiveCode, wish: LiveCodeWish) -> None:
    code.name = wish.name
    code.tag_ids = list(wish.tag_ids)
    code.remark_suffix = wish.remark_suffix
    code.welcome_text = wish.welcome_text
    code.skip_verify = wish.skip_verify


def _members(wish: LiveCodeWish, scope: Scope) -> list[Member]:
    ids = list(dict.fromkeys([*wish.member_ids, *wish.backup_ids]))
    if not wish.member_ids:
        raise ValidationFailed(
            _("Choose at least one member."), code="members_missing", field="members"
        )
    if len(ids) > MOST_MEMBERS:
        raise ValidationFailed(
            _("WeCom takes at most %(count)d members behind one code.") % {"count": MOST_MEMBERS},
            code="members_too_many",
            field="members",
        )
    found = members_visible_to(scope).in_bulk(ids)
    if len(found) < len(ids):
        raise ValidationFailed(
            _("A chosen member is not within your range."), code="member_unknown", field="members"
        )
    return [found[pk] for pk in ids]


def _check(wish: LiveCodeWish) -> None:
    unknown = unknown_variables(wish.welcome_text)
    if unknown:
        raise ValidationFailed(
            _("There is no variable {%(name)s}.") % {"name": unknown[0]},
            code="variable_unknown",
            field="welcome_text",
        )
    if len(wish.welcome_text.encode()) > MOST_BYTES:
        raise ValidationFailed(
            _("The text is too long for WeCom."), code="text_too_long", field="welcome_text"
        )
    known = set(tags_all().filter(tag_id__in=list(wish.tag_ids)).values_list("tag_id", flat=True))
    if set(wish.tag_ids) - known:
        raise ValidationFailed(
            _("A chosen tag does not exist any more."), code="tag_unknown", field="tags"
        )


def _choose(code: LiveCode, members: Sequence[Member], first: Collection[int]) -> None:
    """Replace the chosen members, backups all but the `first`; those who stay keep what WeCom said of them."""
    kept = {choice.member_id: choice for choice in code.choices.all()}
    wanted = {member.pk for member in members}
    code.choices.exclude(member_id__in=wanted).delete()
    new = []
    for position, member in enumerate(members, start=1):
        choice = kept.get(member.pk)
        place = (position, member.pk not in first)
        if choice is None:
            choice = LiveCodeMember(live_code=code, member=member)
            choice.position, choice.is_backup = place
            new.append(choice)
        elif (choice.position, choice.is_backup) != place:
            choice.position, choice.is_backup = place
            choice.save(update_fields=["position", "is_backup"])
    LiveCodeMember.objects.bulk_create(new)
