"""Judges rows of a binding file against stores, accounts and present bindings; pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from contacts.directory.models import Member
from contacts.org.models import BindingImportRow, Existing, OrgUnit, StoreBinding

Action = BindingImportRow.Action
MAX_PLACE = 99


@dataclass(frozen=True)
class RawBinding:
    """One row as it was sent in."""

    number: int
    store_code: str
    account: str
    position: str


@dataclass(frozen=True)
class Bindables:
    """Stores by code, members by lower-cased userid and job number, bindings that still serve.

    `ambiguous` are userids that are another member's job number.
    """

    stores: dict[str, OrgUnit]
    accounts: dict[str, Member]
    bindings: list[StoreBinding]
    ambiguous: frozenset[str] = frozenset()


@dataclass
class JudgedRow:
    """A row with what it will do; `code` and `params` say why it is refused."""

    raw: RawBinding
    action: str = Action.ERROR
    code: str = ""
    params: dict[str, Any] = field(default_factory=dict)
    store: OrgUnit | None = None
    member: Member | None = None
    binding: StoreBinding | None = None
    place: int = 1


def judge(
    rows: Sequence[RawBinding], known: Bindables, *, existing: str = Existing.UPDATE
) -> list[JudgedRow]:
    """Return each row with its action; linear in rows. `existing` says what becomes of accounts bound already."""
    judged = [_identify(row, known) for row in rows]
    _refuse_twins(judged)
    held = {(b.store_id, b.member_id): b for b in known.bindings}
    active = {b.member_id: b for b in known.bindings if b.state == StoreBinding.State.ACTIVE}
    _place(judged, known)
    for row in judged:
        if row.code or row.store is None or row.member is None:
            continue
        row.binding = held.get((row.store.pk, row.member.pk))
        serving = active.get(row.member.pk)
        if serving is not None and serving.store_id != row.store.pk:
            row.action = Action.MOVE
            row.params = {"from": serving.store.name, "from_id": serving.store_id}
        elif row.binding is None or row.binding.state != StoreBinding.State.ACTIVE:
            row.action = Action.BIND
        else:
            row.action = Action.SAME if row.binding.position == row.place else Action.REORDER
        if existing == Existing.SKIP and (serving is not None or row.binding is not None):
            row.action = Action.SAME if row.action == Action.SAME else Action.SKIP
    return judged


def _identify(raw: RawBinding, known: Bindables) -> JudgedRow:
    row = JudgedRow(raw)
    row.store = known.stores.get(raw.store_code)
    row.member = known.accounts.get(raw.account.lower())
    if not raw.store_code:
        row.code = "store_blank"
    elif not raw.account:
        row.code = "account_blank"
    elif row.store is None:
        row.code = "store_unknown"
    elif row.store.status != OrgUnit.Status.OPEN:
        row.code = "store_closed"
    elif raw.account.lower() in known.ambiguous:
        row.code = "account_ambiguous"
    elif row.member is None:
        row.code = "account_unknown"
    elif not row.member.is_serving:
        row.code = "account_not_serving"
    elif raw.position and not (raw.position.isdecimal() and 1 <= int(raw.position) <= MAX_PLACE):
        row.code = "position_invalid"
    return row


def _refuse_twins(judged: list[JudgedRow]) -> None:
    """Refuse all rows of an account that the file names more than once, and of a place given twice."""
    _refuse_shared(judged, "account_twice", lambda row: row.member.pk if row.member else None)
    _refuse_shared(
        judged,
        "position_twice",
        lambda row: (
            (row.store.pk, int(row.raw.position)) if row.store and row.raw.position else None
        ),
    )


def _refuse_shared(judged: list[JudgedRow], code: str, key: Any) -> None:
    groups: dict[Any, list[JudgedRow]] = {}
    for row in judged:
        if not row.code and (value := key(row)) is not None:
            groups.setdefault(value, []).append(row)
    for sharers in groups.values():
        if len(sharers) > 1:
            numbers = ", ".join(str(row.raw.number) for row in sharers)
            for row in sharers:
                row.code, row.params = code, {"rows": numbers}


def _place(judged: list[JudgedRow], known: Bindables) -> None:
    """Give rows without a position the next free place of their store."""
    own = {(b.store_id, b.member_id): b.position for b in known.bindings}
    last: dict[int, int] = {}
    for binding in known.bindings:
        last[binding.store_id] = max(last.get(binding.store_id, 0), binding.position)
    for row in judged:
        if row.code or row.store is None or row.member is None:
            continue
        if row.raw.position:
            row.place = int(row.raw.position)
        elif (row.store.pk, row.member.pk) in own:
            row.place = own[row.store.pk, row.member.pk]
        else:
            last[row.store.pk] = row.place = last.get(row.store.pk, 0) + 1
