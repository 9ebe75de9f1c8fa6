"""Who follows whom: the stored relations and the drawn ones, read as one list.

A stored row whose number is a drawn relation's stands for it, whatever its status.
"""

from collections.abc import Iterable, Sequence
from itertools import chain, islice

from wecom_sandbox.customers.drawn import Row as Row
from wecom_sandbox.store import Store, Value

ACTIVE = ("active",)
OPEN = ("active", "half")
_COLUMNS = (
    "id", "userid", "person_id", "external_userid", "status", "createtime", "ended_at", "state", "add_way",
    "config_id", "remark", "description", "remark_company", "remark_mobiles", "oper_userid",
)  # fmt: skip


def get(store: Store, relation_id: int) -> Row | None:
    """The relation of a number, or None."""
    row = store.row("SELECT * FROM relations WHERE id = ?", relation_id)
    if row is not None:
        return dict(row)
    drawn = store.drawn
    return drawn.row(relation_id) if drawn is not None and drawn.has(relation_id) else None


def of_pair(
    store: Store, userid: str, external_userid: str, statuses: Sequence[str] = OPEN
) -> Row | None:
    """The standing relation of a member and a customer, or None."""
    found = of_customer(store, external_userid, statuses)
    return next((row for row in found if row["userid"].lower() == userid.lower()), None)


def of_members(
    store: Store, userids: Sequence[str], statuses: Sequence[str] = ACTIVE, *, after: int = 0,
    limit: int | None = None,
) -> list[Row]:  # fmt: skip
    """Relations of members by their number.

    Args:
        store: the corp's.
        userids: whose.
        statuses: which; drawn ones are active.
        after: only numbers above.
        limit: how many; None for all.
    """
    marks = ",".join("?" * len(userids))
    sql = f"userid IN ({marks}) AND status IN ({_marks(statuses)}) AND id > ? ORDER BY id LIMIT ?"
    most = -1 if limit is None else limit
    stored = _rows(store, sql, *userids, *statuses, after, most)
    drawn = _drawn_of_members(store, userids, after, limit) if "active" in statuses else []
    return sorted([*stored, *drawn], key=lambda row: int(row["id"]))[:limit]


def everybody(store: Store, *, after: int = 0, limit: int) -> list[Row]:
    """The corp's active relations by their number, a page of them."""
    stored = _rows(store, "status = 'active' AND id > ? ORDER BY id LIMIT ?", after, limit)
    whole = range(1, (store.drawn.relations if store.drawn is not None else 0) + 1)
    drawn = _drawn_in(store, [whole], after, limit)
    return sorted([*stored, *drawn], key=lambda row: int(row["id"]))[:limit]


def of_customer(
    store: Store, external_userid: str, statuses: Sequence[str] = ACTIVE, *, after: int = 0,
    limit: int | None = None,
) -> list[Row]:  # fmt: skip
    """Relations of one customer by their number; arguments as of_members."""
    sql = f"external_userid = ? AND status IN ({_marks(statuses)}) AND id > ? ORDER BY id LIMIT ?"
    most = -1 if limit is None else limit
    stored = _rows(store, sql, external_userid, *statuses, after, most)
    drawn = _drawn_of_customer(store, external_userid, after) if "active" in statuses else []
    return sorted([*stored, *drawn], key=lambda row: int(row["id"]))[:limit]


def history(store: Store, external_userid: str, userid: str = "") -> list[Row]:
    """Every relation of a customer, ended ones too, oldest number first; ``userid`` narrows to a member."""
    stored = _rows(store, "external_userid = ? ORDER BY id", external_userid)
    drawn = _drawn_of_customer(store, external_userid, 0)
    found = sorted([*stored, *drawn], key=lambda row: int(row["id"]))
    return [row for row in found if not userid or row["userid"].lower() == userid.lower()]


def newest(store: Store, userid: str, limit: int) -> list[Row]:
    """A member's active relations with the highest numbers, those first."""
    found = _rows(store, "userid = ? AND status = 'active' ORDER BY id DESC LIMIT ?", userid, limit)
    ids = store.drawn.of_member(userid) if store.drawn is not None else range(0)
    if ids:
        found += _drawn_in(store, [ids[-limit:]], 0, None)
    return sorted(found, key=lambda row: int(row["id"]), reverse=True)[:limit]


def customers_of(store: Store, userid: str, statuses: Sequence[str] = ACTIVE) -> list[str]:
    """The external_userids of a member's customers, by the number of their relation."""
    sql = f"userid = ? AND status IN ({_marks(statuses)}) ORDER BY id"
    drawn = store.drawn
    ids = range(0) if drawn is None or "active" not in statuses else drawn.of_member(userid)
    if drawn is None or not ids:
        return [str(row["external_userid"]) for row in _rows(store, sql, userid, *statuses)]
    found = dict(zip(ids, drawn.external_userids(ids), strict=True))
    for kept in _kept(store, ids[0], ids[-1]):
        found.pop(kept)
    for row in _rows(store, sql, userid, *statuses):
        found[int(row["id"])] = str(row["external_userid"])
    return [found[one] for one in sorted(found)]


