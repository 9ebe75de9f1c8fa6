"""Changes of stores that meet: a store that takes over while it goes itself, and who takes over in its place."""

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from contacts.org.change_models import StoreChange
from contacts.org.models import OrgUnit
from scrm.core.exceptions import ValidationFailed

Kind = StoreChange.Kind
Status = StoreChange.Status
APPROVED = (Status.DUE, Status.APPLYING)


def check_others(change: StoreChange) -> None:
    """Raise ValidationFailed where approved changes leave nobody who takes over.

    A store that merges itself is no hindrance: accounts and entries go on to the store it goes into.
    """
    if change.kind == Kind.MERGE:
        _check_taker_stays(change)
    if change.kind == Kind.CLOSE:
        _check_takes_over_nobody(change)


def _check_taker_stays(change: StoreChange) -> None:
    taker, passed = change.target, {change.store_id}
    while taker is not None:
        if taker.pk in passed:
            raise ValidationFailed(
                _("%(store)s itself goes into the store that shall be merged. Choose another store that takes over.")
                % {"store": change.target},
                code="taker_circle",
            )  # fmt: skip
        passed.add(taker.pk)
        own = _approved(Q(store=taker)).exclude(kind=Kind.MOVE).first()
        if own is None:
            return
        if own.kind == Kind.CLOSE and own.effective_on <= change.effective_on:
            raise ValidationFailed(
                _("%(store)s closes on %(day)s. Choose another store that takes over, or an earlier day.")
                % {"store": taker, "day": own.effective_on},
                code="taker_closes",
            )  # fmt: skip
        taker = own.target


def _check_takes_over_nobody(change: StoreChange) -> None:
    coming = _approved(Q(target=change.store, kind=Kind.MERGE, effective_on__gte=change.effective_on))  # fmt: skip
    other = coming.exclude(pk=change.pk).order_by("effective_on").first()
    if other is not None:
        raise ValidationFailed(
            _("It takes over %(store)s on %(day)s. Give up that merge first, or choose a later day.")
            % {"store": other.store, "day": other.effective_on},
            code="takes_over",
        )  # fmt: skip


def waits_for_another(change: StoreChange) -> bool:
    """Return whether another change has to come first: a store that goes into this one, or the taker's own going."""
    today = Q(status=Status.APPLYING) | Q(effective_on__lte=timezone.localdate())
    first = today & Q(target=change.store_id, kind=Kind.MERGE)
    if change.kind == Kind.MERGE:
        going = Q(store=change.target_id, kind__in=[Kind.CLOSE, Kind.MERGE])
        first |= going & Q(status=Status.APPLYING)
    return (
        change.kind in (Kind.CLOSE, Kind.MERGE) and _approved(first).exclude(pk=change.pk).exists()
    )


def heir_follow(change: StoreChange) -> bool:
    """Let whoever the taker went into take over in its place; says whether that is another store now."""
    before, passed = change.target_id, {change.store_id, change.target_id}
    while (heir := _heir(change)) is not None and heir.pk not in passed:
        passed.add(heir.pk)
        change.target = heir
    return change.target_id != before


def _heir(change: StoreChange) -> OrgUnit | None:
    taker = change.target if change.kind == Kind.MERGE else None
    return taker.merged_into if taker is not None else None


def _approved(which: Q) -> QuerySet[StoreChange]:
    approved = StoreChange.objects.filter(which, status__in=APPROVED)
    return approved.select_related("store", "target")
