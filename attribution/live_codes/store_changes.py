"""What closing a store means for live codes: accounts that serve nobody new leave those that others answer too."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from attribution.live_codes.models import LiveCode
from attribution.live_codes.services import live_code_update, wish_of
from contacts.org.change_models import StoreChange, StoreChangeStep
from contacts.org.changing import CODES, ChangePart, PlannedStep
from contacts.org.selectors import bindings_of
from scrm.core.scope import SYSTEM_SCOPE

ACTS = {
    "live_codes.leave": _("The store's accounts leave this live code; the others go on answering"),
    "live_codes.alone": _("Live code stays as it is: only accounts of this store answer it"),
    "live_codes.along": _("Live code stays as it is: its accounts go on"),
}


def plan(change: StoreChange) -> Iterable[PlannedStep]:
    """Yield a step for each live code that an account of the store answers."""
    leaving = _accounts(change) if change.kind != StoreChange.Kind.OPEN else set()
    for code in _codes(leaving):
        act = _act(change, code, leaving)
        yield PlannedStep(
            act=act,
            subject=code.name,
            key=str(code.pk),
            kept=act != "live_codes.leave",
            order=CODES,
        )


def _accounts(change: StoreChange) -> set[int]:
    return set(bindings_of(change.store).values_list("member_id", flat=True))


def _codes(member_ids: Iterable[int]) -> QuerySet[LiveCode]:
    codes = LiveCode.objects.filter(choices__member_id__in=list(member_ids)).distinct()
    return codes.prefetch_related("choices").order_by("name", "pk")


def _act(change: StoreChange, code: LiveCode, leaving: set[int]) -> str:
    if change.kind != StoreChange.Kind.CLOSE:
        return "live_codes.along"
    others = any(
        choice.member_id not in leaving for choice in code.choices.all() if not choice.is_backup
    )
    return "live_codes.leave" if others else "live_codes.alone"


def apply(change: StoreChange, step: StoreChangeStep, actor: Any) -> None:
    """Take the store's accounts off one code; WeCom is told by the next sweep."""
    code = LiveCode.objects.filter(pk=int(step.key)).first()
    if code is None:
        return
    leaving = {int(key) for key in change.steps.filter(act__startswith="org.account_").values_list("key", flat=True)}  # fmt: skip
    wish = wish_of(code)
    members = [pk for pk in wish.member_ids if pk not in leaving]
    backups = [pk for pk in wish.backup_ids if pk not in leaving]
    if members and len(members) + len(backups) < len(wish.member_ids) + len(wish.backup_ids):
        changed = replace(wish, member_ids=members, backup_ids=backups)
        live_code_update(code, changed, scope=SYSTEM_SCOPE, actor=actor)


PART = ChangePart(acts=ACTS, plan=plan, apply=apply)
