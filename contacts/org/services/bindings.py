"""Which accounts serve a store, in which order; every change is audited."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from contacts.directory.models import Member
from contacts.directory.services import places_refresh, store_paths_set
from contacts.org.models import OrgUnit, StoreBinding
from contacts.org.selectors import ATTENDED, store_of
from scrm.core.audit.services import record
from scrm.core.exceptions import Conflict, ValidationFailed

State = StoreBinding.State


@transaction.atomic
def binding_set(
    *, store: OrgUnit, member: Member, position: int | None, actor: Any, move: bool = False
) -> StoreBinding:
    """Bind an account to a store at a place in its order (1 is first; None: the last place).

    With `move` an account that serves another store leaves it. Raises ValidationFailed, Conflict.
    """
    _lock(store, member)
    _check_bindable(store, member)
    served = (
        StoreBinding.objects.filter(member=member, state=State.ACTIVE)
        .select_related("store")
        .first()
    )
    if served is not None and served.store_id != store.pk:
        if not move:
            raise Conflict(
                _(
                    '%(member)s already serves %(store)s. Choose "move" to take the account from there.'
                )
                % {"member": member, "store": served.store},
                code="already_bound",
            )
        _retire(served)
    own = StoreBinding.objects.filter(store=store, member=member, state__in=ATTENDED).first()
    before = {"position": own.position, "state": own.state} if own else None
    binding = own or StoreBinding(store=store, member=member, created_by=actor)
    binding.state, binding.checked_by, binding.checked_at = State.ACTIVE, actor, timezone.now()
    binding.position, binding.full_since = position or 0, None
    binding.save()
    _renumber(store, put=binding, at=position)
    binding.refresh_from_db()
    member_place(member)
    record(
        actor=actor,
        action="org.binding_set",
        target=f"store:{store.code}",
        before=before,
        after={"userid": member.userid, "position": binding.position, "state": State.ACTIVE.value},
    )
    return binding


def _lock(store: OrgUnit, member: Member) -> None:
    """Lock a store and those the account serves, then the account; what was read of both before may be stale."""
    served = StoreBinding.objects.filter(member=member, state__in=ATTENDED).values("store_id")
    units = OrgUnit.objects.filter(Q(pk=store.pk) | Q(pk__in=served))
    locked = {unit.pk: unit for unit in units.select_for_update().order_by("pk")}
    store.status = locked[store.pk].status
    member.status = Member.objects.select_for_update().get(pk=member.pk).status


def _check_bindable(store: OrgUnit, member: Member) -> None:
    if store.kind != OrgUnit.Kind.STORE:
        raise ValidationFailed(_("%(unit)s is not a store.") % {"unit": store}, code="not_a_store")
    if store.status != OrgUnit.Status.OPEN:
        raise ValidationFailed(_("%(store)s is closed.") % {"store": store}, code="store_closed")
    if not member.is_serving:
        raise ValidationFailed(
            _("%(member)s cannot serve a store: %(reason)s")
            % {"member": member, "reason": member.waiting_reason},
            code="member_not_serving",
        )


def _renumber(store: OrgUnit, *, put: StoreBinding | None = None, at: int | None = None) -> None:
    """Number a store's accounts 1, 2, 3 … with `put` at place `at`."""
    others = [
        binding
        for binding in StoreBinding.objects.filter(store=store, state__in=ATTENDED).order_by(
            "position", "pk"
        )
        if put is None or binding.pk != put.pk
    ]
    if put is not None:
        place = len(others) if at is None else max(0, min(at - 1, len(others)))
        others.insert(place, put)
    for number, binding in enumerate(others, 1):
        binding.position = number
    StoreBinding.objects.bulk_update(others, ["position"])


def _retire(binding: StoreBinding) -> None:
    StoreBinding.objects.filter(pk=binding.pk).update(
        state=State.RETIRED, retired_at=timezone.now(), full_since=None
    )
    _renumber(binding.store)


def member_place(member: Member) -> None:
    """Put a member where her bindings say she belongs."""
    home = store_of(member)
    store_paths_set({member.pk: "" if home is None else home.path})
    places_refresh(member.pk)


