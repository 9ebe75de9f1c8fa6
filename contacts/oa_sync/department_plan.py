"""Plans departments: take over, create, rename, move; parents first, nothing is deleted."""

from contacts.directory.models import ROOT_DEPARTMENT_ID
from contacts.oa_sync.department_checks import levels, root_company
from contacts.oa_sync.mirror import DepartmentState, MirrorState
from contacts.oa_sync.plan_items import Kind, Planned
from contacts.oa_sync.rows import DepartmentRow, Snapshot


def plan_departments(
    snapshot: Snapshot, mirror: MirrorState
) -> tuple[list[Planned], dict[str, int | None]]:
    """Return the changes and each department's WeCom id (None: made by this plan).

    The new level orders them: when one is moved, everything above it is already in its place, so
    WeCom never sees a circle. Within that, whoever gives a name up comes before who gets it.
    """
    ids: dict[str, int | None] = {}
    items: dict[str, Planned] = {}
    released = _Released(snapshot, mirror)
    root = root_company(snapshot.departments)
    depth = levels(snapshot.departments)
    ordered = sorted(
        snapshot.departments, key=lambda each: (depth[each], snapshot.departments[each].number)
    )
    for code in ordered:
        row = snapshot.departments[code]
        if code == root:
            ids[code] = ROOT_DEPARTMENT_ID
            items |= _plan_root(row, mirror)
            continue
        parent_id = ids[row.parent_code] if row.parent_code else ROOT_DEPARTMENT_ID
        existing = mirror.by_oa_code.get(code)
        ids[code], planned = (
            _plan_new(row, parent_id, mirror, released)
            if existing is None
            else (existing.department_id, _plan_change(row, parent_id, existing, mirror))
        )
        items |= planned
    # Departments whose rows were refused stay as they are; their ids are still known.
    for code, state in mirror.by_oa_code.items():
        ids.setdefault(code, state.department_id)
    return [items[code] for code in _names_first(ordered, items, snapshot, mirror)], ids


class _Released:
    """Departments whose OA code this reading does not have any more: a new code may take them over."""

    def __init__(self, snapshot: Snapshot, mirror: MirrorState) -> None:
        gone = [
            state
            for code, state in mirror.by_oa_code.items()
            if code not in snapshot.seen_departments
        ]
        self._by_place = {(state.parent_id, state.name.lower()): state for state in gone}

    def at(self, parent_id: int, name: str) -> DepartmentState | None:
        """Return the one of that name at that place."""
        state = self._by_place.get((parent_id, name.lower()))
        return None if state is None or state.department_id == ROOT_DEPARTMENT_ID else state


def _names_first(
    ordered: list[str], items: dict[str, Planned], snapshot: Snapshot, mirror: MirrorState
) -> list[str]:
    """Order the changes so that a name is given up before another department gets it.

    Nobody comes before what lies above; a circle of names stays one, and the writer gives one of them a
    temporary name.
    """
    giving: dict[tuple[int | None, str], str] = {
        (state.parent_id, state.name.lower()): code
        for code, state in mirror.by_oa_code.items()
        if code in items and _place(items[code]) != (state.parent_id, state.name.lower())
    }
    placed: dict[str, None] = {}
    for code in ordered:
        chain: dict[str, None] = {}
        step: str | None = code
        while step is not None and step not in placed and step not in chain:
            above = snapshot.departments[step].parent_code
            if above and above not in placed:
                break
            chain[step] = None
            step = giving.get(_place(items[step])) if step in items else None
        placed |= dict.fromkeys(reversed(chain))
    return [code for code in placed if code in items]


def _place(item: Planned) -> tuple[int | None, str]:
    return item.after["parent_id"], str(item.after["name"]).lower()


def _after(row: DepartmentRow, parent_id: int | None) -> dict[str, object]:
    return {
        "name": row.name,
        "parent_code": row.parent_code,
        "parent_id": parent_id,
        "kind": row.kind,
        "store_code": row.store_code,
    }


def _before(state: DepartmentState, mirror: MirrorState) -> dict[str, object]:
    parent = mirror.departments.get(state.parent_id)
    return {
        "department_id": state.department_id,
        "name": state.name,
        "parent_code": parent.oa_code if parent else "",
        "parent_id": state.parent_id,
        "kind": state.kind,
        "store_code": state.store_code,
    }


def _plan_root(row: DepartmentRow, mirror: MirrorState) -> dict[str, Planned]:
    root = mirror.departments.get(ROOT_DEPARTMENT_ID)
    if root is None or (root.oa_code == row.code and root.kind == row.kind):
        return {}
    after = {**_after(row, 0), "department_id": ROOT_DEPARTMENT_ID, "name": root.name}
    item = Planned(Kind.DEPARTMENT_ADOPT, row.code, "company_root", _before(root, mirror), after)
    return {row.code: item}


def _plan_new(
    row: DepartmentRow, parent_id: int | None, mirror: MirrorState, released: _Released
) -> tuple[int | None, dict[str, Planned]]:
    after = _after(row, parent_id)
    twin, reason = None, "same_name"
    if parent_id is not None:
        twin = mirror.unclaimed(parent_id, row.name)
    if twin is None and parent_id is not None:
        twin, reason = released.at(parent_id, row.name), "new_code"
    if twin is None:
        item = Planned(Kind.DEPARTMENT_CREATE, row.code, "new_department", {}, after)
        return None, {row.code: item}
    after["department_id"] = twin.department_id
    item = Planned(Kind.DEPARTMENT_ADOPT, row.code, reason, _before(twin, mirror), after)
    return twin.department_id, {row.code: item}


def _plan_change(
    row: DepartmentRow, parent_id: int | None, state: DepartmentState, mirror: MirrorState
) -> dict[str, Planned]:
    renamed = row.name != state.name
    moved = parent_id != state.parent_id
    if not (renamed or moved or row.kind != state.kind or row.store_code != state.store_code):
        return {}
    reason = (
        "renamed_moved"
        if renamed and moved
        else "renamed"
        if renamed
        else "moved"
        if moved
        else "kind_changed"
    )
    after = {**_after(row, parent_id), "department_id": state.department_id}
    item = Planned(Kind.DEPARTMENT_UPDATE, row.code, reason, _before(state, mirror), after)
    return {row.code: item}
