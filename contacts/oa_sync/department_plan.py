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
    WeCom never sees a circle.
    """
    ids: dict[str, int | None] = {}
    items: list[Planned] = []
    root = root_company(snapshot.departments)
    depth = levels(snapshot.departments)
    for code in sorted(
        snapshot.departments, key=lambda each: (depth[each], snapshot.departments[each].number)
    ):
        row = snapshot.departments[code]
        if code == root:
            ids[code] = ROOT_DEPARTMENT_ID
            items += _plan_root(row, mirror)
            continue
        parent_id = ids[row.parent_code] if row.parent_code else ROOT_DEPARTMENT_ID
        existing = mirror.by_oa_code.get(code)
        ids[code], planned = (
            _plan_new(row, parent_id, mirror)
            if existing is None
            else (existing.department_id, _plan_change(row, parent_id, existing, mirror))
        )
        items += planned
    # Departments whose rows were refused stay as they are; their ids are still known.
    for code, state in mirror.by_oa_code.items():
        ids.setdefault(code, state.department_id)
    return items, ids


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


def _plan_root(row: DepartmentRow, mirror: MirrorState) -> list[Planned]:
    root = mirror.departments.get(ROOT_DEPARTMENT_ID)
    if root is None or (root.oa_code == row.code and root.kind == row.kind):
        return []
    after = {**_after(row, 0), "department_id": ROOT_DEPARTMENT_ID, "name": root.name}
    return [Planned(Kind.DEPARTMENT_ADOPT, row.code, "company_root", _before(root, mirror), after)]


def _plan_new(
    row: DepartmentRow, parent_id: int | None, mirror: MirrorState
) -> tuple[int | None, list[Planned]]:
    after = _after(row, parent_id)
    twin = mirror.unclaimed(parent_id, row.name) if parent_id is not None else None
    if twin is None:
        return None, [Planned(Kind.DEPARTMENT_CREATE, row.code, "new_department", {}, after)]
    after["department_id"] = twin.department_id
    item = Planned(Kind.DEPARTMENT_ADOPT, row.code, "same_name", _before(twin, mirror), after)
    return twin.department_id, [item]


def _plan_change(
    row: DepartmentRow, parent_id: int | None, state: DepartmentState, mirror: MirrorState
) -> list[Planned]:
    renamed = row.name != state.name
    moved = parent_id != state.parent_id
    if not (renamed or moved or row.kind != state.kind or row.store_code != state.store_code):
        return []
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
    return [Planned(Kind.DEPARTMENT_UPDATE, row.code, reason, _before(state, mirror), after)]
