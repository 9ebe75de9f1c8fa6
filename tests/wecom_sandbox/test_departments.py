from tests.wecom_sandbox.client import Api
from wecom_sandbox.testing import Control


def test_a_department_is_made_changed_listed_and_deleted(contacts: Api, app: Api) -> None:
    made = contacts.post("department/create", {"name": "华东大区", "parentid": 1, "order": 5})
    below = contacts.post("department/create", {"name": "上海分公司", "parentid": 2, "id": 77})

    assert (made["errmsg"], made["id"], below["id"]) == ("created", 2, 77)
    changed = contacts.post("department/update", {"id": 77, "name": "沪分公司", "order": 9})
    assert changed == {"errcode": 0, "errmsg": "updated"}
    assert app.get("department/get", id=77)["department"] == {
        "id": 77, "name": "沪分公司", "name_en": "", "department_leader": [], "parentid": 2, "order": 9,
    }  # fmt: skip
    assert [one["id"] for one in app.get("department/list")["department"]] == [1, 2, 77]
    assert app.get("department/simplelist", id=2)["department_id"] == [
        {"id": 2, "parentid": 1, "order": 5},
        {"id": 77, "parentid": 2, "order": 9},
    ]
    assert contacts.get("department/delete", id=77) == {"errcode": 0, "errmsg": "deleted"}
    assert app.code("department/get", id=77) == 60003


def test_names_are_checked(contacts: Api) -> None:
    for name in ("a:b", "a*b", 'a"b', "a|b", "a\\b", "a?b", "<b>", "字" * 65):
        assert contacts.code("department/create", {"name": name, "parentid": 1}) == 60009
    assert contacts.code("department/create", {"parentid": 1}) == 60009
    assert contacts.code("department/create", {"name": "字" * 64, "parentid": 1}) == 0
    assert contacts.code("department/create", {"name": "字" * 64, "parentid": 1}) == 60008


def test_the_tree_keeps_its_shape(contacts: Api, control: Control) -> None:
    contacts.post("department/create", {"name": "甲", "parentid": 1, "id": 10})
    contacts.post("department/create", {"name": "乙", "parentid": 10, "id": 11})
    before = control.get("ledger/departments")

    assert contacts.code("department/create", {"name": "丙", "parentid": 999}) == 60004
    assert contacts.code("department/create", {"name": "丙", "parentid": 1, "id": 10}) == 60008
    assert contacts.code("department/create", {"name": "丙", "parentid": 1, "id": 1}) == 40058
    assert contacts.code("department/update", {"id": 999, "name": "丙"}) == 60003
    assert contacts.code("department/update", {"id": 10, "parentid": 11}) == 60010
    assert contacts.code("department/update", {"id": 10, "parentid": 10}) == 60010
    assert contacts.code("department/update", {"id": 1, "parentid": 10}) == 60010
    assert contacts.code("department/delete", id=10) == 60006
    assert contacts.code("department/delete", id=1) == 60007
    assert contacts.code("department/delete", id=999) == 60003
    assert control.get("ledger/departments") == before


def test_fifteen_levels_and_no_more(contacts: Api) -> None:
    parent = 1
    for level in range(2, 16):
        parent = contacts.post("department/create", {"name": f"L{level}", "parentid": parent})["id"]

    assert contacts.code("department/create", {"name": "L16", "parentid": parent}) == 81002
    side = contacts.post("department/create", {"name": "旁", "parentid": 1})["id"]
    contacts.post("department/create", {"name": "旁下", "parentid": side})
    assert contacts.code("department/update", {"id": side, "parentid": parent - 1}) == 81002


def test_a_department_with_members_stays(contacts: Api, control: Control) -> None:
    shop = control.post("seed_org", {"departments": 1, "members": 1})["departments"][0]

    assert contacts.code("department/delete", id=shop) == 60005
