"""The steps of the organisation itself when a store closes, merges, moves or opens again: its accounts, then the store."""

from collections.abc import Iterable
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from contacts.org.change_models import StoreChange, StoreChangeStep
from contacts.org.changing import ACCOUNTS, STORE, ChangePart, PlannedStep
from contacts.org.models import OrgUnit, StoreBinding
from contacts.org.selectors import ATTENDED, bindings_of
from contacts.org.services.bindings import binding_carry, binding_retire
from contacts.org.services.joining import codes_changed
from contacts.org.services.terms import terms_note
from contacts.org.services.units import places_update, unit_placed
from scrm.core.exceptions import Conflict

Kind = StoreChange.Kind
ACTS = {
    "org.account_end": _("Account stops serving the store; her customers stay hers"),
    "org.account_carry": _("Account goes on at the store that takes over, in its last place"),
    "org.account_along": _("Account stays; who sees her changes with the store's place"),
    "org.store_close": _("Store is closed: no new bindings, no entries"),
    "org.store_merge": _(
        "Store is closed and marked as merged; orders that come later under its codes count for the other"
    ),
    "org.store_move": _("Store stands below its new unit; its history says since when"),
    "org.store_open": _("Store is open again; bind its accounts anew"),
}
LAST = {
    Kind.CLOSE: "org.store_close",
    Kind.MERGE: "org.store_merge",
    Kind.MOVE: "org.store_move",
    Kind.OPEN: "org.store_open",
}


def plan(change: StoreChange) -> Iterable[PlannedStep]:
    """Yield a step for each account, and the last one for the store."""
    for binding in bindings_of(change.store) if change.kind != Kind.OPEN else ():
        act = _act(change, binding)
        yield PlannedStep(
            act=act,
            subject=str(binding.member),
            key=str(binding.member_id),
            kept=act == "org.account_along",
            order=ACCOUNTS,
        )
    yield PlannedStep(act=LAST[Kind(change.kind)], subject=store_subject(change), order=STORE)


def store_subject(change: StoreChange) -> str:
    """Return what the last step is about: the store, and where it goes."""
    subject = str(change.store)
    if change.target is not None:
        subject = f"{change.store} → {change.target}"
    return subject[:200]


def _act(change: StoreChange, binding: StoreBinding) -> str:
    if change.kind == Kind.MOVE:
        return "org.account_along"
    carries = change.kind == Kind.MERGE and binding.member.is_serving
    return "org.account_carry" if carries else "org.account_end"


def apply(change: StoreChange, step: StoreChangeStep, actor: Any) -> None:
    """Do one step; what is done already is left alone."""
    if step.act in LAST.values():
        _store(change)
        return
    binding = StoreBinding.objects.filter(
        store=change.store, member_id=int(step.key), state__in=ATTENDED
    ).first()
    if binding is None:
        return
    # Who cannot serve any more since the plan was made has nothing to go on with.
    goes_on = step.act == "org.account_carry" and binding.member.is_serving
    if goes_on and change.target is not None:
        binding_carry(binding=binding, store=change.target, actor=actor)
    else:
        binding_retire(binding=binding, actor=actor, reason=change.reason)


def _store(change: StoreChange) -> None:
    if change.kind == Kind.MOVE and change.target is not None:
        unit_placed(change.store, change.target)
        return
    if change.kind == Kind.OPEN:
        OrgUnit.objects.filter(pk=change.store_id).update(status=OrgUnit.Status.OPEN)
    else:
        _close(change)
    terms_note()
    places_update()
    codes_changed()


def _close(change: StoreChange) -> None:
    """Close a store for good; what was said about a temporary closure is over with it.

    Raises Conflict where an account was bound to it since the plan was made.
    """
    OrgUnit.objects.select_for_update().get(pk=change.store_id)
    if bindings_of(change.store).exists():
        raise Conflict(
            _t("Accounts were bound to this store meanwhile. Try again: they are taken along."),
            code="bound_since",
        )
    OrgUnit.objects.filter(pk=change.store_id).exclude(status=OrgUnit.Status.CLOSED).update(
        status=OrgUnit.Status.CLOSED,
        merged_into=change.target,
        merged_at=timezone.now() if change.target is not None else None,
        shut_from=None,
        shut_until=None,
        shut_reason="",
    )


PART = ChangePart(acts=ACTS, plan=plan, apply=apply)
