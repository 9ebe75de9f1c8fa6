"""Files of units: kept, judged row by row, taken over without the refused rows, which come back as they were sent."""

import io

import pytest

from contacts.org.models import OrgUnit, StoreBinding, UnitFile
from contacts.org.services import (
    org_refresh,
    unit_file_apply,
    unit_file_drop,
    unit_file_judged,
    unit_file_send,
)
from scrm.core.audit.models import AuditEntry
from scrm.core.exceptions import Conflict, ValidationFailed
from tests.factories.accounts import UserFactory
from tests.factories.contacts import DepartmentFactory, StoreFactory

pytestmark = pytest.mark.django_db
HEADERS = "编码,名称,类型,上级编码"


def sent(*lines: str, headers: str = HEADERS, existing: str = "update") -> UnitFile:
    """Send a file of units in."""
    content = "\n".join([headers, *lines]).encode()
    return unit_file_send(
        file=io.BytesIO(content), filename="u.csv", existing=existing, actor=UserFactory()
    )


def actions(file: UnitFile) -> dict[int, str]:
    """Return what each row does."""
    return {row.number: str(row.action) for row in unit_file_judged(file).rows}


def test_a_file_shows_what_it_does_before_anything_changes() -> None:
    # given a branch with a store
    branch = StoreFactory(kind="branch", code="B1", name="华东", path="/71/", pk=71)
    StoreFactory(code="S1", name="人民路店", parent=branch, path="/71/72/", pk=72)

    # when a file names it, a new one, and a wrong one
    file = sent("S1,人民路旗舰店,门店,B1", "S2,滨江店,门店,B1", "B1,华东,分公司,", "S3,错,仓库,B1")

    # then each row says what it would do, and nothing has happened
    assert actions(file) == {2: "update", 3: "create", 4: "same", 5: "error"}
    assert OrgUnit.objects.count() == 2

    # and taken over it has happened, but for the wrong row, and not twice
    counts = unit_file_apply(file=file, actor=None)
    assert counts == {"create": 1, "update": 1, "same": 1, "skip": 0, "error": 1}
    assert OrgUnit.objects.get(code="S1").name == "人民路旗舰店"
    with pytest.raises(Conflict):
        unit_file_apply(file=file, actor=None)


def test_what_exists_can_be_left_as_it_is() -> None:
    branch = StoreFactory(kind="branch", code="B1", name="华东", path="/71/", pk=71)
    StoreFactory(code="S1", name="人民路店", parent=branch, path="/71/72/", pk=72)

    file = sent("S1,别的名字,门店,B1", "S2,滨江店,门店,B1", existing="skip")
    unit_file_apply(file=file, actor=None)

    assert actions(file)[2] == "skip"
    assert list(OrgUnit.objects.order_by("code").values_list("code", "name")) == [
        ("B1", "华东"), ("S1", "人民路店"), ("S2", "滨江店"),
    ]  # fmt: skip


def test_a_file_given_up_changes_nothing() -> None:
    file = sent("B1,华东,分公司,")

    unit_file_drop(file=file, actor=None)

    with pytest.raises(Conflict):
        unit_file_apply(file=file, actor=None)
    assert OrgUnit.objects.count() == 0


def test_parents_come_first_whatever_the_order() -> None:
    file = sent("S1,人民路店,门店,B1", "B1,华东分公司,分公司,R1", "R1,东区,大区,")

    unit_file_apply(file=file, actor=None)

    codes = dict(OrgUnit.objects.values_list("pk", "code"))
    store = OrgUnit.objects.get(code="S1")
    assert [codes[pk] for pk in store.ancestor_ids] == ["R1", "B1"]


@pytest.mark.parametrize(
    "line",
    [
        ",无码,门店,B1", "S1,,门店,B1", f"{'S' * 65},长,门店,B1", "S1,店,仓库,B1", "S2,店,门店,B9", "S3,店,门店,",
        "B1,华东,分公司,", "A,甲,分公司,A",
    ],
)  # fmt: skip
def test_a_wrong_row_is_refused_with_a_reason_and_stops_no_other(line: str) -> None:
    file = sent("B1,华东,分公司,", line, "S9,好店,门店,B1")

    judged = unit_file_judged(file)
    unit_file_apply(file=file, actor=None)

    assert [row.number for row in judged.refused] == [3]
    assert judged.refused[0].reason
    assert set(OrgUnit.objects.values_list("code", flat=True)) == {"B1", "S9"}


PLACES = f"{HEADERS},CRM门店编号,地址,纬度,经度,坐标系,营业时间"


