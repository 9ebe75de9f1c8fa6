"""Makes, checks and shows entries, and keeps what visitors did."""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from attribution.entries import selectors
from attribution.entries.models import Entry, EntryStore, EntryVisit
from attribution.entries.places import ORDER_RESULT, PLACES
from attribution.entries.visiting import KINDS, VisitCounts, VisitRow
from contacts.org.codes import store_codes
from contacts.org.models import OrgUnit
from contacts.parameters import services as parameters
from customers.crm.models import Order
from scrm.core.audit import services as audit
from scrm.core.erased import ERASED_PREFIX, EXTERNAL_USERID, UNIONID, Name, erased
from scrm.core.exceptions import Conflict, PermissionDenied, ValidationFailed
from scrm.core.jobs import services as jobs
from scrm.core.jobs.models import JobRun
from scrm.core.scope import Scope

JOB_KIND = "entries.check"
KEPT = timedelta(days=760)
# An order that comes later than this is not waited for.
PLACED_WITHIN = timedelta(days=7)
# Stores of one check; a company with more checks them in several goes.
MOST_STORES = 5_000


@dataclass(frozen=True)
class EntryWording:
    """What customers read; may be changed at any time, and is checked again then."""

    name: str
    title: str
    text: str
    button: str
    mini_program_url: str = ""


@transaction.atomic
def entry_create(
    wording: EntryWording, *, code: str, place: str, hook: str, scope: Scope, actor: Any
) -> Entry:
    """Make an entry; nobody sees it before it is checked. Raises ValidationFailed, PermissionDenied, Conflict."""
    _company_only(scope)
    if place not in PLACES:
        raise ValidationFailed(_("This place is not known."), code="place_unknown", field="place")
    entry = Entry(code=code, place=place, hook=hook, created_by=actor, **asdict(wording))
    try:
        with transaction.atomic():
            entry.save()
    except IntegrityError:
        raise Conflict(
            _("Another entry has this code."), code="entry_code_taken", field="code"
        ) from None
    audit.record(
        actor=actor, action="entry.create", target=f"entry:{entry.pk}",
        after={"code": code, "place": place, "hook": hook, **asdict(wording)},
    )  # fmt: skip
    return entry


@transaction.atomic
def entry_reword(entry: Entry, wording: EntryWording, *, scope: Scope, actor: Any) -> Entry:
    """Change the words; an entry that was shown is hidden until the new words are checked."""
    _company_only(scope)
    row = Entry.objects.select_for_update().get(pk=entry.pk)
    before = wording_of(row)
    if before == wording:
        return row
    for name, value in asdict(wording).items():
        setattr(row, name, value)
    if _public(before) != _public(wording):
        row.status, row.checked_by, row.checked_at = Entry.Status.HIDDEN, None, None
    row.save()
    audit.record(
        actor=actor, action="entry.update", target=f"entry:{row.pk}",
        before=asdict(before), after=asdict(wording),
    )  # fmt: skip
    return row


def wording_of(entry: Entry) -> EntryWording:
    """Return the words of a stored entry."""
    return EntryWording(entry.name, entry.title, entry.text, entry.button, entry.mini_program_url)


def _public(wording: EntryWording) -> tuple[str, ...]:
    return (wording.title, wording.text, wording.button, wording.mini_program_url)


@transaction.atomic
def entry_switch(entry: Entry, *, shown: bool, scope: Scope, actor: Any) -> Entry:
    """Show or hide an entry as such; showing it is headquarters' check of its words."""
    _company_only(scope)
    row = Entry.objects.select_for_update().get(pk=entry.pk)
    if row.is_shown == shown:
        return row
    row.status = Entry.Status.SHOWN if shown else Entry.Status.HIDDEN
    if shown:
        row.checked_by, row.checked_at = actor, timezone.now()
    row.save(update_fields=["status", "checked_by", "checked_at", "updated_at"])
    action = "entry.show" if shown else "entry.hide"
    audit.record(
        actor=actor, action=action, target=f"entry:{row.pk}", after=asdict(wording_of(row))
    )
    return row


def _company_only(scope: Scope) -> None:
    if not scope.everything:
        raise PermissionDenied(_("Entries concern the whole company; headquarters changes them."))


# --- stores --------------------------------------------------------------------------------------------------


