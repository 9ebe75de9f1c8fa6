"""Reads of entries; every list starts from what the scope may see."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext_lazy as _

from attribution.entries.models import Entry, EntryStore
from attribution.entries.tickets import Visitor
from attribution.live_codes.models import LiveCode
from contacts.directory.models import Member
from contacts.org.codes import store_called
from contacts.org.models import OrgUnit, StoreBinding
from contacts.org.selectors import stores_visible_to
from contacts.parameters.selectors import resolve
from customers.crm.models import Order
from scrm.core.scope import Scope

PARAMETER_KIND = "entry"
# Why an entry is not offered, in words for a partner's developer.
NOT_OFFERED = {
    "entry_unknown": _("There is no entry with this code."),
    "entry_missing": _("Nothing is shown at this place of this store."),
    "entry_hidden": _("Headquarters does not show this entry."),
    "store_unknown": _("There is no open store with this code."),
    "order_unknown": _("There is no order with this number, or it names no store."),
    "store_hidden": _("Headquarters does not show this entry at this store."),
    "no_member": _("No account of this store can receive customers now."),
    "code_waiting": _("WeCom has not made the code of this store yet."),
}

STORE_STATES = {
    "shown": _("shown"),
    "hidden": _("hidden"),
    "problem": _("shown, but something is missing"),
    "ready": _("hidden, with accounts bound"),
    "unbound": _("no account bound"),
}


def entries_visible_to(scope: Scope) -> QuerySet[Entry]:
    """Return the entries: the same for everybody who may open the page, for they hold no personal data."""
    return Entry.objects.all() if scope.allows("entries.view") else Entry.objects.none()


def store_counts(scope: Scope, entry_ids: Iterable[int]) -> dict[int, int]:
    """Return how many stores of the scope show each entry, in one query."""
    shown = EntryStore.objects.filter(
        entry_id__in=list(entry_ids), is_shown=True, store__in=stores_visible_to(scope)
    )
    return dict(
        shown.values_list("entry").annotate(count=Count("pk")).values_list("entry", "count")
    )


def open_stores(scope: Scope) -> QuerySet[OrgUnit]:
    """Return the open stores of the scope."""
    return stores_visible_to(scope).filter(status=OrgUnit.Status.OPEN)


def stores_with(scope: Scope, entry: Entry) -> QuerySet[OrgUnit]:
    """Return the open stores with `at_id`, `is_shown` and `bound` (accounts that serve it).

    Whether accounts are bound and whether the entry is shown are two things; both are told.
    """
    here = EntryStore.objects.filter(entry=entry, store=OuterRef("pk"))
    shown = Exists(here.filter(is_shown=True))
    active = Q(bindings__state=StoreBinding.State.ACTIVE)
    return open_stores(scope).annotate(
        at_id=Subquery(here.values("pk")[:1]),
        is_shown=shown,
        bound=Count("bindings", filter=active, distinct=True),
    )


def stores_in_state(stores: QuerySet[Any], state: str) -> QuerySet[Any]:
    """Narrow the stores of `stores_with` to one of STORE_STATES."""
    lacking = EntryStore.objects.exclude(problem=EntryStore.Problem.NONE)
    conditions = {
        "shown": Q(is_shown=True),
        "hidden": Q(is_shown=False),
        "problem": Q(is_shown=True, at_id__in=lacking.values("pk")),
        "ready": Q(is_shown=False, bound__gt=0),
        "unbound": Q(bound=0),
    }
    return stores.filter(conditions[state])


def rows_at(entry: Entry, stores: Iterable[OrgUnit]) -> dict[int, EntryStore]:
    """Return the entry's row by store id, with code and checker, in one query."""
    rows = EntryStore.objects.filter(entry=entry, store__in=[store.pk for store in stores])
    return {row.store_id: row for row in rows.select_related("live_code", "checked_by")}


def serving(store_ids: Iterable[int]) -> dict[int, list[Member]]:
    """Return the accounts bound to each store that serve new customers, in their order."""
    bindings = StoreBinding.objects.filter(
        store_id__in=list(store_ids), state=StoreBinding.State.ACTIVE
    ).select_related("member")
    found: dict[int, list[Member]] = defaultdict(list)
    for binding in bindings.order_by("store_id", "position", "pk"):
        found[binding.store_id].append(binding.member)
    return found