def count(store: Store, userid: str, statuses: Sequence[str] = ACTIVE) -> int:
    """How many relations a member has."""
    sql = f"SELECT COUNT(*) FROM relations WHERE userid = ? AND status IN ({_marks(statuses)})"  # noqa: S608
    stored = int(store.value(sql, userid, *statuses))
    ids = store.drawn.of_member(userid) if store.drawn is not None else range(0)
    if "active" not in statuses or not ids:
        return stored
    return stored + len(ids) - len(_kept(store, ids[0], ids[-1]))


def count_all(store: Store) -> int:
    """How many active relations the corp has, the drawn ones that nobody changed among them."""
    stored = int(store.value("SELECT COUNT(*) FROM relations WHERE status = 'active'"))
    if store.drawn is None:
        return stored
    drawn = store.drawn.relations
    return stored + drawn - int(store.value("SELECT COUNT(*) FROM relations WHERE id <= ?", drawn))


def follows_anybody(store: Store, external_userid: str) -> bool:
    """Whether a person is a customer of anybody now."""
    return bool(of_customer(store, external_userid, ACTIVE, limit=1))


def drawn_createtimes(store: Store, userid: str, since: int, until: int) -> list[int]:
    """When a member's drawn relations were made, those within a time; stored ones are for the caller to count."""
    drawn = store.drawn
    ids = drawn.of_member(userid) if drawn is not None else range(0)
    if drawn is None or not ids:
        return []
    kept = _kept(store, ids[0], ids[-1])
    times = ((one, drawn.createtime(one)) for one in ids)
    return [at for one, at in times if since <= at < until and one not in kept]


def tag_ids(store: Store, row: Row) -> list[str]:
    """The tags of a relation, in the order given."""
    if "tag_ids" in row:
        return list(row["tag_ids"])
    rows = store.rows(
        "SELECT tag_id FROM relation_tags WHERE relation_id = ? ORDER BY rowid", row["id"]
    )
    return [str(one["tag_id"]) for one in rows]


def keep(store: Store, relation_id: int) -> None:
    """Store a drawn relation as a row, so that it can change; nothing for a stored one."""
    drawn = store.drawn
    if drawn is None or not drawn.has(relation_id) or _kept(store, relation_id, relation_id):
        return
    row = drawn.row(relation_id)
    store.insert("relations", **{name: row[name] for name in _COLUMNS})
    for tag_id in tag_ids(store, row):
        store.insert("relation_tags", relation_id=relation_id, tag_id=tag_id)


def keep_member(store: Store, userid: str) -> None:
    """Store all drawn relations of a member, before all of them change."""
    for relation_id in store.drawn.of_member(userid) if store.drawn is not None else ():
        keep(store, relation_id)


def _drawn_of_members(
    store: Store, userids: Iterable[str], after: int, limit: int | None
) -> list[Row]:
    if store.drawn is None:
        return []
    ranges = {store.drawn.of_member(userid) for userid in userids}
    return _drawn_in(store, sorted(ranges, key=lambda one: one.start), after, limit)


def _drawn_in(store: Store, ranges: Iterable[range], after: int, limit: int | None) -> list[Row]:
    drawn = store.drawn
    if drawn is None:
        return []
    numbers = chain.from_iterable(range(max(one.start, after + 1), one.stop) for one in ranges)
    found: list[Row] = []
    # A page at a time: the member may have changed the first hundred.
    while limit is None or len(found) < limit:
        page = list(islice(numbers, limit))
        if not page:
            break
        kept = _kept(store, page[0], page[-1])
        found += [drawn.row(one) for one in page if one not in kept]
    return found[:limit]


def _drawn_of_customer(store: Store, external_userid: str, after: int) -> list[Row]:
    drawn = store.drawn
    index = drawn.people.index_of(external_userid) if drawn is not None else None
    if drawn is None or index is None:
        return []
    numbers = (one for one in drawn.of_customer(index) if one > after)
    return [drawn.row(one) for one in numbers if not _kept(store, one, one)]


def _kept(store: Store, first: int, last: int) -> set[int]:
    """Which of these numbers have a row."""
    rows = store.rows("SELECT id FROM relations WHERE id BETWEEN ? AND ?", first, last)
    return {int(row["id"]) for row in rows}


def _rows(store: Store, condition: str, *values: Value) -> list[Row]:
    found = store.rows(f"SELECT * FROM relations WHERE {condition}", *values)  # noqa: S608 - our words
    return [dict(row) for row in found]


def _marks(values: Sequence[str]) -> str:
    return ",".join("?" * len(values))
