"""Files of bindings: read and judged at once, bound after HQ's check; set-based for 5,000 rows."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import IO, Any

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from contacts.directory.models import Member
from contacts.directory.selectors import members_called, members_visible_to
from contacts.org.binding_checks import Bindables, JudgedRow, RawBinding, judge
from contacts.org.columns import columns
from contacts.org.datums import Datum, Point, distance
from contacts.org.headers import match_headers
from contacts.org.models import (
    BindingImport,
    BindingImportRow,
    Existing,
    OrgUnit,
    SentRows,
    StoreBinding,
)
from contacts.org.selectors import ATTENDED, stores_visible_to
from contacts.org.sent import Sent, sent_pack
from contacts.org.services.units import places_update
from contacts.org.words import problem_words
from scrm.core.audit.services import record
from scrm.core.excel import read_table
from scrm.core.exceptions import Conflict, PermissionDenied, ValidationFailed
from scrm.core.scope import Scope

MAX_ROWS = 10_000
Action = BindingImportRow.Action
State = StoreBinding.State


def read_bindings(file: IO[bytes], filename: str) -> tuple[list[RawBinding], Sent]:
    """Read a file of bindings, with its rows as sent; raises ValidationFailed where that cannot be done."""
    table = read_table(file, filename=filename)
    found = match_headers(columns()["bindings"], table.headers, required=("store_code", "account"))
    sent = Sent(list(table.headers), [(row.number, row.values) for row in table.rows])
    rows = [
        RawBinding(
            number,
            *(
                values.get(found.get(field, ""), "").strip()
                for field in ("store_code", "account", "position")
            ),
        )
        for number, values in sent.rows
    ]
    rows = [row for row in rows if row.store_code or row.account]
    if not rows:
        raise ValidationFailed(_("The file has no rows below its header."), code="no_rows")
    if len(rows) > MAX_ROWS:
        raise ValidationFailed(
            _("The file has more than %(limit)d rows; split it.") % {"limit": MAX_ROWS},
            code="too_many_rows",
        )
    return rows, sent


def bindables(rows: Iterable[RawBinding], scope: Scope) -> Bindables:
    """Load everything a file names, in three queries; stores outside the scope do not exist."""
    rows = list(rows)
    named_by = {row.store_code for row in rows}
    stores = stores_visible_to(scope).filter(Q(code__in=named_by) | Q(crm_store_id__in=named_by))
    accounts = {row.account.lower() for row in rows}
    # A new guide stands nowhere yet; one of another branch is that branch's to give.
    bindable = (
        Q()
        if scope.everything
        else Q(pk__in=members_visible_to(scope).values("pk")) | Q(org_path="")
    )
    by_account, ambiguous = members_called(Member.objects.filter(bindable), accounts)
    found = list(stores)
    by_code = {store.crm_store_id: store for store in found if store.crm_store_id}
    by_code.update({store.code: store for store in found})
    bindings = _bindings_of(found, by_account.values())
    return Bindables(by_code, by_account, bindings, ambiguous)


def _bindings_of(stores: Iterable[OrgUnit], members: Iterable[Member]) -> list[StoreBinding]:
    bindings = StoreBinding.objects.filter(state__in=ATTENDED).filter(
        Q(store__in=list(stores)) | Q(member__in=list(members))
    )
    return list(bindings.select_related("store"))


@transaction.atomic
def binding_import(
    *,
    file: IO[bytes],
    filename: str,
    actor: Any,
    scope: Scope,
    existing: str = Existing.UPDATE,
) -> BindingImport:
    """Keep a file with what each row will do or why it cannot; nothing is bound yet.

    A file without one good row is not sent on: it is refused at once, and its rows go back. Raises ValidationFailed
    for a file that cannot be read.
    """
    rows, sent = read_bindings(file, filename)
    batch = BindingImport.objects.create(
        filename=filename[:200],
        existing=Existing(existing),
        created_by=actor,
        sent=SentRows.objects.create(content=sent_pack(sent)),
    )
    judged = judge(rows, bindables(rows, scope), existing=existing)
    _keep(batch, judged)
    refused = sum(row.action == Action.ERROR for row in judged)
    if refused == len(judged):
        batch.status = BindingImport.Status.REFUSED
        batch.save(update_fields=["status"])
    record(
        actor=actor,
        action="org.binding_import",
        target=f"binding_import:{batch.pk}",
        after={"file": batch.filename, "rows": len(rows), "refused": refused},
    )
    return batch


@dataclass(frozen=True)
class PhoneBinding:
    """One binding as a phone sends it; the place is where the phone says it is, if it says so."""

    store_code: str
    account: str
    position: str = ""
    place: Point | None = None
    accuracy: int | None = None


@transaction.atomic
def binding_send(binding: PhoneBinding, *, actor: Any, scope: Scope) -> BindingImport:
    """Send in one binding by phone; HQ checks it like a file. Raises ValidationFailed where it cannot be bound."""
    raw = RawBinding(
        1, binding.store_code.strip(), binding.account.strip(), binding.position.strip()
    )
    known = bindables([raw], scope)
    judged = judge([raw], known)
    row = judged[0]
    if row.code:
        raise ValidationFailed(problem_words(row.code, raw, row.params), code=row.code)
    store = known.stores[raw.store_code]
    batch = BindingImport.objects.create(
        filename=f"{store.name} ← {raw.account}"[:200],
        channel=BindingImport.Channel.PHONE,
        created_by=actor,
        **_sent_from(binding, store),
    )
    _keep(batch, judged)
    record(
        actor=actor,
        action="org.binding_send",
        target=f"binding_import:{batch.pk}",
        after={"store": store.code, "account": raw.account, "metres": batch.distance},
    )
    return batch


def _sent_from(binding: PhoneBinding, store: OrgUnit) -> dict[str, Any]:
    if binding.place is None:
        return {}
    away = distance(binding.place, store.point) if store.point else None
    return {
        "latitude": round(Decimal(binding.place.latitude), 6),
        "longitude": round(Decimal(binding.place.longitude), 6),
        "datum": Datum(binding.place.datum),
        "accuracy": binding.accuracy,
        "distance": None if away is None else round(away),
    }


def _keep(batch: BindingImport, judged: Iterable[JudgedRow]) -> None:
    BindingImportRow.objects.bulk_create(
        [
            BindingImportRow(
                batch=batch,
                row_number=row.raw.number,
                store_code=row.raw.store_code[:64],
                account=row.raw.account[:64],
                position=row.raw.position[:16],
                action=row.action,
                code=row.code,
                detail=row.params,
                store=row.store,
                member=row.member,
                place=row.place,
            )
            for row in judged
        ],
        batch_size=1000,
    )


@dataclass(frozen=True)
class Applied:
    """What an approved file did."""

    bound: int
    moved: int
    reordered: int
    refused: int


@transaction.atomic
def binding_import_apply(
    *, batch: BindingImport, actor: Any, scope: Scope, note: str = ""
) -> Applied:
    """Bind a checked file as it was shown: a row that would do something else by now is refused.

    All or nothing in one transaction; refused rows stay refused. Raises PermissionDenied outside headquarters, Conflict
    where it was decided already.
    """
    _headquarters_only(scope)
    batch = _lock_waiting(batch)
    good = batch.rows.exclude(action=Action.ERROR)
    _lock(good.values("store_id"), good.values("member_id"))
    shown = list(good.select_related("store", "member").order_by("row_number"))
    judged = _judged_as_shown(shown, batch.existing)
    _write(judged, actor)
    left = {row.params["from_id"] for row in judged if row.action == Action.MOVE}
    _renumber(left | {row.store.pk for row in judged if row.store is not None})
    places_update()
    counts = {action: sum(row.action == action for row in judged) for action in Action.values}
    _note_late(shown, judged)
    refused = batch.rows.filter(action=Action.ERROR).count()
    _decide(batch, BindingImport.Status.APPLIED, actor, note)
    applied = Applied(counts[Action.BIND], counts[Action.MOVE], counts[Action.REORDER], refused)
    record(
        actor=actor,
        action="org.binding_import_apply",
        target=f"binding_import:{batch.pk}",
        after={
            "bound": applied.bound,
            "moved": applied.moved,
            "reordered": applied.reordered,
            "refused": refused,
        },
        reason=note,
    )
    return applied


def _lock(stores: QuerySet[Any], members: QuerySet[Any]) -> None:
    """Lock the stores of a file and those its accounts leave, then the accounts: in the order binding by hand does."""
    left = StoreBinding.objects.filter(member__in=members, state__in=ATTENDED).values("store_id")
    units = OrgUnit.objects.filter(Q(pk__in=stores) | Q(pk__in=left))
    list(units.select_for_update().order_by("pk").values_list("pk"))
    accounts = Member.objects.filter(pk__in=members)
    list(accounts.select_for_update().order_by("pk").values_list("pk"))


def _judged_as_shown(shown: list[BindingImportRow], existing: str) -> list[JudgedRow]:
    """Judge rows once more about the stores and accounts that were shown, whoever is called so by now.

    A row that would do something else by now is refused; one that has nothing left to do is let be.
    """
    raw = [RawBinding(r.row_number, r.store_code, r.account, r.position) for r in shown]
    stores = {row.store_code: row.store for row in shown if row.store is not None}
    members = {row.account.lower(): row.member for row in shown if row.member is not None}
    known = Bindables(stores, members, _bindings_of(stores.values(), members.values()))
    judged = judge(raw, known, existing=existing)
    for row, before in zip(judged, shown, strict=True):
        same = (row.action, row.params.get("from_id")) == (before.action, before.detail.get("from_id"))  # fmt: skip
        if not same and row.action not in (Action.ERROR, Action.SAME, Action.SKIP):
            was_from, now_from = before.detail.get("from", ""), row.params.get("from", "")
            row.params = {"was": before.action, "was_from": was_from, "now": row.action, "now_from": now_from}  # fmt: skip
            row.action, row.code = Action.ERROR, "changed_since"
    return judged


def _note_late(shown: list[BindingImportRow], judged: list[JudgedRow]) -> None:
    """Write down which rows do something else than was shown, with as many statements for one as for thousands."""
    late = []
    for row, now in zip(shown, judged, strict=True):
        if row.action != now.action:
            row.action, row.code, row.detail = now.action, now.code, now.params
            late.append(row)
    BindingImportRow.objects.bulk_update(late, ["action", "code", "detail"], batch_size=1000)


def _write(judged: list[JudgedRow], actor: Any) -> None:
    now = timezone.now()
    moved = [row.member.pk for row in judged if row.action == Action.MOVE and row.member]
    StoreBinding.objects.filter(member_id__in=moved, state=State.ACTIVE).update(
        state=State.RETIRED, retired_at=now
    )
    touched = [row for row in judged if row.action in (Action.BIND, Action.MOVE, Action.REORDER)]
    held = [row for row in touched if row.binding is not None]
    for row in held:
        binding = row.binding
        if binding is not None:
            binding.position, binding.state = row.place, State.ACTIVE
            binding.checked_by, binding.checked_at, binding.full_since = actor, now, None
    StoreBinding.objects.bulk_update(
        [row.binding for row in held if row.binding],
        ["position", "state", "checked_by", "checked_at", "full_since"],
        batch_size=1000,
    )
    StoreBinding.objects.bulk_create(
        [
            StoreBinding(
                store=row.store,
                member=row.member,
                position=row.place,
                created_by=actor,
                checked_by=actor,
                checked_at=now,
            )
            for row in touched
            if row.binding is None
        ],
        batch_size=1000,
    )


def _renumber(store_ids: Iterable[int]) -> None:
    """Number the accounts of stores 1, 2, 3 …; of two at one place the one just checked comes first."""
    with connection.cursor() as cursor:
        cursor.execute(RENUMBER_SQL, [list(store_ids)])


RENUMBER_SQL = """
update contacts_storebinding b set position = n.rank
  from (select id, row_number() over (
                 partition by store_id order by position, checked_at desc nulls last, id) as rank
          from contacts_storebinding where store_id = any(%s) and state <> 'retired') n
 where n.id = b.id and b.position is distinct from n.rank