@transaction.atomic
def binding_retire(*, binding: StoreBinding, actor: Any, reason: str = "") -> None:
    """End a binding; the row stays as history. Raises Conflict where it has ended already."""
    _lock(binding.store, binding.member)
    binding.refresh_from_db()
    if binding.state == State.RETIRED:
        raise Conflict(_("This binding has ended already."), code="already_retired")
    before = {"userid": binding.member.userid, "position": binding.position, "state": binding.state}
    _retire(binding)
    member_place(binding.member)
    record(
        actor=actor,
        action="org.binding_retire",
        target=f"store:{binding.store.code}",
        before=before,
        after={"state": State.RETIRED.value},
        reason=reason,
    )


@transaction.atomic
def binding_carry(*, binding: StoreBinding, store: OrgUnit, actor: Any) -> None:
    """Take an account over to another store, to its last place and in its state; customers stay hers.

    Raises ValidationFailed where she cannot serve or the store is closed.
    """
    if binding.state == State.ACTIVE:
        binding_set(store=store, member=binding.member, position=None, actor=actor, move=True)
        return
    _lock(store, binding.member)
    _check_bindable(store, binding.member)
    full_since = binding.full_since
    binding_retire(binding=binding, actor=actor)
    attended = StoreBinding.objects.filter(store=store, state__in=ATTENDED)
    if attended.filter(member=binding.member).exists():
        return
    fresh = StoreBinding.objects.create(
        store=store,
        member=binding.member,
        position=attended.count() + 1,
        state=State.SERVE_ONLY,
        created_by=actor,
        checked_by=actor,
        checked_at=timezone.now(),
        full_since=full_since,
    )
    member_place(binding.member)
    record(
        actor=actor,
        action="org.binding_set",
        target=f"store:{store.code}",
        after={"userid": binding.member.userid, "position": fresh.position, "state": fresh.state},
    )


@transaction.atomic
def binding_state_set(*, binding: StoreBinding, state: str, actor: Any) -> None:
    """Switch a binding between serving and "serve only" (keeps old customers, gets no new ones).

    Raises ValidationFailed for another state, Conflict where it ended or the account serves elsewhere.
    """
    if state not in ATTENDED:
        raise ValidationFailed(_("Choose serving or serve only."), code="unknown_state")
    _lock(binding.store, binding.member)
    binding.refresh_from_db()
    if binding.state == State.RETIRED:
        raise Conflict(_("This binding has ended already."), code="already_retired")
    active = StoreBinding.objects.filter(member=binding.member, state=State.ACTIVE).exclude(
        pk=binding.pk
    )
    if state == State.ACTIVE and (other := active.select_related("store").first()):
        raise Conflict(
            _("%(member)s serves %(store)s.") % {"member": binding.member, "store": other.store},
            code="already_bound",
        )
    before = binding.state
    # Said by a person, it stays so whatever room the account has.
    StoreBinding.objects.filter(pk=binding.pk).update(state=state, full_since=None)
    member_place(binding.member)
    record(
        actor=actor,
        action="org.binding_state_set",
        target=f"store:{binding.store.code}",
        before={"userid": binding.member.userid, "state": before},
        after={"state": state},
    )


@transaction.atomic
def binding_reorder(*, store: OrgUnit, binding_ids: Sequence[int], actor: Any) -> None:
    """Put a store's accounts into the given order, which names each of them once.

    Raises Conflict where the list is not the store's present one.
    """
    OrgUnit.objects.select_for_update().get(pk=store.pk)
    bindings = {b.pk: b for b in StoreBinding.objects.filter(store=store, state__in=ATTENDED)}
    if sorted(bindings) != sorted(binding_ids):
        raise Conflict(
            _("The accounts of this store changed meanwhile. Look again and repeat."),
            code="stale_order",
        )
    before = [b.pk for b in sorted(bindings.values(), key=lambda b: (b.position, b.pk))]
    for number, binding_id in enumerate(binding_ids, 1):
        bindings[binding_id].position = number
    StoreBinding.objects.bulk_update(bindings.values(), ["position"])
    record(
        actor=actor,
        action="org.binding_reorder",
        target=f"store:{store.code}",
        before={"bindings": before},
        after={"bindings": list(binding_ids)},
    )