def test_a_file_says_where_stores_are_and_when_they_are_open() -> None:
    file = sent(
        "B1,华东,分公司,,,,,,,",
        "S1,人民路店,门店,B1,C-001,人民路 1 号,31.230416,121.473701,高德,10:00-21:00",
        headers=PLACES,
    )
    unit_file_apply(file=file, actor=None)

    store = OrgUnit.objects.get(code="S1")
    assert (store.crm_store_id, store.street_address, store.datum, store.hours) == (
        "C-001", "人民路 1 号", "gcj02", "1-7 10:00-21:00",
    )  # fmt: skip
    assert (str(store.latitude), str(store.longitude)) == ("31.230416", "121.473701")

    # and a blank cell leaves what is known
    again = sent("S1,人民路店,门店,B1,,,,,,", headers=PLACES)
    assert actions(again) == {2: "same"}


@pytest.mark.parametrize(
    "cells",
    [
        ",,31.2,121.4,,", ",,31.2,,GCJ-02,", ",,北纬,121.4,GCJ-02,", ",,91,121.4,GCJ-02,", ",,NaN,121.4,GCJ-02,",
        ",,31.2,121.4,北京54,", ",,,,,十点到九点", ",,,,,10:00-09:00", "TAKEN,,,,,",
    ],
)  # fmt: skip
def test_a_wrong_place_or_hours_refuse_the_row(cells: str) -> None:
    StoreFactory(code="S0", crm_store_id="TAKEN")
    StoreFactory(kind="branch", code="B1", name="华东", path="/71/", pk=71)

    file = sent(f"S1,人民路店,门店,B1,{cells}", headers=PLACES)

    assert actions(file) == {2: "error"}
    unit_file_apply(file=file, actor=None)
    assert not OrgUnit.objects.filter(code="S1").exists()


def test_what_the_oa_says_is_not_changed_by_a_file_but_the_rest_is() -> None:
    DepartmentFactory(department_id=2, name="华东", oa_kind="branch", oa_code="B1")
    DepartmentFactory(
        department_id=3, parent_department_id=2, name="人民路店", oa_kind="store", oa_code="D3", store_code="S1"
    )  # fmt: skip
    org_refresh()

    renamed = sent("S1,别的名字,门店,B1")
    addressed = sent("S1,人民路店,门店,B1,C1,人民路 1 号,,,,", headers=PLACES)

    assert (actions(renamed), actions(addressed)) == ({2: "error"}, {2: "update"})


def test_five_thousand_rows_with_errors_refuse_exactly_those(
    django_assert_max_num_queries: object,
) -> None:
    # given 5,000 rows, 150 of them wrong
    StoreFactory(kind="branch", code="B1", name="华东", path="/9000001/", pk=9000001)
    lines = [f"S{n},门店{n},{'仓库' if n % 100 < 3 else '门店'},B1" for n in range(5000)]

    # when the file is sent and taken over
    with django_assert_max_num_queries(60):  # type: ignore[operator]
        file = sent(*lines)
        counts = unit_file_apply(file=file, actor=None)

    # then exactly those are missing, and come back as they were sent
    assert (counts["create"], counts["error"]) == (4850, 150)
    assert OrgUnit.objects.filter(kind="store").count() == 4850
    refused = unit_file_judged(file).refused
    assert [row.raw["编码"] for row in refused] == [f"S{n}" for n in range(5000) if n % 100 < 3]

    # and repaired they go in
    file = sent(*(f"{row.raw['编码']},{row.raw['名称']},门店,B1" for row in refused))
    assert unit_file_apply(file=file, actor=None)["create"] == 150


def test_a_failure_halfway_writes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    file = sent("B1,华东,分公司,", "S1,店,门店,B1")
    monkeypatch.setattr(
        "contacts.org.services.unit_import.places_update",
        lambda: (_ for _ in ()).throw(OSError("the disk is full")),
    )

    with pytest.raises(OSError, match="the disk is full"):
        unit_file_apply(file=file, actor=None)

    file.refresh_from_db()
    assert (OrgUnit.objects.count(), StoreBinding.objects.count(), file.status) == (0, 0, "waiting")


def test_a_file_that_cannot_be_read_is_refused_in_words() -> None:
    for headers, lines in (("名称,类型", ["a,门店"]), (HEADERS, [])):
        with pytest.raises(ValidationFailed):
            sent(*lines, headers=headers)
    assert (UnitFile.objects.count(), AuditEntry.objects.count()) == (0, 0)