@transaction.atomic
def stores_check(entry: Entry, store_ids: Sequence[int], *, scope: Scope, actor: Any) -> JobRun:
    """Check these stores: the entry is shown at each, and a job has a code made for each.

    Raises ValidationFailed when none of them is an open store of the scope, Conflict while a check runs.
    """
    stores = _stores(scope, store_ids)
    _show(entry, stores, actor)
    codes = sorted(store.code for store in stores)
    audit.record(
        actor=actor, action="entry.stores_show", target=f"entry:{entry.pk}", after={"stores": codes}
    )
    return jobs.start(
        kind=JOB_KIND,
        task="attribution.entry_codes_make",
        actor=actor,
        key=str(entry.pk),
        params={"entry_id": entry.pk, "store_ids": sorted(store.pk for store in stores)},
        total=len(stores),
        title=gettext_noop("Make the codes of an entry"),
    )


@transaction.atomic
def stores_hide(entry: Entry, store_ids: Sequence[int], *, scope: Scope, actor: Any) -> int:
    """Hide the entry at these stores from now on; returns at how many it was shown. Codes go on working."""
    stores = _stores(scope, store_ids)
    shown = EntryStore.objects.select_for_update().filter(
        entry=entry, store__in=stores, is_shown=True
    )
    codes = sorted(shown.values_list("store__code", flat=True))
    EntryStore.objects.filter(entry=entry, store__code__in=codes).update(is_shown=False)
    audit.record(
        actor=actor, action="entry.stores_hide", target=f"entry:{entry.pk}", after={"stores": codes}
    )
    return len(codes)


def _stores(scope: Scope, store_ids: Sequence[int]) -> list[OrgUnit]:
    wanted = list(dict.fromkeys(store_ids))
    if len(wanted) > MOST_STORES:
        raise ValidationFailed(
            _("At most %(count)d stores at a time.") % {"count": MOST_STORES},
            code="stores_too_many",
        )
    stores = list(selectors.open_stores(scope).filter(pk__in=wanted))
    if not stores or len(stores) < len(wanted):
        raise ValidationFailed(
            _("Choose open stores within your range."), code="stores_missing", field="stores"
        )
    return stores


def _show(entry: Entry, stores: Sequence[OrgUnit], actor: Any) -> None:
    """Show the entry at these stores, with as many statements for one as for thousands."""
    facts = {"is_shown": True, "checked_by": actor, "checked_at": timezone.now()}
    known = EntryStore.objects.filter(entry=entry, store__in=stores)
    there = set(known.values_list("store_id", flat=True))
    known.update(**facts)
    missing = [store for store in stores if store.pk not in there]
    tokens = parameters.issue_for_stores(
        missing, kind=selectors.PARAMETER_KIND, payload={"entry": entry.pk}, actor=actor
    )
    EntryStore.objects.bulk_create(
        EntryStore(entry=entry, store=store, token=token, **facts)
        for store, token in zip(missing, tokens, strict=True)
    )


# --- visits --------------------------------------------------------------------------------------------------


def visits_record(rows: Iterable[VisitRow]) -> VisitCounts:
    """Keep visits, each key once; a row that says too little is refused and named, and stops no other.

    The caller limits how many come at once (an API batch has 500).
    """
    sent = _without_forgotten(list(rows))
    codes = {row.entry_code for row in sent}
    entries = {entry.code: entry for entry in Entry.objects.filter(code__in=codes)}
    by_token = _by_token(sent)
    stores = _store_ids(sent)
    refused: list[tuple[str, str]] = []
    fresh: dict[str, EntryVisit] = {}
    for row in sent:
        entry, store_id = by_token.get(row.token, (entries.get(row.entry_code), None))
        reason = _refusal(row, entry)
        if reason:
            refused.append((row.key, reason))
            continue
        store_id = store_id or stores.get(row.store_code) or stores.get(f"order:{row.order_no}")
        fresh.setdefault(row.key, _visit(row, entry, store_id))
    recorded = _insert(list(fresh.values()))
    return VisitCounts(recorded, len(sent) - len(refused) - recorded, tuple(refused))


def _without_forgotten(rows: list[VisitRow]) -> list[VisitRow]:
    """Keep what happened before its visitor was forgotten as somebody nobody knows: it counts, once for each person."""
    found = erased(name for row in rows for name in _names(row))
    if not found:
        return rows
    masks: dict[str, str] = {}
    kept = []
    for row in rows:
        if found.before(row.occurred_at, *_names(row)):
            who = row.unionid or row.external_userid
            mask = masks.setdefault(who, ERASED_PREFIX + secrets.token_hex(10))
            row = replace(row, unionid="", external_userid="", visitor_id=mask)
        kept.append(row)
    return kept


