"""Units mirror the OA's departments, or come from a file; paths are the scope."""

from datetime import date

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from contacts.directory.models import Department
from contacts.org.models import OrgUnit, UnitTerm
from contacts.org.services import org_refresh, unit_placed
from tests.factories.contacts import DepartmentFactory, StoreFactory

pytestmark = pytest.mark.django_db


def department(pk: int, parent: int, name: str, kind: str, store_code: str = "") -> Department:
    """Return a mirrored department of the OA."""
    return DepartmentFactory(
        department_id=pk,
        parent_department_id=parent,
        name=name,
        oa_kind=kind,
        oa_code=f"D{pk}",
        store_code=store_code,
    )


def paths() -> dict[str, str]:
    """Return the codes on the way to each unit."""
    codes = dict(OrgUnit.objects.values_list("pk", "code"))
    return {
        unit.code: "/".join(codes[int(each)] for each in unit.path.strip("/").split("/"))
        for unit in OrgUnit.objects.all()
    }


def test_units_come_from_departments_and_skip_plain_ones() -> None:
    # given a plain department between a branch and its store
    department(1, 0, "企业", "company")
    department(2, 1, "华东分公司", "branch")
    department(3, 2, "零售部", "department")
    department(4, 3, "人民路店", "store", "S001")

    # when units are made, twice
    assert org_refresh() == 2
    assert org_refresh() == 0

    # then the store hangs under the branch
    assert paths() == {"D2": "D2", "S001": "D2/S001"}


def test_a_moved_store_gets_a_new_path_and_keeps_its_row() -> None:
    department(2, 1, "华东", "branch")
    department(3, 1, "华南", "branch")
    store = department(4, 2, "人民路店", "store", "S001")
    org_refresh()
    before = OrgUnit.objects.get(code="S001").pk

    Department.objects.filter(pk=store.pk).update(
        parent_department_id=3, name="人民路旗舰店", store_code="S100"
    )
    org_refresh()

    unit = OrgUnit.objects.get(department=store)
    assert (unit.pk, unit.name, unit.code) == (before, "人民路旗舰店", "S100")
    assert paths()["S100"] == "D3/S100"


def test_refresh_takes_a_constant_number_of_queries(django_assert_max_num_queries: object) -> None:
    Department.objects.bulk_create(
        Department(
            department_id=n, parent_department_id=1 if n < 50 else n % 48 + 2, name=f"部门{n}", oa_code=f"D{n}",
            oa_kind="branch" if n < 50 else "store", store_code="" if n < 50 else f"S{n}",
        )
        for n in range(2, 3000)
    )  # fmt: skip

    with django_assert_max_num_queries(30):  # type: ignore[operator]
        assert org_refresh() == 2998


def terms(code: str) -> list[tuple[str, str, str | None, bool]]:
    """Return (name, parent, state, is open) of a unit's history, oldest first."""
    rows = UnitTerm.objects.filter(unit__code=code).select_related("parent").order_by("began_on")
    return [
        (row.name, row.parent.code if row.parent else "", row.status, row.ended_on is None)
        for row in rows
    ]


def test_the_history_says_since_when_and_what_happens_twice_a_day_counts_once() -> None:
    # given a store that the OA moves on a later day, twice
    for code, pk in (("B1", 2), ("B2", 3), ("B3", 4)):
        department(pk, 1, code, "branch")
    store = department(5, 2, "人民路店", "store", "S001")
    org_refresh()
    UnitTerm.objects.update(began_on=date(2026, 1, 1))

    for parent in (3, 4):
        Department.objects.filter(pk=store.pk).update(parent_department_id=parent)
        org_refresh()

    # then two stretches stand there, the first ended when the second began
    assert terms("S001") == [
        ("人民路店", "D2", "open", False),
        ("人民路店", "D4", "open", True),
    ]
    first, second = UnitTerm.objects.filter(unit__code="S001").order_by("began_on")
    assert first.ended_on == second.began_on == timezone.localdate()

    # and running it again writes nothing
    before = list(UnitTerm.objects.order_by("pk").values())
    org_refresh()
    assert list(UnitTerm.objects.order_by("pk").values()) == before


def test_a_store_placed_by_headquarters_is_not_moved_back_by_the_oa() -> None:
    department(2, 1, "华东", "branch")
    department(3, 1, "华南", "branch")
    department(4, 2, "人民路店", "store", "S001")
    org_refresh()
    store = OrgUnit.objects.get(code="S001")

    unit_placed(store, OrgUnit.objects.get(code="D3"))
    org_refresh()

    assert paths()["S001"] == "D3/S001"
    # and placed where the OA says, it follows the OA again
    unit_placed(store, OrgUnit.objects.get(code="D2"))
    assert not OrgUnit.objects.get(code="S001").placed_by_hand


def test_the_database_refuses_coordinates_without_a_datum_and_a_merge_without_an_end() -> None:
    store = StoreFactory()

    for wrong in (
        {"latitude": 31, "longitude": 121}, {"datum": "gcj02"}, {"latitude": 91, "longitude": 1, "datum": "gcj02"},
        {"merged_into": store}, {"shut_from": date(2026, 2, 2), "shut_until": date(2026, 2, 1)},
    ):  # fmt: skip
        with pytest.raises(IntegrityError), transaction.atomic():
            OrgUnit.objects.filter(pk=store.pk).update(**wrong)
