from typing import Any

import pytest

from tests.wecom_sandbox.client import Api
from wecom_sandbox.testing import Control


def member(**fields: Any) -> dict[str, Any]:
    """A good body of user/create, with changes."""
    return {
        "userid": "zhang.san",
        "name": "张三",
        "mobile": "13800000001",
        "department": [1],
    } | fields


def test_a_new_member_has_not_activated_yet(contacts: Api, app: Api, control: Control) -> None:
    answer = contacts.post("user/create", member(position="导购", gender="1", order=[3]))

    assert answer == {"errcode": 0, "errmsg": "created"}
    seen = app.get("user/get", userid="ZHANG.SAN")
    assert (seen["userid"], seen["status"], seen["position"]) == ("zhang.san", 4, "导购")
    assert (seen["department"], seen["order"], seen["main_department"]) == ([1], [3], 1)
    assert control.post("activate", {"userids": ["zhang.san"]})["changed"] == ["zhang.san"]
    assert app.get("user/get", userid="zhang.san")["status"] == 1


def test_an_app_does_not_read_sensitive_fields(contacts: Api, app: Api) -> None:
    contacts.post("user/create", member(email="a@example.com", gender="1"))
    hidden = {
        "mobile",
        "email",
        "biz_mail",
        "gender",
        "avatar",
        "thumb_avatar",
        "qr_code",
        "address",
    }

    assert hidden.isdisjoint(app.get("user/get", userid="zhang.san"))
    listed = app.get("user/list", department_id=1)["userlist"]
    assert [one["userid"] for one in listed] == ["zhang.san"]
    assert hidden.isdisjoint(listed[0])


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"userid": ""}, 41009),
        ({"userid": "-abc"}, 40003),
        ({"userid": "a b"}, 40003),
        ({"userid": "a" * 65}, 40003),
        ({"name": None}, 60112),
        ({"name": "字" * 65}, 60112),
        ({"department": []}, 60127),
        ({"department": [404]}, 60123),
        ({"department": [1] * 101}, 60110),
        ({"mobile": None}, 60129),
        ({"mobile": "12"}, 60103),
        ({"email": "nomail"}, 60105),
        ({"position": "字" * 129}, 301012),
        ({"telephone": "phone"}, 301013),
        ({"order": [1, 2]}, 40058),
        ({"is_leader_in_dept": [1, 0]}, 40058),
        ({"main_department": 404}, 40058),
        ({"direct_leader": ["nobody"]}, 60111),
        ({"enable": 2}, 40058),
        ({"external_position": "字" * 13}, 40058),
    ],
)
def test_fields_are_checked(
    contacts: Api, control: Control, fields: dict[str, Any], code: int
) -> None:
    body = {name: value for name, value in member(**fields).items() if value is not None}

    assert contacts.code("user/create", body) == code
    assert control.get("ledger/members") == []


def test_ids_phones_and_mails_are_unique(contacts: Api) -> None:
    contacts.post("user/create", member(email="a@example.com"))

    assert contacts.code("user/create", member(userid="ZHANG.SAN")) == 60102
    assert contacts.code("user/create", member(userid="b")) == 60104
    other = member(userid="b", mobile="13800000002", email="A@example.com")
    assert contacts.code("user/create", other) == 60106


def test_update_keeps_what_is_not_given(contacts: Api, app: Api, control: Control) -> None:
    contacts.post("user/create", member(position="导购", alias="三"))

    changed = contacts.post("user/update", {"userid": "zhang.san", "name": "张叁"})

    assert changed == {"errcode": 0, "errmsg": "updated"}
    seen = app.get("user/get", userid="zhang.san")
    assert (seen["name"], seen["position"], seen["alias"]) == ("张叁", "导购", "三")
    assert contacts.code("user/update", {"userid": "nobody", "name": "x"}) == 60111
    assert contacts.code("user/update", {"userid": "zhang.san", "mobile": ""}) == 60129
    assert control.get("ledger/members")[0]["mobile"] == "13800000001"


def test_the_mobile_of_an_activated_member_is_ignored(contacts: Api, control: Control) -> None:
    contacts.post("user/create", member())
    contacts.post("user/update", {"userid": "zhang.san", "mobile": "13800000009"})
    control.post("activate", {"all": True})

    assert contacts.code("user/update", {"userid": "zhang.san", "mobile": "13800000010"}) == 0

    assert control.get("ledger/members")[0]["mobile"] == "13800000009"