"""


@transaction.atomic
def binding_import_refuse(*, batch: BindingImport, actor: Any, scope: Scope, note: str) -> None:
    """Send a file back with a reason; nothing is bound. Raises PermissionDenied, Conflict as approving does."""
    _headquarters_only(scope)
    if not note.strip():
        raise ValidationFailed(
            _("Say why, so that the sender can repair the file."), code="note_missing"
        )
    batch = _lock_waiting(batch)
    _decide(batch, BindingImport.Status.REFUSED, actor, note)
    record(
        actor=actor,
        action="org.binding_import_refuse",
        target=f"binding_import:{batch.pk}",
        reason=note,
    )


def _headquarters_only(scope: Scope) -> None:
    if not scope.everything:
        raise PermissionDenied(
            _("Headquarters checks what is sent in; branches do not check their own."),
            code="headquarters_only",
        )


def _lock_waiting(batch: BindingImport) -> BindingImport:
    locked = BindingImport.objects.select_for_update().get(pk=batch.pk)
    if locked.status != BindingImport.Status.WAITING:
        raise Conflict(_("This file was decided already."), code="already_decided")
    return locked


def _decide(batch: BindingImport, status: str, actor: Any, note: str) -> None:
    batch.status, batch.note = status, note[:500]
    batch.decided_by, batch.decided_at = actor, timezone.now()
    batch.save(update_fields=["status", "note", "decided_by", "decided_at"])