# --- what is offered to whom ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Offer:
    """An entry that may be shown now, at this store."""

    entry: Entry
    row: EntryStore
    code: LiveCode


@dataclass(frozen=True)
class Refusal:
    """Why nothing is shown; `reason` is a key of NOT_OFFERED."""

    reason: str

    @property
    def words(self) -> str:
        """Return the reason in words."""
        return str(NOT_OFFERED[self.reason])


def store_of_order(order_no: str) -> str:
    """Return the store code of an order; empty where the order is unknown or names none."""
    found = Order.objects.filter(order_no=order_no).values_list("store_code", flat=True).first()
    return found or ""


def offer_for(
    store_code: str, *, entry_code: str = "", place: str = "", visitor: Visitor | None = None
) -> Offer | Refusal:
    """Return what may be shown to a visitor at a store.

    With `entry_code` that entry, else the one at `place`. Where several entries stand at one place, each
    visitor always gets the same one, so that hooks can be compared on people.
    """
    store = store_called(store_code)
    if store is None or store.status != OrgUnit.Status.OPEN:
        return Refusal("store_unknown")
    if entry_code:
        entry = Entry.objects.filter(code=entry_code).first()
        return _judged(entry, store) if entry else Refusal("entry_unknown")
    offers = [
        found
        for entry in Entry.objects.filter(place=place, status=Entry.Status.SHOWN).order_by("code")
        if isinstance(found := _judged(entry, store), Offer)
    ]
    return offers[_turn(visitor, len(offers))] if offers else Refusal("entry_missing")


def offer_of_token(token: str) -> Offer | Refusal | None:
    """Return what stands behind a lead-in address; None where it is not one of ours."""
    row = row_of_token(token)
    return None if row is None else offer_of_row(row)


def offer_of_row(row: EntryStore) -> Offer | Refusal:
    """Return what may be shown at a row that is known, loaded with entry, store and code."""
    return _judged(row.entry, row.store, row)


def row_of_token(token: str) -> EntryStore | None:
    """Return the entry and store of a token; None where it is tampered with or of something else."""
    parameter = resolve(token)
    if parameter is None or parameter.kind != PARAMETER_KIND:
        return None
    rows = EntryStore.objects.select_related("entry", "store", "live_code")
    return rows.filter(token=token).first()


def _judged(entry: Entry, store: OrgUnit, row: EntryStore | None = None) -> Offer | Refusal:
    if not entry.is_shown:
        return Refusal("entry_hidden")
    if store.status != OrgUnit.Status.OPEN:
        return Refusal("store_unknown")
    if row is None:
        rows = EntryStore.objects.filter(entry=entry, store=store)
        row = rows.select_related("live_code").first()
    if row is None or not row.is_shown:
        return Refusal("store_hidden")
    code = row.live_code
    if row.problem == EntryStore.Problem.NO_ACCOUNT or (
        code and code.status == LiveCode.Status.EMPTY
    ):
        return Refusal("no_member")
    if code is None or code.status != LiveCode.Status.ACTIVE or not code.link:
        return Refusal("code_waiting")
    return Offer(entry, row, code)


def _turn(visitor: Visitor | None, count: int) -> int:
    if visitor is None or not visitor.is_known or count == 1:
        return 0
    who = visitor.unionid or visitor.external_userid or visitor.visitor_id
    return int.from_bytes(sha256(who.encode()).digest()[:4], "big") % count


def codes_to_keep() -> QuerySet[EntryStore]:
    """Return the rows whose code headquarters wants to work, whatever came of it so far."""
    return EntryStore.objects.filter(is_shown=True).select_related("entry", "store", "live_code")


def names_of(scope: Scope, store_ids: Iterable[int]) -> dict[int, OrgUnit]:
    """Return the stores of the scope by id."""
    return {store.pk: store for store in stores_visible_to(scope).filter(pk__in=list(store_ids))}