def _names(row: VisitRow) -> list[Name]:
    return [(UNIONID, row.unionid), (EXTERNAL_USERID, row.external_userid)]


def _refusal(row: VisitRow, entry: Entry | None) -> str:
    if row.kind not in KINDS:
        return "kind_unknown"
    if not (row.unionid or row.external_userid or row.visitor_id):
        return "visitor_missing"
    # Only a result page may have no entry on it; one that names an entry nobody knows is a mistake.
    may_be_without = row.kind == EntryVisit.Kind.RESULT_VIEW and not row.entry_code
    return "" if entry is not None or may_be_without else "entry_unknown"


def _by_token(rows: Iterable[VisitRow]) -> dict[str, tuple[Entry, int]]:
    tokens = {row.token for row in rows} - {""}
    found = EntryStore.objects.filter(token__in=tokens) if tokens else EntryStore.objects.none()
    return {row.token: (row.entry, row.store_id) for row in found.select_related("entry")}


def _store_ids(rows: Iterable[VisitRow]) -> dict[str, int]:
    """Return store ids by store code, and by "order:<number>" for rows that name an order only."""
    sent = list(rows)
    numbers = {row.order_no for row in sent if row.order_no and not (row.store_code or row.token)}
    orders = dict(
        Order.objects.filter(order_no__in=numbers).values_list("order_no", "store_code")
        if numbers
        else ()
    )
    codes = {row.store_code for row in sent} | set(orders.values())
    known, now = store_codes(codes), timezone.now()
    stores = {code: known.store_at(code, now) for code in codes}
    found = {code: store.pk for code, store in stores.items() if store is not None}
    of_orders = {f"order:{no}": found[code] for no, code in orders.items() if code in found}
    return found | of_orders


def _visit(row: VisitRow, entry: Entry | None, store_id: int | None) -> EntryVisit:
    # A page without an entry is the result page, unless the surface names a place that we know.
    stands_at = entry.place if entry else ORDER_RESULT
    place = row.place if row.place in PLACES else stands_at
    return EntryVisit(
        key=row.key, kind=row.kind, occurred_at=row.occurred_at, entry=entry, store_id=store_id,
        place=place, unionid=row.unionid, external_userid=row.external_userid,
        visitor_id=row.visitor_id, order_no=row.order_no,
    )  # fmt: skip


_COLUMNS = (
    "key", "kind", "occurred_at", "entry_id", "store_id", "place", "unionid", "external_userid",
    "visitor_id", "order_no",
)  # fmt: skip
# One statement that tells exactly how many were new, whoever else writes the same keys now.
_INSERT = f"""
INSERT INTO attribution_entryvisit ({", ".join(_COLUMNS)}, recorded_at)
SELECT *, now() FROM unnest(%s::text[], %s::text[], %s::timestamptz[], %s::bigint[], %s::bigint[], %s::text[],
                            %s::text[], %s::text[], %s::text[], %s::text[])
ON CONFLICT (key) DO NOTHING
"""  # noqa: S608 - our own column names


def _insert(visits: Sequence[EntryVisit]) -> int:
    if not visits:
        return 0
    # By key: two batches with the same keys wait for each other in one order, whatever order they were sent in.
    rows = sorted(visits, key=lambda visit: visit.key)
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [[getattr(visit, name) for visit in rows] for name in _COLUMNS])
        return int(cursor.rowcount)


def visits_forget() -> int:
    """Delete visits older than 25 months."""
    deleted, _by_model = EntryVisit.objects.filter(occurred_at__lt=timezone.now() - KEPT).delete()
    return deleted


_PLACE = """
UPDATE attribution_entryvisit visit SET store_id = store.id
FROM customers_order told JOIN contacts_orgunit store ON store.code = told.store_code AND store.kind = 'store'
WHERE visit.store_id IS NULL AND visit.order_no <> '' AND visit.recorded_at >= %s
  AND told.order_no = visit.order_no
"""


def visits_place() -> int:
    """Give visits the store of an order that came after them; returns how many found one.

    A result page is seen before the mall sends its order. One without a store after days never gets one.
    """
    with connection.cursor() as cursor:
        cursor.execute(_PLACE, [timezone.now() - PLACED_WITHIN])
        return int(cursor.rowcount)
