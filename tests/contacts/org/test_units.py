"""Units mirror the OA's departments, or come from a file; paths are the scope."""

import io

import pytest

from contacts.directory.models import Department
from contacts.org.models import OrgUnit
from contacts.org.services import org_refresh, units_import
from tests.factories.contacts import DepartmentFactory

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


def sheet(*lines: str) -> io.BytesIO:
    """Return a file of units."""
    return io.BytesIO("\n".join(["编码,名称,类型,上级编码", *lines]).encode())


def test_a_file_makes_units_parents_first_whatever_the_order() -> None:
    result = units_import(
        file=sheet("S1,人民路店,门店,B1", "B1,华东分公司,分公司,R1", "R1,东区,大区,"),
        filename="u.csv",
        actor=None,
    )

    assert (result.changed, result.refused) == (3, [])
    assert paths() == {"R1": "R1", "B1": "R1/B1", "S1": "R1/B1/S1"}
    again = units_import(file=sheet("R1,东区,大区,"), filename="u.csv", actor=None)
    assert again.changed == 0


def test_refused_units_come_back_with_reasons_and_the_rest_is_taken() -> None:
    result = units_import(
        file=sheet("B1,华东,分公司,", "B1,华东,分公司,", ",无码,门店,B1", "S1,店,仓库,B1", "S2,店,门店,B9", "S3,店,门店,",
                   "A,甲,分公司,B", "B,乙,分公司,A"),
        filename="u.csv", actor=None,
    )  # fmt: skip

    assert result.changed == 1
    assert sorted(row.number for row, _reason in result.refused) == [3, 4, 5, 6, 7, 8, 9]
    assert all(reason for _row, reason in result.refused)
