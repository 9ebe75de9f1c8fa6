"""Files of bindings: read and judged at once, bound after HQ's check; set-based for 5,000 rows."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import IO, Any

from django.db import connection, transaction
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext as _

from contacts.directory.models import Member
from contacts.org.binding_checks import Bindables, JudgedRow, RawBinding, judge
from contacts.org.columns import columns
from contacts.org.headers import match_headers
from contacts.org.models import BindingImport, BindingImportRow, OrgUnit, StoreBinding
from contacts.org.selectors import ATTENDED, stores_visible_to
from contacts.org.services.units import places_update
from scrm.core.audit.services import record
from scrm.core.excel import read_table
from scrm.core.exceptions import Conflict, ValidationFailed
from scrm.core.scope import SYSTEM_SCOPE, Scope

MAX_ROWS = 10_000
Action = BindingImportRow.Action
State = StoreBinding.State


def read_bindings(file: IO[bytes], filename: str) -> list[RawBinding]:
    """Read a file of bindings; raises ValidationFailed where it cannot be read or has no rows."""
    table = read_table(file, filename=filename)
    found = match_headers(columns()["bindings"], table.headers, required=("store_code", "account"))
    rows = [
        RawBinding(
            row.number,
            *(
                row.values.get(found.get(field, ""), "").strip()
                for field in ("store_code", "account", "position")
            ),
        )
        for row in table.rows
    ]
    rows = [row for row in rows if row.store_code or row.account]
    if not rows:
        raise ValidationFailed(_("The file has no rows below its header."), code="no_rows")
    if len(rows) > MAX_ROWS:
        raise ValidationFailed(
            _("The file has more than %(limit)d rows; split it.") % {"limit": MAX_ROWS},
            code="too_many_rows",
        )
    return rows


def bindables(rows: Iterable[RawBinding], scope: Scope) -> Bindables:
    """Load everything a file names, in three queries; stores outside the scope do not exist."""
    rows = list(rows)
    stores = stores_visible_to(scope).filter(code__in={row.store_code for row in rows})
    accounts = {row.account.lower() for row in rows}
    members = Member.objects.alias(folded=Lower("userid"), job=Lower("employee__job_number"))
    named = members.filter(Q(folded__in=accounts) | Q(job__in=accounts)).select_related("employee")
    by_account: dict[str, Member] = {}
    for member in named:
        if member.employee is not None:
            by_account.setdefault(member.employee.job_number.lower(), member)
    by_account.update({member.userid.lower(): member for member in named})
    found = list(stores)
    bindings = StoreBinding.objects.filter(state__in=ATTENDED).filter(
        Q(store__in=found) | Q(member__in=by_account.values())
    )
    return Bindables(
        {store.code: store for store in found}, by_account, list(bindings.select_related("store"))
    )


@transaction.atomic
def binding_import(*, file: IO[bytes], filename: str, actor: Any, scope: Scope) -> BindingImport:
    """Keep a file with what each row will do or why it cannot; nothing is bound yet.

    Raises ValidationFailed for a file that cannot be read.
    """
    rows = read_bindings(file, filename)
    batch = BindingImport.objects.create(filename=filename[:200], created_by=actor)
    _keep(batch, judge(rows, bindables(rows, scope)))
    record(
        actor=actor,
        action="org.binding_import",
        target=f"binding_import:{batch.pk}",
        after={"file": batch.filename, "rows": len(rows)},
    )
    return batch


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
def binding_import_apply(*, batch: BindingImport, actor: Any, note: str = "") -> Applied:
    """Bind a checked file: rows are judged once more, for the world may have moved on since.

    All or nothing in one transaction; refused rows stay refused. Raises Conflict where it was decided
    already.
    """
    batch = _lock_waiting(batch)
    raw = [
        RawBinding(row.row_number, row.store_code, row.account, row.position)
        for row in batch.rows.exclude(action=Action.ERROR).order_by("row_number")
    ]
    OrgUnit.objects.select_for_update().filter(code__in={row.store_code for row in raw}).count()
    judged = judge(raw, bindables(raw, SYSTEM_SCOPE))
    _write(judged, actor)
    _renumber(row.store for row in judged)
    places_update()
    counts = {action: sum(row.action == action for row in judged) for action in Action.values}
    refused_rows = [row for row in judged if row.action == Action.ERROR]
    for row in refused_rows:
        batch.rows.filter(row_number=row.raw.number).update(
            action=Action.ERROR, code=row.code, detail=row.params
        )
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
            binding.checked_by, binding.checked_at = actor, now
    StoreBinding.objects.bulk_update(
        [row.binding for row in held if row.binding],
        ["position", "state", "checked_by", "checked_at"],
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


def _renumber(stores: Iterable[OrgUnit | None]) -> None:
    """Number the accounts of stores 1, 2, 3 …; of two at one place the one just checked comes first."""
    with connection.cursor() as cursor:
        cursor.execute(RENUMBER_SQL, [[store.pk for store in stores if store is not None]])


RENUMBER_SQL = """
update contacts_storebinding b set position = n.rank
  from (select id, row_number() over (
                 partition by store_id order by position, checked_at desc nulls last, id) as rank
          from contacts_storebinding where store_id = any(%s) and state <> 'retired') n
 where n.id = b.id and b.position is distinct from n.rank
"""


@transaction.atomic
def binding_import_refuse(*, batch: BindingImport, actor: Any, note: str) -> None:
    """Send a file back with a reason; nothing is bound. Raises Conflict where it was decided already."""
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


def _lock_waiting(batch: BindingImport) -> BindingImport:
    locked = BindingImport.objects.select_for_update().get(pk=batch.pk)
    if locked.status != BindingImport.Status.WAITING:
        raise Conflict(_("This file was decided already."), code="already_decided")
    return locked


def _decide(batch: BindingImport, status: str, actor: Any, note: str) -> None:
    batch.status, batch.note = status, note[:500]
    batch.decided_by, batch.decided_at = actor, timezone.now()
    batch.save(update_fields=["status", "note", "decided_by", "decided_at"])
