"""The tree of units: made from the OA's departments, kept as paths."""

from collections.abc import Iterator

from django.db import connection, transaction

from contacts.directory.models import Department, Member
from contacts.directory.services import places_refresh, store_paths_set, unit_paths_set
from contacts.org.models import OrgUnit
from contacts.org.selectors import home_bindings
from contacts.org.services.terms import terms_note

UNIT_KINDS = frozenset(OrgUnit.Kind.values)
MAX_DEPTH = 20


@transaction.atomic
def org_refresh() -> int:
    """Make units from the departments' kinds and place departments and members; returns changed units.

    A constant number of statements; running it again changes nothing.
    """
    changed = units_from_departments()
    places_update()
    return changed


def units_from_departments() -> int:
    """Create and change units so that they mirror the departments that are units; none is removed."""
    departments = {d.department_id: d for d in Department.objects.filter(deleted_at=None)}
    wanted = [d for d in departments.values() if d.oa_kind in UNIT_KINDS]
    units = list(OrgUnit.objects.select_for_update())
    by_code = {unit.code: unit for unit in units}
    by_department = {unit.department_id: unit for unit in units if unit.department_id}
    chosen: dict[int, OrgUnit] = {}
    fresh_ids = new_ids(len(wanted))
    fresh: list[OrgUnit] = []
    before = {unit.pk: unit_facts(unit) for unit in units}
    for department in wanted:
        code = (
            department.store_code
            if department.oa_kind == OrgUnit.Kind.STORE
            else department.oa_code
        )
        unit = by_department.get(department.pk) or by_code.get(code or "")
        if unit is None:
            unit = OrgUnit(pk=next(fresh_ids))
            fresh.append(unit)
        unit.kind, unit.code, unit.name = department.oa_kind, code or "", department.name
        unit.department = department
        chosen[department.department_id] = unit
    for department in wanted:
        unit = chosen[department.department_id]
        if not unit.placed_by_hand:
            unit.parent = _unit_above(department, departments, chosen)
    return save_units(units, fresh, before)


def new_ids(count: int) -> Iterator[int]:
    """Draw primary keys first, because a path holds its own."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select nextval(pg_get_serial_sequence('contacts_orgunit', 'id')) from generate_series(1, %s)",
            [count],
        )
        return iter([row[0] for row in cursor.fetchall()])


def _unit_above(
    department: Department, departments: dict[int, Department], chosen: dict[int, OrgUnit]
) -> OrgUnit | None:
    step = departments.get(department.parent_department_id)
    for _level in range(MAX_DEPTH):
        if step is None:
            return None
        if step.department_id in chosen:
            return chosen[step.department_id]
        step = departments.get(step.parent_department_id)
    return None


def unit_facts(unit: OrgUnit) -> tuple[object, ...]:
    """Return what decides whether a unit changed."""
    return (
        *(unit.kind, unit.code, unit.name, unit.parent_id, unit.path, unit.department_id),
        *(unit.crm_store_id, unit.street_address, unit.point, unit.hours),
    )


# What a file or the OA says about a unit; the rest is decided on its page.
WRITTEN = (
    "kind", "code", "name", "parent", "path", "department", "crm_store_id", "street_address", "latitude",
    "longitude", "datum", "hours",
)  # fmt: skip


def save_units(
    units: list[OrgUnit], fresh: list[OrgUnit], before: dict[int, tuple[object, ...]]
) -> int:
    """Give every unit its path and write those that are new or changed; returns how many."""
    everyone = {unit.pk: unit for unit in [*units, *fresh]}
    for unit in everyone.values():
        unit.path = path_of(unit, everyone)
    fresh.sort(key=lambda unit: unit.path.count("/"))
    OrgUnit.objects.bulk_create(fresh)
    changed = [unit for unit in units if unit_facts(unit) != before[unit.pk]]
    OrgUnit.objects.bulk_update(changed, WRITTEN, batch_size=500)
    terms_note()
    return len(fresh) + len(changed)


def path_of(unit: OrgUnit, units: dict[int, OrgUnit]) -> str:
    """Return "/1/5/42/" of a unit among all units."""
    ids: list[int] = []
    step: OrgUnit | None = unit
    while step is not None and len(ids) < MAX_DEPTH:
        ids.append(step.pk)
        step = units.get(step.parent_id) if step.parent_id else None
    return "/" + "".join(f"{unit_id}/" for unit_id in reversed(ids))


def places_update() -> None:
    """Place departments and members by units and bindings; writes only changes."""
    units = OrgUnit.objects.exclude(department=None).values_list("department_id", "path")
    placed = Department.objects.exclude(unit_path="").values_list("pk", flat=True)
    unit_paths_set({**dict.fromkeys(placed, ""), **dict(units)})
    bound = home_bindings().values_list("member_id", "store__path")
    stored = Member.objects.exclude(store_path="").values_list("pk", flat=True)
    store_paths_set({**dict.fromkeys(stored, ""), **dict(bound)})
    places_refresh()


def unit_above_by_oa(unit: OrgUnit) -> OrgUnit | None:
    """Return the unit under which the OA's departments put this one; None where they say nothing."""
    if unit.department is None:
        return None
    departments = {d.department_id: d for d in Department.objects.filter(deleted_at=None)}
    known = OrgUnit.objects.exclude(department=None).select_related("department")
    units = {other.department.department_id: other for other in known if other.department}
    return _unit_above(unit.department, departments, units)


def unit_placed(unit: OrgUnit, parent: OrgUnit) -> None:
    """Put a unit below another, whatever the OA says about it; everything that hangs on its path follows."""
    units = list(OrgUnit.objects.select_for_update())
    before = {each.pk: unit_facts(each) for each in units}
    by_id = {each.pk: each for each in units}
    by_id[unit.pk].parent = by_id[parent.pk]
    save_units(units, [], before)
    by_oa = unit_above_by_oa(unit)
    OrgUnit.objects.filter(pk=unit.pk).update(
        placed_by_hand=unit.department_id is not None and by_oa != parent
    )
    places_update()