def test_disabling_and_enabling(contacts: Api, app: Api, control: Control) -> None:
    contacts.post("user/create", member())

    contacts.post("user/update", {"userid": "zhang.san", "enable": 0})
    assert app.get("user/get", userid="zhang.san")["status"] == 2
    control.post("activate", {"all": True})
    assert app.get("user/get", userid="zhang.san")["status"] == 2
    contacts.post("user/update", {"userid": "zhang.san", "enable": 1})
    assert app.get("user/get", userid="zhang.san")["status"] == 1


def test_deleting_is_for_all_or_none(contacts: Api, control: Control) -> None:
    for number in range(3):
        contacts.post("user/create", member(userid=f"u{number}", mobile=f"1380000000{number}"))

    assert contacts.code("user/batchdelete", {"useridlist": ["u0", "nobody"]}) == 40031
    assert contacts.code("user/batchdelete", {"useridlist": ["x"] * 201}) == 40032
    assert len(control.get("ledger/members")) == 3
    assert contacts.post("user/batchdelete", {"useridlist": ["u0", "U1"]})["errmsg"] == "deleted"
    assert contacts.get("user/delete", userid="u2")["errmsg"] == "deleted"
    assert contacts.code("user/delete", userid="u2") == 60111
    assert control.get("ledger/members") == []


def test_list_id_gives_every_pair_by_pages(contacts: Api, control: Control) -> None:
    shops = control.post("seed_org", {"departments": 2, "members": 4})["departments"]
    contacts.post("user/update", {"userid": "guide0001", "department": shops})
    pairs, cursor, sizes = [], "", []
    while True:
        answer = contacts.post("user/list_id", {"limit": 2, "cursor": cursor})
        pairs += [(one["userid"], one["department"]) for one in answer["dept_user"]]
        sizes.append(len(answer["dept_user"]))
        cursor = answer["next_cursor"]
        if not cursor:
            break

    assert sorted(pairs) == [
        ("guide0001", shops[0]), ("guide0001", shops[1]), ("guide0002", shops[1]), ("guide0003", shops[0]),
        ("guide0004", shops[1]),
    ]  # fmt: skip
    assert sizes == [2, 2, 1]


def test_a_cursor_is_opaque_and_expires(contacts: Api, control: Control) -> None:
    control.post("seed_org", {"departments": 1, "members": 4})
    cursor = contacts.post("user/list_id", {"limit": 2})["next_cursor"]

    assert contacts.code("user/list_id", {"limit": 2, "cursor": "2"}) == 40058
    assert contacts.code("user/list_id", {"limit": 2, "cursor": cursor}) == 0
    control.post("clock", {"advance": 1801})
    assert contacts.code("user/list_id", {"limit": 2, "cursor": cursor}) == 40058


def test_short_and_empty_pages_end_all_the_same(contacts: Api, control: Control) -> None:
    control.post("seed_org", {"departments": 1, "members": 5})
    control.post("behaviour", {"short_pages": True})
    sizes, cursor = [], ""
    while True:
        answer = contacts.post("user/list_id", {"limit": 4, "cursor": cursor})
        sizes.append(len(answer["dept_user"]))
        cursor = answer["next_cursor"]
        if not cursor:
            break

    assert sizes == [0, 2, 2, 1]


def test_simplelist_is_direct_unless_children_are_asked_for(app: Api, control: Control) -> None:
    shops = control.post("seed_org", {"departments": 2, "members": 3})["departments"]

    assert app.get("user/simplelist", department_id=1)["userlist"] == []
    direct = app.get("user/simplelist", department_id=shops[1])["userlist"]
    assert [(one["userid"], one["department"]) for one in direct] == [("guide0002", [shops[1]])]
    below = app.get("user/simplelist", department_id=1, fetch_child=1)["userlist"]
    assert [one["userid"] for one in below] == ["guide0001", "guide0002", "guide0003"]
    assert app.code("user/simplelist", department_id=404) == 60003


def test_an_app_sees_its_range_only(app: Api, control: Control) -> None:
    shops = control.post("seed_org", {"departments": 2, "members": 4})["departments"]
    control.post("scope", {"departments": [shops[0]]})

    assert app.code("user/get", userid="guide0001") == 0
    assert app.code("user/get", userid="guide0002") == 60011
    assert app.code("department/get", id=shops[1]) == 60011
    assert [one["id"] for one in app.get("department/list")["department"]] == [shops[0]]
    follow = app.get("externalcontact/get_follow_user_list")["follow_user"]
    assert follow == ["guide0001", "guide0003"]


def test_a_restored_switch_lets_the_sync_secret_read(contacts: Api, control: Control) -> None:
    control.post("seed_org", {"members": 1})

    control.post("scope", {"contact_sync_reads": True})

    assert contacts.code("user/get", userid="guide0001") == 0
